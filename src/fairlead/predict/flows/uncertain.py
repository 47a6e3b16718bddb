"""Traffic of maximum entropy where statistics are missing (SWARM 3.4, "Robustness"): as uncertain as it can be.

Departs: the paper names the principle and no distribution. Entropy has a maximum only on a bounded range, so each
choice below states its range.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fairlead.kernels.ecmp import hops
from fairlead.model import Pairs, Snapshot
from fairlead.predict.flows.fabric import Fabric, fabric

Reals = NDArray[np.float64]

SMALLEST_BYTES, LARGEST_BYTES = 1448.0, 30e6
"""Sizes of flows when nothing is known: from one packet to the largest of the web-search workload."""


def log_uniform_sizes(luck: Reals) -> Reals:
    """[flows] sizes whose logarithm is uniform: maximum entropy for a quantity whose very magnitude is unknown.

    Uniform sizes would claim to know that nearly all flows are of the largest magnitude.
    """
    return SMALLEST_BYTES * (LARGEST_BYTES / SMALLEST_BYTES) ** luck


def arrivals_at_load(snapshot: Snapshot, mean_size_bytes: float, load_ratio: float) -> float:
    """Flows a second that put this load on the busiest tier of links, were the network healthy.

    A load between 0 and 1 is all that can be said of a network that works; a demand draws its own, uniform. The load of
    a tier is that of all its links taken together, upwards. O(t0s^2 + pairs).
    """
    state = fabric(snapshot)
    between = _t0_shares(snapshot, state)
    healthy = hops(state.ladder, np.ones(state.link_count, bool))[:, state.ladder.t0].T
    # a flow climbs out of its server always, out of its t0 where the other end is under another, out of its t1 where
    # no t1 is shared
    climbing = np.array([1.0, between[healthy > 0].sum(), between[healthy == 4].sum()])
    lower = state.tier[state.source].astype(np.int64)
    is_up = state.tier[state.target] == lower + 1
    capacity_mbps = np.bincount(lower[is_up], state.capacity_mbps[is_up], minlength=3)[:3]
    used = climbing > 0
    bits_a_flow = 8.0 * mean_size_bytes * climbing[used]
    return float(load_ratio * (capacity_mbps[used] * 1e6 / bits_a_flow).min())


def _t0_shares(snapshot: Snapshot, state: Fabric) -> Reals:
    """[t0s, t0s] share of flows from below one t0 to below another."""
    count = len(state.ladder.t0)
    if Pairs in snapshot and snapshot[Pairs].row_count:
        pairs = snapshot[Pairs]
        shares: Reals
        cell = state.destination[pairs.source].astype(np.int64) * count + state.destination[pairs.target]
        shares = np.bincount(cell, pairs.probability, minlength=count * count).astype(np.float64).reshape(count, count)
    else:
        servers = np.bincount(state.destination[state.tier == 0], minlength=count).astype(np.float64)
        shares = np.outer(servers, servers) - np.diag(servers)  # no flow of a server to itself
    found: Reals = shares / shares.sum()
    return found
