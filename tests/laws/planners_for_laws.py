"""An honest planner, slow and exact, and others that each break a law."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import combinations
from typing import Any, ClassVar

import numpy as np
from worlds_for_laws import LIMITS, SLO_RATIO

from fairlead.checks.limits import UNLIMITED, Limits
from fairlead.model import (
    Bound,
    BoundKind,
    Budget,
    Edit,
    Effect,
    Plan,
    Reason,
    Servers,
    ServerWindows,
    Snapshot,
    Status,
    Streams,
    Table,
    Windows,
    apply_edits,
)
from fairlead.predict.metrics import METRICS
from fairlead.predict.overlay import qoe_costs

Rows = tuple[int, ...]


def drains(rows: Rows) -> tuple[Edit, ...]:
    return tuple(
        Edit(action="drain", table="servers", column="online", rows=np.array([row]), after=np.array([False]))
        for row in rows
    )


def without(snapshot: Snapshot, rows: Rows) -> np.ndarray:
    online = snapshot[Servers].online.copy()
    online[list(rows)] = False
    return online


def keeps_limits(snapshot: Snapshot, rows: Rows, limits: Limits) -> bool:
    """Counted by hand, region by region."""
    online, regions = without(snapshot, rows), snapshot[Servers].region
    reports = snapshot[ServerWindows]
    if rows and (~online).sum() > limits.fleet_cap_ratio * len(online) + 1e-9:
        return False
    for name in {str(regions[row]) for row in rows}:
        members = regions == name
        if online[members].sum() < limits.region_floor_ratio * members.sum() - 1e-9:
            return False
        users = reports.active_users_count[(reports.window == 2) & members[reports.server]].sum()
        carried = snapshot[Servers].capacity_mbps[members & online].sum()  # NaN compares false
        if np.isfinite(limits.headroom_ratio) and 2.0 * users > limits.headroom_ratio * carried + 1e-6:
            return False
    return True


def meets(snapshot: Snapshot, rows: Rows) -> bool:
    """Stream by stream, over the demand of all of them."""
    online, streams = without(snapshot, rows), snapshot[Streams]
    newest = streams.window == 2
    alive = newest & online[streams.source] & online[streams.target]
    failed = int(streams.failed_count[alive].sum())
    demand = int(streams.failed_count[newest].sum() + streams.succeeded_count[newest].sum())
    return demand > 0 and 1.0 - failed / demand >= SLO_RATIO


@cache  # keyed by content: the laws ask for the same worlds again and again
def cheapest(snapshot: Snapshot, limits: Limits) -> tuple[Status, Rows]:
    """Tries every set of servers with failed streams, one after another."""
    if meets(snapshot, ()):
        return Status.NOTHING_TO_DO, ()
    streams, online = snapshot[Streams], snapshot[Servers].online
    sick = (streams.window == 2) & (streams.failed_count > 0) & online[streams.source] & online[streams.target]
    candidates = sorted({*streams.source[sick].tolist(), *streams.target[sick].tolist()})
    cost = qoe_costs(snapshot)
    good = [
        (math.fsum(cost[list(rows)]), rows)
        for size in range(len(candidates) + 1)
        for rows in combinations(candidates, size)
        if meets(snapshot, rows) and keeps_limits(snapshot, rows, limits)
    ]
    return (Status.SOLVED, min(good)[1]) if good else (Status.OUT_OF_REACH, ())


def plan_of(snapshot: Snapshot, status: Status, rows: Rows, kind: BoundKind = BoundKind.EXACT) -> Plan:
    edits = drains(rows)
    edited = apply_edits(snapshot, edits)
    cost = METRICS["qoe_cost"](edited) - METRICS["qoe_cost"](snapshot)
    return Plan(
        planner="test/1",
        basis=snapshot.basis,
        status=status,
        edits=edits,
        effects=tuple(Effect(metric=name, before=of(snapshot), after=of(edited)) for name, of in METRICS.items()),
        bound=Bound(cost=cost, best=math.nan if kind is BoundKind.NONE else cost, kind=kind),
    )


@dataclass(frozen=True, kw_only=True)
class Honest:
    """Exact by trying everything; ``spoil`` turns its plan into what a liar would say."""

    name: str = "honest"
    limits: Limits = LIMITS
    spoil: Callable[[Plan, Snapshot], Plan] = field(default=lambda plan, _: plan)
    needs: ClassVar[tuple[type[Table], ...]] = (Servers, Windows, Streams, ServerWindows)

    def begin(self) -> list[int]:
        return []

    def plan(self, snapshot: Snapshot, memory: list[int], budget: Budget) -> tuple[Plan, Any]:
        plan = plan_of(snapshot, *cheapest(snapshot, self.limits))
        return self.spoil(plan, snapshot), memory


class Peeker(Honest):
    """Looks at users without saying so."""

    needs: ClassVar[tuple[type[Table], ...]] = (Servers, Windows, Streams)


class Moody(Honest):
    """Remembers in what it was lent, so that asking twice is not asking once."""

    def plan(self, snapshot: Snapshot, memory: list[int], budget: Budget) -> tuple[Plan, Any]:
        plan, _ = super().plan(snapshot, memory, budget)
        memory.append(1)
        return replace(plan, reasons=(Reason(key="asked", text=f"asked {len(memory)} times"),)), memory


class Unlocker(Honest):
    """Takes the lock off its input."""

    def plan(self, snapshot: Snapshot, memory: list[int], budget: Budget) -> tuple[Plan, Any]:
        snapshot[Streams].rtt_ms.flags.writeable = True
        return super().plan(snapshot, memory, budget)


def understated(plan: Plan, snapshot: Snapshot) -> Plan:
    return replace(plan, bound=Bound(cost=plan.bound.cost - 1, best=math.nan, kind=BoundKind.NONE))


def fidgety(plan: Plan, snapshot: Snapshot) -> Plan:
    """Takes the cheapest server that may go, although the objective holds."""
    if plan.status is not Status.NOTHING_TO_DO:
        return plan
    online = np.flatnonzero(snapshot[Servers].online)
    may_go = [row for row in online.tolist() if keeps_limits(snapshot, (row,), LIMITS)]
    cost = qoe_costs(snapshot)
    return plan_of(snapshot, Status.SOLVED, (min(may_go, key=lambda row: cost[row]),)) if may_go else plan


def stuttering(plan: Plan, snapshot: Snapshot) -> Plan:
    twice = tuple(replace(edit, rows=np.repeat(edit.rows, 2), after=np.repeat(edit.after, 2)) for edit in plan.edits)
    return replace(plan, edits=twice)


def boastful(plan: Plan, snapshot: Snapshot) -> Plan:
    better = tuple(
        replace(effect, after=effect.after + 0.01) if effect.metric == "served_ratio" else effect
        for effect in plan.effects
    )
    return replace(plan, effects=better)


def vague(plan: Plan, snapshot: Snapshot) -> Plan:
    return replace(plan, effects=(*plan.effects, Effect(metric="happiness", before=0.0, after=1.0)))


def wasteful(plan: Plan, snapshot: Snapshot) -> Plan:
    """One server more than it takes, wherever one more may go."""
    taken = tuple(int(row) for edit in plan.edits for row in edit.rows)
    others = [row for row in np.flatnonzero(snapshot[Servers].online).tolist() if row not in taken]
    more = [row for row in others if keeps_limits(snapshot, (*taken, row), LIMITS)]
    cost = qoe_costs(snapshot)
    if plan.status is not Status.SOLVED or not more:
        return plan
    return plan_of(snapshot, plan.status, (*taken, min(more, key=lambda row: cost[row])), BoundKind.NONE)


def timid(plan: Plan, snapshot: Snapshot) -> Plan:
    return replace(plan, status=Status.OUT_OF_REACH) if plan.status is Status.SOLVED else plan


def idle(plan: Plan, snapshot: Snapshot) -> Plan:
    """Never acts, and says that nothing is to be done."""
    return plan_of(snapshot, Status.NOTHING_TO_DO, ())


def superstitious(plan: Plan, snapshot: Snapshot) -> Plan:
    """Of the servers that may go beside the needed ones it takes the one whose name comes first: s0 is bad luck."""
    if plan.status is not Status.SOLVED:
        return plan
    taken = tuple(int(row) for edit in plan.edits for row in edit.rows)
    others = [row for row in np.flatnonzero(snapshot[Servers].online).tolist() if row not in taken]
    more = [row for row in others if keeps_limits(snapshot, (*taken, row), LIMITS)]
    names = snapshot[Servers].server
    if not more:
        return plan
    return plan_of(snapshot, plan.status, (*taken, min(more, key=lambda row: str(names[row]))), BoundKind.NONE)


LIARS: dict[str, tuple[Honest, set[str]]] = {
    # who, and exactly the laws that catch it
    "moody": (Moody(), {"same_input_same_plan"}),
    "unlocker": (Unlocker(), {"input_untouched"}),
    "peeker": (Peeker(), {"needs_no_more_than_declared"}),
    "understated": (Honest(spoil=understated), {"bound_on_the_right_side"}),
    "stuttering": (Honest(spoil=stuttering), {"undo_restores"}),
    "boastful": (Honest(spoil=boastful), {"promises_honest"}),
    "vague": (Honest(spoil=vague), {"promises_honest"}),
    "timid": (Honest(spoil=timid), {"out_of_reach_when_it_is"}),
    "fidgety": (Honest(spoil=fidgety), {"idle_exactly_when_done", "equal_to_tiny_optimum", "never_worse_than"}),
    "wasteful": (Honest(spoil=wasteful), {"equal_to_tiny_optimum", "never_worse_than"}),
    "superstitious": (
        Honest(spoil=superstitious),
        {"relabelling_relabels", "equal_to_tiny_optimum", "never_worse_than"},
    ),
    "idle": (
        Honest(spoil=idle),
        {"idle_exactly_when_done", "equal_to_tiny_optimum", "never_worse_than", "out_of_reach_when_it_is"},
    ),
    "reckless": (
        Honest(limits=UNLIMITED),
        {"floors_kept", "equal_to_tiny_optimum", "out_of_reach_when_it_is"},
    ),
}
