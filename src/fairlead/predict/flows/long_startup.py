"""What a long flow loses before it has its share of the network: handshake and slow start.

Departs: the paper's long flows have their share from the start (A.2 only says that a window could be a ceiling in the
first epochs). At a few hundred Mbit/s a flow of 200 kB is through in a few milliseconds, of which this is a good part;
and where a link drops packets, a lost handshake costs a second, more than most flows last.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Reals = NDArray[np.float64]

SEGMENT_BYTES = 1448.0
"""Payload of a full packet."""

PAYLOAD_RATIO = SEGMENT_BYTES / 1500.0
"""Of what a link carries."""

HANDSHAKE_TIMEOUT_S = 1.0
"""Of the first attempt; each further one waits twice as long (RFC 6298)."""

_ATTEMPTS = 7  # after the first, as Linux's tcp_syn_retries and one


def startup_s(rtt_ms: Reals, loss_ratio: Reals, narrowest_mbps: Reals, luck: Reals, initial_window: int = 10) -> Reals:
    """[flows] seconds from connect() to the share of the network, less what is sent until then.

    rtt_ms         : [flows] base round trip
    loss_ratio     : [flows] of a packet on the way; the way back is taken to be alike
    narrowest_mbps : [flows] capacity of the narrowest link
    luck           : [flows] uniform in (0, 1)

    A round trip of handshake, half of one for the last byte to arrive, and slow start: while the window doubles up to
    the w packets that fill the way, log2(w / initial) round trips pass, in which as much is sent as later in one.
    """
    full = narrowest_mbps * PAYLOAD_RATIO * rtt_ms * 125.0 / SEGMENT_BYTES  # packets that fill the way
    ratio = np.maximum(full / initial_window, 1.0)
    slow_start = np.log2(ratio) - (1.0 - 1.0 / ratio)
    return (1.5 + slow_start) * rtt_ms * 1e-3 + handshake_wait_s(loss_ratio, luck)


def handshake_wait_s(loss_ratio: Reals, luck: Reals) -> Reals:
    """[flows] time-outs of a handshake: an attempt fails when its packet or the answer to it is lost."""
    fails = np.clip(1.0 - (1.0 - loss_ratio) ** 2, 0.0, 1.0)
    failed = np.zeros(len(luck))
    for attempt in range(1, _ATTEMPTS + 1):
        failed += luck < fails**attempt
    return np.asarray(HANDSHAKE_TIMEOUT_S * (2.0**failed - 1.0))
