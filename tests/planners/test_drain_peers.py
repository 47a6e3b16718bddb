"""The rivals: each does what its paper says, all are valid, none beats the optimum; and the paper's own 150 cases."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from oracles.drains import GOALS, allowed_drains, cheapest_that_keeps, cost, demand, sick_worlds, still_failing
from oracles.networks import network

from fairlead.model import BoundKind, Budget, Plan, Servers, Snapshot, Status, apply_edits, plan_as_json
from fairlead.planners.drain import UNLIMITED, Drain, Goal
from fairlead.planners.drain.failures import failures
from fairlead.planners.drain.peers import ByScore, Rival, beam, exact, greedy, heuristic_offline, netbouncer
from fairlead.predict.metrics import METRICS
from fairlead.worlds.overlay.paper import Scenario, paper_cases

BUDGET = Budget()
CHOICES = {
    "heuristic_offline": heuristic_offline.choose,
    "netbouncer": netbouncer.choose,
    "beam": beam.choose,
    "greedy": greedy.choose,
    "exact": exact.choose,
    "by_score": ByScore(lambda snapshot: np.linspace(0, 1, snapshot[Servers].row_count, dtype=np.float32)),
}


def planned(name: str, world: Snapshot, goal: Goal = UNLIMITED) -> Plan:
    return Rival(name=name, choose=CHOICES[name], goal=goal).plan(world, None, BUDGET)[0]


def drained(plan: Plan) -> list[int]:
    return [row for edit in plan.edits for row in edit.rows.tolist()]


@pytest.mark.parametrize("name", CHOICES)
@settings(max_examples=40)
@given(world=sick_worlds(), goal=GOALS)
def test_every_rival_is_valid_and_repeatable(name: str, world: Snapshot, goal: Goal) -> None:
    plan = planned(name, world, goal)
    rows = tuple(sorted(drained(plan)))
    assert plan_as_json(planned(name, world, goal), world) == plan_as_json(plan, world)
    assert rows in set(allowed_drains(world, goal))
    assert plan.bound.cost == pytest.approx(cost(world, rows))
    assert plan.status is (
        Status.NOTHING_TO_DO
        if METRICS["success_ratio"](world) >= goal.slo_ratio
        else Status.SOLVED
        if METRICS["success_ratio"](apply_edits(world, plan.edits)) >= goal.slo_ratio
        else Status.OUT_OF_REACH
    )
    limit = (1 - goal.slo_ratio) * demand(world)
    best = cheapest_that_keeps(world, goal, limit)
    if plan.status is Status.SOLVED:
        assert plan.bound.cost >= best - 1e-5
    if name == "exact" and plan.status is not Status.NOTHING_TO_DO:
        assert plan.bound.kind is BoundKind.EXACT
        least = min(still_failing(world, drain) for drain in allowed_drains(world, goal))
        assert plan.bound.cost == pytest.approx(cheapest_that_keeps(world, goal, max(limit, least)), abs=1e-4)
    if name in ("beam", "greedy", "exact") and math.isfinite(best) and goal == UNLIMITED:
        assert plan.status is not Status.OUT_OF_REACH


def test_the_heuristic_follows_the_fail_ratio_not_the_count() -> None:
    world = network(regions=["a"] * 4, failed={(0, 1): 30, (2, 3): 40}, silent=[(0, 2), (0, 3)])
    ratio = heuristic_offline.fail_ratio(world, failures(world))
    assert ratio.tolist() == pytest.approx([30 / 100, 30 / 300, 40 / 200, 40 / 200])
    assert drained(planned("heuristic_offline", world)) == [0, 2]


def test_the_heuristic_ignores_streams_to_servers_that_are_down() -> None:
    world = network(regions=["a"] * 4, failed={(0, 1): 30}, offline=[3])
    assert heuristic_offline.fail_ratio(world, failures(world)).tolist() == pytest.approx([0.15, 0.15])


def test_netbouncer_wants_every_path_bad() -> None:
    all_bad = {(0, other): 5 for other in range(1, 4)}
    assert drained(planned("netbouncer", network(regions=["a"] * 4, failed=all_bad))) == [0]
    one_good = {(0, other): 5 for other in range(1, 3)}
    plan = planned("netbouncer", network(regions=["a"] * 4, failed=one_good))
    assert (drained(plan), plan.status) == ([], Status.OUT_OF_REACH)


def test_scores_rank_and_unscored_servers_stay() -> None:
    world = network(regions=["a"] * 4, failed={(0, 1): 5, (1, 2): 5, (2, 3): 5})
    scores = np.array([0.1, np.nan, 0.9, 0.5], dtype=np.float32)
    rival = Rival(name="sentry", choose=ByScore(lambda _: scores), goal=UNLIMITED)
    plan, _ = rival.plan(world, None, BUDGET)
    assert drained(plan) == [2, 3, 0]
    assert plan.status is Status.SOLVED


def test_equal_scores_go_by_row() -> None:
    world = network(regions=["a"] * 4, failed={(0, 1): 5, (2, 3): 5})
    rival = Rival(name="sentry", choose=ByScore(lambda _: np.full(4, 0.5, dtype=np.float32)), goal=UNLIMITED)
    assert drained(rival.plan(world, None, BUDGET)[0]) == [0, 1, 2]


def test_the_budget_of_edits_is_kept() -> None:
    world = network(regions=["a"] * 8, failed={(0, 1): 5, (2, 3): 5, (4, 5): 5, (6, 7): 5})
    for name, choose in CHOICES.items():
        plan, _ = Rival(name=name, choose=choose, goal=UNLIMITED).plan(world, None, Budget(edits=2))
        assert len(drained(plan)) <= 2, name


@pytest.fixture(scope="module")
def outcomes() -> dict[str, list[Plan]]:
    """The paper's 150 test cases of seed 0 by every method that needs no training, without safety caps."""
    cases = paper_cases(0, "test")
    names = ("heuristic_offline", "netbouncer", "greedy", "exact")
    plans = {name: [planned(name, case.snapshot) for case in cases] for name in names}
    drain = Drain(goal=UNLIMITED)
    plans["fairlead"] = [drain.plan(case.snapshot, drain.begin(), BUDGET)[0] for case in cases]
    return plans


def _mean(plans: list[Plan], metric: str) -> float:
    return float(np.mean([plan.effect(metric).after for plan in plans]))


@pytest.mark.slow
def test_fairlead_is_exact_on_all_of_the_papers_cases(outcomes: dict[str, list[Plan]]) -> None:
    for ours, theirs in zip(outcomes["fairlead"], outcomes["exact"], strict=True):
        assert ours.status is theirs.status is Status.SOLVED
        assert ours.bound.kind is theirs.bound.kind is BoundKind.EXACT
        assert ours.bound.cost == pytest.approx(theirs.bound.cost, abs=1e-4)
        assert ours.effect("success_ratio").after >= 0.9999


@pytest.mark.slow
def test_netbouncer_solves_exactly_a_third(outcomes: dict[str, list[Plan]]) -> None:
    solved = [plan.status is Status.SOLVED for plan in outcomes["netbouncer"]]
    assert solved == [scenario is Scenario.SERVER_WIDE for scenario in Scenario for _ in range(50)]


@pytest.mark.slow
def test_no_rival_is_cheaper_than_the_optimum(outcomes: dict[str, list[Plan]]) -> None:
    for name in ("heuristic_offline", "greedy"):
        for plan, best in zip(outcomes[name], outcomes["exact"], strict=True):
            assert plan.status is Status.SOLVED
            assert plan.bound.cost >= best.bound.cost - 1e-4
    assert _mean(outcomes["exact"], "qoe_cost") == pytest.approx(450, abs=30)
    assert _mean(outcomes["greedy"], "qoe_cost") == pytest.approx(524, abs=35)


@pytest.mark.slow
def test_the_heuristic_meets_the_papers_figures_over_seeds() -> None:
    plans = [planned("heuristic_offline", case.snapshot) for seed in range(5) for case in paper_cases(seed, "test")]
    assert all(plan.status is Status.SOLVED for plan in plans)
    assert _mean(plans, "offline_count") == pytest.approx(14.2, abs=0.7)
    assert _mean(plans, "qoe_cost") == pytest.approx(956, abs=50)
