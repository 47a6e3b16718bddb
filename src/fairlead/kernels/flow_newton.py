"""Passes over the commodities of the interior-point method: compiled, without the interpreter lock.

x and z are [commodities, slots]: flows over paths and their reduced costs. A commodity's flows keep their sum, which
eliminates all of them from the Newton system but for what they do to path rates.
"""

from __future__ import annotations

import numba
import numpy as np

_PATHS = numba.int32[:, ::1]
_REAL = numba.float64[::1]
_REALS = numba.float64[:, ::1]


@numba.njit(numba.void(_PATHS, _PATHS, _REALS, _REALS, _REALS, _REAL, _REAL), cache=True, nogil=True)
def assemble(path, pair, x, z, g, moved, curvature):  # type: ignore[no-untyped-def]  # compiled; the signature is its type
    """Adds what the flows would do under the pull ``g`` to ``moved`` [paths], and their stiffness to ``curvature``."""
    slots = path.shape[1]
    for c in range(path.shape[0]):
        total, mean = 0.0, 0.0
        for s in range(slots):
            if path[c, s] >= 0:
                give = x[c, s] / z[c, s]
                total += give
                mean += give * g[c, s]
        mean /= total
        k = 0
        for s in range(slots):
            if path[c, s] < 0:
                k += slots - 1 - s
                continue
            give = x[c, s] / z[c, s]
            moved[path[c, s]] += give * (g[c, s] - mean)
            for r in range(s + 1, slots):
                if path[c, r] >= 0:
                    curvature[pair[c, k]] += give * (x[c, r] / z[c, r]) / total
                k += 1


@numba.njit(
    numba.types.UniTuple(numba.float64, 5)(_PATHS, _REALS, _REALS, _REALS, _REAL, _REALS, _REALS),
    cache=True,
    nogil=True,
)
def direction(path, x, z, g, price, dx, dz):  # type: ignore[no-untyped-def]
    """Fills the step (dx, dz) for the path prices' step; returns the longest steps and the sums for the step's gap."""
    slots = path.shape[1]
    reach_x, reach_z, zdx, xdz, dxdz = np.inf, np.inf, 0.0, 0.0, 0.0
    for c in range(path.shape[0]):
        total, mean = 0.0, 0.0
        for s in range(slots):
            if path[c, s] >= 0:
                give = x[c, s] / z[c, s]
                total += give
                mean += give * (g[c, s] - price[path[c, s]])
        mean /= total
        for s in range(slots):
            if path[c, s] < 0:
                continue
            a = x[c, s] / z[c, s] * (g[c, s] - price[path[c, s]] - mean)
            b = price[path[c, s]] + mean
            dx[c, s] = a
            dz[c, s] = b
            if a < 0:
                reach_x = min(reach_x, -x[c, s] / a)
            if b < 0:
                reach_z = min(reach_z, -z[c, s] / b)
            zdx += z[c, s] * a
            xdz += x[c, s] * b
            dxdz += a * b
    return reach_x, reach_z, zdx, xdz, dxdz


@numba.njit(numba.void(_PATHS, _REALS, _REALS, _REALS, _REALS, numba.float64, _REALS), cache=True, nogil=True)
def pull(path, x, z, dx, dz, target, g):  # type: ignore[no-untyped-def]
    """Fills ``g``: the pull on each flow towards x z = target, corrected by what the predictor's step left."""
    for c in range(path.shape[0]):
        for s in range(path.shape[1]):
            if path[c, s] >= 0:
                g[c, s] = (target - dx[c, s] * dz[c, s]) / x[c, s] - z[c, s]
