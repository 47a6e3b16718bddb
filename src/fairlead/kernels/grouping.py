"""Prefixes grouped by the sites nearest to them (Panorama 3.3): the compiled loops.

``latency`` is always [prefixes, sites] with NaN where nobody measured. A ranking is [prefixes, width] int32 site
numbers, nearest first, -1 behind the end.
"""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray

Reals = NDArray[np.float64]
Rows = NDArray[np.int64]
Ranking = NDArray[np.int32]
Flags = NDArray[np.bool_]

_FIELD = numba.types.Array(numba.float64, 2, "C", readonly=True)
_REALS = numba.types.Array(numba.float64, 1, "C", readonly=True)
_ROWS = numba.types.Array(numba.int64, 1, "C", readonly=True)
_RANKING = numba.types.Array(numba.int32, 2, "C", readonly=True)


def ranked_sites(latency: Reals, depth: Rows) -> Ranking:
    """The ``depth`` [prefixes] sites of lowest latency, in that order: [prefixes, largest depth].

    Equal latencies stand in the order of the sites; a site without a latency is in no ranking, so a ranking may be
    shorter than asked for. O(prefixes x sites) where the depth is small: no sort.
    """
    width = int(depth.max(initial=0))
    ranking = np.full((len(latency), width), -1, np.int32)
    best = np.empty(width, np.float64)
    _ranked(np.ascontiguousarray(latency), np.ascontiguousarray(depth, np.int64), best, ranking)
    return ranking


@numba.njit(numba.void(_FIELD, _ROWS, numba.float64[::1], numba.int32[:, ::1]), cache=True, nogil=True)
def _ranked(latency: Reals, depth: Rows, best: Reals, ranking: Ranking) -> None:
    for row in range(latency.shape[0]):
        found, room = 0, depth[row]
        for site in range(latency.shape[1]):
            value = latency[row, site]
            if np.isnan(value) or room == 0 or (found == room and value >= best[found - 1]):
                continue
            place = min(found, room - 1)
            while place > 0 and best[place - 1] > value:
                best[place] = best[place - 1]
                ranking[row, place] = ranking[row, place - 1]
                place -= 1
            best[place] = value
            ranking[row, place] = site
            found = min(found + 1, room)


def untenable(latency: Reals, error: Reals, held: Ranking, margin_ms: float, margin_ratio: float, z: float) -> Flags:
    """Where ``held`` [prefixes, width] is a wrong ranking even with some allowance: [prefixes].

    error : [prefixes, sites] standard error of each latency in ms, NaN: not known, taken as 0

    A ranking stands as long as at each of its places no site further down, or outside, is nearer by more than the
    largest of ``margin_ms``, ``margin_ratio`` times the nearer one's latency, and ``z`` standard errors of the
    difference. A held site without a latency does not stand; prefixes without any latency do, for want of evidence.
    O(prefixes x sites x width).
    """
    found = np.zeros(len(latency), np.bool_)
    _untenable(
        np.ascontiguousarray(latency),
        np.ascontiguousarray(error),
        np.ascontiguousarray(held),
        margin_ms,
        margin_ratio,
        z,
        found,
    )
    return found


@numba.njit(
    numba.void(_FIELD, _FIELD, _RANKING, numba.float64, numba.float64, numba.float64, numba.boolean[::1]),
    cache=True,
    nogil=True,
)
def _untenable(
    latency: Reals, error: Reals, held: Ranking, margin_ms: float, margin_ratio: float, z: float, found: Flags
) -> None:
    taken = np.zeros(latency.shape[1], np.bool_)
    for row in range(latency.shape[0]):
        if np.isnan(latency[row]).all():
            continue
        taken[:] = False
        for place in range(held.shape[1]):
            site = held[row, place]
            if site < 0:
                break
            taken[site] = True
            own = latency[row, site]
            if np.isnan(own):
                found[row] = True
                break
            own_error = 0.0 if np.isnan(error[row, site]) else error[row, site]
            for other in range(latency.shape[1]):
                near = latency[row, other]
                if taken[other] or np.isnan(near) or near >= own:
                    continue
                far_error = 0.0 if np.isnan(error[row, other]) else error[row, other]
                margin = max(margin_ms, margin_ratio * near, z * np.sqrt(own_error**2 + far_error**2))
                if own - near > margin:
                    found[row] = True
                    break
            if found[row]:
                break


def ranking_keys(ranking: Ranking, site_count: int) -> tuple[Rows, Rows]:
    """The prefix numbers that stand for each distinct ranking, and for each prefix which: [groups], [prefixes].

    Groups are in the order of their rankings, place by place; a prefix with an empty ranking gets -1. One sort.
    """
    key = np.zeros(len(ranking), np.int64)
    span = 1
    for place in range(ranking.shape[1]):
        if span > np.iinfo(np.int64).max // (site_count + 1):  # too many combinations to number: those that occur
            key = np.unique(key, return_inverse=True)[1].astype(np.int64)
            span = int(key.max(initial=0)) + 1
        key = key * (site_count + 1) + (ranking[:, place].astype(np.int64) + 1)
        span *= site_count + 1
    ranked = np.flatnonzero(ranking[:, 0] >= 0) if ranking.shape[1] else np.zeros(0, np.int64)
    _, first, inverse = np.unique(key[ranked], return_index=True, return_inverse=True)
    group = np.full(len(ranking), -1, np.int64)
    group[ranked] = inverse
    return ranked[first], group


def member_middle(values: Reals, weight: Reals, group: Rows, group_count: int, trim_ratio: float) -> Reals:
    """The weighted middle of the members' values: [prefixes, sites] -> [groups, sites], NaN where no member has one.

    weight     : [prefixes] above 0
    group      : [prefixes] group number, -1: member of none
    trim_ratio : share of the weight that is cut off at each end before the mean; 0.5 is the weighted median

    O(values x log(largest group)).
    """
    assert 0 <= trim_ratio <= 0.5, "half of the weight at each end is all there is"
    middle = np.full((group_count, values.shape[1]), np.nan)
    if np.isnan(values).all():  # jitter and loss that nobody measures are common, and cheap to see
        return middle
    order = np.argsort(group, kind="stable")
    starts = np.searchsorted(group[order], np.arange(group_count + 1))
    _middle(
        np.ascontiguousarray(values),
        np.ascontiguousarray(weight, np.float64),
        order,
        starts.astype(np.int64),
        trim_ratio,
        middle,
    )
    return middle


# numba's own np.sort, np.argsort and np.median are closures whose names may collide when a process takes some kernels
# from the cache and compiles others, and then the wrong one runs (numba issue 5128): a sort of our own has a name.
@numba.njit(numba.void(numba.float64[::1], numba.float64[::1]), cache=True, nogil=True)
def sort_together(values: Reals, weight: Reals) -> None:
    """Sorts ``values`` in place, ascending, and takes ``weight`` along. Stable; no NaN. O(n log n), a merge sort."""
    count = len(values)
    for begin in range(0, count, 16):  # short runs by insertion
        for i in range(begin + 1, min(begin + 16, count)):
            value, heavy, place = values[i], weight[i], i
            while place > begin and values[place - 1] > value:
                values[place], weight[place] = values[place - 1], weight[place - 1]
                place -= 1
            values[place], weight[place] = value, heavy
    spare, spare_weight = np.empty(count, np.float64), np.empty(count, np.float64)
    width = 16
    while width < count:
        for begin in range(0, count - width, 2 * width):
            middle, end = begin + width, min(begin + 2 * width, count)
            spare[begin:middle], spare_weight[begin:middle] = values[begin:middle], weight[begin:middle]
            left, right = begin, middle
            for place in range(begin, end):
                if left == middle:
                    break  # what is left of the right run is in place
                if right == end or spare[left] <= values[right]:
                    values[place], weight[place] = spare[left], spare_weight[left]
                    left += 1
                else:
                    values[place], weight[place] = values[right], weight[right]
                    right += 1
        width *= 2


@numba.njit(numba.float64(numba.float64[::1], numba.float64[::1], numba.float64), cache=True, nogil=True)
def weighted_middle(values: Reals, weight: Reals, trim_ratio: float) -> float:
    """Mean of ``values`` without the lowest and highest ``trim_ratio`` of ``weight``; NaN of nothing. Sorts both."""
    if len(values) == 0:
        return np.nan
    sort_together(values, weight)
    total = weight.sum()
    low, high = trim_ratio * total, (1.0 - trim_ratio) * total
    slack = 1e-12 * total
    before = 0.0
    if high - low <= slack:  # the median: the mean of the two values that meet at half of the weight
        for place in range(len(values)):
            before += weight[place]
            if before > low + slack or place == len(values) - 1:
                return float(values[place])
            if before >= low - slack:
                return float(0.5 * (values[place] + values[place + 1]))
    mean = 0.0
    for place in range(len(values)):
        after = before + weight[place]
        share = min(after, high) - max(before, low)
        if share > 0:
            mean += share * values[place]
        before = after
    return float(mean / (high - low))


@numba.njit(numba.void(_FIELD, _REALS, _ROWS, _ROWS, numba.float64, numba.float64[:, ::1]), cache=True, nogil=True)
def _middle(values: Reals, weight: Reals, order: Rows, starts: Rows, trim_ratio: float, middle: Reals) -> None:
    sites = values.shape[1]
    largest = 0
    for group in range(len(starts) - 1):
        largest = max(largest, starts[group + 1] - starts[group])
    there = np.empty((sites, largest), np.float64)
    heavy = np.empty((sites, largest), np.float64)
    count = np.empty(sites, np.int64)
    for group in range(len(starts) - 1):
        count[:] = 0
        for place in range(starts[group], starts[group + 1]):  # rows are contiguous, columns are not: turn them once
            row = order[place]
            for site in range(sites):
                if not np.isnan(values[row, site]):
                    there[site, count[site]] = values[row, site]
                    heavy[site, count[site]] = weight[row]
                    count[site] += 1
        for site in range(sites):
            middle[group, site] = weighted_middle(there[site, : count[site]], heavy[site, : count[site]], trim_ratio)
