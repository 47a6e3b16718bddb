"""How long flows use the links within an epoch: what is free, and what one flow more would get (SWARM 3.3).

Rates are all made new at the end of an epoch alone. Until then a flow that leaves frees its rate, and one that arrives
takes what is free or an equal part with the fastest of its narrowest link; those under way keep their rates. So a link
may carry a little too much for a while, or too little; both are small where few flows come and go within an epoch.
"""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np

from fairlead.kernels.max_min import Int32s, Reals

ALIKE = 0.05  # rates of flows with one bottleneck differ by less, relative, after a fast filling


class Use(NamedTuple):
    """Links as they are at the moment; those that no flow crosses are free, with 0 everywhere else."""

    free_mbps: Reals  # [links]
    flow_count: Int32s  # [links]
    top_mbps: Reals  # [links] the largest rate of a flow across it
    top_count: Int32s  # [links] and how many have it
    crossed: Int32s  # [links] those that flows crossed at the start of the epoch come first


@numba.njit(cache=True, nogil=True)
def unused(capacity_mbps):  # type: ignore[no-untyped-def]  # compiled
    """All links free."""
    link_count = len(capacity_mbps)
    no_flow, no_top = np.zeros(link_count, np.int32), np.zeros(link_count, np.int32)
    return Use(capacity_mbps.copy(), no_flow, np.zeros(link_count), no_top, np.empty(link_count, np.int32))


@numba.njit(cache=True, nogil=True)
def find_tops(links, active, active_count, use):  # type: ignore[no-untyped-def]
    """The largest rate on each link and how many flows have it: where one flow more would find its share."""
    top, top_count = use.top_mbps, use.top_count
    for j in range(active_count):
        rate = active.rate_mbps[j]
        for h in range(links.shape[1]):
            link = links[active.rows[j], h]
            if link >= 0 and rate >= top[link] * (1 - ALIKE):
                top_count[link] = 1 if rate > top[link] * (1 + ALIKE) else top_count[link] + 1
                top[link] = max(rate, top[link])


@numba.njit(cache=True, nogil=True)
def arrive(links, row, ceiling_mbps, use):  # type: ignore[no-untyped-def]
    """What a flow gets that arrives within an epoch: what is free, or an equal part with those that have most."""
    rate = ceiling_mbps[row]
    for h in range(links.shape[1]):
        link = links[row, h]
        if link >= 0:
            free, top, count = max(use.free_mbps[link], 0.0), use.top_mbps[link], use.top_count[link]
            rate = min(rate, max(free, (count * top + free) / (count + 1)))
    for h in range(links.shape[1]):
        link = links[row, h]
        if link >= 0:
            use.flow_count[link] += 1
            if rate > use.free_mbps[link]:  # those with most would give way
                use.top_mbps[link] = rate
                use.top_count[link] += 1
            elif rate > use.top_mbps[link]:
                use.top_mbps[link] = rate
                use.top_count[link] = 1
            use.free_mbps[link] -= rate
    return rate


@numba.njit(cache=True, nogil=True)
def depart(links, row, rate_mbps, use):  # type: ignore[no-untyped-def]
    for h in range(links.shape[1]):
        link = links[row, h]
        if link >= 0:
            use.free_mbps[link] += rate_mbps
            use.flow_count[link] -= 1
            if rate_mbps >= use.top_mbps[link] * (1 - ALIKE):
                use.top_count[link] = max(use.top_count[link] - 1, 0)


@numba.njit(cache=True, nogil=True)
def _free(link, capacity_mbps, use):  # type: ignore[no-untyped-def]
    use.free_mbps[link] = capacity_mbps[link]
    use.flow_count[link] = 0
    use.top_mbps[link] = 0.0
    use.top_count[link] = 0


@numba.njit(cache=True, nogil=True)
def forget(links, capacity_mbps, crossed_count, first_row, end_row, use):  # type: ignore[no-untyped-def]
    """Free the links that flows crossed at the start of an epoch, and those of the rows that came since."""
    for k in range(crossed_count):
        _free(use.crossed[k], capacity_mbps, use)
    for row in range(first_row, end_row):
        for h in range(links.shape[1]):
            if links[row, h] >= 0:
                _free(links[row, h], capacity_mbps, use)


@numba.njit(cache=True, nogil=True)
def look(probe_links, probe, capacity_mbps, use, utilisation, flow_count):  # type: ignore[no-untyped-def]
    for h in range(probe_links.shape[1]):
        link = probe_links[probe, h]
        if link >= 0:
            capacity = capacity_mbps[link]
            utilisation[probe, h] = 1.0 - max(use.free_mbps[link], 0.0) / capacity if capacity > 0 else 1.0
            flow_count[probe, h] = use.flow_count[link]
