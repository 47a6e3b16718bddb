"""Step 1 of phase 1 (Panorama 4.1): K' shortest loop-free paths in the backbone for every ordered pair of sites.

The backbone is one big switch: its paths are found once and serve all pairs of user groups.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fairlead.kernels.shortest import NodePaths, shortest_paths
from fairlead.model import Hops, Links, Paths, Sites, Snapshot
from fairlead.predict.routes_grid import BackboneGrid, backbone_grid

Reals = NDArray[np.float64]


def with_paths(snapshot: Snapshot, k: int = 5) -> Snapshot:
    """The snapshot with Paths and Hops made from its links: row DIRECT, then at most ``k`` paths of every pair.

    Shortest first, in the order of source, then target; a site to itself is one path of one hop. A link of unknown
    latency is not used; unknown jitter or loss of a link makes that of the path unknown. Computed once for a table of
    links. Needs Sites and Links.
    """
    links, site_count = snapshot[Links], snapshot[Sites].row_count
    paths, hops = links.memo(("paths", (site_count, k)), lambda: _tables(backbone_grid(snapshot), k))
    return snapshot.replaced(paths, hops)


def _tables(grid: BackboneGrid, k: int) -> tuple[Paths, Hops]:
    found = shortest_paths(grid.latency_ms, k)
    site_count, path_count = len(found.count), len(found.start) - 1
    pair = np.repeat(np.arange(site_count * site_count), found.count.ravel())
    first = np.cumsum(found.count.ravel()) - found.count.ravel()
    hop_count = np.diff(found.start)
    no_path = np.full(1, -1, np.int32)
    paths = Paths.of(
        source=np.concatenate([no_path, (pair // site_count).astype(np.int32)]),
        target=np.concatenate([no_path, (pair % site_count).astype(np.int32)]),
        rank=np.concatenate([[0], np.arange(path_count) - first[pair]]).astype(np.int32),
        hop_count=np.concatenate([[0], hop_count]).astype(np.int32),
        **_metrics(grid, found),
    )
    owner = np.repeat(np.arange(1, path_count + 1, dtype=np.int32), hop_count)
    position = np.arange(len(owner)) - np.repeat(found.start[:-1], hop_count)
    return paths, Hops.of(path=owner, position=position.astype(np.int32), site=found.node)


def _metrics(grid: BackboneGrid, found: NodePaths) -> dict[str, Reals]:
    """Metrics of all paths [1 + paths], those of DIRECT unknown: sums over the links in their order, loss by survival.

    One pass a position: O(hops).
    """
    path_count = len(found.start) - 1
    latency, jitter, survival = np.zeros(path_count), np.zeros(path_count), np.ones(path_count)
    going, position = np.flatnonzero(np.diff(found.start) > 1), 1
    while len(going):
        at = found.start[going] + position
        link = (found.node[at - 1], found.node[at])
        latency[going] += grid.latency_ms[link]
        jitter[going] += grid.jitter_ms[link]
        survival[going] *= 1.0 - grid.loss_ratio[link]
        position += 1
        going = going[found.start[going + 1] - found.start[going] > position]
    unknown = np.full(1, np.nan)
    return {
        "latency_ms": np.concatenate([unknown, latency]),
        "jitter_ms": np.concatenate([unknown, jitter]),
        "loss_ratio": np.concatenate([unknown, 1.0 - survival]),
    }
