"""Robust figures of many small sets of measurements at once: a sort of all, then one compiled pass.

A set is a run of rows: set ``k`` is ``starts[k]`` to ``starts[k + 1]``. NaN is a value that is not there.
"""

from __future__ import annotations

from collections.abc import Sequence

import numba
import numpy as np
from numpy.typing import NDArray

from fairlead.kernels.grouping import sort_together, weighted_middle

Reals = NDArray[np.float64]
Rows = NDArray[np.int64]

_REALS = numba.types.Array(numba.float64, 1, "C", readonly=True)
_ROWS = numba.types.Array(numba.int64, 1, "C", readonly=True)

NORMAL_PER_MAD = 1.4826  # standard deviation of a normal distribution over its median absolute deviation
MEDIAN_PER_MEAN = 1.2533  # standard error of the median over that of the mean, normal distribution


def runs(keys: Sequence[NDArray[np.integer]], then_by: Sequence[NDArray[np.generic]] = ()) -> tuple[Rows, Rows]:
    """Rows in the order of their keys, first key first, then by ``then_by``; and where each new key starts.

    The second array is [sets + 1], its last entry the number of rows. O(rows log rows).
    """
    order = np.lexsort([*reversed(then_by), *reversed(keys)])
    fresh = np.ones(len(order), bool)
    if len(order):
        fresh[1:] = False
    for key in keys:
        ordered = key[order]
        fresh[1:] |= ordered[1:] != ordered[:-1]
    return order, np.append(np.flatnonzero(fresh), len(order)).astype(np.int64)


def medians(values: Reals, starts: Rows) -> tuple[Reals, Reals, Rows]:
    """Median of each set, its standard error, and how many values are there: [sets] each.

    The error is taken from the median absolute deviation, so that outliers move neither; NaN for fewer than two values.
    Half of the values less one may be anything. O(rows log(largest set)).
    """
    count = len(starts) - 1
    median, error, found = np.full(count, np.nan), np.full(count, np.nan), np.zeros(count, np.int64)
    _medians(np.ascontiguousarray(values, np.float64), starts, median, error, found)
    return median, error, found


@numba.njit(numba.void(_REALS, _ROWS, numba.float64[::1], numba.float64[::1], numba.int64[::1]), cache=True, nogil=True)
def _medians(values: Reals, starts: Rows, median: Reals, error: Reals, found: Rows) -> None:
    for k in range(len(starts) - 1):
        part = values[starts[k] : starts[k + 1]]
        there = part[~np.isnan(part)]
        found[k] = len(there)
        if len(there) == 0:
            continue
        ones = np.ones(len(there))
        median[k] = weighted_middle(there, ones, 0.5)
        if len(there) > 1:
            spread = NORMAL_PER_MAD * weighted_middle(np.abs(there - median[k]), ones, 0.5)
            error[k] = MEDIAN_PER_MEAN * spread / np.sqrt(len(there))


def successive_changes(values: Reals, starts: Rows) -> Reals:
    """By how much each value of a set differs from the one before it that is there: [rows], NaN for the first.

    Its typical size is jitter, as RFC 3550 6.4.1 has it but without the smoothing: sets are short.
    """
    change = np.full(len(values), np.nan)
    _changes(np.ascontiguousarray(values, np.float64), starts, change)
    return change


@numba.njit(numba.void(_REALS, _ROWS, numba.float64[::1]), cache=True, nogil=True)
def _changes(values: Reals, starts: Rows, change: Reals) -> None:
    for k in range(len(starts) - 1):
        before = np.nan
        for row in range(starts[k], starts[k + 1]):
            if not np.isnan(values[row]):
                change[row] = abs(values[row] - before)
                before = values[row]


def middles(values: Reals, weight: Reals, starts: Rows, trim_ratio: float) -> Reals:
    """Weighted mean of each set without the lowest and highest ``trim_ratio`` of the weight: [sets], NaN of nothing.

    0.5 is the weighted median. Values of weight 0 are not there. O(rows log(largest set)).
    """
    assert 0 <= trim_ratio <= 0.5, "half of the weight at each end is all there is"
    found = np.full(len(starts) - 1, np.nan)
    _middles(
        np.ascontiguousarray(values, np.float64), np.ascontiguousarray(weight, np.float64), starts, trim_ratio, found
    )
    return found


@numba.njit(numba.void(_REALS, _REALS, _ROWS, numba.float64, numba.float64[::1]), cache=True, nogil=True)
def _middles(values: Reals, weight: Reals, starts: Rows, trim_ratio: float, found: Reals) -> None:
    for k in range(len(starts) - 1):
        part, heavy = values[starts[k] : starts[k + 1]], weight[starts[k] : starts[k + 1]]
        there = ~np.isnan(part) & (heavy > 0)
        found[k] = weighted_middle(part[there], heavy[there], trim_ratio)


def quantiles(values: Reals, starts: Rows, share: float) -> tuple[Reals, Rows]:
    """The value below which ``share`` of each set lies, and how many values are there: [sets].

    Between two neighbours in proportion, as NumPy's default. O(rows log(largest set)).
    """
    assert 0 <= share <= 1, "a share"
    count = len(starts) - 1
    found, there = np.full(count, np.nan), np.zeros(count, np.int64)
    _quantiles(np.ascontiguousarray(values, np.float64), starts, share, found, there)
    return found, there


@numba.njit(numba.void(_REALS, _ROWS, numba.float64, numba.float64[::1], numba.int64[::1]), cache=True, nogil=True)
def _quantiles(values: Reals, starts: Rows, share: float, found: Reals, there: Rows) -> None:
    for k in range(len(starts) - 1):
        part = values[starts[k] : starts[k + 1]]
        ordered = part[~np.isnan(part)]
        sort_together(ordered, np.ones(len(ordered)))
        there[k] = len(ordered)
        if len(ordered) == 0:
            continue
        place = share * (len(ordered) - 1)
        below = int(place)
        above = min(below + 1, len(ordered) - 1)
        found[k] = ordered[below] + (place - below) * (ordered[above] - ordered[below])
