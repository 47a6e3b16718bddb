"""How many packets a full queue drops: no more than leaves the flows that fill the link their shares of it.

Departs: the paper has no such loss. Flows that keep a link full send what it carries, all together; loss at which real
TCP sends less than its share there cannot be what they meet. So the measured throughput under loss, read backwards,
bounds the loss of a full link (the fixed point of Padhye et al. 1998 and Gibbens et al. 2000), and for what
acknowledgements clock it is that loss.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fairlead.predict.flows.ceilings import Ceilings
from fairlead.predict.flows.long_startup import SEGMENT_BYTES
from fairlead.predict.flows.quantile_grid import QuantileGrid

Reals = NDArray[np.float64]

MUCH_LOSS = 0.05
"""Reno and CUBIC have four packets under way at so much loss, BBR what its path holds."""

_RTTS_MS = np.geomspace(0.01, 1e3, 48)
_LOSSES = np.geomspace(1e-8, 0.5, 160)
_WINDOWS = np.geomspace(0.05, 1e4, 160)  # packets a round trip
_TYPICAL_RTT_MS, _FAIR_WINDOW = 10.0, 20.0
_LUCKS = (np.arange(32) + 0.5) / 32


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sustained:
    """The loss that leaves a long flow so much, in the mean. Grid: logarithm of the loss over those of round trip and
    packets in one, with one level."""

    grid: QuantileGrid

    def loss_ratio(self, share_mbps: Reals, rtt_ms: Reals) -> Reals:
        """[links] loss at which a flow sends this much over this round trip, its waiting included; at most 0.5."""
        window = share_mbps * rtt_ms * 1e3 / 8 / SEGMENT_BYTES
        place = np.log(rtt_ms), np.log(np.maximum(window, _WINDOWS[0]))
        found: Reals = np.exp(self.grid.quantile(place, np.zeros(len(share_mbps))))
        return found

    @property
    def minds_loss(self) -> bool:
        """Whether loss is what holds flows back: at MUCH_LOSS they do not keep a window of any size."""
        rtt_ms = np.array([_TYPICAL_RTT_MS])
        share_mbps = _FAIR_WINDOW * SEGMENT_BYTES * 8e-3 / rtt_ms
        return bool(self.loss_ratio(share_mbps, rtt_ms)[0] < MUCH_LOSS)


def sustained(ceilings: Ceilings) -> Sustained:
    """From what loss leaves. Where less loss measured less throughput, that is chance, and the law is monotone."""
    shape = (len(_RTTS_MS), len(_LOSSES), len(_LUCKS))
    rtt, loss, luck = (np.broadcast_to(axis, shape).ravel() for axis in np.ix_(_RTTS_MS, _LOSSES, _LUCKS))
    mbps = ceilings.ceiling_mbps(loss, rtt, luck).reshape(shape).mean(axis=-1)
    windows = mbps * _RTTS_MS[:, None] * 1e3 / 8 / SEGMENT_BYTES
    windows = np.maximum.accumulate(windows[:, ::-1], axis=1)  # of ever less loss, ever more
    falling = np.log(_LOSSES[::-1])
    values = np.array([np.interp(np.log(_WINDOWS), np.log(row), falling) for row in windows])
    return Sustained(
        grid=QuantileGrid(axes=(np.log(_RTTS_MS), np.log(_WINDOWS)), levels=np.zeros(1), values=values[:, :, None])
    )
