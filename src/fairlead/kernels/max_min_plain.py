"""Max-min fair rates as the literature computes them: rounds of water-filling (k-waterfilling, Jose et al. 2019).

Two ends of that family, both exact. In the network-wide form a round settles the links of the lowest level in the
whole network: O(links + flows) rounds, since each ceiling is a virtual link (SWARM A.2). In the local form it settles
every link that is the lowest among those it shares a flow with, many at once. They are what the solvers in use are
measured against.
"""

from __future__ import annotations

import numba
import numpy as np

from fairlead.kernels.max_min import TIE, arguments
from fairlead.kernels.max_min_filling import Int32s, Reals, filling, flows_by_link, settle

_IN_ROW_TABLE = numba.types.Array(numba.int32, 2, "C", readonly=True)
_IN_REAL = numba.types.Array(numba.float64, 1, "C", readonly=True)
_SOLVER = numba.int64(_IN_ROW_TABLE, _IN_REAL, _IN_REAL, numba.float64[::1])


@numba.njit(_SOLVER, cache=True, nogil=True)
def _network_wide(links, capacity_mbps, ceiling_mbps, rate_mbps):  # type: ignore[no-untyped-def]  # compiled
    flow_count, rounds = len(links), 0
    work = filling(flow_count, links.shape[1], len(capacity_mbps))
    crossed_count = flows_by_link(links, np.arange(flow_count).astype(np.int32), capacity_mbps, ceiling_mbps, work)
    left, count = work.left, work.open_count
    rate_mbps[:] = -1.0
    while True:
        lowest = np.inf
        for k in range(crossed_count):
            if count[work.crossed[k]] > 0:
                lowest = min(lowest, max(left[work.crossed[k]], 0.0) / count[work.crossed[k]])
        for flow in range(flow_count):
            if rate_mbps[flow] < 0:
                lowest = min(lowest, ceiling_mbps[flow])
        if lowest == np.inf:
            break
        rounds += 1
        for flow in range(flow_count):
            if rate_mbps[flow] < 0 and ceiling_mbps[flow] <= lowest * (1 + TIE):
                rate_mbps[flow] = ceiling_mbps[flow]
                settle(links, flow, rate_mbps[flow], 1.0, work)
        for k in range(crossed_count):
            link = work.crossed[k]
            if count[link] > 0 and left[link] <= lowest * (1 + TIE) * count[link]:
                for i in range(work.first[link], work.last[link]):
                    if rate_mbps[work.flow[i]] < 0:
                        rate_mbps[work.flow[i]] = lowest
                        settle(links, work.flow[i], lowest, 1.0, work)
    for flow in range(flow_count):
        if rate_mbps[flow] < 0:
            rate_mbps[flow] = np.inf  # neither link nor ceiling
    return rounds


@numba.njit(cache=True, nogil=True)
def _levels(links, flows, open_flow_count, ceiling_mbps, work, level, least):  # type: ignore[no-untyped-def]
    """Level of each link with open flows, and the least that any of its flows has on its way or as a ceiling."""
    for i in range(open_flow_count):
        for h in range(links.shape[1]):
            link = links[flows[i], h]
            if link >= 0:
                level[link] = max(work.left[link], 0.0) / work.open_count[link]
                least[link] = np.inf
    for i in range(open_flow_count):
        low = ceiling_mbps[flows[i]]
        for h in range(links.shape[1]):
            if links[flows[i], h] >= 0:
                low = min(low, level[links[flows[i], h]])
        work.limit[i] = low
        for h in range(links.shape[1]):
            if links[flows[i], h] >= 0:
                least[links[flows[i], h]] = min(least[links[flows[i], h]], low)


@numba.njit(_SOLVER, cache=True, nogil=True)
def _local(links, capacity_mbps, ceiling_mbps, rate_mbps):  # type: ignore[no-untyped-def]
    flow_count, rounds = len(links), 0
    work = filling(flow_count, links.shape[1], len(capacity_mbps))
    flows = np.arange(flow_count).astype(np.int32)
    flows_by_link(links, flows, capacity_mbps, ceiling_mbps, work)
    level, least = np.empty(len(capacity_mbps)), np.empty(len(capacity_mbps))
    open_flow_count = flow_count
    while open_flow_count > 0:
        rounds += 1
        _levels(links, flows, open_flow_count, ceiling_mbps, work, level, least)
        stay = 0
        for i in range(open_flow_count):
            flow, low = flows[i], work.limit[i]
            done = low == ceiling_mbps[flow]
            for h in range(links.shape[1]):
                link = links[flow, h]
                done = done or (link >= 0 and level[link] == low and low <= least[link] * (1 + TIE))
            if done:
                rate_mbps[flow] = low
                settle(links, flow, low, 1.0, work)
            else:
                flows[stay] = flow
                stay += 1
        open_flow_count = stay
    return rounds


def max_min_plain(links: Int32s, capacity_mbps: Reals, ceiling_mbps: Reals) -> tuple[Reals, int]:
    """[flows] the rates of ``max_min``, by network-wide rounds, and how many. O(rounds x (links + flows))."""
    rate = np.empty(len(links))
    return rate, int(_network_wide(*arguments(links, capacity_mbps, ceiling_mbps), rate))


def max_min_rounds(links: Int32s, capacity_mbps: Reals, ceiling_mbps: Reals) -> tuple[Reals, int]:
    """[flows] the rates of ``max_min``, by local rounds, and how many. O(rounds x open flows x hops)."""
    rate = np.empty(len(links))
    return rate, int(_local(*arguments(links, capacity_mbps, ceiling_mbps), rate))
