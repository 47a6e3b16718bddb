"""The exact oracle for tiny worlds: every subset of the failing servers, tried. Shares nothing with any planner."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fairlead.checks.limits import ROUNDING, Limits, largest_count, smallest_count
from fairlead.model import Servers, Snapshot
from fairlead.predict.overlay import failing_at, last_window, qoe_costs, region_load

MOST_CANDIDATES = 16
SLO_ROUNDING = 1e-12  # 1 - 1/10000 and 0.9999 are the same objective


@dataclass(frozen=True, slots=True, kw_only=True)
class TinyOptimum:
    """The best that any choice of servers can do inside the limits.

    reachable    : some allowed choice meets the objective
    cost         : least QoE cost of one that does; NaN where none does
    rows         : the servers of a cheapest such choice, ascending; the first one in binary order among equals
    least_failed : fewest failed streams that any allowed choice leaves
    """

    reachable: bool
    cost: float
    rows: tuple[int, ...]
    least_failed: int


def tiny_optimum(snapshot: Snapshot, slo_ratio: float, limits: Limits) -> TinyOptimum:
    """Drains only, judged on the newest window over the original demand. O(2^candidates * failing pairs).

    Candidates are the online servers with failed streams: taking any other costs and mends nothing. Of ``limits`` hold
    fleet_cap_ratio, region_floor_ratio and headroom_ratio (G1, G3).
    """
    window, at = last_window(snapshot), failing_at(snapshot)
    ends = np.stack([window.source[at], window.target[at]])
    candidates, node = np.unique(ends, return_inverse=True)
    assert len(candidates) <= MOST_CANDIDATES, f"{len(candidates)} candidates are not tiny"
    node = node.reshape(ends.shape)
    subsets = np.arange(1 << len(candidates))[:, None] >> np.arange(len(candidates)) & 1 == 1  # [subsets, candidates]
    covered = subsets[:, node[0]] | subsets[:, node[1]]
    failed = (~covered) @ window.failed_count[at].astype(np.int64)
    allowed = _allowed(snapshot, candidates, subsets, limits)
    if not window.demand_count:
        return TinyOptimum(reachable=False, cost=float("nan"), rows=(), least_failed=0)
    good = allowed & (1.0 - failed / window.demand_count >= slo_ratio - SLO_ROUNDING)
    least_failed = int(failed[allowed].min())
    if not good.any():
        return TinyOptimum(reachable=False, cost=float("nan"), rows=(), least_failed=least_failed)
    cost = np.where(good, subsets @ qoe_costs(snapshot)[candidates], np.inf)
    best = int(np.argmin(cost))
    rows = tuple(candidates[subsets[best]].tolist())
    return TinyOptimum(reachable=True, cost=float(cost[best]), rows=rows, least_failed=least_failed)


def _allowed(
    snapshot: Snapshot, candidates: NDArray[np.int32], subsets: NDArray[np.bool_], limits: Limits
) -> NDArray[np.bool_]:
    """[subsets] inside cap, floors and headroom; the empty one always, and only regions that lose servers."""
    servers = snapshot[Servers]
    distinct, region = servers.codes("region")
    member = region[candidates][:, None] == np.arange(len(distinct))  # [candidates, regions]
    lost_count = subsets @ member.astype(np.int64)  # [subsets, regions]
    size = np.bincount(region, minlength=len(distinct))
    up = np.bincount(region, weights=servers.online, minlength=len(distinct)) - lost_count
    load = region_load(snapshot)
    lost_mbps = subsets @ (member * np.nan_to_num(servers.capacity_mbps[candidates])[:, None])
    left_mbps = load.capacity_mbps - lost_mbps  # NaN, which fails no test, where a capacity is unknown
    crowded = load.load_mbps > left_mbps * limits.headroom_ratio * (1 + ROUNDING) + ROUNDING
    if np.isinf(limits.headroom_ratio):
        crowded = np.zeros_like(crowded)
    broken = (lost_count > 0) & ((up < smallest_count(limits.region_floor_ratio, size)) | crowded)
    down = np.count_nonzero(~servers.online) + subsets.sum(axis=1)
    over_cap = (down > largest_count(limits.fleet_cap_ratio, servers.row_count)) & subsets.any(axis=1)
    inside: NDArray[np.bool_] = ~broken.any(axis=1) & ~over_cap
    return inside
