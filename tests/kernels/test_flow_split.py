"""Least utilisation for all: against linear programs, and the proofs it hands out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from oracles.flow_lp import flow_problems, least_theta, seeded_flow

from fairlead.kernels import flow_split
from fairlead.kernels.flow import FlowProblem, equal_weights
from fairlead.kernels.flow_program import exact_utilisation
from fairlead.kernels.flow_reduce import contested
from fairlead.kernels.flow_saddle import saddle
from fairlead.kernels.flow_split import FlowSplit, least_utilisation


def assert_proven(problem: FlowProblem, found: FlowSplit, gap: float) -> None:
    """What is said of the weights and of the floor is so, by a second evaluation."""
    has_path = (problem.path >= 0).any(axis=1)
    assert np.abs(found.weight.sum(axis=1) - has_path).max() <= 1e-12
    assert (found.weight >= 0).all()
    assert (found.weight[problem.path < 0] == 0).all()
    assert found.value == pytest.approx(problem.utilisation(found.weight).max(), rel=1e-12)
    assert found.floor == pytest.approx(problem.floor(found.price), rel=1e-9)
    assert found.price.sum() == pytest.approx(1.0)
    assert (found.price >= 0).all()
    assert found.floor <= found.value
    assert found.value - found.floor <= gap * found.value + 1e-12


@settings(max_examples=60)
@given(flow_problems())
def test_the_optimum_lies_between_value_and_floor(problem: FlowProblem) -> None:
    best, found = least_theta(problem), least_utilisation(problem, gap=1e-4)
    assert_proven(problem, found, 1e-4)
    assert found.floor <= best + 1e-9 * max(1.0, best)
    assert found.value >= best - 1e-9 * max(1.0, best)


@pytest.mark.parametrize("spread", [0.0, 0.5, 2.0])
@pytest.mark.parametrize("gap", [1e-2, 1e-3, 1e-6])
def test_gaps_are_kept_on_meshes(spread: float, gap: float) -> None:
    problem = seeded_flow(3, commodities=2_000, spread=spread)
    found = least_utilisation(problem, gap=gap)
    assert_proven(problem, found, gap)
    assert not found.cut
    assert found.value <= 0.9 * problem.utilisation(equal_weights(problem.path)).max()


@pytest.mark.parametrize("spread", [0.0, 1.0])
def test_first_order_alone_keeps_its_gap(spread: float) -> None:
    """Without the interior-point method: the first-order method reaches 1 % by itself."""
    problem = seeded_flow(4, commodities=1_000, spread=spread)
    core = contested(problem).problem
    start = np.full(core.link_count, 1 / core.link_count)
    cost = np.zeros(core.path.shape)
    found = saddle(core, flow_split._Fullest(core), cost, start, rounds=3_000, gap=0.01)
    assert found.settled(0.01)
    assert 0 < found.round_count < 3_000
    assert found.value == pytest.approx(core.utilisation(found.weight).max(), rel=1e-9)
    assert found.floor == pytest.approx(core.floor(found.price), rel=1e-9)
    best = least_theta(core)
    assert found.floor <= best * (1 + 1e-9)
    assert found.value >= best * (1 - 1e-9)


def test_relabelling_links_and_commodities_changes_nothing() -> None:
    problem = seeded_flow(5, commodities=500)
    chance = np.random.default_rng(0)
    links, rows = chance.permutation(problem.link_count), chance.permutation(500)
    place = np.argsort(links)
    other = replace(
        problem,
        path=problem.path[rows],
        demand=problem.demand[rows],
        used=place[problem.used].astype(np.int32),
        use=problem.use[links],
        base=problem.base[links],
    )
    one, two = least_utilisation(problem, gap=1e-7), least_utilisation(other, gap=1e-7)
    assert one.value == pytest.approx(two.value, rel=2e-7)


def test_same_input_same_bits_and_commodities_over_many_chunks() -> None:
    problem = seeded_flow(6, commodities=60_000, sites=30)
    one, two = (least_utilisation(problem, gap=1e-2) for _ in range(2))
    assert one.weight.tobytes() == two.weight.tobytes()
    assert one.price.tobytes() == two.price.tobytes()
    assert_proven(problem, one, 1e-2)


def test_a_link_without_limit_does_not_matter() -> None:
    problem = seeded_flow(7, commodities=300)
    extra = replace(problem, use=np.append(problem.use, 0.0), base=np.append(problem.base, 0.0))
    used = [
        np.append(problem.used[a:b], problem.link_count) for a, b in zip(problem.start, problem.start[1:], strict=False)
    ]
    extra = replace(
        extra, used=np.concatenate(used).astype(np.int32), start=problem.start + np.arange(len(problem.start))
    )
    one, two = least_utilisation(problem, gap=1e-7), least_utilisation(extra, gap=1e-7)
    assert one.value == pytest.approx(two.value, rel=2e-7)
    assert two.price[-1] == 0


def test_demand_without_choice_is_its_own_floor() -> None:
    problem = seeded_flow(8, commodities=50)
    single = np.where(np.arange(3) == 0, problem.path, -1).astype(np.int32)
    found = least_utilisation(replace(problem, path=single), gap=1e-3)
    assert found.value == found.floor > 0
    assert found.rounds == 0
    nothing = least_utilisation(replace(problem, demand=np.zeros(50)), gap=1e-3)
    assert nothing.value == nothing.floor == 0
    unlimited = least_utilisation(replace(problem, use=np.zeros(problem.link_count)), gap=1e-3)
    assert unlimited.value == unlimited.floor == 0


def with_forced_load(problem: FlowProblem, link: int, amount: float) -> FlowProblem:
    """One more path over the one link, and one more commodity that has no other: it alone uses ``amount`` of it."""
    return replace(
        problem,
        path=np.concatenate([problem.path, [[problem.path_count, -1, -1]]]).astype(np.int32),
        demand=np.append(problem.demand, amount / problem.use[link]),
        start=np.append(problem.start, len(problem.used) + 1),
        used=np.append(problem.used, link).astype(np.int32),
    )


@pytest.mark.parametrize("share", [0.5, 0.99, 1.5, 5.0])
def test_load_by_force_proves_itself_before_the_whole_problem(share: float) -> None:
    """A link that one commodity must fill, alone or with others that must come: the floor needs a price on it."""
    problem = seeded_flow(11, commodities=400, spread=0.5)
    theta = least_theta(problem)
    for link in range(0, problem.link_count, 20):
        forced = with_forced_load(problem, link, share * theta)
        found, best = least_utilisation(forced, gap=1e-3), least_theta(forced)
        assert_proven(forced, found, 1e-3)
        assert found.floor <= best * (1 + 1e-9) <= found.value * (1 + 2e-9)
        exact = exact_utilisation(forced)
        assert exact is not None
        assert_proven(forced, exact, 1e-9)


def test_an_expired_clock_still_gives_an_answer() -> None:
    problem = seeded_flow(9, commodities=1_000)
    asked = iter(range(1_000))
    cut = least_utilisation(problem, gap=1e-9, expired=lambda: next(asked) >= 2)
    assert cut.cut
    assert 0 < cut.rounds <= 60
    assert_proven(problem, cut, 1.0)
    at_once = least_utilisation(problem, gap=1e-9, expired=lambda: True)
    assert at_once.cut
    assert at_once.rounds == 0
    assert at_once.weight == pytest.approx(equal_weights(problem.path))
    assert cut.value < at_once.value


def test_rounds_are_a_limit() -> None:
    problem = seeded_flow(10, commodities=1_000)
    for rounds in (0, 1, 30, 205):
        found = least_utilisation(problem, gap=1e-12, rounds=rounds)
        assert found.rounds <= rounds
        assert not found.cut
        assert_proven(problem, found, 1.0)
