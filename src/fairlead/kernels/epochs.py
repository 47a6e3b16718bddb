"""Long flows through time: max-min fair rates that hold for an epoch, then new ones (SWARM 3.3, Algorithm 1).

An epoch ends with what comes first: its longest allowed length, or as many arrivals, or as many departures, as a stated
share of the flows under way. With share 0 every arrival and every departure ends an epoch: the exact fluid, the limit
of ever shorter epochs.

Departs: Algorithm 1 lets a flow wait for the next epoch and then counts it for a whole one. Where a flow lives for less
than an epoch that is most of what it sees, so here a flow starts when it starts, at the rate that the links of its way
would give to one flow more, and leaves when its last byte has been sent.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from fairlead.kernels.epochs_active import Seen, Traffic, end, leave, nobody, put, rates, resized, rise
from fairlead.kernels.epochs_use import (
    Pull,
    alike,
    arrive,
    depart,
    empty_queues,
    find_tops,
    forget,
    look,
    unused,
    weigh,
)
from fairlead.kernels.max_min import arguments
from fairlead.kernels.max_min_fast import BITS
from fairlead.kernels.max_min_filling import Int32s, Reals, sink


@numba.njit(cache=True, nogil=True)
def _enter(traffic, row, capacity_mbps, active, place, use):  # type: ignore[no-untyped-def]  # compiled
    """Let a flow in within an epoch, at what its links would give it."""
    weight = weigh(traffic.links, row, traffic.pull, use)
    active.work.weight[place] = weight
    rate = arrive(traffic.links, row, capacity_mbps, traffic.ceiling_mbps, weight, use)
    put(active, place, row, traffic.size_bytes[row], rate, traffic.enter_s[row])


@numba.njit(cache=True, nogil=True)
def _leaving(active, count, end_s):  # type: ignore[no-untyped-def]
    """A heap of those that leave before the end, the first on top: how many."""
    heap, leaving = active.work.waiting_flows, 0
    for j in range(count):
        if active.finish_s[j] < end_s:
            heap[leaving] = j
            leaving += 1
    for place in range(leaving // 2 - 1, -1, -1):
        sink(heap, active.finish_s, place, leaving)
    return leaving


@numba.njit(cache=True, nogil=True)
def _within(traffic, capacity_mbps, end_s, active, use, seen, at):  # type: ignore[no-untyped-def]
    """Arrivals and probes of an epoch in the order of time; ``at``: flows under way, entered, probed."""
    count, entered, probed = at
    leaving = _leaving(active, count, end_s)
    while True:
        arrival_s = traffic.enter_s[entered] if entered < len(traffic.enter_s) else np.inf
        probe_s = traffic.probe_s[probed] if probed < len(traffic.probe_s) else np.inf
        if min(arrival_s, probe_s) >= end_s:
            return active, (count, entered, probed)
        heap = active.work.waiting_flows
        while leaving > 0 and active.finish_s[heap[0]] <= min(arrival_s, probe_s):
            j = heap[0]
            depart(traffic.links, active.rows[j], active.rate_mbps[j], active.work.weight[j], use)
            leaving -= 1
            heap[0] = heap[leaving]
            sink(heap, active.finish_s, 0, leaving)
        if probe_s <= arrival_s:
            look(traffic.probe_links, probed, capacity_mbps, use, seen)
            probed += 1
        else:
            if count == len(active.rows):
                active = resized(active, count, 2 * count, traffic.links.shape[1])
            _enter(traffic, entered, capacity_mbps, active, count, use)
            if active.finish_s[count] < end_s:
                rise(active.work.waiting_flows, active.finish_s, count, leaving)
                leaving += 1
            count += 1
            entered += 1


@numba.njit(cache=True, nogil=True)
def _run(traffic, capacity_mbps, begin_s, until_s, epoch_s, turnover_ratio, bits, seen):  # type: ignore[no-untyped-def]
    """How many epochs it took. SWARM Algorithm 1."""
    links, hop_count = traffic.links, traffic.links.shape[1]
    active = nobody(64, hop_count, len(capacity_mbps))
    use = unused(capacity_mbps)
    now_s, count, entered, epoch_count, crossed_count = begin_s, 0, 0, 0, 0
    probed = np.searchsorted(traffic.probe_s, begin_s)
    while now_s < until_s:
        while entered < len(traffic.enter_s) and traffic.enter_s[entered] <= now_s:
            if count == len(active.rows):
                active = resized(active, count, 2 * count, hop_count)
            put(active, count, entered, traffic.size_bytes[entered], 0.0, now_s)
            count += 1
            entered += 1
        events, end_s, first_row = 1, until_s, entered
        if count > 0:
            crossed_count = rates(traffic, capacity_mbps, bits, now_s, active, count, crossed_count, use)
            events = 1 + int(min(turnover_ratio * count, 1e9))
            end_s = end(now_s, active, count, traffic.enter_s, entered, epoch_s, until_s, events)
            epoch_count += 1
        else:
            empty_queues(crossed_count, use)
            crossed_count = 0
            if entered < len(traffic.enter_s):
                end_s = min(until_s, traffic.enter_s[entered])
        if events > 1 or (probed < len(traffic.probe_s) and traffic.probe_s[probed] < end_s):
            find_tops(links, active.rows[:count], active.rate_mbps[:count], active.work.weight, use)
        at = (count, entered, probed)
        active, (count, entered, probed) = _within(traffic, capacity_mbps, end_s, active, use, seen, at)
        count = leave(end_s, active, count, traffic.size_bytes, seen.finish_s, seen.delivered_bytes)
        forget(links, capacity_mbps, crossed_count, first_row, entered, use)
        now_s = end_s
    rows = active.rows[:count]
    seen.delivered_bytes[rows] = traffic.size_bytes[rows] - active.left_bytes[:count]
    return epoch_count


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Passage:
    """What became of the flows, and what the probes saw.

    finish_s          : [flows] when the last byte was sent; NaN: not by the end
    delivered_bytes   : [flows] by the end
    utilisation_ratio : [probes, hops] of the link at the time of the probe; NaN where there is no link, or no look
    flow_count        : [probes, hops] flows under way on it; -1 where there is no link, or no look
    level_mbps        : [probes, hops] rate over weight of the fastest of them; infinite where there is none
    epoch_count       : times that rates were computed
    """

    finish_s: Reals
    delivered_bytes: Reals
    utilisation_ratio: Reals
    flow_count: Int32s
    level_mbps: Reals
    epoch_count: int


def epochs(
    links: Int32s,
    enter_s: Reals,
    size_bytes: Reals,
    ceiling_mbps: Reals,
    capacity_mbps: Reals,
    *,
    begin_s: float,
    until_s: float,
    epoch_s: float,
    turnover_ratio: float,
    bits: int = BITS,
    pull: Pull | None = None,
    probe_links: Int32s | None = None,
    probe_s: Reals | None = None,
) -> Passage:
    """Send the flows through the network from ``begin_s`` to ``until_s``.

    links, ceiling_mbps, capacity_mbps : as of ``max_min``; a ceiling holds for the life of its flow
    enter_s        : [flows] ascending; flows that entered before ``begin_s`` are under way then
    size_bytes     : [flows] what they have to send, those under way: still
    epoch_s        : longest epoch; infinite: none
    turnover_ratio : an epoch ends early with so many arrivals or departures, of the flows under way; infinite: never
    bits           : of the rates, as of ``max_min_fast``; ``EXACT``: those of ``max_min``
    pull           : what weighs flows; absent: all alike. Queues are those of the epoch before
    probe_links, probe_s : [probes, hops], [probes] ascending: when to look at which links; outside of the time: not

    O(flows under way x hops) an epoch. With turnover 0 and exact rates the answer is exact.
    """
    assert epoch_s > 0, "an epoch takes time"
    assert turnover_ratio >= 0, "a share"
    assert not np.any(np.diff(enter_s) < 0), "in the order in which they enter"
    links, capacity_mbps, ceiling_mbps = arguments(links, capacity_mbps, ceiling_mbps)
    probe_links = np.empty((0, 1), np.int32) if probe_links is None else probe_links
    traffic = Traffic(
        links=_read_only(links, np.int32),
        enter_s=_read_only(enter_s),
        size_bytes=_read_only(size_bytes),
        ceiling_mbps=_read_only(ceiling_mbps),
        pull=_pull(alike(len(links), len(capacity_mbps)) if pull is None else pull),
        probe_links=_read_only(probe_links, np.int32),
        probe_s=_read_only(np.empty(0) if probe_s is None else probe_s),
    )
    assert not np.any(np.diff(traffic.probe_s) < 0), "in the order of time"
    seen = _nothing_seen(len(links), probe_links.shape)
    times = (float(begin_s), float(until_s), float(epoch_s), float(turnover_ratio))
    count = _run(traffic, _read_only(capacity_mbps), *times, int(bits), seen)
    return Passage(
        finish_s=seen.finish_s,
        delivered_bytes=seen.delivered_bytes,
        utilisation_ratio=seen.utilisation,
        flow_count=seen.flow_count,
        level_mbps=seen.level_mbps,
        epoch_count=int(count),
    )


def _nothing_seen(flow_count: int, probes: tuple[int, ...]) -> Seen:
    return Seen(
        finish_s=np.full(flow_count, np.nan),
        delivered_bytes=np.zeros(flow_count),
        utilisation=np.full(probes, np.nan),
        flow_count=np.full(probes, -1, np.int32),
        level_mbps=np.full(probes, np.inf),
    )


def _pull(pull: Pull) -> Pull:
    rtt, full, fill = (_read_only(array) for array in (pull.base_rtt_ms, pull.full_ms, pull.fill_ratio))
    return Pull(rtt, full, fill, float(pull.power))


def _read_only(array: NDArray[Any], kind: type[np.generic] = np.float64) -> NDArray[Any]:
    """So that the kernel is compiled for one kind of array."""
    view = np.ascontiguousarray(array, kind).view()
    view.flags.writeable = False
    return view
