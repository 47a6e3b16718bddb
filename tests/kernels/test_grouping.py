"""Rankings, whether they stand, and the middle of members, each against a plain reading of its definition."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from fairlead.kernels.grouping import (
    member_middle,
    ranked_sites,
    ranking_keys,
    sort_together,
    untenable,
    weighted_middle,
)

# few distinct values, so that ties and unknowns are frequent
LATENCY = st.sampled_from([math.nan, 0.0, 1.0, 1.5, 2.0, 10.0, 11.0, 30.0])


def fields(sites: int = 6) -> st.SearchStrategy[np.ndarray]:
    shapes = hnp.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=sites)
    return hnp.arrays(np.float64, shapes, elements=LATENCY)


def nearest(row: list[float], depth: int) -> list[int]:
    known = [site for site, value in enumerate(row) if not math.isnan(value)]
    return sorted(known, key=lambda site: (row[site], site))[:depth]


@given(fields(), st.data())
def test_ranked_as_sorted(latency: np.ndarray, data: st.DataObject) -> None:
    depth = np.array([data.draw(st.integers(0, 4)) for _ in latency], np.int64)
    ranking = ranked_sites(latency, depth)
    assert ranking.shape == (len(latency), depth.max())
    for row, found in enumerate(ranking.tolist()):
        expected = nearest(latency[row].tolist(), int(depth[row]))
        assert found == expected + [-1] * (len(found) - len(expected))


def stands(latency: list[float], error: list[float], held: list[int], ms: float, ratio: float, z: float) -> bool:
    if all(math.isnan(value) for value in latency):
        return True
    ranked = [site for site in held if site >= 0]
    if any(math.isnan(latency[site]) for site in ranked):
        return False
    for place, site in enumerate(ranked):
        for other in set(range(len(latency))) - set(ranked[: place + 1]):
            if not math.isnan(latency[other]) and latency[other] < latency[site]:
                both = [0.0 if math.isnan(error[s]) else error[s] for s in (site, other)]
                if latency[site] - latency[other] > max(ms, ratio * latency[other], z * math.hypot(*both)):
                    return False
    return True


@given(fields(5), st.data())
def test_stands_as_defined(latency: np.ndarray, data: st.DataObject) -> None:
    sites = latency.shape[1]
    error = data.draw(hnp.arrays(np.float64, latency.shape, elements=st.sampled_from([math.nan, 0.0, 0.6, 4.0])))
    held = np.full((len(latency), 3), -1, np.int32)
    for row in held:
        chosen = data.draw(st.lists(st.integers(0, sites - 1), max_size=3, unique=True))
        row[: len(chosen)] = chosen
    ms, ratio, z = data.draw(st.tuples(*[st.sampled_from([0.0, 0.1, 1.0, 2.0])] * 3))
    found = untenable(latency, error, held, ms, ratio, z)
    expected = [
        not stands(latency[row].tolist(), error[row].tolist(), held[row].tolist(), ms, ratio, z)
        for row in range(len(latency))
    ]
    assert found.tolist() == expected


def test_each_allowance_counts_alone() -> None:
    latency, held = np.array([[20.0, 10.0]]), np.array([[0]], np.int32)
    none, error = np.full((1, 2), np.nan), np.array([[3.0, 4.0]])
    assert untenable(latency, none, held, 9.9, 0.0, 0.0)[0]
    assert not untenable(latency, none, held, 10.0, 0.0, 0.0)[0]
    assert untenable(latency, none, held, 0.0, 0.99, 0.0)[0]
    assert not untenable(latency, none, held, 0.0, 1.0, 0.0)[0]
    assert untenable(latency, error, held, 0.0, 0.0, 1.9)[0]
    assert not untenable(latency, error, held, 0.0, 0.0, 2.0)[0]


@given(st.integers(1, 500), st.integers(0, 12), st.data())
def test_equal_keys_are_equal_rankings(site_count: int, width: int, data: st.DataObject) -> None:
    """Also where there are more possible rankings than 64 bits can number."""
    rows = data.draw(st.lists(st.lists(st.integers(0, site_count - 1), max_size=width), max_size=12))
    rows += rows[:3]
    ranking = np.full((len(rows), width), -1, np.int32)
    for row, sites in enumerate(rows):
        ranking[row, : len(sites)] = sites
    first, group = ranking_keys(ranking, site_count)
    expected = sorted({tuple(row) for row in ranking.tolist() if row and row[0] >= 0})
    assert [tuple(ranking[row].tolist()) for row in first] == expected
    for row, found in enumerate(group.tolist()):
        assert (tuple(ranking[row].tolist()) == expected[found]) if found >= 0 else not rows[row]


@given(st.lists(st.integers(0, 40), max_size=200))
def test_sort_takes_the_weight_along(numbers: list[int]) -> None:
    values, weight = np.array(numbers, float), np.arange(len(numbers), dtype=float)
    order = np.argsort(values, kind="stable")
    expected = values[order], weight[order]
    sort_together(values, weight)
    assert values.tolist() == expected[0].tolist()
    assert weight.tolist() == expected[1].tolist()


def middle_by_hand(values: list[float], weight: list[int], trim: float) -> float:
    """Every unit of weight written out as one value of its own; the ends cut off unit by unit."""
    units = np.sort(np.repeat(values, np.array(weight) * 20))
    cut = round(trim * len(units))
    return float(np.median(units)) if trim == 0.5 else float(units[cut : len(units) - cut].mean())


@given(
    st.lists(st.tuples(st.sampled_from([0.0, 1.0, 2.0, 7.0, 50.0]), st.integers(1, 5)), min_size=1, max_size=7),
    st.sampled_from([0.0, 0.05, 0.1, 0.25, 0.4, 0.5]),
)
def test_middle_of_units(pairs: list[tuple[float, int]], trim: float) -> None:
    values, weight = [v for v, _ in pairs], [w for _, w in pairs]
    found = weighted_middle(np.array(values), np.array(weight, float), trim)
    assert found == pytest.approx(middle_by_hand(values, weight, trim), abs=1e-9)


@given(fields(), st.data())
def test_members(values: np.ndarray, data: st.DataObject) -> None:
    group = np.array([data.draw(st.integers(-1, 3)) for _ in values], np.int64)
    weight = np.array([data.draw(st.sampled_from([1.0, 2.5])) for _ in values])
    middle = member_middle(values, weight, group, 4, 0.5)
    assert middle.shape == (4, values.shape[1])
    for g in range(4):
        for site in range(values.shape[1]):
            kept = (group == g) & ~np.isnan(values[:, site])
            expected = weighted_middle(values[kept, site], weight[kept], 0.5)
            assert middle[g, site] == pytest.approx(expected, nan_ok=True)


def test_a_minority_does_not_move_the_median() -> None:
    values = np.r_[np.full(51, 10.0), np.full(49, 1e9)]
    assert weighted_middle(values, np.ones(100), 0.5) == 10.0
    assert weighted_middle(values[:99], np.r_[np.ones(51), np.full(48, 2.0)], 0.5) == 1e9


def test_nothing_has_no_middle() -> None:
    assert math.isnan(weighted_middle(np.zeros(0), np.zeros(0), 0.5))
    assert np.isnan(member_middle(np.zeros((2, 3)), np.ones(2), np.array([1, 1]), 2, 0.5)[0]).all()
    assert ranked_sites(np.zeros((0, 3)), np.zeros(0, np.int64)).shape == (0, 0)
