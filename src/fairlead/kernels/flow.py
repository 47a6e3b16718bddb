"""Splitting demands over given paths so that the fullest link is as empty as can be: the arrays and their arithmetic.

Commodity c sends ``demand[c]`` over the paths in its slots. With weights that sum to 1 a link of row e is used to

    utilisation[e] = base[e] + use[e] * sum over c, s of weight[c, s] * demand[c] * [path[c, s] takes e]

and theta is the largest of them (Panorama Eq. 2, whose cost / capacity is ``use``). For any prices on the links that
are >= 0 and sum to 1, linear programming duality puts a floor under theta that costs one pass to evaluate:

    floor(price) = sum_e price[e] base[e] + sum_c demand[c] min_s sum over e in path[c, s] of price[e] use[e]
"""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.int64]
Reals = NDArray[np.float64]
PathRows = NDArray[np.int32]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FlowProblem:
    """The arrays of one problem; every commodity has at least one path.

    path        : [commodities, slots] int32 path numbers, -1 in an unused slot
    demand      : [commodities] >= 0, finite
    start, used : path ``p`` takes links ``used[start[p] : start[p + 1]]``
    use         : [links] utilisation that one unit of load adds; 0 where the link is not limited, never infinite
    base        : [links] utilisation that is there already
    """

    path: PathRows
    demand: Reals
    start: Rows
    used: PathRows
    use: Reals
    base: Reals

    @property
    def path_count(self) -> int:
        """Paths there are, taken or not."""
        return len(self.start) - 1

    @property
    def link_count(self) -> int:
        """Links there are."""
        return len(self.use)

    def rates(self, weight: Reals) -> Reals:
        """[paths] what the weights [commodities, slots] send over each path. O(commodities x slots)."""
        return np.asarray(_rates(self.path, self.demand, np.ascontiguousarray(weight), self.path_count))

    def utilisation(self, weight: Reals) -> Reals:
        """[links] base included."""
        return self.base + self.use * self.on_links(self.rates(weight))

    def on_links(self, rate: Reals) -> Reals:
        """[links] load of the rates [paths]."""
        per_use = np.repeat(rate, np.diff(self.start))
        return np.bincount(self.used, weights=per_use, minlength=self.link_count).astype(np.float64)

    def path_prices(self, price: Reals) -> Reals:
        """[paths] what one unit of rate costs at the prices [links] of utilisation."""
        along = np.concatenate([[0.0], np.cumsum((price * self.use)[self.used])])
        return np.asarray(along[self.start[1:]] - along[self.start[:-1]])

    def floor(self, price: Reals) -> float:
        """What theta cannot be below, by duality; the prices [links] >= 0 are scaled to sum to 1. O(commodities)."""
        total = float(price.sum())
        if not total > 0:
            return float(self.base.max(initial=0.0))
        scaled = price / total
        cheapest = float(_cheapest(self.path, self.demand, self.path_prices(scaled)))
        return max(float(self.base.max()), float(scaled @ self.base) + cheapest)


_PATHS = numba.int32[:, ::1]
_REAL = numba.float64[::1]
_REALS = numba.float64[:, ::1]


@numba.njit(_REAL(_PATHS, _REAL, _REALS, numba.int64), cache=True, nogil=True)
def _rates(path, demand, weight, path_count):  # type: ignore[no-untyped-def]  # compiled; the signature is its type
    rate = np.zeros(path_count)
    for c in range(path.shape[0]):
        for s in range(path.shape[1]):
            if path[c, s] >= 0:
                rate[path[c, s]] += weight[c, s] * demand[c]
    return rate


@numba.njit(numba.float64(_PATHS, _REAL, _REAL), cache=True, nogil=True)
def _cheapest(path, demand, price):  # type: ignore[no-untyped-def]
    """Cost of sending every demand over its cheapest path."""
    total = 0.0
    for c in range(path.shape[0]):
        least = np.inf
        for s in range(path.shape[1]):
            if path[c, s] >= 0:
                least = min(least, price[path[c, s]])
        if least < np.inf:
            total += demand[c] * least
    return total


def equal_weights(path: PathRows) -> Reals:
    """[commodities, slots] the same share for every used slot; 0 in unused ones."""
    open_slot = path >= 0
    return np.asarray(open_slot / np.maximum(1, open_slot.sum(axis=1, keepdims=True)), dtype=np.float64)
