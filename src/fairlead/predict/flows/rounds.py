"""How long a short flow takes, by size, loss and round trip (SWARM 3.3, "Modeling the FCT of short flows").

A time is two parts: what slow start takes without a loss, a whole number of round trips and the last half one; and the
excess that losses add, most of which is time-outs (200 ms, 1 s for a SYN) that do not know the round trip.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fairlead.kernels.draws import chances
from fairlead.predict.flows.quantile_grid import QuantileGrid, grid, neighbours

Reals = NDArray[np.float64]
Rows = NDArray[np.int64]

MSS_BYTES = 1448.0
"""Payload of a full packet."""

_TIME_OUT_MS = 100.0  # an excess above this holds a time-out
_BY_SIZE, _BY_LOSS, _BY_RTT = range(3)  # places in the hash


def slow_start_windows(size_bytes: Reals, initial_window: int, slow_start_threshold: int) -> list[Reals]:
    """Packets that each round of a loss-free flow sends: one array [flows] a round, 0 where it is done already.

    Windows double from ``initial_window``, past ``slow_start_threshold`` (0: none) they grow by one.
    """
    left = np.ceil(size_bytes / MSS_BYTES)
    windows: list[Reals] = []
    window = float(initial_window)
    while not windows or (left > 0).any():
        windows.append(np.minimum(left, window))
        left = left - windows[-1]
        doubled = not slow_start_threshold or window < slow_start_threshold
        window = min(2 * window, slow_start_threshold or np.inf) if doubled else window + 1
    return windows


def lossless_rounds(size_bytes: Reals, initial_window: int, slow_start_threshold: int) -> Reals:
    """[flows] round trips without loss: the handshake, a round a window, the last of them one way only."""
    windows = slow_start_windows(size_bytes, initial_window, slow_start_threshold)
    count: Reals = np.sum([window > 0 for window in windows], axis=0, dtype=np.float64)
    return count + 0.5


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rounds:
    """Quantiles of the excess over the loss-free time, in ms, over size (bytes), loss and log round trip (ms).

    rounds : [sizes] loss-free round trips of the sizes measured
    """

    grid: QuantileGrid
    rounds: Reals
    initial_window: int
    slow_start_threshold: int

    def duration_ms(self, size_bytes: Reals, loss_ratio: Reals, rtt_ms: Reals, luck: Reals) -> Reals:
        """[flows] quantiles of the completion time, from the first SYN to the last byte.

        Between two losses the distribution is a mixture of theirs, linear in the loss: a flow draws which it is of.
        That is exact while losses are rare; lines between quantiles would invent times between a round trip and a
        time-out that no flow ever takes. Likewise for sizes, among those measured with as many loss-free rounds, and
        for the logarithm of round trips. More loss can only lengthen a flow of the same luck as far as the measured
        quantiles do. Above the largest loss the excess grows as the odds of loss do, infinite at loss 1; above the
        largest round trip what holds no time-out grows with it. O(flows).
        """
        which = np.ascontiguousarray(luck).view(np.uint64)
        _, loss, rtt = self.grid.axes
        base = lossless_rounds(size_bytes, self.initial_window, self.slow_start_threshold)
        size_row = self._size_row(size_bytes, base, chances(which, _BY_SIZE))
        loss_row = _picked(loss, loss_ratio, chances(which, _BY_LOSS))
        rtt_row = _picked(rtt, np.log(rtt_ms), chances(which, _BY_RTT))
        excess_ms = self.grid.values[size_row, loss_row, rtt_row, self.grid.nearest_level(luck)]
        beyond = np.maximum(rtt_ms / np.exp(rtt[-1]), 1.0)
        excess_ms = np.where(excess_ms < _TIME_OUT_MS, excess_ms * beyond, excess_ms)
        found = base * rtt_ms + np.where(excess_ms > 0, excess_ms * _odds_beyond(loss[-1], loss_ratio), excess_ms)
        # noise of the laboratory can make an excess negative; no flow is faster than its round trips in sequence
        return np.maximum(found, 0.9 * base * rtt_ms)

    def _size_row(self, size_bytes: Reals, base: Reals, chance: Reals) -> Rows:
        """[flows] a measured size with as many loss-free rounds, or as near as there is."""
        size = self.grid.axes[0]
        asked, row = np.unique(base, return_inverse=True)
        nearest = np.abs(self.rounds[None, :] - asked[:, None]).argmin(axis=1)
        alike = self.rounds[nearest][:, None] == self.rounds[None, :]
        first, last = alike.argmax(axis=1), len(size) - 1 - alike[:, ::-1].argmax(axis=1)
        picked = _picked(size, size_bytes, chance)
        found: Rows = np.clip(picked, first[row], last[row])
        return found


def _odds_beyond(largest: float, loss_ratio: Reals) -> Reals:
    """[flows] by how much the odds of loss exceed those of the largest loss measured; at least 1."""
    beyond = np.maximum(loss_ratio, largest)
    if not 0 < largest < 1:
        return np.ones(len(loss_ratio))
    odds = np.full(len(loss_ratio), np.inf)
    np.divide(beyond * (1.0 - largest), (1.0 - beyond) * largest, out=odds, where=beyond < 1)
    return odds


def _picked(axis: Reals, at: Reals, chance: Reals) -> Rows:
    """One of the two points around each coordinate, the nearer one more often."""
    low, share = neighbours(axis, at)
    found: Rows = low + (chance < share)
    return found


def rounds(rows: Mapping[str, Reals], initial_window: int, slow_start_threshold: int) -> Rounds:
    """From rows of ``short_rounds`` of one congestion control and one start of a connection.

    A point that was not measured has the excess of the nearest that was: in round trip first, then in loss, then size.
    """
    excess = {**rows, "rtt_ms": np.log(rows["rtt_ms"])}
    base = lossless_rounds(rows["size_bytes"], initial_window, slow_start_threshold)
    excess["rounds"] = (rows["rounds"] - base) * rows["rtt_ms"]
    measured = grid(excess, ("size_bytes", "loss_ratio", "rtt_ms"), "rounds")
    return Rounds(
        grid=QuantileGrid(axes=measured.axes, levels=measured.levels, values=_filled(measured.values)),
        rounds=lossless_rounds(measured.axes[0], initial_window, slow_start_threshold),
        initial_window=initial_window,
        slow_start_threshold=slow_start_threshold,
    )


def _filled(values: Reals) -> Reals:
    known = np.argwhere(~np.isnan(values[..., 0]))
    found = values.copy()
    _, losses, delays = values.shape[:3]
    for cell in np.argwhere(np.isnan(values[..., 0])):
        distance = np.abs(known - cell) @ np.array([losses * delays * delays, delays, 1])
        found[tuple(cell)] = values[tuple(known[int(distance.argmin())])]
    return found
