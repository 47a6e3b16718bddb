"""Links as a technician sees them: one cable for both directions, the end of the lower tier first; and tiers, t0s."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fairlead.model import TIERS, BadInputError, FabricLinks, Nodes, Placements, Snapshot

Rows = NDArray[np.int64]
Reals = NDArray[np.float64]
Flags = NDArray[np.bool_]
Small = NDArray[np.int8]

SERVER, T0, T1, T2 = range(len(TIERS))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Cables:
    """One row a cable, in the order of its ends.

    low, high : [cables] rows of ``nodes``, the end of the lower tier and the other one
    up_row    : [cables] row of ``links`` from low to high; -1: this direction does not exist
    down_row  : [cables] row of ``links`` from high to low; -1: this direction does not exist
    """

    low: Rows
    high: Rows
    up_row: Rows
    down_row: Rows

    def rows(self, cable: int) -> list[int]:
        """Rows of ``links`` of one cable: its directions that exist."""
        return [row for row in (int(self.up_row[cable]), int(self.down_row[cable])) if row >= 0]

    def worst(self, values: Reals) -> Reals:
        """[cables] the larger of a value [links] of both directions."""
        padded = np.append(values, -np.inf)  # row -1 is the padding
        larger: Reals = np.maximum(padded[self.up_row], padded[self.down_row])
        return larger

    def least(self, values: Reals) -> Reals:
        """[cables] the smaller of a value [links] of both directions."""
        padded = np.append(values, np.inf)
        smaller: Reals = np.minimum(padded[self.up_row], padded[self.down_row])
        return smaller


def tiers(snapshot: Snapshot) -> Small:
    """[nodes] place of each node's tier in TIERS. BadInputError for a tier that nobody knows."""
    distinct, code = snapshot[Nodes].codes("tier")
    unknown = [name for name in distinct.tolist() if name not in TIERS]
    if unknown:
        raise BadInputError(
            code="mitigate.tier",
            what="a node stands in an unknown tier",
            where="nodes.tier",
            got=unknown[0],
            expected=", ".join(TIERS),
        )
    place = np.array([TIERS.index(name) for name in distinct.tolist()], np.int8)
    return place[code] if len(code) else np.empty(0, np.int8)


def cables(snapshot: Snapshot) -> Cables:
    """Every cable of the fabric. O(links log links)."""
    tier, links = tiers(snapshot), snapshot[FabricLinks]
    source, target = links.source.astype(np.int64), links.target.astype(np.int64)
    upward = tier[source] < tier[target]
    low, high = np.where(upward, source, target), np.where(upward, target, source)
    count = max(1, snapshot[Nodes].row_count)
    distinct, which = np.unique(low * count + high, return_inverse=True)
    up_row, down_row = np.full(len(distinct), -1, np.int64), np.full(len(distinct), -1, np.int64)
    up_row[which[upward]] = np.flatnonzero(upward)
    down_row[which[~upward]] = np.flatnonzero(~upward)
    return Cables(low=distinct // count, high=distinct % count, up_row=up_row, down_row=down_row)


def alive_links(snapshot: Snapshot) -> Flags:
    """[links] in service, and neither it nor an end of it loses everything."""
    links, node_drop = snapshot[FabricLinks], snapshot[Nodes].drop_ratio
    return np.asarray(
        links.up & (links.drop_ratio < 1) & (node_drop[links.source] < 1) & (node_drop[links.target] < 1),
        dtype=np.bool_,
    )


def t0_of_servers(snapshot: Snapshot) -> Rows:
    """[nodes] the t0 that each server hangs on, whatever state its link is in; -1 for switches and loose servers."""
    tier, links = tiers(snapshot), snapshot[FabricLinks]
    found = np.full(len(tier), -1, np.int64)
    for low, high in ((links.source, links.target), (links.target, links.source)):
        below = (tier[low] == SERVER) & (tier[high] == T0)
        found[low[below]] = high[below]
    return found


def hosts(snapshot: Snapshot) -> Rows:
    """[servers of ``placements``] node that runs each workload; without the table every server runs its own."""
    if Placements in snapshot:
        return snapshot[Placements].host.astype(np.int64)
    return np.flatnonzero(tiers(snapshot) == SERVER)


def cable_name(snapshot: Snapshot, low: int, high: int) -> str:
    """``C0-B0``: the ends by the operator's own names."""
    node = snapshot[Nodes].node
    return f"{node[low]}-{node[high]}"
