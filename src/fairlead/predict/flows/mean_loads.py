"""The mean load of every link: mean traffic over all ways that routing may draw (SWARM Figure 5), without transport.

What TCP makes of it is the business of the estimator; a link whose mean load is above its capacity only gets fuller
the longer it is looked at, whatever a sample of some seconds says.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fairlead.kernels.ecmp_loads import expected_loads
from fairlead.model import TIERS, Arrivals, Flows, Pairs, Placements, Snapshot
from fairlead.predict.flows.fabric import Fabric, fabric
from fairlead.predict.flows.workload import mean_size_bytes

Reals = NDArray[np.float64]
Int32s = NDArray[np.int32]
Flags = NDArray[np.bool_]

_MBIT_A_BYTE = 8e-6
_T0, _T1 = TIERS.index("t0"), TIERS.index("t1")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MeanTraffic:
    """What workloads send each other in the mean, where they run now; t0s in the order of ``nodes``.

    between   : [t0s, t0s] Mbit/s from below one t0 to below another; the diagonal stays inside the t0s
    sent, got : [nodes] Mbit/s of each server
    """

    between: Reals
    sent: Reals
    got: Reals


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SwitchLoads:
    """Load of each link between switches [links] in Mbit/s, 0 on those of servers; and what finds no way."""

    load_mbps: Reals
    unroutable_mbps: float


def mean_loads_mbps(snapshot: Snapshot) -> Reals:
    """[links] expected load in Mbit/s; NaN on every link where nobody knows how much traffic there is.

    Flows between workloads of one server, and those without a way into or out of the fabric, are on no link.
    O(t0s * links + pairs or flows).
    """
    state, traffic = fabric(snapshot), mean_traffic(snapshot)
    if traffic is None:
        return np.full(state.link_count, np.nan)
    load = expected_loads(state.ladder, state.routing, traffic.between)
    for link, mbps in ((state.uplink, traffic.sent), (state.downlink, traffic.got)):
        server = np.flatnonzero(link >= 0)
        load[link[server]] += mbps[server]
    return load


def switch_loads(snapshot: Snapshot, between_mbps: Reals) -> SwitchLoads:
    """What ``between_mbps`` [t0s, t0s], of whatever origin, puts on the links between switches. O(t0s * links)."""
    state = fabric(snapshot)
    load = expected_loads(state.ladder, state.routing, between_mbps)
    # nothing comes down into a t0 but what is for it: ways go up, then down
    arrived = load[(state.tier[state.source] == _T1) & (state.tier[state.target] == _T0)].sum()
    asked = between_mbps.sum() - np.trace(between_mbps)
    return SwitchLoads(load_mbps=load, unroutable_mbps=max(0.0, float(asked - arrived)))


def mean_traffic(snapshot: Snapshot) -> MeanTraffic | None:
    """The mean traffic; None where nobody knows how much there is.

    Pinned flows: their bytes over the time from the first start to the last; of a single start nothing is known. Else
    ``arrivals_per_s`` times the mean size, over ``pairs`` or over all pairs of workloads alike. Left out: what
    workloads of one server send each other, and what has no way into or out of the fabric. O(t0s^2 + pairs or flows).
    """
    state = fabric(snapshot)
    if Flows in snapshot and snapshot[Flows].row_count:
        flows = snapshot[Flows]
        span_s = float(np.ptp(flows.start_s))
        if span_s <= 0:
            return None
        return _of_pairs(state, flows.source, flows.target, flows.size_bytes * (_MBIT_A_BYTE / span_s))
    if Arrivals not in snapshot or not snapshot[Arrivals].row_count:
        return None
    total_mbps = float(snapshot[Arrivals].arrivals_per_s[0]) * mean_size_bytes(snapshot) * _MBIT_A_BYTE
    if Pairs in snapshot and snapshot[Pairs].row_count:
        pairs = snapshot[Pairs]
        share = pairs.probability / max(float(pairs.probability.sum()), 1e-300)  # none is likely: no traffic
        return _of_pairs(state, pairs.source, pairs.target, total_mbps * share)
    return _of_all_alike(snapshot, state, total_mbps)


def _of_pairs(state: Fabric, source: Int32s, target: Int32s, mbps: Reals) -> MeanTraffic:
    """[pairs] workloads by the server that the traffic names, and what one sends to the other."""
    source, target = state.host[source], state.host[target]
    sends, receives = _attached(state)
    kept = (source != target) & sends[source] & receives[target]
    source, target, mbps = source[kept], target[kept], mbps[kept].astype(np.float64)
    t0_count, node_count = len(state.ladder.t0), len(state.tier)
    cell = state.destination[source].astype(np.int64) * t0_count + state.destination[target]
    between = _summed(cell, mbps, t0_count**2).reshape(t0_count, t0_count)
    sent, got = (_summed(end, mbps, node_count) for end in (source, target))
    return MeanTraffic(between=between, sent=sent, got=got)


def _of_all_alike(snapshot: Snapshot, state: Fabric, total_mbps: float) -> MeanTraffic:
    """Every ordered pair of different workloads alike."""
    host = snapshot[Placements].host if Placements in snapshot else state.host[state.host >= 0]
    count = np.bincount(host, minlength=len(state.tier)).astype(np.float64)
    pair_mbps = total_mbps / max(1.0, count.sum() * (count.sum() - 1))
    sender, receiver = (np.where(may, count, 0.0) for may in _attached(state))
    return MeanTraffic(
        between=np.outer(*(_by_t0(state, each) for each in (sender, receiver))) * pair_mbps,
        sent=sender * (receiver.sum() - receiver) * pair_mbps,
        got=receiver * (sender.sum() - sender) * pair_mbps,
    )


def _by_t0(state: Fabric, of_node: Reals) -> Reals:
    """[t0s] sum over the servers below each."""
    there = np.flatnonzero(of_node)
    return _summed(state.destination[there], of_node[there], len(state.ladder.t0))


def _summed(place: NDArray[np.integer], values: Reals, count: int) -> Reals:
    """[count] sum of the values at each place."""
    return np.bincount(place, values, minlength=count).astype(np.float64)


def _attached(state: Fabric) -> tuple[Flags, Flags]:
    """[nodes] servers whose link to their t0 is alive, and those whose link from it is."""
    usable = np.append(state.alive, False)  # row -1: no link
    return usable[state.uplink], usable[state.downlink]
