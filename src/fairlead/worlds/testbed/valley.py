"""Shortest up-and-down (valley-free) next hops of a small fabric, for the routes of its namespaces.

Plain Python over a handful of switches, on purpose neither the simulator's nor the estimator's code.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fairlead.model import TIERS, DestinationWeights, FabricLinks, Nodes, Snapshot

Rows = NDArray[np.int64]
_NEVER = 1 << 30


@dataclass(frozen=True, slots=True, kw_only=True)
class NextHop:
    """A row of `links` out of a switch, the node that it leads to, how much of the traffic it shall take (> 0)."""

    link: int
    target: int
    weight: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Valley:
    """Who forwards what where.

    hops: (switch row, destination t0 row) -> next hops; absent: it has no way there
    rack: [nodes] the t0 above a server over a live link up, else -1
    below: [nodes] row of the live link down from that t0 to the server, else -1
    """

    hops: dict[tuple[int, int], tuple[NextHop, ...]]
    rack: Rows
    below: Rows

    def reaches(self, source: int, target: int) -> bool:
        """Whether packets of one server have some way to another."""
        if self.rack[source] < 0 or self.below[target] < 0:
            return False
        return self._leads(int(self.rack[source]), int(self.rack[target]))

    def _leads(self, node: int, end: int) -> bool:
        # a next hop may be a dead end: a switch that lets none of its own take anything
        return node == end or any(self._leads(hop.target, end) for hop in self.hops.get((node, end), ()))


def alive(snapshot: Snapshot) -> NDArray[np.bool_]:
    """[links] up, and neither the link nor an end of it drops everything."""
    nodes, links = snapshot[Nodes], snapshot[FabricLinks]
    good = nodes.drop_ratio < 1
    usable: NDArray[np.bool_] = links.up & (links.drop_ratio < 1) & good[links.source] & good[links.target]
    return usable


def tiers(snapshot: Snapshot) -> Rows:
    """[nodes] 0 a server, 1 a t0, 2 a t1, 3 a t2."""
    return np.array([TIERS.index(str(tier)) for tier in snapshot[Nodes].tier], np.int64)


def valley(snapshot: Snapshot) -> Valley:
    """Next hops towards each t0: down where a way leads down, else up by the shortest; in proportion to weight.

    A next hop of weight 0 takes nothing; a switch where all have it is a dead end. O(t0s x links).
    """
    links, level = snapshot[FabricLinks], tiers(snapshot)
    usable = np.flatnonzero(alive(snapshot))
    source, target = links.source.astype(np.int64), links.target.astype(np.int64)
    rack, below = np.full(len(level), -1, np.int64), np.full(len(level), -1, np.int64)
    for row in usable:
        if level[source[row]] == 0:
            rack[source[row]] = target[row]
        elif level[target[row]] == 0:
            below[target[row]] = row
    outgoing: dict[int, list[int]] = {}
    for row in usable:
        if level[source[row]] and level[target[row]]:
            outgoing.setdefault(int(source[row]), []).append(int(row))
    special = _special(snapshot)
    hops = {}
    for end in np.flatnonzero(level == 1):
        for node, rows in _towards(int(end), outgoing, target, level).items():
            weights = [special.get((row, int(end)), float(links.weight[row])) for row in rows]
            chosen = tuple(
                NextHop(link=row, target=int(target[row]), weight=weight)
                for row, weight in zip(rows, weights, strict=True)
                if weight > 0
            )
            if chosen:
                hops[node, int(end)] = chosen
    return Valley(hops=hops, rack=rack, below=below)


def _towards(end: int, outgoing: dict[int, list[int]], target: Rows, level: Rows) -> dict[int, list[int]]:
    """Eligible links of every switch that has a way to the t0 ``end``."""
    left = {end: 0}
    chosen: dict[int, list[int]] = {}
    # pure-down distances from the bottom up, then what remains for those that must climb, from the top down
    down_order = sorted((node for node in outgoing if node != end), key=lambda node: int(level[node]))
    for node in down_order:
        _choose(node, [row for row in outgoing[node] if level[target[row]] < level[node]], target, left, chosen)
    for node in reversed(down_order):
        if node not in left:
            _choose(node, [row for row in outgoing[node] if level[target[row]] > level[node]], target, left, chosen)
    return chosen


def _choose(node: int, rows: list[int], target: Rows, left: dict[int, int], chosen: dict[int, list[int]]) -> None:
    least = min((left.get(int(target[row]), _NEVER) for row in rows), default=_NEVER)
    if least < _NEVER:
        left[node] = least + 1
        chosen[node] = [row for row in rows if left.get(int(target[row])) == least]


def _special(snapshot: Snapshot) -> dict[tuple[int, int], float]:
    """(link row, destination t0) -> weight."""
    if DestinationWeights not in snapshot:
        return {}
    links, special = snapshot[FabricLinks], snapshot[DestinationWeights]
    rows = {(int(a), int(b)): row for row, (a, b) in enumerate(zip(links.source, links.target, strict=True))}
    return {
        (rows[int(a), int(b)], int(end)): float(weight)
        for a, b, end, weight in zip(special.source, special.target, special.destination, special.weight, strict=True)
        if (int(a), int(b)) in rows
    }
