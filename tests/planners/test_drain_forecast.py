"""Chances against the enumeration of every outcome."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracles.brute_force import chance_at_most, total_distribution
from oracles.drains import sick_worlds

from fairlead.model import Snapshot
from fairlead.planners.drain import AllLast, Forecast
from fairlead.planners.drain.failures import failures
from fairlead.planners.drain.forecast import chance_within, shortfall_quantile

PAIRS = st.lists(st.tuples(st.floats(0, 1), st.integers(0, 6), st.booleans()), max_size=9)
Pairs = list[tuple[float, int, bool]]


def _split(pairs: Pairs) -> tuple[Forecast, np.ndarray, list[float], list[int]]:
    """The forecast, which pairs are left alone, and the probabilities and counts of those."""
    forecast = Forecast(
        probability=np.array([p for p, _, _ in pairs], dtype=np.float64),
        count=np.array([n for _, n, _ in pairs], dtype=np.float64),
    )
    left = [(p, n) for p, n, is_open in pairs if is_open]
    open_pairs = np.array([is_open for _, _, is_open in pairs], dtype=bool)
    return forecast, open_pairs, [p for p, _ in left], [n for _, n in left]


@given(PAIRS, st.floats(-1, 40))
def test_chance_is_the_sum_over_all_outcomes(pairs: Pairs, limit: float) -> None:
    forecast, open_pairs, probability, count = _split(pairs)
    expected = chance_at_most(probability, count, limit + 1e-9) if limit >= 0 else 0.0
    assert chance_within(forecast, open_pairs, limit) == pytest.approx(expected, abs=1e-9)


@given(PAIRS, st.floats(0, 0.999))
def test_quantile_is_the_smallest_total_that_is_sure_enough(pairs: Pairs, confidence: float) -> None:
    forecast, open_pairs, probability, count = _split(pairs)
    found = shortfall_quantile(forecast, open_pairs, confidence)
    assert found == int(found)
    assert chance_at_most(probability, count, found) >= confidence - 1e-9
    assert found == 0 or chance_at_most(probability, count, found - 1) < confidence + 1e-9
    assert found <= max(total_distribution(probability, count))


@given(PAIRS)
def test_certainty_asks_for_room_for_everything_that_can_fail(pairs: Pairs) -> None:
    forecast, open_pairs, _, count = _split(pairs)
    assert chance_within(forecast, open_pairs, sum(count)) == pytest.approx(1.0)
    assert 0 <= shortfall_quantile(forecast, open_pairs, 1.0) <= sum(count)


def test_fractions_of_streams_are_rounded_to_the_safe_side() -> None:
    one = Forecast(probability=np.array([1.0]), count=np.array([2.1]))
    open_pairs = np.array([True])
    assert chance_within(one, open_pairs, 2.9) == 0
    assert chance_within(one, open_pairs, 3.0) == 1
    whole = Forecast(probability=np.array([1.0]), count=np.array([3.0 + 1e-12]))
    assert chance_within(whole, open_pairs, 3.0) == 1
    assert chance_within(whole, open_pairs, 3.0 - 1e-12) == 1


def test_nothing_left_alone_is_certain() -> None:
    none = Forecast(probability=np.empty(0), count=np.empty(0))
    assert chance_within(none, np.empty(0, dtype=bool), 0.0) == 1
    assert shortfall_quantile(none, np.empty(0, dtype=bool), 0.9) == 0


@given(sick_worlds())
def test_all_last_believes_what_it_sees(world: Snapshot) -> None:
    found = failures(world)
    forecast = AllLast()(world, found)
    assert forecast.probability.tolist() == [1.0] * found.pair_count
    assert forecast.count.tolist() == found.failed_count.tolist()
    assert forecast.expected_count.tolist() == found.failed_count.tolist()
