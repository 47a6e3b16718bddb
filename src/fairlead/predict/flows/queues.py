"""How long a packet waits at a link, by how full the link is and how many flows share it (SWARM 3.3, appendix B)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fairlead.predict.flows.quantile_grid import QuantileGrid, grid

Reals = NDArray[np.float64]

DROPPED_RATIO = 1.0
"""From a whole queue's delay on, a probe found the queue full and was dropped."""

MEASURED_BYTES = 175_000.0
"""What the measured link and its queue held: 2 ms of 100 Mbit/s, and 150 kB."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Queues:
    """Quantiles of the waiting time, in full queues, over utilisation and the logarithm of the number of flows.

    overflow : the same grid with one level: share of probes that were dropped because the queue was full

    Departs: the paper reads a delay only. A packet that finds the queue full is dropped, and what that costs does not
    scale with the queue; so that part of the distribution is read as loss, and costs what loss costs.
    """

    grid: QuantileGrid
    overflow: QuantileGrid

    def fill_ratio(self, utilisation_ratio: Reals, flow_count: Reals, luck: Reals) -> Reals:
        """[draws] waiting time as a share of the full queue's, at most 1.

        Linear in utilisation, from 0 at an idle link; in the logarithm of the flow count, of which fewer than the
        fewest measured count as those, and likewise for more than the most. O(draws).
        """
        found: Reals = self.grid.quantile(_place(utilisation_ratio, flow_count), luck)
        return found

    def overflow_ratio(self, utilisation_ratio: Reals, flow_count: Reals) -> Reals:
        """[draws] share of the probes that found the queue full."""
        found: Reals = self.overflow.quantile(_place(utilisation_ratio, flow_count), np.zeros(len(flow_count)))
        return found

    def mean_full_ratio(self, flow_count: Reals) -> Reals:
        """[counts] mean waiting time at a full link, as a share of the full queue's; 0 without flows."""
        luck = np.broadcast_to((np.arange(200) + 0.5) / 200, (len(flow_count), 200))
        count = np.broadcast_to(flow_count[:, None], luck.shape)
        found = self.fill_ratio(np.ones(luck.size), count.ravel(), luck.ravel()).reshape(luck.shape).mean(axis=1)
        return np.where(flow_count > 0, found, 0.0)


def _place(utilisation_ratio: Reals, flow_count: Reals) -> tuple[Reals, Reals]:
    return np.minimum(utilisation_ratio, 1.0), np.log(np.maximum(flow_count, 1.0))


def queues(rows: Mapping[str, Reals]) -> Queues:
    """From rows of ``queue_delay`` of one congestion control. What was not measured is as its nearest neighbour is."""
    kept = {**rows, "flow_count": np.log(np.maximum(rows["flow_count"], 1.0))}
    measured = grid(kept, ("utilisation_ratio", "flow_count"), "delay_ratio")
    utilisation, flows = measured.axes
    values = _filled(measured.values)
    if utilisation[0] > 0:  # nothing waits at an idle link
        utilisation = np.concatenate([[0.0], utilisation])
        values = np.concatenate([np.zeros((1, *values.shape[1:])), values])
    dropped = _tail_share(measured.levels, values)
    axes = (utilisation, flows)
    return Queues(
        grid=QuantileGrid(axes=axes, levels=measured.levels, values=_waiting(measured.levels, values, dropped)),
        overflow=QuantileGrid(axes=axes, levels=np.zeros(1), values=dropped[:, :, None]),
    )


def _tail_share(levels: Reals, values: Reals) -> Reals:
    """[utilisations, flow counts] share of the distribution from DROPPED_RATIO on; a level stands for what is near."""
    edges = np.concatenate([[0.0], (levels[1:] + levels[:-1]) / 2, [1.0]])
    found: Reals = ((values >= DROPPED_RATIO) * np.diff(edges)).sum(axis=-1)
    return found


def _waiting(levels: Reals, values: Reals, dropped: Reals) -> Reals:
    """The quantiles of those that were not dropped, at the same levels."""
    found = np.empty_like(values)
    for cell in np.ndindex(dropped.shape):
        kept = values[cell] < DROPPED_RATIO
        share = 1.0 - dropped[cell]
        waits = np.interp(levels * share, levels[kept], values[cell][kept]) if kept.any() else np.ones(len(levels))
        found[cell] = np.clip(waits, 0.0, 1.0)
    return found


def _filled(values: Reals) -> Reals:
    """Points that were not measured get the values of the nearest that was, in flow count first."""
    known = np.argwhere(~np.isnan(values[:, :, 0]))
    found = values.copy()
    for cell in np.argwhere(np.isnan(values[:, :, 0])):
        distance = np.abs(known - cell) @ np.array([len(values) * values.shape[1], 1])
        found[tuple(cell)] = values[tuple(known[int(distance.argmin())])]
    return found
