"""Discounted upper confidence bounds (Garivier and Moulines 2011), as Panorama Eq. (1) picks several arms at once.

One bandit a row; its arms are the columns. Sums are discounted once a cycle, so they and the counts are all the memory
there is.
"""

from __future__ import annotations

import math

import numba
import numpy as np
from numpy.typing import NDArray

Reals = NDArray[np.float64]
Singles = NDArray[np.float32]
Int32s = NDArray[np.int32]

_F8, _I4, _I8 = numba.float64, numba.int32, numba.int64
_SUMS, _PICKED = numba.float32[:, ::1], numba.int32[:, ::1]
_IN_SUMS = numba.types.Array(numba.float32, 2, "C", readonly=True)
_IN_REALS = numba.types.Array(_F8, 2, "C", readonly=True)
_IN_ROWS, _IN_PICKED = (numba.types.Array(_I4, axes, "C", readonly=True) for axes in (1, 2))


_FAST = {"nnan", "nsz"}  # no score is NaN, so the highest is found by vector instructions


@numba.njit(_I8(numba.float64[::1], _IN_REALS, _I8), cache=True, nogil=True, fastmath=_FAST)
def _best_arm(score, prior, row):  # type: ignore[no-untyped-def]  # compiled; the signature above is its type
    """The arm of the highest score, then of the least prior, then the first; -1 if all scores are -infinite."""
    highest = -np.inf
    for arm in range(len(score)):
        highest = max(highest, score[arm])
    best = -1
    for arm in range(len(score)):
        if score[arm] == highest and highest > -np.inf and (best < 0 or prior[row, arm] < prior[row, best]):
            best = arm
    return best


@numba.njit(
    numba.void(_IN_SUMS, _IN_SUMS, _IN_ROWS, _IN_REALS, _IN_ROWS, _I8, _PICKED),
    cache=True,
    nogil=True,
    error_model="numpy",  # a division by 0 is infinite, and chosen away below
)
def _picked(reward, count, cycle, prior, row, by_mean, out):  # type: ignore[no-untyped-def]
    arms = reward.shape[1]
    mean, bound = np.empty(arms), np.empty(arms)
    for bandit in range(len(row)):
        at = row[bandit]
        log = math.log(max(numba.int64(1), numba.int64(cycle[bandit])))
        for arm in range(arms):
            seen, there = numba.float64(count[bandit, arm]), prior[at, arm] < np.inf
            value = reward[bandit, arm] / seen
            mean[arm] = (value if seen > 0 else -1.0) if there else -np.inf
            bound[arm] = (value + math.sqrt(log / seen) if seen > 0 else np.inf) if there else -np.inf
        for place in range(out.shape[1]):
            best = _best_arm(mean if place < by_mean else bound, prior, at)
            out[bandit, place] = best
            if best >= 0:
                mean[best] = bound[best] = -np.inf


def picked(reward: Singles, count: Singles, cycle: Int32s, prior: Reals, row: Int32s, size: int) -> Int32s:
    """Arms [bandits, size] to try next: half by the highest mean, then half by the highest bound of the rest.

    reward : [bandits, arms] discounted sum of the rewards; count: of the times tried (Eq. 1: n)
    cycle  : [bandits] cycles so far (t)
    prior  : [rows, arms] cost that orders arms of equal score; infinite: not an arm. ``row`` [bandits] is whose
    An arm never tried has the lowest mean and an infinite bound. -1 where there are fewer arms than asked for. Of an
    odd size the mean gets the larger half. O(bandits * arms * size).
    """
    out = np.empty((len(row), size), np.int32)
    _picked(reward, count, cycle, prior, row, (size + 1) // 2, out)
    return out


@numba.njit(numba.void(_IN_SUMS, _IN_SUMS, _IN_PICKED, _IN_PICKED, numba.float32, _SUMS, _SUMS), cache=True, nogil=True)
def _learn(reward, count, tried, used, discount, new_reward, new_count):  # type: ignore[no-untyped-def]
    for bandit in range(len(reward)):
        for arm in range(reward.shape[1]):
            new_reward[bandit, arm] = reward[bandit, arm] * discount
            new_count[bandit, arm] = count[bandit, arm] * discount
        for place in range(tried.shape[1]):
            if tried[bandit, place] >= 0:
                new_count[bandit, tried[bandit, place]] += 1.0
        total = 0
        while total < used.shape[1] and used[bandit, total] != -2:
            total += 1
        for place in range(total):
            if used[bandit, place] >= 0:
                new_reward[bandit, used[bandit, place]] += 1.0 / total


def learned(
    reward: Singles,
    count: Singles,
    tried: Int32s,
    used: Int32s,
    discount: float,
    new_reward: Singles,
    new_count: Singles,
) -> None:
    """Fill sums and counts [bandits, arms] after one more cycle; those before it stay as they are.

    tried : [bandits, size] arms that were tried, -1 none
    used  : [bandits, answers] the arm that each answer used, -1 an answer without an arm, -2 no answer; an arm's
            reward is the fraction of the answers that used it
    """
    _learn(reward, count, tried, used, discount, new_reward, new_count)
