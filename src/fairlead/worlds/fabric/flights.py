"""Flights of packets: what a flow sends in one round trip, how long it takes, and what of it is lost."""

from __future__ import annotations

import numba
import numpy as np

from fairlead.worlds.fabric.chance import drawn
from fairlead.worlds.fabric.connection import WIRE_BYTES
from fairlead.worlds.fabric.queues import admit, join, part, refusing, settle


@numba.njit(cache=True, nogil=True)
def look(queues, hops, now):  # type: ignore[no-untyped-def]  # compiled
    """A packet that sets out now: (time that it waits in queues as they are now, share refused); settles them."""
    waits_s, kept = 0.0, 1.0
    for link in hops:
        if link < 0:
            break
        settle(queues[link], now)
        waits_s += queues[link].held / queues[link].capacity
        kept *= 1.0 - refusing(queues[link])
    return waits_s, 1.0 - kept


@numba.njit(cache=True, nogil=True)
def set_out(queues, flow, wanted, clocked, now):  # type: ignore[no-untyped-def]
    """Send up to ``wanted`` packets, no faster than the pace. Queues are settled.

    What acknowledgements clock is spread over the round trip ``trip_s``; the rest leaves together.
    """
    flow.sent = min(wanted, max(1, int(min(1e12, flow.pace * flow.trip_s / WIRE_BYTES))))
    flow.begun_s = now
    flow.crowd = 0.0
    flow.clocked = clocked
    flow.safe, flow.kept = flow.sent, 1.0
    rate = flow.sent * WIRE_BYTES / flow.trip_s
    for hop in range(len(flow.there)):
        if flow.there[hop] < 0:
            break
        queue = queues[flow.there[hop]]
        flow.crowd = max(flow.crowd, min(1.0, queue.arriving / queue.capacity))
        if not clocked:
            count = flow.safe + (flow.sent - flow.safe) * flow.kept
            safe, kept = admit(queue, count, flow.slot_s, drawn(flow))
            flow.safe = min(flow.safe, int(safe))
            flow.kept *= kept
            continue
        flow.rate[hop] = rate
        flow.mark[hop] = queue.refused_s
        rate = join(queue, rate)  # the next link gets no more than this one lets through


@numba.njit(cache=True, nogil=True)
def come_back(queues, flow, now):  # type: ignore[no-untyped-def]
    """The round trip is over: leave the queues; the share of the flight that full queues refused."""
    if not flow.clocked:
        return 1.0 - flow.kept
    kept, lasted = 1.0, now - flow.begun_s
    for hop in range(len(flow.there)):
        if flow.there[hop] < 0:
            break
        queue = queues[flow.there[hop]]
        settle(queue, now)
        part(queue, flow.rate[hop])
        kept *= 1.0 - (queue.refused_s - flow.mark[hop]) / lasted
    return 1.0 - kept


@numba.njit(cache=True, nogil=True)
def gap_s(flow):  # type: ignore[no-untyped-def]
    """Between two packets of a burst at the receiver: the narrowest link's time for one, and for what others put in."""
    return flow.slot_s * (1.0 + flow.crowd)


@numba.njit(cache=True, nogil=True)
def _either(one, other):  # type: ignore[no-untyped-def]
    return 1.0 - (1.0 - one) * (1.0 - other)


@numba.njit(cache=True, nogil=True)
def losses(flow, refused, covered):  # type: ignore[no-untyped-def]
    """Lost packets of a flight: those that faults drop, and of those behind the safe ones what queues ``refused``.

    Returns (lost, of these the last ones of the flight that no arrival follows, place of the first loss that an arrival
    follows and that is not among the first ``covered``; -1: none).
    """
    sent, safe = flow.sent, 0 if flow.clocked else flow.safe
    lost, run, counted, place = 0, 0, -1, -1
    previous, first = -2, -1
    while place < sent - 1:
        until, drop = (safe, flow.there_drop) if place + 1 < safe else (sent, _either(flow.there_drop, refused))
        # distance to the next loss is geometric: one number a loss, not one a packet
        skip = np.log(drawn(flow)) / np.log1p(-drop) if 0.0 < drop < 1.0 else (0.0 if drop > 0.0 else np.inf)
        if skip >= until - 1 - place:
            place = until - 1
            continue
        place += 1 + int(skip)
        if first < 0 and place > previous + 1:
            first = counted  # an arrival follows the run that has just ended
        run = run + 1 if place == previous + 1 else 1
        if counted < 0 and place >= covered:
            counted = place
        lost, previous = lost + 1, place
    tail = run if previous == sent - 1 else 0
    if first < 0 and counted < sent - tail:
        first = counted
    return lost, tail, first
