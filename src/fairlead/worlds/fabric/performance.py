"""What connections saw: the three metrics that repairs are ranked by, measured on an outcome."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fairlead.worlds.fabric.simulator import Outcome
from fairlead.worlds.fabric.traffic import Trace

SHORT_BYTES = 150_000.0
"""Flows of at most this size are short (SWARM 4.1)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Performance:
    """Over the flows that start in a window; NaN where there are none of a kind.

    fct_p99_s            : 99th percentile of the completion time of short flows
    throughput_p1_mbps   : 1st percentile of the throughput of long flows
    throughput_mean_mbps : their mean
    """

    fct_p99_s: float
    throughput_p1_mbps: float
    throughput_mean_mbps: float


def performance(outcome: Outcome, trace: Trace, from_s: float, until_s: float) -> Performance:
    """Metrics of the flows that start in [from_s, until_s). Local flows are left out.

    A flow without a way has an infinite completion time and throughput 0. One that was not over at the horizon has what
    it got until then: its time so far, a lower bound, and what it delivered in that.
    """
    seen = (trace.start_s >= from_s) & (trace.start_s < until_s) & ~outcome.local
    ended_s = np.where(np.isnan(outcome.finish_s), outcome.horizon_s, outcome.finish_s)
    fct_s = np.where(outcome.reachable, ended_s - trace.start_s, np.inf)[seen]
    mbps = np.where(outcome.reachable[seen], outcome.delivered_bytes[seen] * 8e-6 / fct_s, 0.0)
    short = trace.size_bytes[seen] <= SHORT_BYTES
    return Performance(
        fct_p99_s=_quantile(fct_s[short], 0.99),
        throughput_p1_mbps=_quantile(mbps[~short], 0.01),
        throughput_mean_mbps=float(mbps[~short].mean()) if (~short).any() else float("nan"),
    )


def _quantile(values: NDArray[np.float64], share: float) -> float:
    return float(np.quantile(values, share, method="inverted_cdf")) if len(values) else float("nan")
