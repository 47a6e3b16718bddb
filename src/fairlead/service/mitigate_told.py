"""Decisions on wrong inputs: what the planner would choose on what it was told, judged by what is true."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairlead.model import Snapshot
from fairlead.planners.mitigate import COMPARATORS, Comparator
from fairlead.planners.mitigate.bound import healed
from fairlead.planners.mitigate.comparators import winners
from fairlead.predict.flows.clp import CLP_METRICS
from fairlead.predict.flows.estimate import FlowEstimator
from fairlead.service.executor import Done, map_shards
from fairlead.service.mitigate_penalties import PRIORITISED, percent
from fairlead.service.mitigate_truth import Course, true_metrics

Reals = NDArray[np.float64]
Metrics = Mapping[str, Reals]

HEALTHY = "healthy"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Truth:
    """A network with its candidates by name, and what its servers really run."""

    candidates: Mapping[str, Snapshot]
    congestion_control: str = "cubic"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Told:
    """The same candidates as the planner is told of them, and the estimator that it asks."""

    candidates: Mapping[str, Snapshot]
    estimator: FlowEstimator
    sample_count: int


def true_of(truths: Mapping[str, Truth], course: Course, workers: int, progress: Done) -> dict[str, dict[str, Reals]]:
    """Of each truth, the metrics [3] of its candidates by name, and of HEALTHY."""
    found: dict[str, dict[str, Reals]] = {}
    for control in dict.fromkeys(each.congestion_control for each in truths.values()):
        mine = {name: each for name, each in truths.items() if each.congestion_control == control}
        states = {state.basis: state for each in mine.values() for state in _with_healthy(each.candidates).values()}
        seen = true_metrics(states, replace(course, congestion_control=control), workers, progress)
        for name, each in mine.items():
            rows = _with_healthy(each.candidates)
            found[name] = {one: seen[state.basis].mean(axis=0) for one, state in rows.items()}
    return found


def told_of(told: Mapping[str, Told], workers: int, progress: Done) -> dict[str, dict[str, Reals]]:
    """What the planner estimates of each, by name of the candidate, and of HEALTHY."""
    found = map_shards(_estimated, list(told.values()), workers, progress)
    return {
        name: dict(zip(_with_healthy(each.candidates), rows, strict=True))
        for (name, each), rows in zip(told.items(), found, strict=True)
    }


def _estimated(told: Told) -> Sequence[Reals]:
    states = list(_with_healthy(told.candidates).values())
    return [clp.values.mean(axis=0) for clp in told.estimator(states, range(told.sample_count))]


def _with_healthy(candidates: Mapping[str, Snapshot]) -> dict[str, Snapshot]:
    """Once more under HEALTHY, were every failure repaired."""
    return {**candidates, HEALTHY: healed(next(iter(candidates.values())))}


def decision(metrics: Metrics, comparator: Comparator) -> str:
    """The best candidate by these metrics; ``metrics`` holds HEALTHY too. Candidates stand in order of change."""
    names = [name for name in metrics if name != HEALTHY]
    judge = comparator.against(metrics[HEALTHY])
    values = np.stack([metrics[name] for name in names])
    return names[int(winners(judge.costs(values), judge.ties))]


def outcome(told: Metrics, true: Metrics) -> dict[str, dict[str, Any]]:
    """By comparator: what is chosen on what was told, what would be best, and what the difference costs."""
    found = {}
    for comparator in COMPARATORS:
        judge = comparator.against(true[HEALTHY])
        chosen, best = decision(told, comparator), decision(true, comparator)
        cost = percent(true[chosen], true[best], judge)
        found[comparator.name] = {
            "chosen": chosen,
            "best": best,
            "penalty_percent": round(cost[PRIORITISED], 2),
        }
    return found


def excess(metrics: Metrics, one: str, other: str) -> dict[str, float]:
    """By metric, how many per cent more ``one`` has than ``other``."""
    rows = zip(CLP_METRICS, metrics[one].tolist(), metrics[other].tolist(), strict=True)
    return {name: round(100 * (value / beside - 1), 1) for name, value, beside in rows}
