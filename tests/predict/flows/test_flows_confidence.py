"""The DKW inequality: count and error are each other's inverse, and the promise is kept."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.predict.flows.confidence import SampleCounts, dkw_count, dkw_error, routing_counts, sample_counts


@given(st.floats(0.005, 0.5), st.floats(0.5, 0.999))
def test_count_is_the_least_that_keeps_the_error(error: float, confidence: float) -> None:
    count = dkw_count(error, confidence)
    assert dkw_error(count, confidence) <= error * (1 + 1e-12)
    if count > 1 and dkw_error(count - 1, confidence) < 1:
        assert dkw_error(count - 1, confidence) > error * (1 - 1e-12)


def test_by_hand() -> None:
    assert dkw_count(0.1, 0.95) == 185  # ln(40) / 0.02 = 184.4
    assert dkw_error(1, 0.95) == 1.0


def test_the_paper_counts() -> None:
    """What the paper's 32 traffic matrices and 1000 routings keep at 95 %, as the docstring says."""
    assert dkw_error(32, 0.975) == pytest.approx(0.262, abs=0.001)
    assert dkw_error(1000, 0.975) == pytest.approx(0.0468, abs=0.0001)


def test_what_is_not_given_is_drawn_each_time() -> None:
    assert sample_counts(0.1, 0.95) == SampleCounts(demands=185, routings=1)
    assert routing_counts(0.1, 0.95) == SampleCounts(demands=1, routings=185)


def test_the_promise_is_kept() -> None:
    """Uniform samples: the largest distance of the distributions exceeds the error no more often than allowed."""
    count, confidence = 50, 0.9
    samples = np.sort(np.random.default_rng(2).random((2_000, count)), axis=1)
    above = np.arange(1, count + 1) / count - samples
    distance = np.maximum(above, 1 / count - above).max(axis=1)
    missed = (distance > dkw_error(count, confidence)).mean()
    assert 0.04 < missed < 0.1  # kept, and not by much: the bound is nearly sharp
