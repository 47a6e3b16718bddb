"""The failure graph of the newest window: which pairs fail, between which servers, and what may be taken offline."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fairlead.kernels.cover import CoverProblem
from fairlead.model import Servers, Snapshot
from fairlead.planners.drain.goal import Goal
from fairlead.predict.overlay import failing_at, last_window, qoe_costs, region_load

Rows = NDArray[np.int64]
Reals = NDArray[np.float64]

FUZZ = 1e-9  # 0.3 * 10 is 3 servers, whatever binary fractions say


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Failures:
    """Pairs with failed streams between online servers, over the servers at their ends (the only candidates).

    server_rows  : [nodes] rows of ``servers``, ascending
    at           : [pairs] places in the newest window's arrays
    u, v         : [pairs] node numbers
    failed_count : [pairs] failed streams
    cost         : [nodes] QoE cost of taking the server offline
    demand_count : all streams of the window
    """

    server_rows: Rows
    at: Rows
    u: Rows
    v: Rows
    failed_count: Reals
    cost: Reals
    demand_count: int

    @property
    def pair_count(self) -> int:
        return len(self.at)

    def slack_count(self, goal: Goal) -> float:
        """Failed streams that the objective tolerates, over the original demand."""
        return (1.0 - goal.slo_ratio) * self.demand_count


def failures(snapshot: Snapshot) -> Failures:
    """The failure graph. One pass over the newest window, then O(failing pairs)."""
    window, at = last_window(snapshot), failing_at(snapshot)
    source, target = window.source[at], window.target[at]
    server_rows, node = np.unique(np.concatenate([source, target]), return_inverse=True)
    return Failures(
        server_rows=server_rows.astype(np.int64),
        at=at,
        u=node[: len(at)].astype(np.int64),
        v=node[len(at) :].astype(np.int64),
        failed_count=window.failed_count[at].astype(np.float64),
        cost=qoe_costs(snapshot)[server_rows],
        demand_count=window.demand_count,
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Allowance:
    """How much may still be taken offline, with what is already down counted.

    resource : [servers, 3] the fleet (0), its region (1 + region), its region's capacity (1 + regions + region)
    use      : [servers, 3] one server, one server, its capacity in Mbit/s
    quota    : [1 + 2 * regions] what is left of each; infinite where nothing is known or asked
    """

    resource: Rows
    use: Reals
    quota: Reals


def allowance(snapshot: Snapshot, goal: Goal) -> Allowance:
    """The goal's caps and floors as quotas over the servers."""
    servers = snapshot[Servers]
    distinct, region = servers.codes("region")
    size = np.bincount(region, minlength=len(distinct))
    up = np.bincount(region, servers.online, len(distinct))
    fleet_left = np.floor(goal.fleet_cap_ratio * servers.row_count + FUZZ) - np.count_nonzero(~servers.online)
    region_left = up - np.ceil(goal.region_floor_ratio * size - FUZZ)
    load = region_load(snapshot)
    spare = load.capacity_mbps - load.load_mbps / goal.headroom_ratio  # NaN where a capacity is unknown
    spare = np.where(np.isnan(spare) | np.isinf(goal.headroom_ratio), np.inf, spare)
    capacity = np.nan_to_num(servers.capacity_mbps.astype(np.float64))
    one = np.ones(servers.row_count)
    return Allowance(
        resource=np.stack([0 * region, 1 + region, 1 + len(distinct) + region], axis=1).astype(np.int64),
        use=np.stack([one, one, capacity], axis=1),
        quota=np.maximum(np.concatenate([[fleet_left], region_left, spare]), 0.0),
    )


def cover_problem(found: Failures, weight: Reals, slack: float, left: Allowance) -> CoverProblem:
    """Least-cost servers such that at most ``slack`` of the ``weight`` [pairs] keeps both ends online."""
    return CoverProblem(
        u=found.u,
        v=found.v,
        g=np.ascontiguousarray(weight, dtype=np.float64),
        cost=found.cost,
        slack=slack,
        resource=np.ascontiguousarray(left.resource[found.server_rows]),
        use=np.ascontiguousarray(left.use[found.server_rows]),
        quota=left.quota,
    )
