"""The mean traffic between t0s, as rivals see it: a matrix, not flows."""

from __future__ import annotations

import numpy as np

from fairlead.model import Arrivals, Flows, Pairs, Placements, Snapshot
from fairlead.planners.mitigate.cables import SERVER, T0, Reals, Rows, t0_of_servers, tiers
from fairlead.predict.flows.demand import mean_size_bytes
from fairlead.predict.flows.uncertain import arrivals_at_load

LOAD_WHEN_UNKNOWN = 0.5
"""Mean of the load that the estimator draws where nobody knows how many flows arrive."""


def mean_demand_mbps(snapshot: Snapshot) -> Reals:
    """[t0s, t0s] Mbit/s from below one t0 to below another, where the workloads run now; t0s in the order of ``nodes``.

    Pinned flows: their bytes over the time from the first start to the last. Else arrivals times the mean size, over
    the pairs in proportion to their probability, or over all pairs of servers alike. O(t0s^2 + pairs + flows).
    """
    tier = tiers(snapshot)
    t0s = np.flatnonzero(tier == T0)
    place = np.full(len(tier), -1, np.int64)
    place[t0s] = np.arange(len(t0s))
    host = np.arange(len(tier))
    if Placements in snapshot:
        host[snapshot[Placements].server] = snapshot[Placements].host
    above = place[t0_of_servers(snapshot)]  # [nodes]; meaningless where a server hangs on no t0
    if Flows in snapshot and snapshot[Flows].row_count:
        flows = snapshot[Flows]
        span_s = float(np.ptp(flows.start_s)) or 1.0
        mbps = flows.size_bytes * 8e-6 / span_s
        return _matrix(above[host[flows.source]], above[host[flows.target]], mbps, len(t0s))
    total = _arrivals_per_s(snapshot) * mean_size_bytes(snapshot) * 8e-6
    if Pairs in snapshot and snapshot[Pairs].row_count:
        pairs = snapshot[Pairs]
        share = pairs.probability / max(float(pairs.probability.sum()), 1e-300)
        return _matrix(above[host[pairs.source]], above[host[pairs.target]], total * share, len(t0s))
    servers = np.flatnonzero(tier == SERVER)
    count = np.bincount(above[host[servers]], minlength=len(t0s)).astype(np.float64)
    between = np.outer(count, count)
    pair_count = max(1, len(servers) * (len(servers) - 1))
    return np.asarray(total * between / pair_count, dtype=np.float64)


def _arrivals_per_s(snapshot: Snapshot) -> float:
    if Arrivals in snapshot and snapshot[Arrivals].row_count:
        return float(snapshot[Arrivals].arrivals_per_s[0])
    return arrivals_at_load(snapshot, mean_size_bytes(snapshot), LOAD_WHEN_UNKNOWN)


def _matrix(source: Rows, target: Rows, mbps: Reals, count: int) -> Reals:
    cell = source * count + target
    found: Reals = np.bincount(cell, mbps, minlength=count * count).reshape(count, count).astype(np.float64)
    return found
