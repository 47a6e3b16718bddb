"""Which pairs of paths the commodities choose between, and what moving a unit from one to the other does to links."""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np

from fairlead.kernels.flow import FlowProblem, PathRows, Reals, Rows


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Choices:
    """The pairs of paths that some commodity has both of, and the links on which the two differ.

    pair          : [commodities, slots * (slots - 1) / 2] int32 pair of each two slots, -1 where one is unused
    rows          : [rows] links that a choice changes, and that are limited
    start, row    : pair ``k`` changes rows ``row[start[k] : start[k + 1]]`` (places in ``rows``)
    change        : how much utilisation of the row one unit adds when it is moved to the first path of the pair
    """

    pair: PathRows
    rows: Rows
    start: Rows
    row: PathRows
    change: Reals

    @property
    def pair_count(self) -> int:
        """Distinct pairs."""
        return len(self.start) - 1

    def system(self, curvature: Reals) -> Reals:
        """[rows, rows] sum over pairs of curvature times the outer product of the pair's change; lower triangle."""
        return np.asarray(_system(self.start, self.row, self.change, curvature, len(self.rows)))


def choices(problem: FlowProblem) -> Choices:
    """The pairs of a problem. O(commodities x slots^2 + pairs x hops)."""
    first, second = np.triu_indices(problem.path.shape[1], 1)
    a, b = problem.path[:, first].astype(np.int64), problem.path[:, second].astype(np.int64)
    key = np.where((a >= 0) & (b >= 0), a * problem.path_count + b, -1)
    distinct, number = np.unique(key, return_inverse=True)
    absent = int(len(distinct) > 0 and distinct[0] < 0)
    ends = distinct[absent:]
    pair = (number.reshape(key.shape) - absent).astype(np.int32)
    start, link, change = _changes(
        ends // max(1, problem.path_count), ends % max(1, problem.path_count), problem.start, problem.used, problem.use
    )
    rows, row = np.unique(link, return_inverse=True)
    return Choices(pair=np.ascontiguousarray(pair), rows=rows, start=start, row=row.astype(np.int32), change=change)


_INDEX = numba.int64[::1]
_SMALL = numba.int32[::1]
_REAL = numba.float64[::1]


@numba.njit(numba.types.Tuple((_INDEX, _INDEX, _REAL))(_INDEX, _INDEX, _INDEX, _SMALL, _REAL), cache=True, nogil=True)
def _changes(first, second, start, used, use):  # type: ignore[no-untyped-def]  # compiled; the signature is its type
    """CSR over pairs: limited links that one of the two paths takes more often than the other, and by how much."""
    room = 0
    for k in range(len(first)):
        room += start[first[k] + 1] - start[first[k]] + start[second[k] + 1] - start[second[k]]
    at = np.zeros(len(first) + 1, np.int64)
    link = np.empty(room, np.int64)
    change = np.empty(room)
    times = np.zeros(len(use))
    filled = 0
    for k in range(len(first)):
        for u in range(start[first[k]], start[first[k] + 1]):
            times[used[u]] += 1.0
        for u in range(start[second[k]], start[second[k] + 1]):
            times[used[u]] -= 1.0
        for which in range(2):
            p = first[k] if which == 0 else second[k]
            for u in range(start[p], start[p + 1]):
                e = used[u]
                if times[e] != 0.0 and use[e] > 0.0:
                    link[filled] = e
                    change[filled] = times[e] * use[e]
                    filled += 1
                times[e] = 0.0
        at[k + 1] = filled
    return at, link[:filled].copy(), change[:filled].copy()


@numba.njit(numba.float64[:, ::1](_INDEX, _SMALL, _REAL, _REAL, numba.int64), cache=True, nogil=True)
def _system(start, row, change, curvature, row_count):  # type: ignore[no-untyped-def]
    out = np.zeros((row_count, row_count))
    for k in range(len(start) - 1):
        for i in range(start[k], start[k + 1]):
            scaled = curvature[k] * change[i]
            for j in range(start[k], start[k + 1]):
                if row[j] <= row[i]:
                    out[row[i], row[j]] += scaled * change[j]
    return out
