"""Max-min fair rates, nearly: water-filling in levels that are a stated ratio apart (SWARM 3.4, "ultra-fast").

As the exact filling, but links wait in buckets of levels instead of a heap: all within one bucket are alike, so the
next one costs no search, and a link is looked at again only when its level has risen by a bucket. A flow is settled at
the lowest level of its links as they are then, so no link is ever over its capacity.

Departs: the paper names its fast algorithm but does not give it (its reference is "under submission"); this is our own.
"""

from __future__ import annotations

import numba
import numpy as np

from fairlead.kernels.max_min import arguments, weights
from fairlead.kernels.max_min_filling import Int32s, Reals, filling, flows_by_link, settle

OCTAVES = 48  # levels below the largest capacity by more powers of two share the first bucket
BITS = 4  # buckets an octave, as a power of two: their width is 4 to 6 %


@numba.njit(cache=True, nogil=True)
def logarithm(level, shift):  # type: ignore[no-untyped-def]  # compiled
    """Exponent and leading bits of a float >= 0 (``level`` [1]): its logarithm, nearly, and rising with it."""
    return level.view(np.int64)[0] >> shift


@numba.njit(cache=True, nogil=True)
def lowest_level(links, row, level, work):  # type: ignore[no-untyped-def]
    """What a flow may have now: ``level``, or the lowest of its links where that is lower."""
    for h in range(links.shape[1]):
        link = links[row, h]
        if link >= 0 and level * work.open_weight[link] > work.left[link]:
            level = max(work.left[link], 0.0) / work.open_weight[link]
    return level


@numba.njit(cache=True, nogil=True)
def span(row_count, crossed_count, shift, work):  # type: ignore[no-untyped-def]
    """Logarithms of the lowest and the highest level that may occur."""
    least, largest, lightest = np.full(1, np.inf), np.zeros(1), np.inf
    for j in range(row_count):
        lightest = min(lightest, work.weight[j])
    for k in range(crossed_count):
        link = work.crossed[k]
        least[0] = min(least[0], work.left[link] / work.open_weight[link])
        largest[0] = max(largest[0], work.left[link] / lightest)
    for j in range(row_count):
        if work.limit[j] < np.inf:
            least[0] = min(least[0], work.limit[j])
            largest[0] = max(largest[0], work.limit[j])
    high = logarithm(largest, shift)
    return max(min(logarithm(least, shift), high), high - (OCTAVES << (52 - shift))), high


@numba.njit(cache=True, nogil=True)
def fill_fast(links, rows, capacity_mbps, ceiling_mbps, bits, rate_mbps, work):  # type: ignore[no-untyped-def]
    """As ``fill``, with ``2 ** bits`` levels to an octave. O(flows x hops + links + levels)."""
    crossed_count = flows_by_link(links, rows, capacity_mbps, ceiling_mbps, work)
    left, open_weight, limit, weight = work.left, work.open_weight, work.limit, work.weight
    next_link, next_flow, level, shift = work.waiting_links, work.waiting_flows, np.empty(1), 52 - bits
    low, high = span(len(rows), crossed_count, shift, work)
    first_link, first_flow = np.full(high - low + 1, -1, np.int32), np.full(high - low + 1, -1, np.int32)
    for k in range(crossed_count):
        link = work.crossed[k]
        level[0] = left[link] / open_weight[link]
        b = max(logarithm(level, shift) - low, 0)
        next_link[link] = first_link[b]
        first_link[b] = link
    for j in range(len(rows)):
        rate_mbps[j] = -1.0
        if limit[j] < np.inf:
            level[0] = limit[j]
            b = max(logarithm(level, shift) - low, 0)
            next_flow[j] = first_flow[b]
            first_flow[b] = j
    for b in range(high - low + 1):
        j = first_flow[b]
        while j >= 0:
            if rate_mbps[j] < 0:
                lowest = lowest_level(links, rows[j], limit[j], work)
                rate_mbps[j] = settle(links, rows[j], lowest, weight[j], work)
            j = next_flow[j]
        while first_link[b] >= 0:
            link = first_link[b]
            first_link[b] = next_link[link]
            if work.open_count[link] == 0:
                continue
            level[0] = max(left[link], 0.0) / open_weight[link]
            later = min(logarithm(level, shift), high) - low
            if later > b:
                next_link[link] = first_link[later]
                first_link[later] = link
                continue
            for i in range(work.first[link], work.last[link]):
                j = work.flow[i]
                if rate_mbps[j] < 0:
                    # no ceiling can bind here: those of this bucket and below are settled
                    lowest = lowest_level(links, rows[j], max(left[link], 0.0) / open_weight[link], work)
                    rate_mbps[j] = settle(links, rows[j], lowest, weight[j], work)
    for j in range(len(rows)):
        if rate_mbps[j] < 0:
            rate_mbps[j] = np.inf  # neither link nor ceiling
    return crossed_count


_IN_ROW_TABLE = numba.types.Array(numba.int32, 2, "C", readonly=True)
_IN_REAL = numba.types.Array(numba.float64, 1, "C", readonly=True)


@numba.njit(
    numba.void(_IN_ROW_TABLE, _IN_REAL, _IN_REAL, _IN_REAL, numba.int64, numba.float64[::1]), cache=True, nogil=True
)
def _all(links, capacity_mbps, ceiling_mbps, weight, bits, rate_mbps):  # type: ignore[no-untyped-def]
    rows = np.arange(len(links)).astype(np.int32)
    work = filling(len(links), links.shape[1], len(capacity_mbps))
    work.weight[:] = weight
    fill_fast(links, rows, capacity_mbps, ceiling_mbps, bits, rate_mbps, work)


def max_min_fast(
    links: Int32s, capacity_mbps: Reals, ceiling_mbps: Reals, weight: Reals | None = None, *, bits: int = BITS
) -> Reals:
    """[flows] rates near the max-min fair ones, Mbit/s; never above a capacity. Arguments as of ``max_min``.

    bits : levels within ``2 ** -bits`` of each other are filled together, 0 <= bits <= 12
    """
    assert 0 <= bits <= 12, "more levels than that are no faster than the exact ones"
    rate = np.empty(len(links))
    if len(rate):
        _all(*arguments(links, capacity_mbps, ceiling_mbps), weights(weight, len(rate)), bits, rate)
    return rate
