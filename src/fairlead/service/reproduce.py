"""`fairlead reproduce drain`: the paper's table beside ours, on its own generator, with and without a safety budget."""

from __future__ import annotations

import platform
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from fairlead import __version__
from fairlead.model import Budget, Snapshot
from fairlead.planners.drain import UNLIMITED, Goal
from fairlead.service.executor import map_shards
from fairlead.service.wiring import DRAIN_METHODS
from fairlead.worlds.overlay.paper import PaperCase, Scenario, paper_cases

Progress = Callable[[str, int, int], None]

ROWS = ("heuristic_offline", "netbouncer", "sentry", "beam", "greedy", "exact", "fairlead")
GOALS: Mapping[str, Goal] = {"methods": UNLIMITED, "capped": Goal(fleet_cap_ratio=0.2, region_floor_ratio=0.5)}

# Sentry 4.2 and Figures 4 and 5
PAPER: Mapping[str, Mapping[str, float]] = {
    "heuristic_offline": {"success_ratio": 1.0, "servers_mean": 14.28, "qoe_mean": 957.88},
    "netbouncer": {"success_ratio": 0.3333, "servers_mean": 0.88, "qoe_mean": 59.89},
    "sentry": {"success_ratio": 1.0, "servers_mean": 14.75, "qoe_mean": 860.09},
}


def reproduce_drain(seed: int, workers: int, progress: Progress) -> dict[str, Any]:
    """Every method on the 150 test cases; success is judged over the original demand (docs/papers.md)."""
    cases = paper_cases(seed, "test")
    result: dict[str, Any] = {"cases": len(cases)}
    jobs = [(goal, name) for goal in GOALS for name in ROWS]
    for done, (goal, name) in enumerate(jobs):
        progress(f"{name}, {goal}", done, len(jobs))
        shards = [(name, GOALS[goal], case.snapshot) for case in cases]
        rows = np.array(map_shards(judged, shards, workers))
        result.setdefault(goal, {})[name] = _summary(rows, cases)
    progress("done", len(jobs), len(jobs))
    return result | {
        "paper": {name: dict(row) for name, row in PAPER.items()},
        "caps": {"fleet_cap_ratio": 0.2, "region_floor_ratio": 0.5},
        "run": provenance(seed),
    }


def judged(shard: tuple[str, Goal, Snapshot]) -> tuple[float, float, float, float, float]:
    """(objective met, servers offline, QoE cost, served ratio, a region is empty) after the method's plan."""
    name, goal, snapshot = shard
    planner = DRAIN_METHODS[name](goal)
    plan, _ = planner.plan(snapshot, planner.begin(), Budget())
    after = {effect.metric: effect.after for effect in plan.effects}
    return (
        float(after["success_ratio"] >= goal.slo_ratio),
        after["offline_count"],
        after["qoe_cost"],
        after["served_ratio"],
        float(after["region_up_ratio_min"] == 0.0),
    )


def _summary(rows: np.ndarray[Any, np.dtype[np.float64]], cases: tuple[PaperCase, ...]) -> dict[str, Any]:
    names = ("success_ratio", "servers_mean", "qoe_mean", "served_ratio_mean", "region_emptied_ratio")

    def means(part: np.ndarray[Any, np.dtype[np.float64]]) -> dict[str, Any]:
        return {name: round(float(value), 4) for name, value in zip(names, part.mean(axis=0), strict=True)}

    scenarios = np.array([case.scenario.value for case in cases])
    by_scenario = {scenario.value: means(rows[scenarios == scenario.value]) for scenario in Scenario}
    return means(rows) | {"by_scenario": by_scenario}


def provenance(seed: int) -> dict[str, Any]:
    """What a reader needs to run this again: version, commit, seed, machine."""
    try:
        found = subprocess.run(
            ["git", "rev-parse", "--short", "HEAD"],
            cwd=Path(__file__).parent,
            capture_output=True,
            text=True,
            check=False,
        )
        commit = found.stdout.strip() or "unknown"
    except OSError:  # no git on this machine
        commit = "unknown"
    return {
        "version": __version__,
        "commit": commit,
        "seed": seed,
        "machine": f"{platform.machine()}, Python {platform.python_version()}, NumPy {np.__version__}",
    }
