"""The networks on which routing is reproduced, and the windows on which methods are judged there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

from fairlead.model import Snapshot
from fairlead.worlds.overlay import data_dir
from fairlead.worlds.routing import RoutingSpec, routing_world
from fairlead.worlds.routing.measured import planetlab_routing, shadow_routing


class Case(Protocol):
    """A network in windows: what is measured, and the truth."""

    def at(self, window: int) -> Snapshot: ...

    def truth(self, window: int) -> Snapshot: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """Which windows a case is judged on: each is planned with, and ``ahead`` windows later the truth is asked."""

    note: str
    windows: tuple[int, ...]
    ahead: int


GENERATED = RoutingSpec(demand_count=100_000)
COURSES: Mapping[str, Course] = {
    "planetlab": Course(
        note="measured round trips, PlanetLab, 490 nodes: 34 are sites, 456 are groups; every pair asks for the same; "
        "neither jitter nor loss nor capacity was measured",
        windows=(0, 2, 4, 6, 8, 10, 12, 14, 16),
        ahead=1,
    ),
    "shadow": Course(
        note="measured latency, jitter and loss, Shadow 2013, 303 places: 34 are sites, 269 are groups; every pair "
        "asks for the same; one window, so plans are scored on what they were made from",
        windows=(0,),
        ahead=0,
    ),
    "generated": Course(
        note="invented world: 34 sites, 3,000 groups, 100,000 session groups",
        windows=(20, 21, 22, 23),
        ahead=1,
    ),
}


@lru_cache(maxsize=1)
def case_of(name: str, seed: int) -> Case:
    """A case by its name; BadInputError where its data is missing."""
    match name:
        case "planetlab":
            return planetlab_routing(data_dir())
        case "shadow":
            return shadow_routing(data_dir())
        case _:
            return routing_world(GENERATED, seed)
