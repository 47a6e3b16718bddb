"""`fairlead reproduce route`: Panorama's figures beside ours, on measured meshes and on a generated world.

Every method plans with what was measured in one window and is scored on the truth of the next.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from fairlead.model import BadInputError, Budget, Demands, Direct, Paths, Snapshot, apply_edits
from fairlead.planners.route.backbone import with_paths
from fairlead.planners.route.candidates import candidate_paths
from fairlead.planners.route.goal import RouteGoal
from fairlead.planners.route.pairs import session_pairs
from fairlead.planners.route.paths import TopPaths, top_paths
from fairlead.planners.route.planner import prepared
from fairlead.planners.route.slots import with_routes
from fairlead.service.executor import Workers, map_shards
from fairlead.service.reproduce import Progress, provenance
from fairlead.service.route_figures import averaged, routing_figures, weighted_quantile, with_normalised_load
from fairlead.service.route_paper import PAPER
from fairlead.service.wiring import ROUTE_METHODS
from fairlead.worlds.overlay import data_dir
from fairlead.worlds.routing import RoutingSpec, routing_world
from fairlead.worlds.routing.experience import experienced, unlimited
from fairlead.worlds.routing.measured import planetlab_routing, shadow_routing

Reals = NDArray[np.float64]
Int32s = NDArray[np.int32]
BANDIT = "panorama"
PATHS = "paths"
METHODS = ("fairlead", "panorama", "nearby", "direct", "oracle")
GOAL = RouteGoal()
WARM_UP = 20  # cycles in which the bandit sees every site before it is judged: 34 sites, two new ones a cycle
COUNTED_K = (3, 5, 7, 9, 10)  # of Table 1


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


def reproduce_route(seed: int, workers: int, progress: Progress) -> dict[str, Any]:
    """Every method on every case; a case without its data says so. Figures are means over the windows of the case."""
    result: dict[str, Any] = {}
    for case_name, course in COURSES.items():
        result[case_name] = {"note": course.note}
        try:
            case_of(case_name, seed)
        except BadInputError as missing:
            result[case_name]["missing"] = str(missing)
            continue
        shards = [(case_name, name, seed) for name in (*METHODS, PATHS)]
        parts = map_shards(part, shards, workers, partial(progress, case_name))
        methods = dict(zip(METHODS, parts[: len(METHODS)], strict=True))
        result[case_name] |= {"methods": with_normalised_load(methods, "nearby"), **parts[-1]}
    return result | {"paper": dict(PAPER), "run": provenance(seed)}


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


def part(shard: tuple[str, str, int]) -> dict[str, Any]:
    """What one worker does: the figures of one method, or of the paths, on one case."""
    case_name, name, seed = shard
    case, course = case_of(case_name, seed), COURSES[case_name]
    return path_figures(case, course) if name == PATHS else method_figures(case, course, name)


def method_figures(case: Case, course: Course, method: str) -> dict[str, Any]:
    """Mean figures of a method over the windows of a course.

    The oracle knows the truth and meets no queues: it is what no routing can beat, not a routing.
    """
    planner = ROUTE_METHODS[method](GOAL, Workers())
    memory, routed = planner.begin(), None
    rows = []
    early = _warm_up(course, method)
    for cycle, window in enumerate((*early, *course.windows)):
        snapshot = prepared(case.at(window), GOAL, routed)
        plan, memory = planner.plan(snapshot, memory, Budget())
        routed = apply_edits(snapshot, plan.edits)
        if cycle >= len(early):
            truth = case.truth(window + course.ahead)
            ideal = ideally_routed(truth)
            best = experienced(unlimited(truth), ideal)
            shown = (ideal, best) if method == "oracle" else (routed, experienced(truth, routed))
            rows.append(routing_figures(truth, *shown, best.latency_ms))
    return averaged(rows)


def ideally_routed(truth: Snapshot) -> Snapshot:
    """Every session group on the path that really has the lowest latency at rest; one slot for each."""
    planner = ROUTE_METHODS["oracle"](GOAL, Workers())
    snapshot = with_routes(with_paths(truth, GOAL.backbone_count), 1)
    plan, _ = planner.plan(snapshot, planner.begin(), Budget())
    return apply_edits(snapshot, plan.edits)


def path_figures(case: Case, course: Course) -> dict[str, Any]:
    """Table 1 and Figure 5: how many sites the best paths use, and what the paper's heuristic loses.

    Pairs of groups count by their demand. Direct paths are left out, as the paper's K paths are overlay paths.
    """
    window = course.windows[0]
    snapshot = with_paths(_overlay_only(case.at(window)), max(COUNTED_K))
    pairs, weight = _pairs_and_weight(snapshot)
    top = top_paths(snapshot, *pairs, max(COUNTED_K))
    sites = {
        side: {str(k): round(_mean_distinct(end[top.path[:, :k]], weight), 3) for k in COUNTED_K}
        for side, end in (("ingress_mean", snapshot[Paths].source), ("egress_mean", snapshot[Paths].target))
    }
    memory, at = None, -1
    for early in (*_warm_up(course, BANDIT), window):
        if early != at:
            seen, at = with_paths(_overlay_only(case.at(early)), GOAL.backbone_count), early
        found, memory = candidate_paths(seen, *pairs, memory, k=GOAL.path_count, size=GOAL.candidate_count)
    exact = top_paths(seen, *pairs, GOAL.path_count)
    return {"sites_in_optimum": sites, "heuristic_above_exact": _excess(found, exact, weight)}


def _warm_up(course: Course, method: str) -> list[int]:
    """Windows in which the bandit learns before it is judged; the first window again where there are none before."""
    return [max(0, course.windows[0] - early) for early in range(WARM_UP, 0, -1)] if method == BANDIT else []


def _overlay_only(snapshot: Snapshot) -> Snapshot:
    """Without any direct path."""
    nothing = np.empty(0, dtype=np.int32)
    return snapshot.replaced(Direct.of(source_group=nothing, target_group=nothing, latency_ms=np.empty(0)))


def _pairs_and_weight(snapshot: Snapshot) -> tuple[tuple[Int32s, Int32s], Reals]:
    """Sources and targets of the pairs of different groups, and the demand of each."""
    demands, pairs = snapshot[Demands], session_pairs(snapshot)
    demand = np.bincount(pairs.of_demand, weights=np.nan_to_num(demands.demand_mbps), minlength=len(pairs.source_group))
    apart = pairs.source_group != pairs.target_group
    return (pairs.source_group[apart], pairs.target_group[apart]), demand[apart]


def _mean_distinct(site: Int32s, weight: Reals) -> float:
    """Mean number of different sites in each row [pairs, k]; -1 is none."""
    ordered = np.sort(site, axis=1)
    fresh = (ordered >= 0) & (np.diff(ordered, axis=1, prepend=-1) != 0)
    return float(np.average(fresh.sum(axis=1), weights=weight))


def _excess(found: TopPaths, exact: TopPaths, weight: Reals) -> dict[str, float]:
    """How much longer the heuristic's K paths are, in the mean over the K of a pair (Figure 5)."""
    with np.errstate(invalid="ignore"):
        mean = [np.where(np.isnan(top.latency_ms), 0, top.latency_ms).sum(axis=1) for top in (found, exact)]
        count = [np.maximum(1, (top.path >= 0).sum(axis=1)) for top in (found, exact)]
    ours, best = mean[0] / count[0], mean[1] / count[1]
    both = (mean[0] > 0) & (mean[1] > 0)
    more = (ours - best)[both]
    return {
        "mean_ms": round(float(np.average(more, weights=weight[both])), 4),
        "mean_ratio": round(float(np.average(more / best[both], weights=weight[both])), 6),
        "p90_ms": round(weighted_quantile(more, weight[both], 0.9), 4),
        "missing_path_ratio": round(float(np.average(found.path[:, -1] < 0, weights=weight)), 6),
    }
