"""Intervals against SciPy's, and plausible means that cover the truth as often as they say."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from fairlead.planners.mitigate.certainty import demand_means, margins, means, plausible_means


def test_samples_of_one_demand_are_one() -> None:
    values = np.arange(12.0).reshape(6, 2)
    assert demand_means(values, 3).tolist() == [[3.0, 4.0], [5.0, 6.0], [7.0, 8.0]]
    uneven = demand_means(values[:5], 3)
    assert uneven.tolist() == [[3.0, 4.0], [5.0, 6.0], [4.0, 5.0]]


def test_fewer_samples_than_demands_and_a_single_demand_stay_as_they_are() -> None:
    values = np.arange(6.0).reshape(3, 2)
    assert demand_means(values, 8) is values
    assert demand_means(values, 1) is values


def test_what_is_absent_says_nothing() -> None:
    values = np.array([[math.nan, math.nan], [2.0, math.nan], [4.0, math.inf]])
    assert means(values)[0] == 3.0
    assert means(values)[1] == math.inf
    assert math.isnan(means(values[:1])[0])


def test_the_margin_is_students() -> None:
    values = np.random.default_rng(1).normal(5, 2, (9, 2))
    low, high = stats.t.interval(0.9, 8, loc=values.mean(axis=0), scale=stats.sem(values))
    assert margins(values, 0.9) == pytest.approx((high - low) / 2)


def test_no_margin_where_nothing_is_known() -> None:
    assert np.isnan(margins(np.ones((1, 3)), 0.95)).all()
    found = margins(np.array([[1.0, math.inf, math.nan], [2.0, 1.0, 3.0], [3.0, 1.0, 5.0]]), 0.95)
    assert np.isfinite(found).tolist() == [True, False, True]
    assert found[2] == pytest.approx(margins(np.array([[3.0], [5.0]]), 0.95)[0])


def test_routings_of_few_demands_are_not_as_sure_as_they_seem() -> None:
    """64 samples of 4 demands that differ, without any other chance: the margin is that of 4."""
    of_demand = np.array([1.0, 2.0, 3.0, 4.0])
    values = np.tile(of_demand, 16)[:, None]
    wide = margins(demand_means(values, 4), 0.95)[0]
    assert wide == pytest.approx(margins(of_demand[:, None], 0.95)[0])
    assert wide > 3 * margins(demand_means(values, 1), 0.95)[0]


def test_plausible_means_have_students_quantiles() -> None:
    values = np.random.default_rng(2).normal(0, 1, (6, 1))
    drawn = plausible_means(values, 1_000_000, np.random.default_rng(3))[:, 0]
    for level in (0.025, 0.2, 0.5, 0.9):
        expected = stats.t.ppf(level, 5, loc=values.mean(), scale=stats.sem(values)[0])
        assert np.quantile(drawn, level) == pytest.approx(expected, abs=0.01)


def test_what_is_paired_stays_paired() -> None:
    """Two candidates that suffer from the same demands differ for sure, though each of them varies a lot."""
    luck = np.random.default_rng(4).normal(0, 10, 8)
    drawn = plausible_means(np.stack([luck, luck + 1.0], axis=1), 2_000, np.random.default_rng(5))
    assert np.ptp(drawn[:, 0]) > 10
    assert drawn[:, 1] - drawn[:, 0] == pytest.approx(np.ones(2_000))


def test_infinite_and_absent_means_stay_so() -> None:
    values = np.array([[1.0, math.inf, math.nan], [2.0, 3.0, math.nan]])
    drawn = plausible_means(values, 50, np.random.default_rng(6))
    assert np.isfinite(drawn[:, 0]).all()
    assert np.isinf(drawn[:, 1]).all()
    assert np.isnan(drawn[:, 2]).all()


def test_one_demand_is_a_mistake_of_ours() -> None:
    with pytest.raises(AssertionError):
        plausible_means(np.ones((1, 2)), 10, np.random.default_rng(0))
