"""The throughput that loss alone leaves to a long flow (SWARM 3.3, "Modeling loss-limited throughputs")."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fairlead.predict.flows.quantile_grid import QuantileGrid, grid

Reals = NDArray[np.float64]

_LEAST_MBPS = 1e-3  # a sample in which nothing got through, where logarithms want a number
_MATHIS, _CLIFF = -0.5, -2.0
"""Throughput falls with loss to the first power for Reno (Mathis et al. 1997), and no protocol's falls more slowly.

A fall steeper than the second is the edge of a cliff, where time-outs set in, and says nothing of smaller losses.
"""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ceilings:
    """Quantiles of the logarithm of the throughput (Mbit/s) over the logarithms of the round trip (ms) and the loss.

    low_slope, high_slope : [round trips] of log throughput over log loss, below and above the losses measured
    near_slope, far_slope : of log throughput over log round trip, below and above the round trips measured
    """

    grid: QuantileGrid
    low_slope: Reals
    high_slope: Reals
    near_slope: float
    far_slope: float

    def ceiling_mbps(self, loss_ratio: Reals, rtt_ms: Reals, luck: Reals) -> Reals:
        """[flows] quantiles of the ceiling: infinite at loss 0, 0 at loss 1.

        Straight lines in the logarithms between the points, and on beyond them: in loss with the slope of the outermost
        points, never flatter than Mathis's; in the round trip with a slope between -1 (all of the time is
        round trips) and 0 (all is time-outs). O(flows).
        """
        found = np.where(loss_ratio <= 0, np.inf, 0.0)
        lossy = np.flatnonzero((loss_ratio > 0) & (loss_ratio < 1))
        if not len(lossy):
            return found
        far, loss = np.log(rtt_ms[lossy]), np.log(loss_ratio[lossy])
        delays, losses = self.grid.axes
        log_mbps = self.grid.quantile((far, loss), luck[lossy])
        log_mbps += np.minimum(loss - losses[0], 0.0) * np.interp(far, delays, self.low_slope)
        log_mbps += np.maximum(loss - losses[-1], 0.0) * np.interp(far, delays, self.high_slope)
        log_mbps += np.minimum(far - delays[0], 0.0) * self.near_slope
        log_mbps += np.maximum(far - delays[-1], 0.0) * self.far_slope
        found[lossy] = np.exp(log_mbps)
        return found


def ceilings(rows: Mapping[str, Reals]) -> Ceilings:
    """From rows of ``loss_limited`` of one congestion control: only points that loss limited are there.

    At a short round trip a small loss limits nothing that a laboratory can carry, so such points are missing; they are
    filled from the next longer round trip, in inverse proportion to it, as all laws for small losses say. Where
    there is none, and for large losses, a round trip's own line goes on.
    """
    logs = {
        "rtt_ms": np.log(rows["rtt_ms"]),
        "loss_ratio": np.log(rows["loss_ratio"]),
        "level_ratio": rows["level_ratio"],
        "throughput_mbps": np.log(np.maximum(rows["throughput_mbps"], _LEAST_MBPS)),
    }
    measured = grid(logs, ("rtt_ms", "loss_ratio"), "throughput_mbps")
    delays, losses = measured.axes
    values = measured.values.copy()
    middle = len(measured.levels) // 2  # slopes are those of the medians: tails are noisy
    low, high = np.empty(len(delays)), np.empty(len(delays))
    for row in reversed(range(len(delays))):
        known = np.flatnonzero(~np.isnan(values[row, :, middle]))
        if row + 1 < len(delays):
            smaller = slice(0, known[0])
            values[row, smaller] = values[row + 1, smaller] + delays[row + 1] - delays[row]
            known = np.concatenate([np.arange(known[0]), known])
        low[row], high[row] = _end_slopes(losses[known], values[row, known, middle])
        for level in range(len(measured.levels)):
            values[row, :, level] = _line(losses, losses[known], values[row, known, level], low[row], high[row])
    filled = QuantileGrid(axes=measured.axes, levels=measured.levels, values=values)
    near, far = _delay_slopes(delays, values[:, :, middle])
    return Ceilings(grid=filled, low_slope=low, high_slope=high, near_slope=near, far_slope=far)


def _end_slopes(at: Reals, value: Reals) -> tuple[float, float]:
    """Slopes towards smaller and larger losses than those measured."""
    if len(at) < 2:
        return _MATHIS, _MATHIS
    slopes = np.diff(value) / np.diff(at)
    return float(np.clip(slopes[0], _CLIFF, _MATHIS)), float(min(slopes[-1], _MATHIS))


def _line(at: Reals, known: Reals, value: Reals, low: float, high: float) -> Reals:
    inside = np.interp(at, known, value)
    found: Reals = inside + np.minimum(at - known[0], 0.0) * low + np.maximum(at - known[-1], 0.0) * high
    return found


def _delay_slopes(delays: Reals, medians: Reals) -> tuple[float, float]:
    """Slopes beyond the outermost round trips, mean over the losses."""
    if len(delays) < 2:
        return -1.0, -1.0
    slopes = (np.diff(medians, axis=0) / np.diff(delays)[:, None]).mean(axis=1)
    return float(np.clip(slopes[0], -1.0, 0.0)), float(np.clip(slopes[-1], -1.0, 0.0))
