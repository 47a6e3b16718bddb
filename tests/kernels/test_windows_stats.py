"""Figures of sets, against NumPy on one set at a time."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.kernels.windows_stats import medians, middles, quantiles, runs, successive_changes

VALUES = st.one_of(st.just(math.nan), st.floats(0, 1000, width=32))
SETS = st.lists(st.lists(VALUES, max_size=9), max_size=6)


def flat(sets: list[list[float]]) -> tuple[np.ndarray, np.ndarray]:
    starts = np.cumsum([0, *(len(part) for part in sets)]).astype(np.int64)
    return np.array([value for part in sets for value in part], np.float64), starts


def there(part: list[float]) -> np.ndarray:
    return np.array([value for value in part if not math.isnan(value)])


@given(SETS)
def test_medians(sets: list[list[float]]) -> None:
    median, error, count = medians(*flat(sets))
    for k, part in enumerate(sets):
        known = there(part)
        assert count[k] == len(known)
        assert median[k] == (np.median(known) if len(known) else pytest.approx(math.nan, nan_ok=True))
        if len(known) < 2:
            assert math.isnan(error[k])
        else:
            deviation = np.median(np.abs(known - np.median(known)))
            assert error[k] == pytest.approx(1.2533 * 1.4826 * deviation / math.sqrt(len(known)))


def test_the_error_is_that_of_a_median() -> None:
    """Of normal noise: the spread of 4,000 medians against the error that each states."""
    chance = np.random.default_rng(1)
    values = chance.normal(50, 3, (4000, 41))
    median, error, _ = medians(values.ravel(), np.arange(4001) * 41)
    assert median.std() == pytest.approx(np.median(error), rel=0.06)


@given(SETS)
def test_changes(sets: list[list[float]]) -> None:
    values, starts = flat(sets)
    change = successive_changes(values, starts)
    for k, part in enumerate(sets):
        found = change[starts[k] : starts[k + 1]]
        assert found[~np.isnan(found)].tolist() == np.abs(np.diff(there(part))).tolist()


@given(SETS, st.floats(0, 1))
def test_quantiles(sets: list[list[float]], share: float) -> None:
    found, count = quantiles(*flat(sets), share)
    for k, part in enumerate(sets):
        known = there(part)
        assert count[k] == len(known)
        expected = np.quantile(known, share) if len(known) else math.nan
        assert found[k] == pytest.approx(expected, rel=1e-9, abs=1e-9, nan_ok=True)


@given(SETS)
def test_middles_without_a_cut_are_means(sets: list[list[float]]) -> None:
    values, starts = flat(sets)
    weight = np.arange(len(values)) % 3.0
    found = middles(values, weight, starts, 0.0)
    for k, part in enumerate(sets):
        rows = [starts[k] + i for i, value in enumerate(part) if not math.isnan(value) and weight[starts[k] + i] > 0]
        expected = np.average(values[rows], weights=weight[rows]) if rows else math.nan
        assert found[k] == pytest.approx(expected, nan_ok=True)


@given(SETS)
def test_middles_with_all_cut_are_medians(sets: list[list[float]]) -> None:
    values, starts = flat(sets)
    assert middles(values, np.ones(len(values)), starts, 0.5) == pytest.approx(medians(values, starts)[0], nan_ok=True)


@given(st.lists(st.tuples(st.integers(-2, 2), st.integers(0, 2), st.integers(0, 5))))
def test_runs(rows: list[tuple[int, int, int]]) -> None:
    a, b, c = (np.array([row[i] for row in rows], np.int64) for i in range(3))
    order, starts = runs((a, b), (c,))
    assert [rows[i] for i in order] == sorted(rows)
    keys = [sorted(rows)[i][:2] for i in starts[:-1]]
    assert keys == sorted({row[:2] for row in rows})
    assert starts[-1] == len(rows)


def test_nothing() -> None:
    order, starts = runs((np.zeros(0, np.int64),))
    assert (len(order), starts.tolist()) == (0, [0])
    assert len(medians(np.zeros(0), starts)[0]) == len(middles(np.zeros(0), np.zeros(0), starts, 0.1)) == 0
