"""`fairlead reproduce mitigate --testbed`: repairs on real TCP in network namespaces, predicted and seen (SWARM 4.3).

One demand, pinned: the same flows start at the same times under every repair, on the testbed and in the estimator.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairlead.planners.mitigate import COMPARATORS, Candidate, Comparator, field_of
from fairlead.planners.mitigate.bound import healed
from fairlead.planners.mitigate.comparators import winners
from fairlead.predict.flows.clp import CLP_METRICS
from fairlead.service.mitigate_cases import CONGESTION_CONTROL, broken, healthy_network
from fairlead.service.mitigate_penalties import PRIORITISED, percent
from fairlead.service.reproduce import Progress, provenance
from fairlead.service.testbed_views import (
    ROUTINGS,
    SAMPLING,
    as_flows,
    observed_metrics,
    predicted_metrics,
    simulated_metrics,
)
from fairlead.worlds.fabric import Trace, scenarios, trace
from fairlead.worlds.testbed.namespaces import require_testbed
from fairlead.worlds.testbed.trial import slower

Reals = NDArray[np.float64]

SCENARIOS = ("high C0-B0", "low C0-B0", "high C0-B0 then low B1-A2", "high C0")
"""Of the 57: a bad and a slight link, the pair of the paper's own testbed, and a bad t0."""

SLOWER = 5.0
"""Times by which the network is slowed down, so that one machine carries it; faster, the machine is the bottleneck."""

MOST_CANDIDATES = 4


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Trial:
    """One scenario: candidates, and [candidates, metrics] of each as predicted, as simulated and as observed."""

    name: str
    candidates: Sequence[Candidate]
    predicted: Reals
    spread: Reals
    simulated: Reals
    observed: Reals


def reproduce_testbed(seed: int, progress: Progress) -> dict[str, Any]:
    """Each scenario's first candidates, estimated and run. MissingExtraError without root or what a testbed needs."""
    require_testbed([CONGESTION_CONTROL])
    healthy = slower(healthy_network(), SLOWER)
    demand = trace(healthy, seed, SAMPLING.until_s)
    pinned = healthy.replaced(as_flows(demand))
    chosen = {each.name: each for each in scenarios(pinned) if each.name in SCENARIOS}
    plans = {name: field_of(broken(pinned, chosen[name])).allowed[:MOST_CANDIDATES] for name in SCENARIOS}
    steps, done = sum(len(each) for each in plans.values()) + 1, 0
    progress("healthy", done, steps)
    baseline = observed_metrics(pinned, demand)
    trials = []
    for name, candidates in plans.items():
        observed = []
        for candidate in candidates:
            done += 1
            progress(f"{name}: {candidate.name}", done, steps)
            observed.append(observed_metrics(candidate.state, demand))
        trials.append(_trial(name, candidates, demand, seed, np.stack(observed)))
    estimated = predicted_metrics([healed(pinned)], seed)[0][0]
    healthy_views = {
        "predicted": _named(estimated),
        "simulated": _named(simulated_metrics([pinned], demand)[0]),
        "observed": _named(baseline),
    }
    return {
        "scenarios": {each.name: _row(each, estimated, baseline) for each in trials},
        "healthy": healthy_views,
        "effort": _effort(demand),
        "run": provenance(seed),
    }


def _trial(name: str, candidates: Sequence[Candidate], demand: Trace, seed: int, observed: Reals) -> Trial:
    states = [each.state for each in candidates]
    predicted, spread = predicted_metrics(states, seed)
    return Trial(
        name=name,
        candidates=candidates,
        predicted=predicted,
        spread=spread,
        simulated=simulated_metrics(states, demand),
        observed=observed,
    )


def _effort(demand: Trace) -> dict[str, Any]:
    return {
        "slower_factor": SLOWER,
        "flows": len(demand.start_s),
        "measured_s": [SAMPLING.from_s, SAMPLING.until_s],
        "routings": ROUTINGS,
    }


def _row(trial: Trial, predicted_healthy: Reals, observed_healthy: Reals) -> dict[str, Any]:
    candidates = {
        each.name: {
            "predicted": _named(trial.predicted[place]),
            "predicted_deviation": _named(trial.spread[place]),
            "simulated": _named(trial.simulated[place]),
            "observed": _named(trial.observed[place]),
        }
        for place, each in enumerate(trial.candidates)
    }
    decisions = {judge.name: _decision(trial, judge, predicted_healthy, observed_healthy) for judge in COMPARATORS}
    return {"candidates": candidates, "decisions": decisions}


def _decision(trial: Trial, judge: Comparator, predicted_healthy: Reals, observed_healthy: Reals) -> dict[str, Any]:
    """What each would choose, and what the prediction's choice costs on the testbed."""
    by_prediction = judge.against(predicted_healthy)
    by_observation = judge.against(observed_healthy)
    chosen = int(winners(by_prediction.costs(trial.predicted), by_prediction.ties))
    best = int(winners(by_observation.costs(trial.observed), by_observation.ties))
    worst = int(by_observation.costs(trial.observed)[:, 0].argmax())
    penalty = percent(trial.observed[chosen], trial.observed[best], by_observation)
    return {
        "predicted_order": _order(trial, by_prediction.costs(trial.predicted)),
        "observed_order": _order(trial, by_observation.costs(trial.observed)),
        "predicted_best": trial.candidates[chosen].name,
        "observed_best": trial.candidates[best].name,
        "penalty_percent": round(penalty[PRIORITISED], 2),
        "worst_penalty_percent": round(
            percent(trial.observed[worst], trial.observed[best], by_observation)[PRIORITISED], 2
        ),
    }


def _order(trial: Trial, costs: Reals) -> list[str]:
    return [trial.candidates[place].name for place in np.argsort(costs[:, 0], kind="stable").tolist()]


def _named(values: Reals) -> Mapping[str, float]:
    return {name: float(f"{value:.4g}") for name, value in zip(CLP_METRICS, values.tolist(), strict=True)}
