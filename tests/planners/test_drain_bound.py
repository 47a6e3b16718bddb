"""Floors under the cost of any plan, against all subsets."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from oracles.brute_force import keeps_quotas, least_cost, least_open, uncovered
from oracles.problems import cover_problems, seeded_problem

from fairlead.kernels.cover import CoverProblem, greedy
from fairlead.kernels.lp import Outcome
from fairlead.planners.drain.bound import least_uncovered, optimum, relaxation


@given(cover_problems())
def test_relaxation_is_never_above_the_optimum(problem: CoverProblem) -> None:
    best, found = least_cost(problem), relaxation(problem)
    if found.outcome is Outcome.INFEASIBLE:
        assert best == math.inf
    else:
        assert found.bound <= best + 1e-6
        assert (found.x >= -1e-7).all()
        assert (found.x <= 1 + 1e-7).all()


@given(cover_problems())
def test_optimum_is_the_brute_force_optimum(problem: CoverProblem) -> None:
    best, found = least_cost(problem), optimum(problem, node_count=100_000)
    if best == math.inf:
        assert found.outcome is Outcome.INFEASIBLE
        return
    assert found.outcome is Outcome.OPTIMAL
    chosen = found.x[: problem.node_count] > 0.5
    assert found.value == pytest.approx(best, abs=1e-5)
    assert uncovered(problem, chosen) <= problem.slack + 1e-5
    assert keeps_quotas(problem, chosen)


@given(cover_problems(max_nodes=6))
def test_least_uncovered_is_the_brute_force_least(problem: CoverProblem) -> None:
    least, _ = least_open(problem)
    whole = least_uncovered(problem, integral=True, node_count=100_000)
    relaxed = least_uncovered(problem, integral=False, node_count=100_000)
    assert whole.value == pytest.approx(least, abs=1e-5)
    assert relaxed.bound <= least + 1e-6


def test_mid_size_bounds_are_in_order() -> None:
    for seed in range(3):
        problem = seeded_problem(seed, nodes=40, pairs=120, slack_ratio=0.05)
        exact, relaxed = optimum(problem, node_count=100_000), relaxation(problem)
        start, _ = greedy(problem, problem.cost)
        assert relaxed.bound <= exact.value + 1e-6
        assert exact.value <= problem.cost[start].sum() + 1e-6
        assert relaxed.bound > 0.3 * exact.value
        warm = optimum(problem, node_count=100_000, start=start)
        assert warm.value == pytest.approx(exact.value, abs=1e-5)


def test_a_cut_search_still_has_a_floor() -> None:
    problem = seeded_problem(7, nodes=80, pairs=300, slack_ratio=0.1)
    exact = optimum(problem, node_count=1_000_000).value
    for node_count in (0, 1, 5):
        cut = optimum(problem, node_count=node_count, start=greedy(problem, problem.cost)[0])
        assert 0 <= cut.bound <= exact + 1e-6
        assert cut.value >= exact - 1e-6


def test_quotas_that_nobody_can_exceed_change_nothing() -> None:
    plain = seeded_problem(3, nodes=40, pairs=120, slack_ratio=0.1)
    generous = seeded_problem(3, nodes=40, pairs=120, slack_ratio=0.1, fleet=200.0)
    assert not np.isinf(generous.quota).any()
    assert optimum(generous, node_count=100_000).value == pytest.approx(optimum(plain, node_count=100_000).value)
