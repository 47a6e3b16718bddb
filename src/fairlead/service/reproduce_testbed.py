"""`fairlead reproduce mitigate --testbed`: repairs on real TCP in network namespaces, predicted and seen (SWARM 4.3).

One demand, pinned: the same flows start at the same times under every repair, on the testbed and in the estimator.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairlead.model import Flows, Snapshot
from fairlead.planners.mitigate import COMPARATORS, Candidate, Comparator, field_of
from fairlead.planners.mitigate.bound import healed
from fairlead.planners.mitigate.comparators import winners
from fairlead.predict.flows.clp import CLP_METRICS
from fairlead.predict.flows.demand import Sampling
from fairlead.predict.flows.estimate import Effort, FlowEstimator
from fairlead.predict.flows.transport import shipped
from fairlead.service.mitigate_cases import CONGESTION_CONTROL, broken, healthy_network
from fairlead.service.mitigate_penalties import PRIORITISED, percent
from fairlead.service.reproduce import Progress, provenance
from fairlead.worlds.fabric import Trace, performance, scenarios, trace
from fairlead.worlds.testbed.namespaces import require_testbed
from fairlead.worlds.testbed.trial import run, slower

Reals = NDArray[np.float64]

SCENARIOS = ("high C0-B0", "low C0-B0", "high C0-B0 then low B1-A2", "high C0")
"""Of the 57: a bad and a slight link, the pair of the paper's own testbed, and a bad t0."""

SLOWER = 5.0
"""Times by which the network is slowed down, so that one machine carries it; faster, the machine is the bottleneck."""

MOST_CANDIDATES = 4
ROUTINGS = 32
SAMPLING = Sampling(horizon_s=45.0, from_s=5.0, until_s=35.0)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Trial:
    """One scenario: candidates, and [candidates, metrics] of each as predicted and as observed."""

    name: str
    candidates: Sequence[Candidate]
    predicted: Reals
    spread: Reals
    observed: Reals


def reproduce_testbed(seed: int, progress: Progress) -> dict[str, Any]:
    """Each scenario's first candidates, estimated and run. MissingExtraError without root or what a testbed needs."""
    require_testbed([CONGESTION_CONTROL])
    healthy = slower(healthy_network(), SLOWER)
    demand = trace(healthy, seed, SAMPLING.until_s)
    pinned = healthy.replaced(_as_flows(demand))
    chosen = {each.name: each for each in scenarios(pinned) if each.name in SCENARIOS}
    plans = {name: field_of(broken(pinned, chosen[name])).allowed[:MOST_CANDIDATES] for name in SCENARIOS}
    steps, done = sum(len(each) for each in plans.values()) + 1, 0
    progress("healthy", done, steps)
    baseline = _observed(pinned, demand)
    trials = []
    for name, candidates in plans.items():
        observed = []
        for candidate in candidates:
            done += 1
            progress(f"{name}: {candidate.name}", done, steps)
            observed.append(_observed(candidate.state, demand))
        predicted, spread = _predicted(candidates, seed)
        trials.append(
            Trial(name=name, candidates=candidates, predicted=predicted, spread=spread, observed=np.stack(observed))
        )
    estimated = _predicted([Candidate(name="none", edits=(), state=healed(pinned))], seed)[0][0]
    return {
        "scenarios": {each.name: _row(each, estimated, baseline) for each in trials},
        "healthy": {"predicted": _named(estimated), "observed": _named(baseline)},
        "effort": {
            "slower_factor": SLOWER,
            "flows": len(demand.start_s),
            "measured_s": [SAMPLING.from_s, SAMPLING.until_s],
            "routings": ROUTINGS,
        },
        "run": provenance(seed),
    }


def _as_flows(demand: Trace) -> Flows:
    return Flows.of(
        start_s=demand.start_s.copy(),
        source=demand.source.copy(),
        target=demand.target.copy(),
        size_bytes=np.maximum(demand.size_bytes, 1.0),
    )


def _observed(state: Snapshot, demand: Trace) -> Reals:
    outcome = run(state, demand, SAMPLING.horizon_s, CONGESTION_CONTROL)
    found = asdict(performance(outcome, demand, SAMPLING.from_s, SAMPLING.until_s))
    return np.array([found[name] for name in CLP_METRICS])


def _predicted(candidates: Sequence[Candidate], seed: int) -> tuple[Reals, Reals]:
    """[candidates, metrics] mean and standard deviation over draws of the routing."""
    estimate = FlowEstimator(
        effort=Effort(demand_count=1, sampling=SAMPLING),
        transport=shipped(),
        congestion_control=CONGESTION_CONTROL,
        seed=seed,
    )
    found = np.stack([each.values for each in estimate([each.state for each in candidates], range(ROUTINGS))])
    return found.mean(axis=1), found.std(axis=1)


def _row(trial: Trial, predicted_healthy: Reals, observed_healthy: Reals) -> dict[str, Any]:
    candidates = {
        each.name: {
            "predicted": _named(trial.predicted[place]),
            "predicted_deviation": _named(trial.spread[place]),
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
