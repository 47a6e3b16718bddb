"""What is wrong with the fabric, as far as a repair could matter (SWARM Table 1, first column)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fairlead.model import FabricLinks, Nodes, Snapshot
from fairlead.planners.mitigate.cables import (
    SERVER,
    T0,
    Cables,
    Reals,
    Rows,
    alive_links,
    cables,
    hosts,
    t0_of_servers,
    tiers,
)

LOSS_FLOOR = 1e-6
"""A smaller drop ratio is no failure. The numeral is missing in the paper's text; 1e-6 is where frame check errors
begin to count as incidents in practice, and CorrOpt's smallest bucket of links worth repair lies just under it."""

LOST_CAPACITY_RATIO = 0.9
"""A link with less than this share of what its siblings carry has lost capacity."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Failures:
    """Rows of cables and nodes, the most severe first.

    lossy     : cables above the t0s in service that lose packets, yet pass some in one direction at least
    disabled  : cables out of service by an operator that would pass packets, the least faulty first
    congested : cables above the t0s in service that carry less than their siblings
    switches  : t1 and t2 that lose packets, yet pass some
    tors      : t0 with workloads below them that lose packets or are down, or below which a server or its link does so
    """

    cables: Cables
    lossy: Rows
    disabled: Rows
    congested: Rows
    switches: Rows
    tors: Rows

    @property
    def count(self) -> int:
        """All of them; 0: nothing is wrong."""
        return sum(len(each) for each in (self.lossy, self.disabled, self.congested, self.switches, self.tors))


def failures(snapshot: Snapshot) -> Failures:
    """The failures present. O(links log links)."""
    found, links = cables(snapshot), snapshot[FabricLinks]
    tier, node_drop = tiers(snapshot), snapshot[Nodes].drop_ratio
    drop = found.worst(links.drop_ratio)
    ends_alive = (node_drop[found.low] < 1) & (node_drop[found.high] < 1)
    in_service = found.worst(links.up.astype(np.float64)) > 0
    fully = found.least(links.up.astype(np.float64)) > 0
    above = tier[found.low] >= T0
    passes = found.least(links.drop_ratio) < 1
    lossy = above & ends_alive & in_service & passes & (drop > LOSS_FLOOR)
    disabled = above & ends_alive & ~fully & (drop < 1)
    usable = links.capacity_mbps / usual_capacity_mbps(snapshot)
    congested = above & ends_alive & in_service & passes & (found.least(usable) < LOST_CAPACITY_RATIO)
    switches = np.flatnonzero((tier > T0) & (node_drop > LOSS_FLOOR) & (node_drop < 1))
    return Failures(
        cables=found,
        lossy=_by(np.flatnonzero(lossy), -drop),
        disabled=_by(np.flatnonzero(disabled), drop),
        congested=_by(np.flatnonzero(congested), found.least(usable)),
        switches=_by(switches, -node_drop),
        tors=_tors(snapshot),
    )


def usual_capacity_mbps(snapshot: Snapshot) -> Reals:
    """[links] the upper median capacity of its siblings: links between the same tiers from the same pod, same way."""
    links, nodes, tier = snapshot[FabricLinks], snapshot[Nodes], tiers(snapshot).astype(np.int64)
    if not links.row_count:
        return np.empty(0)
    _, pod = nodes.codes("pod")
    low = np.where(tier[links.source] < tier[links.target], links.source, links.target)
    kind = (tier[links.source] * 4 + tier[links.target]) * (int(pod.max(initial=0)) + 1) + pod[low]
    order = np.lexsort((links.capacity_mbps, kind))
    _, start, which, count = np.unique(kind[order], return_index=True, return_inverse=True, return_counts=True)
    usual = np.empty(links.row_count)
    usual[order] = links.capacity_mbps[order][start + count // 2][which]
    return usual


def tor_drop_ratio(snapshot: Snapshot) -> Reals:
    """[nodes] share of packets lost at each t0 or below: by it, by a server below it or by its link; 0 elsewhere.

    A link to a server that is out of service, or a server that is down, counts as 1.
    """
    nodes, links, tier = snapshot[Nodes], snapshot[FabricLinks], tiers(snapshot)
    worst = np.where(tier == T0, nodes.drop_ratio, 0.0)
    t0 = t0_of_servers(snapshot)
    server = np.flatnonzero((tier == SERVER) & (t0 >= 0))
    np.maximum.at(worst, t0[server], nodes.drop_ratio[server])
    below = np.flatnonzero(np.minimum(tier[links.source], tier[links.target]) == SERVER)
    upper = np.where(tier[links.source[below]] == SERVER, links.target[below], links.source[below])
    np.maximum.at(worst, upper, np.where(links.up[below], links.drop_ratio[below], 1.0))
    return np.asarray(worst, dtype=np.float64)


def _tors(snapshot: Snapshot) -> Rows:
    """Emptied t0s are no failure any more, nor are sick servers that run nothing."""
    nodes, tier, t0 = snapshot[Nodes], tiers(snapshot), t0_of_servers(snapshot)
    run_by = np.unique(hosts(snapshot))
    run_by = run_by[t0[run_by] >= 0]
    drop = np.where(tier == T0, nodes.drop_ratio, 0.0)[t0[run_by]]
    drop = np.maximum(drop, nodes.drop_ratio[run_by])
    drop = np.maximum(drop, _access_drop(snapshot)[run_by])
    worst = np.zeros(nodes.row_count)
    np.maximum.at(worst, t0[run_by], drop)
    return _by(np.flatnonzero(worst > LOSS_FLOOR), -worst)


def _access_drop(snapshot: Snapshot) -> Reals:
    """[nodes] share that the link of each server to its t0 loses, the worse direction; 1 where it is out of service."""
    links, tier = snapshot[FabricLinks], tiers(snapshot)
    lost = np.where(links.up, links.drop_ratio, 1.0)
    worst = np.zeros(len(tier))
    for end in (links.source, links.target):
        below = tier[end] == SERVER
        np.maximum.at(worst, end[below], lost[below])
    return worst


def in_service(snapshot: Snapshot, found: Cables) -> Rows:
    """Rows of the cables that pass packets in both directions."""
    alive = alive_links(snapshot).astype(np.float64)
    return np.flatnonzero((found.least(alive) > 0) & (found.up_row >= 0) & (found.down_row >= 0))


def _by(rows: Rows, key: Reals) -> Rows:
    """Ascending by a key [of everything], equal ones in their own order."""
    return rows[np.argsort(key[rows], kind="stable")]
