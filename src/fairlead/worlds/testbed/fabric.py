"""A fabric of namespaces: one a node, a veth pair a cable, routes with several next hops, rate, buffer, loss and delay.

Built from a snapshot, so a failure or a repair is another snapshot, as everywhere. Each switch hashes the five-tuple of
a flow with a seed of its own: with one seed for all, the choices of one tier would repeat those of the tier below.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from fairlead.model import FabricLinks, Nodes, Snapshot
from fairlead.worlds.testbed.links import ROUTER_SETTINGS, TCP_SETTINGS, Drop, drop_arriving, join, limit_rate
from fairlead.worlds.testbed.namespaces import Namespace
from fairlead.worlds.testbed.relay import Relay
from fairlead.worlds.testbed.valley import NextHop, Valley, alive, tiers, valley

DEFAULT_BUFFER_BYTES = 150_000.0
RELAYED_MS = 0.1
"""Links with at least this delay get a relay; below it stands in what the kernel needs for a hop, 0.01 to 0.03 ms."""

_MOST_WEIGHT = 255  # of a next hop in the kernel
_MOST_RACKS = _MOST_SERVERS = 250


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FabricBed:
    """A standing fabric; valid inside ``fabric_bed``'s block alone. nodes: a namespace for each row of `nodes`."""

    snapshot: Snapshot
    valley: Valley
    nodes: tuple[Namespace, ...]
    address: dict[int, str]

    def reaches(self, source: int, target: int) -> bool:
        """Whether data and acknowledgements between these servers (rows) both have a way."""
        return self.valley.reaches(source, target) and self.valley.reaches(target, source)


@contextlib.contextmanager
def fabric_bed(snapshot: Snapshot, priority: int = 60) -> Iterator[FabricBed]:
    """Build it, yield it, remove it. Needs root; a second for 20 nodes; at most 250 t0s and 250 servers a t0.

    priority: of the relays' real time, 0 is none.
    """
    with contextlib.ExitStack() as held:
        nodes = tuple(held.enter_context(Namespace()) for _ in range(snapshot[Nodes].row_count))
        way = valley(snapshot)
        bed = FabricBed(snapshot=snapshot, valley=way, nodes=nodes, address=_addresses(way))
        for row, (level, node) in enumerate(zip(tiers(snapshot), nodes, strict=True)):
            node.sysctl(**(ROUTER_SETTINGS if level else TCP_SETTINGS))
            if level:
                node.sysctl(ipv4__fib_multipath_hash_seed=row + 1)
        _lay_cables(bed, held, priority)
        _route(bed)
        _lose(bed)
        yield bed


def _addresses(way: Valley) -> dict[int, str]:
    """Server row -> address; 10.rack.place.1, so that a t0's servers share a prefix."""
    racks = sorted({int(rack) for rack in way.rack if rack >= 0})
    assert len(racks) <= _MOST_RACKS, "too many racks for a testbed"
    found: dict[int, str] = {}
    for number, rack in enumerate(racks):
        servers = np.flatnonzero(way.rack == rack)
        assert len(servers) <= _MOST_SERVERS, "too many servers in a rack for a testbed"
        found |= {int(server): f"10.{number + 1}.{place}.1" for place, server in enumerate(servers)}
    return found


def _prefix(address: str) -> str:
    return ".".join(address.split(".")[:2]) + ".0.0/16"


def _gate(cable: int, side: int) -> str:
    """Address of one side of a cable, a /31 from 172.16.0.0 on."""
    place = 2 * cable + side
    return f"172.{16 + (place >> 16)}.{place >> 8 & 255}.{place & 255}"


def _cables(snapshot: Snapshot) -> Iterator[tuple[int, int]]:
    """Rows of both directions of every cable of which one direction lives; -1 where there is none back."""
    links = snapshot[FabricLinks]
    row_of = {(int(a), int(b)): row for row, (a, b) in enumerate(zip(links.source, links.target, strict=True))}
    usable = alive(snapshot)
    for (source, target), row in row_of.items():
        back = row_of.get((target, source), -1)
        if (row < back or back < 0) and (usable[row] or (back >= 0 and usable[back])):
            yield row, back


def _lay_cables(bed: FabricBed, held: contextlib.ExitStack, priority: int) -> None:
    links = bed.snapshot[FabricLinks]
    for there, back in _cables(bed.snapshot):
        first, second = int(links.source[there]), int(links.target[there])
        name = f"l{there}"
        if links.delay_ms[there] >= RELAYED_MS:
            delay_ms = float(links.delay_ms[there])
            held.enter_context(Relay(bed.nodes[first], bed.nodes[second], name, [delay_ms], priority))
        else:
            join(bed.nodes[first], name, bed.nodes[second], name)
        for side, (node, row) in enumerate(((first, there), (second, back))):
            bed.nodes[node].ip(f"addr add {_gate(there, side)}/31 dev {name}")
            if row >= 0:
                buffer_bytes = float(links.buffer_bytes[row])
                buffer_bytes = DEFAULT_BUFFER_BYTES if np.isnan(buffer_bytes) else buffer_bytes
                limit_rate(bed.nodes[node], name, float(links.capacity_mbps[row]), buffer_bytes)


def _route(bed: FabricBed) -> None:
    links, way = bed.snapshot[FabricLinks], bed.valley
    cable = {}  # link row -> device, address of its far side
    for there, back in _cables(bed.snapshot):
        cable[there] = (f"l{there}", _gate(there, 1))
        if back >= 0:
            cable[back] = (f"l{there}", _gate(there, 0))
    up = {int(source): row for row, source in enumerate(links.source) if row in cable and way.rack[source] >= 0}
    routes: dict[int, list[str]] = {}
    for server, address in bed.address.items():
        device, gate = cable[up[server]]
        routes[server] = [f"addr add {address}/32 dev lo", f"route add default via {gate} dev {device} src {address}"]
        if way.below[server] >= 0:
            device, gate = cable[int(way.below[server])]
            routes.setdefault(int(way.rack[server]), []).append(f"route add {address}/32 via {gate} dev {device}")
    prefixes = {int(way.rack[server]): _prefix(address) for server, address in bed.address.items()}
    for (node, end), hops in way.hops.items():
        if end in prefixes:
            scaled = _whole_weights(hops)
            hop_texts = [
                f"nexthop via {cable[hop.link][1]} dev {cable[hop.link][0]} weight {weight}"
                for hop, weight in zip(hops, scaled, strict=True)
            ]
            routes.setdefault(node, []).append(f"route add {prefixes[end]} " + " ".join(hop_texts))
    for node, commands in routes.items():
        bed.nodes[node].ip(*commands)


def _whole_weights(hops: tuple[NextHop, ...]) -> list[int]:
    """Shares as the kernel takes them: whole numbers up to 255, the smallest one not below 1."""
    most = max(hop.weight for hop in hops)
    if all(hop.weight == most for hop in hops):
        return [1] * len(hops)
    return [max(1, round(hop.weight / most * _MOST_WEIGHT)) for hop in hops]


def _lose(bed: FabricBed) -> None:
    """Loss of a link where its packets arrive, before they are routed; of a switch for all that it forwards."""
    links, nodes = bed.snapshot[FabricLinks], bed.snapshot[Nodes]
    level = tiers(bed.snapshot)
    drops: dict[int, list[Drop]] = {}
    for there, back in _cables(bed.snapshot):
        for row in (there, back):
            if row >= 0 and 0 < links.drop_ratio[row] < 1:
                drop = Drop(match=f'iifname "l{there}"', loss_ratio=float(links.drop_ratio[row]))
                drops.setdefault(int(links.target[row]), []).append(drop)
    for switch in np.flatnonzero((nodes.drop_ratio > 0) & (nodes.drop_ratio < 1) & (level > 0)):
        drops.setdefault(int(switch), []).append(Drop(match="", loss_ratio=float(nodes.drop_ratio[switch])))
    for node, rules in drops.items():
        drop_arriving(bed.nodes[node], rules)
