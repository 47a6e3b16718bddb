"""``fairlead world generate fabric``: a NETWORK folder of a datacenter fabric with its traffic and failures."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from fairlead.model import Arrivals, Edit, FabricLinks, Nodes, Placements, Snapshot, UsageError, apply_edits
from fairlead.telemetry import write_fabric
from fairlead.worlds.fabric import ClosSpec, clos, fat_tree, figure_1, lossy_link, lossy_switch, testbed

USUAL_LOAD = 0.5
"""Of a server's link, where the command line does not say how much traffic there is; that of SWARM's evaluation."""
_MEAN_FLOW_BYTES = 1_711_250.0  # of the web-search distribution
_SERVER_MBPS = 10_000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class FabricRequest:
    """What the command line asks for. ``server_count`` is for clos and fat-tree; ``failures`` as ``A-B:RATIO``."""

    kind: Literal["figure-1", "testbed", "clos", "fat-tree"]
    server_count: int
    arrivals_per_s: float
    failures: tuple[str, ...]


def generated(request: FabricRequest) -> Snapshot:
    """The fabric that was asked for; it follows from the request alone. UsageError for a failure of nothing."""
    match request.kind:
        case "figure-1":
            snapshot = figure_1()
        case "testbed":
            snapshot = testbed()
        case "clos":
            snapshot = clos(clos_spec(request.server_count))
        case "fat-tree":
            snapshot = fat_tree(fat_tree_ports(request.server_count), _SERVER_MBPS)
            snapshot = snapshot.replaced(
                Arrivals.of(arrivals_per_s=[usual_arrivals_per_s(snapshot[Placements].row_count)])
            )
    if request.arrivals_per_s:
        snapshot = snapshot.replaced(Arrivals.of(arrivals_per_s=[request.arrivals_per_s]))
    return apply_edits(snapshot, [edit for text in request.failures for edit in failure(snapshot, text)])


def clos_spec(server_count: int) -> ClosSpec:
    """A three-tier Clos of at least so many servers at 10 Gbit/s: racks of 40, 20 racks and 8 t1 a pod, 8 planes.

    Racks are oversubscribed two to one, t1s not. Small fabrics have fewer racks, and racks of fewer servers.
    """
    servers_per_t0 = min(40, max(2, server_count // 8))
    racks = -(-server_count // servers_per_t0)
    pods = max(2, -(-racks // 20))
    t0s_per_pod = -(-racks // pods)
    servers = pods * t0s_per_pod * servers_per_t0
    return ClosSpec(
        pod_count=pods,
        t0s_per_pod=t0s_per_pod,
        t1s_per_pod=8,
        plane_count=8,
        t2s_per_plane=4,
        servers_per_t0=servers_per_t0,
        server_mbps=_SERVER_MBPS,
        t0_oversubscription_ratio=2.0,
        arrivals_per_s=usual_arrivals_per_s(servers) / 2,
    )


def fat_tree_ports(server_count: int) -> int:
    """Ports of the switches of the smallest fat tree with at least so many servers."""
    ports = 2
    while ports**3 // 4 < server_count:
        ports += 2
    return ports


def usual_arrivals_per_s(server_count: int) -> float:
    """Flows a second that load the servers' links by USUAL_LOAD."""
    return USUAL_LOAD * server_count * _SERVER_MBPS * 1e6 / (8 * _MEAN_FLOW_BYTES)


def written(request: FabricRequest, folder: Path, form: Literal["csv", "parquet"]) -> dict[str, Any]:
    """Writes the network; what was written, as plain data."""
    snapshot = generated(request)
    write_fabric(snapshot, folder, form)
    tiers = snapshot[Nodes].tier
    return {
        "folder": str(folder),
        "kind": request.kind,
        "basis": snapshot.basis,
        **{f"{tier}_count": int(np.count_nonzero(tiers == tier)) for tier in ("server", "t0", "t1", "t2")},
        "links": snapshot[FabricLinks].row_count,
        "arrivals_per_s": float(snapshot[Arrivals].arrivals_per_s[0]),
        "failures": list(request.failures),
    }


def failure(snapshot: Snapshot, text: str) -> tuple[Edit, ...]:
    """``A-B:RATIO`` or ``A:RATIO`` as edits. UsageError where it reads otherwise or names no link or switch."""
    place, _, number = text.rpartition(":")
    try:
        ratio = float(number)
    except ValueError:
        ratio = math.nan
    if not place or not 0.0 < ratio <= 1.0:
        raise _no_failure(text, "this is no failure")
    names = snapshot[Nodes].node.astype(str).tolist()
    if place in names:
        if snapshot[Nodes].tier[names.index(place)] == "server":
            raise _no_failure(text, f"{place} is a server, not a switch")
        return lossy_switch(snapshot, place, ratio)
    pairs = [(place[:cut], place[cut + 1 :]) for cut, letter in enumerate(place) if letter == "-"]
    links = snapshot[FabricLinks]
    for one, other in ((a, b) for a, b in pairs if a in names and b in names):
        if ((links.source == names.index(one)) & (links.target == names.index(other))).any():
            return lossy_link(snapshot, one, other, ratio)
    raise _no_failure(text, f"the fabric has no link or switch {place}")


def _no_failure(text: str, what: str) -> UsageError:
    return UsageError(
        code="world.failure",
        what=what,
        where="--fail",
        got=text,
        expected="a link or switch of the fabric and a drop ratio above 0, such as C0-B0:0.05 or C0:0.05",
    )
