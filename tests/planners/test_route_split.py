"""Weights in turns of priority: what each turn sees, proves and leaves, and what no capacity at all does."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles.flow_lp import flow_problems, least_theta, seeded_flow

from fairlead.kernels.flow import FlowProblem, equal_weights
from fairlead.planners.route.split import (
    LEFT_RATIO,
    Split,
    SplitCase,
    Turn,
    split_active,
    split_all,
    split_together,
    usable,
)
from fairlead.predict.link_loads import ExtendedLinks, link_loads

NAN = float("nan")


def case_of(problem: FlowProblem, priority: np.ndarray | None = None) -> SplitCase:
    """The problem as a case: price 2 everywhere, capacities to match; unlimited where nothing is used up."""
    capacity = np.divide(2.0, problem.use, out=np.full(problem.link_count, np.inf), where=problem.use > 0)
    links = ExtendedLinks(
        capacity_mbps=capacity, price=np.full(problem.link_count, 2.0), start=problem.start, used=problem.used
    )
    count = len(problem.path)
    return SplitCase(
        path=problem.path,
        demand_mbps=problem.demand,
        priority=np.zeros(count, np.int32) if priority is None else priority.astype(np.int32),
        links=links,
    )


def parallel(capacity: list[float], demand: list[float], priority: list[int], price: float = 1.0) -> SplitCase:
    """Every session group may take every one of the parallel links."""
    count = len(capacity)
    return SplitCase(
        path=np.tile(np.arange(count, dtype=np.int32), (len(demand), 1)),
        demand_mbps=np.array(demand),
        priority=np.array(priority, np.int32),
        links=ExtendedLinks(
            capacity_mbps=np.array(capacity),
            price=np.full(count, price),
            start=np.arange(count + 1),
            used=np.arange(count, dtype=np.int32),
        ),
    )


def assert_sound(case: SplitCase, split: Split) -> None:
    has_path = (case.path >= 0).any(axis=1)
    assert np.abs(split.weight.sum(axis=1) - has_path).max(initial=0.0) <= 1e-12
    assert (split.weight >= 0).all()
    assert (split.weight[case.path < 0] == 0).all()
    for turn in split.turns:
        assert turn.floor <= turn.theta
        assert 0 <= turn.gap <= 1
    priorities = [turn.priority for turn in split.turns]
    assert priorities == sorted(set(case.priority.tolist()), reverse=True)


@settings(max_examples=60)
@given(flow_problems())
def test_one_priority_is_the_least_theta(problem: FlowProblem) -> None:
    problem = replace(problem, base=np.zeros(problem.link_count))
    case, best = case_of(problem), least_theta(problem)
    everybody = np.ones(len(problem.path), dtype=bool)
    for split in (split_all(case, gap=1e-4), split_together(case, gap=1e-4), split_active(case, everybody)):
        assert_sound(case, split)
        assert split.replayable
        assert split.theta == pytest.approx(best, rel=2e-4, abs=1e-9)
        assert split.turns[0].theta == pytest.approx(split.theta, rel=1e-9, abs=1e-12)
        assert split.turns[0].floor <= best + 1e-9 * max(1.0, best)
        assert split.gap <= 1e-4 + 1e-12


@settings(max_examples=40)
@given(flow_problems(max_commodities=8), st.integers(0, 2**32 - 1))
def test_a_turn_of_the_papers_sees_what_higher_priorities_left(problem: FlowProblem, seed: int) -> None:
    """Each turn's optimum, by SciPy, on the capacities minus the loads of the turns before."""
    problem = replace(problem, base=np.zeros(problem.link_count))
    priority = np.random.default_rng(seed).integers(0, 3, len(problem.path))
    case = case_of(problem, priority)
    split = split_active(case, np.ones(len(problem.path), dtype=bool))
    assert_sound(case, split)
    capacity = case.links.capacity_mbps
    left = capacity.copy()
    for turn in split.turns:
        mine = priority == turn.priority
        use = np.where(np.isinf(left), 0.0, 2.0 / left)
        alone = replace(problem, path=problem.path[mine], demand=problem.demand[mine], use=use)
        assert_turn_is_best(turn, alone, split.weight[mine])
        rate = split.weight[mine] * problem.demand[mine][:, None]
        left = np.maximum(left - link_loads(case.links, problem.path[mine], rate), LEFT_RATIO * capacity)


@settings(max_examples=40)
@given(flow_problems(max_commodities=8), st.integers(0, 2**32 - 1))
def test_a_turn_of_ours_stands_on_the_load_of_higher_priorities(problem: FlowProblem, seed: int) -> None:
    """Each turn's optimum, by SciPy, with the loads of the turns before as a base; the last is the whole."""
    problem = replace(problem, base=np.zeros(problem.link_count))
    priority = np.random.default_rng(seed).integers(0, 3, len(problem.path))
    case = case_of(problem, priority)
    split = split_all(case, gap=1e-4)
    assert_sound(case, split)
    base = np.zeros(problem.link_count)
    for turn in split.turns:
        mine = priority == turn.priority
        alone = replace(problem, path=problem.path[mine], demand=problem.demand[mine], base=base)
        assert_turn_is_best(turn, alone, split.weight[mine])
        base = alone.utilisation(split.weight[mine])
    assert split.turns[-1].theta == pytest.approx(split.theta, rel=1e-9, abs=1e-12)


def assert_turn_is_best(turn: Turn, alone: FlowProblem, weight: np.ndarray) -> None:
    assert turn.theta == pytest.approx(alone.utilisation(weight).max(), rel=1e-6, abs=1e-9)
    best = least_theta(alone)
    assert turn.theta == pytest.approx(best, rel=2e-4, abs=1e-9)
    assert turn.floor <= best * (1 + 1e-9) + 1e-9


def test_the_higher_priority_is_split_as_if_alone() -> None:
    problem = seeded_flow(1, commodities=600)
    priority = np.random.default_rng(0).integers(0, 2, 600)
    case = case_of(problem, priority)
    first = priority == 1
    alone = case_of(replace(problem, path=problem.path[first], demand=problem.demand[first]))
    together, single = split_all(case, gap=1e-3), split_all(alone, gap=1e-3)
    assert (together.weight[first] == single.weight).all()
    assert together.turns[0].theta == single.theta
    assert split_together(case, gap=1e-3).theta <= together.theta * (1 + 1e-3)


def test_two_turns_by_hand() -> None:
    """Links of 1 and 3, first 2, then 1: the first turn takes 0.5 and 1.5, and leaves 0.5 and 1.5."""
    case = parallel([1.0, 3.0], [1.0, 2.0], [0, 5])
    ours, papers = split_all(case, gap=1e-9), split_active(case, np.ones(2, dtype=bool))
    for split in (ours, papers):
        assert [turn.priority for turn in split.turns] == [5, 0]
        assert split.weight == pytest.approx(np.array([[0.25, 0.75], [0.25, 0.75]]))
        assert split.utilisation == pytest.approx([0.75, 0.75])
    assert [turn.theta for turn in ours.turns] == pytest.approx([0.5, 0.75])
    assert [turn.theta for turn in papers.turns] == pytest.approx([0.5, 0.5])


def test_what_is_left_of_a_full_link_looks_as_good_as_an_empty_one_but_is_not() -> None:
    """The higher priority takes 9 of link 0 of 10; for the program of the paper 1 is left there, as on link 1."""
    case = parallel([10.0, 1.0], [1.0, 9.0], [0, 1])
    case = replace(case, path=np.array([[0, 1], [0, -1]], np.int32))
    ours, papers = split_all(case, gap=1e-9), split_active(case, np.ones(2, dtype=bool))
    assert papers.weight[0] == pytest.approx([0.5, 0.5], abs=1e-6)
    assert papers.theta == pytest.approx(0.95)
    assert ours.weight[0] == pytest.approx([1 / 11, 10 / 11], abs=1e-6)
    assert ours.theta == pytest.approx(10 / 11)


def test_price_weighs_utilisation() -> None:
    case = parallel([1.0, 1.0], [1.0], [0])
    case = replace(case, links=replace(case.links, price=np.array([1.0, 4.0])))
    split = split_all(case, gap=1e-9)
    assert split.weight == pytest.approx(np.array([[0.8, 0.2]]))
    assert split.utilisation == pytest.approx([0.8, 0.8])
    free = replace(case, links=replace(case.links, price=np.array([1.0, 0.0])))
    assert split_all(free, gap=1e-9).theta == pytest.approx(0.0, abs=1e-9)


def test_a_filled_link_is_still_shared_out_by_those_who_come_later() -> None:
    case = parallel([1.0, 1.0], [1.0, 4.0], [0, 1])
    ours, papers = split_all(case, gap=1e-6), split_active(case, np.ones(2, dtype=bool))
    for split in (ours, papers):
        assert split.weight == pytest.approx(np.full((2, 2), 0.5), abs=1e-3)
        assert split.utilisation == pytest.approx([2.5, 2.5], rel=1e-3)
        assert split.gap <= 1e-6
    assert ours.turns[1].theta == pytest.approx(2.5, rel=1e-3)
    assert papers.turns[1].theta == pytest.approx(0.5 / LEFT_RATIO, rel=1e-3)


def test_nobody_is_sent_over_a_link_of_no_capacity_who_has_another() -> None:
    case = parallel([0.0, 2.0], [1.0], [0])
    split = split_all(case, gap=1e-6)
    assert split.weight.tolist() == [[0.0, 1.0]]
    assert split.theta == 0.5
    assert usable(case.links, case.path).tolist() == [[-1, 1]]
    everybody = np.ones(1, dtype=bool)
    assert split_active(case, everybody).weight.tolist() == [[0.0, 1.0]]
    free = replace(case, links=replace(case.links, price=np.array([0.0, 1.0])))
    assert split_all(free, gap=1e-6).weight.tolist() == [[0.0, 1.0]]


def test_who_has_no_other_is_told_of_and_the_rest_is_still_split_well() -> None:
    case = parallel([0.0, 1.0, 3.0], [1.0, 1.0, 0.0], [0, 0, 0])
    path = np.array([[0, -1, -1], [-1, 1, 2], [0, -1, -1]], np.int32)
    split = split_all(replace(case, path=path), gap=1e-9)
    assert split.theta == np.inf
    assert split.turns[0].theta == split.turns[0].floor == np.inf
    assert split.gap == 0
    assert split.weight == pytest.approx(np.array([[1, 0, 0], [0, 0.25, 0.75], [1, 0, 0]]))
    idle = replace(case, path=path, demand_mbps=np.array([0.0, 1.0, NAN]))
    assert split_all(idle, gap=1e-9).theta == pytest.approx(0.25)


def test_the_inactive_get_equal_shares_whose_load_counts() -> None:
    """Links of 1 and 3: an inactive 1 puts 0.5 on each, so the active 2 puts 0.25 and 1.75."""
    case = parallel([1.0, 3.0], [1.0, 2.0], [0, 0])
    split = split_active(case, np.array([False, True]))
    assert split.weight[0].tolist() == [0.5, 0.5]
    assert split.utilisation == pytest.approx([0.75, 0.75])
    assert split.weight[1] == pytest.approx([0.125, 0.875])
    assert split.turns[0].floor == pytest.approx(0.75)
    none = split_active(case, np.zeros(2, dtype=bool))
    assert (none.weight == 0.5).all()
    assert none.turns[0].gap == 0


def test_the_linear_program_is_as_good_as_all_when_all_are_active() -> None:
    problem = seeded_flow(2, commodities=800)
    case = case_of(problem, np.random.default_rng(1).integers(0, 2, 800))
    exact, ours = split_active(case, np.ones(800, dtype=bool)), split_all(case, gap=1e-3)
    assert exact.gap <= 1e-9
    assert ours.gap <= 1e-3
    assert ours.turns[0].theta == pytest.approx(exact.turns[0].theta, rel=1e-3)


def test_a_linear_program_out_of_time_still_answers_well() -> None:
    problem = seeded_flow(3, commodities=3_000)
    case = case_of(problem)
    split = split_active(case, np.ones(3_000, dtype=bool), seconds=0.0)
    assert_sound(case, split)
    assert not split.replayable
    equal = problem.utilisation(equal_weights(problem.path)).max()
    assert split.theta < 0.7 * equal
    assert split.turns[0].floor > 0


def test_the_emergency_brake_ends_every_turn() -> None:
    problem = seeded_flow(4, commodities=500)
    split = split_all(case_of(problem, np.arange(500) % 2), gap=1e-9, expired=lambda: True)
    assert not split.replayable
    assert split.weight == pytest.approx(equal_weights(problem.path))


def test_unknown_demand_weighs_nothing() -> None:
    case = parallel([1.0, 3.0, 9.0], [NAN, 2.0, NAN], [0, 0, 0])
    case = replace(case, path=np.array([[1, 0, -1], [0, 1, -1], [0, 2, -1]], np.int32))
    split = split_all(case, gap=1e-9)
    assert split.utilisation == pytest.approx([0.5, 0.5, 0.0])
    assert split.weight[0] == pytest.approx([0.75, 0.25, 0.0])  # as those with the same two paths
    assert split.weight[2].tolist() == [0.5, 0.5, 0.0]


def test_no_session_groups_and_no_links() -> None:
    empty = parallel([1.0], [], [])
    split = split_all(empty)
    assert split.weight.shape == (0, 1)
    assert split.theta == split.gap == 0
    assert split_together(empty).turns == ()
    direct_only = SplitCase(
        path=np.array([[0, -1]], np.int32),
        demand_mbps=np.array([5.0]),
        priority=np.zeros(1, np.int32),
        links=ExtendedLinks(
            capacity_mbps=np.empty(0), price=np.empty(0), start=np.zeros(2, np.int64), used=np.empty(0, np.int32)
        ),
    )
    assert split_all(direct_only).weight.tolist() == [[1.0, 0.0]]
    assert split_all(direct_only).theta == 0
