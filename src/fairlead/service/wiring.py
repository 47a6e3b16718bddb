"""Which planners and rivals there are: one mapping a room, nothing registered, nothing discovered."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from fairlead.model import Planner
from fairlead.planners.drain import AllLast, Drain, Goal
from fairlead.planners.drain.peers import ByScore, Rival, beam, exact, greedy, heuristic_offline, netbouncer
from fairlead.planners.drain.persistence import Learned
from fairlead.planners.drain.scores import sentry_scores

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
