"""Shares are whole, exact and fair."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.worlds.overlay.apportion import apportioned


@given(
    st.lists(st.tuples(st.integers(0, 3), st.one_of(st.just(0.0), st.floats(1e-6, 1e6))), min_size=1, max_size=40),
    st.lists(st.integers(0, 10**7), min_size=4, max_size=4),
)
def test_each_group_hands_out_exactly_its_total(members: list[tuple[int, float]], totals: list[int]) -> None:
    group = np.array([g for g, _ in members], dtype=np.int32)
    weight = np.array([w for _, w in members])
    total = np.where(np.bincount(group, minlength=4) > 0, totals, 0)
    share = apportioned(total, group, weight)
    assert np.array_equal(np.bincount(group, weights=share, minlength=4).astype(np.int64), total)
    assert share.min() >= 0
    sums = np.bincount(group, weights=weight, minlength=4)[group]
    exact = np.where(sums > 0, total[group] * weight / np.where(sums > 0, sums, 1), share)
    assert np.abs(share - exact).max() < 1 + 1e-6


def test_the_largest_remainders_win_and_ties_go_to_the_lower_row() -> None:
    one_group = np.zeros(3, dtype=np.int32)
    assert apportioned(np.array([10]), one_group, np.array([5.6, 2.7, 1.7])).tolist() == [5, 3, 2]
    assert apportioned(np.array([2]), one_group, np.ones(3)).tolist() == [1, 1, 0]
    assert apportioned(np.array([4]), one_group, np.zeros(3)).tolist() == [2, 1, 1]


def test_nobody_to_share_is_our_mistake() -> None:
    with pytest.raises(AssertionError):
        apportioned(np.array([1, 1]), np.zeros(2, dtype=np.int32), np.ones(2))
