"""The default routing planner, and the paper's, which differs in who finds the paths and who splits the traffic.

Panorama section 4 in three phases: the K shortest end-to-end paths of every pair of user groups; of those, the ones
that keep the SLA; and weights on them so that the fullest link, weighed by its price, is as little full as can be.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import ClassVar

from fairlead.model import Budget, Plan, Snapshot, Table
from fairlead.planners.route.backbone import with_paths
from fairlead.planners.route.finders import Finder, Mapper, in_order, over_all_sites
from fairlead.planners.route.goal import RouteGoal
from fairlead.planners.route.memory import RouteMemory
from fairlead.planners.route.needs import ROUTE_NEEDS
from fairlead.planners.route.outcome import route_plan, stage_reasons
from fairlead.planners.route.slots import with_routes
from fairlead.planners.route.splitters import Splitter, over_all_groups

Clock = Callable[[], float]


def stopped() -> float:
    """A clock that stands still."""
    return 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Decide which paths the sessions of every session group take, and in what shares.

    goal   : how many paths, what to minimise, how full a link may be
    find   : phases 1 and 2
    divide : phase 3
    mapper : who does the shards of phases 1 and 2
    clock  : seconds, for the emergency brake of the budget; one that stands still never brakes
    """

    goal: RouteGoal = field(default_factory=RouteGoal)
    find: Finder = over_all_sites
    divide: Splitter = over_all_groups
    mapper: Mapper = in_order
    clock: Clock = stopped
    name: str = "fairlead"
    needs: ClassVar[tuple[type[Table], ...]] = ROUTE_NEEDS

    def begin(self) -> RouteMemory:
        """Nothing is remembered."""
        return RouteMemory()

    def plan(self, snapshot: Snapshot, memory: RouteMemory, budget: Budget) -> tuple[Plan, RouteMemory]:
        """One cycle (Panorama: every five minutes). The snapshot is :func:`prepared`."""
        begun_s = self.clock()

        def expired() -> bool:
            return self.clock() - begun_s > budget.seconds

        found, memory = self.find(snapshot, self.goal, memory, self.mapper)
        choice, memory = self.divide(snapshot, found, self.goal, memory, budget, expired)
        return route_plan(self.name, snapshot, choice, self.goal, stage_reasons(choice)), memory


def prepared(network: Snapshot, goal: RouteGoal, previous: Snapshot | None = None) -> Snapshot:
    """The network with backbone paths to choose from and slots to fill; those of ``previous`` where they still fit."""
    return with_routes(with_paths(network, goal.backbone_count), goal.kept_count, previous)
