"""The optimum by branch and bound (HiGHS), with no limit but the one asked for: the yardstick of all others."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from fairlead.kernels.cover import CoverProblem, reverse_delete
from fairlead.kernels.lp import Outcome
from fairlead.model import BoundKind, Budget, Snapshot
from fairlead.planners.drain.bound import least_uncovered, optimum
from fairlead.planners.drain.failures import Failures
from fairlead.planners.drain.peers.rival import Choice
from fairlead.planners.drain.schedule import by_usefulness

UNLIMITED_NODES = 2**31 - 1


def choose(snapshot: Snapshot, found: Failures, problem: CoverProblem, budget: Budget) -> Choice:
    """Least cost; where no plan keeps the quotas, the least failing streams and among those the least cost."""
    solved = optimum(problem, node_count=UNLIMITED_NODES)
    if solved.outcome is Outcome.INFEASIBLE:
        floor = least_uncovered(problem, integral=True, node_count=UNLIMITED_NODES)
        problem = replace(problem, slack=floor.value + 1e-6)
        solved = optimum(problem, node_count=UNLIMITED_NODES)
    chosen = solved.x[: problem.node_count] > 0.5
    if problem.uncovered(chosen) <= problem.slack + 1e-6:
        chosen = reverse_delete(problem, chosen)
    done = solved.outcome is Outcome.OPTIMAL
    cost = float(problem.cost[chosen].sum())
    return Choice(
        nodes=by_usefulness(problem, chosen),
        best=cost if done else (solved.bound if np.isfinite(solved.bound) else math.nan),
        kind=BoundKind.EXACT if done else BoundKind.DUAL,
    )
