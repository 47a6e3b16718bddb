"""``fairlead mitigate plan``: a NETWORK folder in, ranked repairs out. Nothing is touched."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from fairlead.checks.gate import Verdict, refused
from fairlead.checks.mitigate_gate import MitigateLimits, mitigate_verdict
from fairlead.checks.mitigate_promises import promise_violations
from fairlead.model import Budget, FabricLinks, Nodes, Plan, Snapshot, UsageError, plan_as_json
from fairlead.planners.mitigate import Mitigate, Ranking, ranking_as_json
from fairlead.planners.mitigate.decision import Flip, nearest_flips, runner_up, sensitivity
from fairlead.planners.mitigate.words import told
from fairlead.predict.flows.estimate import Effort, FlowEstimator, demand_count
from fairlead.predict.flows.transport import Transport, read, shipped
from fairlead.service.executor import Workers
from fairlead.service.mitigate_effort import Looked, Stated, looked
from fairlead.service.mitigate_effort import as_json as looked_as_json
from fairlead.service.plain import plain
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


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MitigateAnswer:
    """The plan, the snapshot that it was made from, and what the guard says; of a rival there is no ranking.

    looked : how closely the estimator looked; None: not at all
    """

    snapshot: Snapshot
    plan: Plan
    ranking: Ranking | None
    flips: tuple[Flip, ...]
    verdict: Verdict
    looked: Looked | None = None


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


def as_json(answer: MitigateAnswer) -> dict[str, Any]:
    """The plan, the ranking behind it, what would change the decision, and what the guard says."""
    said = plan_as_json(answer.plan, answer.snapshot)
    for edit, shown in zip(answer.plan.edits, said["edits"], strict=True):
        if edit.table == FabricLinks.name:  # a link is known by both ends
            shown["ends"] = _ends(answer.snapshot, edit.rows.tolist())
    return {
        **said,
        "steps": list(told(answer.snapshot, answer.plan.edits)),
        "ranking": [] if answer.ranking is None else ranking_as_json(answer.ranking),
        "runner_up": _runner_up(answer.ranking),
        "looked_at": _looked_at(answer),
        "what_would_change": [plain(asdict(flip)) for flip in nearest_flips(answer.flips)],
        "network": {
            "nodes_count": answer.snapshot[Nodes].row_count,
            "links_count": answer.snapshot[FabricLinks].row_count,
        },
        "verdict": {
            "allowed": answer.verdict.allowed,
            "violations": [str(each) for each in answer.verdict.violations],
            "notes": [str(each) for each in answer.verdict.notes],
        },
    }


def _looked_at(answer: MitigateAnswer) -> dict[str, Any] | None:
    """How closely; the samples are those of the repairs that stayed to the end."""
    if answer.looked is None or answer.ranking is None:
        return None
    return looked_as_json(answer.looked, answer.ranking.confidence, answer.ranking.sample_count)


def _ends(snapshot: Snapshot, rows: list[int]) -> list[list[str]]:
    """Names of source and target of links."""
    links, node = snapshot[FabricLinks], snapshot[Nodes].node
    return [[str(node[links.source[row]]), str(node[links.target[row]])] for row in rows]


def _runner_up(ranking: Ranking | None) -> dict[str, Any] | None:
    second = None if ranking is None else runner_up(ranking)
    found: dict[str, Any] | None = None if second is None else plain(asdict(second))
    return found
