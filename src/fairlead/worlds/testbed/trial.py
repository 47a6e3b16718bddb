"""A demand on the fabric of namespaces: every flow a real TCP connection (SWARM 4, "Mininet", on one kernel)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from fairlead.model import Arrivals, FabricLinks, Placements, Snapshot
from fairlead.worlds.fabric.simulator import Outcome
from fairlead.worlds.fabric.traffic import Trace
from fairlead.worlds.testbed.fabric import FabricBed, fabric_bed
from fairlead.worlds.testbed.namespaces import require_testbed
from fairlead.worlds.testbed.transfers import Transfer, carried

_PORT = 6000
_PRIORITY = 50
_SETTLE_S = 0.5  # between the last route and the first flow


def run(
    snapshot: Snapshot,
    trace: Trace,
    horizon_s: float,
    congestion_control: str,
    watch: Callable[[int, int], None] | None = None,
) -> Outcome:
    """Carry the flows of a trace that start before the horizon over a fabric of this state; takes ``horizon_s``.

    The simulator's outcome, so the same metrics; what the queues held stays unknown (NaN). A flow is timed from its own
    connect(), so one that this machine started a little late is not charged for it. Ends early when every flow is
    over. Needs root (MissingExtraError says what is missing).
    """
    require_testbed([congestion_control])
    source, target = hosts(snapshot, trace)
    local = source == target
    finish_s, delivered_bytes = np.full(len(local), np.nan), np.zeros(len(local))
    with fabric_bed(snapshot) as bed:
        ways = np.array([bed.reaches(int(a), int(b)) for a, b in zip(source, target, strict=True)], bool)
        flows = np.flatnonzero(ways & ~local & (trace.start_s < horizon_s))
        transfers = [_transfer(bed, trace, int(flow), (source, target), congestion_control) for flow in flows]
        patience_s = horizon_s - float(trace.start_s[flows].max(initial=0.0))
        got = carried(transfers, patience_s, _PRIORITY, watch)
    finish_s[flows] = trace.start_s[flows] + got.duration_s
    finish_s[finish_s > horizon_s] = np.nan
    delivered_bytes[flows] = got.delivered_bytes
    return Outcome(
        finish_s=finish_s,
        delivered_bytes=delivered_bytes,
        reachable=ways | local,
        local=local,
        most_queued_bytes=np.full(snapshot[FabricLinks].row_count, np.nan),
        horizon_s=horizon_s,
    )


def hosts(snapshot: Snapshot, trace: Trace) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """[flows], [flows] node rows of the servers that send and receive, after moves of workloads."""
    placements = snapshot[Placements]
    host = {int(server): int(runs_on) for server, runs_on in zip(placements.server, placements.host, strict=True)}
    return (
        np.array([host[int(server)] for server in trace.source], np.int64),
        np.array([host[int(server)] for server in trace.target], np.int64),
    )


def slower(snapshot: Snapshot, factor: float) -> Snapshot:
    """The same fabric with capacities and arrivals divided by the factor, so that one machine can carry it.

    Utilisation stays; delays and buffers too, so a round trip holds fewer packets, and the time that the kernel waits
    before it repeats a packet weighs less: what is compared with it has to be computed for this snapshot.
    """
    links, arrivals = snapshot[FabricLinks], snapshot[Arrivals]
    return snapshot.replaced(
        links.with_column("capacity_mbps", links.capacity_mbps / factor),
        arrivals.with_column("arrivals_per_s", arrivals.arrivals_per_s / factor),
    )


def _transfer(
    bed: FabricBed, trace: Trace, flow: int, ends: tuple[NDArray[np.int64], NDArray[np.int64]], control: str
) -> Transfer:
    source, target = int(ends[0][flow]), int(ends[1][flow])
    return Transfer(
        start_s=_SETTLE_S + float(trace.start_s[flow]),
        source=bed.nodes[source],
        target=bed.nodes[target],
        address=bed.address[target],
        port=_PORT,
        size_bytes=int(trace.size_bytes[flow]),
        congestion_control=control,
    )
