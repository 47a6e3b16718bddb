"""What counts as limited by loss: below the least lossless throughput, and at every larger loss too."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.service.measure_campaign import LongPoint
from fairlead.service.measure_long import LongGrid, loss_held


def test_a_point_at_the_yardstick_takes_the_smaller_losses_with_it() -> None:
    medians = {LongPoint("reno", 0, loss): rate for loss, rate in ((1, 500.0), (2, 950.0), (3, 300.0), (4, 10.0))}
    medians[LongPoint("cubic", 0, 1)] = 899.0
    medians[LongPoint("cubic", 1, 1)] = 901.0
    assert set(loss_held(medians, 1_000.0)) == {
        LongPoint("reno", 0, 3),
        LongPoint("reno", 0, 4),
        LongPoint("cubic", 0, 1),
    }


@given(st.lists(st.floats(0, 2_000), min_size=1, max_size=10), st.floats(1, 1_500))
def test_what_holds_is_the_lossy_end_of_the_row(rates: list[float], floor_mbps: float) -> None:
    medians = {LongPoint("reno", 0, loss): rate for loss, rate in enumerate(rates, 1)}
    held = {point.loss for point in loss_held(medians, floor_mbps)}
    assert held == set(range(len(rates) - len(held) + 1, len(rates) + 1))
    assert all(rates[loss - 1] < 0.9 * floor_mbps for loss in held)
    before = len(rates) - len(held)
    assert before == 0 or rates[before - 1] >= 0.9 * floor_mbps


def test_a_grid_without_a_yardstick_is_our_mistake() -> None:
    with pytest.raises(AssertionError, match="yardstick"):
        LongGrid(loss_ratios=(1e-3,))
