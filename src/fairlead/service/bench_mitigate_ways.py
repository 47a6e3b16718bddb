"""What each way of scaling gains and costs, one at a time and then together (SWARM 3.4, Figure 11)."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairlead.model import Snapshot
from fairlead.planners.mitigate import field_of
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
SAMPLES = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """How the estimator works: rates, epochs, what is sampled, parts."""

    rule: Rule = EXACT
    sampling: Sampling = LONG
    part_count: int = 1


WAYS: Mapping[str, Way] = MappingProxyType(
    {
        "full": Way(),
        "fast_max_min": Way(rule=replace(EXACT, bits=4)),
        "fewer_epochs": Way(rule=Rule(bits=53)),
        "shorter_warm_up": Way(sampling=SHORT),
        "down_scaling_4": Way(part_count=4),
        "all": Way(rule=Rule(), sampling=SHORT, part_count=4),
    }
)


def ways_figures(sick: Snapshot, seed: int, workers: int) -> dict[str, Any]:
    """Seconds, speed-up and relative error of the metrics for each way; then what needs no error at all."""
    states = [each.state for each in field_of(sick).allowed]
    found = {name: _timed(states, way, seed) for name, way in WAYS.items()}
    full_s, full = found["full"]
    rows = {name: _row(seconds, values, full_s, full) for name, (seconds, values) in found.items()}
    return {
        "ways": rows,
        "common_random_numbers": _paired(full),
        "incremental_re_routing": _re_routing(sick, states, seed),
        "processes": _processes(states, seed, workers),
    }


def _timed(states: list[Snapshot], way: Way, seed: int, workers: int = 1) -> tuple[float, Reals]:
    """Seconds, and [states, samples, metrics]. One state goes first, so that all is compiled and drawn."""
    estimate = FlowEstimator(
        effort=Effort(demand_count=SAMPLES, sampling=way.sampling, part_count=way.part_count, rule=way.rule),
        transport=shipped(),
        congestion_control="cubic",
        seed=seed,
        mapper=Workers(count=workers).map,
    )
    estimate(states[:1], range(SAMPLES))
    started = time.perf_counter()
    found = estimate(states, range(SAMPLES))
    return time.perf_counter() - started, np.stack([each.values for each in found])


def _row(seconds: float, values: Reals, full_s: float, full: Reals) -> dict[str, Any]:
    error = np.abs(values.mean(axis=1) / full.mean(axis=1) - 1.0)
    return {
        "seconds": round(seconds, 3),
        "speedup": round(full_s / seconds, 1),
        **{f"{name}_error_ratio": float(f"{error[:, place].max():.2g}") for place, name in enumerate(CLP_METRICS)},
        "same_best_fct": bool(values[..., 0].mean(axis=1).argmin() == full[..., 0].mean(axis=1).argmin()),
    }


def _paired(full: Reals) -> dict[str, float]:
    """How many times more samples the same certainty of a difference would need without common random numbers."""
    gained = {}
    for place, name in enumerate(CLP_METRICS):
        first, last = full[0, :, place], full[-1, :, place]
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


def _processes(states: list[Snapshot], seed: int, workers: int) -> dict[str, Any]:
    """The same samples in one process and in several; the start of these is in the figure."""
    one_s, one = _timed(states, WAYS["full"], seed)
    many_s, many = _timed(states, WAYS["full"], seed, workers)
    return {
        "one_s": round(one_s, 2),
        f"{workers}_s": round(many_s, 2),
        "speedup": round(one_s / many_s, 2),
        "bit_identical": bool(np.array_equal(one, many)),
    }
