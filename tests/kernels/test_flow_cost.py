"""The cheapest split under a cap, against linear programs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from oracles.flow_lp import flow_problems, least_spent, least_theta, seeded_flow

from fairlead.kernels.flow import FlowProblem, equal_weights
from fairlead.kernels.flow_cost import KEPT, _screened, least_cost
from fairlead.kernels.flow_program import exact_utilisation
from fairlead.kernels.flow_split import FlowSplit, least_utilisation
from fairlead.kernels.flow_sweep import least_spent as by_prices

COSTS = st.integers(0, 2**32 - 1).map(lambda seed: np.random.default_rng(seed).integers(0, 300, (6, 3)).astype(float))


def assert_proven(problem: FlowProblem, cost: np.ndarray, cap: float, found: FlowSplit) -> None:
    assert np.abs(found.weight.sum(axis=1) - 1).max() <= 1e-12
    assert (found.weight >= 0).all()
    assert (found.weight[problem.path < 0] == 0).all()
    assert problem.utilisation(found.weight).max() <= cap * (1 + 2 * KEPT) + 1e-12
    used = np.where(problem.path >= 0, cost, 0.0)
    assert found.value == pytest.approx(float((problem.demand[:, None] * found.weight * used).sum()), rel=1e-9)
    assert (found.price >= 0).all()
    least = by_prices(problem.path, problem.demand, used, problem.path_prices(found.price))
    floor = float(found.price @ (problem.base - cap)) + least
    assert found.floor == pytest.approx(min(floor, found.value), rel=1e-9)


@settings(max_examples=60)
@given(flow_problems(), COSTS, st.sampled_from([1.0, 1.1, 2.0]))
def test_the_optimum_lies_between_value_and_floor(problem: FlowProblem, cost: np.ndarray, room: float) -> None:
    cost = np.ascontiguousarray(cost[: len(problem.path)])
    safe = exact_utilisation(problem)
    assert safe is not None
    cap = max(safe.value, least_theta(problem)) * room
    assume(cap > 0)
    found = least_cost(problem, cost, cap, safe.weight, gap=1e-3, rounds=600)
    assert_proven(problem, cost, cap, found)
    best = least_spent(problem, cost, cap * (1 + 1e-9))
    assert found.floor <= best + 1e-6 * max(1.0, best)
    assert found.value >= best - 1e-6 * max(1.0, best)


@pytest.mark.parametrize("room", [1.02, 1.1, 1.5])
def test_gaps_are_kept_on_meshes(room: float) -> None:
    problem = seeded_flow(2, commodities=1_500)
    cost = np.random.default_rng(0).uniform(20, 300, problem.path.shape)
    safe = least_utilisation(problem, gap=1e-3)
    cap = safe.value * room
    found = least_cost(problem, cost, cap, safe.weight, gap=5e-3)
    assert_proven(problem, cost, cap, found)
    assert not found.cut
    assert found.value - found.floor <= 5e-3 * found.value
    spent = float((problem.demand[:, None] * safe.weight * cost).sum())
    assert found.value < 0.9 * spent
    best = least_spent(problem, cost, cap)
    assert found.floor <= best * (1 + 1e-7)
    assert best * (1 - 1e-7) <= found.value <= best * (1 + 6e-3)


def test_a_wide_cap_gives_everybody_the_cheapest_path() -> None:
    problem = seeded_flow(3, commodities=200)
    cost = np.random.default_rng(1).uniform(20, 300, problem.path.shape)
    found = least_cost(problem, cost, 1e9, equal_weights(problem.path), gap=1e-3)
    cheapest = np.where(problem.path >= 0, cost, np.inf).min(axis=1)
    assert found.value == pytest.approx(float(problem.demand @ cheapest))
    assert found.floor == pytest.approx(found.value)
    assert found.rounds == 0
    assert (found.weight.max(axis=1) == 1).all()


@settings(max_examples=60)
@given(flow_problems(), COSTS)
def test_who_is_screened_has_the_cheapest_path_in_an_optimum(problem: FlowProblem, cost: np.ndarray) -> None:
    cost = np.ascontiguousarray(cost[: len(problem.path)])
    cap = 1.2 * least_theta(problem)
    assume(cap > 0)
    order = np.argmin(np.where(problem.path >= 0, cost, np.inf), axis=1)
    cheapest = np.zeros(problem.path.shape)
    cheapest[np.arange(len(order)), order] = 1.0
    free = _screened(problem, cheapest, cap)
    path = np.where(free[:, None] | (cheapest > 0), problem.path, -1).astype(np.int32)
    path[problem.demand == 0] = problem.path[problem.demand == 0]
    single = (problem.path >= 0).sum(axis=1) == 1
    path[single] = problem.path[single]
    best = least_spent(problem, cost, cap)
    assert least_spent(replace(problem, path=path), cost, cap) == pytest.approx(best, rel=1e-6, abs=1e-6)


def test_an_expired_clock_gives_the_best_so_far() -> None:
    problem = seeded_flow(4, commodities=500)
    cost = np.random.default_rng(2).uniform(20, 300, problem.path.shape)
    safe = least_utilisation(problem, gap=1e-3)
    found = least_cost(problem, cost, safe.value * 1.01, safe.weight, gap=1e-9, expired=lambda: True)
    assert found.cut
    assert found.rounds == 0
    assert_proven(problem, cost, safe.value * 1.01, found)
