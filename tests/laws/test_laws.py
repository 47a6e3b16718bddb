"""The laws themselves: an honest planner satisfies all of them, and each liar is caught by exactly its own."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from oracles.networks import network
from planners_for_laws import LIARS, Honest, cheapest, keeps_limits
from worlds_for_laws import LIMITS, SLO_RATIO, WORLD_COUNT, world, worlds

from fairlead.checks import laws
from fairlead.checks.relabel import rebuilt, relabelled
from fairlead.checks.tiny import tiny_optimum
from fairlead.model import Bound, BoundKind, Budget, Planner, Servers, Snapshot, Status, Streams
from fairlead.predict.metrics import METRICS

BUDGET = Budget()
Law = Callable[[Planner[Any], Snapshot], laws.Breaches]

LAWS: dict[str, Law] = {
    "same_input_same_plan": lambda who, where: laws.same_input_same_plan(who, where, BUDGET),
    "input_untouched": lambda who, where: laws.input_untouched(who, where, BUDGET),
    "needs_no_more_than_declared": lambda who, where: laws.needs_no_more_than_declared(who, where, BUDGET),
    "bound_on_the_right_side": lambda who, where: laws.bound_on_the_right_side(who, where, BUDGET),
    "idle_exactly_when_done": lambda who, where: laws.idle_exactly_when_done(who, where, BUDGET, SLO_RATIO),
    "undo_restores": lambda who, where: laws.undo_restores(who, where, BUDGET),
    "promises_honest": lambda who, where: laws.promises_honest(who, where, BUDGET),
    "relabelling_relabels": lambda who, where: laws.relabelling_relabels(who, where, BUDGET, np.random.default_rng(5)),
    "never_worse_than": lambda who, where: laws.never_worse_than(who, Honest(), where, BUDGET, SLO_RATIO, LIMITS),
    "equal_to_tiny_optimum": lambda who, where: laws.equal_to_tiny_optimum(who, where, BUDGET, SLO_RATIO, LIMITS),
    "floors_kept": lambda who, where: laws.floors_kept(who, where, BUDGET, LIMITS),
    "out_of_reach_when_it_is": lambda who, where: laws.out_of_reach_when_it_is(who, where, BUDGET, SLO_RATIO, LIMITS),
}


def broken_laws(who: Planner[Any]) -> set[str]:
    """Each law on each world, always on a snapshot that nobody has had in hand."""
    return {name for name, law in LAWS.items() if any(law(who, world(number)) for number in range(WORLD_COUNT))}


def test_an_honest_planner_satisfies_every_law_on_every_world():
    said = [(name, number, law(Honest(), world(number))) for name, law in LAWS.items() for number in range(WORLD_COUNT)]
    assert [each for each in said if each[2]] == []
    assert len(said) == 12 * 19  # a suite that shrinks is a defect


@pytest.mark.parametrize("liar", LIARS)
def test_a_liar_is_caught_by_exactly_its_laws(liar: str):
    who, caught_by = LIARS[liar]
    assert broken_laws(who) == caught_by


def test_every_law_catches_somebody():
    assert set().union(*(caught_by for _, caught_by in LIARS.values())) == set(LAWS)


def test_the_worlds_are_of_every_kind():
    statuses = [cheapest(each, LIMITS)[0] for each in worlds()]
    assert {status: statuses.count(status) >= 3 for status in statuses} == {
        Status.SOLVED: True,
        Status.NOTHING_TO_DO: True,
        Status.OUT_OF_REACH: True,
    }
    assert any(np.isnan(METRICS["success_ratio"](each)) for each in worlds())


def test_the_tiny_oracle_agrees_with_trying_one_set_after_another():
    for snapshot in worlds():
        found, (status, rows) = tiny_optimum(snapshot, SLO_RATIO, LIMITS), cheapest(snapshot, LIMITS)
        assert found.reachable == (status is not Status.OUT_OF_REACH)
        assert not found.reachable or found.rows == rows
        assert keeps_limits(snapshot, found.rows, LIMITS)


def test_the_tiny_oracle_knows_the_least_that_must_fail():
    # three regions of two: one of each may go; the triangle of 0, 2, 4 fails, and so do their partners
    pairs = {(0, 2): 10, (2, 4): 20, (0, 4): 30, (1, 3): 1}
    tight = replace(LIMITS, fleet_cap_ratio=0.2)  # one of six
    found = tiny_optimum(network(regions=["a", "a", "b", "b", "c", "c"], failed=pairs), SLO_RATIO, tight)
    assert (found.reachable, found.rows, found.least_failed) == (False, (), 11)  # without 4 fail (0, 2) and (1, 3)


def test_the_tiny_oracle_knows_what_survivors_carry():
    # either end of the failing pair repairs it; the cheap end leaves a survivor that is too small
    regions, users = ["a", "a", "b", "b"], [1, 50, 60, 60]
    small = network(regions=regions, failed={(0, 2): 50}, users=users, capacity_mbps=[200.0, 100.0, 300.0, 300.0])
    large = network(regions=regions, failed={(0, 2): 50}, users=users, capacity_mbps=[200.0, 110.0, 300.0, 300.0])
    assert tiny_optimum(small, SLO_RATIO, LIMITS).rows == (2,)
    assert tiny_optimum(large, SLO_RATIO, LIMITS).rows == (0,)


def test_the_tiny_oracle_asks_only_regions_that_lose_servers():
    # region b is under its floor already, which is no reason to leave region a alone
    sick = network(regions=["a"] * 6 + ["b"] * 3, failed={(0, 1): 50}, offline=[6, 7])
    assert tiny_optimum(sick, SLO_RATIO, LIMITS).rows == (0,)
    assert not tiny_optimum(sick, SLO_RATIO, replace(LIMITS, fleet_cap_ratio=0.3)).reachable


def test_the_tiny_oracle_is_for_tiny_worlds():
    pairs = {(a, a + 1): 1 for a in range(0, 18, 2)}
    with pytest.raises(AssertionError, match="not tiny"):
        tiny_optimum(network(regions=["a"] * 18, failed=pairs), SLO_RATIO, LIMITS)


def test_input_that_is_changed_in_place_is_noticed():
    class Forger(Honest):
        def plan(self, snapshot: Snapshot, memory: list[int], budget: Budget):
            succeeded = snapshot[Streams].succeeded_count
            succeeded.flags.writeable = True
            succeeded[0] += 1
            succeeded.flags.writeable = False
            return super().plan(snapshot, memory, budget)

    assert laws.input_untouched(Forger(), world(1), BUDGET) == ("the planner changed its input",)


def test_a_bound_that_proves_nothing_must_say_so():
    proud = Honest(spoil=lambda plan, _: replace(plan, bound=Bound(cost=plan.bound.cost, best=0, kind=BoundKind.NONE)))
    assert laws.bound_on_the_right_side(proud, world(1), BUDGET) == ("nothing is proven, yet best is 0",)
    nothing = Bound(cost=math.nan, best=math.nan, kind=BoundKind.NONE)
    assert laws.bound_on_the_right_side(Honest(spoil=lambda plan, _: replace(plan, bound=nothing)), world(1), BUDGET)


def test_relabelling_changes_words_and_nothing_else():
    for number, snapshot in enumerate(worlds()):
        other = relabelled(snapshot, np.random.default_rng(number))
        assert {name: of(other.snapshot) for name, of in METRICS.items()} == pytest.approx(
            {name: of(snapshot) for name, of in METRICS.items()}, nan_ok=True
        )
        assert set(other.new_id) == set(snapshot[Servers].server.tolist())
        assert set(other.new_id.values()) == set(other.snapshot[Servers].server.tolist())
        assert other.snapshot != snapshot


def test_rebuilding_keeps_the_content_and_none_of_the_arrays():
    snapshot = world(3)
    again = rebuilt(snapshot)
    assert again == snapshot
    assert not any(
        np.shares_memory(table.array(name), again.named(table.name).array(name))
        for table in snapshot.tables
        for name in table.declared()
    )
