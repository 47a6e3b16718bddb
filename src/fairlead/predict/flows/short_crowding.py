"""What full queues cost short flows: packets of data that are dropped, and hardly ever a handshake.

How much they drop (``crowding_ratios``) long flows ask too (``long_delays.py``).

Departs: the paper reads a delay from its queue measurements and no loss. A queue holds bytes: where a full packet finds
no room, the few bytes of a SYN still do, nearly always. The measured probes are full packets, and in the tables of
short flows a lost SYN (a second at least) counts with the lost data; so the share of those times is taken out.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fairlead.kernels.draws import chances
from fairlead.predict.flows.long_startup import handshake_wait_s
from fairlead.predict.flows.short import WIRE_BYTES, ShortFlows
from fairlead.predict.flows.transport import Transport

Reals = NDArray[np.float64]
Int32s = NDArray[np.int32]

HANDSHAKE_BYTES = 60.0
"""A SYN, or the answer to it: headers and options alone."""

_DATA, _HANDSHAKE, _ROW = (
    (1 << 45),
    (1 << 45) + 1,
    (1 << 45) + 2,
)  # places in the hash of a flow's key that nothing else has


def crowding_ratios(met: ShortFlows, links: Int32s, transport: Transport, control: str) -> tuple[Reals, Reals]:
    """[flows] share of full packets that full queues on the way drop: when a flow starts, and in the mean.

    links : [flows, hops] -1 where there is none. Who starts at random sees the mean over time, so a link's is that of
    the flows that start; it is what a flow meets that lasts long.
    """
    by_hop = _by_hop(met, transport, control)
    crossed, link_count = links >= 0, int(links.max(initial=-1)) + 1
    mean = np.zeros(link_count + 1)  # the last place is that of no link
    dropped = np.bincount(links[crossed], by_hop[crossed], link_count)
    mean[:-1] = dropped / np.maximum(np.bincount(links[crossed], minlength=link_count), 1)
    return _on_the_way(by_hop), _on_the_way(mean[links])


def _on_the_way(by_hop: Reals) -> Reals:
    found: Reals = 1.0 - (1.0 - by_hop).prod(axis=1)
    return found


def _by_hop(met: ShortFlows, transport: Transport, control: str) -> Reals:
    found = np.zeros(met.capacity_mbps.shape)
    for hop in range(met.capacity_mbps.shape[1]):
        busy = np.flatnonzero(met.utilisation_ratio[:, hop] > 0)
        found[busy, hop] = transport.overflow_ratio(
            control,
            met.utilisation_ratio[busy, hop],
            met.flow_count[busy, hop],
            met.share_mbps[busy, hop],
            met.buffer_bytes[busy, hop],
            met.capacity_mbps[busy, hop],
            met.base_rtt_ms[busy],
        )
    return found


def handshake_ratio(crowd_ratio: Reals) -> Reals:
    """[flows] share of handshake packets that queues drop which drop this share of full packets."""
    return crowd_ratio * (HANDSHAKE_BYTES / WIRE_BYTES)


def crowded_s(met: ShortFlows, crowd_ratio: Reals, rtt_ms: Reals, transport: Transport, control: str) -> Reals:
    """[flows] what full queues add that drop this share of full packets to the completion time; one draw.

    From the measured times of short flows at the loss of the queues, less those without loss. The longest of them, as
    many as SYNs were lost, are left out.
    """
    found = np.zeros(len(crowd_ratio))
    hit = np.flatnonzero(crowd_ratio > 0)
    if not len(hit):
        return found
    share, size, rtt = crowd_ratio[hit], met.size_bytes[hit], rtt_ms[hit]
    table = transport.rounds_taken[control].grid
    measured = _measured(share, table.axes[1], chances(met.key[hit], _ROW))
    luck = np.minimum(chances(met.key[hit], _DATA) * (1.0 - measured), _unharmed(measured, table.levels))
    more = transport.rounds(control, size, measured, rtt, luck)
    more = more - transport.rounds(control, size, np.zeros(len(hit)), rtt, luck)
    # the loss of one of two ways that fails as often as the way there alone here
    alike = 1.0 - np.sqrt(1.0 - handshake_ratio(share))
    found[hit] = np.maximum(more, 0.0) * rtt * 1e-3 + handshake_wait_s(alike, chances(met.key[hit], _HANDSHAKE))
    return found


def _unharmed(loss_ratio: Reals, levels: Reals) -> Reals:
    """[flows] luck up to which a level stands for flows alone whose SYN was not lost.

    The level around that boundary is often the time of one that was, a second, and would stand for others as well.
    """
    edges = np.concatenate([(levels[1:] + levels[:-1]) / 2, [1.0]])
    place = np.searchsorted(edges, 1.0 - loss_ratio, side="right") - 1
    found: Reals = np.nextafter(edges[np.maximum(place, 0)], 0.0)
    return found


def _measured(loss_ratio: Reals, axis: Reals, luck: Reals) -> Reals:
    """[flows] one of the two measured losses around each, the nearer one more often: a mixture, as the tables are read.

    How many SYNs were lost is known of a measured loss alone.
    """
    above = np.clip(np.searchsorted(axis, loss_ratio), 1, len(axis) - 1)
    low, high = axis[above - 1], axis[above]
    return np.where(luck < (loss_ratio - low) / (high - low), high, low)
