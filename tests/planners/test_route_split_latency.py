"""The lowest latency under a cap on the fullest link."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from oracles.flow_lp import least_spent, seeded_flow
from test_route_split import case_of, parallel

from fairlead.planners.route.bound import latency_floor
from fairlead.planners.route.split import split_together
from fairlead.planners.route.split_latency import UNKNOWN_MS, split_latency

NAN = float("nan")


@pytest.mark.parametrize("slack", [0.05, 0.3])
def test_the_proof_holds_and_the_cap_is_kept(slack: float) -> None:
    problem = seeded_flow(1, commodities=1_000)
    case = case_of(problem)
    latency = np.random.default_rng(0).uniform(20, 300, case.path.shape)
    safe = split_together(case, gap=1e-3)
    cap = safe.theta * (1 + slack)
    found = split_latency(case, latency, safe, cap, gap=5e-3)
    assert found.cap == cap
    assert found.split.theta <= cap * (1 + 1e-6)
    assert found.gap <= 5e-3
    assert found.split.replayable
    total = problem.demand.sum()
    assert found.latency_ms == pytest.approx((problem.demand[:, None] * found.split.weight * latency).sum() / total)
    floor = latency_floor(case.links, case.path, case.demand_mbps, latency, cap, found.price)
    assert floor == pytest.approx(found.floor_ms, rel=1e-9)
    assert least_spent(problem, latency, cap) / total == pytest.approx(found.latency_ms, rel=6e-3)
    assert np.abs(found.split.weight.sum(axis=1) - 1).max() <= 1e-12


def test_more_room_is_never_slower() -> None:
    problem = seeded_flow(2, commodities=500)
    case = case_of(problem)
    latency = np.random.default_rng(1).uniform(20, 300, case.path.shape)
    safe = split_together(case, gap=1e-3)
    means = [
        split_latency(case, latency, safe, safe.theta * room, gap=1e-4).latency_ms for room in (1.01, 1.2, 3.0, 99.0)
    ]
    assert means == sorted(means, reverse=True)
    cheapest = np.where(case.path >= 0, latency, np.inf).min(axis=1)
    assert means[-1] == pytest.approx(problem.demand @ cheapest / problem.demand.sum())


def test_by_hand() -> None:
    """Links of 1 and 3 and a demand of 2: at most 0.75 on the fast one."""
    case = parallel([1.0, 3.0], [2.0], [0])
    found = split_latency(case, np.array([[10.0, 50.0]]), split_together(case, gap=1e-6), 0.75, gap=1e-6)
    assert found.split.weight == pytest.approx(np.array([[0.375, 0.625]]), abs=1e-4)
    assert found.latency_ms == pytest.approx(35.0, rel=1e-4)
    assert found.floor_ms == pytest.approx(35.0, rel=1e-4)


def test_a_cap_that_nothing_keeps_is_replaced_by_what_is_reached() -> None:
    case = parallel([1.0, 3.0], [2.0], [0])
    safe = split_together(case, gap=1e-6)
    found = split_latency(case, np.array([[10.0, 50.0]]), safe, 0.1)
    assert found.cap == pytest.approx(0.5, rel=1e-3)
    assert found.split.theta <= found.cap * (1 + 1e-6)


def test_a_path_of_unknown_latency_is_a_last_resort() -> None:
    case = parallel([1.0, 3.0], [2.0, 0.1], [0, 0])
    latency = np.array([[NAN, 50.0], [NAN, NAN]])
    found = split_latency(case, latency, split_together(case), 10.0)
    assert found.split.weight[0].tolist() == [0.0, 1.0]
    assert found.latency_ms == pytest.approx((2 * 50 + 0.1 * UNKNOWN_MS) / 2.1)


def test_links_without_capacity_and_without_demand() -> None:
    case = parallel([0.0, 2.0], [1.0], [0])
    latency = np.array([[10.0, 50.0]])
    found = split_latency(case, latency, split_together(case), 1.0)
    assert found.split.weight.tolist() == [[0.0, 1.0]]
    idle = replace(case, demand_mbps=np.array([NAN]))
    nothing = split_latency(idle, latency, split_together(idle), 1.0)
    assert np.isnan(nothing.latency_ms)
    assert nothing.gap == 0


def test_the_brake_is_seen() -> None:
    problem = seeded_flow(3, commodities=500)
    case = case_of(problem)
    latency = np.random.default_rng(2).uniform(20, 300, case.path.shape)
    safe = split_together(case, gap=1e-3)
    found = split_latency(case, latency, safe, safe.theta * 1.02, gap=1e-9, expired=lambda: True)
    assert not found.split.replayable
    assert found.split.theta <= found.cap * (1 + 1e-6)
