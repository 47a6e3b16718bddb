"""The k best sums over a factored choice: way in + way through + way out (Panorama 4.1, step 2, made exact).

The way in and the way through are the same for all targets, so their k best are kept for every source and exit. A pair
then merges over its exits only: one vector sum bounds them all from below, the k best through the best exit bound the
answer from above, and few exits lie between (the threshold idea of Fagin, Lotem and Naor 2003). Equal sums are ordered
by path number, so the answer for a pair does not depend on who else is asked.
"""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray

Reals = NDArray[np.float64]
Int32s = NDArray[np.int32]

_F8, _I4, _I8 = numba.float64, numba.int32, numba.int64
_REAL, _REALS, _CUBE = numba.float64[::1], numba.float64[:, ::1], numba.float64[:, :, ::1]
_ROWS, _ROW_TABLE, _ROW_CUBE = numba.int32[::1], numba.int32[:, ::1], numba.int32[:, :, ::1]
# columns of tables are read-only, and only a signature that says so takes them
_IN_REAL, _IN_REALS, _IN_CUBE = (numba.types.Array(_F8, axes, "C", readonly=True) for axes in (1, 2, 3))
_IN_ROWS, _IN_ROW_TABLE, _IN_ROW_CUBE = (numba.types.Array(_I4, axes, "C", readonly=True) for axes in (1, 2, 3))


@numba.njit(_I8(_F8, _I4, _I8, _REAL, _ROWS), cache=True, nogil=True)
def insert(cost, path, kept, costs, paths):  # type: ignore[no-untyped-def]  # compiled; the signature above is its type
    """Put a path among the ``kept`` best so far, in order of (cost, path); how many are kept then."""
    place = kept
    if kept == len(costs):
        if cost > costs[kept - 1] or (cost == costs[kept - 1] and path > paths[kept - 1]):
            return kept
        place -= 1
    while place > 0 and (cost < costs[place - 1] or (cost == costs[place - 1] and path < paths[place - 1])):
        costs[place] = costs[place - 1]
        paths[place] = paths[place - 1]
        place -= 1
    costs[place] = cost
    paths[place] = path
    return min(kept + 1, len(costs))


@numba.njit(
    numba.void(_IN_REALS, _IN_CUBE, _IN_ROW_CUBE, _CUBE, _ROW_CUBE), cache=True, nogil=True, fastmath={"nnan", "nsz"}
)
def _entries(enter, through, path, out_cost, out_path):  # type: ignore[no-untyped-def]
    # as _merged below: bounds in one vector sum, the best way in first, then the few that may matter
    k, entry_count = out_cost.shape[1], enter.shape[1]
    costs, paths, bound = np.empty(k), np.empty(k, np.int32), np.empty(entry_count)
    for source in range(enter.shape[0]):
        for way_out in range(through.shape[1]):
            least = np.inf
            for way_in in range(entry_count):
                bound[way_in] = enter[source, way_in] + through[0, way_out, way_in]
                least = min(least, bound[way_in])
            kept = 0
            if least < np.inf:
                best = 0
                while bound[best] > least:
                    best += 1
                for rank in range(through.shape[0]):
                    cost = enter[source, best] + through[rank, way_out, best]
                    if cost == np.inf:
                        break
                    kept = insert(cost, path[rank, way_out, best], kept, costs, paths)
                bound[best] = np.inf
                enough = costs[k - 1] if kept == k else np.finfo(np.float64).max
                for way_in in range(entry_count):
                    if bound[way_in] > enough:
                        continue
                    for rank in range(through.shape[0]):
                        cost = enter[source, way_in] + through[rank, way_out, way_in]
                        if cost > enough:
                            break
                        kept = insert(cost, path[rank, way_out, way_in], kept, costs, paths)
                        enough = costs[k - 1] if kept == k else enough
            for rank in range(k):
                out_cost[source, rank, way_out] = costs[rank] if rank < kept else np.inf
                out_path[source, rank, way_out] = paths[rank] if rank < kept else -1


def best_entries(enter: Reals, through: Reals, path: Int32s, k: int) -> tuple[Reals, Int32s]:
    """Stage one: for every source and exit, the k cheapest ways in and through.

    enter   : [sources, entries] cost; infinite where there is no way
    through : [ranks, exits, entries] cost, ascending with the rank; infinite where there is none
    path    : [ranks, exits, entries] int32 path number
    Returns cost [sources, k, exits] (infinite) and path (-1), best first. O(sources * exits * entries).
    """
    assert not any(np.isnan(costs).any() for costs in (enter, through)), "absence is infinite"
    shape = (len(enter), k, through.shape[1])
    cost, chosen = np.empty(shape), np.empty(shape, np.int32)
    _entries(enter, through, path, cost, chosen)
    return cost, chosen


@numba.njit(
    numba.void(_IN_CUBE, _IN_ROW_CUBE, _IN_REALS, _IN_ROWS, _IN_ROWS, _IN_REAL, _REALS, _ROW_TABLE),
    cache=True,
    nogil=True,
    fastmath={"nnan", "nsz"},
)
def _merged(entry_cost, entry_path, leave, source, target, direct, out_cost, out_path):  # type: ignore[no-untyped-def]
    # compiled as if NaN did not exist, so that a minimum is one vector instruction: none may come in
    k, exit_count = out_cost.shape[1], leave.shape[1]
    costs, paths, bound = np.empty(k), np.empty(k, np.int32), np.empty(exit_count)
    for pair in range(len(source)):
        at, to = source[pair], target[pair]
        kept = 0
        if direct[pair] < np.inf:
            costs[0], paths[0], kept = direct[pair], 0, 1
        least = np.inf
        for way_out in range(exit_count):
            bound[way_out] = entry_cost[at, 0, way_out] + leave[to, way_out]
            least = min(least, bound[way_out])
        if least < np.inf:
            best = 0
            while bound[best] > least:
                best += 1
            for rank in range(entry_cost.shape[1]):
                cost = entry_cost[at, rank, best] + leave[to, best]
                if cost == np.inf:
                    break
                kept = insert(cost, entry_path[at, rank, best], kept, costs, paths)
            bound[best] = np.inf
            enough = costs[k - 1] if kept == k else np.finfo(np.float64).max
            for way_out in range(exit_count):
                if bound[way_out] > enough:
                    continue
                for rank in range(entry_cost.shape[1]):
                    cost = entry_cost[at, rank, way_out] + leave[to, way_out]
                    if cost > enough:
                        break
                    kept = insert(cost, entry_path[at, rank, way_out], kept, costs, paths)
                    if kept == k:
                        enough = costs[k - 1]
        for rank in range(k):
            out_cost[pair, rank] = costs[rank] if rank < kept else np.nan
            out_path[pair, rank] = paths[rank] if rank < kept else -1


def merged(
    entry_cost: Reals, entry_path: Int32s, leave: Reals, source: Int32s, target: Int32s, direct: Reals
) -> tuple[Reals, Int32s]:
    """Stage two: for every pair the k least of entry + way out, and the direct cost, which is path 0.

    entry_cost, entry_path : [sources, k, exits] of :func:`best_entries`
    leave                  : [targets, exits] cost; infinite where there is no way
    source, target, direct : [pairs] rows of these, and the cost of going direct; infinite where not known
    Returns cost [pairs, k] (NaN) and path (-1), best first. Exact where ``through`` had k ranks or more: of the paths
    between one entry and one exit no more than k can be among the k best. O(pairs * exits).
    """
    assert not any(np.isnan(costs).any() for costs in (entry_cost, leave, direct)), "absence is infinite"
    shape = (len(source), entry_cost.shape[1])
    cost, chosen = np.empty(shape), np.empty(shape, np.int32)
    _merged(entry_cost, entry_path, leave, source, target, direct, cost, chosen)
    return cost, chosen


@numba.njit(
    numba.void(
        _IN_REALS, _IN_CUBE, _IN_ROW_CUBE, _IN_ROW_TABLE, _IN_ROW_TABLE, _IN_ROWS, _IN_ROWS, _IN_REAL,
        _REALS, _ROW_TABLE,
    ),
    cache=True,
    nogil=True,
)  # fmt: skip
def _searched(ends, through, path, ways_in, ways_out, source, target, direct, out_cost, out_path):  # type: ignore[no-untyped-def]
    k = out_cost.shape[1]
    costs, paths = np.empty(k), np.empty(k, np.int32)
    for pair in range(len(source)):
        kept = 0
        if direct[pair] < np.inf:
            costs[0], paths[0], kept = direct[pair], 0, 1
        for way_in in ways_in[pair]:
            for way_out in ways_out[pair]:
                if way_in < 0 or way_out < 0:
                    continue
                for rank in range(through.shape[0]):
                    cost = ends[source[pair], way_in] + through[rank, way_out, way_in] + ends[target[pair], way_out]
                    if cost == np.inf or (kept == k and cost > costs[k - 1]):
                        break
                    kept = insert(cost, path[rank, way_out, way_in], kept, costs, paths)
        for rank in range(k):
            out_cost[pair, rank] = costs[rank] if rank < kept else np.nan
            out_path[pair, rank] = paths[rank] if rank < kept else -1


def searched(
    ends: Reals,
    through: Reals,
    path: Int32s,
    ways_in: Int32s,
    ways_out: Int32s,
    source: Int32s,
    target: Int32s,
    direct: Reals,
    k: int,
) -> tuple[Reals, Int32s]:
    """The k least among the given ways in and out of every pair, and direct (Panorama 4.1, step 2 as it stands).

    ends              : [ends, entries or exits] cost of the way in of a source, and of the way out of a target
    through, path     : as for :func:`best_entries`
    ways_in, ways_out : [pairs, candidates] entries and exits to try, distinct; -1 none
    Returns as :func:`merged`. O(pairs * candidates^2).
    """
    cost, chosen = np.empty((len(source), k)), np.empty((len(source), k), np.int32)
    _searched(ends, through, path, ways_in, ways_out, source, target, direct, cost, chosen)
    return cost, chosen


@numba.njit(
    numba.void(
        _IN_ROW_TABLE, _IN_ROWS, _IN_ROWS, _IN_ROWS, _IN_ROWS, _IN_REAL, _IN_REAL, _IN_REALS, _IN_REALS,
        _IN_REAL, _IN_REAL, _REALS, _REALS,
    ),
    cache=True,
    nogil=True,
)  # fmt: skip
def joined(path, source, target, first, last, added, survived, end_added, end_survived, direct, lost, sums, losses):  # type: ignore[no-untyped-def]
    """Fill [pairs, k] what adds up along a path and what is lost on it; NaN where path is -1 or a part is unknown.

    first, last             : [paths] entry and exit of each path; path 0 is direct and has none
    added, survived         : [paths] the sum over the way through, and the share that survives it
    end_added, end_survived : [sources or targets, entries or exits] the same for the way in, and the way out
    direct, lost            : [pairs] the same sum for path 0, and the share lost on it
    """
    for pair in range(path.shape[0]):
        at, to = source[pair], target[pair]
        for rank in range(path.shape[1]):
            chosen = path[pair, rank]
            if chosen > 0:
                way_in, way_out = first[chosen], last[chosen]
                sums[pair, rank] = end_added[at, way_in] + added[chosen] + end_added[to, way_out]
                losses[pair, rank] = 1.0 - end_survived[at, way_in] * survived[chosen] * end_survived[to, way_out]
            else:
                sums[pair, rank] = direct[pair] if chosen == 0 else np.nan
                losses[pair, rank] = lost[pair] if chosen == 0 else np.nan
