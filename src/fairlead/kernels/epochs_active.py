"""Flows under way: those that enter, their rates, when an epoch ends and who has left by then."""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np

from fairlead.kernels.epochs_use import Pull, empty_queues, queue_up, weigh
from fairlead.kernels.max_min import fill
from fairlead.kernels.max_min_fast import fill_fast
from fairlead.kernels.max_min_filling import Filling, Int32s, Reals, filling

BYTES_PER_MBIT = 125_000.0
EXACT = 53  # bits of a float: no two levels are alike, so the filling is the exact one


class Traffic(NamedTuple):
    """Flows in the order in which they enter, and the probes in theirs."""

    links: Int32s  # [flows, hops]
    enter_s: Reals
    size_bytes: Reals
    ceiling_mbps: Reals
    pull: Pull
    probe_links: Int32s  # [probes, hops]
    probe_s: Reals


class Seen(NamedTuple):
    """What is written down on the way."""

    finish_s: Reals
    delivered_bytes: Reals
    utilisation: Reals  # [probes, hops]
    flow_count: Int32s  # [probes, hops]
    level_mbps: Reals  # [probes, hops]


class Active(NamedTuple):
    """Flows under way in the order of their arrival; room for more than there are."""

    rows: Int32s
    left_bytes: Reals
    rate_mbps: Reals
    finish_s: Reals  # at this rate
    work: Filling


@numba.njit(cache=True, nogil=True)
def nobody(room, hop_count, link_count):  # type: ignore[no-untyped-def]  # compiled
    """No flow, and room for so many."""
    work = filling(room, hop_count, link_count)
    return Active(np.empty(room, np.int32), np.empty(room), np.empty(room), np.empty(room), work)


@numba.njit(cache=True, nogil=True)
def resized(active, active_count, room, hop_count):  # type: ignore[no-untyped-def]  # compiled
    """With room for so many flows."""
    rows, left, rate, finish = np.empty(room, np.int32), np.empty(room), np.empty(room), np.empty(room)
    rows[:active_count] = active.rows[:active_count]
    left[:active_count] = active.left_bytes[:active_count]
    rate[:active_count] = active.rate_mbps[:active_count]
    finish[:active_count] = active.finish_s[:active_count]
    work = filling(room, hop_count, len(active.work.left))
    work.waiting_flows[:active_count] = active.work.waiting_flows[:active_count]
    work.weight[:active_count] = active.work.weight[:active_count]
    return Active(rows, left, rate, finish, work)


@numba.njit(cache=True, nogil=True)
def put(active, place, row, left_bytes, rate_mbps, now_s):  # type: ignore[no-untyped-def]
    """Write down a flow at a place: what it has left, and when it is done at this rate."""
    active.rows[place] = row
    active.left_bytes[place] = left_bytes
    active.rate_mbps[place] = rate_mbps
    active.finish_s[place] = now_s + left_bytes / (rate_mbps * BYTES_PER_MBIT) if rate_mbps > 0 else np.inf


@numba.njit(cache=True, nogil=True)
def rates(traffic, capacity_mbps, bits, now_s, active, active_count, crossed_count, use):  # type: ignore[no-untyped-def]
    """New rates for all, and how they use the links; how many links they cross, ``crossed_count`` so far."""
    links, ceiling_mbps = traffic.links, traffic.ceiling_mbps
    rows, rate, work = active.rows[:active_count], active.rate_mbps[:active_count], active.work
    for j in range(active_count):
        work.weight[j] = weigh(links, rows[j], traffic.pull, use)
    empty_queues(crossed_count, use)
    if bits >= EXACT:
        crossed_count = fill(links, rows, capacity_mbps, ceiling_mbps, rate, work)
    else:
        crossed_count = fill_fast(links, rows, capacity_mbps, ceiling_mbps, bits, rate, work)
    for k in range(crossed_count):
        link = work.crossed[k]
        use.crossed[k] = link
        use.free_mbps[link] = max(work.left[link], 0.0)
        use.flow_count[link] = work.last[link] - work.first[link]
    queue_up(crossed_count, capacity_mbps, traffic.pull, use)
    for j in range(active_count):
        put(active, j, rows[j], active.left_bytes[j], rate[j], now_s)
    return crossed_count


@numba.njit(cache=True, nogil=True)
def rise(heap, key, entry, size):  # type: ignore[no-untyped-def]
    """Put an entry into a heap of ``size`` whose least key is on top."""
    place = size
    while place > 0 and key[heap[(place - 1) // 2]] > key[entry]:
        heap[place] = heap[(place - 1) // 2]
        place = (place - 1) // 2
    heap[place] = entry


@numba.njit(cache=True, nogil=True)
def end(now_s, active, active_count, enter_s, entered, epoch_s, until_s, events):  # type: ignore[no-untyped-def]
    """When the epoch that starts now ends: not after so many arrivals or departures."""
    end_s = min(now_s + epoch_s, until_s)
    if entered + events <= len(enter_s):
        end_s = min(end_s, enter_s[entered + events - 1])
    if events == 1:
        for j in range(active_count):
            end_s = min(end_s, active.finish_s[j])
    elif events <= active_count:
        end_s = min(end_s, np.partition(active.finish_s[:active_count], events - 1)[events - 1])
    return end_s


@numba.njit(cache=True, nogil=True)
def leave(end_s, active, active_count, size_bytes, finish_s, delivered_bytes):  # type: ignore[no-untyped-def]
    """Let those go whose last byte is sent by the end; how many stay. Their ``left_bytes`` are those at the end."""
    stay = 0
    for j in range(active_count):
        row = active.rows[j]
        if active.finish_s[j] <= end_s:
            finish_s[row] = active.finish_s[j]
            delivered_bytes[row] = size_bytes[row]
        else:
            left = active.left_bytes[j]
            if active.rate_mbps[j] > 0:
                left = (active.finish_s[j] - end_s) * active.rate_mbps[j] * BYTES_PER_MBIT
            active.rows[stay] = row
            active.left_bytes[stay] = left
            stay += 1
    return stay
