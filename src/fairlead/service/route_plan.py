"""``fairlead route plan``: a NETWORK folder in, weighted path sets for every session group out. Nothing is touched."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from fairlead.checks.gate import Verdict, refused
from fairlead.checks.route_gate import RouteLimits, route_verdict
from fairlead.model import (
    Budget,
    Demands,
    Groups,
    Paths,
    Plan,
    ServiceClasses,
    Sites,
    Snapshot,
    UsageError,
    apply_edits,
    plan_as_json,
)
from fairlead.planners.route import RouteGoal, prepared
from fairlead.planners.route.answer_build import route_tables
from fairlead.planners.route.groups import session_groups
from fairlead.service.executor import Workers
from fairlead.service.plain import plain
from fairlead.service.route_files import Form, write_routes
from fairlead.service.route_previous import with_written
from fairlead.service.route_store import publish, ready
from fairlead.service.wiring import ROUTE_METHODS
from fairlead.telemetry import read_routing
from fairlead.telemetry.written_routes import read_routes

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteRequest:
    """What the command line asks for.

    out       : folder for ``routes``; None: nothing is written
    store     : folder of generations for route servers; None: nothing is published
    previous  : folder of the ``routes`` that are in use now; None: none are
    form      : of the file; None: that of the network's own ``links``
    strict    : RefusedError, and nothing written, where a safety rule would refuse the plan
    all_pairs : plan every pair of user groups in every class, whether the network demands it or not
    """

    network: Path
    method: str
    goal: RouteGoal
    out: Path | None
    store: Path | None
    previous: Path | None
    form: Form | None
    all_pairs: bool
    seed: int
    seconds: float
    workers: Workers
    strict: bool


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RouteAnswer:
    """The plan, the snapshot that it was made from and the one that it leads to, and what the guard says of it."""

    snapshot: Snapshot
    planned: Snapshot
    plan: Plan
    verdict: Verdict
    written: Path | None
    generation: str


def answered(request: RouteRequest, say: Say) -> RouteAnswer:
    """Reads, plans, judges, writes. ``say`` is told what begins.

    Where the routes or the store cannot be written neither is, but for a disk that fails in between.
    """
    _apart(request)
    say("reading the network")
    network = read_routing(request.network)
    if request.all_pairs or not network[Demands].row_count:
        network = with_all_pairs(network)
    say("finding backbone paths")
    snapshot = prepared(network, request.goal)
    if request.previous is not None:
        snapshot = with_written(snapshot, read_routes(request.previous))
    say("planning")
    planner = ROUTE_METHODS[request.method](request.goal, request.workers)
    budget = Budget(seed=request.seed, seconds=request.seconds)
    plan, _ = planner.plan(snapshot, planner.begin(), budget)
    say("checking")
    found = route_verdict(snapshot, plan, RouteLimits(headroom_ratio=request.goal.headroom_ratio))
    if request.strict and not found.allowed:
        raise refused(found)
    planned = apply_edits(snapshot, plan.edits)
    say("writing")
    if request.store is not None:
        ready(request.store)
    written = None
    if request.out is not None:
        form = request.form or ("csv" if (request.network / "links.csv").exists() else "parquet")
        written = write_routes(planned, request.out, form)
    generation = ""
    if request.store is not None:
        generation = publish(request.store, route_tables(planned)).name
    return RouteAnswer(
        snapshot=snapshot, planned=planned, plan=plan, verdict=found, written=written, generation=generation
    )


def _apart(request: RouteRequest) -> None:
    """UsageError where an answer would be written into the question: NETWORK holds its own tables and no others."""
    for option, folder in (("--out", request.out), ("--store", request.store)):
        if folder is not None and folder.resolve() == request.network.resolve():
            raise UsageError(
                code="route.into_network",
                what="the answer does not belong into the folder of the network, which could then not be read again",
                where=option,
                got=str(folder),
                expected="another folder",
            )


def with_all_pairs(network: Snapshot) -> Snapshot:
    """Session groups for every ordered pair of user groups and every class; demands that are known are kept.

    UsageError where that would be more than 50 million.
    """
    groups, classes = network[Groups].row_count, network[ServiceClasses].row_count
    count = groups * groups * classes
    if count > MOST_SESSION_GROUPS:
        raise UsageError(
            code="route.too_many_pairs",
            what="all pairs of user groups are too many",
            got=f"{groups:,} groups x {groups:,} groups x {classes} classes = {count:,}",
            expected=f"at most {MOST_SESSION_GROUPS:,}",
            hint="list the session groups in the table demands",
        )
    known, every = network[Demands], session_groups(groups, classes)
    demand = every.demand_mbps.copy()
    demand[(known.source_group.astype(np.int64) * groups + known.target_group) * classes + known.service_class] = (
        known.demand_mbps
    )
    return network.replaced(every.with_column("demand_mbps", demand))


MOST_SESSION_GROUPS = 50_000_000


def as_json(answer: RouteAnswer) -> dict[str, Any]:
    """The plan without its cells, which are in the file, and how large the network is."""
    plan = plan_as_json(
        Plan(
            planner=answer.plan.planner,
            basis=answer.plan.basis,
            status=answer.plan.status,
            edits=(),
            effects=answer.plan.effects,
            bound=answer.plan.bound,
            reasons=answer.plan.reasons,
            replayable=answer.plan.replayable,
        ),
        answer.snapshot,
    )
    plan["edits"] = [
        {"action": edit.action, "table": edit.table, "column": edit.column, "cells_count": edit.cell_count}
        for edit in answer.plan.edits
    ]
    return {
        **plan,
        "network": {
            "sites_count": answer.snapshot[Sites].row_count,
            "groups_count": answer.snapshot[Groups].row_count,
            "session_groups_count": answer.snapshot[Demands].row_count,
            "backbone_paths_count": answer.snapshot[Paths].row_count - 1,
        },
        "verdict": plain(
            {"allowed": answer.verdict.allowed, "violations": [str(each) for each in answer.verdict.violations]}
        ),
        "routes": str(answer.written) if answer.written else None,
        "generation": answer.generation or None,
    }
