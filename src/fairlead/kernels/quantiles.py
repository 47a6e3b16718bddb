"""Values between the points of a table of quantiles over two conditions."""

from __future__ import annotations

import numpy as np
from numba import float64, int64, njit, types
from numpy.typing import NDArray

Reals = NDArray[np.float64]

_AXIS = types.Array(float64, 1, "C", readonly=True)
_TABLE = types.Array(float64, 3, "C", readonly=True)
_DRAWS = types.Array(float64, 1, "A", readonly=True)


@njit(types.Tuple((int64, int64, float64))(_AXIS, float64), cache=True, nogil=True)
def _between(axis, at):  # type: ignore[no-untyped-def]  # compiled; the signature above is its type
    """The points on either side, and how far the place is from the first to the second; at the border outside."""
    last = len(axis) - 1
    if not at > axis[0]:
        return 0, 0, 0.0
    if at >= axis[last]:
        return last, last, 0.0
    low, high = 0, last
    while high - low > 1:
        half = (low + high) // 2
        if axis[half] <= at:
            low = half
        else:
            high = half
    return low, high, (at - axis[low]) / (axis[high] - axis[low])


@njit(float64[::1](_AXIS, _AXIS, _AXIS, _TABLE, _DRAWS, _DRAWS, _DRAWS), cache=True, nogil=True)
def bilinear_quantiles(one, other, levels, values, at_one, at_other, luck):  # type: ignore[no-untyped-def]
    """Linear in both conditions and in the level: [draws].

    one, other       : coordinates of the points along each condition, ascending
    levels           : ascending
    values           : [ones, others, levels]
    at_one, at_other : [draws] where to read; outside, the border holds
    luck             : [draws] at which level

    O(draws * log points).
    """
    found = np.empty(len(luck))
    for draw in range(len(luck)):
        low_one, high_one, on_one = _between(one, at_one[draw])
        low_other, high_other, on_other = _between(other, at_other[draw])
        low, high, on = _between(levels, luck[draw])
        total = 0.0
        for row, part in ((low_one, 1.0 - on_one), (high_one, on_one)):
            for column, piece in ((low_other, 1.0 - on_other), (high_other, on_other)):
                if part * piece > 0.0:
                    cell = values[row, column]
                    total += part * piece * (cell[low] + on * (cell[high] - cell[low]))
        found[draw] = total
    return found
