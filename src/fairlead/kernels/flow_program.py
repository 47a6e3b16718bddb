"""The split as a linear program (Panorama Eq. 2) for :mod:`fairlead.kernels.lp`: exact, for some 10^4 commodities."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from fairlead.kernels.flow import FlowProblem, Reals, equal_weights
from fairlead.kernels.flow_reduce import contested, merged, unmerged
from fairlead.kernels.flow_split import FlowSplit, proof
from fairlead.kernels.lp import Method, Outcome, Program, solve


def exact_utilisation(
    problem: FlowProblem, *, seconds: float = np.inf, method: Method = Method.CHOOSE
) -> FlowSplit | None:
    """The least theta there is, as :func:`fairlead.kernels.flow_split.least_utilisation` tells it; None: out of time.

    Commodities with one set of paths are solved as one. The floor is that of the solver's own prices, evaluated.
    """
    small, group, place = merged(problem)
    core = contested(small)
    weight, price = equal_weights(small.path), np.zeros(problem.link_count)
    if core.kept.any():
        program, rows = _program(core.problem)
        found = solve(program, seconds=seconds, method=method)
        if found.outcome is not Outcome.OPTIMAL:
            return None
        weight[core.kept] = _weights(core.problem, found.x)
        price[rows] = np.maximum(0.0, -found.row_price[: len(rows)])
        price[core.problem.base.argmax()] += max(0.0, 1.0 - price.sum())  # what theta's own limit is worth
    weight = unmerged(weight, group, place)
    value = float(problem.utilisation(weight).max(initial=0.0))
    price, floor = proof(problem, price, core.problem.base)
    return FlowSplit(weight=weight, value=value, floor=min(value, floor), price=price, rounds=0)


def _program(problem: FlowProblem) -> tuple[Program, NDArray[np.int64]]:
    """Columns: the weights of the used slots, then theta. Rows: the links that a commodity can load, then the sums."""
    open_slot = problem.path >= 0
    commodity, slot = np.nonzero(open_slot)
    path = problem.path[commodity, slot].astype(np.int64)
    hops = np.diff(problem.start)[path]
    column = np.repeat(np.arange(len(path)), hops)
    inner = np.arange(hops.sum()) - np.repeat(np.cumsum(hops) - hops, hops)
    link = problem.used[np.repeat(problem.start[path], hops) + inner]
    limited = problem.use[link] > 0
    column, link = column[limited], link[limited]
    rows, row = np.unique(link, return_inverse=True)
    count, demands = len(path), len(problem.demand)
    load = sparse.csr_array(
        (problem.use[link] * problem.demand[commodity[column]], (row, column)), shape=(len(rows), count)
    )
    load.sum_duplicates()
    sums = sparse.csr_array((np.ones(count), (commodity, np.arange(count))), shape=(demands, count))
    theta = sparse.csr_array(-np.ones((len(rows), 1)))
    matrix = sparse.vstack([sparse.hstack([load, theta]), sparse.hstack([sums, sparse.csr_array((demands, 1))])])
    program = Program(
        cost=np.append(np.zeros(count), 1.0),
        low=np.append(np.zeros(count), problem.base.max(initial=0.0)),
        high=np.append(np.ones(count), np.inf),
        matrix=matrix.tocsr(),
        row_low=np.append(np.full(len(rows), -np.inf), np.ones(demands)),
        row_high=np.append(-problem.base[rows], np.ones(demands)),
        whole=np.zeros(count + 1, dtype=bool),
    )
    return program, rows.astype(np.int64)


def _weights(problem: FlowProblem, x: Reals) -> Reals:
    """[commodities, slots] the columns back in their slots, freed of the solver's tolerances."""
    weight = np.zeros(problem.path.shape)
    weight[problem.path >= 0] = np.clip(x[:-1], 0.0, 1.0)
    return np.asarray(weight / weight.sum(axis=1, keepdims=True))
