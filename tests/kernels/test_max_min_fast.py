"""Nearly fair rates: never too much, as near as the stated levels, and exact where levels are far apart."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from water_small import Problem, clos_flows, problems

from fairlead.kernels.max_min import max_min
from fairlead.kernels.max_min_fast import max_min_fast
from fairlead.kernels.max_min_proof import overload_ratio


@given(problems(flow_limit=30, link_limit=12), st.integers(0, 12))
@settings(max_examples=300)
def test_never_above_a_capacity_or_ceiling(problem: Problem, bits: int) -> None:
    links, capacity, ceiling = problem
    rate = max_min_fast(*problem, bits=bits)
    assert np.all(rate >= 0)
    assert np.all(rate <= ceiling)
    bounded = np.isfinite(rate)
    assert np.all(bounded == np.isfinite(max_min(*problem)))
    assert overload_ratio(links[bounded], capacity, rate[bounded]) < 1e-9


@given(problems(flow_limit=30, link_limit=12))
def test_no_flow_goes_without(problem: Problem) -> None:
    assert np.all((max_min_fast(*problem) > 0) == (max_min(*problem) > 0))


@given(problems(flow_limit=12, link_limit=6))
def test_many_levels_are_the_exact_answer(problem: Problem) -> None:
    exact = max_min(*problem)
    assert max_min_fast(*problem, bits=12) == pytest.approx(exact, rel=5e-3, abs=1e-9)


@pytest.mark.parametrize("bits", [0, 1, 2, 4])
def test_coarse_levels_keep_within_capacities_and_near_the_exact(bits: int) -> None:
    """Within a bucket the order is any, so the level of one link may be above another's: the lower one counts."""
    problem = clos_flows(3, 400, seed=bits)
    rate, exact = max_min_fast(*problem, bits=bits), max_min(*problem)
    assert overload_ratio(problem[0], problem[1], rate) < 1e-12
    assert np.abs(rate / exact - 1).mean() < 0.06 / 2**bits


@pytest.mark.parametrize("flow_count", [200, 1_000, 20_000])
def test_error_on_a_clos(flow_count: int) -> None:
    """The aim is 1 % of mean and 1st percentile."""
    problem = clos_flows(8, flow_count, seed=flow_count)
    exact, fast = max_min(*problem), max_min_fast(*problem)
    assert fast.mean() == pytest.approx(exact.mean(), rel=1e-3)
    assert np.quantile(fast, 0.01) == pytest.approx(np.quantile(exact, 0.01), rel=1e-3)
    assert np.abs(fast / exact - 1).mean() < 2e-3


def test_error_falls_with_the_levels() -> None:
    problem = clos_flows(6, 5_000, seed=7)
    exact = max_min(*problem)
    errors = [np.abs(max_min_fast(*problem, bits=bits) / exact - 1).mean() for bits in (0, 2, 4, 8)]
    assert errors == sorted(errors, reverse=True)
    assert errors[0] > 10 * errors[2]


def test_magnitudes_far_apart() -> None:
    """Ceilings below the first bucket have it to themselves, and their own rates."""
    links = np.zeros((4, 1), np.int32)
    ceiling = np.array([1e-300, 1e-20, 1.0, np.inf])
    rate = max_min_fast(links, np.array([1e6]), ceiling)
    assert rate.tolist() == [1e-300, 1e-20, 1.0, pytest.approx(1e6 - 1)]
    assert max_min_fast(links, np.array([0.0]), ceiling).tolist() == [0.0] * 4


def test_no_flows() -> None:
    assert max_min_fast(np.empty((0, 6), np.int32), np.array([1.0]), np.empty(0)).tolist() == []


@given(problems(flow_limit=12, link_limit=6), st.data())
def test_weights_are_those_of_the_exact_answer(problem: Problem, data: st.DataObject) -> None:
    weights = st.floats(0.05, 20.0)
    weight = np.array(data.draw(st.lists(weights, min_size=len(problem[0]), max_size=len(problem[0]))))
    exact = max_min(*problem, weight)
    assert max_min_fast(*problem, weight, bits=12) == pytest.approx(exact, rel=1e-2, abs=1e-9)
    rate = max_min_fast(*problem, weight)
    bounded = np.isfinite(rate)
    assert overload_ratio(problem[0][bounded], problem[1], rate[bounded]) < 1e-9
    assert np.all(rate <= problem[2] * (1 + 1e-12))
