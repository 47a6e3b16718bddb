"""One connection, a round trip at a time: handshake, rounds, recovery, tail loss probe, time-out.

What Linux does (RACK-TLP, RFC 8985): a loss, of a retransmission too, is found when three later packets arrive, or
fewer and a quarter of a round trip passes, or in recovery any; else by a tail loss probe or the retransmission timer.
"""

from __future__ import annotations

import numba
import numpy as np

from fairlead.worlds.fabric.chance import drawn
from fairlead.worlds.fabric.congestion import BBR, cut, grow, hear, pace_on
from fairlead.worlds.fabric.connection import (
    CONNECT,
    OVER,
    PROBE_DUE,
    PROBE_OVER,
    READY,
    REPAIR_DUE,
    ROUND_OVER,
    TIMEOUT,
    UNCLOCKED,
    WAIT,
    WIRE_BYTES,
)
from fairlead.worlds.fabric.flights import come_back, gap_s, look, losses, set_out

HANDSHAKE_BYTES = 60.0
SYN_TIMEOUT_S = 1.0
MOST_SYN_DOUBLINGS = 6
LEAST_RTO_S = 0.2
MOST_RTO_DOUBLINGS = 9
SLACK_S = 2e-3
ENOUGH_SHOWN = 3
"""Later arrivals that make a packet count as lost at once; fewer do after a quarter of a round trip on a timer."""
TICK_S = 4e-3
"""Timers run on a clock of 250 ticks a second and are never early."""


@numba.njit(cache=True, nogil=True)
def happen(queues, flow, control, now):  # type: ignore[no-untyped-def]  # compiled
    """What is next for a flow, and the moment of what comes after it; infinite when the flow is over."""
    event = flow.next
    refused = come_back(queues, flow, now) if event in (ROUND_OVER, PROBE_OVER) else 0.0
    there_s, there_refused = look(queues, flow.there, now)
    back_s, back_refused = look(queues, flow.back, now)
    toward_s = flow.there_s + there_s
    trip_s = toward_s + flow.back_s + back_s
    since_s = now
    if event == CONNECT:
        flow.trip_s = trip_s
        # queues count bytes: where a full packet does not fit, a SYN does, unless it meets the last few bytes
        small = HANDSHAKE_BYTES / WIRE_BYTES
        return now + _connected_s(flow, (1.0 - small * there_refused) * (1.0 - small * back_refused))
    if event == ROUND_OVER:
        since_s = _round_over(flow, control, refused, now, trip_s)
    elif event == PROBE_OVER:
        since_s = _probe_over(flow, control, refused, now)
    elif event == TIMEOUT:
        _time_out(flow, control)
    elif event == REPAIR_DUE:
        _repair(flow, control)
    if flow.next == OVER:
        return np.inf
    if flow.next == READY and flow.owed + flow.unsent == 0:
        flow.next = WAIT  # what is lost, no arrival can show any more
    if flow.next == REPAIR_DUE:
        return flow.doubt_s
    if flow.next == WAIT:
        return max(now, since_s + _timer_s(flow))
    flow.toward_s, flow.trip_s = toward_s, trip_s
    _send(queues, flow, control == BBR or event not in UNCLOCKED, now)  # BBR paces all that it sends
    return now + trip_s


@numba.njit(cache=True, nogil=True)
def _connected_s(flow, admitted):  # type: ignore[no-untyped-def]
    """SYN and SYN-ACK; each loss costs 1 s, 2 s, 4 s, ... Time until data may flow."""
    hear(flow, 1)
    kept = (1.0 - flow.there_drop) * (1.0 - flow.back_drop)
    waited_s, doublings = 0.0, 0
    # the first attempt meets the queues as they are; later ones some other state, so faults alone
    while drawn(flow) > (kept if doublings else kept * admitted):
        waited_s += SYN_TIMEOUT_S * 2.0 ** min(doublings, MOST_SYN_DOUBLINGS)
        doublings += 1
    flow.next = READY
    return waited_s + flow.trip_s


@numba.njit(cache=True, nogil=True)
def _send(queues, flow, clocked, now):  # type: ignore[no-untyped-def]
    if flow.next == PROBE_DUE:  # one packet, new if there is one
        flow.fresh = flow.unsent > 0
        if flow.fresh:
            flow.unsent -= 1
        flow.next = PROBE_OVER
        wanted = 1
    else:
        flow.next = ROUND_OVER
        wanted = min(flow.owed + flow.unsent, max(1, int(flow.window + flow.extra) - flow.hidden))
    flow.extra = 0.0
    set_out(queues, flow, wanted, clocked, now)


@numba.njit(cache=True, nogil=True)
def _timer_s(flow):  # type: ignore[no-untyped-def]
    """Nothing comes back any more: set the timer, and how long it runs."""
    wait_s = flow.smooth_s + LEAST_RTO_S
    if flow.recovering:
        flow.next = TIMEOUT
        wait_s *= 2.0 ** min(flow.doublings, MOST_RTO_DOUBLINGS)
    else:
        flow.next = PROBE_DUE
        if flow.hidden > 1:  # a lone packet may wait for a delayed acknowledgement: its probe is no earlier
            wait_s = min(wait_s, 2 * flow.smooth_s + SLACK_S)
    return _ticks_s(flow, wait_s)


@numba.njit(cache=True, nogil=True)
def _ticks_s(flow, wait_s):  # type: ignore[no-untyped-def]
    return (np.ceil(wait_s / TICK_S) + drawn(flow)) * TICK_S


@numba.njit(cache=True, nogil=True)
def _heard(flow, arrived):  # type: ignore[no-untyped-def]
    """Whether any acknowledgement comes back: one for every second packet."""
    return arrived > 0 and (flow.back_drop == 0.0 or drawn(flow) >= flow.back_drop ** ((arrived + 1) // 2))


@numba.njit(cache=True, nogil=True)
def _round_over(flow, control, refused, now, ahead_s):  # type: ignore[no-untyped-def]
    """The first acknowledgement of a flight is due: what arrived, and what that shows. When the last one is due."""
    old_news = int(flow.covered * flow.sent)
    flow.covered = 0.0
    lost, tail, first = losses(flow, refused, old_news)
    again = min(flow.sent, flow.owed)
    flow.owed -= again
    flow.unsent -= flow.sent - again
    arrived = flow.sent - lost
    flow.delivered += arrived
    last_s = min(flow.trip_s, (flow.sent - 1) * gap_s(flow))
    if flow.delivered == flow.total:
        flow.finish_s = flow.begun_s + flow.toward_s + last_s
        flow.next = OVER
        return now
    if not _heard(flow, arrived):
        flow.hidden += lost
        flow.next = WAIT
        return flow.begun_s + last_s
    hear(flow, arrived)
    flow.doublings = 0
    if _doubtful(flow, lost, first, arrived, now):
        flow.hidden += lost
        # whichever comes first: more arrivals, or the timer
        flow.next = READY if flow.unsent > 0 and now + ahead_s < flow.doubt_s else REPAIR_DUE
        return now + last_s
    if flow.hidden > 0 and old_news == 0:
        first = 0  # the first arrival shows what the flight before had lost at its end
    flow.owed += flow.hidden + lost - tail
    flow.hidden = tail
    _steer(flow, control, arrived, old_news, first, now, ahead_s)
    flow.next = READY
    return now + last_s


@numba.njit(cache=True, nogil=True)
def _doubtful(flow, lost, first, arrived, now):  # type: ignore[no-untyped-def]
    """Whether too few later packets have arrived to call anything lost yet."""
    if flow.recovering or (flow.hidden == 0 and first < 0):
        return False
    flow.shown += arrived if flow.hidden > 0 else flow.sent - first - lost
    if flow.shown >= ENOUGH_SHOWN or now >= flow.doubt_s:
        flow.shown, flow.doubt_s = 0, np.inf
        return False
    if flow.doubt_s == np.inf:
        flow.doubt_s = now + _ticks_s(flow, SLACK_S + flow.least_s / 4)
    return True


@numba.njit(cache=True, nogil=True)
def _repair(flow, control):  # type: ignore[no-untyped-def]
    """What is hidden counts as lost: to be sent again, on a window that was cut."""
    flow.owed += flow.hidden
    flow.hidden, flow.shown, flow.doubt_s = 0, 0, np.inf
    cut(flow, control)
    flow.recovering = True
    flow.next = READY


@numba.njit(cache=True, nogil=True)
def _steer(flow, control, arrived, old_news, first, now, ahead_s):  # type: ignore[no-untyped-def]
    """Congestion control hears of ``arrived`` packets, and of a loss at place ``first`` of the flight (-1: none)."""
    if control == BBR:
        pace_on(flow, arrived, ahead_s)
    else:
        # no growth while a loss is being repaired, and after the next one is found
        acks = min(arrived, first) if first >= 0 else arrived
        grow(flow, control, float(max(0, acks - old_news)), now, gap_s(flow))
    if first >= 0:
        # what is sent until the loss is seen is sent on the window of before, and its losses are old news then
        before = flow.window
        cut(flow, control)
        flow.covered = first / flow.sent
        flow.extra = flow.covered * (before - flow.window)
        flow.recovering = True
    elif flow.owed == 0:
        flow.recovering = False


@numba.njit(cache=True, nogil=True)
def _probe_over(flow, control, refused, now):  # type: ignore[no-untyped-def]
    """The answer to a probe is due: it shows what was lost, or the time-out comes."""
    arrived = losses(flow, refused, 0)[0] == 0
    if arrived and flow.fresh:
        flow.delivered += 1
    elif arrived and flow.hidden > 0:
        flow.delivered += 1
        flow.hidden -= 1
    elif flow.fresh:
        flow.hidden += 1
    flow.recovering = True  # no second probe
    if flow.delivered == flow.total:
        flow.finish_s = flow.begun_s + flow.toward_s
        flow.next = OVER
    elif not (arrived and _heard(flow, 1)):
        flow.next = WAIT
        return flow.begun_s
    else:
        hear(flow, 1)
        _repair(flow, control)
    return now


@numba.njit(cache=True, nogil=True)
def _time_out(flow, control):  # type: ignore[no-untyped-def]
    """Everything that is out counts as lost; begin again with one packet, in slow start."""
    peak, threshold = flow.peak, flow.threshold
    _repair(flow, control)
    if flow.doublings > 0:
        flow.peak, flow.threshold = peak, threshold  # one cut a series
    flow.window = 1.0
    flow.doublings += 1
