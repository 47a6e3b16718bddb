"""How sure an estimate is: demands are what varies, the routings of one demand are not independent of each other.

The metric of a network is the mean over demands of the mean over their routings of the metric of a sample (SWARM 3.3:
percentile of each sample, then their distribution). The mean, not the median: it is what connections see in the long
run, bad days included, and it is what adds up over samples. Where a sample has no such flows it says nothing (NaN).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Reals = NDArray[np.float64]


def demand_means(values: Reals, demand_count: int) -> Reals:
    """[demands, ..] mean over the samples of each demand. ``values`` [samples, ..]; sample i is of demand i % count.

    With a single demand each sample stands for itself: the demand is given, and only the routing varies.
    """
    count = len(values)
    if demand_count <= 1 or count <= demand_count:
        return values
    padded = np.full((-(-count // demand_count) * demand_count, *values.shape[1:]), np.nan)
    padded[:count] = values
    return _mean(padded.reshape(-1, demand_count, *values.shape[1:]))


def means(demands: Reals) -> Reals:
    """[..] over the demands [demands, ..]; NaN where none says anything, infinite where one does so."""
    return _mean(demands)


def margins(demands: Reals, confidence: float) -> Reals:
    """[..] half the width of Student's interval of the mean. NaN: fewer than two demands say anything, or infinite."""
    count = np.isfinite(demands).sum(axis=0)
    known = np.isfinite(demands).all(axis=0) | (np.isfinite(demands) | np.isnan(demands)).all(axis=0)
    centred = np.where(np.isfinite(demands), demands - np.where(np.isfinite(means(demands)), means(demands), 0.0), 0.0)
    spread = (centred**2).sum(axis=0) / np.maximum(1, count * (count - 1))
    factor = stats.t.ppf(0.5 + confidence / 2, np.maximum(1, count - 1))
    return np.where(known & (count > 1), factor * np.sqrt(spread), np.nan)


def plausible_means(demands: Reals, draws: int, chance: np.random.Generator) -> Reals:
    """[draws, ..] means that the truth may have, given those seen: multivariate Student around :func:`means`.

    demands : [demands, ..] at least 2. All that stands in one row is drawn with one luck, so what is paired stays
              paired: two candidates that suffer from the same demands differ by less than each varies. Means that are
              infinite or absent stay so.
    """
    count = len(demands)
    assert count > 1, "one demand says nothing about how they vary"
    centre = means(demands)
    finite = np.where(np.isfinite(centre), centre, 0.0)
    centred = np.where(np.isfinite(demands), demands - finite, 0.0).reshape(count, -1)
    normal = chance.standard_normal((draws, count))
    scale = np.sqrt(chance.chisquare(count - 1, draws) / (count - 1))[:, None]
    error = (normal @ centred) / (scale * np.sqrt(count * (count - 1)))
    found: Reals = centre + error.reshape(draws, *demands.shape[1:])
    return found


def _mean(values: Reals) -> Reals:
    """Over the first axis, of what is there; NaN where nothing is."""
    there = ~np.isnan(values)
    total = np.where(there, values, 0.0).sum(axis=0)
    mean: Reals = np.divide(total, there.sum(axis=0), out=np.full(total.shape, np.nan), where=there.any(axis=0))
    return mean
