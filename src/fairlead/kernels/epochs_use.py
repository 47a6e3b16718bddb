"""How long flows use the links within an epoch: what is free, and what one flow more would get (SWARM 3.3).

Rates are all made new at the end of an epoch alone; until then those under way keep theirs. A flow that leaves frees
its rate; one that arrives takes what is free, or as much as it would have if it shared that with the fastest flows of
the link. It is then over its capacity: what is free becomes less than nothing, and whoever leaves pays that off first.

What flows share equally is the level, the rate over the weight; a weight follows from the round trip, and that from the
queues that are full (``Pull``).
"""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np

from fairlead.kernels.max_min_filling import Int32s, Reals

ALIKE = 0.05  # rates of flows with one bottleneck differ by less, relative, after a fast filling

SPARE_RATIO = 1e-3
"""Of its capacity a full link has no more than this free."""


class Use(NamedTuple):
    """Links as they are at the moment; those that no flow crosses are free, with 0 everywhere else."""

    free_mbps: Reals  # [links] below 0: the flows have more than the capacity
    top_mbps: Reals  # [links] level of the fastest flows
    top_count: Int32s  # [links] how many have it
    top_weight: Reals  # [links] and their weights together
    flow_count: Int32s  # [links]
    queue_ms: Reals  # [links] what a packet waits there since rates were last made new
    crossed: Int32s  # [links] those that flows crossed at the start of the epoch come first


class Pull(NamedTuple):
    """What decides how hard a flow pulls at the links: its weight is its round trip to a power."""

    base_rtt_ms: Reals  # [flows] without waiting
    full_ms: Reals  # [links] that a full queue takes
    fill_ratio: Reals  # [counts] of that what a packet waits on a full link with 0, 1, 2, ... flows; the last: or more
    power: float  # 0: all weigh the same


def alike(flow_count: int, link_count: int) -> Pull:
    """Flows that share links equally."""
    return Pull(np.ones(flow_count), np.zeros(link_count), np.zeros(1), 0.0)


@numba.njit(cache=True, nogil=True)
def unused(capacity_mbps):  # type: ignore[no-untyped-def]  # compiled
    """All links free."""
    link_count = len(capacity_mbps)
    no_top, no_flow = np.zeros(link_count, np.int32), np.zeros(link_count, np.int32)
    none, crossed = np.zeros(link_count), np.empty(link_count, np.int32)
    return Use(capacity_mbps.copy(), none, no_top, none.copy(), no_flow, none.copy(), crossed)


@numba.njit(cache=True, nogil=True)
def weigh(links, row, pull, use):  # type: ignore[no-untyped-def]
    """Weight of a flow with the queues as they are."""
    if pull.power == 0.0:
        return 1.0
    rtt_ms = pull.base_rtt_ms[row]
    for h in range(links.shape[1]):
        if links[row, h] >= 0:
            rtt_ms += use.queue_ms[links[row, h]]
    return rtt_ms**pull.power


@numba.njit(cache=True, nogil=True)
def queue_up(crossed_count, capacity_mbps, pull, use):  # type: ignore[no-untyped-def]
    """Fill the queues of the crossed links that are full."""
    for k in range(crossed_count):
        link = use.crossed[k]
        if use.free_mbps[link] <= SPARE_RATIO * capacity_mbps[link]:
            count = min(use.flow_count[link], len(pull.fill_ratio) - 1)
            use.queue_ms[link] = pull.full_ms[link] * pull.fill_ratio[count]


@numba.njit(cache=True, nogil=True)
def empty_queues(crossed_count, use):  # type: ignore[no-untyped-def]
    """Before rates are made new."""
    for k in range(crossed_count):
        use.queue_ms[use.crossed[k]] = 0.0


@numba.njit(cache=True, nogil=True)
def _rank(link, level_mbps, weight, use):  # type: ignore[no-untyped-def]
    """Count a flow among the fastest of a link if it is one of them."""
    top = use.top_mbps[link]
    if level_mbps > top * (1 + ALIKE):
        use.top_mbps[link] = level_mbps
        use.top_count[link] = 1
        use.top_weight[link] = weight
    elif level_mbps >= top * (1 - ALIKE):
        use.top_mbps[link] = max(level_mbps, top)
        use.top_count[link] += 1
        use.top_weight[link] += weight


@numba.njit(cache=True, nogil=True)
def find_tops(links, rows, rate_mbps, weight, use):  # type: ignore[no-untyped-def]
    """The fastest flows of each link at the start of an epoch."""
    for j in range(len(rows)):
        for h in range(links.shape[1]):
            if links[rows[j], h] >= 0:
                _rank(links[rows[j], h], rate_mbps[j] / weight[j], weight[j], use)


@numba.njit(cache=True, nogil=True)
def arrive(links, row, capacity_mbps, ceiling_mbps, weight, use):  # type: ignore[no-untyped-def]
    """Let a flow of this weight in; the rate that it gets."""
    rate = ceiling_mbps[row]
    for h in range(links.shape[1]):
        link = links[row, h]
        if link >= 0:
            free, fastest = max(use.free_mbps[link], 0.0), use.top_weight[link]
            part = weight * (fastest * use.top_mbps[link] + free) / (fastest + weight)
            if (
                use.top_count[link] == 0
            ):  # the fastest have left; what the others could give is not known, but this is fair
                part = capacity_mbps[link] / (use.flow_count[link] + 1)
            rate = min(rate, max(free, part))
    for h in range(links.shape[1]):
        link = links[row, h]
        if link >= 0:
            use.flow_count[link] += 1
            if rate > use.free_mbps[link]:  # the fastest would have to give way, as far as to this rate
                use.top_mbps[link] = rate / weight
                use.top_count[link] += 1
                use.top_weight[link] += weight
            else:
                _rank(link, rate / weight, weight, use)
            use.free_mbps[link] -= rate
    return rate


@numba.njit(cache=True, nogil=True)
def depart(links, row, rate_mbps, weight, use):  # type: ignore[no-untyped-def]
    """Let a flow go that had this rate and weight."""
    for h in range(links.shape[1]):
        link = links[row, h]
        if link >= 0:
            use.flow_count[link] -= 1
            use.free_mbps[link] += rate_mbps
            if rate_mbps >= weight * use.top_mbps[link] * (1 - ALIKE):
                use.top_count[link] = max(use.top_count[link] - 1, 0)
                use.top_weight[link] = max(use.top_weight[link] - weight, 0.0)


@numba.njit(cache=True, nogil=True)
def _clear(link, capacity_mbps, use):  # type: ignore[no-untyped-def]
    use.free_mbps[link] = capacity_mbps[link]
    use.top_mbps[link] = 0.0
    use.top_count[link] = 0
    use.top_weight[link] = 0.0
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
def look(probe_links, probe, capacity_mbps, use, seen):  # type: ignore[no-untyped-def]
    """Write down how full the links of a probe are, how many flows are on each and the level of its fastest."""
    for h in range(probe_links.shape[1]):
        link = probe_links[probe, h]
        if link >= 0:
            capacity = capacity_mbps[link]
            seen.utilisation[probe, h] = 1.0 - max(use.free_mbps[link], 0.0) / capacity if capacity > 0 else 1.0
            seen.flow_count[probe, h] = use.flow_count[link]
            seen.level_mbps[probe, h] = use.top_mbps[link] if use.flow_count[link] > 0 else np.inf
