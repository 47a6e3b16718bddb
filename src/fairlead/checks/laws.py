"""The laws that every planner and every rival must satisfy, whatever it decides and however (design: the contract).

A law is a function that tries a planner on a snapshot and returns the breaches, one line each; empty means satisfied.
A planner that never acts satisfies all but those that compare it with an oracle, so those are laws too.

============================  =================================================================
same_input_same_plan          nothing but snapshot, memory and budget goes into a plan
input_untouched               the snapshot is the same bytes afterwards, and still locked
needs_no_more_than_declared   the plan is the same when only the tables of ``needs`` are there
bound_on_the_right_side       best <= cost, and cost is what METRICS charge for the edits
idle_exactly_when_done        no drains where the objective holds; where it does not, an answer
undo_restores                 the plan and its inverse leave the network as it was
promises_honest               effects agree with METRICS, in both directions, within the margin
relabelling_relabels          names and order of servers are not evidence
never_worse_than              a simpler peer reaches no more, and as much no cheaper
equal_to_tiny_optimum         on tiny worlds: exactly the optimum
floors_kept                   G1, G3 and G6 at every prefix
out_of_reach_when_it_is       on tiny worlds: OUT_OF_REACH exactly when no choice reaches it
============================  =================================================================
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from fairlead.checks.case import Violation, case_of
from fairlead.checks.guard import FLOOR_RULES
from fairlead.checks.limits import Limits
from fairlead.checks.promises import FORECASTS, metric_of, same
from fairlead.checks.relabel import rebuilt, relabelled
from fairlead.checks.tiny import SLO_ROUNDING, tiny_optimum
from fairlead.model import (
    BoundKind,
    Budget,
    Effect,
    FairleadError,
    Plan,
    Planner,
    Servers,
    Snapshot,
    Status,
    apply_edits,
    invert,
    plan_as_json,
)
from fairlead.model.ledger import Ledger
from fairlead.predict.metrics import METRICS

Breaches = tuple[str, ...]


def planned(planner: Planner[Any], snapshot: Snapshot, budget: Budget) -> Plan:
    """The plan of a planner that remembers nothing yet."""
    plan, _ = planner.plan(snapshot, planner.begin(), budget)
    return plan


def drained_ids(plan: Plan, snapshot: Snapshot) -> frozenset[str | int]:
    """Own ids of the servers that are online in the snapshot and offline after the plan."""
    gone = snapshot[Servers].online & ~apply_edits(snapshot, plan.edits)[Servers].online
    return frozenset(snapshot[Servers].server[gone].tolist())


def same_input_same_plan(planner: Planner[Any], snapshot: Snapshot, budget: Budget) -> Breaches:
    """Twice from one memory, and once from a new one and a snapshot that is equal but not identical."""
    memory = planner.begin()
    first, _ = planner.plan(snapshot, memory, budget)
    again, _ = planner.plan(snapshot, memory, budget)
    elsewhere = planned(planner, rebuilt(snapshot), budget)
    text = _text(first, snapshot)
    return tuple(
        f"same input, another plan ({how}): {_difference(text, _text(other, snapshot))}"
        for how, other in (("asked again", again), ("asked with an equal snapshot", elsewhere))
        if _text(other, snapshot) != text
    )


def input_untouched(planner: Planner[Any], snapshot: Snapshot, budget: Budget) -> Breaches:
    """Content hash computed afresh before and after; every array still read-only."""
    before = rebuilt(snapshot).basis
    planned(planner, snapshot, budget)
    changed = () if rebuilt(snapshot).basis == before else ("the planner changed its input",)
    unlocked = tuple(
        f"{table.name}.{column} can be written"
        for table in snapshot.tables
        for column in table.declared()
        if table.array(column).flags.writeable
    )
    return (*changed, *unlocked)


def needs_no_more_than_declared(planner: Planner[Any], snapshot: Snapshot, budget: Budget) -> Breaches:
    """On a snapshot of the tables of ``needs`` only, the plan is the same but for its basis."""
    text = _text(planned(planner, snapshot, budget), snapshot)
    try:
        fewer = planned(planner, snapshot.restricted(planner.needs), budget)
    except FairleadError as error:
        return (f"needs more than it declares: {error}",)
    difference = _difference({**text, "basis": ""}, {**_text(fewer, snapshot), "basis": ""})
    return (f"uses more than it declares: {difference}",) if difference else ()


def bound_on_the_right_side(planner: Planner[Any], snapshot: Snapshot, budget: Budget) -> Breaches:
    """``best`` is finite and at most ``cost`` unless nothing is proven; ``cost`` is the qoe_cost that the edits add."""
    plan = planned(planner, snapshot, budget)
    return tuple(_bound_breaches(plan, snapshot))


def _bound_breaches(plan: Plan, snapshot: Snapshot) -> Iterator[str]:
    cost, best, kind = plan.bound.cost, plan.bound.best, plan.bound.kind
    if kind is BoundKind.NONE and not math.isnan(best):
        yield f"nothing is proven, yet best is {best}"
    if kind is not BoundKind.NONE and not best <= cost + 1e-6 * max(1.0, abs(cost)):
        yield f"cost {cost} under its bound {best} ({kind.value})"
    charged = METRICS["qoe_cost"](apply_edits(snapshot, plan.edits)) - METRICS["qoe_cost"](snapshot)
    if not math.isclose(cost, charged, rel_tol=1e-6, abs_tol=1e-6):
        yield f"cost {cost}, but the edits cost {charged}"


def idle_exactly_when_done(planner: Planner[Any], snapshot: Snapshot, budget: Budget, slo_ratio: float) -> Breaches:
    """Objective met: no drains. Not met: drains, or OUT_OF_REACH / BEST_EFFORT; never a claim that is not true.

    For planners that judge the newest window; one that forecasts may rightly leave alone what will heal.
    """
    plan = planned(planner, snapshot, budget)
    success, drains = METRICS["success_ratio"](snapshot), drained_ids(plan, snapshot)
    after = METRICS["success_ratio"](apply_edits(snapshot, plan.edits))
    if success >= slo_ratio - SLO_ROUNDING:
        return (f"drains {len(drains)} servers though the objective holds ({success})",) if drains else ()
    if math.isnan(success):  # no streams is not success, and no reason to act
        calm = not drains and plan.status in (Status.OUT_OF_REACH, Status.NOTHING_TO_DO)
        return () if calm else (f"{plan.status.value} with {len(drains)} drains over no streams at all",)
    claims = plan.status in (Status.SOLVED, Status.NOTHING_TO_DO)
    if claims and not after >= slo_ratio - SLO_ROUNDING:
        return (f"{plan.status.value}, but the success ratio is {after} after the edits",)
    return ()


def undo_restores(planner: Planner[Any], snapshot: Snapshot, budget: Budget) -> Breaches:
    """Applied and inverted, the edits leave the content that there was; no edit says two things of one cell."""
    edits = planned(planner, snapshot, budget).edits
    twice = tuple(
        f"edit {number} ({edit.action}) writes a row twice"
        for number, edit in enumerate(edits)
        if len(np.unique(edit.rows)) < edit.cell_count
    )
    undone = apply_edits(apply_edits(snapshot, edits), invert(snapshot, edits))
    return twice if undone == snapshot else (*twice, "undo does not restore the snapshot")


def promises_honest(planner: Planner[Any], snapshot: Snapshot, budget: Budget) -> Breaches:
    """Before is METRICS of the snapshot; after is METRICS of the edited one, within the margin, to both sides.

    A forecast is about windows that nobody has seen; here it must only be a number that the audit can measure.
    """
    plan = planned(planner, snapshot, budget)
    edited = apply_edits(snapshot, plan.edits)
    return tuple(breach for effect in plan.effects for breach in _effect_breaches(effect, snapshot, edited))


def _effect_breaches(effect: Effect, snapshot: Snapshot, edited: Snapshot) -> Iterator[str]:
    if not metric_of(effect):
        yield f"promises {effect.metric}, which nobody can measure"
    elif effect.metric not in FORECASTS:
        before, after = METRICS[effect.metric](snapshot), METRICS[effect.metric](edited)
        if not same(effect.before, before):
            yield f"{effect.metric} before: says {effect.before}, is {before}"
        if not (same(effect.after, after) or abs(effect.after - after) <= effect.margin):
            yield f"{effect.metric} after: promises {effect.after} within {effect.margin}, will be {after}"


def relabelling_relabels(
    planner: Planner[Any], snapshot: Snapshot, budget: Budget, chance: np.random.Generator
) -> Breaches:
    """Servers and streams in another order and under other names: the same plan, or one of the same status and cost."""
    other = relabelled(snapshot, chance)
    plan, twin = planned(planner, snapshot, budget), planned(planner, other.snapshot, budget)
    meant = frozenset(other.new_id[own_id] for own_id in drained_ids(plan, snapshot))
    equal_cost = math.isclose(plan.bound.cost, twin.bound.cost, rel_tol=1e-6, abs_tol=1e-6)
    if plan.status is twin.status and (meant == drained_ids(twin, other.snapshot) or equal_cost):
        return ()
    return (
        f"other names, another plan: {plan.status.value} at {plan.bound.cost}, "
        f"relabelled {twin.status.value} at {twin.bound.cost}",
    )


def never_worse_than(
    planner: Planner[Any], peer: Planner[Any], snapshot: Snapshot, budget: Budget, slo_ratio: float, limits: Limits
) -> Breaches:
    """Where a simpler peer meets the objective inside the same floors, so does the planner, at no higher cost."""
    simple, plan = planned(peer, snapshot, budget), planned(planner, snapshot, budget)
    if _floor_violations(simple, snapshot, limits) or not _reaches(simple, snapshot, slo_ratio):
        return ()
    if not _reaches(plan, snapshot, slo_ratio):
        return (f"{planner.name} misses the objective, {peer.name} meets it",)
    charged, simple_charged = (METRICS["qoe_cost"](apply_edits(snapshot, each.edits)) for each in (plan, simple))
    if charged > simple_charged * (1 + 1e-9) + 1e-9:
        return (f"{planner.name} costs {charged}, {peer.name} {simple_charged}",)
    return ()


def equal_to_tiny_optimum(
    planner: Planner[Any], snapshot: Snapshot, budget: Budget, slo_ratio: float, limits: Limits
) -> Breaches:
    """Where the objective can be reached it is, at exactly the least cost that :func:`tiny_optimum` finds."""
    optimum, plan = tiny_optimum(snapshot, slo_ratio, limits), planned(planner, snapshot, budget)
    if not optimum.reachable:
        return ()
    if not _reaches(plan, snapshot, slo_ratio):
        return (f"misses an objective that servers {optimum.rows} reach",)
    before, after = METRICS["qoe_cost"](snapshot), METRICS["qoe_cost"](apply_edits(snapshot, plan.edits))
    if not math.isclose(after - before, optimum.cost, rel_tol=1e-6, abs_tol=1e-6):
        return (f"costs {after - before}, the optimum is {optimum.cost} (servers {optimum.rows})",)
    return ()


def floors_kept(planner: Planner[Any], snapshot: Snapshot, budget: Budget, limits: Limits) -> Breaches:
    """Region floor, fleet cap, capacity and the last server, at every prefix of the plan."""
    return tuple(str(each) for each in _floor_violations(planned(planner, snapshot, budget), snapshot, limits))


def out_of_reach_when_it_is(
    planner: Planner[Any], snapshot: Snapshot, budget: Budget, slo_ratio: float, limits: Limits
) -> Breaches:
    """OUT_OF_REACH exactly when no allowed choice of servers reaches the objective; for planners that are exact."""
    reachable = tiny_optimum(snapshot, slo_ratio, limits).reachable
    status = planned(planner, snapshot, budget).status
    if (status is Status.OUT_OF_REACH) == (not reachable):
        return ()
    return (f"says {status.value}, but the objective is {'within' if reachable else 'out of'} reach",)


def _reaches(plan: Plan, snapshot: Snapshot, slo_ratio: float) -> bool:
    return METRICS["success_ratio"](apply_edits(snapshot, plan.edits)) >= slo_ratio - SLO_ROUNDING


def _floor_violations(plan: Plan, snapshot: Snapshot, limits: Limits) -> tuple[Violation, ...]:
    case = case_of(snapshot, plan.edits, limits, Ledger(), math.nan, plan.planner)
    return tuple(said for rule in FLOOR_RULES for said in rule(case) if isinstance(said, Violation))


def _text(plan: Plan, snapshot: Snapshot) -> dict[str, Any]:
    return plan_as_json(plan, snapshot)


def _difference(first: dict[str, Any], second: dict[str, Any]) -> str:
    return ", ".join(key for key in first if first[key] != second[key])
