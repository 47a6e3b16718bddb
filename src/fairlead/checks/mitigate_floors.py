"""What must stay while a repair is made and after it: paths, links in service, workloads in place, room on links."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from fairlead.checks.case import Note, Violation
from fairlead.model import Edit, FabricLinks, Flows, Nodes, Pairs, Placements, Snapshot, apply_edits
from fairlead.predict.flows.fabric import Fabric, fabric
from fairlead.predict.flows.mean_loads import mean_loads_mbps
from fairlead.predict.flows.routing import connected

Int32s = NDArray[np.int32]
_ROUNDING = 1e-9
_TIERS = (("t0", "t1"), ("t1", "t2"))


def floor_violations(snapshot: Snapshot, edits: Sequence[Edit], links_up_ratio: float) -> Iterator[Violation]:
    """G1 after every edit (the cells of one edit change together); the first edit that breaks it is named.

    No two workloads lose their last sure way to each other, and between every two tiers of switches this share of the
    links stays alive, or as many as there were. O(edits * (links + pairs that are looked at)).
    """
    states = [snapshot]
    for edit in edits:
        states.append(apply_edits(states[-1], [edit]))
    source, target = _talking(states)
    reached, links_up = connected(fabric(snapshot), source, target), _links_up(snapshot)
    for number, (edit, state) in enumerate(zip(edits, states[1:], strict=True)):
        where = f"after edit {number} ({edit.action} {edit.table}.{edit.column})"
        lost = np.flatnonzero(reached & ~connected(fabric(state), source, target))
        if len(lost):
            one, other = (snapshot[Nodes].node[end[lost[0]]] for end in (source, target))
            what = f"servers that have a way to each other would lose it, such as {one} to {other}"
            yield Violation(rule="G1", what=what, where=where, got=len(lost), limit=0)
            return
        for tiers, up, before in zip(_TIERS, _links_up(state), links_up, strict=True):
            limit = min(links_up_ratio, before)  # what brings a link back is never refused
            if up < limit - _ROUNDING:
                what = f"too few of the links from {tiers[0]} to {tiers[1]} would stay in service"
                yield Violation(rule="G1", what=what, where=where, got=up, limit=limit)
                return


def moved_violations(snapshot: Snapshot, planned: Snapshot, moved_ratio: float) -> Iterator[Violation]:
    """G2; a workload that goes home takes a move back and is not counted. O(servers)."""
    placed, then = snapshot[Placements], planned[Placements]
    moved = (placed.host != then.host) & (then.host != placed.server)
    got = float(moved.mean()) if len(moved) else 0.0
    if got > moved_ratio + _ROUNDING:
        what = "too many workloads would move at once"
        yield Violation(rule="G2", what=what, where="placements", got=got, limit=moved_ratio)


def headroom_findings(snapshot: Snapshot, planned: Snapshot, headroom_ratio: float) -> Iterator[Violation | Note]:
    """G3 on every link that the repair fills further, in the mean; a Note where nobody knows the traffic.

    A link that was fuller before may stay so: an overload that a repair does not make worse is no reason to refuse it.
    O(t0s * links).
    """
    before, after = (_fill(each) for each in (snapshot, planned))
    if np.isnan(after).any():
        what = "how much traffic arrives is not known, so nobody can say whether the links that stay can carry it"
        yield Note(rule="G3", what=what, where="arrivals")
        return
    over = after > np.maximum(headroom_ratio, before) + _ROUNDING
    if over.any():
        links, node = snapshot[FabricLinks], snapshot[Nodes].node
        worst = int(np.where(over, after, -np.inf).argmax())
        name = f"{node[links.source[worst]]} to {node[links.target[worst]]}"
        what = f"{np.count_nonzero(over):,} links would be filled beyond their headroom by the mean traffic"
        yield Violation(rule="G3", what=what, where=f"link {name}", got=float(after[worst]), limit=headroom_ratio)


def _fill(snapshot: Snapshot) -> NDArray[np.float64]:
    found: NDArray[np.float64] = mean_loads_mbps(snapshot) / snapshot[FabricLinks].capacity_mbps
    return found


def _links_up(snapshot: Snapshot) -> list[float]:
    """For each two neighbouring tiers of switches, the share of upward links that is alive; 1 where there are none."""
    state, tier, links = fabric(snapshot), snapshot[Nodes].tier, snapshot[FabricLinks]
    found = []
    for low, high in _TIERS:
        there = (tier[links.source] == low) & (tier[links.target] == high)
        found.append(float(state.alive[there].mean()) if there.any() else 1.0)
    return found


def _talking(states: Sequence[Snapshot]) -> tuple[Int32s, Int32s]:
    """Pairs of workloads that traffic may join: those that are named, else two of each kind against all kinds.

    Workloads that hang on the same t0s with the same luck in all states are of one kind; they fare alike.
    """
    said = [table for table in (states[0][Flows], states[0][Pairs]) if table.row_count]
    if said:
        both = np.unique(np.concatenate([np.stack([table.source, table.target]) for table in said], axis=1), axis=1)
        return both[0], both[1]
    servers = states[0][Placements].server
    _, kind = np.unique(
        np.concatenate([_fate(fabric(state), servers) for state in states]), axis=1, return_inverse=True
    )
    order = np.argsort(kind, kind="stable")
    sorted_kind = kind[order]
    second = np.r_[[True] * min(2, len(order)), sorted_kind[2:] != sorted_kind[:-2]]
    chosen = servers[order[second]]
    source, target = np.repeat(chosen, len(chosen)), np.tile(chosen, len(chosen))
    apart = source != target
    return source[apart], target[apart]


def _fate(state: Fabric, servers: Int32s) -> Int32s:
    """[3, servers] what decides whom a workload can talk to: the t0 above its host, and whether the links to and from
    that are alive."""
    host, usable = state.host[servers], np.append(state.alive, False)  # row -1: no link
    return np.stack([state.t0[host], usable[state.uplink[host]], usable[state.downlink[host]]]).astype(np.int32)
