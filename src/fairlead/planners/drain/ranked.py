"""Ranked removal: offline servers one by one, best rank first, until the objective is met (Sentry 3.4.2)."""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray

from fairlead.kernels.cover import EPS, CoverProblem

Rows = NDArray[np.int64]

_INDEX = numba.int64[::1]
_REAL = numba.float64[::1]


@numba.njit(
    numba.int64(
        _INDEX,
        _INDEX,
        _REAL,
        _INDEX,
        _INDEX,
        _INDEX,
        numba.float64,
        numba.int64[:, ::1],
        numba.float64[:, ::1],
        _REAL,
        _INDEX,
    ),
    cache=True,
    nogil=True,
)
def _removed(u, v, g, indptr, incident, ranking, slack, resource, use, left, removed):  # type: ignore[no-untyped-def]  # compiled
    offline = np.zeros(len(indptr) - 1, dtype=numba.boolean)
    open_weight = g.sum()
    count = 0
    for node in ranking:
        if open_weight <= slack + EPS:
            break
        fits = True
        for kind in range(resource.shape[1]):
            fits = fits and use[node, kind] <= left[resource[node, kind]] + EPS
        if not fits:
            continue
        # only the pairs of this server change: the success ratio is kept up, never recounted
        for at in range(indptr[node], indptr[node + 1]):
            pair = incident[at]
            if not offline[u[pair] + v[pair] - node]:
                open_weight -= g[pair]
        offline[node] = True
        for kind in range(resource.shape[1]):
            left[resource[node, kind]] -= use[node, kind]
        removed[count] = node
        count += 1
    return count


def ranked_removal(problem: CoverProblem, ranking: Rows) -> Rows:
    """Nodes in the order of removal; a node that would break a quota is passed over. O(pairs + nodes) in all.

    ranking : node numbers, first to go first; nodes left out are never removed
    A redundant server (all its failed pairs gone already) is removed all the same: that is the published rule.
    """
    indptr, incident = problem.adjacency()
    removed = np.empty(len(ranking), dtype=np.int64)
    count = _removed(
        problem.u, problem.v, problem.g, indptr, incident, np.ascontiguousarray(ranking, dtype=np.int64),
        float(problem.slack), problem.resource, problem.use, problem.quota.copy(), removed,
    )  # fmt: skip
    return removed[:count]
