"""The search against all subsets, and its proof where the problem is too large for branch and bound."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from oracles.brute_force import cost_of, keeps_quotas, least_cost, least_open, uncovered
from oracles.problems import cover_problems, problem_of, seeded_problem

from fairlead.kernels.cover import CoverProblem
from fairlead.model import BoundKind, Budget
from fairlead.planners.drain.bound import least_uncovered, optimum
from fairlead.planners.drain.search import EXACT_PAIRS, Cover, _by_rounding, cheapest_cover

BUDGET = Budget()


def _is_honest(problem: CoverProblem, found: Cover) -> None:
    """What a cover says of itself is true of it, whatever it is."""
    assert found.cost == pytest.approx(cost_of(problem, found.chosen), abs=1e-6)
    assert keeps_quotas(problem, found.chosen)
    assert found.best <= found.cost + 1e-9
    if found.kind is BoundKind.EXACT:
        assert found.best == pytest.approx(found.cost, abs=1e-4)
    if found.reachable:
        assert uncovered(problem, found.chosen) <= problem.slack + 1e-5
        assert found.least_open == 0
    else:
        assert found.least_open <= uncovered(problem, found.chosen) + 1e-6


@given(cover_problems())
def test_small_problems_are_solved_exactly(problem: CoverProblem) -> None:
    found, best = cheapest_cover(problem, BUDGET), least_cost(problem)
    _is_honest(problem, found)
    assert found.settled
    assert found.reachable == (best < math.inf)
    assert found.kind is BoundKind.EXACT
    if found.reachable:
        assert found.cost == pytest.approx(best, abs=1e-4)
    else:
        least, cost = least_open(problem)
        assert uncovered(problem, found.chosen) == pytest.approx(least, abs=1e-5)
        assert found.least_open == pytest.approx(least, abs=1e-5)
        assert found.cost == pytest.approx(cost, abs=1e-4)


@given(cover_problems())
def test_rounding_is_valid_and_its_bound_holds(problem: CoverProblem) -> None:
    if uncovered(problem, np.zeros(problem.node_count, dtype=bool)) <= problem.slack:
        return
    found, best = _by_rounding(problem, BUDGET), least_cost(problem)
    _is_honest(problem, found)
    if found.reachable:
        assert found.best <= best + 1e-5
        assert best <= found.cost + 1e-5
    elif found.settled:
        assert best == math.inf
    if not found.reachable and best == math.inf:
        least, cost = least_open(problem)
        assert found.least_open <= least + 1e-6
        if uncovered(problem, found.chosen) <= least + 1e-6:
            assert found.best <= cost + 1e-5


@pytest.mark.parametrize("slack_ratio", [0.0, 0.05, 0.3])
@pytest.mark.parametrize("fleet", [np.inf, 90.0])
def test_mid_size_rounding_against_branch_and_bound(slack_ratio: float, fleet: float) -> None:
    problem = seeded_problem(11, nodes=120, pairs=330, slack_ratio=slack_ratio, fleet=fleet)
    found, exact = _by_rounding(problem, BUDGET), optimum(problem, node_count=200_000)
    assert math.isfinite(exact.value)
    _is_honest(problem, found)
    assert found.reachable
    assert found.best <= exact.value + 1e-5 <= found.cost + 2e-5
    assert found.cost <= exact.value * 1.05


def test_large_problems_take_the_fast_road_and_stay_close_to_their_bound() -> None:
    problem = seeded_problem(5, nodes=600, pairs=EXACT_PAIRS + 500, slack_ratio=0.02)
    found = cheapest_cover(problem, BUDGET)
    _is_honest(problem, found)
    assert found.reachable
    assert found.kind is BoundKind.DUAL
    assert 0 < found.best < found.cost
    assert (found.cost - found.best) / found.cost < 0.1


def test_large_problems_out_of_reach_say_so() -> None:
    problem = seeded_problem(5, nodes=600, pairs=EXACT_PAIRS + 500, slack_ratio=0.0, fleet=20.0)
    found = cheapest_cover(problem, BUDGET)
    _is_honest(problem, found)
    assert not found.reachable
    assert found.chosen.sum() <= 20
    floor = least_uncovered(problem, integral=False, node_count=0).bound
    assert found.least_open == pytest.approx(floor, rel=1e-6)


def test_a_relaxation_that_no_cover_reaches_is_not_called_out_of_reach_without_proof() -> None:
    """Triangles with one server and a half each allowed: the relaxation fits, no cover does; no road may lie."""
    for count in (1, EXACT_PAIRS // 3 + 1):
        corners = [(3 * at, 3 * at + 1, 3 * at + 2) for at in range(count)]
        pairs = [(a, b, 1.0) for x, y, z in corners for a, b in ((x, y), (y, z), (x, z))]
        region = [at for at in range(count) for _ in range(3)]
        problem = problem_of(pairs, [1.0] * 3 * count, slack=0, region=region, quota=[np.inf] + [1.5] * count)
        found = cheapest_cover(problem, BUDGET)
        assert not found.reachable
        assert found.settled == (count == 1)
        assert found.least_open <= count
        assert uncovered(problem, found.chosen) == count


@pytest.mark.parametrize("rounds", [0, 1, 3])
def test_a_small_budget_is_admitted_and_its_bound_still_holds(rounds: int) -> None:
    for seed in range(3):
        problem = seeded_problem(seed, nodes=70, pairs=250, slack_ratio=0.15)
        exact = optimum(problem, node_count=1_000_000).value
        found = cheapest_cover(problem, Budget(rounds=rounds))
        _is_honest(problem, found)
        assert found.reachable
        assert 0 <= found.best <= exact + 1e-5 <= found.cost + 2e-5
        assert found.settled == (found.kind is BoundKind.EXACT)


def test_nothing_to_cover_costs_nothing() -> None:
    problem = problem_of([(0, 1, 1.0)], [1.0, 1.0], slack=1.0)
    found = cheapest_cover(problem, BUDGET)
    assert (found.cost, found.best, found.kind, found.reachable) == (0, 0, BoundKind.EXACT, True)
    assert not found.chosen.any()


def test_the_same_problem_gives_the_same_cover() -> None:
    for pairs in (300, EXACT_PAIRS + 1):
        problem = seeded_problem(2, nodes=200, pairs=pairs, slack_ratio=0.1)
        first, second = cheapest_cover(problem, BUDGET), cheapest_cover(problem, BUDGET)
        assert np.array_equal(first.chosen, second.chosen)
        assert first.best == second.best
