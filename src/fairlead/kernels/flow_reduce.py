"""A split made smaller without changing it: commodities that links cannot tell apart, and those without choice."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from fairlead.kernels.flow import FlowProblem, PathRows, Reals, Rows, equal_weights


def merged(problem: FlowProblem) -> tuple[FlowProblem, Rows, NDArray[np.int64]]:
    """Commodities with the same set of paths as one, whose demand is their sum: exact, the links cannot tell.

    Returns the small problem (paths of a row ascending, unused slots first), the row of each commodity in it, and the
    slot [commodities, slots] of that row in which each of its own slots is found. O(commodities log commodities).
    """
    order = np.argsort(problem.path, axis=1, kind="stable")
    ascending = np.take_along_axis(problem.path, order, axis=1)
    _, first, group = np.unique(_set_numbers(ascending, problem.path_count), return_index=True, return_inverse=True)
    place = np.empty(order.shape, np.int64)
    np.put_along_axis(place, order, np.arange(order.shape[1])[None, :], axis=1)
    demand = np.bincount(group, weights=problem.demand, minlength=len(first)).astype(np.float64)
    small = replace(problem, path=np.ascontiguousarray(ascending[first]), demand=demand)
    return small, group.astype(np.int64), place


def _set_numbers(ascending: PathRows, path_count: int) -> Rows:
    """[commodities] equal numbers for equal rows, and only for them."""
    base = path_count + 1
    number = ascending[:, 0].astype(np.int64) + 1
    span = base
    for column in ascending.T[1:]:
        if span > (2**62) // base:  # would overflow: number the sets so far from 0
            number = np.unique(number, return_inverse=True)[1].astype(np.int64)
            span = len(number) + 1
        number = number * base + (column.astype(np.int64) + 1)
        span *= base
    return number


def unmerged(weight: Reals, group: Rows, place: NDArray[np.int64]) -> Reals:
    """[commodities, slots] weights of the small problem, handed back to the commodities that it was merged from."""
    return np.take_along_axis(weight[group], place, axis=1)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Contested:
    """The commodities that have a choice, in units in which all goes well.

    problem : total demand 1; the fullest link under equal weights at 1; what has no choice is part of the base
    kept    : [commodities] which of the whole problem's these are; the others may have equal weights
    unit    : theta of the whole problem is ``unit`` times that of this one
    """

    problem: FlowProblem
    kept: NDArray[np.bool_]
    unit: float


def contested(problem: FlowProblem) -> Contested:
    """The problem without commodities of no demand or of one path only. O(commodities)."""
    kept = (problem.demand > 0) & ((problem.path >= 0).sum(axis=1) > 1)
    equal = equal_weights(problem.path)
    unit = float(problem.utilisation(equal).max(initial=0.0)) or 1.0
    rest = replace(problem, path=problem.path[~kept], demand=problem.demand[~kept])
    demand = problem.demand[kept]
    total = float(demand.sum()) or 1.0
    small = replace(
        problem,
        path=np.ascontiguousarray(problem.path[kept]),
        demand=demand / total,
        use=problem.use * (total / unit),
        base=rest.utilisation(equal[~kept]) / unit,
    )
    return Contested(problem=small, kept=kept, unit=unit)
