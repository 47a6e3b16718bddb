"""The fabric between its t0s as four stages of links: t0 to t1, t1 to t2, t2 to t1, t1 to t0.

What the computed weights walk over. Destinations are t0s, in the order of ``nodes``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from fairlead.model import DestinationWeights, FabricLinks, Snapshot
from fairlead.planners.mitigate.cables import T0, T1, T2, Flags, Reals, Rows, alive_links, hosts, t0_of_servers, tiers


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Stage:
    """Links from one tier to the next.

    row            : [stage links] rows of ``links``, alive ones only
    source, target : [stage links] places of the ends among the nodes of their tiers
    gather         : [nodes of the source's tier, stage links] 1 where the link leaves the node
    deliver        : [nodes of the target's tier, stage links] 1 where the link enters the node
    """

    row: Rows
    source: Rows
    target: Rows
    gather: sparse.csr_array
    deliver: sparse.csr_array

    def shares(self, weight: Reals) -> Reals:
        """[stage links, columns] each link's part of what its node sends; 0 where all weights are 0."""
        total = (self.gather @ weight)[self.source]
        part: Reals = np.divide(weight, total, out=np.zeros_like(weight), where=total > 0)
        return part


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Stages:
    """One state of a fabric.

    t0s            : [t0s] rows of ``nodes``
    up, over, back, down : t0 to t1, t1 to t2, t2 to t1, t1 to t0
    below          : [t1s, t0s] 1 where a t1 reaches a t0 directly
    own            : (rows of ``links``, t0s, weight) of ``destination_weights``
    """

    t0s: Rows
    up: Stage
    over: Stage
    back: Stage
    down: Stage
    below: sparse.csr_array
    own: tuple[Rows, Rows, Reals]

    def weights(self, stage: Stage, weight: Reals, columns: Columns) -> Reals:
        """[stage links, columns] WCMP weight of each next hop; ``weight`` [links] but for rows of their own."""
        found = np.repeat(weight[stage.row][:, None], len(columns.destination), axis=1)
        link, t0, own = self.own
        if len(link):
            place = np.full(len(weight), -1, np.int64)
            place[stage.row] = np.arange(len(stage.row))
            of = np.full(len(self.t0s), -1, np.int64)
            of[columns.destination] = np.arange(len(columns.destination))
            here = (place[link] >= 0) & (of[t0] >= 0)
            found[place[link[here]], of[t0[here]]] = own[here]
        return found


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Columns:
    """Destinations that are dealt with together, because the same next hops lead to all of a column.

    destination : [columns] one t0 of each
    members     : [t0s, columns] 1 where the t0 belongs to the column
    """

    destination: Rows
    members: sparse.csr_array


def alike(found: Stages) -> Columns:
    """Destinations below the same t1s, with the same weights of their own if any, are one column."""
    count = len(found.t0s)
    below = found.below.tocsc()
    below.sort_indices()
    link, t0, own = found.own
    order = np.lexsort((link, t0))
    rows = np.split(order, np.searchsorted(t0[order], np.arange(1, count))) if count else []
    column: dict[tuple[bytes, bytes], int] = {}
    of = np.array(
        [
            column.setdefault(
                (
                    below.indices[below.indptr[each] : below.indptr[each + 1]].tobytes(),
                    np.stack([link[rows[each]], own[rows[each]]]).tobytes(),
                ),
                len(column),
            )
            for each in range(count)
        ],
        np.int64,
    )
    _, destination = np.unique(of, return_index=True)
    members = sparse.csr_array((np.ones(count), (np.arange(count), of)), shape=(count, len(column)))
    return Columns(destination=destination, members=members)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Eligible:
    """Which next hops lead to which destinations on shortest valley-free ways: [links of the stage, columns]."""

    up: Flags
    over: Flags
    back: Flags
    near: Flags  # [t1s, columns] the t1 reaches it directly


def stages(snapshot: Snapshot) -> Stages:
    """The alive links by stage. O(links)."""
    tier, links, alive = tiers(snapshot), snapshot[FabricLinks], alive_links(snapshot)
    place = np.zeros(len(tier), np.int64)
    counts = []
    for each in (T0, T1, T2):
        rows = np.flatnonzero(tier == each)
        place[rows] = np.arange(len(rows))
        counts.append(len(rows))
    made = []
    for low, high in ((T0, T1), (T1, T2), (T2, T1), (T1, T0)):
        row = np.flatnonzero(alive & (tier[links.source] == low) & (tier[links.target] == high))
        source, target = place[links.source[row]], place[links.target[row]]
        made.append(
            Stage(
                row=row,
                source=source,
                target=target,
                gather=_incidence(source, counts[low - T0]),
                deliver=_incidence(target, counts[high - T0]),
            )
        )
    down = made[3]
    below = sparse.csr_array((np.ones(len(down.row)), (down.source, down.target)), shape=(counts[1], counts[0]))
    return Stages(
        t0s=np.flatnonzero(tier == T0),
        up=made[0],
        over=made[1],
        back=made[2],
        down=down,
        below=below,
        own=_own_weights(snapshot, place),
    )


def eligible(found: Stages, columns: Columns) -> Eligible:
    """Shortest valley-free: down wherever there is a way down, else the shortest way over. O(links x columns)."""
    near = found.below[:, columns.destination].toarray() > 0
    back = near[found.back.target]
    reached = (found.back.gather @ back.astype(np.float64)) > 0  # [t2s, columns]
    over = reached[found.over.target] & ~near[found.over.source]
    far = (found.over.gather @ over.astype(np.float64)) > 0  # [t1s, columns]
    direct = near[found.up.target]
    has_direct = (found.up.gather @ direct.astype(np.float64)) > 0  # [t0s, columns]
    up = np.where(has_direct[found.up.source], direct, far[found.up.target])
    return Eligible(up=up, over=over, back=back, near=near)


def peopled(snapshot: Snapshot) -> Flags:
    """[t0s] whether workloads run below each t0."""
    t0s = np.flatnonzero(tiers(snapshot) == T0)
    return np.isin(t0s, t0_of_servers(snapshot)[hosts(snapshot)])


def _incidence(node: Rows, count: int) -> sparse.csr_array:
    return sparse.csr_array((np.ones(len(node)), (node, np.arange(len(node)))), shape=(count, len(node)))


def _own_weights(snapshot: Snapshot, place: Rows) -> tuple[Rows, Rows, Reals]:
    if DestinationWeights not in snapshot or not snapshot[DestinationWeights].row_count:
        return np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0)
    links, own = snapshot[FabricLinks], snapshot[DestinationWeights]
    count = len(place)
    pair = links.source.astype(np.int64) * count + links.target
    order = np.argsort(pair)
    wanted = own.source.astype(np.int64) * count + own.target
    found = order[np.minimum(np.searchsorted(pair, wanted, sorter=order), len(order) - 1)]
    known = pair[found] == wanted
    return found[known], place[own.destination[known]], own.weight[known].astype(np.float64)
