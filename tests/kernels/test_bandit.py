"""The bandit against Eq. (1) written out as a sum over the cycles."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from oracles.routes_brute_force import discounted

from fairlead.kernels.bandit import learned as learned_into
from fairlead.kernels.bandit import picked

Singles = NDArray[np.float32]


def learned(
    reward: Singles, count: Singles, tried: NDArray[np.int32], used: NDArray[np.int32], discount: float
) -> tuple[Singles, Singles]:
    sums = np.empty_like(reward), np.empty_like(count)
    learned_into(reward, count, tried, used, discount, *sums)
    return sums


@given(st.integers(0, 10**6), st.integers(1, 9), st.sampled_from([1, 2, 3, 4]), st.sampled_from([0.5, 0.95]))
def test_picks_are_those_of_eq_1(seed: int, arms: int, size: int, discount: float) -> None:
    """Rewards are drawn; every cycle's picks are checked against means and bounds summed from the whole history."""
    rng = np.random.default_rng(seed)
    prior = rng.permutation(arms).astype(np.float64)[None]
    prior[0, rng.random(arms) < 0.2] = np.inf
    reward, count = np.zeros((1, arms), np.float32), np.zeros((1, arms), np.float32)
    history: list[tuple[list[int], list[float]]] = []
    for cycle in range(12):
        tried = picked(reward, count, np.array([cycle], np.int32), prior, np.zeros(1, np.int32), size)
        scores = [discounted(history, arm, discount) for arm in range(arms)]
        free = [arm for arm in range(arms) if prior[0, arm] < np.inf]
        assert (tried[0] >= 0).sum() == min(size, len(free))
        for place, arm in enumerate(tried[0].tolist()):
            if arm < 0:
                continue
            by = 0 if place < (size + 1) // 2 else 1
            best = max(scores[other][by] for other in free)
            assert scores[arm][by] == best or scores[arm][by] == pytest.approx(best, rel=1e-4, abs=1e-4)
            free.remove(arm)
        used = rng.choice([*tried[0][tried[0] >= 0], -1], 5).astype(np.int32)
        history.append((tried[0].tolist(), [float((used == arm).mean()) for arm in range(arms)]))
        reward, count = learned(reward, count, tried, used[None], discount)


def test_nothing_known_means_the_nearest() -> None:
    none = np.zeros((2, 5), np.float32)
    prior = np.array([[5.0, 1.0, np.inf, 3.0, 2.0], [1.0, np.inf, np.inf, np.inf, 2.0]])
    tried = picked(none, none, np.zeros(2, np.int32), prior, np.array([0, 1], np.int32), 4)
    assert tried.tolist() == [[1, 4, 3, 0], [0, 4, -1, -1]]


def test_half_by_mean_keeps_what_the_bound_alone_would_drop() -> None:
    """Panorama 4.1: with UCB only, the proven arms 0 and 1 would make room for four that nobody has tried."""
    reward = np.array([[9.0, 8.0, 0, 0, 0, 0]], np.float32)
    count = np.array([[10.0, 10.0, 0, 0, 0, 0]], np.float32)
    prior, one = np.arange(6.0)[None], np.zeros(1, np.int32)
    assert picked(reward, count, np.array([10], np.int32), prior, one, 4).tolist() == [[0, 1, 2, 3]]
    # after one cycle ln t = 0: the bound is the mean
    assert picked(reward, count + 1, np.array([1], np.int32), prior, one, 3).tolist() == [[0, 1, 2]]


def test_the_example_of_section_4_1() -> None:
    """Candidates SE1, SE2, SE3; found SE1, SE1-SE2, SE2-SE3-SE4: rewards 2/3, 1/3, 0."""
    none = np.zeros((1, 4), np.float32)
    reward, count = learned(none, none, np.array([[0, 1, 2]], np.int32), np.array([[0, 0, 1, -2, -2]], np.int32), 0.9)
    assert reward[0] == pytest.approx([2 / 3, 1 / 3, 0, 0])
    assert count[0].tolist() == [1, 1, 1, 0]
    assert not none.any()


def test_a_direct_answer_counts_as_an_answer_without_an_arm() -> None:
    sums, tried = np.full((2, 2), 4.0, np.float32), np.array([[0, -1], [0, 1]], np.int32)
    reward, count = learned(sums, sums, tried, np.array([[-1, 0, -2], [-2, -2, -2]], np.int32), 0.5)
    assert reward.tolist() == [[2.5, 2.0], [2.0, 2.0]]
    assert count.tolist() == [[3.0, 2.0], [3.0, 3.0]]
