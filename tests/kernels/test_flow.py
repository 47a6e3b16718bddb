"""The arithmetic of a split against loops, and what duality promises."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracles.flow_lp import flow_problems, least_theta

from fairlead.kernels.flow import FlowProblem, equal_weights

CHANCES = st.integers(0, 2**32 - 1).map(np.random.default_rng)


def some_weights(problem: FlowProblem, chance: np.random.Generator) -> np.ndarray:
    weight = np.where(problem.path >= 0, chance.exponential(1.0, problem.path.shape), 0.0)
    return weight / weight.sum(axis=1, keepdims=True)


def by_loops(problem: FlowProblem, weight: np.ndarray) -> np.ndarray:
    use = problem.base.copy()
    for c, s in np.ndindex(*problem.path.shape):
        p = problem.path[c, s]
        if p >= 0:
            for link in problem.used[problem.start[p] : problem.start[p + 1]]:
                use[link] += problem.use[link] * weight[c, s] * problem.demand[c]
    return use


@given(flow_problems(), CHANCES)
def test_utilisation_is_what_loops_say(problem: FlowProblem, chance: np.random.Generator) -> None:
    weight = some_weights(problem, chance)
    assert problem.utilisation(weight) == pytest.approx(by_loops(problem, weight))
    assert problem.rates(weight).sum() == pytest.approx(problem.demand.sum())


@given(flow_problems(), CHANCES)
def test_path_prices_are_what_loops_say(problem: FlowProblem, chance: np.random.Generator) -> None:
    price = chance.random(problem.link_count)
    ends = zip(problem.start[:-1], problem.start[1:], strict=True)
    expected = [sum(price[e] * problem.use[e] for e in problem.used[a:b]) for a, b in ends]
    assert problem.path_prices(price) == pytest.approx(np.array(expected))


@given(flow_problems(), CHANCES)
def test_no_prices_put_the_floor_above_the_optimum(problem: FlowProblem, chance: np.random.Generator) -> None:
    best = least_theta(problem)
    sparse = np.where(chance.random(problem.link_count) < 0.5, 0.0, chance.exponential(1.0, problem.link_count))
    for price in (sparse, 7.0 * sparse, np.zeros(problem.link_count), np.ones(problem.link_count)):
        floor = problem.floor(price)
        assert problem.base.max() <= floor <= best + 1e-9 * max(1.0, best)
    assert problem.floor(7.0 * sparse) == pytest.approx(problem.floor(sparse))


@given(flow_problems(), CHANCES)
def test_any_weights_are_at_least_the_optimum(problem: FlowProblem, chance: np.random.Generator) -> None:
    assert problem.utilisation(some_weights(problem, chance)).max() >= least_theta(problem) - 1e-9


def test_the_right_prices_prove_the_optimum() -> None:
    """Two parallel links of one and three units of capacity and a demand of 4: theta is 1, at prices 1 : 3."""
    problem = FlowProblem(
        path=np.array([[0, 1]], np.int32),
        demand=np.array([4.0]),
        start=np.array([0, 1, 2]),
        used=np.array([0, 1], np.int32),
        use=np.array([1.0, 1 / 3]),
        base=np.zeros(2),
    )
    assert problem.floor(np.array([1.0, 3.0])) == pytest.approx(1.0)
    assert problem.floor(np.array([3.0, 1.0])) == pytest.approx(1 / 3)
    assert problem.utilisation(np.array([[0.25, 0.75]])) == pytest.approx([1.0, 1.0])
    used_before = replace(problem, base=np.array([0.0, 0.5]))
    assert used_before.floor(np.array([1.0, 3.0])) == pytest.approx(1.0 + 0.75 * 0.5)


def test_equal_weights_leave_unused_slots_alone() -> None:
    path = np.array([[4, -1, 2], [-1, 0, -1], [-1, -1, -1], [1, 2, 3]], np.int32)
    expected = [[0.5, 0, 0.5], [0, 1, 0], [0, 0, 0], [1 / 3, 1 / 3, 1 / 3]]
    assert equal_weights(path) == pytest.approx(np.array(expected))
