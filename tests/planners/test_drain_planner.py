"""The default planner as a whole: the same for the same input, for any names, and as good as trying everything."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracles.drains import GOALS, allowed_drains, cheapest_that_keeps, cost, demand, failing_pairs, sick_worlds
from oracles.networks import network

from fairlead.model import (
    BoundKind,
    Budget,
    Plan,
    Servers,
    ServerWindows,
    Snapshot,
    Status,
    Streams,
    Windows,
    apply_edits,
    invert,
    plan_as_json,
)
from fairlead.planners.drain import UNLIMITED, Drain, DrainMemory, Goal
from fairlead.predict.metrics import METRICS

BUDGET = Budget()


def planned(world: Snapshot, goal: Goal = UNLIMITED) -> Plan:
    planner = Drain(goal=goal)
    return planner.plan(world, planner.begin(), BUDGET)[0]


def drained(plan: Plan) -> tuple[int, ...]:
    return tuple(sorted(row for edit in plan.edits for row in edit.rows.tolist() if not edit.after.any()))


@given(sick_worlds(), GOALS)
def test_tiny_worlds_are_solved_as_well_as_by_trying_everything(world: Snapshot, goal: Goal) -> None:
    plan = planned(world, goal)
    rows, limit = drained(plan), (1 - goal.slo_ratio) * demand(world)
    best = cheapest_that_keeps(world, goal, limit)
    assert rows in set(allowed_drains(world, goal))
    now = METRICS["success_ratio"](world)
    assert plan.status is (
        Status.NOTHING_TO_DO if now >= goal.slo_ratio else Status.OUT_OF_REACH if math.isinf(best) else Status.SOLVED
    )
    if plan.status is Status.SOLVED:
        assert plan.bound.cost == pytest.approx(best, abs=1e-4)
        assert plan.bound.cost == pytest.approx(cost(world, rows), abs=1e-4)
        assert plan.bound.kind is BoundKind.EXACT
        assert plan.effect("success_ratio").after >= goal.slo_ratio
    assert plan.bound.kind in (BoundKind.EXACT, BoundKind.DUAL)
    assert math.isfinite(plan.bound.best)


@given(sick_worlds(), GOALS)
def test_same_input_same_plan_input_untouched_undo_restores(world: Snapshot, goal: Goal) -> None:
    basis, first = world.basis, planned(world, goal)
    assert plan_as_json(planned(world, goal), world) == plan_as_json(first, world)
    assert Snapshot(world.tables).basis == basis == first.basis
    after = apply_edits(world, first.edits)
    assert apply_edits(after, invert(world, first.edits)) == world
    for effect in first.effects:
        if effect.metric in METRICS:
            assert effect.after == pytest.approx(METRICS[effect.metric](after), nan_ok=True)


@given(sick_worlds(), GOALS, st.randoms(use_true_random=False))
def test_other_names_and_another_order_of_servers_change_nothing_that_matters(
    world: Snapshot, goal: Goal, chance: object
) -> None:
    count = world[Servers].row_count
    order = np.array(chance.sample(range(count), count))  # type: ignore[attr-defined]  # random.Random
    place = np.argsort(order).astype(np.int32)
    servers, streams, reports = world[Servers], world[Streams], world[ServerWindows]
    other = Snapshot(
        [
            Servers.of(
                **{name: servers.array(name)[order] for name in ("region", "data_center", "capacity_mbps", "online")},
                server=np.array([f"other-{row}" for row in order]),
            ),
            world[Windows],
            Streams.of(
                **{name: streams.array(name) for name in Streams.declared() if name not in ("source", "target")},
                source=place[streams.source],
                target=place[streams.target],
            ),
            ServerWindows.of(
                window=reports.window, server=place[reports.server], active_users_count=reports.active_users_count
            ),
        ]
    )
    first, second = planned(world, goal), planned(other, goal)
    assert second.status is first.status
    assert second.bound.cost == pytest.approx(first.bound.cost, abs=1e-5)
    assert second.bound.best == pytest.approx(first.bound.best, abs=1e-5)
    assert second.effect("success_ratio").after == pytest.approx(first.effect("success_ratio").after)


def test_distinct_costs_relabel_the_very_servers() -> None:
    failed = {(0, 1): 3, (1, 2): 4, (2, 3): 5, (3, 4): 2}
    users = [3, 5, 7, 11, 13]
    plan = planned(network(regions=["a"] * 5, failed=failed, users=users))
    order = [4, 2, 0, 1, 3]  # new row of each server
    moved = {(min(order[a], order[b]), max(order[a], order[b])): n for (a, b), n in failed.items()}
    shuffled = [users[order.index(row)] for row in range(5)]
    other = planned(network(regions=["a"] * 5, failed=moved, users=shuffled))
    assert drained(other) == tuple(sorted(order[row] for row in drained(plan)))


def test_constant_input_never_flips_a_server(star_of_six: Snapshot) -> None:
    """Plan, apply, show the same network again: the first plan is the last one that changes anything."""
    planner = Drain(goal=UNLIMITED)
    world, memory = star_of_six, planner.begin()
    plan, memory = planner.plan(world, memory, BUDGET)
    assert drained(plan) == (0,)
    world = apply_edits(world, plan.edits)
    for _ in range(10):
        plan, memory = planner.plan(world, memory, BUDGET)
        assert plan.status is Status.NOTHING_TO_DO
        assert plan.edits == ()


def test_a_plan_never_restores_and_drains_the_same_server() -> None:
    """A server with one sick path in a hundred counts as healthy, yet that path alone breaks the objective."""
    count = 103
    world = network(
        regions=["a"] * count, failed={(0, 1): 5}, streams_count=10, offline=[0], users=[1] + [50] * (count - 1)
    )
    planner = Drain(goal=Goal(slo_ratio=0.99999))
    plan, _ = planner.plan(world, DrainMemory(owned=frozenset({"s0"})), BUDGET)
    back = {row for edit in plan.edits for row in edit.rows[edit.after].tolist()}
    assert not back & set(drained(plan))


def test_a_server_that_returns_makes_room_for_one_that_leaves() -> None:
    world = network(regions=["a"] * 5, failed={(3, 4): 50}, offline=[0])
    planner = Drain(goal=Goal(fleet_cap_ratio=0.2, region_floor_ratio=0.8))
    plan, _ = planner.plan(world, DrainMemory(owned=frozenset({"s0"})), BUDGET)
    assert plan.status is Status.SOLVED
    assert len(drained(plan)) == 1
    assert apply_edits(world, plan.edits)[Servers].online.sum() == 4


def test_restores_and_drains_share_the_budget_of_edits() -> None:
    world = network(regions=["a"] * 4 + ["b"] * 4, failed={(4, 5): 50}, offline=[0])
    planner = Drain(goal=UNLIMITED)
    memory = DrainMemory(owned=frozenset({"s0"}))
    full, _ = planner.plan(world, memory, BUDGET)
    assert sum(edit.cell_count for edit in full.edits) == 2
    tight, _ = planner.plan(world, memory, Budget(edits=1))
    assert sum(edit.cell_count for edit in tight.edits) <= 1


def test_no_streams_is_out_of_reach_and_drains_nobody() -> None:
    plan = planned(network(regions=["a", "a"], streams_count=0))
    assert plan.status is Status.OUT_OF_REACH
    assert plan.edits == ()
    assert [reason.key for reason in plan.reasons] == ["drain.no_streams"]


def test_a_healthy_network_is_left_alone(healthy_triangle: Snapshot) -> None:
    plan = planned(healthy_triangle)
    assert (plan.status, plan.edits, plan.bound.cost) == (Status.NOTHING_TO_DO, (), 0)


def test_every_drained_server_has_its_reason(star_of_six: Snapshot) -> None:
    plan = planned(star_of_six)
    assert [(reason.key, reason.row) for reason in plan.reasons] == [("drain.covers", 0)]
    assert plan.reasons[0].numbers["covered_count"] == 25
    assert "fairlead/" in plan.planner
    assert "all-last" in plan.planner


def test_the_next_window_is_promised(star_of_six: Snapshot) -> None:
    effect = planned(star_of_six).effect("next_success_ratio")
    assert effect.before == pytest.approx(1 - 25 / 1500)
    assert effect.after == pytest.approx(1.0)
    assert failing_pairs(star_of_six)


def test_the_wall_clock_brake_is_obeyed_or_not_offered() -> None:
    """A plan that the clock cut is BEST_EFFORT and marked; one that it did not cut is replayable."""
    world = network(regions=["a"] * 6, failed={(0, 1): 5, (2, 3): 5})
    planner = Drain(goal=UNLIMITED)
    plan, _ = planner.plan(world, planner.begin(), Budget(seconds=3600.0))
    assert plan.replayable
    assert plan.status is Status.SOLVED
