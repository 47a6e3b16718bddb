"""Greedy with recomputation: always the server with most failed streams that no earlier choice has dealt with."""

from __future__ import annotations

import numpy as np

from fairlead.kernels.cover import CoverProblem, greedy
from fairlead.model import Budget, Snapshot
from fairlead.planners.drain.failures import Failures
from fairlead.planners.drain.peers.rival import Choice


def choose(snapshot: Snapshot, found: Failures, problem: CoverProblem, budget: Budget) -> Choice:
    _, order = greedy(problem, np.ones(problem.node_count))
    return Choice(nodes=order)
