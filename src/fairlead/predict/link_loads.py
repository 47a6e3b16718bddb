"""What a routing puts on the links: the backbone, and the network cards that stand for all access links of a site.

The graph is that of Panorama Fig. 7: a virtual node before each site, so that the links from all user groups, which
nobody can measure one by one, share one link of the site's card rate.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fairlead.model import Demands, Hops, Links, Paths, Routes, Sites, Snapshot
from fairlead.predict.routes_grid import backbone_grid

Reals = NDArray[np.float64]
Rows = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ExtendedLinks:
    """Rows 0 ... links-1 are ``links``; then users into each site, then each site out to users.

    capacity_mbps : [rows] infinite where not known
    price         : [rows] relative price of a Mbit/s
    start, used   : path ``p`` uses rows ``used[start[p] : start[p + 1]]``; the direct path uses none
    """

    capacity_mbps: Reals
    price: Reals
    start: Rows
    used: NDArray[np.int32]

    @property
    def row_count(self) -> int:
        """Backbone links and two cards a site."""
        return len(self.capacity_mbps)


def extended_links(snapshot: Snapshot) -> ExtendedLinks:
    """The links of the extended graph and which of them each path uses; computed once for a set of paths.

    Needs Sites, Links, Paths, Hops. O(hops).
    """
    sites, links, paths = snapshot[Sites], snapshot[Links], snapshot[Paths]
    start, used = paths.memo(("link use", links.digest("source") + links.digest("target")), lambda: _use(snapshot))
    capacity = np.concatenate([links.capacity_mbps, sites.nic_mbps, sites.nic_mbps]).astype(np.float64)
    price = np.concatenate([links.cost_per_mbps, sites.cost_per_mbps, sites.cost_per_mbps]).astype(np.float64)
    return ExtendedLinks(
        capacity_mbps=np.where(np.isnan(capacity), np.inf, capacity), price=price, start=start, used=used
    )


def _use(snapshot: Snapshot) -> tuple[Rows, NDArray[np.int32]]:
    hops, paths = snapshot[Hops], snapshot[Paths]
    link_count, site_count = snapshot[Links].row_count, snapshot[Sites].row_count
    hop_count = paths.hop_count.astype(np.int64)
    # a path of h sites uses h - 1 links and two cards
    start = np.concatenate([[0], np.cumsum(np.where(hop_count > 0, hop_count + 1, 0))])
    used = np.empty(start[-1], np.int32)
    overlay = np.flatnonzero(hop_count > 0)
    first_hop = np.concatenate([[0], np.cumsum(hop_count)])[:-1]
    site = hops.site.astype(np.int64)
    used[start[overlay]] = link_count + site[first_hop[overlay]]
    used[start[overlay + 1] - 1] = link_count + site_count + site[first_hop[overlay] + hop_count[overlay] - 1]
    inner = np.flatnonzero(hops.position > 0)
    row = backbone_grid(snapshot).row[site[inner - 1], site[inner]]
    assert (row >= 0).all(), "a path uses a link that does not exist"
    used[start[hops.path[inner]] + hops.position[inner]] = row
    return start, used


def link_loads(links: ExtendedLinks, path: NDArray[np.int32], rate_mbps: Reals) -> Reals:
    """Load [rows of links] Mbit/s when ``rate_mbps`` [any shape] goes over ``path`` [same shape] (-1: nowhere)."""
    path_count = len(links.start) - 1
    taken = path >= 0
    on_path = np.bincount(path[taken], weights=rate_mbps[taken], minlength=path_count)
    per_use = np.repeat(on_path, np.diff(links.start))
    return np.bincount(links.used, weights=per_use, minlength=links.row_count).astype(np.float64)


def routed_loads(snapshot: Snapshot) -> Reals:
    """Load [rows of the extended links] of the snapshot's routes under its demands; unknown demand weighs nothing."""
    routes, demands = snapshot[Routes], snapshot[Demands]
    rate = np.nan_to_num(demands.demand_mbps.astype(np.float64))[routes.demand] * routes.weight_ratio
    return link_loads(extended_links(snapshot), routes.path, rate)


def priced_utilisation(links: ExtendedLinks, load_mbps: Reals) -> Reals:
    """price * load / capacity [rows] (Panorama Eq. 2, the term under C-MLU); 0 / 0 is 0.

    Load on nothing is infinite, whatever it costs: nobody can use a link for free that carries nothing. A link of
    unknown capacity is not judged: 0.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        use = links.price * load_mbps / links.capacity_mbps
    use = np.where(links.capacity_mbps > 0, use, np.inf)
    return np.where(load_mbps > 0, use, 0.0)
