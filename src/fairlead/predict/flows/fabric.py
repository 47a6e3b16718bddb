"""The state of a fabric as arrays that the estimator computes with (SWARM 3.3, "Network state representation").

Made from the tables once for each state; a failure or a repair is an edit of the tables, so another state.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairlead.kernels.ecmp import Ladder, hops, ladder
from fairlead.kernels.ecmp_ways import Routing
from fairlead.model import TIERS, DestinationWeights, FabricLinks, Nodes, Placements, Snapshot

Reals = NDArray[np.float64]
Flags = NDArray[np.bool_]
Int32s = NDArray[np.int32]

DEFAULT_BUFFER_BYTES = 150_000.0
"""Queue of a link that tells none: 100 full packets, drop-tail."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Fabric:
    """One state of a network. Nodes and links are numbered as the tables' rows; every array is read-only.

    tier            : [nodes] int8 place in TIERS: 0 a server, 1 a t0, 2 a t1, 3 a t2
    pass_ratio      : [nodes] share of packets that a node lets through
    source, target  : [links] node rows
    capacity_mbps, delay_ms, buffer_bytes : [links]; a buffer that is not known has DEFAULT_BUFFER_BYTES
    link_pass_ratio : [links] share of packets that a link lets through
    alive           : [links] up, and neither the link nor an end of it drops everything
    way_pass_ratio  : [links] of a link and of the switch that it ends at, if any; its product along a way is the way's
    switch          : [nodes] number of a switch among the switches, -1 for a server
    uplink, downlink: [nodes] link from a server to its t0 and back, -1: none in the table, or no server
    t0              : [nodes] node row of the t0 above a server, -1: none
    destination     : [nodes] number of that t0 (and of a t0 itself) among the t0s, -1: none
    host            : [nodes] node row of the server that runs the workload named by this server; -1 for a switch
    ladder, routing : what the kernels draw ways with
    """

    tier: NDArray[np.int8]
    pass_ratio: Reals
    source: Int32s
    target: Int32s
    capacity_mbps: Reals
    delay_ms: Reals
    buffer_bytes: Reals
    link_pass_ratio: Reals
    alive: Flags
    way_pass_ratio: Reals
    switch: Int32s
    uplink: Int32s
    downlink: Int32s
    t0: Int32s
    destination: Int32s
    host: Int32s
    ladder: Ladder
    routing: Routing

    @property
    def link_count(self) -> int:
        """Links, each direction one."""
        return len(self.source)

    def with_capacity(self, capacity_mbps: Reals, buffer_bytes: Reals) -> Fabric:
        """The same state with other capacities and buffers [links]."""
        return replace(self, capacity_mbps=_locked(capacity_mbps), buffer_bytes=_locked(buffer_bytes))


def fabric(snapshot: Snapshot) -> Fabric:
    """The state that the tables describe. Needs Nodes and FabricLinks; Placements and DestinationWeights where present.

    Kept with the table of links, so asking again costs the hash of some columns. O(links log links + t0s * links).
    """
    nodes, links = snapshot[Nodes], snapshot[FabricLinks]
    others: list[tuple[Any, str]] = [(nodes, "tier"), (nodes, "drop_ratio")]
    if Placements in snapshot:
        others += [(snapshot[Placements], name) for name in ("server", "host")]
    if DestinationWeights in snapshot:
        others += [(snapshot[DestinationWeights], name) for name in DestinationWeights.declared()]
    key = tuple(table.digest(name) for table, name in others)
    return links.memo(("fabric", key), lambda: _compiled(snapshot))


def _compiled(snapshot: Snapshot) -> Fabric:
    nodes, links = snapshot[Nodes], snapshot[FabricLinks]
    tier = tiers(nodes)
    is_switch = tier > 0
    switch = _numbered(is_switch)
    source, target = links.source, links.target
    node_pass = 1.0 - nodes.drop_ratio.astype(np.float64)
    link_pass = 1.0 - links.drop_ratio.astype(np.float64)
    alive = links.up & (link_pass > 0) & (node_pass[source] > 0) & (node_pass[target] > 0)
    rungs = ladder(tier[is_switch], switch[source], switch[target])
    destination_of_t0 = _numbered(tier == 1)
    uplink, downlink = _server_links(tier, source, target)
    t0 = np.where(uplink >= 0, target[uplink], -1).astype(np.int32)
    buffer = links.buffer_bytes.astype(np.float64)
    return Fabric(
        tier=_locked(tier),
        pass_ratio=_locked(node_pass),
        source=source,
        target=target,
        capacity_mbps=_locked(links.capacity_mbps.astype(np.float64)),
        delay_ms=_locked(links.delay_ms.astype(np.float64)),
        buffer_bytes=_locked(np.where(np.isnan(buffer), DEFAULT_BUFFER_BYTES, buffer)),
        link_pass_ratio=_locked(link_pass),
        alive=_locked(alive),
        way_pass_ratio=_locked(link_pass * np.where(is_switch[target], node_pass[target], 1.0)),
        switch=_locked(switch),
        uplink=_locked(uplink),
        downlink=_locked(downlink),
        t0=_locked(t0),
        destination=_locked(np.where(t0 >= 0, destination_of_t0[t0], destination_of_t0)),
        host=_locked(_hosts(snapshot, tier)),
        ladder=rungs,
        routing=_routing(snapshot, rungs, alive, destination_of_t0),
    )


def tiers(nodes: Nodes) -> NDArray[np.int8]:
    """[nodes] int8: the place of each node's tier in TIERS."""
    names, codes = nodes.codes("tier")
    place = {name: number for number, name in enumerate(TIERS)}
    assert all(name in place for name in names.tolist()), "a tier that the door should have refused"
    return np.array([place[name] for name in names.tolist()], np.int8)[codes]


def _routing(snapshot: Snapshot, rungs: Ladder, alive: Flags, destination_of_t0: Int32s) -> Routing:
    links = snapshot[FabricLinks]
    start, destination, weight = _own_weights(snapshot, destination_of_t0)
    arrays = (alive, links.weight.astype(np.float64), start, destination, weight, hops(rungs, alive))
    return Routing(*(_locked(array) for array in arrays))


def _own_weights(snapshot: Snapshot, destination_of_t0: Int32s) -> tuple[NDArray[np.int64], Int32s, Reals]:
    """DestinationWeights as CSR by link: (start [links + 1], t0 number, weight)."""
    links = snapshot[FabricLinks]
    empty = np.zeros(links.row_count + 1, np.int64), np.zeros(0, np.int32), np.zeros(0)
    if DestinationWeights not in snapshot or snapshot[DestinationWeights].row_count == 0:
        return empty
    own = snapshot[DestinationWeights]
    node_count = len(destination_of_t0)
    pair = links.source.astype(np.int64) * node_count + links.target
    order = np.argsort(pair)
    wanted = own.source.astype(np.int64) * node_count + own.target
    link = order[np.minimum(np.searchsorted(pair, wanted, sorter=order), len(order) - 1)]
    destination = destination_of_t0[own.destination]
    assert (pair[link] == wanted).all(), "a weight of a link that is not there"
    assert (destination >= 0).all(), "a weight towards a node that is no t0"
    by_link = np.lexsort((destination, link))
    start = np.concatenate([[0], np.cumsum(np.bincount(link, minlength=links.row_count))]).astype(np.int64)
    return start, destination[by_link].astype(np.int32), own.weight[by_link].astype(np.float64)


def _server_links(tier: NDArray[np.int8], source: Int32s, target: Int32s) -> tuple[Int32s, Int32s]:
    """[nodes] the link from each server to a t0, and the link from a t0 to it; -1 where there is none."""
    uplink, downlink = np.full(len(tier), -1, np.int32), np.full(len(tier), -1, np.int32)
    up = np.flatnonzero((tier[source] == 0) & (tier[target] == 1))
    down = np.flatnonzero((tier[source] == 1) & (tier[target] == 0))
    uplink[source[up]] = up
    downlink[target[down]] = down
    return uplink, downlink


def _hosts(snapshot: Snapshot, tier: NDArray[np.int8]) -> Int32s:
    host = np.where(tier == 0, np.arange(len(tier)), -1).astype(np.int32)
    if Placements in snapshot:
        placements = snapshot[Placements]
        host[placements.server] = placements.host
    return host


def _numbered(chosen: Flags) -> Int32s:
    return np.where(chosen, np.cumsum(chosen) - 1, -1).astype(np.int32)


def _locked(array: NDArray[Any]) -> NDArray[Any]:
    array.flags.writeable = False
    return array
