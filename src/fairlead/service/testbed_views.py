"""Three views of what connections see in a state: on real TCP, by the reference simulator, by the estimator."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

import numpy as np
from numpy.typing import NDArray

from fairlead.model import Flows, Snapshot
from fairlead.predict.flows.clp import CLP_METRICS
from fairlead.predict.flows.demand import Sampling
from fairlead.predict.flows.estimate import Effort, FlowEstimator
from fairlead.predict.flows.transport import shipped
from fairlead.service.mitigate_cases import CONGESTION_CONTROL
from fairlead.worlds.fabric import Outcome, Trace, performance, simulate
from fairlead.worlds.testbed.trial import run

Reals = NDArray[np.float64]

SAMPLING = Sampling(horizon_s=45.0, from_s=5.0, until_s=35.0)
ROUTINGS, SIMULATED_ROUTINGS = 32, 6


def as_flows(demand: Trace) -> Flows:
    """The same flows, pinned in a network's tables."""
    return Flows.of(
        start_s=demand.start_s.copy(),
        source=demand.source.copy(),
        target=demand.target.copy(),
        size_bytes=np.maximum(demand.size_bytes, 1.0),
    )


def observed_metrics(state: Snapshot, demand: Trace) -> Reals:
    """[metrics] of one run in namespaces, in real time."""
    return _metrics(run(state, demand, SAMPLING.horizon_s, CONGESTION_CONTROL), demand)


def simulated_metrics(states: Sequence[Snapshot], demand: Trace) -> Reals:
    """[states, metrics] mean over draws of the routing."""
    runs = [
        [
            _metrics(simulate(state, demand, SAMPLING.horizon_s, seed, CONGESTION_CONTROL), demand)
            for seed in range(SIMULATED_ROUTINGS)
        ]
        for state in states
    ]
    return np.asarray(np.array(runs).mean(axis=1))


def predicted_metrics(states: Sequence[Snapshot], seed: int) -> tuple[Reals, Reals]:
    """[states, metrics] mean and standard deviation over draws of the routing; the demand is pinned in the states."""
    estimate = FlowEstimator(
        effort=Effort(demand_count=1, sampling=SAMPLING),
        transport=shipped(),
        congestion_control=CONGESTION_CONTROL,
        seed=seed,
    )
    found = np.stack([each.values for each in estimate(list(states), range(ROUTINGS))])
    return found.mean(axis=1), found.std(axis=1)


def _metrics(outcome: Outcome, demand: Trace) -> Reals:
    found = asdict(performance(outcome, demand, SAMPLING.from_s, SAMPLING.until_s))
    return np.array([found[name] for name in CLP_METRICS])
