"""Which planners and rivals there are: one mapping a room, nothing registered, nothing discovered."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from fairlead.model import Planner
from fairlead.planners.drain import AllLast, Drain, Goal
from fairlead.planners.drain.peers import ByScore, Rival, beam, exact, greedy, heuristic_offline, netbouncer
from fairlead.planners.drain.persistence import Learned
from fairlead.planners.drain.scores import sentry_scores
from fairlead.planners.mitigate import COMPARATORS, Comparator
from fairlead.planners.mitigate.peers import RIVALS, MitigateRival
from fairlead.planners.route import Route, RouteGoal
from fairlead.planners.route.finders import among_candidates
from fairlead.planners.route.peers import direct, nearby, oracle, yen
from fairlead.planners.route.peers.rival import RouteRival
from fairlead.planners.route.splitters import over_active_groups
from fairlead.service.executor import Workers

DrainMaker = Callable[[Goal], Planner[Any]]

DRAIN_METHODS: Mapping[str, DrainMaker] = MappingProxyType(
    {
        "fairlead": lambda goal: Drain(goal=goal, forecaster=Learned()),
        "sentry": lambda goal: Rival(name="sentry", choose=ByScore(sentry_scores), goal=goal),
        "heuristic_offline": lambda goal: Rival(name="heuristic_offline", choose=heuristic_offline.choose, goal=goal),
        "netbouncer": lambda goal: Rival(name="netbouncer", choose=netbouncer.choose, goal=goal),
        "beam": lambda goal: Rival(name="beam", choose=beam.choose, goal=goal),
        "greedy": lambda goal: Rival(name="greedy", choose=greedy.choose, goal=goal),
        "exact": lambda goal: Rival(name="exact", choose=exact.choose, goal=goal),
    }
)


def without_forecast(goal: Goal) -> Planner[Any]:
    """The default planner without its learned part: what the forecast is worth is measured against this."""
    return Drain(goal=goal, forecaster=AllLast(), name="fairlead_without_forecast")


RouteMaker = Callable[[RouteGoal, Workers], Planner[Any]]

ROUTE_METHODS: Mapping[str, RouteMaker] = MappingProxyType(
    {
        "fairlead": lambda goal, workers: Route(goal=goal, mapper=workers.map, clock=time.monotonic),
        "panorama": lambda goal, workers: Route(
            goal=goal,
            find=among_candidates,
            divide=over_active_groups,
            mapper=workers.map,
            clock=time.monotonic,
            name="panorama",
        ),
        "nearby": lambda goal, _: RouteRival(name="nearby", choose=nearby.choose, goal=goal),
        "direct": lambda goal, _: RouteRival(name="direct", choose=direct.choose, goal=goal),
        "oracle": lambda goal, _: RouteRival(name="oracle", choose=oracle.choose, goal=goal),
        "yen": lambda goal, _: RouteRival(name="yen", choose=yen.choose, goal=goal),
    }
)

MITIGATE_COMPARATORS: Mapping[str, Comparator] = MappingProxyType({each.name: each for each in COMPARATORS})
MITIGATE_RIVALS: Mapping[str, MitigateRival] = MappingProxyType({each.name: each for each in RIVALS})
