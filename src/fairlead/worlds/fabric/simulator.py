"""The reference simulator, the truth that repairs are judged by: every connection a sender, every link a queue.

    outcome = simulate(snapshot, demand, horizon_s=60.0, seed=1, congestion_control="cubic")

Events are the round trips of flows. In each a flow sends its window (or BBR's pace) into the queues on its way; queues
fill, delay and refuse (queues.py); faults drop packets one by one (flights.py); the sender reacts as Linux does
(rounds.py, congestion.py). Paths are drawn flow by flow (routes.py). No code is shared with the estimator.

Left out: acknowledgements take no room in queues; packets of a round are spread over it, so queues between bursts of
less than a round trip are not seen; a sender's own card is a drop-tail queue as any link.
"""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np
from numpy.typing import NDArray

from fairlead.model import FabricLinks, Nodes, Placements, Snapshot, UsageError
from fairlead.worlds.fabric.chance import streams
from fairlead.worlds.fabric.congestion import CONGESTION_CONTROLS
from fairlead.worlds.fabric.connection import OVER, PAYLOAD_BYTES, WIRE_BYTES, Records, unstarted
from fairlead.worlds.fabric.events import pop, push, sink
from fairlead.worlds.fabric.queues import empty_queues
from fairlead.worlds.fabric.rounds import happen
from fairlead.worlds.fabric.routes import drawn_ways, routing
from fairlead.worlds.fabric.traffic import Trace

Reals = NDArray[np.float64]
Rows = NDArray[np.int32]

THERE, BACK = 0, 1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Outcome:
    """What became of the flows of a trace, all [flows].

    finish_s        : when the last byte was at the receiver; NaN: not before the horizon
    delivered_bytes : at the receiver by the horizon
    reachable       : there was a way, there and back; a local flow needs none
    local           : both ends ran on one server, so nothing was sent
    most_queued_bytes : [links] most that a queue held
    horizon_s       : when the run was stopped
    """

    finish_s: Reals
    delivered_bytes: Reals
    reachable: NDArray[np.bool_]
    local: NDArray[np.bool_]
    most_queued_bytes: Reals
    horizon_s: float


def simulate(snapshot: Snapshot, flows: Trace, horizon_s: float, seed: int, congestion_control: str) -> Outcome:
    """Run the flows until the horizon. Same snapshot, flows and seed: same outcome.

    States of one network meet the same luck flow by flow: paths that a state leaves alone stay, and each flow has its
    own stream of chance. UsageError for a congestion control not in CONGESTION_CONTROLS. O(round trips x log flows).
    """
    if congestion_control not in CONGESTION_CONTROLS:
        raise UsageError(
            code="world.congestion_control",
            what="no such congestion control",
            where="congestion_control",
            got=congestion_control,
            expected=", ".join(CONGESTION_CONTROLS),
        )
    host = np.arange(snapshot[Nodes].row_count, dtype=np.int32)
    host[snapshot[Placements].server] = snapshot[Placements].host
    source, target = host[flows.source], host[flows.target]
    table = routing(snapshot)
    there = drawn_ways(table, source, target, seed, THERE)
    back = drawn_ways(table, target, source, seed, BACK)
    reachable = (there[:, 0] >= 0) & (back[:, 0] >= 0)
    connections = unstarted(flows.size_bytes, streams(np.uint64(seed % 2**64), len(source)))
    _lay(snapshot, connections, there, back)
    links = snapshot[FabricLinks]
    queues = empty_queues(links.capacity_mbps.astype(np.float64), links.buffer_bytes.astype(np.float64))
    started = np.flatnonzero(reachable & (flows.start_s < horizon_s))
    _run(queues, connections, started, flows.start_s.copy(), horizon_s, CONGESTION_CONTROLS.index(congestion_control))
    finish_s = connections["finish_s"]
    local = source == target
    return Outcome(
        finish_s=np.where(finish_s <= horizon_s, finish_s, np.nan),
        delivered_bytes=np.minimum(connections["delivered"] * PAYLOAD_BYTES, flows.size_bytes),
        reachable=reachable | local,
        local=local,
        most_queued_bytes=queues["most"].copy(),
        horizon_s=horizon_s,
    )


def _lay(snapshot: Snapshot, connections: Records, there: Rows, back: Rows) -> None:
    """Write down where connections run, how far that is, and what faults take."""
    links, nodes = snapshot[FabricLinks], snapshot[Nodes]
    delay_s = np.append(links.delay_ms / 1e3, 0.0)  # the last for -1: no hop
    slot_s = np.append(WIRE_BYTES * 8 / (links.capacity_mbps * 1e6), 0.0)
    # every hop stands for its link and the node that it leads to; the sender's own node comes on top
    kept = np.append((1 - links.drop_ratio) * (1 - nodes.drop_ratio[links.target]), 1.0)
    sender = np.append(1 - nodes.drop_ratio[links.source], 1.0)
    for name, hops in (("there", there), ("back", back)):
        connections[name] = hops
        connections[f"{name}_s"] = delay_s[hops].sum(axis=1)
        connections[f"{name}_drop"] = 1 - kept[hops].prod(axis=1) * sender[hops[:, 0]]
    connections["slot_s"] = slot_s[there].max(axis=1)


@numba.njit(cache=True, nogil=True)
def _run(queues, flows, started, start_s, horizon_s, control):  # type: ignore[no-untyped-def]  # compiled
    at = start_s.copy()
    heap, count, following = np.empty(len(start_s), np.int64), 0, 0
    while True:
        # flows start in order, so those that have not started wait outside the heap
        starts = following < len(started) and (count == 0 or start_s[started[following]] <= at[heap[0]])
        if not starts and count == 0:
            break
        flow = started[following] if starts else heap[0]
        if at[flow] >= horizon_s:
            break
        at[flow] = happen(queues, flows[flow], control, at[flow])
        if starts:
            following += 1
            count = push(heap, count, at, flow)
        elif flows[flow].next == OVER:
            count = pop(heap, count, at)
        else:
            sink(heap, count, at)
