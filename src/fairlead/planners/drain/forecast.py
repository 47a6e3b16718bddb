"""How many streams will fail in the coming windows, and how sure that is, if some failures are left alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numba
import numpy as np
from numpy.typing import NDArray

from fairlead.model import Snapshot
from fairlead.planners.drain.failures import Failures

Reals = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Forecast:
    """For every failing pair: does the failure last, and how many streams will fail if it does.

    probability  : [pairs] that the pair still fails in the coming windows
    count        : [pairs] streams that fail if it does, as they are now
    growth_ratio : by how much those counts grow on the whole; the slack is divided by it, so that counts stay whole
    """

    probability: Reals
    count: Reals
    growth_ratio: float = 1.0

    @property
    def expected_count(self) -> Reals:
        """[pairs] streams expected to fail."""
        return self.probability * self.count


class Forecaster(Protocol):
    """Vary by wrapping: the learned forecaster and the one that believes every failure lasts are interchangeable."""

    @property
    def name(self) -> str: ...

    def __call__(self, snapshot: Snapshot, found: Failures) -> Forecast: ...


@dataclass(frozen=True, slots=True)
class AllLast:
    """Every failure lasts, as it is now. What the paper's baselines believe."""

    name: str = "all-last"

    def __call__(self, snapshot: Snapshot, found: Failures) -> Forecast:
        return Forecast(probability=np.ones(found.pair_count), count=found.failed_count)


@numba.njit(numba.float64(numba.float64[::1], numba.int64[::1], numba.int64), cache=True, nogil=True)
def _at_most(probability, count, limit):  # type: ignore[no-untyped-def]  # compiled
    """P(sum of count_i with probability_i <= limit), independent: convolution truncated at the limit."""
    mass = np.zeros(limit + 1)
    mass[0] = 1.0
    for item in range(len(count)):
        p, step = probability[item], count[item]
        for total in range(limit, -1, -1):
            moved = mass[total - step] * p if total >= step else 0.0
            mass[total] = mass[total] * (1.0 - p) + moved
    return mass.sum()


def chance_within(forecast: Forecast, open_pairs: NDArray[np.bool_], limit: float) -> float:
    """Probability that the pairs left alone fail at most ``limit`` streams in all, if they fail independently.

    Counts are rounded up to whole streams, so the answer errs to the safe side. O(open pairs * limit).
    """
    if limit < 0:
        return 0.0
    count = np.ceil(forecast.count[open_pairs] - 1e-9).astype(np.int64)
    return float(_at_most(forecast.probability[open_pairs], count, int(limit + 1e-9)))


def shortfall_quantile(forecast: Forecast, open_pairs: NDArray[np.bool_], confidence_ratio: float) -> float:
    """Failed streams of the pairs left alone that are not exceeded with this confidence (whole streams)."""
    low, high = -1, int(np.ceil(forecast.count[open_pairs]).sum())
    while high - low > 1:
        middle = (low + high) // 2
        if chance_within(forecast, open_pairs, middle) >= confidence_ratio:
            high = middle
        else:
            low = middle
    return float(high)
