"""The record of a connection: all that the simulator keeps of a flow, by the file that tends to it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairlead.worlds.fabric.routes import MOST_HOPS

Reals = NDArray[np.float64]
Rows = NDArray[np.int32]
Records = NDArray[Any]

WIRE_BYTES = 1500.0
PAYLOAD_BYTES = 1448.0
INITIAL_WINDOW = 10.0
BBR_ROUNDS = 10
"""Rounds that BBR's filter of the bandwidth remembers."""

CONNECT, READY, ROUND_OVER, REPAIR_DUE, PROBE_DUE, PROBE_OVER, TIMEOUT, WAIT, OVER = range(9)
"""What happens to a flow next."""

UNCLOCKED = (READY, PROBE_DUE, TIMEOUT)
"""After a handshake, or a silence, no acknowledgement lets packets go one by one."""

_WAY = [  # there and back are drawn apart, as switches hash them apart
    ("there", "i4", MOST_HOPS),  # rows of links, -1 after the last
    ("back", "i4", MOST_HOPS),
    ("there_s", "f8"),  # propagation
    ("back_s", "f8"),
    ("there_drop", "f8"),  # share of packets lost to faults on the way
    ("back_drop", "f8"),
    ("slot_s", "f8"),  # time that a packet takes on the narrowest link there
]
_FLIGHT = [  # flights.py: what is under way
    ("sent", "i8"),  # packets in it
    ("begun_s", "f8"),  # when its first packet left
    ("trip_s", "f8"),  # until the acknowledgement of that is back
    ("toward_s", "f8"),  # until it is at the receiver
    ("crowd", "f8"),  # what others fill of the busiest link on the way, ratio
    ("rate", "f8", MOST_HOPS),  # bytes a second into each queue
    ("mark", "f8", MOST_HOPS),  # refused_s of each queue when it began
    ("clocked", "b1"),  # acknowledgements let its packets go one by one; else they leave together
    ("safe", "i8"),  # of those that left together, how many found room in all queues
    ("kept", "f8"),  # and the share of the others that got in
]
_SENDING = [  # rounds.py: packets. total = unsent + owed + hidden + delivered + those on the way
    ("total", "i8"),
    ("unsent", "i8"),  # never sent
    ("owed", "i8"),  # known to be lost, to be sent again
    ("hidden", "i8"),  # lost, and nothing that arrived has shown it yet
    ("delivered", "i8"),  # at the receiver
    ("next", "i8"),  # CONNECT ... OVER
    ("recovering", "b1"),  # a loss is being repaired; no probe then
    ("fresh", "b1"),  # the probe under way is a packet that was never sent before
    ("doublings", "i8"),  # time-outs in a row
    ("shown", "i8"),  # arrivals since something hidden was lost, while they are too few to call it lost
    ("doubt_s", "f8"),  # moment from which few are enough
    ("covered", "f8"),  # share of the next flight that is sent before the last loss is seen: its losses are old news
    ("extra", "f8"),  # packets beyond the window that it has for that reason
    ("finish_s", "f8"),  # when the last byte was at the receiver; NaN: not yet
    ("stream", "u8"),  # its own chance
]
_WINDOW = [  # congestion.py: windows in packets, rates in bytes a second
    ("window", "f8"),
    ("threshold", "f8"),  # of slow start
    ("smooth_s", "f8"),  # smoothed round trip; 0: none yet
    ("least_s", "f8"),  # smallest round trip
    ("pace", "f8"),  # most that is sent in a second; infinite where the window alone limits
    ("peak", "f8"),  # CUBIC: window before the last cut; 0: none yet
    ("origin", "f8"),  # CUBIC: plateau of the epoch
    ("epoch_s", "f8"),  # CUBIC: its begin; NaN: none
    ("reach_s", "f8"),  # CUBIC: from there to the plateau
    ("friendly", "f8"),  # CUBIC: window that Reno would have
    ("samples", "f8", BBR_ROUNDS),  # BBR: delivery rates of the last rounds
    ("rounds", "i8"),  # BBR: how many there were
    ("full", "f8"),  # BBR: bandwidth when it last grew
    ("stale", "i8"),  # BBR: rounds since
    ("mode", "i8"),  # BBR: state
    ("cycle", "i8"),  # BBR: place in the cycle of gains
]
CONNECTION = np.dtype([*_WAY, *_FLIGHT, *_SENDING, *_WINDOW])
"""One connection."""


def unstarted(size_bytes: Reals, stream: NDArray[np.uint64]) -> Records:
    """[flows] of CONNECTION that have sent nothing yet; their ways are still to be filled in."""
    flows = np.zeros(len(size_bytes), CONNECTION)
    flows["total"] = flows["unsent"] = np.ceil(size_bytes / PAYLOAD_BYTES)
    flows["next"] = CONNECT
    flows["finish_s"] = flows["epoch_s"] = np.nan
    flows["stream"] = stream
    flows["window"] = INITIAL_WINDOW
    flows["threshold"] = flows["least_s"] = flows["pace"] = flows["doubt_s"] = np.inf
    return flows
