"""Connection-level performance (CLP): the three metrics of a sample, and many samples as one composite distribution."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from fairlead.model import Snapshot

Reals = NDArray[np.float64]

SHORT_BYTES = 150_000.0
"""Flows of at most this size are short (SWARM 4.1; numeral from the facts)."""

CLP_METRICS = ("fct_p99_s", "throughput_p1_mbps", "throughput_mean_mbps")
"""99th percentile of the completion time of short flows; 1st percentile and mean of the throughput of long ones."""

LOWER_IS_BETTER = (True, False, False)
"""Of CLP_METRICS, which improve when they fall."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Clp:
    """The composite distribution of one network state (SWARM 3.3, Figure 4): one row a sample.

    values          : [samples, metrics of CLP_METRICS]; a flow without a path has throughput 0 and an infinite FCT
    cut_off_ratio   : [samples] share of the measured flows that have no path
    """

    values: Reals
    cut_off_ratio: Reals

    def __post_init__(self) -> None:
        assert self.values.shape == (len(self.cut_off_ratio), len(CLP_METRICS))


class Estimate(Protocol):
    """Composite distributions of several states of one network, on common random numbers.

    Sample ``i`` of every state has the same demand, the same path draws (a flow whose way a state leaves alone takes
    the same way) and the same luck, so rows of different states are paired. The same call gives the same answer.
    """

    def __call__(self, states: Sequence[Snapshot], samples: range) -> list[Clp]: ...


def sample_metrics(fct_s: Reals, throughput_mbps: Reals) -> Reals:
    """[3] the metrics of one sample. fct_s [short flows], throughput_mbps [long flows]; NaN where there are none."""
    return np.array(
        [
            np.quantile(fct_s, 0.99, method="inverted_cdf") if len(fct_s) else np.nan,
            np.quantile(throughput_mbps, 0.01, method="inverted_cdf") if len(throughput_mbps) else np.nan,
            throughput_mbps.mean() if len(throughput_mbps) else np.nan,
        ]
    )
