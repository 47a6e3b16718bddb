"""What Nearby routing needs: the nearest site of every user group, the best backbone path of every pair of sites."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fairlead.model import Paths, Sites, Snapshot
from fairlead.predict.routes_grid import access_grid


def nearest_site(snapshot: Snapshot) -> NDArray[np.int32]:
    """Site of lowest access latency [groups]; the first of equals; -1 where no access was measured."""
    latency = access_grid(snapshot).latency_ms
    known = np.where(np.isnan(latency), np.inf, latency)
    if not latency.shape[1]:
        return np.full(len(latency), -1, np.int32)
    return np.where(np.isfinite(known.min(axis=1)), known.argmin(axis=1), -1).astype(np.int32)


def best_backbone(snapshot: Snapshot) -> NDArray[np.int32]:
    """Row of the shortest backbone path [sites, sites]; -1 where there is none of known latency."""
    paths, count = snapshot[Paths], snapshot[Sites].row_count
    best = np.full((count, count), -1, np.int32)
    first = np.flatnonzero((paths.rank == 0) & (paths.source >= 0) & ~np.isnan(paths.latency_ms))
    best[paths.source[first], paths.target[first]] = first
    return best
