"""What all rivals share: they see the newest measurements, keep no memory, and only choose paths."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import ClassVar

from fairlead.model import Budget, Plan, Snapshot, Table
from fairlead.planners.route.goal import RouteGoal
from fairlead.planners.route.needs import ROUTE_NEEDS
from fairlead.planners.route.outcome import Choice, route_plan

Choose = Callable[[Snapshot, RouteGoal], Choice]


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteRival:
    """A planner without memory; everything but ``choose`` is the same for all rivals."""

    name: str
    choose: Choose
    goal: RouteGoal = field(default_factory=RouteGoal)
    needs: ClassVar[tuple[type[Table], ...]] = ROUTE_NEEDS

    def begin(self) -> None:
        """Rivals remember nothing."""
        return

    def plan(self, snapshot: Snapshot, memory: None, budget: Budget) -> tuple[Plan, None]:
        """The choice, measured like any other plan."""
        return route_plan(self.name, snapshot, self.choose(snapshot, self.goal), self.goal), None
