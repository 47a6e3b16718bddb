"""Congestion windows: Reno, CUBIC with HyStart, and BBR, as Linux has them, once a round trip.

Reno: RFC 5681; CUBIC: RFC 9438 and Ha, Rhee and Xu (2008); BBR: Cardwell et al. (2016), version 1. ``flow`` is a record
of connection.py.
"""

from __future__ import annotations

import numba
import numpy as np

from fairlead.worlds.fabric.chance import drawn
from fairlead.worlds.fabric.connection import BBR_ROUNDS, PAYLOAD_BYTES, WIRE_BYTES

CONGESTION_CONTROLS = ("reno", "cubic", "bbr")
RENO, CUBIC, BBR = range(3)

LEAST_THRESHOLD = 2.0
CUBIC_SCALE = 0.4
CUBIC_KEPT, RENO_KEPT = 0.7, 0.5
CUBIC_FRIENDLY = 3 * (1 - CUBIC_KEPT) / (1 + CUBIC_KEPT)  # packets a round trip that are fair towards Reno
HYSTART_LEAST_WINDOW = 16.0
LARGEST_SEGMENT_BYTES = 65_536.0
BBR_STARTUP_GAIN = 2.89
BBR_WINDOW_GAIN = 2.0
BBR_LEAST_WINDOW = 4.0
BBR_CYCLE = np.array([1.25, 0.75, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0])
STARTUP, DRAIN, PROBING = range(3)


@numba.njit(cache=True, nogil=True)
def hear(flow, acks):  # type: ignore[no-untyped-def]  # compiled
    """Take note of a round trip that ``acks`` acknowledgements measured (RFC 6298: an eighth of each)."""
    keep = 0.875**acks if flow.smooth_s > 0.0 else 0.0
    flow.smooth_s = keep * flow.smooth_s + (1.0 - keep) * flow.trip_s
    flow.least_s = min(flow.least_s, flow.trip_s)


@numba.njit(cache=True, nogil=True)
def _hystart_window(flow, acks, gap_s):  # type: ignore[no-untyped-def]
    """Window at which HyStart leaves slow start in this round; infinite where it does not.

    A train of acknowledgements as long as half a round trip says that the path is full (tcp_cubic.c; its allowance for
    what the sender's card merges is at most 1 ms); a queue of 4 to 16 ms says so too.
    """
    queue_s = min(max(flow.least_s / 8, 4e-3), 16e-3)
    if flow.trip_s >= flow.least_s + queue_s and flow.window >= HYSTART_LEAST_WINDOW:
        return flow.window
    pacing = 2.0 * flow.window * PAYLOAD_BYTES / flow.smooth_s
    train = 0.5 * (flow.least_s + min(1e-3, 4 * LARGEST_SEGMENT_BYTES / pacing)) / gap_s
    train = max(train, HYSTART_LEAST_WINDOW - flow.window)
    return flow.window + train if train < acks else np.inf


@numba.njit(cache=True, nogil=True)
def _cubic_growth(flow, acks, now):  # type: ignore[no-untyped-def]
    window = flow.window
    if np.isnan(flow.epoch_s):
        flow.epoch_s = now
        flow.friendly = window
        flow.origin = max(window, flow.peak)
        flow.reach_s = ((flow.origin - window) / CUBIC_SCALE) ** (1 / 3)
    ahead_s = now - flow.epoch_s + flow.least_s - flow.reach_s
    target = flow.origin + CUBIC_SCALE * ahead_s**3
    per_ack = max(target - window, 0.01) / window
    if flow.peak == 0.0:
        per_ack = max(per_ack, 0.05)  # no cut so far: find the ceiling, a twentieth a round trip
    flow.friendly += CUBIC_FRIENDLY * acks / window
    per_ack = max(per_ack, (flow.friendly - window) / window)
    flow.window = window + min(per_ack, 0.5) * acks


@numba.njit(cache=True, nogil=True)
def grow(flow, control, acks, now, gap_s):  # type: ignore[no-untyped-def]
    """Reno and CUBIC: ``acks`` packets were acknowledged; ``gap_s`` apart when they come in a burst."""
    if flow.window < flow.threshold:
        if control == CUBIC:
            flow.threshold = min(flow.threshold, max(flow.window, _hystart_window(flow, acks, gap_s)))
        before = flow.window
        flow.window = min(before + acks, flow.threshold)
        acks -= flow.window - before
    if acks > 0.0:
        if control == CUBIC:
            _cubic_growth(flow, acks, now)
        else:
            flow.window += acks / flow.window


@numba.njit(cache=True, nogil=True)
def cut(flow, control):  # type: ignore[no-untyped-def]
    """Losses were found: fast recovery. BBR does not mind."""
    window = flow.window
    if control == CUBIC:
        # fast convergence: a flow that has to give way again gives way further
        flow.peak = window * (1 + CUBIC_KEPT) / 2 if window < flow.peak else window
        flow.epoch_s = np.nan
    if control != BBR:
        kept = CUBIC_KEPT if control == CUBIC else RENO_KEPT
        flow.threshold = max(LEAST_THRESHOLD, np.floor(kept * np.floor(window)))  # Linux counts whole packets
        flow.window = flow.threshold


@numba.njit(cache=True, nogil=True)
def _burst(pace):  # type: ignore[no-untyped-def]
    """Packets that a sender hands to its card at once: a millisecond's (tcp_bbr.c). Windows have room for three."""
    return min(127.0, max(2.0, np.floor(pace / 1024 / PAYLOAD_BYTES)))


@numba.njit(cache=True, nogil=True)
def _bbr_gain(flow, bandwidth):  # type: ignore[no-untyped-def]
    """Gain of the pace in the next round."""
    if flow.mode == STARTUP:
        flow.stale += 1
        if bandwidth >= 1.25 * flow.full:
            flow.full, flow.stale = bandwidth, 0
        if flow.stale < 3:
            return BBR_STARTUP_GAIN
        flow.mode = DRAIN
    if flow.mode == DRAIN:
        if flow.sent * WIRE_BYTES > bandwidth * flow.least_s + 3 * _burst(bandwidth) * WIRE_BYTES:
            return 1.0 / BBR_STARTUP_GAIN
        flow.mode = PROBING
        # begins anywhere but in the phase that drains
        flow.cycle = (2 + int(7 * drawn(flow))) % len(BBR_CYCLE)
    else:
        flow.cycle = (flow.cycle + 1) % len(BBR_CYCLE)
    return BBR_CYCLE[flow.cycle]


@numba.njit(cache=True, nogil=True)
def pace_on(flow, acks, ahead_s):  # type: ignore[no-untyped-def]
    """BBR: a flight is over, of which ``acks`` packets come back over the next ``ahead_s``; sets window and pace.

    Departs: the smallest round trip is that of the flow's life, without probing for it every 10 s, since few flows live
    so long; a phase of the cycle lasts a round trip, not the smallest one, since flights do; a round gives one sample
    of the bandwidth, so that beyond a fifth of loss the estimate decays where Linux, which takes the best of many
    samples and falls back on a long-term mean, holds on.
    """
    flow.samples[flow.rounds % BBR_ROUNDS] = acks * WIRE_BYTES / ahead_s
    flow.rounds += 1
    bandwidth = 0.0
    for sample in flow.samples:
        bandwidth = max(bandwidth, sample)
    flow.pace = _bbr_gain(flow, bandwidth) * bandwidth
    window_gain = BBR_STARTUP_GAIN if flow.mode == STARTUP else BBR_WINDOW_GAIN
    target = window_gain * bandwidth * flow.least_s / WIRE_BYTES + 3 * _burst(flow.pace)
    flow.window = min(flow.window + acks, max(BBR_LEAST_WINDOW, target))
