"""The multi-stage filter of paths by three limits (Panorama 4.2, Figure 6), one demand after another.

A limit that is NaN does not bind; a metric that is NaN is outside every limit that does. Inside means not above.
"""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray

Reals = NDArray[np.float64]
Int32s = NDArray[np.int32]
Flags = NDArray[np.bool_]
Codes = NDArray[np.uint8]

# why a path is kept, in the order in which the stages are tried; MISSES + kind for each of the three limits
INSIDE, MISSES, LOWER, LOWER_MISSES, LEAST, SAME_ENDS, NOTHING = 0, 1, 4, 5, 6, 7, 8

_F8, _I4, _I8, _U1 = numba.float64, numba.int32, numba.int64, numba.uint8
_REALS, _CUBE = numba.float64[:, ::1], numba.float64[:, :, ::1]
_ROW_TABLE, _CODES = numba.int32[:, ::1], numba.uint8[:, ::1]
_INDEX, _REAL, _CODE = numba.int64[::1], numba.float64[::1], numba.uint8[::1]
_IN_REALS = numba.types.Array(_F8, 2, "C", readonly=True)
_IN_ROWS, _IN_ROW_TABLE = (numba.types.Array(_I4, axes, "C", readonly=True) for axes in (1, 2))
_IN_FLAGS = numba.types.Array(numba.boolean, 1, "C", readonly=True)


@numba.njit(_I8(_REALS, _I8, _IN_REALS, _I8, _INDEX, _REAL, _CODE), cache=True, nogil=True)
def _judged(metrics, count, limits, level, missed, least, code):  # type: ignore[no-untyped-def]  # as in cover.py
    """Codes [paths] of the paths that the class at ``level`` keeps, NOTHING for the others; how many it keeps.

    All that are inside; else, for each limit, those that miss only that one and by the least: unknown is the most.
    ``missed`` [paths] becomes the only limit that a path misses, -1 for none, 3 for more.
    """
    inside = 0
    for kind in range(3):
        least[kind] = np.inf
    for path in range(count):
        missed[path] = -1
        for kind in range(3):
            limit = limits[level, kind]
            if not (np.isnan(limit) or metrics[kind, path] <= limit):
                missed[path] = kind if missed[path] < 0 else 3
        if missed[path] < 0:
            inside += 1
        elif missed[path] < 3 and metrics[missed[path], path] < least[missed[path]]:
            least[missed[path]] = metrics[missed[path], path]
    kept = 0
    for path in range(count):
        code[path] = NOTHING
        kind = missed[path]
        if kind < 0:
            code[path] = INSIDE
            kept += 1
        elif inside == 0 and kind < 3 and (least[kind] == np.inf or metrics[kind, path] == least[kind]):
            code[path] = MISSES + kind
            kept += 1
    return kept


@numba.njit(numba.void(_I8, _I8, _INDEX, _CODE, _INDEX), cache=True, nogil=True)
def _fewest(count, keep, hops, code, rank):  # type: ignore[no-untyped-def]
    """Drop all kept paths but the ``keep`` of fewest hops; of equal hops the earlier stays."""
    for path in range(count):
        rank[path] = hops[path] * count + path if code[path] != NOTHING else np.iinfo(np.int64).max
    for path in range(count):
        better = 0
        for rival in range(count):
            better += rank[rival] < rank[path]
        if better >= keep:
            code[path] = NOTHING


@numba.njit(
    numba.void(
        _IN_ROW_TABLE, _IN_REALS, _IN_REALS, _IN_REALS, _IN_FLAGS, _IN_ROWS, _IN_ROWS, _IN_ROWS, _IN_REALS,
        _ROW_TABLE, _CODES, _CUBE,
    ),
    cache=True,
    nogil=True,
)  # fmt: skip
def _filtered(path, first, second, third, same, pair, level, hop_count, limits, out_path, out_code, out_metrics):  # type: ignore[no-untyped-def]
    k, keep = path.shape[1], out_path.shape[1]
    metrics, code, least = np.empty((3, k)), np.empty(k, np.uint8), np.empty(3)
    missed, hops, rank = np.empty(k, np.int64), np.empty(k, np.int64), np.empty(k, np.int64)
    for demand in range(len(pair)):
        at = pair[demand]
        for place in range(keep):
            out_path[demand, place], out_code[demand, place] = -1, NOTHING
        count = 0
        while count < k and path[at, count] >= 0:
            metrics[0, count], metrics[1, count] = first[at, count], second[at, count]
            metrics[2, count], hops[count] = third[at, count], hop_count[path[at, count]]
            count += 1
        if same[at] or count == 0:
            out_path[demand, 0], out_code[demand, 0] = 0, SAME_ENDS if same[at] else NOTHING
            for kind in range(3 if same[at] else 0):
                out_metrics[kind, demand, 0] = metrics[kind, 0]
            continue
        kept, now = 0, numba.int64(level[demand])
        while kept == 0 and now < len(limits):
            kept = _judged(metrics, count, limits, now, missed, least, code)
            now += 1
        if kept == 0:
            code[0] = LEAST
        elif now - 1 > level[demand]:
            for rival in range(count):
                if code[rival] != NOTHING:
                    code[rival] = LOWER if code[rival] == INSIDE else LOWER_MISSES
        if kept > keep:
            _fewest(count, keep, hops, code, rank)
        place = 0
        for slot in range(count):
            if code[slot] != NOTHING:
                out_path[demand, place], out_code[demand, place] = path[at, slot], code[slot]
                for kind in range(3):
                    out_metrics[kind, demand, place] = metrics[kind, slot]
                place += 1


def filtered(
    path: Int32s,
    metrics: tuple[Reals, Reals, Reals],
    same: Flags,
    pair: Int32s,
    level: Int32s,
    hop_count: Int32s,
    limits: Reals,
    keep: int,
) -> tuple[Int32s, Codes, Reals]:
    """The paths that each demand keeps, in the order in which they came.

    path, metrics : [pairs, k] best first, -1 behind the last; the first metric is the one that decides in the end
    same          : [pairs] both ends are one: the first path, judged by nobody
    pair, level   : [demands] whose paths, and the place of its class in ``limits``
    hop_count     : [paths]
    limits        : [classes, 3] from the strictest on; a demand is judged by its own class, then by those after it
    keep          : at most so many paths, those of fewest hops
    Returns path [demands, keep] (-1), code, and metrics [3, demands, keep] (NaN); path 0 with NOTHING where there is
    none.
    O(demands * (classes * k + k^2)) at worst.
    """
    shape = (len(pair), keep)
    kept, code, found = np.empty(shape, np.int32), np.empty(shape, np.uint8), np.full((3, *shape), np.nan)
    _filtered(path, *metrics, same, pair, level, hop_count, limits, kept, code, found)
    return kept, code, found
