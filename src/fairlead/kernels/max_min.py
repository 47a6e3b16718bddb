"""Demand-aware max-min fair rates, exactly: water-filling by a heap of bottleneck levels (SWARM A.2).

A ceiling is a virtual link that one flow alone crosses: its rate never exceeds it. The level of a link is what its
flows get for each unit of their weight when those that are not settled yet share what the settled ones leave. The
lowest level in the network is that of a true bottleneck, whose flows are settled at it; the other levels can only rise
by that, so a heap whose keys are too low at worst, never too high, gives the next one. A ceiling below every level
settles its flow.
"""

from __future__ import annotations

import numba
import numpy as np

from fairlead.kernels.max_min_filling import Int32s, Reals, filling, flows_by_link, settle, sink

TIE = 1e-12  # levels that differ by less, relative, are one: rounding must not cost a turn of the heap


@numba.njit(cache=True, nogil=True)
def fill(links, rows, capacity_mbps, ceiling_mbps, rate_mbps, work):  # type: ignore[no-untyped-def]  # compiled
    """``rate_mbps[j]`` becomes the max-min fair rate of flow ``rows[j]`` among these flows alone; how many links cross.

    Fair by ``work.weight``: what is as equal as can be is the level, the rate over the weight.

    O((flows x hops + links) log(links)). A flow without a link gets its ceiling. ``left`` is then what the flows leave
    of a crossed link, and ``last - first`` how many they are.
    """
    crossed_count = flows_by_link(links, rows, capacity_mbps, ceiling_mbps, work)
    size, limited = crossed_count, 0
    left, count, key, limit, weight = work.left, work.open_count, work.key, work.limit, work.weight
    heap, limits = work.waiting_links, work.waiting_flows
    for k in range(size):
        heap[k] = work.crossed[k]
        key[heap[k]] = left[heap[k]] / work.open_weight[heap[k]]
    for place in range(size // 2 - 1, -1, -1):
        sink(heap, key, place, size)
    for j in range(len(rows)):
        rate_mbps[j] = -1.0
        if limit[j] < np.inf:
            limits[limited] = j
            limited += 1
    for place in range(limited // 2 - 1, -1, -1):
        sink(limits, limit, place, limited)
    while size > 0 or limited > 0:
        j, link = limits[0], heap[0]
        if limited > 0 and (size == 0 or rate_mbps[j] >= 0 or limit[j] <= key[link]):
            if rate_mbps[j] < 0:
                rate_mbps[j] = settle(links, rows[j], limit[j], weight[j], work)
            limited -= 1
            limits[0] = limits[limited]
            sink(limits, limit, 0, limited)
            continue
        if count[link] > 0:
            level = max(left[link], 0.0) / work.open_weight[link]
            if level > key[link] * (1 + TIE):
                key[link] = level
                sink(heap, key, 0, size)
                continue
            for i in range(work.first[link], work.last[link]):
                j = work.flow[i]
                if rate_mbps[j] < 0:
                    rate_mbps[j] = settle(links, rows[j], level, weight[j], work)
        size -= 1
        heap[0] = heap[size]
        sink(heap, key, 0, size)
    for j in range(len(rows)):
        if rate_mbps[j] < 0:
            rate_mbps[j] = np.inf  # neither link nor ceiling
    return crossed_count


_IN_ROW_TABLE = numba.types.Array(numba.int32, 2, "C", readonly=True)
_IN_REAL = numba.types.Array(numba.float64, 1, "C", readonly=True)


@numba.njit(numba.void(_IN_ROW_TABLE, _IN_REAL, _IN_REAL, _IN_REAL, numba.float64[::1]), cache=True, nogil=True)
def _all(links, capacity_mbps, ceiling_mbps, weight, rate_mbps):  # type: ignore[no-untyped-def]
    rows = np.arange(len(links)).astype(np.int32)
    work = filling(len(links), links.shape[1], len(capacity_mbps))
    work.weight[:] = weight
    fill(links, rows, capacity_mbps, ceiling_mbps, rate_mbps, work)


def max_min(links: Int32s, capacity_mbps: Reals, ceiling_mbps: Reals, weight: Reals | None = None) -> Reals:
    """[flows] the max-min fair rates, Mbit/s: exact up to rounding.

    links : [flows, hops] int32 links of each flow, no link twice, -1 where there is none
    capacity_mbps : [links] >= 0, finite
    ceiling_mbps : [flows] >= 0; infinite: none
    weight : [flows] > 0, what a flow's share counts for; absent: all alike

    A flow without links gets its ceiling. O((flows x hops + links) log(links)).
    """
    rate = np.empty(len(links))
    if len(rate):
        _all(*arguments(links, capacity_mbps, ceiling_mbps), weights(weight, len(rate)), rate)
    return rate


def weights(weight: Reals | None, flow_count: int) -> Reals:
    """As the kernels want them, and checked."""
    if weight is None:
        return np.ones(flow_count)
    assert weight.shape == (flow_count,), "a weight a flow"
    assert not np.any(weight <= 0), "a flow counts for something"
    return np.ascontiguousarray(weight, np.float64)


def arguments(links: Int32s, capacity_mbps: Reals, ceiling_mbps: Reals) -> tuple[Int32s, Reals, Reals]:
    """As the kernels want them, and checked."""
    assert links.ndim == 2, "a row of links a flow"
    assert len(links) == len(ceiling_mbps), "a ceiling a flow"
    assert links.max(initial=-1) < len(capacity_mbps), "a link that is not there"
    return (
        np.ascontiguousarray(links, np.int32),
        np.ascontiguousarray(capacity_mbps, np.float64),
        np.ascontiguousarray(ceiling_mbps, np.float64),
    )
