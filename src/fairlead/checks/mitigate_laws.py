"""The laws of a planner of repairs: those of every planner (``checks.laws``), and these.

============================  =================================================================
promises_hold                 effects, estimated anew on other samples, hold; before is the network as it is
bound_is_of_the_promise       cost is what the effects promise on the first criterion; best is under it
idle_exactly_when_done        no edits where nothing is wrong, and none more once they are made
status_says_what_is_done      NOTHING_TO_DO exactly where there are no edits, unless nothing is in reach
nobody_is_cut_off             no prefix of the plan takes a pair of workloads its last way
no_worse_than                 no simpler choice is better by more than a tie
best_of_all                   the winner of the full computation over all choices
relabelling_repairs_alike     names and order of nodes and links are not evidence
never_back_and_forth          constant input leads to one network, and stays there
============================  =================================================================

A law tries a planner on a snapshot and returns the breaches, one line each. What is better is the comparator's matter,
so laws take it as a function of the three metrics.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairlead.checks.laws import Breaches, planned
from fairlead.checks.mitigate_floors import floor_violations
from fairlead.checks.mitigate_promises import promise_violations
from fairlead.checks.promises import same
from fairlead.checks.relabel_fabric import relabelled_fabric
from fairlead.model import BoundKind, Budget, Planner, Snapshot, Status, apply_edits
from fairlead.predict.flows.clp import CLP_METRICS, Estimate

Reals = NDArray[np.float64]

Worth = Callable[[Snapshot], Reals]
"""[3] the metrics of a network, without noise."""


def promises_hold(
    planner: Planner[Any], snapshot: Snapshot, budget: Budget, elsewhere: Estimate, samples: range, slack_ratio: float
) -> Breaches:
    """``elsewhere`` samples another chance than the planner. A planner that promises anything promises all metrics."""
    plan = planned(planner, snapshot, budget)
    if not plan.effects:
        return ()
    if [effect.metric for effect in plan.effects] != list(CLP_METRICS):
        return ("the effects are not the metrics",)
    broken = tuple(str(each) for each in promise_violations(snapshot, plan, slack_ratio, elsewhere, samples))
    (now,) = elsewhere([snapshot], samples)
    wrong = tuple(
        f"{effect.metric} before: says {effect.before}, is {value}"
        for effect, value in zip(plan.effects, now.values.mean(axis=0).tolist(), strict=True)
        if not (same(effect.before, value) or abs(effect.before - value) <= 2 * slack_ratio * abs(value))
    )
    return (*broken, *wrong)


def bound_is_of_the_promise(
    planner: Planner[Any], snapshot: Snapshot, budget: Budget, cost: Callable[[Reals], float]
) -> Breaches:
    """``cost`` of the three metrics is that of the first criterion. Without effects nothing may be proven."""
    plan = planned(planner, snapshot, budget)
    if not plan.effects:
        return () if plan.bound.kind is BoundKind.NONE else ("a bound without a promise",)
    found = cost(np.array([plan.effect(metric).after for metric in CLP_METRICS]))
    wrong = () if same(plan.bound.cost, found) else (f"cost {plan.bound.cost}, but the effects promise {found}",)
    if plan.bound.kind is BoundKind.NONE:
        return wrong if math.isnan(plan.bound.best) else (*wrong, f"nothing is proven, yet best is {plan.bound.best}")
    return wrong if plan.bound.best <= plan.bound.cost else (*wrong, f"best {plan.bound.best} above its cost")


def idle_exactly_when_done(planner: Planner[Any], snapshot: Snapshot, budget: Budget, healthy: Snapshot) -> Breaches:
    """``healthy`` is the same network without failures. What was repaired is asked about with what is remembered."""
    first, memory = planner.plan(snapshot, planner.begin(), budget)
    again, _ = planner.plan(apply_edits(snapshot, first.edits), memory, budget)
    calm = planned(planner, healthy, budget)
    more = (f"asked again, {len(again.edits)} edits more",) if again.edits else ()
    return (*more, f"{len(calm.edits)} edits though nothing is wrong") if calm.edits else more


def status_says_what_is_done(planner: Planner[Any], snapshot: Snapshot, budget: Budget) -> Breaches:
    """A plan without edits is no solution, and one with edits not nothing."""
    plan = planned(planner, snapshot, budget)
    if plan.status in (Status.OUT_OF_REACH, Status.BEST_EFFORT):
        return ()
    fits = (plan.status is Status.SOLVED) == bool(plan.edits)
    return () if fits else (f"{plan.status.value} with {len(plan.edits)} edits",)


def nobody_is_cut_off(planner: Planner[Any], snapshot: Snapshot, budget: Budget) -> Breaches:
    """At every prefix. A planner that says OUT_OF_REACH has said so."""
    plan = planned(planner, snapshot, budget)
    if plan.status is Status.OUT_OF_REACH:
        return ()
    return tuple(str(each) for each in floor_violations(snapshot, plan.edits, 0.0))


def no_worse_than(
    planner: Planner[Any],
    others: Sequence[Snapshot],
    snapshot: Snapshot,
    budget: Budget,
    worth: Worth,
    beats: Callable[[Reals, Reals], bool],
) -> Breaches:
    """``others`` are networks that simpler choices lead to, such as the one as it is."""
    own = worth(apply_edits(snapshot, planned(planner, snapshot, budget).edits))
    return tuple(
        f"chooses {own.tolist()}, another choice gives {worth(other).tolist()}"
        for other in others
        if beats(worth(other), own)
    )


def best_of_all(
    planner: Planner[Any],
    choices: Sequence[Snapshot],
    snapshot: Snapshot,
    budget: Budget,
    worth: Worth,
    best: Callable[[Reals], int],
) -> Breaches:
    """``best`` finds the place of the best of [choices, 3] metrics; equal worth is as good."""
    values = np.stack([worth(each) for each in choices])
    wanted = values[best(values)]
    own = worth(apply_edits(snapshot, planned(planner, snapshot, budget).edits))
    if np.allclose(own, wanted, rtol=1e-9, atol=0.0, equal_nan=True):
        return ()
    return (f"chooses {own.tolist()}, the best of {len(choices)} is {wanted.tolist()}",)


def relabelling_repairs_alike(
    planner: Planner[Any], snapshot: Snapshot, budget: Budget, chance: np.random.Generator, worth: Worth
) -> Breaches:
    """The same repair in other words, or one of the same status and worth."""
    other = relabelled_fabric(snapshot, chance)
    plan, twin = planned(planner, snapshot, budget), planned(planner, other.snapshot, budget)
    if plan.status is not twin.status:
        return (f"other names, another status: {plan.status.value} and {twin.status.value}",)
    after, twin_after = apply_edits(snapshot, plan.edits), apply_edits(other.snapshot, twin.edits)
    if other.said(after) == twin_after:
        return ()
    one, two = worth(after), worth(twin_after)
    alike = np.allclose(one, two, rtol=1e-9, atol=0.0, equal_nan=True)
    return () if alike else (f"other names, another repair: {one.tolist()} and {two.tolist()}",)


def never_back_and_forth(planner: Planner[Any], snapshot: Snapshot, budget: Budget, turn_count: int) -> Breaches:
    """Both where every plan is made and where none is: a network, or a plan, that was left does not come back."""
    found: list[str] = []
    for applied in (True, False):
        now, memory = snapshot, planner.begin()
        seen: list[str] = []
        for _ in range(turn_count):
            plan, memory = planner.plan(now, memory, budget)
            wanted = apply_edits(now, plan.edits)
            if not seen or seen[-1] != wanted.basis:
                seen.append(wanted.basis)
            now = wanted if applied else now
        if len(seen) > len(set(seen)):
            how = "applied" if applied else "not applied"
            found.append(f"a repair that was left comes back ({how})")
    return tuple(found)
