"""What segments that nobody measured contribute, from paths that were (Panorama 5.1; Castro et al. 2004).

A path's latency, its jitter and the logarithm of its survival (1 - loss) are sums over its segments. With the measured
segments taken off, what is left of every path is a linear equation in the unmeasured ones, weighted by how well the
path is known. Segments that the equations do not determine stay unknown: no prior is made up for them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.optimize
import scipy.sparse
import scipy.sparse.csgraph
from numpy.typing import NDArray

Reals = NDArray[np.float64]
Rows = NDArray[np.int64]
Flags = NDArray[np.bool_]

LARGEST_COUNT = 1500  # unmeasured segments that hang together; the cube of it is the work
_LEAST_ERROR = 1e-6  # an error of nothing would make one equation outweigh all
_RANK_TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PathSums:
    """What paths add up to.

    path, segment : [entries] path number, and a segment on it; one that is passed twice stands twice
    value         : [paths] the sum over its segments; NaN: not measured
    error         : [paths] standard error of the sum; NaN: not known, taken as the median of those that are, or 1
    """

    path: Rows
    segment: Rows
    value: Reals
    error: Reals


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SegmentValues:
    """``value`` and ``error`` [segments]: as measured where they were, else as solved, NaN where not determined.

    solved          : [segments] whether the value was solved for
    too_large_count : unmeasured segments left unknown because more than LARGEST_COUNT of them hang together
    """

    value: Reals
    error: Reals
    solved: Flags
    too_large_count: int


def segment_values(sums: PathSums, measured: Reals, error: Reals) -> SegmentValues:
    """The segments that ``measured`` [segments] lacks (NaN), by weighted least squares, none below zero.

    ``error`` [segments] is the standard error of what is measured, NaN: not known, taken as 0; it is carried into the
    paths. The error of what is solved comes from the errors of the paths, and is larger where the paths contradict each
    other by more than these allow (Birge). Segments that hang together by paths are solved together: O(size^3) each.
    """
    value, spread, solved = measured.copy(), error.copy(), np.zeros(len(measured), bool)
    unknown = np.isnan(measured)
    matrix = _incidence(sums, len(measured))
    rest = sums.value - matrix @ np.where(unknown, 0.0, measured)
    variance = _variance(sums.error) + matrix.power(2) @ np.where(unknown | np.isnan(error), 0.0, error) ** 2
    free = matrix[:, np.flatnonzero(unknown)]
    kept = np.flatnonzero(~np.isnan(rest) & (np.diff(free.indptr) > 0))
    free, rest, scale = free[kept], rest[kept], np.sqrt(np.maximum(variance[kept], _LEAST_ERROR**2))
    too_large = 0
    for rows, columns in _components(free):
        if len(columns) > LARGEST_COUNT:
            too_large += len(columns)
            continue
        block = free[rows][:, columns].toarray()
        found, found_error = _solved(block, rest[rows], scale[rows])
        segments = np.flatnonzero(unknown)[columns]
        value[segments], spread[segments] = found, found_error
        solved[segments] = ~np.isnan(found)
    return SegmentValues(value=value, error=spread, solved=solved, too_large_count=too_large)


def _incidence(sums: PathSums, segment_count: int) -> Any:
    ones = np.ones(len(sums.path))
    entries = (ones, (sums.path, sums.segment))
    return scipy.sparse.csr_matrix(entries, shape=(len(sums.value), segment_count))


def _variance(error: Reals) -> Reals:
    known = error[~np.isnan(error)]
    usual = float(np.median(known)) if len(known) else 1.0
    return np.where(np.isnan(error), usual, error) ** 2


def _components(free: Any) -> list[tuple[Rows, Rows]]:
    """Paths and unmeasured segments that hang together: rows and columns of each block, in order."""
    paths, segments = free.shape
    graph = scipy.sparse.block_array([[None, free], [free.T, None]], format="csr") if paths and segments else None
    if graph is None:
        return []
    _, label = scipy.sparse.csgraph.connected_components(graph, directed=False)
    order = np.argsort(label, kind="stable")
    parts = np.split(order, np.flatnonzero(np.diff(label[order])) + 1)
    blocks = [(part[part < paths], part[part >= paths] - paths) for part in parts]
    return [(rows, columns) for rows, columns in blocks if len(rows)]  # a segment on no path is not determined


def _solved(block: Reals, rest: Reals, scale: Reals) -> tuple[Reals, Reals]:
    """Value and error [segments] of one block [paths, segments]; NaN where the paths do not determine it."""
    weighted, target = block / scale[:, None], rest / scale
    # one equation for each distinct set of segments would do: the normal matrix has them all
    normal = weighted.T @ weighted
    size = np.sqrt(np.diag(normal))
    power, axes = np.linalg.eigh(normal / np.outer(size, size))
    strong = power > _RANK_TOLERANCE * power.max() * len(power)
    # a segment is determined when it has no part in what the paths cannot see
    blind = axes[:, ~strong]
    determined = (blind**2).sum(axis=1) < 1e-8
    found, _ = scipy.optimize.nnls(weighted, target, maxiter=30 * block.shape[1] + 100)
    seen = axes[:, strong]
    variance = ((seen**2) / power[strong]).sum(axis=1) / size**2
    freedom = len(rest) - int(strong.sum())
    misfit = float(((weighted @ found - target) ** 2).sum())
    inflation = max(1.0, misfit / freedom) if freedom > 0 else 1.0
    value = np.where(determined, found, np.nan)
    return value, np.where(determined, np.sqrt(variance * inflation), np.nan)
