"""Phase 3: weights on the feasible paths of every session group."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from fairlead.model import Budget, Snapshot
from fairlead.planners.route.goal import RouteGoal
from fairlead.planners.route.memory import RouteMemory
from fairlead.planners.route.outcome import Choice
from fairlead.planners.route.sla import Feasible

Splitter = Callable[[Snapshot, Feasible, RouteGoal, RouteMemory, Budget], tuple[Choice, RouteMemory]]


def equally(
    snapshot: Snapshot, found: Feasible, goal: RouteGoal, memory: RouteMemory, budget: Budget
) -> tuple[Choice, RouteMemory]:
    """The same share for every path of a session group."""
    used = found.path >= 0
    weight = used / np.maximum(used.sum(axis=1, keepdims=True), 1)
    return Choice(path=found.path, weight=weight, stage=found.stage), memory


over_all_groups = equally
over_active_groups = equally
