"""What each way of scaling gains and costs, one at a time and then together (SWARM 3.4, Figure 11)."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairlead.model import Budget, Snapshot
from fairlead.planners.mitigate import Mitigate, field_of
from fairlead.planners.mitigate.bound import healed
from fairlead.predict.flows.clp import CLP_METRICS
from fairlead.predict.flows.demand import Sampling, demands
from fairlead.predict.flows.estimate import Effort, FlowEstimator
from fairlead.predict.flows.fabric import fabric
from fairlead.predict.flows.routing import draw, redraw, routing_keys
from fairlead.predict.flows.sample import Rule
from fairlead.predict.flows.transport import shipped
from fairlead.service.executor import Workers

Reals = NDArray[np.float64]

EXACT = Rule(epoch_s=float("inf"), turnover_ratio=0.0, bits=53)
LONG, SHORT = Sampling(horizon_s=4.0, from_s=2.0, until_s=3.0), Sampling(horizon_s=2.0, from_s=0.5, until_s=1.5)
SETTLE_S = 0.5
SAMPLES = 2
MOST_STATES = 3
"""Of each way: the exact fluid takes seconds for a sample of a repair."""
RACE_SAMPLES = 32
APART = Sampling(horizon_s=2.5, from_s=0.25, until_s=2.25)
"""One long sample for segments: the pool's start and the second warm-up are to be a small part of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """How the estimator works: rates, epochs, what is sampled, parts, what each state has to settle in, segments."""

    rule: Rule = EXACT
    sampling: Sampling = LONG
    part_count: int = 1
    settle_s: float = float("inf")
    segment_count: int = 1


WAYS: Mapping[str, Way] = MappingProxyType(
    {
        "full": Way(),
        "fast_max_min": Way(rule=replace(EXACT, bits=4)),
        "fewer_epochs": Way(rule=Rule(bits=53)),
        "warm_start": Way(settle_s=SETTLE_S),
        "shorter_warm_up": Way(sampling=SHORT),
        "down_scaling_2": Way(part_count=2),
        "down_scaling_4": Way(part_count=4),
        "all_but_parts": Way(rule=Rule(), settle_s=SETTLE_S),
        "all": Way(rule=Rule(), settle_s=SETTLE_S, part_count=2),
    }
)


def ways_figures(sick: Snapshot, seed: int, workers: int) -> dict[str, Any]:
    """Seconds, speed-up and relative error of the metrics for each way; then what needs no error at all."""
    every = [each.state for each in field_of(sick).allowed]
    states = every[:MOST_STATES]
    found = {name: _timed(states, way, seed, sick) for name, way in WAYS.items()}
    full_s, full = found["full"]
    rows = {name: _row(seconds, values, full_s, full) for name, (seconds, values) in found.items()}
    early_stop, everything = _early_stop(sick, every, seed)
    return {
        "ways": rows,
        "common_random_numbers": _paired(everything),
        "incremental_re_routing": _re_routing(sick, states, seed),
        "early_stop": early_stop,
        "processes": _processes(states, seed, sick, workers),
    }


def _estimator(way: Way, seed: int, running: Snapshot, workers: int = 1, demands: int = SAMPLES) -> FlowEstimator:
    return FlowEstimator(
        effort=Effort(
            demand_count=demands,
            sampling=way.sampling,
            part_count=way.part_count,
            rule=way.rule,
            settle_s=way.settle_s,
            segment_count=way.segment_count,
        ),
        transport=shipped(),
        congestion_control="cubic",
        seed=seed,
        mapper=Workers(count=workers).map,
        running=running,
    )


def _timed(
    states: list[Snapshot], way: Way, seed: int, running: Snapshot, workers: int = 1, samples: int = SAMPLES
) -> tuple[float, Reals]:
    """Seconds, and [states, samples, metrics]. One state goes first, so that all is compiled and drawn."""
    estimate = _estimator(way, seed, running, workers)
    estimate(states[:1], range(samples))
    started = time.perf_counter()
    found = estimate(states, range(samples))
    return time.perf_counter() - started, np.stack([each.values for each in found])


def _row(seconds: float, values: Reals, full_s: float, full: Reals) -> dict[str, Any]:
    return {
        "seconds": round(seconds, 3),
        "speedup": round(full_s / seconds, 1),
        **_errors(values, full),
        "same_best_fct": bool(values[..., 0].mean(axis=1).argmin() == full[..., 0].mean(axis=1).argmin()),
    }


def _errors(values: Reals, full: Reals) -> dict[str, float]:
    """Largest over the states, of the mean over the samples."""
    error = np.abs(values.mean(axis=1) / full.mean(axis=1) - 1.0)
    return {f"{name}_error_ratio": float(f"{error[:, place].max():.2g}") for place, name in enumerate(CLP_METRICS)}


def _paired(everything: Reals) -> dict[str, float]:
    """How many times more samples the same certainty of a difference would need without common random numbers.

    Of [states, samples, metrics]: between the first state and the last.
    """
    gained = {}
    for place, name in enumerate(CLP_METRICS):
        first, last = everything[0, :, place], everything[-1, :, place]
        paired, apart = np.var(last - first, ddof=1), np.var(first, ddof=1) + np.var(last, ddof=1)
        gained[f"{name}_samples_spared_factor"] = float(f"{apart / paired:.3g}") if paired > 0 else float("inf")
    return gained


def _re_routing(sick: Snapshot, states: list[Snapshot], seed: int) -> dict[str, float]:
    """Drawing all ways of a demand anew for a state, and only those that the state touches."""
    (demand,) = demands(sick, SHORT, seed, range(1))
    keys, before = routing_keys(demand.key, 0), fabric(sick)
    drawn = draw(before, demand.source, demand.target, keys)
    full_s, touched_s, touched = 0.0, 0.0, 0
    for state in states:
        after = fabric(state)
        started = time.perf_counter()
        whole = draw(after, demand.source, demand.target, keys)
        middle = time.perf_counter()
        ways, anew = redraw(before, after, demand.source, demand.target, keys, drawn)
        touched_s += time.perf_counter() - middle
        full_s += middle - started
        touched += int(anew.sum())
        assert np.array_equal(whole.links, ways.links), "re-routing what is touched gives what drawing all gives"
    count = demand.flow_count * len(states)
    return {
        "full_s": round(full_s, 4),
        "touched_s": round(touched_s, 4),
        "speedup": round(full_s / touched_s, 1),
        "touched_ratio": round(touched / count, 4),
    }


def _early_stop(sick: Snapshot, states: list[Snapshot], seed: int) -> tuple[dict[str, Any], Reals]:
    """A race that ends when the best is certain beside all samples of all; what its choice costs by all of them.

    And [states, samples, metrics] all of them.
    """
    estimate = _estimator(Way(rule=Rule(), sampling=SHORT), seed, sick, demands=RACE_SAMPLES // 4)
    estimate(states[:1], range(RACE_SAMPLES // 4))
    started = time.perf_counter()
    everything = np.stack([each.values for each in estimate([healed(sick), *states], range(RACE_SAMPLES))[1:]])
    middle = time.perf_counter()
    planner = Mitigate(estimate=estimate, demand_count=RACE_SAMPLES // 4)
    found = planner.rank(sick, Budget(seed=seed, rounds=RACE_SAMPLES))
    race_s = time.perf_counter() - middle
    fct_s = everything[..., 0].mean(axis=1)
    chosen = next(place for place, each in enumerate(states) if each.basis == found.best.candidate.state.basis)
    told = {
        "all_s": round(middle - started, 2),
        "race_s": round(race_s, 2),
        "speedup": round((middle - started) / race_s, 2),
        "samples": f"{found.sample_count} of {RACE_SAMPLES}",
        "spared_ratio": round(found.spared_ratio, 3),
        "fct_p99_s_penalty_ratio": float(f"{fct_s[chosen] / fct_s.min() - 1.0:.2g}"),
    }
    return told, everything


def segments_figures(sick: Snapshot, seed: int, workers: int) -> dict[str, Any]:
    """One sample of two states, whole in one process and in as many segments as there are workers."""
    states = [each.state for each in field_of(sick).allowed][:2]
    whole_s, whole = _timed(states, Way(rule=Rule(), sampling=APART), seed, sick, samples=1)
    cut = Way(rule=Rule(), sampling=APART, segment_count=workers)
    alone_s, alone = _timed(states, cut, seed, sick, samples=1)
    apart_s, apart = _timed(states, cut, seed, sick, workers, samples=1)
    return {
        "segments": workers,
        "whole_s": round(whole_s, 2),
        "in_turn_s": round(alone_s, 2),
        "apart_s": round(apart_s, 2),
        "speedup": round(whole_s / apart_s, 2),
        **_errors(apart, whole),
        "bit_identical": bool(np.array_equal(alone, apart)),
    }


def _processes(states: list[Snapshot], seed: int, running: Snapshot, workers: int) -> dict[str, Any]:
    """The same samples in one process and in several; the start of these is in the figure."""
    one_s, one = _timed(states, WAYS["fast_max_min"], seed, running)
    many_s, many = _timed(states, WAYS["fast_max_min"], seed, running, workers)
    return {
        "one_s": round(one_s, 2),
        f"{workers}_s": round(many_s, 2),
        "speedup": round(one_s / many_s, 2),
        "bit_identical": bool(np.array_equal(one, many)),
    }
