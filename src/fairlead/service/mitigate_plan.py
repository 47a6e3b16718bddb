"""``fairlead mitigate plan``: a NETWORK folder in, ranked repairs out. Nothing is touched."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from fairlead.checks.gate import Verdict, refused
from fairlead.checks.mitigate_gate import MitigateLimits, mitigate_verdict
from fairlead.checks.mitigate_promises import promise_violations
from fairlead.model import Budget, Plan, Snapshot, UsageError
from fairlead.planners.mitigate import Mitigate, Ranking
from fairlead.planners.mitigate.decision import Flip, sensitivity
from fairlead.predict.flows.estimate import Effort, FlowEstimator, demand_count
from fairlead.predict.flows.transport import Transport, read, shipped
from fairlead.service.executor import Workers
from fairlead.service.mitigate_answer import MitigateAnswer
from fairlead.service.mitigate_effort import Looked, Stated, looked
from fairlead.service.wiring import MITIGATE_COMPARATORS, MITIGATE_RIVALS
from fairlead.telemetry import read_fabric

Progress = Callable[[str, int, int], None]
CHECK_SAMPLES = 16
"""Samples with which the gate estimates a plan anew."""

WHAT_IF_CANDIDATES, WHAT_IF_SAMPLES = 5, 8
"""Of the ranking, how many are looked at under other inputs, and on how many samples at most."""

WHAT_IF_FLOWS = 80_000
"""Large samples know their percentiles well: no more of them than have so many flows, but two."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MitigateRequest:
    """What the command line asks for.

    stated    : how closely to look
    transport : folder of the operator's own tables; None: those shipped
    what_if   : also search for what would change the decision
    strict    : RefusedError where a safety rule would refuse the plan
    """

    network: Path
    comparator: str
    congestion_control: str
    method: str
    stated: Stated
    transport: Path | None
    what_if: bool
    workers: Workers
    seed: int
    seconds: float
    strict: bool


def answered(request: MitigateRequest, progress: Progress) -> MitigateAnswer:
    """Reads, ranks, judges. ``progress`` is told of every sample."""
    progress("reading the network", 0, 0)
    snapshot = read_fabric(request.network)
    view = looked(request.stated, snapshot)
    estimate = estimator(request, snapshot, view.effort, progress)
    budget = Budget(seed=request.seed, rounds=view.sample_count, seconds=request.seconds)
    if request.method == "fairlead":
        planner = Mitigate(
            estimate=estimate,
            demand_count=demand_count(snapshot, estimate.effort),
            comparator=MITIGATE_COMPARATORS[request.comparator],
            confidence=request.stated.confidence_ratio,
            clock=time.monotonic,
        )
        plan, ranking, _ = planner.decision(snapshot, planner.begin(), budget)
    else:
        rival = MITIGATE_RIVALS[request.method]
        plan, ranking = rival.plan(snapshot, None, budget)[0], None
    progress("checking", 0, 0)
    found = judged(snapshot, plan, estimate)
    if request.strict and not found.allowed:
        raise refused(found)
    flips: tuple[Flip, ...] = ()
    if request.what_if and ranking is not None:
        progress("what would change the decision", 0, 0)
        flips = _flips(snapshot, plan, ranking, estimate, request.comparator, what_if_count(view))
    return MitigateAnswer(
        snapshot=snapshot,
        plan=plan,
        ranking=ranking,
        flips=flips,
        verdict=found,
        looked=None if ranking is None else view,
    )


def estimator(request: MitigateRequest, snapshot: Snapshot, effort: Effort, progress: Progress) -> FlowEstimator:
    """The estimator that the request asks for; ``snapshot`` is the network as it is.

    UsageError for a congestion control that the tables do not have.
    """
    tables: Transport = shipped() if request.transport is None else read(request.transport)
    if request.congestion_control not in tables.congestion_controls:
        raise UsageError(
            code="mitigate.congestion_control",
            what="the tables do not know this congestion control",
            where="--congestion-control",
            got=request.congestion_control,
            expected=", ".join(tables.congestion_controls),
        )
    watched = partial(request.workers.map, progress=partial(progress, "sampling demands and routings"))
    return FlowEstimator(
        effort=effort,
        transport=tables,
        congestion_control=request.congestion_control,
        seed=request.seed,
        mapper=watched,
        running=snapshot,
    )


def _flips(
    snapshot: Snapshot,
    plan: Plan,
    ranking: Ranking,
    estimate: FlowEstimator,
    comparator: str,
    sample_count: int,
) -> tuple[Flip, ...]:
    """Who would win were drop ratios or traffic otherwise, among the first of the ranking."""
    rows = [row.candidate for row in ranking.rows]
    chosen = next(place for place, each in enumerate(rows) if each.edits == plan.edits)
    first = [rows[chosen], *(each for place, each in enumerate(rows) if place != chosen)][:WHAT_IF_CANDIDATES]
    count = demand_count(snapshot, estimate.effort)
    return sensitivity(estimate, snapshot, first, MITIGATE_COMPARATORS[comparator], range(sample_count), count)


def what_if_count(view: Looked) -> int:
    """Samples under each other input."""
    few = max(2, round(WHAT_IF_FLOWS / max(view.flow_count, 1.0)))
    return min(view.sample_count, WHAT_IF_SAMPLES, few)


def judged(snapshot: Snapshot, plan: Plan, estimate: FlowEstimator) -> Verdict:
    """What the gate says: its rules first, then the plan's promises on samples that the planner has not seen."""
    limits = MitigateLimits()
    found = mitigate_verdict(snapshot, plan, limits)
    if found.violations or not plan.effects:
        return found
    other = with_other_luck(estimate)
    broken = promise_violations(snapshot, plan, limits.slack_ratio, other, range(CHECK_SAMPLES))
    return Verdict(violations=broken, notes=found.notes)


def with_other_luck(estimate: FlowEstimator) -> FlowEstimator:
    """The same estimator on other demands and routings: the planner's own would only say again what it said."""
    return replace(estimate, seed=estimate.seed + 1)
