from __future__ import annotations

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
from oracles.routing_networks import routing_network

from fairlead.model import (
    BoundKind,
    Budget,
    Demands,
    Links,
    Plan,
    Routes,
    ServiceClasses,
    Sites,
    Snapshot,
    Stage,
    Status,
    UsageError,
    apply_edits,
)
from fairlead.planners.route import Objective, Route, RouteGoal, prepared
from fairlead.planners.route.pairs import session_pairs
from fairlead.predict.route_metrics import ROUTING_METRICS

GOAL = RouteGoal(backbone_count=4, path_count=4, gap_ratio=1e-6)
BUDGET = Budget()


def planned(snapshot: Snapshot, goal: RouteGoal = GOAL, budget: Budget = BUDGET) -> Plan:
    planner = Route(goal=goal)
    return planner.plan(snapshot, planner.begin(), budget)[0]


def without_limits(network: Snapshot) -> Snapshot:
    """Every SLA is met by anything that is measured."""
    classes = network[ServiceClasses]
    open_end = np.full(classes.row_count, np.nan)
    for name in ("latency_ms", "jitter_ms", "loss_ratio"):
        classes = classes.with_column(name, open_end.copy())
    return network.replaced(classes)


def test_a_network_that_fits_is_solved_and_then_left_alone() -> None:
    snapshot = prepared(without_limits(routing_network(0, known_ratio=1.0)), GOAL)
    plan = planned(snapshot)
    assert plan.status is Status.SOLVED
    again = planned(apply_edits(snapshot, plan.edits))
    assert again.status is Status.NOTHING_TO_DO
    assert again.edits == ()


def test_a_network_that_does_not_fit_is_out_of_reach_and_says_why() -> None:
    network = routing_network(2, demands=40)
    plan = planned(prepared(network, GOAL))
    assert plan.status is Status.OUT_OF_REACH
    assert plan.effect("sla_ratio").after < 1
    counted = sum(
        reason.numbers["session_groups_count"] for reason in plan.reasons if "session_groups_count" in reason.numbers
    )
    assert counted == network[Demands].row_count
    assert sum(r.numbers["ratio"] for r in plan.reasons if "ratio" in r.numbers) == pytest.approx(1.0)


def test_too_little_capacity_is_out_of_reach_though_the_sla_is_met() -> None:
    network = without_limits(routing_network(0, known_ratio=1.0))
    tight = network.replaced(
        network[Links].with_column("capacity_mbps", np.full(network[Links].row_count, 1e-3)),
        network[Sites].with_column("nic_mbps", np.full(network[Sites].row_count, 1e-3)),
    )
    closed = tight.replaced(
        tight.named("direct").with_column("latency_ms", np.full(tight.named("direct").row_count, np.nan))
    )
    plan = planned(prepared(closed, GOAL))
    assert plan.status is Status.OUT_OF_REACH
    assert plan.effect("utilisation_max").after > 1


@pytest.mark.parametrize("seed", range(5))
def test_the_bound_holds_for_every_split_of_a_grid(seed: int) -> None:
    """All weights in steps of a half, tried one by one: none is under the bound, none under the plan's cost."""
    snapshot = prepared(routing_network(seed, demands=5), GOAL)
    level = snapshot.replaced(
        snapshot[ServiceClasses].with_column("priority", np.zeros(snapshot[ServiceClasses].row_count, np.int32))
    )
    plan = planned(level)
    edited = apply_edits(level, plan.edits)
    routes = edited[Routes]
    path = routes.path.reshape(-1, 3)
    choices = []
    for row in path:
        used = np.flatnonzero(row >= 0)
        grids = [g for g in itertools.product((0.0, 0.5, 1.0), repeat=len(used)) if sum(g) == 1.0]
        choices.append([np.bincount(used, weights=g, minlength=3) for g in grids])
    least = math.inf
    for picked in itertools.product(*choices):
        tried = edited.replaced(routes.with_column("weight_ratio", np.concatenate(picked)))
        least = min(least, ROUTING_METRICS["priced_utilisation_max"](tried))
    assert plan.bound.kind in (BoundKind.DUAL, BoundKind.EXACT)
    assert plan.bound.best <= least + 1e-9
    assert plan.bound.cost <= least + 1e-6


@pytest.mark.parametrize("seed", range(5))
def test_latency_under_a_cap_is_faster_and_keeps_the_cap(seed: int) -> None:
    snapshot = prepared(routing_network(seed), GOAL)
    fullest = planned(snapshot)
    fastest = planned(snapshot, replace(GOAL, objective=Objective.LATENCY, slack_ratio=0.5))
    assert fastest.effect("routed_latency_ms").after <= fullest.effect("routed_latency_ms").after + 1e-6
    assert fastest.bound.cost <= fullest.bound.cost * 1.5 + 1e-6


def test_higher_priorities_go_first() -> None:
    """With capacity for the premium sessions alone, they get the link and the others the detour."""
    network = routing_network(7, demands=40, unlimited_ratio=0.0)
    classes = network[ServiceClasses]
    premium_last = network.replaced(classes.with_column("priority", np.array([0, 1, 1], np.int32)))
    premium = network[Demands].service_class == 0
    fullest = []
    for each in (network, premium_last):
        snapshot = prepared(each, GOAL)
        edited = apply_edits(snapshot, planned(snapshot).edits)
        demands = edited[Demands]
        only = edited.replaced(demands.with_column("demand_mbps", np.where(premium, demands.demand_mbps, 0.0)))
        fullest.append(ROUTING_METRICS["priced_utilisation_max"](only))
    assert fullest[0] <= fullest[1] + 1e-9


def test_the_brake_leaves_a_valid_answer_that_is_not_replayable() -> None:
    snapshot = prepared(routing_network(1, demands=60), GOAL)
    ticks = itertools.count()
    planner = Route(goal=replace(GOAL, gap_ratio=0.0), clock=lambda: float(next(ticks)))
    plan, _ = planner.plan(snapshot, planner.begin(), Budget(seconds=0.5))
    edited = apply_edits(snapshot, plan.edits)
    total = np.bincount(edited[Routes].demand, weights=edited[Routes].weight_ratio)
    np.testing.assert_allclose(total, 1.0)
    assert plan.replayable is (plan.bound.gap == 0.0)


def test_session_groups_of_one_pair_share_it() -> None:
    snapshot = routing_network(3, demands=60)
    pairs, demands = session_pairs(snapshot), snapshot[Demands]
    assert (pairs.source_group[pairs.of_demand] == demands.source_group).all()
    assert (pairs.target_group[pairs.of_demand] == demands.target_group).all()
    both = list(zip(pairs.source_group.tolist(), pairs.target_group.tolist(), strict=True))
    assert both == sorted(set(both))


def test_every_kept_path_has_a_reason_code() -> None:
    snapshot = prepared(routing_network(5), GOAL)
    edited = apply_edits(snapshot, planned(snapshot).edits)
    routes, demands = edited[Routes], edited[Demands]
    same = (demands.source_group == demands.target_group)[routes.demand]
    used = routes.path >= 0
    assert ((routes.stage == Stage.SAME_GROUP) == (same & used)).all()
    assert (routes.stage[~used] == Stage.UNREACHABLE).all()


@pytest.mark.parametrize(
    "bad",
    [{"path_count": 0}, {"gap_ratio": -1.0}, {"slack_ratio": math.nan}, {"headroom_ratio": 0.0}, {"active_mbps": -1.0}],
)
def test_a_goal_without_meaning_is_refused(bad: dict[str, float]) -> None:
    with pytest.raises(UsageError, match=r"route\.goal"):
        RouteGoal(**bad)  # type: ignore[arg-type]
