"""Workspace of the max-min solvers, and the steps that they share."""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

Reals = NDArray[np.float64]
Int32s = NDArray[np.int32]


class Filling(NamedTuple):
    """Workspace of the solvers, kept from call to call; ``open_count`` is 0 everywhere between calls.

    ``weight`` is the caller's to set before a call: 1 at first, as plain max-min fairness has it.

    What is stated per link is there for crossed links only. The flows at hand are numbered 0..
    """

    crossed: Int32s  # [crossed] links that some flow at hand crosses
    left: Reals  # [links] capacity that settled flows leave
    open_count: Int32s  # [links] flows that are not settled
    open_weight: Reals  # [links] and their weights together
    first: Int32s  # [links] where the flows of a link start in `flow`,
    last: Int32s  # [links] and where they end
    flow: Int32s  # [flows x hops]
    key: Reals  # [links] level when last looked at
    waiting_links: Int32s  # [links] a heap here, the next of its bucket in the fast solver
    weight: Reals  # [flows] > 0
    limit: Reals  # [flows] levels of their ceilings, infinite where these cannot bind
    waiting_flows: Int32s  # [flows] those with a limit, as the links


@numba.njit(cache=True, nogil=True)
def filling(flow_count, hop_count, link_count):  # type: ignore[no-untyped-def]  # compiled
    """Workspace for at most ``flow_count`` flows at a time."""
    return Filling(
        np.empty(link_count, np.int32),
        np.empty(link_count),
        np.zeros(link_count, np.int32),
        np.empty(link_count),
        np.empty(link_count, np.int32),
        np.empty(link_count, np.int32),
        np.empty(flow_count * hop_count, np.int32),
        np.empty(link_count),
        np.empty(link_count, np.int32),
        np.ones(flow_count),
        np.empty(flow_count),
        np.empty(flow_count, np.int32),
    )


@numba.njit(cache=True, nogil=True)
def flows_by_link(links, rows, capacity_mbps, ceiling_mbps, work):  # type: ignore[no-untyped-def]
    """List the links that the flows cross and the flows of each; how many links."""
    crossed, left, count, first, last = work.crossed, work.left, work.open_count, work.first, work.last
    crossed_count = 0
    for j in range(len(rows)):
        least = np.inf
        for h in range(links.shape[1]):
            link = links[rows[j], h]
            if link >= 0:
                if count[link] == 0:
                    crossed[crossed_count] = link
                    crossed_count += 1
                    work.open_weight[link] = 0.0
                count[link] += 1
                work.open_weight[link] += work.weight[j]
                least = min(least, capacity_mbps[link])
        ceiling = ceiling_mbps[rows[j]]
        work.limit[j] = ceiling / work.weight[j] if ceiling < least else np.inf
    place = 0
    for k in range(crossed_count):
        link = crossed[k]
        left[link] = capacity_mbps[link]
        first[link] = place
        last[link] = place
        place += count[link]
    for j in range(len(rows)):
        for h in range(links.shape[1]):
            link = links[rows[j], h]
            if link >= 0:
                work.flow[last[link]] = j
                last[link] += 1
    return crossed_count


@numba.njit(cache=True, nogil=True)
def settle(links, row, level, weight, work):  # type: ignore[no-untyped-def]
    """Take a flow off its links at this level; its rate."""
    rate = level * weight
    for h in range(links.shape[1]):
        link = links[row, h]
        if link >= 0:
            work.left[link] -= rate
            work.open_count[link] -= 1
            work.open_weight[link] -= weight
    return rate


@numba.njit(cache=True, nogil=True)
def sink(heap, key, place, size):  # type: ignore[no-untyped-def]
    """Let the entry at ``place`` sink in a heap of ``size`` whose least key is on top."""
    entry = heap[place]
    while True:
        child = 2 * place + 1
        if child >= size:
            break
        if child + 1 < size and key[heap[child + 1]] < key[heap[child]]:
            child += 1
        if key[heap[child]] >= key[entry]:
            break
        heap[place] = heap[child]
        place = child
    heap[place] = entry
