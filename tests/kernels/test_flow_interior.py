"""The interior-point method and its dense system, from any start."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from oracles.flow_lp import flow_problems, least_theta, seeded_flow

from fairlead.kernels.flow import FlowProblem, equal_weights
from fairlead.kernels.flow_interior import interior
from fairlead.kernels.flow_pairs import choices
from fairlead.kernels.flow_reduce import contested
from fairlead.kernels.flow_saddle import Saddle, never


def cold_start(problem: FlowProblem) -> Saddle:
    weight = equal_weights(problem.path)
    price = np.full(problem.link_count, 1 / problem.link_count)
    return Saddle(
        weight=weight,
        price=price,
        value=float(problem.utilisation(weight).max()),
        floor=problem.floor(price),
        round_count=0,
    )


@settings(max_examples=60)
@given(flow_problems())
def test_reaches_the_optimum_of_small_problems(problem: FlowProblem) -> None:
    core = contested(problem)
    if not core.kept.any():
        return
    small = core.problem
    found = interior(small, choices(small), cold_start(small), rounds=60, gap=1e-5, expired=never)
    best = least_theta(small)
    assert found.floor <= best + 1e-9
    assert found.value >= best - 1e-9
    assert found.value == pytest.approx(best, rel=2e-5, abs=1e-9)


@pytest.mark.parametrize("spread", [0.0, 1.0, 2.5])
def test_few_steps_suffice_from_a_cold_start(spread: float) -> None:
    small = contested(seeded_flow(1, commodities=1_500, sites=10, spread=spread)).problem
    found = interior(small, choices(small), cold_start(small), rounds=40, gap=1e-6, expired=never)
    assert found.settled(1e-6)
    assert found.round_count <= 20
    assert found.value == pytest.approx(small.utilisation(found.weight).max(), rel=1e-9)
    assert np.abs(found.weight.sum(axis=1) - 1).max() <= 1e-12
    assert (found.weight >= 0).all()


def test_never_worse_than_its_start() -> None:
    small = contested(seeded_flow(2, commodities=400)).problem
    good = interior(small, choices(small), cold_start(small), rounds=40, gap=1e-8, expired=never)
    again = interior(small, choices(small), good, rounds=1, gap=0.0, expired=never)
    assert again.value <= good.value
    assert again.floor >= good.floor
    to_the_last_digit = interior(small, choices(small), good, rounds=200, gap=0.0, expired=never)
    assert to_the_last_digit.round_count < 60
    stopped = interior(small, choices(small), cold_start(small), rounds=40, gap=1e-8, expired=lambda: True)
    assert stopped.value == cold_start(small).value


def test_the_system_is_the_sum_over_pairs() -> None:
    """Against matrices written out: sum of curvature times the outer product of what the pair changes."""
    problem = seeded_flow(3, commodities=60, sites=4)
    pairs = choices(problem)
    curvature = np.random.default_rng(0).random(pairs.pair_count)
    on_links = np.zeros((problem.path_count, problem.link_count))
    for path in range(problem.path_count):
        for link in problem.used[problem.start[path] : problem.start[path + 1]]:
            on_links[path, link] += problem.use[link]
    expected = np.zeros((problem.link_count, problem.link_count))
    seen = set()
    for row, numbers in zip(problem.path, pairs.pair, strict=True):
        for (a, b), number in zip(((0, 1), (0, 2), (1, 2)), numbers, strict=True):
            assert (number >= 0) == (row[a] >= 0 and row[b] >= 0)
            if number >= 0 and number not in seen:
                seen.add(number)
                change = on_links[row[a]] - on_links[row[b]]
                expected += curvature[number] * np.outer(change, change)
    assert len(seen) == pairs.pair_count
    assert np.tril(expected[np.ix_(pairs.rows, pairs.rows)]) == pytest.approx(pairs.system(curvature))
    others = np.setdiff1d(np.arange(problem.link_count), pairs.rows)
    assert not expected[others].any()


def test_links_that_both_paths_take_or_that_have_no_limit_are_no_rows() -> None:
    problem = FlowProblem(
        path=np.array([[0, 1, -1]], np.int32),
        demand=np.array([1.0]),
        start=np.array([0, 3, 6]),
        used=np.array([0, 1, 3, 0, 2, 4], np.int32),
        use=np.array([1.0, 1.0, 1.0, 0.0, 0.0]),
        base=np.zeros(5),
    )
    assert choices(problem).rows.tolist() == [1, 2]
    only_single = replace(problem, path=np.array([[0, -1, -1]], np.int32))
    assert choices(only_single).pair_count == 0
