"""What connections really see in a network: the reference simulator on common demands, network by network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import astuple, dataclass

import numpy as np
from numpy.typing import NDArray

from fairlead.model import Snapshot
from fairlead.planners.mitigate.comparators import Comparator, winners
from fairlead.service.executor import Done, map_shards, silent
from fairlead.worlds.fabric import performance, simulate, trace

Reals = NDArray[np.float64]

_DRAWS = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """How the truth is looked at: traces up to ``horizon_s``; flows that start in [from_s, until_s) count.

    first_seed : of the demands and the luck of the simulator; the estimator never sees these
    """

    trace_count: int
    first_seed: int
    from_s: float = 10.0
    until_s: float = 50.0
    horizon_s: float = 60.0
    congestion_control: str = "cubic"


def true_metrics(
    states: Mapping[str, Snapshot], course: Course, workers: int = 1, progress: Done = silent
) -> dict[str, Reals]:
    """Of each network [traces, metrics of CLP_METRICS]; all meet the same demands and, flow by flow, the same luck."""
    shards = [(state, course, number) for state in states.values() for number in range(course.trace_count)]
    found = map_shards(_seen, shards, workers, progress)
    rows = np.array(found, dtype=np.float64).reshape(len(states), course.trace_count, -1)
    return dict(zip(states, rows, strict=True))


def _seen(shard: tuple[Snapshot, Course, int]) -> tuple[float, ...]:
    state, course, number = shard
    seed = course.first_seed + number
    demand = trace(state, seed, course.horizon_s)
    outcome = simulate(state, demand, course.horizon_s, seed, course.congestion_control)
    return astuple(performance(outcome, demand, course.from_s, course.until_s))


def best_of(values: Reals, comparator: Comparator) -> int:
    """Place of the best by the comparator; ``values`` [candidates, metrics], in order of how little they change."""
    return int(winners(comparator.costs(values), comparator.ties))


def certainty(values: Reals, comparator: Comparator, best: int, seed: int) -> float:
    """Share of resampled sets of traces in which the best is within a tie of the best, on the first criterion.

    values : [candidates, traces, metrics]. With few traces this is coarse.
    """
    chance = np.random.default_rng(seed)
    count = values.shape[1]
    picked = chance.integers(0, count, (_DRAWS, count))
    costs = comparator.costs(values[:, picked].mean(axis=2))[..., 0]
    return float((costs[best] <= costs.min(axis=0) * comparator.ties[0]).mean())
