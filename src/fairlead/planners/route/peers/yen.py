"""Yen: the textbook K shortest paths on the whole graph, once per pair of user groups (Panorama 4.1; SciPy's Yen).

The graph has all sites and, as leaves, the two user groups. This is what the one-big-switch abstraction replaces; it is
exact and far too slow for a million session groups.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import yen

from fairlead.model import DIRECT, Demands, Hops, Paths, Snapshot
from fairlead.planners.route.goal import RouteGoal
from fairlead.planners.route.outcome import Choice, single_choice
from fairlead.predict.routes_grid import access_grid, backbone_grid, direct_lookup


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundPath:
    """Latency in ms and the sites on the way; no sites is the direct path."""

    latency_ms: float
    sites: tuple[int, ...]


def yen_paths(snapshot: Snapshot, source_group: int, target_group: int, k: int) -> tuple[FoundPath, ...]:
    """The ``k`` shortest loop-free paths between two user groups, shortest first. O(k sites * sites log sites)."""
    graph, site_count = _graph(snapshot, source_group, target_group)
    lengths, predecessors = yen(graph, site_count, site_count + 1, k, return_predecessors=True)
    return tuple(
        FoundPath(latency_ms=float(length), sites=_sites(before, site_count))
        for length, before in zip(lengths, predecessors, strict=True)
    )


def choose(snapshot: Snapshot, goal: RouteGoal) -> Choice:
    """The shortest path of every session group, found pair by pair."""
    demands, row_of = snapshot[Demands], _row_of(snapshot)
    ends = list(zip(demands.source_group.tolist(), demands.target_group.tolist(), strict=True))
    best: dict[tuple[int, int], int] = {}
    for pair in set(ends):
        if pair[0] == pair[1]:
            best[pair] = DIRECT  # 3.3: both ends in one group
            continue
        # of paths of equal length, one may be no candidate; a later one of the k then stands for it
        found = (row_of.get(path.sites, -1) for path in yen_paths(snapshot, *pair, goal.path_count))
        best[pair] = next((row for row in found if row >= 0), DIRECT)
    return single_choice(snapshot, np.array([best[pair] for pair in ends], np.int32))


def _graph(snapshot: Snapshot, source_group: int, target_group: int) -> tuple[sparse.csr_array, int]:
    backbone, access = backbone_grid(snapshot).latency_ms, access_grid(snapshot).latency_ms
    count = len(backbone)
    dense = np.full((count + 2, count + 2), np.nan)
    dense[:count, :count] = backbone
    dense[count, :count] = access[source_group]
    dense[:count, count + 1] = access[target_group]
    ends = np.array([source_group], np.int32), np.array([target_group], np.int32)
    dense[count, count + 1] = direct_lookup(snapshot, *ends).latency_ms[0]
    np.fill_diagonal(dense, np.nan)
    row, column = (each.astype(np.int32) for each in np.nonzero(~np.isnan(dense)))
    graph = sparse.coo_array((dense[row, column], (row, column)), shape=dense.shape).tocsr()
    graph.indices, graph.indptr = graph.indices.astype(np.int32), graph.indptr.astype(np.int32)
    return graph, count


def _sites(before: NDArray[np.int32], site_count: int) -> tuple[int, ...]:
    """Backwards from the target along the predecessors."""
    found, node = [], int(before[site_count + 1])
    while node != site_count:
        found.append(node)
        node = int(before[node])
    return tuple(reversed(found))


def _row_of(snapshot: Snapshot) -> dict[tuple[int, ...], int]:
    paths, hops = snapshot[Paths], snapshot[Hops]
    ends = np.cumsum(paths.hop_count.astype(np.int64))
    sites = np.split(hops.site, ends[:-1])
    return {tuple(each.tolist()): row for row, each in enumerate(sites)}
