"""The mean load of every link: mean traffic over all ways that routing may draw (SWARM Figure 5), without transport.

What TCP makes of it is the business of the estimator; a link whose mean load is above its capacity only gets fuller
the longer it is looked at, whatever a sample of some seconds says.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fairlead.kernels.ecmp_loads import expected_loads
from fairlead.model import Arrivals, Flows, Pairs, Placements, Snapshot
from fairlead.predict.flows.demand import mean_size_bytes
from fairlead.predict.flows.fabric import Fabric, fabric

Reals = NDArray[np.float64]
Int32s = NDArray[np.int32]
Flags = NDArray[np.bool_]

_MBIT_A_BYTE = 8e-6


def mean_loads_mbps(snapshot: Snapshot) -> Reals:
    """[links] expected load in Mbit/s; NaN on every link where nobody knows how much traffic there is.

    Pinned flows: their bytes over the time from the first start to the last; of a single start nothing is known. Else
    ``arrivals_per_s`` times the mean size, over ``pairs`` or over all pairs of workloads alike. Flows between workloads
    of one server, and those without a way into or out of the fabric, are on no link. O(t0s * links + pairs or flows).
    """
    state = fabric(snapshot)
    if Flows in snapshot and snapshot[Flows].row_count:
        flows = snapshot[Flows]
        span_s = float(np.ptp(flows.start_s))
        if span_s <= 0:
            return np.full(state.link_count, np.nan)
        return _of_pairs(state, flows.source, flows.target, flows.size_bytes * (_MBIT_A_BYTE / span_s))
    if Arrivals not in snapshot or not snapshot[Arrivals].row_count:
        return np.full(state.link_count, np.nan)
    total_mbps = float(snapshot[Arrivals].arrivals_per_s[0]) * mean_size_bytes(snapshot) * _MBIT_A_BYTE
    if Pairs in snapshot and snapshot[Pairs].row_count:
        pairs = snapshot[Pairs]
        share = pairs.probability / pairs.probability.sum()
        return _of_pairs(state, pairs.source, pairs.target, total_mbps * share)
    return _of_all_alike(snapshot, state, total_mbps)


def _of_pairs(state: Fabric, source: Int32s, target: Int32s, mbps: Reals) -> Reals:
    """[pairs] workloads by the server that the traffic names, and what one sends to the other."""
    source, target = state.host[source], state.host[target]
    sends, receives = _attached(state)
    kept = (source != target) & sends[source] & receives[target]
    source, target, mbps = source[kept], target[kept], mbps[kept].astype(np.float64)
    t0_count, node_count = len(state.ladder.t0), len(state.tier)
    cell = state.destination[source].astype(np.int64) * t0_count + state.destination[target]
    asked = _summed(cell, mbps, t0_count**2).reshape(t0_count, t0_count)
    sent, got = (_summed(end, mbps, node_count) for end in (source, target))
    return _loads(state, asked, sent, got)


def _of_all_alike(snapshot: Snapshot, state: Fabric, total_mbps: float) -> Reals:
    """Every ordered pair of different workloads alike."""
    host = snapshot[Placements].host if Placements in snapshot else state.host[state.host >= 0]
    count = np.bincount(host, minlength=len(state.tier)).astype(np.float64)
    pair_mbps = total_mbps / max(1.0, count.sum() * (count.sum() - 1))
    sender, receiver = (np.where(may, count, 0.0) for may in _attached(state))
    asked = np.outer(*(_by_t0(state, each) for each in (sender, receiver))) * pair_mbps
    sent = sender * (receiver.sum() - receiver) * pair_mbps
    got = receiver * (sender.sum() - sender) * pair_mbps
    return _loads(state, asked, sent, got)


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


def _loads(state: Fabric, asked: Reals, sent: Reals, got: Reals) -> Reals:
    """asked [t0s, t0s]; sent, got [nodes] of each server."""
    load = expected_loads(state.ladder, state.routing, asked)
    for link, mbps in ((state.uplink, sent), (state.downlink, got)):
        server = np.flatnonzero(link >= 0)
        load[link[server]] += mbps[server]
    return load
