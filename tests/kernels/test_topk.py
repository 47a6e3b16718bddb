"""The factored k best against all sums, sorted."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from fairlead.kernels.topk import best_entries, joined, merged, searched

Reals = NDArray[np.float64]
Int32s = NDArray[np.int32]
Choice = tuple[float, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Factors:
    """Costs of 5 sources and targets over the same sites, and three ranks of paths through; whole numbers."""

    ends: Reals
    through: Reals
    path: Int32s
    source: Int32s
    target: Int32s
    direct: Reals


def factors(seed: int, sites: int, ranks: int = 3, high: int = 6) -> Factors:
    rng = np.random.default_rng(seed)

    def drawn(*shape: int) -> Reals:
        values = rng.integers(0, high, shape).astype(np.float64)
        values[rng.random(shape) < 0.25] = np.inf
        return values

    through = np.sort(drawn(ranks, sites, sites), axis=0)
    # numbers as in the table of paths: by entry, then exit, then rank
    path = np.arange(1, sites * sites * ranks + 1, dtype=np.int32).reshape(sites, sites, ranks).transpose(2, 1, 0)
    source, target = np.divmod(np.arange(25, dtype=np.int32), np.int32(5))
    return Factors(
        ends=drawn(5, sites),
        through=through,
        path=np.ascontiguousarray(path),
        source=source,
        target=target,
        direct=drawn(25),
    )


def every(given: Factors, pair: int, ways_in: Int32s, ways_out: Int32s) -> list[Choice]:
    found = [(float(given.direct[pair]), 0)]
    for way_in in ways_in[ways_in >= 0]:
        for way_out in ways_out[ways_out >= 0]:
            ends = given.ends[given.source[pair], way_in] + given.ends[given.target[pair], way_out]
            found += [
                (float(ends + given.through[rank, way_out, way_in]), int(given.path[rank, way_out, way_in]))
                for rank in range(len(given.through))
            ]
    return sorted(choice for choice in found if choice[0] < math.inf)


def answered(cost: Reals, path: Int32s, pair: int) -> list[Choice]:
    used = path[pair] >= 0
    assert (used == ~np.isnan(cost[pair])).all()
    assert (np.diff(used.astype(int)) <= 0).all(), "empty slots come last"
    return list(zip(cost[pair][used].tolist(), path[pair][used].tolist(), strict=True))


@given(st.integers(0, 10**6), st.integers(1, 7), st.integers(1, 3))
def test_merged_is_the_head_of_all_sums_ties_by_path(seed: int, sites: int, k: int) -> None:
    given = factors(seed, sites)
    entries = best_entries(given.ends, given.through, given.path, k)
    cost, path = merged(*entries, given.ends, given.source, given.target, given.direct)
    sites_all = np.arange(sites, dtype=np.int32)
    for pair in range(25):
        assert answered(cost, path, pair) == every(given, pair, sites_all, sites_all)[:k]


@given(st.integers(0, 10**6), st.integers(1, 7), st.integers(1, 6))
def test_entries_are_the_head_of_all_ways_in(seed: int, sites: int, k: int) -> None:
    given = factors(seed, sites)
    cost, path = best_entries(given.ends, given.through, given.path, k)
    assert cost.shape == path.shape == (5, k, sites)
    for source in range(5):
        for way_out in range(sites):
            sums = given.ends[source] + given.through[:, way_out]
            expected = sorted(
                (float(total), int(number))
                for total, number in zip(sums.ravel(), given.path[:, way_out].ravel(), strict=True)
                if total < math.inf
            )[:k]
            got = list(zip(cost[source, :, way_out].tolist(), path[source, :, way_out].tolist(), strict=True))
            assert got == expected + [(math.inf, -1)] * (k - len(expected))


@given(st.integers(0, 10**6), st.integers(2, 7), st.integers(1, 6))
def test_searched_looks_at_its_candidates_only(seed: int, sites: int, k: int) -> None:
    given = factors(seed, sites)
    rng = np.random.default_rng(seed + 1)
    ways = [np.stack([rng.permutation(sites)[:2] for _ in range(25)]).astype(np.int32) for _ in (0, 1)]
    for way in ways:
        way[rng.random(way.shape) < 0.2] = -1
    cost, path = searched(given.ends, given.through, given.path, *ways, given.source, given.target, given.direct, k)
    for pair in range(25):
        assert answered(cost, path, pair) == every(given, pair, ways[0][pair], ways[1][pair])[:k]


def test_a_pair_is_answered_alike_whoever_asks_beside_it() -> None:
    given = factors(11, 7, high=1000)
    cost, path = best_entries(given.ends, given.through, given.path, 3)
    whole = merged(cost, path, given.ends, given.source, given.target, given.direct)
    order = np.random.default_rng(0).permutation(25)
    mixed = merged(cost, path, given.ends, given.source[order], given.target[order], given.direct[order])
    for one, other in zip(whole, mixed, strict=True):
        assert np.array_equal(one[order], other, equal_nan=True)


@pytest.mark.parametrize("where", ["leave", "direct"])
def test_nan_may_not_come_in(where: str) -> None:
    given = factors(1, 3)
    leave, direct = given.ends.copy(), given.direct.copy()
    (leave if where == "leave" else direct).flat[0] = np.nan
    entries = best_entries(given.ends, given.through, given.path, 3)
    with pytest.raises(AssertionError):
        merged(*entries, leave, given.source, given.target, direct)
    with pytest.raises(AssertionError):
        best_entries(np.full((5, 3), np.nan), given.through, given.path, 3)


def test_joined_adds_up_and_multiplies() -> None:
    path = np.array([[2, 0, -1], [1, -1, -1]], np.int32)
    source, target = np.array([0, 1], np.int32), np.array([1, 1], np.int32)
    first, last = np.array([-1, 0, 1], np.int32), np.array([-1, 1, 0], np.int32)
    added, survived = np.array([np.nan, 1.0, 2.0]), np.array([np.nan, 0.5, 0.8])
    end_added, end_survived = np.array([[10.0, 20.0], [30.0, np.nan]]), np.array([[0.9, 0.7], [0.6, 1.0]])
    direct, lost = np.array([99.0, 98.0]), np.array([0.25, 0.5])
    sums, losses = np.empty((2, 3)), np.empty((2, 3))
    joined(
        path, source, target, first, last, added, survived, end_added, end_survived, direct, lost, sums, losses
    )  # fmt: skip
    # path 2 of pair (0, 1): in at 1, out at 0; path 1 of pair (1, 1): in at 0, out at 1, where the sum is not known
    assert sums.tolist()[0] == pytest.approx([20 + 2 + 30, 99, math.nan], nan_ok=True)
    assert losses.tolist()[0] == pytest.approx([1 - 0.7 * 0.8 * 0.6, 0.25, math.nan], nan_ok=True)
    assert np.isnan(sums[1]).all()
    assert losses.tolist()[1] == pytest.approx([1 - 0.6 * 0.5 * 1.0, math.nan, math.nan], nan_ok=True)
