"""Floors under any split: against SciPy's optima, any weights, and any prices."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles.flow_lp import flow_problems, least_spent, least_theta, seeded_flow
from test_route_split import case_of

from fairlead.kernels.flow import FlowProblem
from fairlead.planners.route.bound import joint_theta_floor, latency_floor, theta_floor
from fairlead.planners.route.bound import least_theta as exact_theta
from fairlead.planners.route.split import split_all
from fairlead.predict.link_loads import ExtendedLinks

NAN = float("nan")
CHANCES = st.integers(0, 2**32 - 1).map(np.random.default_rng)


def links_of(problem: FlowProblem) -> ExtendedLinks:
    capacity = np.divide(2.0, problem.use, out=np.full(problem.link_count, np.inf), where=problem.use > 0)
    price = np.full(problem.link_count, 2.0)
    return ExtendedLinks(capacity_mbps=capacity, price=price, start=problem.start, used=problem.used)


def unloaded(problem: FlowProblem) -> FlowProblem:
    return replace(problem, base=np.zeros(problem.link_count))


@settings(max_examples=60)
@given(flow_problems(), CHANCES)
def test_floors_are_never_above_the_optimum(problem: FlowProblem, chance: np.random.Generator) -> None:
    problem = unloaded(problem)
    best, links = least_theta(problem), links_of(problem)
    price = np.where(chance.random(problem.link_count) < 0.3, 0.0, chance.exponential(1.0, problem.link_count))
    floor = theta_floor(links, problem.path, problem.demand, price)
    assert 0 <= floor <= best + 1e-9 * max(1.0, best)
    assert theta_floor(links, problem.path, problem.demand, 5 * price) == pytest.approx(floor)
    joint = joint_theta_floor(links, problem.path, problem.demand, gap=1e-4)
    assert best * (1 - 2e-4) - 1e-9 <= joint <= best + 1e-9 * max(1.0, best)
    assert exact_theta(links, problem.path, problem.demand) == pytest.approx(best, rel=1e-7, abs=1e-9)


@settings(max_examples=60)
@given(flow_problems(), CHANCES)
def test_latency_floors_are_never_above_the_optimum(problem: FlowProblem, chance: np.random.Generator) -> None:
    problem = unloaded(problem)
    latency = chance.integers(1, 300, problem.path.shape).astype(float)
    cap = 1.1 * least_theta(problem)
    price = chance.exponential(10.0, problem.link_count)
    floor = latency_floor(links_of(problem), problem.path, problem.demand, latency, cap, price)
    total = problem.demand.sum()
    if total == 0:
        assert np.isnan(floor)
        return
    best = least_spent(problem, latency, cap + 1e-9) / total
    assert floor <= best + 1e-6 * max(1.0, best)
    cheapest = np.where(problem.path >= 0, latency, np.inf).min(axis=1)
    none = latency_floor(links_of(problem), problem.path, problem.demand, latency, cap, 0 * price)
    assert none == pytest.approx(problem.demand @ cheapest / total)


def test_by_hand() -> None:
    """Links of 1 and 3 Mbit/s in parallel and a demand of 2: C-MLU 0.5, at prices 1 : 3."""
    links = ExtendedLinks(
        capacity_mbps=np.array([1.0, 3.0]), price=np.ones(2), start=np.arange(3), used=np.array([0, 1], np.int32)
    )
    path, demand = np.array([[0, 1]], np.int32), np.array([2.0])
    assert theta_floor(links, path, demand, np.array([1.0, 3.0])) == pytest.approx(0.5)
    assert theta_floor(links, path, demand, np.array([1.0, 1.0])) == pytest.approx(1 / 3)
    assert theta_floor(links, path, demand, np.zeros(2)) == 0
    latency = np.array([[10.0, 50.0]])
    # at most 0.75 on the fast link: 0.375 of the demand, and the second is not full
    best = 0.375 * 10 + 0.625 * 50
    assert latency_floor(links, path, demand, latency, 0.75, np.array([40.0, 0.0])) == pytest.approx(best)


def test_unknown_demand_and_missing_paths_weigh_nothing() -> None:
    links = ExtendedLinks(
        capacity_mbps=np.array([1.0]), price=np.ones(1), start=np.array([0, 0, 1]), used=np.array([0], np.int32)
    )
    path = np.array([[1, -1], [1, -1], [-1, -1], [1, 0]], np.int32)
    demand = np.array([0.5, NAN, 3.0, 7.0])
    assert theta_floor(links, path, demand, np.ones(1)) == pytest.approx(0.5)
    assert joint_theta_floor(links, path, demand) == pytest.approx(0.5)
    assert exact_theta(links, path, demand) == pytest.approx(0.5)


def test_links_without_capacity() -> None:
    """Avoided where they can be; infinite where not, if somebody has to; being free makes no room."""
    links = ExtendedLinks(
        capacity_mbps=np.array([0.0, 2.0]), price=np.ones(2), start=np.arange(3), used=np.array([0, 1], np.int32)
    )
    both, only = np.array([[0, 1]], np.int32), np.array([[0, -1]], np.int32)
    one = np.ones(1)
    assert theta_floor(links, both, one, np.ones(2)) == pytest.approx(0.5)
    assert joint_theta_floor(links, both, one) == pytest.approx(0.5)
    assert exact_theta(links, both, one) == pytest.approx(0.5)
    assert theta_floor(links, only, one, np.ones(2)) == np.inf
    assert joint_theta_floor(links, only, one) == np.inf
    assert exact_theta(links, only, one) == np.inf
    assert theta_floor(links, only, 0 * one, np.ones(2)) == 0
    assert exact_theta(links, only, 0 * one) == 0
    free = replace(links, price=np.array([0.0, 1.0]))
    assert theta_floor(free, only, one, np.ones(2)) == np.inf
    assert exact_theta(free, only, one) == np.inf
    assert theta_floor(free, both, one, np.ones(2)) == pytest.approx(0.5)
    assert exact_theta(free, both, one) == pytest.approx(0.5)
    wide = replace(free, capacity_mbps=np.array([1.0, 2.0]))
    assert theta_floor(wide, only, one, np.ones(2)) == 0
    assert exact_theta(wide, only, one) == 0


def test_the_price_of_priority_is_seen() -> None:
    """Turns end above the least theta of all together, and the floor says by how much at most."""
    problem = seeded_flow(1, commodities=600, spread=0.0)
    case = case_of(problem, np.random.default_rng(0).integers(0, 2, 600))
    split = split_all(case, gap=1e-3)
    floor = joint_theta_floor(case.links, case.path, case.demand_mbps, gap=1e-3)
    best = least_theta(problem)
    assert best * (1 - 2e-3) <= floor <= best * (1 + 1e-9)
    assert split.theta > 1.01 * floor


def test_out_of_time_is_nan() -> None:
    problem = seeded_flow(6, commodities=3_000)
    assert np.isnan(exact_theta(links_of(problem), problem.path, problem.demand, seconds=0.0))
