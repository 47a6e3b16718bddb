"""Whole things shared out by weight, exactly."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def apportioned(
    total_count: NDArray[np.int64], group: NDArray[np.int32], weight: NDArray[np.float64]
) -> NDArray[np.int64]:
    """``total_count`` [groups] shared out among members by ``weight`` [members] with largest remainders.

    group : [members] the group of each; the members of a group receive exactly its total, ties go to the lower row.
    A group without weight shares evenly; a group without members must have nothing to share. O(members log members).
    """
    group_count = len(total_count)
    member_count = np.bincount(group, minlength=group_count)
    assert not total_count[member_count == 0].any(), "something to share and nobody to share it"
    weight_sum = np.bincount(group, weights=weight, minlength=group_count)
    even = weight_sum[group] <= 0
    fair = np.where(even, 1.0 / np.maximum(member_count[group], 1), weight / np.where(even, 1.0, weight_sum[group]))
    exact = total_count[group] * fair
    whole = np.floor(exact).astype(np.int64)
    missing = total_count - np.bincount(group, weights=whole, minlength=group_count).astype(np.int64)
    order = np.lexsort((np.arange(len(group)), whole - exact, group))
    first_of_group = np.concatenate(([0], np.cumsum(member_count)))[:-1]
    rank = np.empty(len(group), dtype=np.int64)
    rank[order] = np.arange(len(group)) - first_of_group[group[order]]
    # rounding of the sums can leave a group short of more than one a member, or over: settle in whole rounds
    rounds, rest = np.divmod(missing, np.maximum(member_count, 1))
    return whole + rounds[group] + (rank < rest[group])
