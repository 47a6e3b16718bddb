"""Eq. (2) of Sentry, at its corners and everywhere."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.worlds.overlay.loss import FAILS_ABOVE_RATIO, failed_counts, failing_loss, success_ratio


@pytest.mark.parametrize(
    ("loss", "success"),
    [
        (0.0, 1.0),
        (0.1, 1.0),
        (0.132, 1.0),
        (0.13201, 1.0),  # the printed fit says 1.00007
        (0.2, 0.928),
        (0.3, 0.822),
        (0.5, 0.61),
        (0.5 + 1e-9, 0.6),  # the step is the paper's
        (0.75, 0.3),
        (1.0, 0.0),
    ],
)
def test_success_ratio_table(loss: float, success: float) -> None:
    assert success_ratio(loss) == pytest.approx(success, abs=1e-8)


@given(st.floats(0, 1), st.floats(0, 1))
def test_success_falls_with_loss_and_stays_a_ratio(first: float, second: float) -> None:
    low, high = success_ratio(sorted((first, second)))
    assert 1 >= low >= high >= 0


@given(st.integers(0, 10_000), st.floats(0, 1))
def test_failed_counts_never_exceed_the_streams_and_round_to_the_nearest(count: int, loss: float) -> None:
    failed = int(failed_counts(count, loss))
    assert 0 <= failed <= count
    assert abs(failed - count * (1 - float(success_ratio(loss)))) <= 0.5 + 1e-9


def test_loss_outside_a_ratio_is_our_mistake() -> None:
    for loss in (-0.1, 1.1, np.nan):
        with pytest.raises(AssertionError):
            success_ratio(loss)


def test_failing_loss_always_costs_success() -> None:
    loss = failing_loss(np.random.default_rng(0), 200_000)
    assert loss.dtype == np.float32
    assert loss.min() > FAILS_ABOVE_RATIO > 0.132
    assert loss.max() <= 1
    assert success_ratio(loss).max() < 1
    assert loss.mean() == pytest.approx((1 + FAILS_ABOVE_RATIO) / 2, abs=2e-3)
