"""The laws of a routing planner: those of every planner (``checks.laws``), and these.

============================  =================================================================
cost_and_bound_true           cost is what ROUTING_METRICS measure; best is under it
promises_are_measured         effects are exactly ROUTING_METRICS of before and after
sets_are_whole                every session group keeps all of its weight on paths that exist
idle_when_asked_again         planning on one's own result changes nothing
relabelling_reroutes          names and order of sites, groups and rows are not evidence
no_fuller_than                not fuller than a simpler peer whose paths it may use as well
============================  =================================================================

A law tries a planner on a snapshot and returns the breaches, one line each.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from fairlead.checks.laws import Breaches, planned
from fairlead.checks.promises import same
from fairlead.checks.relabel_routing import relabelled_routing
from fairlead.model import BoundKind, Budget, Demands, Planner, Routes, Snapshot, apply_edits
from fairlead.predict.route_metrics import ROUTING_METRICS

_ROUNDING = 1e-9


def cost_and_bound_true(planner: Planner[Any], snapshot: Snapshot, budget: Budget) -> Breaches:
    """``cost`` is priced_utilisation_max after the edits; a finite ``best`` is no higher."""
    plan = planned(planner, snapshot, budget)
    found = ROUTING_METRICS["priced_utilisation_max"](apply_edits(snapshot, plan.edits))
    wrong = () if same(plan.bound.cost, found) else (f"cost {plan.bound.cost}, but the routes give {found}",)
    if plan.bound.kind is BoundKind.NONE:
        return wrong
    under = plan.bound.best <= plan.bound.cost + 1e-6 * max(1.0, abs(plan.bound.cost))
    return wrong if under else (*wrong, f"cost {plan.bound.cost} under its bound {plan.bound.best}")


def promises_are_measured(planner: Planner[Any], snapshot: Snapshot, budget: Budget) -> Breaches:
    """Every metric once, before and after, to rounding."""
    plan = planned(planner, snapshot, budget)
    edited = apply_edits(snapshot, plan.edits)
    if sorted(effect.metric for effect in plan.effects) != sorted(ROUTING_METRICS):
        return ("the effects are not the registered metrics",)
    return tuple(
        f"{effect.metric} {when}: says {said}, is {found}"
        for effect in plan.effects
        for when, said, found in (
            ("before", effect.before, ROUTING_METRICS[effect.metric](snapshot)),
            ("after", effect.after, ROUTING_METRICS[effect.metric](edited)),
        )
        if not same(said, found)
    )


def sets_are_whole(planner: Planner[Any], snapshot: Snapshot, budget: Budget) -> Breaches:
    """Weights of every session group sum to 1, lie on paths, and no path stands twice."""
    edited = apply_edits(snapshot, planned(planner, snapshot, budget).edits)
    count = edited[Demands].row_count
    if not count:
        return ()
    path = edited[Routes].path.reshape(count, -1)
    weight = edited[Routes].weight_ratio.reshape(count, -1)
    found = []
    if np.abs(np.where(path >= 0, weight, 0.0).sum(axis=1) - 1.0).max() > _ROUNDING:
        found.append("a session group has weight on no path")
    if np.where(path < 0, weight, 0.0).any():
        found.append("an unused slot has weight")
    ordered = np.sort(path, axis=1)
    if ((ordered[:, 1:] == ordered[:, :-1]) & (ordered[:, 1:] >= 0)).any():
        found.append("a session group has a path twice")
    return tuple(found)


def idle_when_asked_again(planner: Planner[Any], snapshot: Snapshot, budget: Budget) -> Breaches:
    """For planners without memory, or at the first cycle: the result is a fixed point."""
    edited = apply_edits(snapshot, planned(planner, snapshot, budget).edits)
    again = planned(planner, edited, budget)
    return (f"asked again, {len(again.edits)} edits more",) if again.edits else ()


def relabelling_reroutes(
    planner: Planner[Any], snapshot: Snapshot, budget: Budget, chance: np.random.Generator, *, tolerance: float
) -> Breaches:
    """Other names and another order: the same status and, within ``tolerance`` (relative), the same metrics.

    Where paths tie, row numbers may decide, so the routes themselves need not be the same.
    """
    other = relabelled_routing(snapshot, chance)
    plan, twin = planned(planner, snapshot, budget), planned(planner, other, budget)
    if plan.status is not twin.status:
        return (f"other names, another status: {plan.status.value} and {twin.status.value}",)
    return tuple(
        f"other names, other {effect.metric}: {effect.after} and {twin.effect(effect.metric).after}"
        for effect in plan.effects
        if not _close(effect.after, twin.effect(effect.metric).after, tolerance)
    )


def no_fuller_than(
    planner: Planner[Any], peer: Planner[Any], snapshot: Snapshot, budget: Budget, *, gap_ratio: float
) -> Breaches:
    """The planner's highest priced utilisation is at most the peer's, but for the gap that it may leave."""
    own, other = (planned(each, snapshot, budget).bound.cost for each in (planner, peer))
    if own * (1.0 - gap_ratio) > other + _ROUNDING:
        return (f"{planner.name} fills a link to {own}, {peer.name} only to {other}",)
    return ()


def _close(first: float, second: float, tolerance: float) -> bool:
    if math.isnan(first) or math.isnan(second):
        return math.isnan(first) and math.isnan(second)
    return math.isclose(first, second, rel_tol=tolerance, abs_tol=tolerance)
