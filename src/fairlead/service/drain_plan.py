"""``fairlead drain plan``: a NETWORK folder in, a plan and the guard's opinion of it out. Nothing is touched."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from fairlead.checks.gate import Verdict, verdict
from fairlead.checks.limits import Limits
from fairlead.model import Budget, Plan, Planner, Snapshot, UsageError, plan_as_json
from fairlead.model.ledger import Ledger
from fairlead.planners.drain import Drain, DrainMemory, Goal
from fairlead.planners.drain.peers.rival import Rival
from fairlead.planners.drain.peers.sentry import ByScore
from fairlead.planners.drain.persistence import Learned
from fairlead.planners.drain.scores import sentry_scores
from fairlead.planners.drain.weights import model_in
from fairlead.service.plain import plain
from fairlead.service.settings import drain_settings
from fairlead.service.wiring import DRAIN_METHODS
from fairlead.telemetry import read_network

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What the command line asks for; None where a setting decides.

    confidence : how sure a plan that leaves failures alone must be
    restore    : ``owned`` or ``any``: which offline servers may come back
    model      : folder of weights, instead of those that ship
    now        : UTC time or seconds, to judge freshness by; empty: freshness is not judged
    """

    network: Path
    method: str
    slo: float | None
    fleet_cap: float | None
    region_floor: float | None
    confidence: float
    seed: int
    rounds: int
    seconds: float
    restore: str
    model: Path | None
    now: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Answer:
    """The plan, what it was made from, and what the guard would say if it were to be applied."""

    snapshot: Snapshot
    plan: Plan
    verdict: Verdict
    goal: Goal
    limits: Limits


def answered(request: Request, say: Say) -> Answer:
    """Reads, plans and judges. ``say`` is told what begins."""
    settings = drain_settings(
        {"slo": request.slo, "fleet_cap": request.fleet_cap, "region_floor": request.region_floor}, request.network
    )
    goal = Goal(
        slo_ratio=settings.slo,
        fleet_cap_ratio=settings.fleet_cap,
        region_floor_ratio=settings.region_floor,
        confidence_ratio=request.confidence,
    )
    now_s = _seconds(request.now)
    planner = planner_of(request.method, goal, request.model)
    say("reading the network")
    snapshot = read_network(request.network)
    say("planning")
    memory = planner.begin()
    if isinstance(memory, DrainMemory):
        memory = replace(memory, adopts=request.restore)
    budget = Budget(seed=request.seed, rounds=request.rounds, seconds=request.seconds)
    plan, _ = planner.plan(snapshot, memory, budget)
    say("checking")
    limits = limits_of(goal)
    found = verdict(snapshot, plan, limits, Ledger(), now_s)
    return Answer(snapshot=snapshot, plan=plan, verdict=found, goal=goal, limits=limits)


def planner_of(method: str, goal: Goal, model: Path | None) -> Planner[Any]:
    """The planner or rival of this name, with other weights than those that ship where ``model`` says so."""
    if model is None:
        return DRAIN_METHODS[method](goal)
    match method:
        case "fairlead":
            return Drain(goal=goal, forecaster=Learned(model_in(model, "persistence")))
        case "sentry":
            scores = partial(sentry_scores, model=model_in(model, "sentry"))
            return Rival(name="sentry", choose=ByScore(scores=scores), goal=goal)
    raise UsageError(
        code="usage.no_model",
        what=f"method {method} has no weights",
        where="--model",
        expected="--method fairlead or sentry",
    )


def limits_of(goal: Goal) -> Limits:
    """The guard's limits for the caps that were asked for; whoever lifts a cap lifts the hourly rate under it."""
    default = Limits()
    return Limits(
        fleet_cap_ratio=goal.fleet_cap_ratio,
        region_floor_ratio=goal.region_floor_ratio,
        headroom_ratio=goal.headroom_ratio,
        drains_per_hour_ratio=max(default.drains_per_hour_ratio, goal.fleet_cap_ratio),
        region_drains_per_hour_ratio=max(default.region_drains_per_hour_ratio, 1.0 - goal.region_floor_ratio),
    )


def as_json(answer: Answer) -> dict[str, Any]:
    """The plan in its fixed form, and ``safety``: would the guard let it be applied."""
    return plan_as_json(answer.plan, answer.snapshot) | {"safety": verdict_as_json(answer.verdict, answer.limits)}


def verdict_as_json(found: Verdict, limits: Limits) -> dict[str, Any]:
    """Rules with their numbers, notes on what could not be judged, and the limits they were held against."""
    shown: dict[str, Any] = plain({"allowed": found.allowed, "violations": found.violations, "notes": found.notes})
    return shown | {"limits": plain(limits)}


def _seconds(now: str) -> float:
    if not now:
        return math.nan
    try:
        return float(now)
    except ValueError:
        pass
    try:
        moment = datetime.fromisoformat(now)
    except ValueError:
        raise UsageError(
            code="usage.time",
            what="the time cannot be read",
            where="--now",
            got=now,
            expected="seconds, or a UTC time such as 2026-03-01T12:00:30Z",
        ) from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
