"""Queues of links as fluids: what flows send fills them, the link empties them, what does not fit is refused.

Between two events the rates are constant, so a queue is a broken line and is brought up to a moment only when somebody
looks at it. Drop-tail: a full queue refuses the share of what arrives that the link cannot carry.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from fairlead.worlds.fabric.connection import WIRE_BYTES

Reals = NDArray[np.float64]
Records = NDArray[Any]

DEFAULT_BUFFER_BYTES = 150_000.0
"""What a queue holds where the network does not say: 100 full packets."""

RIPPLE_PACKETS = 6.0
"""Mean room in a queue beside the fluid's, since packets come and go one by one.

With it a lone packet finds no room at a link that 8, 16, 32 flows of CUBIC fill as often as it did under Linux.
"""

QUEUE = np.dtype(
    [
        ("capacity", "f8"),  # bytes a second that the link carries
        ("room", "f8"),  # bytes that the queue holds
        ("held", "f8"),  # bytes in it at settled_s
        ("arriving", "f8"),  # bytes a second that flights fill it with since then
        ("users", "i8"),  # flights that cross it
        ("settled_s", "f8"),  # moment up to which the rest is known
        ("refused_s", "f8"),  # integral over time of the share that was refused
        ("most", "f8"),  # most bytes that it ever held
    ]
)
"""One queue, a cache line."""


def empty_queues(capacity_mbps: Reals, buffer_bytes: Reals) -> Records:
    """[links] of QUEUE in which nothing is, at time 0; ``buffer_bytes`` NaN where it is not known."""
    queues = np.zeros(len(capacity_mbps), QUEUE)
    queues["capacity"] = capacity_mbps * 1e6 / 8
    queues["room"] = np.where(np.isnan(buffer_bytes), DEFAULT_BUFFER_BYTES, buffer_bytes)
    return queues


@numba.njit(cache=True, nogil=True)
def settle(queue, now):  # type: ignore[no-untyped-def]  # compiled
    """Bring one queue up to ``now``."""
    passed = now - queue.settled_s
    if passed <= 0.0:
        return
    queue.settled_s = now
    excess = queue.arriving - queue.capacity
    held = queue.held + excess * passed
    if held > queue.room:
        # excess > 0 then, and the queue was full for the last part of the time
        queue.refused_s += (held - queue.room) / queue.arriving
        held = queue.room
    queue.held = max(0.0, held)
    queue.most = max(queue.most, held)


@numba.njit(cache=True, nogil=True)
def refusing(queue):  # type: ignore[no-untyped-def]
    """Share of what arrives at this moment that a settled queue refuses."""
    if queue.held < queue.room or queue.arriving <= queue.capacity:
        return 0.0
    return 1.0 - queue.capacity / queue.arriving


@numba.njit(cache=True, nogil=True)
def admit(queue, count, slot_s, luck):  # type: ignore[no-untyped-def]
    """Put packets that come together, one every ``slot_s``, into a settled queue.

    (how many come before it is full, share of the rest that gets in). A packet that finds it full is refused. From then
    on places become free one by one, and these packets and what others send take them alike.
    """
    coming, leaving = WIRE_BYTES + queue.arriving * slot_s, queue.capacity * slot_s
    room = min(queue.room, max(0.0, queue.room - queue.held) - RIPPLE_PACKETS * WIRE_BYTES * np.log(luck))
    safe = count
    if room < WIRE_BYTES:
        safe = 0.0
    elif coming > leaving:
        safe = min(count, np.floor(room / (coming - leaving)))
    rest = count - safe
    kept = np.floor(rest * min(1.0, leaving / coming)) / rest if rest > 0 else 1.0
    queue.refused_s += rest * slot_s * (1.0 - kept)
    queue.held = max(queue.held, min(queue.room, queue.held + (safe + rest * kept) * WIRE_BYTES))
    queue.most = max(queue.most, queue.held)
    return safe, kept


@numba.njit(cache=True, nogil=True)
def join(queue, rate):  # type: ignore[no-untyped-def]
    """A flight begins to fill a settled queue; the rate at which it comes out again."""
    queue.arriving += rate
    queue.users += 1
    return rate * min(1.0, queue.capacity / queue.arriving)


@numba.njit(cache=True, nogil=True)
def part(queue, rate):  # type: ignore[no-untyped-def]
    """A flight ceases to fill a settled queue."""
    queue.users -= 1
    # nobody left: exactly nothing, whatever rounding says
    queue.arriving = max(0.0, queue.arriving - rate) if queue.users else 0.0
