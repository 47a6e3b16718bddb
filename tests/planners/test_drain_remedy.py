"""The decision under chance, judged by trying every allowed set of servers and every outcome."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from oracles.drains import (
    GOALS,
    allowed_drains,
    chance_of,
    cheapest_that_keeps,
    cost,
    demand,
    failing_pairs,
    sick_worlds,
    still_failing,
)
from oracles.networks import network

from fairlead.model import BoundKind, Budget, Servers, Snapshot, Status
from fairlead.planners.drain import UNLIMITED, AllLast, Forecast, Forecaster, Goal
from fairlead.planners.drain.arrivals import arrivals
from fairlead.planners.drain.failures import Failures, failures
from fairlead.planners.drain.remedy import Remedy, promise, remedy, remedy_reasons

BUDGET = Budget()


@dataclass(frozen=True)
class Odds:
    """A forecaster that was told: the probability of each failing pair, in the order of the table."""

    probability: tuple[float, ...]
    name: str = "odds"

    def __call__(self, snapshot: Snapshot, found: Failures) -> Forecast:
        return Forecast(probability=np.array(self.probability), count=found.failed_count)


def decided(world: Snapshot, goal: Goal, forecaster: Forecaster | None = None, budget: Budget = BUDGET) -> Remedy:
    found = failures(world)
    return remedy(world, found, (forecaster or AllLast())(world, found), goal, budget)


def leaving(world: Snapshot, chosen: Remedy) -> tuple[int, ...]:
    return tuple(sorted(failures(world).server_rows[chosen.ordered].tolist()))


@given(sick_worlds(), GOALS)
def test_all_last_is_solved_at_least_cost_or_proven_out_of_reach(world: Snapshot, goal: Goal) -> None:
    assume(failing_pairs(world))
    chosen, rows = decided(world, goal), leaving(world, decided(world, goal))
    limit = (1 - goal.slo_ratio) * demand(world)
    best = cheapest_that_keeps(world, goal, limit)
    assert rows in set(allowed_drains(world, goal))
    if math.isinf(best):
        assert chosen.status is Status.OUT_OF_REACH
        least = min(still_failing(world, drain) for drain in allowed_drains(world, goal))
        assert still_failing(world, rows) == least
        assert chosen.cover.least_open == pytest.approx(least, abs=1e-5)
        assert chosen.cover.cost == pytest.approx(cheapest_that_keeps(world, goal, least), abs=1e-4)
    else:
        assert chosen.status is (Status.SOLVED if rows else Status.NOTHING_TO_DO)
        assert still_failing(world, rows) <= limit + 1e-7
        assert cost(world, rows) == pytest.approx(best, abs=1e-4)
        assert chosen.cover.best == pytest.approx(best, abs=1e-4)
        assert chosen.chance_ratio == 1


@st.composite
def uncertain_worlds(draw: st.DrawFn) -> tuple[Snapshot, Odds]:
    world = draw(sick_worlds(max_servers=5, max_failing=6))
    count = len(failing_pairs(world))
    assume(count)
    chance = st.one_of(st.sampled_from([0.0, 0.05, 0.5, 1.0]), st.floats(0, 1))
    return world, Odds(tuple(draw(st.lists(chance, min_size=count, max_size=count))))


Uncertain = tuple[Snapshot, Odds]
CONFIDENT = st.sampled_from([0.5, 0.9, 0.99])


@given(uncertain_worlds(), GOALS)
def test_solved_means_sure_enough(case: Uncertain, goal: Goal) -> None:
    world, odds = case
    chosen = decided(world, goal, odds)
    rows, limit = leaving(world, chosen), (1 - goal.slo_ratio) * demand(world)
    chance = chance_of(world, rows, odds.probability, limit)
    assert rows in set(allowed_drains(world, goal))
    assert chosen.chance_ratio == pytest.approx(chance, abs=1e-9)
    assert (chosen.status in (Status.SOLVED, Status.NOTHING_TO_DO)) == (chance >= goal.confidence_ratio - 1e-9)
    assert (chosen.status is Status.NOTHING_TO_DO) <= (rows == ())
    assert chosen.reserve_count <= chosen.slack_count + 1e-9
    for (s, t, _), is_open in zip(failing_pairs(world), chosen.open_pairs, strict=True):
        assert is_open == (s not in rows and t not in rows)


@given(uncertain_worlds(), GOALS)
def test_out_of_reach_is_said_only_where_no_allowed_drain_is_sure_enough(case: Uncertain, goal: Goal) -> None:
    world, odds = case
    chosen, limit = decided(world, goal, odds), (1 - goal.slo_ratio) * demand(world)
    if chosen.status is Status.OUT_OF_REACH:
        for drain in allowed_drains(world, goal):
            assert chance_of(world, drain, odds.probability, limit) < goal.confidence_ratio, drain


@given(uncertain_worlds(), GOALS)
def test_the_bound_is_under_every_drain_that_keeps_the_promise(case: Uncertain, goal: Goal) -> None:
    """The promise: as few streams expected to fail as the objective tolerates, and at the confidence no more than that.

    No allowed drain that keeps it may be cheaper than the proven floor.
    """
    world, odds = case
    chosen, limit = decided(world, goal, odds), (1 - goal.slo_ratio) * demand(world)
    if chosen.status is Status.OUT_OF_REACH:
        return
    for drain in allowed_drains(world, goal):
        expected = sum(
            p * bad
            for (s, t, bad), p in zip(failing_pairs(world), odds.probability, strict=True)
            if s not in drain and t not in drain
        )
        kept = expected <= limit and chance_of(world, drain, odds.probability, limit) >= goal.confidence_ratio
        assert not kept or cost(world, drain) >= chosen.cover.best - 1e-5, (drain, chosen.cover)


# one path that seldom fails but then fails much, one that nearly always fails a little; either may stay, not both
EITHER = {(0, 1): 16, (2, 3): 4}
EITHER_ODDS = Odds((0.2, 0.95))


def test_a_reserve_does_not_hide_a_drain_that_keeps_the_promise() -> None:
    """One server may leave. Without server 0 at most 4 streams fail, which is tolerated: the promise is in reach."""
    world = network(regions=["a"] * 5, failed=EITHER, streams_count=20, users=[10, 50, 1, 50, 50])
    goal = Goal(slo_ratio=0.98, fleet_cap_ratio=0.2, region_floor_ratio=0.0)
    assert chance_of(world, (0,), EITHER_ODDS.probability, 4.0) == 1
    assert decided(world, goal, EITHER_ODDS).status is not Status.OUT_OF_REACH


def test_a_reserve_does_not_raise_the_proven_floor() -> None:
    """Taking server 0 keeps the promise for 30; a plan may cost more, but nothing above 30 is a floor."""
    world = network(regions=["a"] * 5, failed=EITHER, streams_count=20, users=[10, 50, 1, 50, 50])
    goal = Goal(slo_ratio=0.98, fleet_cap_ratio=1.0, region_floor_ratio=0.0)
    assert cost(world, (0,)) == 30
    assert decided(world, goal, EITHER_ODDS).cover.best <= 30 + 1e-6


def test_what_will_heal_is_left_alone_and_said() -> None:
    world = network(regions=["a"] * 4, failed={(0, 1): 5, (2, 3): 5})
    goal = Goal(slo_ratio=0.9999, fleet_cap_ratio=1.0)
    chosen = decided(world, goal, Odds((1.0, 0.01)))
    assert chosen.status is Status.SOLVED
    assert leaving(world, chosen) in ((0,), (1,))
    assert chosen.open_pairs.tolist() == [False, True]
    assert chosen.chance_ratio == pytest.approx(0.99)
    (alone,) = remedy_reasons(failures(world), Odds((1.0, 0.01))(world, failures(world)), chosen, goal)
    assert alone.key == "drain.left_alone"
    assert alone.numbers["pairs_count"] == 1
    assert alone.numbers["expected_count"] == pytest.approx(0.05)


def test_certainty_can_be_asked_for() -> None:
    world = network(regions=["a"] * 4, failed={(0, 1): 5, (2, 3): 5})
    sure = Goal(slo_ratio=0.98, fleet_cap_ratio=1.0, confidence_ratio=1.0)
    assert decided(world, sure, Odds((0.3, 0.7))).status is Status.NOTHING_TO_DO
    strict = Goal(slo_ratio=0.99, fleet_cap_ratio=1.0, confidence_ratio=1.0)
    assert decided(world, strict, Odds((0.3, 0.7))).status is Status.SOLVED


@pytest.mark.parametrize("edits", [0, 1, 2])
def test_the_budget_of_edits_is_kept(edits: int) -> None:
    world = network(regions=["a"] * 6, failed={(0, 1): 5, (2, 3): 5, (4, 5): 5})
    chosen = decided(world, UNLIMITED, budget=Budget(edits=edits))
    assert len(chosen.ordered) == edits
    assert chosen.status is not Status.SOLVED


def test_the_promise_counts_what_is_left_and_what_has_not_begun() -> None:
    blips = [{(0, 1): 40, (2, 3): 4}, {(0, 1): 40, (1, 2): 4}, {(0, 1): 40}]
    world = network(regions=["a"] * 4, failed=blips, streams_count=1_000)
    goal = Goal(slo_ratio=0.999, fleet_cap_ratio=1.0)
    found = failures(world)
    forecast = AllLast()(world, found)
    chosen = remedy(world, found, forecast, goal, BUDGET)
    unseen = arrivals(world, goal.confidence_ratio, 6.0)
    assert unseen.mean_count == pytest.approx(4.0)
    assert unseen.quantile_count == pytest.approx(3.0)  # never more than half of what is tolerated
    effect = promise(found, forecast, chosen)
    assert effect.metric == "next_success_ratio"
    assert effect.before == pytest.approx(1 - 44 / 6_000)
    assert effect.after == pytest.approx(1 - 4 / 6_000)
    assert effect.margin >= 0


def test_out_of_reach_names_the_safety_budget(star_of_six: Snapshot) -> None:
    goal = Goal(fleet_cap_ratio=0.0)
    found = failures(star_of_six)
    forecast = AllLast()(star_of_six, found)
    chosen = remedy(star_of_six, found, forecast, goal, BUDGET)
    assert chosen.status is Status.OUT_OF_REACH
    reasons = {reason.key: reason for reason in remedy_reasons(found, forecast, chosen, goal)}
    assert reasons["drain.safety_budget"].numbers["least_open_count"] == pytest.approx(25)
    assert chosen.cover.kind is BoundKind.EXACT
    assert star_of_six[Servers].online.all()
