"""Exact max-min fair rates against their definition, an obvious solver, the literature's rounds and a proof."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from water_small import Problem, clos_flows, copied, lexicographic_rates, naive_rates, problems

from fairlead.kernels.max_min import max_min
from fairlead.kernels.max_min_plain import max_min_plain, max_min_rounds
from fairlead.kernels.max_min_proof import overload_ratio, unfairness_ratio

NONE = np.inf


@given(problems())
@settings(max_examples=150)
def test_as_the_obvious_solver(problem: Problem) -> None:
    assert max_min(*problem) == pytest.approx(naive_rates(*problem), rel=1e-9, abs=1e-9)


@given(problems(flow_limit=5, link_limit=4))
@settings(max_examples=30, deadline=None)
def test_as_defined(problem: Problem) -> None:
    """Lexicographically largest, by successive linear programs."""
    links, capacity, ceiling = problem
    ceiling = np.where((links < 0).all(axis=1) & np.isinf(ceiling), 7.0, ceiling)  # programs want a bound
    assert max_min(links, capacity, ceiling) == pytest.approx(
        lexicographic_rates(links, capacity, ceiling), rel=1e-5, abs=1e-5
    )


@given(problems(flow_limit=30, link_limit=12))
@settings(max_examples=150)
def test_three_solvers_and_the_proof_agree(problem: Problem) -> None:
    links, capacity, ceiling = problem
    rate = max_min(*problem)
    assert max_min_plain(*problem)[0] == pytest.approx(rate, rel=1e-9, abs=1e-12)
    assert max_min_rounds(*problem)[0] == pytest.approx(rate, rel=1e-9, abs=1e-12)
    bounded = np.isfinite(rate)
    assert np.all(bounded == ((links >= 0).any(axis=1) | np.isfinite(ceiling)))
    assert overload_ratio(links[bounded], capacity, rate[bounded]) < 1e-9
    assert unfairness_ratio(links[bounded], capacity, ceiling[bounded], rate[bounded]) < 1e-7


@pytest.mark.parametrize("flow_count", [50, 3_000])
def test_clos(flow_count: int) -> None:
    problem = clos_flows(4, flow_count, seed=flow_count)
    rate = max_min(*problem)
    assert overload_ratio(problem[0], problem[1], rate) < 1e-12
    assert unfairness_ratio(*problem, rate) < 1e-9
    assert max_min_plain(*problem)[0] == pytest.approx(rate, rel=1e-9)


def test_by_hand() -> None:
    """Two links of 10 and 4: the long flow and its neighbour get 2 each on the narrow one; 8 are left on the other."""
    links = np.array([[0, 1], [1, -1], [0, -1]], np.int32)
    capacity = np.array([10.0, 4.0])
    assert max_min(links, capacity, np.full(3, NONE)).tolist() == [2.0, 2.0, 8.0]
    assert max_min(links, capacity, np.array([0.5, NONE, 3.0])).tolist() == [0.5, 3.5, 3.0]


def test_a_ceiling_just_above_the_share_does_not_bind() -> None:
    assert max_min(np.zeros((2, 1), np.int32), np.array([10.0]), np.array([5.5, NONE])).tolist() == [5.0, 5.0]


def test_gaps_in_a_way_are_skipped() -> None:
    links = np.array([[-1, 0, -1], [0, -1, -1]], np.int32)
    assert max_min(links, np.array([3.0]), np.full(2, NONE)).tolist() == [1.5, 1.5]


def test_no_flows_and_no_links() -> None:
    assert max_min(np.empty((0, 6), np.int32), np.array([1.0]), np.empty(0)).tolist() == []
    nowhere = np.full((2, 6), -1, np.int32)
    assert max_min(nowhere, np.array([1.0]), np.array([5.0, NONE])).tolist() == [5.0, NONE]


def test_inputs_are_left_alone_and_may_be_read_only() -> None:
    links, capacity, ceiling = clos_flows(2, 40, seed=1)
    copies = [array.copy() for array in (links, capacity, ceiling)]
    for array in (links, capacity, ceiling):
        array.flags.writeable = False
    max_min(links, capacity, ceiling)
    assert all(np.array_equal(a, b) for a, b in zip((links, capacity, ceiling), copies, strict=True))


def test_a_link_that_is_not_there() -> None:
    with pytest.raises(AssertionError, match="not there"):
        max_min(np.array([[1]], np.int32), np.array([1.0]), np.array([NONE]))


@given(problems(), st.data())
@settings(max_examples=150)
def test_a_weight_is_so_many_flows_in_one(problem: Problem, data: st.DataObject) -> None:
    times = np.array(data.draw(st.lists(st.integers(1, 4), min_size=len(problem[0]), max_size=len(problem[0]))))
    many, flow = copied(problem, times)
    together = np.bincount(flow, max_min(*many))
    rate = max_min(*problem, times.astype(float))
    assert rate == pytest.approx(together, rel=1e-9, abs=1e-9)
    assert max_min(*problem, times * 0.37) == pytest.approx(rate, rel=1e-9, abs=1e-9), "only their ratios count"


def test_equal_weights_change_nothing() -> None:
    problem = clos_flows(4, 2_000, seed=1)
    assert np.array_equal(max_min(*problem), max_min(*problem, np.ones(2_000)))
