"""Unmeasured segments from measured paths: planted networks whose segments are known."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.optimize
from hypothesis import given, settings
from hypothesis import strategies as st

from fairlead.telemetry import tomography
from fairlead.telemetry.tomography import PathSums, segment_values

NAN = np.nan


def sums(paths: list[list[int]], value: list[float] | np.ndarray, error: float | np.ndarray = 1.0) -> PathSums:
    return PathSums(
        path=np.array([i for i, path in enumerate(paths) for _ in path], np.int64),
        segment=np.array([segment for path in paths for segment in path], np.int64),
        value=np.asarray(value, np.float64),
        error=np.broadcast_to(np.asarray(error, np.float64), len(paths)).copy(),
    )


def planted(truth: np.ndarray, paths: list[list[int]]) -> list[float]:
    return [float(truth[path].sum()) for path in paths]


def test_one_unmeasured_segment() -> None:
    found = segment_values(sums([[0, 1, 2]], [30.0], 3.0), np.array([5.0, NAN, 7.0]), np.array([4.0, NAN, NAN]))
    assert found.value.tolist() == pytest.approx([5, 18, 7])
    assert found.error[1] == pytest.approx(5.0)  # 3 of the path, 4 of the segment taken off
    assert found.solved.tolist() == [False, True, False]


def test_a_triangle_is_determined_and_a_square_is_not() -> None:
    truth = np.array([3.0, 5.0, 11.0, 2.0])
    triangle = [[0, 1], [1, 2], [2, 0]]
    found = segment_values(sums(triangle, planted(truth, triangle)), np.full(4, NAN), np.full(4, NAN))
    assert found.value[:3].tolist() == pytest.approx(truth[:3].tolist())
    assert np.isnan(found.value[3])
    square = [[0, 1], [1, 2], [2, 3], [3, 0]]
    found = segment_values(sums(square, planted(truth, square)), np.full(4, NAN), np.full(4, NAN))
    assert np.isnan(found.value).all()
    assert np.isnan(found.error).all()
    assert not found.solved.any()


def test_one_known_segment_unlocks_the_square() -> None:
    truth = np.array([3.0, 5.0, 11.0, 2.0])
    square = [[0, 1], [1, 2], [2, 3], [3, 0]]
    measured = np.array([3.0, NAN, NAN, NAN])
    found = segment_values(sums(square, planted(truth, square)), measured, np.full(4, NAN))
    assert found.value.tolist() == pytest.approx(truth.tolist())


def test_part_of_a_block_may_be_determined() -> None:
    """Two segments that always occur together are not told apart, but the third one is."""
    paths = [[0, 1, 2], [0, 1], [2]]
    found = segment_values(sums(paths, [9.0, 5.0, 4.0]), np.full(3, NAN), np.full(3, NAN))
    assert np.isnan(found.value).tolist() == [True, True, False]
    assert found.value[2] == pytest.approx(4.0)


def test_never_below_zero() -> None:
    found = segment_values(sums([[0, 1], [0]], [4.0, 6.0]), np.full(2, NAN), np.full(2, NAN))
    assert found.value.tolist() == pytest.approx([5.0, 0.0])


def test_a_path_that_is_better_known_weighs_more() -> None:
    found = segment_values(sums([[0], [0]], [10.0, 20.0], np.array([1.0, 3.0])), np.array([NAN]), np.array([NAN]))
    assert found.value[0] == pytest.approx((10 * 9 + 20) / 10)


def test_contradicting_paths_say_so() -> None:
    calm = segment_values(sums([[0]] * 4, [10, 10.1, 9.9, 10], 1.0), np.array([NAN]), np.array([NAN]))
    torn = segment_values(sums([[0]] * 4, [4, 16, 4, 16], 1.0), np.array([NAN]), np.array([NAN]))
    assert calm.error[0] == pytest.approx(0.5)
    assert torn.error[0] == pytest.approx(np.sqrt(4 * 36 / 3) / 2)


def test_a_segment_passed_twice_counts_twice() -> None:
    found = segment_values(sums([[0, 0]], [10.0], 2.0), np.array([NAN]), np.array([NAN]))
    assert (found.value[0], found.error[0]) == (pytest.approx(5.0), pytest.approx(1.0))
    twice = segment_values(sums([[0, 0, 1]], [10.0], 0.0), np.array([3.0, NAN]), np.array([1.0, NAN]))
    assert (twice.value[1], twice.error[1]) == (pytest.approx(4.0), pytest.approx(2.0))


def test_paths_without_a_value_say_nothing() -> None:
    found = segment_values(sums([[0], [1]], [NAN, 4.0]), np.full(3, NAN), np.full(3, NAN))
    assert np.isnan(found.value).tolist() == [True, False, True]
    nothing = segment_values(sums([], []), np.full(2, NAN), np.full(2, NAN))
    assert np.isnan(nothing.value).all()
    everything = segment_values(sums([[0]], [3.0]), np.array([7.0]), np.array([NAN]))
    assert everything.value.tolist() == [7.0]


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_determined_means_determined(data: st.DataObject) -> None:
    """Against linear programming: the least and the largest value that the equations leave to a segment."""
    segments = data.draw(st.integers(1, 6))
    paths = data.draw(
        st.lists(st.lists(st.integers(0, segments - 1), min_size=1, max_size=4, unique=True), min_size=1, max_size=7)
    )
    truth = np.array([data.draw(st.integers(1, 50)) for _ in range(segments)], float)
    measured = np.where([data.draw(st.booleans()) for _ in range(segments)], truth, NAN)
    found = segment_values(sums(paths, planted(truth, paths)), measured, np.full(segments, NAN))
    matrix = np.zeros((len(paths), segments))
    for i, path in enumerate(paths):
        matrix[i, path] = 1
    known = ~np.isnan(measured)
    # no sign: what is determined only because nothing is below zero does not count, and no truth here is zero
    bounds = [(t, t) if k else (None, None) for t, k in zip(truth, known, strict=True)]
    for segment in range(segments):
        goal = np.zeros(segments)
        goal[segment] = 1
        ends = [
            scipy.optimize.linprog(sign * goal, A_eq=matrix, b_eq=matrix @ truth, bounds=bounds) for sign in (1, -1)
        ]
        determined = all(end.status == 0 for end in ends)
        assert np.isnan(found.value[segment]) == (not determined)
        if determined:
            assert found.value[segment] == pytest.approx(truth[segment], abs=1e-6)


def test_the_stated_error_is_the_error() -> None:
    """A star of sites, users behind them, noisy paths: errors over many draws against those that are stated."""
    chance = np.random.default_rng(1)
    truth = chance.uniform(2, 40, 12)
    paths = [sorted(chance.choice(12, 3, replace=False).tolist()) for _ in range(80)]
    noise = chance.uniform(0.2, 2.0, 80)
    exact = np.array(planted(truth, paths))
    missed, stated = [], []
    for _ in range(150):
        found = segment_values(sums(paths, exact + chance.normal(0, noise), noise), np.full(12, NAN), np.full(12, NAN))
        missed.append(found.value - truth)
        stated.append(found.error)
    ratio = np.std(missed, axis=0) / np.mean(stated, axis=0)
    assert ((ratio > 0.8) & (ratio < 1.2)).all()


def test_blocks_do_not_touch_each_other_and_a_large_one_is_left_alone() -> None:
    limit = tomography.LARGEST_COUNT
    chain = [[i, i + 1] for i in range(limit)]  # limit + 1 segments that hang together
    paths = [*chain, [0], [limit + 1]]
    found = segment_values(sums(paths, np.ones(len(paths))), np.full(limit + 2, NAN), np.full(limit + 2, NAN))
    assert found.too_large_count == limit + 1
    assert np.isnan(found.value[: limit + 1]).all()
    assert found.value[limit + 1] == pytest.approx(1.0)


def test_measured_segments_stay_as_they_are() -> None:
    measured = np.array([5.0, 9.0])
    found = segment_values(sums([[0, 1]], [100.0]), measured, np.array([0.5, NAN]))
    assert found.value.tolist() == [5.0, 9.0]
    assert not np.shares_memory(found.value, measured)
    assert found.error[0] == 0.5
