"""``fairlead bench route``: one whole cycle at growing sizes, phase by phase, beside its peers in the same run."""

from __future__ import annotations

import multiprocessing
import resource
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from fairlead.model import Budget, Demands, Groups, Sites, Snapshot, apply_edits
from fairlead.planners.route import RouteGoal, RouteMemory, prepared
from fairlead.planners.route.answer_build import route_tables
from fairlead.planners.route.candidates import candidate_paths
from fairlead.planners.route.demand import active_groups
from fairlead.planners.route.finders import over_all_sites
from fairlead.planners.route.outcome import route_plan, stage_reasons
from fairlead.planners.route.pairs import session_pairs
from fairlead.planners.route.paths import top_paths
from fairlead.planners.route.sla import feasible, sla_rules
from fairlead.planners.route.split import split_active
from fairlead.planners.route.splitters import over_active_groups, over_all_groups, split_case
from fairlead.service.bench import forgotten
from fairlead.service.bench_route_peers import grouping_seconds, peer_figures
from fairlead.service.executor import Workers
from fairlead.service.reproduce import Progress, provenance
from fairlead.service.route_store import publish
from fairlead.worlds.routing import SMALL_WORLD, RoutingSpec, routing_world

GROWTH = (10_000, 100_000, 1_000_000, 10_000_000)
ACTIVE_COUNT = 10_000
SEARCHED_SECONDS_IN_PAPER = 23.70  # Panorama Table 2: a million session groups, heuristic, one core


@dataclass(slots=True)
class _Clock:
    """Seconds by phase."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        started = time.perf_counter()
        yield
        self.seconds[name] = round(time.perf_counter() - started, 4)


def bench_route(session_groups: int, seed: int, workers: int, growth: bool, progress: Progress) -> dict[str, Any]:
    """One size in full, with its peers; ``growth`` adds the ladder of sizes. Each size has a process of its own."""
    sizes = [size for size in GROWTH if growth and size != session_groups]
    steps = len(sizes) + 2
    progress(f"{session_groups:,} session groups", 0, steps)
    result: dict[str, Any] = alone(measured, session_groups, seed, workers)
    progress("peers", 1, steps)
    result["grouping_750000_s"] = alone(grouping_seconds, 750_000, seed)
    result["peers"] |= alone(peer_figures, seed)
    ladder = []
    for done, size in enumerate(sizes, start=2):
        progress(f"{size:,} session groups", done, steps)
        ladder.append(alone(measured, size, seed, workers))
    progress("done", steps, steps)
    every = sorted([*ladder, {**result, "peers": {}}], key=lambda row: row["session_groups"])
    return result | ({"growth": [_brief(row) for row in every]} if growth else {}) | {"run": provenance(seed)}


def alone(fn: Callable[..., Any], *arguments: Any) -> Any:
    """``fn(*arguments)`` in a fresh process, so that its peak memory is its own."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(fn, *arguments).result()


def measured(session_groups: int, seed: int, workers: int) -> dict[str, Any]:
    """Every phase once on a generated world, cold but compiled, and phases 1 and 2 once more in ``workers`` fresh
    processes, whose start is in the figure.

    A cycle is everything from measured tables to published route tables: backbone paths, end-to-end paths, filter,
    split, the plan with its effects, the tables and their generation on the disk.
    """
    _cycle(routing_world(SMALL_WORLD, seed).at(0), RouteGoal(), _Clock(), seed)  # compiles, or loads what was compiled
    world = routing_world(replace(RoutingSpec(), demand_count=session_groups), seed)
    network, goal, clock = world.at(0), RouteGoal(), _Clock()
    started = time.perf_counter()
    facts = _cycle(network, goal, clock, seed)
    total_s = time.perf_counter() - started
    rss_mb = _rss_mb()
    rival = _the_papers_way(prepared(forgotten(network), goal), goal)
    spread: dict[str, float] = {}
    if workers > 1:
        snapshot = prepared(forgotten(network), goal)
        started = time.perf_counter()
        over_all_sites(snapshot, goal, RouteMemory(), Workers(count=workers).map)
        spread[f"paths_and_filter_{workers}_processes_s"] = round(time.perf_counter() - started, 4)
    return {
        "session_groups": session_groups,
        "groups": network[Groups].row_count,
        "sites": network[Sites].row_count,
        **facts,
        **clock.seconds,
        **spread,
        "paths_candidates_s": rival.pop("paths_candidates_s"),
        "lp_10000_s": rival.pop("lp_10000_s"),
        "total_s": round(total_s, 4),
        "rss_mb": rss_mb,
        "peers": {"panorama": rival, "panorama_paper": {"paths_candidates_s": SEARCHED_SECONDS_IN_PAPER}},
    }


def _cycle(network: Snapshot, goal: RouteGoal, clock: _Clock, seed: int) -> dict[str, Any]:
    """The default planner's cycle, step by step as ``planners/route/planner.py`` takes them."""
    with clock.phase("backbone_s"):
        snapshot = prepared(network, goal)
    with clock.phase("pairs_s"):
        pairs = session_pairs(snapshot)
    with clock.phase("paths_exact_s"):
        top = top_paths(snapshot, pairs.source_group, pairs.target_group, goal.path_count)
    with clock.phase("filter_s"):
        found = feasible(top, pairs.of_demand, snapshot[Demands].service_class, sla_rules(snapshot, goal.kept_count))
    with clock.phase("split_s"):
        choice, _ = over_all_groups(snapshot, found, goal, RouteMemory(), Budget(seed=seed), _never)
    with clock.phase("plan_s"):
        plan = route_plan("fairlead", snapshot, choice, goal, stage_reasons(choice))
        planned = apply_edits(snapshot, plan.edits)
    with clock.phase("tables_s"):
        tables = route_tables(planned)
    with clock.phase("publish_s"), TemporaryDirectory() as folder:
        publish(Path(folder), tables)
    return {
        "pairs_count": len(pairs.source_group),
        "mlu": plan.effect("priced_utilisation_max").after,
        # of each priority on what the higher ones left, which is the problem that is solved
        "mlu_gap": max(each.numbers["gap_ratio"] for each in plan.reasons if each.key == "route.turn"),
        # what serving priorities in turn costs beside that: to a floor for all of them together
        "mlu_floor_together": plan.bound.best,
        "mlu_gap_together": plan.bound.gap,
        "sla_ratio": plan.effect("sla_ratio").after,
        "status": plan.status.value,
    }


def _the_papers_way(snapshot: Snapshot, goal: RouteGoal) -> dict[str, Any]:
    """Candidates by the bandit (a later cycle, when it has a memory), and the linear program of the active groups."""
    clock, pairs = _Clock(), session_pairs(snapshot)
    _, memory = candidate_paths(snapshot, pairs.source_group, pairs.target_group, None)
    with clock.phase("paths_candidates_s"):
        top, _ = candidate_paths(snapshot, pairs.source_group, pairs.target_group, memory)
    found = feasible(top, pairs.of_demand, snapshot[Demands].service_class, sla_rules(snapshot, goal.kept_count))
    case, _ = split_case(snapshot, found, RouteMemory())
    active = active_groups(case.demand_mbps, goal.active_mbps, ACTIVE_COUNT)
    with clock.phase("lp_10000_s"):  # all priorities in turn
        split_active(case, active)
    choice, _ = over_active_groups(snapshot, found, goal, RouteMemory(), Budget(), _never)
    plan = route_plan("panorama", snapshot, choice, goal)
    latency = np.nanmean(top.latency_ms[:, 0])
    exact = top_paths(snapshot, pairs.source_group, pairs.target_group, 1)
    return {
        **clock.seconds,
        "mlu": plan.effect("priced_utilisation_max").after,
        "latency_above_exact_ms": float(latency - np.nanmean(exact.latency_ms[:, 0])),
    }


def _never() -> bool:
    return False


def _brief(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in ("peers", "growth", "grouping_750000_s")}


def _rss_mb() -> float:
    """Peak resident memory of this process so far."""
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1)
