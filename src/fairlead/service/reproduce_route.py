"""`fairlead reproduce route`: Panorama's figures beside ours, on measured meshes and on a generated world.

Every method plans with what was measured in one window and is scored on the truth of the next.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairlead.model import BadInputError, Budget, Snapshot, apply_edits
from fairlead.planners.route.backbone import with_paths
from fairlead.planners.route.goal import RouteGoal
from fairlead.planners.route.planner import prepared
from fairlead.planners.route.slots import with_routes
from fairlead.service.cloudpilot import cloudpilot_agreement
from fairlead.service.executor import Workers, map_shards
from fairlead.service.published_te import published_te
from fairlead.service.reproduce import Progress, provenance
from fairlead.service.route_cases import COURSES, Case, Course, case_of
from fairlead.service.route_figures import averaged, routing_figures, with_normalised_load
from fairlead.service.route_paper import PAPER
from fairlead.service.route_path_figures import path_figures
from fairlead.service.wiring import ROUTE_METHODS
from fairlead.worlds.overlay import data_dir
from fairlead.worlds.routing.experience import experienced, unlimited

Reals = NDArray[np.float64]
Int32s = NDArray[np.int32]
BANDIT = "panorama"
PATHS = "paths"
METHODS = ("fairlead", "panorama", "nearby", "direct", "oracle")
GOAL = RouteGoal()
WARM_UP = 20  # cycles in which the bandit sees every site before it is judged: 34 sites, two new ones a cycle


def reproduce_route(seed: int, workers: int, progress: Progress) -> dict[str, Any]:
    """Every method on every case, splits beside published optima, and predictions beside measured relays.

    A case without its data says so. Figures are means over the windows of the case.
    """
    result = reproduced(seed, workers, progress, COURSES)
    beside: dict[str, Callable[[], Any]] = {
        "traffic_engineering": lambda: published_te(
            data_dir(), Workers(count=workers), partial(progress, "traffic engineering")
        ),
        "direct_or_relay": lambda: cloudpilot_agreement(data_dir()),
    }
    for name, figures in beside.items():
        try:
            result[name] = figures()
        except BadInputError as missing:
            result[name] = {"missing": str(missing)}
    return result


def reproduced(seed: int, workers: int, progress: Progress, courses: Mapping[str, Course]) -> dict[str, Any]:
    """:func:`reproduce_route` of these cases only."""
    result: dict[str, Any] = {}
    for case_name, course in courses.items():
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


def part(shard: tuple[str, str, int]) -> dict[str, Any]:
    """What one worker does: the figures of one method, or of the paths, on one case."""
    case_name, name, seed = shard
    case, course = case_of(case_name, seed), COURSES[case_name]
    return path_figures(cycles(case, course), GOAL) if name == PATHS else method_figures(case, course, name)


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


def cycles(case: Case, course: Course) -> Iterator[Snapshot]:
    """What is measured while the bandit learns, and in the first window of the course; nothing is measured twice."""
    last, snapshot = -1, None
    for window in (*_warm_up(course, BANDIT), course.windows[0]):
        if snapshot is None or window != last:
            last, snapshot = window, case.at(window)
        yield snapshot


def _warm_up(course: Course, method: str) -> list[int]:
    """Windows in which the bandit learns before it is judged; the first window again where there are none before."""
    return [max(0, course.windows[0] - early) for early in range(WARM_UP, 0, -1)] if method == BANDIT else []
