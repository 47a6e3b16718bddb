"""How cheap could any plan be: the linear relaxation and the exact optimum of the cover problem, without the planner.

With failed weight g on pairs and at most about 4,400 streams, 99.99 % tolerates less than half a failed stream, so the
task of Sentry section 3.1 is minimum-weight vertex cover; with slack it is its partial form:

    min  sum c_x d_x     d_u + d_v + z_uv >= 1     sum g_uv z_uv <= slack     quotas on d     0 <= d, z <= 1

The relaxation's value is a floor under the cost of every plan (DUAL); branch and bound makes it the optimum (EXACT).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy import sparse

from fairlead.kernels import lp
from fairlead.kernels.cover import EPS, CoverProblem, Flags


def relaxation(problem: CoverProblem) -> lp.Solution:
    """The LP; ``x`` holds the nodes first ([nodes + pairs]). Infeasible: no plan keeps the quotas and the slack."""
    return lp.solve(_program(problem, integral=False))


def optimum(
    problem: CoverProblem, *, node_count: int, seconds: float = np.inf, start: Flags | None = None
) -> lp.Solution:
    """The MILP by branch and bound, from a known cover ``start`` if there is one."""
    point = None
    if start is not None:
        open_pairs = ~(start[problem.u] | start[problem.v])
        point = np.concatenate([start, open_pairs]).astype(np.float64)
    solved = lp.solve(_program(problem, integral=True), node_count=node_count, seconds=seconds, start=point)
    if np.isneginf(solved.bound):  # cut before the first relaxation: that one is cheap and always holds
        return replace(solved, bound=min(relaxation(problem).bound, solved.value))
    return solved


def least_uncovered(problem: CoverProblem, *, integral: bool, node_count: int) -> lp.Solution:
    """The least weight that must stay uncovered inside the quotas: that is ``value``; ``x`` as in the relaxation."""
    program = _program(replace(problem, slack=np.inf), integral=integral)
    weight = np.concatenate([np.zeros(problem.node_count), problem.g])
    return lp.solve(replace(program, cost=weight), node_count=node_count)


def _program(problem: CoverProblem, *, integral: bool) -> lp.Program:
    pair_count, node_count = len(problem.g), problem.node_count
    pairs, nodes = np.arange(pair_count), np.arange(node_count)
    cover = (
        np.ones(3 * pair_count),
        (np.concatenate([pairs, pairs, pairs]), np.concatenate([problem.u, problem.v, node_count + pairs])),
    )
    slack = (problem.g, (np.zeros(pair_count, dtype=np.int64), node_count + pairs))
    quota_rows, quota_high = _quota_rows(problem)
    shape = node_count + pair_count
    matrix = sparse.vstack(
        [
            sparse.csr_array(cover, shape=(pair_count, shape)),
            sparse.csr_array(slack, shape=(1, shape)),
            sparse.hstack([quota_rows, sparse.csr_array((quota_rows.shape[0], pair_count))], format="csr"),
        ],
        format="csr",
    )
    # a pair that weighs more than the whole slack must be covered: with z fixed at 0 its row is d_u + d_v >= 1
    z_high = np.where(problem.g > problem.slack + EPS, 0.0, 1.0)
    whole = np.zeros(shape, dtype=bool)
    whole[nodes] = integral
    return lp.Program(
        cost=np.concatenate([problem.cost, np.zeros(pair_count)]),
        low=np.zeros(shape),
        high=np.concatenate([np.ones(node_count), z_high]),
        matrix=matrix,
        row_low=np.concatenate([np.ones(pair_count), np.full(1 + len(quota_high), -np.inf)]),
        row_high=np.concatenate([np.full(pair_count, np.inf), [problem.slack + EPS], quota_high]),
        whole=whole,
    )


def _quota_rows(problem: CoverProblem) -> tuple[sparse.csr_array, np.ndarray]:
    """Only the quotas that the candidates could exceed: [binding quotas, nodes] and their limits."""
    kinds = problem.resource.shape[1]
    nodes = np.repeat(np.arange(problem.node_count), kinds)
    usage = sparse.csr_array(
        (problem.use.ravel(), (problem.resource.ravel(), nodes)), shape=(len(problem.quota), problem.node_count)
    )
    binding = np.flatnonzero(problem.demanded() > problem.quota + EPS)
    return usage[binding], problem.quota[binding]
