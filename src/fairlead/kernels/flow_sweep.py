"""Passes over the commodities of the first-order method: compiled, without the interpreter lock."""

from __future__ import annotations

import numba
import numpy as np

_PATHS = numba.int32[:, ::1]
_REAL = numba.float64[::1]
_REALS = numba.float64[:, ::1]


@numba.njit(numba.float64(_PATHS, _REAL, _REALS, _REAL, _REAL, _REALS, _REALS, _REAL, _REAL), cache=True, nogil=True)
def sweep(path, demand, cost, step, price, weight, total, rate, ahead):  # type: ignore[no-untyped-def]  # compiled
    """One step of every weight against the path prices, projected on its simplex; returns the cost of the new weights.

    ``weight`` is moved, ``total`` adds it up, ``rate`` and ``ahead`` [paths] add what it and its extrapolation send.
    """
    slots = path.shape[1]
    aim = np.empty(slots)
    spent = 0.0
    for c in range(path.shape[0]):
        mass, count = -1.0, 0
        for s in range(slots):
            if path[c, s] >= 0:
                aim[s] = weight[c, s] - step[c] * (cost[c, s] + price[path[c, s]])
                mass += aim[s]
                count += 1
        level = mass / count
        for _ in range(count - 1):  # Michelot: leave out what falls below the level, until nothing does
            above, left = -1.0, 0
            for s in range(slots):
                if path[c, s] >= 0 and aim[s] > level:
                    above += aim[s]
                    left += 1
            if left == count or left == 0:
                break
            count, level = left, above / left
        for s in range(slots):
            p = path[c, s]
            if p >= 0:
                share = max(0.0, aim[s] - level)
                rate[p] += share * demand[c]
                ahead[p] += (2.0 * share - weight[c, s]) * demand[c]
                spent += share * demand[c] * cost[c, s]
                weight[c, s] = share
                total[c, s] += share
    return spent


@numba.njit(numba.float64(_PATHS, _REAL, _REALS, _REAL), cache=True, nogil=True)
def least_spent(path, demand, cost, price):  # type: ignore[no-untyped-def]
    """Cost of sending every demand over the path that is cheapest at its cost and the path prices."""
    total = 0.0
    for c in range(path.shape[0]):
        least = np.inf
        for s in range(path.shape[1]):
            if path[c, s] >= 0:
                least = min(least, cost[c, s] + price[path[c, s]])
        total += demand[c] * least
    return total
