"""Fabrics of three tiers: the paper's small network, its testbed, and Clos networks and fat trees of any size."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fairlead.model import Nodes, Snapshot, UsageError
from fairlead.worlds.fabric.assembly import Cables, fabric_snapshot
from fairlead.worlds.fabric.traffic import web_search_sizes

MOST_SERVERS = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosSpec:
    """How large a three-tier Clos network is. Names are those of SWARM's Figure 1: H servers, C t0, B t1, A t2.

    A t0 is linked to every t1 of its pod; the t1s of a pod are dealt out to the planes in turn, and a t1 is linked to
    every t2 of its plane.

    server_mbps               : capacity of a server's link
    t0_oversubscription_ratio : what the servers of a t0 can send, over the capacity of its uplinks together
    t1_oversubscription_ratio : what the t0s of a t1 can send it, over the capacity of its uplinks together
    delay_ms                  : propagation delay of a link, one way
    arrivals_per_s            : flows that start a second in the whole fabric
    """

    pod_count: int
    t0s_per_pod: int
    t1s_per_pod: int
    plane_count: int
    t2s_per_plane: int
    servers_per_t0: int
    server_mbps: float
    t0_oversubscription_ratio: float = 1.0
    t1_oversubscription_ratio: float = 1.0
    delay_ms: float = 0.05
    arrivals_per_s: float

    def __post_init__(self) -> None:
        counts = (
            ("pod_count", self.pod_count, MOST_SERVERS),
            ("t0s_per_pod", self.t0s_per_pod, MOST_SERVERS),
            ("t1s_per_pod", self.t1s_per_pod, MOST_SERVERS),
            ("plane_count", self.plane_count, self.t1s_per_pod),
            ("t2s_per_plane", self.t2s_per_plane, MOST_SERVERS),
            ("servers_per_t0", self.servers_per_t0, MOST_SERVERS),
            ("servers", self.pod_count * self.t0s_per_pod * self.servers_per_t0, MOST_SERVERS),
        )
        for name, value, high in counts:
            if not 1 <= value <= high:
                raise UsageError(
                    code="world.size",
                    what=f"{name} does not make a Clos network",
                    where=name,
                    got=f"{value:,}",
                    expected=f"1 to {high:,}",
                )

    @property
    def t0_uplink_mbps(self) -> float:
        """Capacity of one link between a t0 and a t1."""
        return self.servers_per_t0 * self.server_mbps / self.t1s_per_pod / self.t0_oversubscription_ratio

    @property
    def t1_uplink_mbps(self) -> float:
        """Capacity of one link between a t1 and a t2."""
        return self.t0s_per_pod * self.t0_uplink_mbps / self.t2s_per_plane / self.t1_oversubscription_ratio


FIGURE_1 = ClosSpec(
    pod_count=2,
    t0s_per_pod=2,
    t1s_per_pod=2,
    plane_count=2,
    t2s_per_plane=2,
    servers_per_t0=2,
    server_mbps=40_000 / 120,  # 40 Gbit/s, scaled down with the traffic (SWARM 4.1)
    arrivals_per_s=120.0,  # healthy and with C0 - B0 off, 1st percentiles of throughput as in section 2
)
"""SWARM's Figure 1, as far as the text tells: wiring in two planes gives the 16 partitioned pairs of section 4.2."""


def clos(spec: ClosSpec) -> Snapshot:
    """A healthy Clos network. 16,000 servers take well under a second."""
    servers_of = np.full(spec.pod_count * spec.t0s_per_pod, spec.servers_per_t0)
    return _wired(spec, servers_of, (spec.server_mbps, spec.t0_uplink_mbps, spec.t1_uplink_mbps))


def figure_1(arrivals_per_s: float = FIGURE_1.arrivals_per_s) -> Snapshot:
    """SWARM's Figure 1: 8 servers, 4 t0, 4 t1 and 4 t2, every link 333 Mbit/s; web-search flows."""
    servers_of = np.full(4, FIGURE_1.servers_per_t0)
    return _wired(FIGURE_1, servers_of, (FIGURE_1.server_mbps,) * 3, arrivals_per_s)


def fat_tree(port_count: int, link_mbps: float = 10_000.0, arrivals_per_s: float = 1_000.0) -> Snapshot:
    """The k-ary fat tree of Al-Fares et al. (2008): switches of k ports, k^3 / 4 servers, every link alike."""
    if port_count < 2 or port_count % 2:
        raise UsageError(
            code="world.size",
            what="a fat tree needs an even number of ports",
            where="port_count",
            got=f"{port_count:,}",
            expected="2, 4, 6, ...",
        )
    half = port_count // 2
    return clos(
        ClosSpec(
            pod_count=port_count,
            t0s_per_pod=half,
            t1s_per_pod=half,
            plane_count=half,
            t2s_per_plane=half,
            servers_per_t0=half,
            server_mbps=link_mbps,
            arrivals_per_s=arrivals_per_s,
        )
    )


def testbed() -> Snapshot:
    """SWARM's testbed (4.1): 6 t0, 4 t1, 2 t2, 32 servers, 10 Gbit/s, 3,000 flows a second.

    Not told there, hence assumed: two pods, every t1 linked to both t2, racks of 5, 6, 5, 5, 6 and 5 servers.
    """
    spec = ClosSpec(
        pod_count=2,
        t0s_per_pod=3,
        t1s_per_pod=2,
        plane_count=1,
        t2s_per_plane=2,
        servers_per_t0=5,
        server_mbps=10_000.0,
        arrivals_per_s=3_000.0,
    )
    return _wired(spec, np.array([5, 6, 5, 5, 6, 5]), (10_000.0, 10_000.0, 10_000.0))


testbed.__test__ = False  # type: ignore[attr-defined]  # not a test, whatever its name begins with


def _wired(
    spec: ClosSpec,
    servers_of: NDArray[np.int64],
    capacity_mbps: tuple[float, float, float],
    arrivals_per_s: float | None = None,
) -> Snapshot:
    pods, t0s, t1s = np.arange(spec.pod_count), np.arange(spec.t0s_per_pod), np.arange(spec.t1s_per_pod)
    counts = (
        int(servers_of.sum()),
        spec.pod_count * spec.t0s_per_pod,
        spec.pod_count * spec.t1s_per_pod,
        spec.plane_count * spec.t2s_per_plane,
    )
    first = np.cumsum((0, *counts))  # servers, then t0, t1, t2
    # t0 with every t1 of its pod
    t0, t1 = (
        grid.reshape(-1)
        for grid in np.broadcast_arrays(
            pods[:, None, None] * spec.t0s_per_pod + t0s[None, :, None],
            pods[:, None, None] * spec.t1s_per_pod + t1s[None, None, :],
        )
    )
    # t1 with every t2 of its plane
    core = np.arange(spec.t2s_per_plane)
    upper, t2 = (
        grid.reshape(-1)
        for grid in np.broadcast_arrays(
            pods[:, None, None] * spec.t1s_per_pod + t1s[None, :, None],
            (t1s % spec.plane_count)[None, :, None] * spec.t2s_per_plane + core[None, None, :],
        )
    )
    rack = np.repeat(np.arange(counts[1]), servers_of)
    ends = ((np.arange(counts[0]), rack), (t0, t1), (upper, t2))
    cables = Cables(
        one=np.concatenate([first[tier] + low for tier, (low, _) in enumerate(ends)]).astype(np.int32),
        other=np.concatenate([first[tier + 1] + high for tier, (_, high) in enumerate(ends)]).astype(np.int32),
        capacity_mbps=np.repeat(capacity_mbps, [len(low) for low, _ in ends]),
    )
    return fabric_snapshot(
        _nodes(spec, counts, rack), cables, spec.delay_ms, web_search_sizes(), arrivals_per_s or spec.arrivals_per_s
    )


def _nodes(spec: ClosSpec, counts: tuple[int, int, int, int], rack: NDArray[np.int64]) -> Nodes:
    pod_of = (
        rack // spec.t0s_per_pod,
        np.arange(counts[1]) // spec.t0s_per_pod,
        np.arange(counts[2]) // spec.t1s_per_pod,
    )
    return Nodes.of(
        node=np.array([f"{letter}{row}" for letter, count in zip("HCBA", counts, strict=True) for row in range(count)]),
        tier=np.repeat(np.array(["server", "t0", "t1", "t2"]), counts),
        pod=np.array([f"pod {pod}" for pod in np.concatenate(pod_of)] + [""] * counts[3]),
    )
