"""What all rivals share: they look at the newest window only, keep no memory and choose nodes of the failure graph."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from fairlead.kernels.cover import CoverProblem
from fairlead.model import Bound, BoundKind, Budget, Plan, Servers, ServerWindows, Snapshot, Streams, Table, Windows
from fairlead.planners.drain.failures import Failures, allowance, cover_problem, failures
from fairlead.planners.drain.goal import Goal
from fairlead.planners.drain.outcome import drain_plan, needs_action

Rows = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Choice:
    """Nodes in the order in which they go offline, and what the rival can prove about their cost, if anything."""

    nodes: Rows
    best: float = math.nan
    kind: BoundKind = BoundKind.NONE


Choose = Callable[[Snapshot, Failures, CoverProblem, Budget], Choice]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rival:
    """A planner without memory. ``choose`` says which nodes leave; everything else is the same for all rivals."""

    name: str
    choose: Choose
    goal: Goal = field(default_factory=Goal)
    needs: ClassVar[tuple[type[Table], ...]] = (Servers, Windows, Streams, ServerWindows)

    def begin(self) -> None:
        return None

    def plan(self, snapshot: Snapshot, memory: None, budget: Budget) -> tuple[Plan, None]:
        """The choice on the newest window, measured like any other plan."""
        if not needs_action(snapshot, self.goal):
            return drain_plan(self.name, snapshot, np.empty(0, dtype=np.int64), self.goal), None
        found = failures(snapshot)
        left = allowance(snapshot, self.goal)
        left.quota[0] = min(left.quota[0], budget.edits)
        problem = cover_problem(found, found.failed_count, found.slack_count(self.goal), left)
        choice = self.choose(snapshot, found, problem, budget)
        cost = float(found.cost[choice.nodes].sum())
        best = choice.best if math.isnan(choice.best) else min(choice.best, cost)
        bound = Bound(cost=cost, best=best, kind=choice.kind)
        return drain_plan(self.name, snapshot, found.server_rows[choice.nodes], self.goal, bound=bound), None
