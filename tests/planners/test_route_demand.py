"""Expected rates and who is active."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.model import Demands
from fairlead.planners.route.demand import HELD_COUNT, RateMemory, active_groups, forecast

NAN = float("nan")
RATES = st.lists(st.sampled_from([NAN, 0.0, 0.5, 1.0, 2.0, 8.0]), min_size=1, max_size=12).map(np.array)


def demands(*rates: float, target: int = 0) -> Demands:
    count = len(rates)
    return Demands.of(
        source_group=np.arange(count, dtype=np.int32),
        target_group=np.full(count, target, np.int32),
        service_class=np.zeros(count, np.int32),
        demand_mbps=np.array(rates),
    )


def test_the_last_cycle_is_the_forecast() -> None:
    rate, memory = forecast(demands(3.0, 0.0, NAN), RateMemory())
    assert rate == pytest.approx([3.0, 0.0, NAN], nan_ok=True)
    rate, _ = forecast(demands(1.0, 5.0, 2.0), memory)
    assert rate.tolist() == [1.0, 5.0, 2.0]


def test_a_rate_is_held_for_some_cycles_and_then_forgotten() -> None:
    rate, memory = forecast(demands(3.0, NAN), RateMemory())
    for _ in range(HELD_COUNT):
        rate, memory = forecast(demands(NAN, NAN), memory)
        assert rate == pytest.approx([3.0, NAN], nan_ok=True)
    rate, memory = forecast(demands(NAN, NAN), memory)
    assert np.isnan(rate).all()
    rate, memory = forecast(demands(NAN, 7.0), memory)
    assert rate == pytest.approx([NAN, 7.0], nan_ok=True)
    rate, memory = forecast(demands(NAN, NAN), memory)
    assert rate == pytest.approx([NAN, 7.0], nan_ok=True)


def test_holding_for_no_cycle_is_the_paper() -> None:
    _, memory = forecast(demands(3.0), RateMemory())
    assert np.isnan(forecast(demands(NAN), memory, held_count=0)[0]).all()


def test_a_memory_of_other_session_groups_is_forgotten() -> None:
    _, memory = forecast(demands(3.0, 4.0), RateMemory())
    assert np.isnan(forecast(demands(NAN, NAN, target=1), memory)[0]).all()
    assert np.isnan(forecast(demands(NAN, NAN, NAN), memory)[0]).all()
    assert forecast(demands(NAN, NAN), memory)[0].tolist() == [3.0, 4.0]


def test_the_memory_given_is_not_changed() -> None:
    _, memory = forecast(demands(3.0, 4.0), RateMemory())
    before = memory.rate_mbps.copy(), memory.age_count.copy()
    forecast(demands(NAN, 9.0), memory)
    assert (memory.rate_mbps == before[0]).all()
    assert (memory.age_count == before[1]).all()


@given(RATES, st.integers(1, 14))
def test_the_largest_are_active(rate: np.ndarray, count: int) -> None:
    active = active_groups(rate, NAN, count)
    positive = np.nan_to_num(rate) > 0
    assert active.sum() == min(count, positive.sum())
    assert not (active & ~positive).any()
    if active.any() and (positive & ~active).any():
        assert rate[active].min() >= rate[positive & ~active].max()


@given(RATES, st.sampled_from([0.0, 0.5, 1.0, 8.0]))
def test_a_threshold_is_exclusive_and_has_no_count(rate: np.ndarray, threshold: float) -> None:
    assert (active_groups(rate, threshold, 1) == (np.nan_to_num(rate, nan=-1.0) > threshold)).all()


def test_of_equal_rates_the_earlier_is_active() -> None:
    assert active_groups(np.array([1.0, 2.0, 1.0, 1.0]), NAN, 3).tolist() == [True, True, True, False]
