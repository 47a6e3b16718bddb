"""How long flows use the links within an epoch: what is free, and what one flow more would get (SWARM 3.3).

Rates are all made new at the end of an epoch alone; until then those under way keep theirs. A flow that leaves frees
its rate; one that arrives takes what is free, or as much as it would have if it shared that with the fastest flows of
the link. It is then over its capacity: what is free becomes less than nothing, and whoever leaves pays that off first.
"""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np

from fairlead.kernels.max_min import Int32s, Reals

ALIKE = 0.05  # rates of flows with one bottleneck differ by less, relative, after a fast filling


class Use(NamedTuple):
    """Links as they are at the moment; those that no flow crosses are free, with 0 everywhere else."""

    free_mbps: Reals  # [links] below 0: the flows have more than the capacity
    top_mbps: Reals  # [links] rate of the fastest flows
    top_count: Int32s  # [links] how many have it
    flow_count: Int32s  # [links]
    crossed: Int32s  # [links] those that flows crossed at the start of the epoch come first


@numba.njit(cache=True, nogil=True)
def unused(capacity_mbps):  # type: ignore[no-untyped-def]  # compiled
    """All links free."""
    link_count = len(capacity_mbps)
    no_top, no_flow = np.zeros(link_count, np.int32), np.zeros(link_count, np.int32)
    return Use(capacity_mbps.copy(), np.zeros(link_count), no_top, no_flow, np.empty(link_count, np.int32))


@numba.njit(cache=True, nogil=True)
def _rank(link, rate_mbps, use):  # type: ignore[no-untyped-def]
    """Count a flow among the fastest of a link if it is one of them."""
    top = use.top_mbps[link]
    if rate_mbps > top * (1 + ALIKE):
        use.top_mbps[link] = rate_mbps
        use.top_count[link] = 1
    elif rate_mbps >= top * (1 - ALIKE):
        use.top_mbps[link] = max(rate_mbps, top)
        use.top_count[link] += 1


@numba.njit(cache=True, nogil=True)
def find_tops(links, rows, rate_mbps, use):  # type: ignore[no-untyped-def]
    """The fastest flows of each link at the start of an epoch."""
    for j in range(len(rows)):
        for h in range(links.shape[1]):
            if links[rows[j], h] >= 0:
                _rank(links[rows[j], h], rate_mbps[j], use)


@numba.njit(cache=True, nogil=True)
def arrive(links, row, capacity_mbps, ceiling_mbps, use):  # type: ignore[no-untyped-def]
    """Let a flow in; the rate that it gets."""
    rate = ceiling_mbps[row]
    for h in range(links.shape[1]):
        link = links[row, h]
        if link >= 0:
            free, top, count = max(use.free_mbps[link], 0.0), use.top_mbps[link], use.top_count[link]
            part = (count * top + free) / (count + 1)
            if count == 0:  # the fastest have left; what the others could give is not known, but this is fair
                part = capacity_mbps[link] / (use.flow_count[link] + 1)
            rate = min(rate, max(free, part))
    for h in range(links.shape[1]):
        link = links[row, h]
        if link >= 0:
            use.flow_count[link] += 1
            if rate > use.free_mbps[link]:  # the fastest would have to give way, as far as to this rate
                use.top_mbps[link] = rate
                use.top_count[link] += 1
            else:
                _rank(link, rate, use)
            use.free_mbps[link] -= rate
    return rate


@numba.njit(cache=True, nogil=True)
def depart(links, row, rate_mbps, use):  # type: ignore[no-untyped-def]
    """Let a flow go that had this rate."""
    for h in range(links.shape[1]):
        link = links[row, h]
        if link >= 0:
            use.flow_count[link] -= 1
            use.free_mbps[link] += rate_mbps
            if rate_mbps >= use.top_mbps[link] * (1 - ALIKE):
                use.top_count[link] = max(use.top_count[link] - 1, 0)


@numba.njit(cache=True, nogil=True)
def _clear(link, capacity_mbps, use):  # type: ignore[no-untyped-def]
    use.free_mbps[link] = capacity_mbps[link]
    use.top_mbps[link] = 0.0
    use.top_count[link] = 0
    use.flow_count[link] = 0


@numba.njit(cache=True, nogil=True)
def forget(links, capacity_mbps, crossed_count, first_row, end_row, use):  # type: ignore[no-untyped-def]
    """Free the links that flows crossed at the start of an epoch, and those of the rows that came since."""
    for k in range(crossed_count):
        _clear(use.crossed[k], capacity_mbps, use)
    for row in range(first_row, end_row):
        for h in range(links.shape[1]):
            if links[row, h] >= 0:
                _clear(links[row, h], capacity_mbps, use)


@numba.njit(cache=True, nogil=True)
def look(probe_links, probe, capacity_mbps, use, utilisation, flow_count):  # type: ignore[no-untyped-def]
    """Write down how full the links of a probe are, and how many flows are on each."""
    for h in range(probe_links.shape[1]):
        link = probe_links[probe, h]
        if link >= 0:
            capacity = capacity_mbps[link]
            utilisation[probe, h] = 1.0 - max(use.free_mbps[link], 0.0) / capacity if capacity > 0 else 1.0
            flow_count[probe, h] = use.flow_count[link]
