"""Completion times of short flows (SWARM 3.3): round trips taken, times what a round trip lasts with its queueing.

Both are distributions (``transport.py``); they are combined by drawing from each, and for a single flow also by
probability, as the paper does.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fairlead.kernels.draws import chances
from fairlead.predict.flows.rounds import slow_start_windows
from fairlead.predict.flows.transport import Transport

Reals = NDArray[np.float64]
Keys = NDArray[np.uint64]

WIRE_BYTES = 1500.0
"""A full packet on a link."""

_PURPOSE = 1 << 41  # places in the hash of a flow's key that no link and no routing sample has
_WAITS = 64  # points that stand for the distribution of the waiting time along a way
_TIMES = 400  # and, for each, of the round trips taken


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ShortFlows:
    """What short flows meet when they start. A hop that a way does not have: capacity infinite, the rest 0.

    size_bytes, base_rtt_ms : [flows]
    loss_ratio        : [flows] share of packets that faults drop along the way; NaN: no way
    capacity_mbps, buffer_bytes : [flows, hops]
    utilisation_ratio, flow_count : [flows, hops] load of the link by long flows, and how many cross it
    share_mbps        : [flows, hops] of the fastest of them; infinite: there are none
    key               : [flows] what a flow's luck follows from
    """

    size_bytes: Reals
    base_rtt_ms: Reals
    loss_ratio: Reals
    capacity_mbps: Reals
    buffer_bytes: Reals
    utilisation_ratio: Reals
    flow_count: Reals
    share_mbps: Reals
    key: Keys

    def __post_init__(self) -> None:
        hops = self.capacity_mbps.shape
        assert len(self.size_bytes) == len(self.key) == hops[0]
        assert hops == self.buffer_bytes.shape == self.utilisation_ratio.shape
        assert hops == self.flow_count.shape == self.share_mbps.shape


def fct_s(flows: ShortFlows, transport: Transport, congestion_control: str, initial_window: int = 10) -> Reals:
    """[flows] one draw of each completion time, from connect() to the receiver's last byte; infinite without a way.

    A flow's luck follows from its key, so two states of the network differ only by what it meets. O(flows * hops).
    """
    waits_ms = np.zeros(len(flows.key))
    for hop in range(flows.capacity_mbps.shape[1]):
        waits_ms += _waiting_ms(flows, transport, congestion_control, hop, chances(flows.key, _PURPOSE + 1 + hop))
    return _completed(flows, transport, congestion_control, waits_ms, chances(flows.key, _PURPOSE), initial_window)


def fct_quantiles_s(
    flows: ShortFlows, transport: Transport, congestion_control: str, levels: Reals, initial_window: int = 10
) -> Reals:
    """[flows, levels] the distribution of each completion time, combined by probability instead of drawn.

    Waiting times of the hops are independent: their distributions are convolved, hop by hop, on points of equal
    probability; with each goes the distribution of the time at the round trip that it makes. For looking at single
    flows: O(flows * points).
    """
    luck = (np.arange(_WAITS) + 0.5) / _WAITS
    found = np.empty((len(flows.key), len(levels)))
    for flow in range(len(flows.key)):
        alone = _repeated(flows, flow, _WAITS)
        waits_ms = np.zeros(_WAITS)
        for hop in range(flows.capacity_mbps.shape[1]):
            more_ms = _waiting_ms(alone, transport, congestion_control, hop, luck)
            sums = np.sort((waits_ms[:, None] + more_ms[None, :]).ravel())
            waits_ms = sums[_WAITS // 2 :: _WAITS]
        each = np.tile(waits_ms, _TIMES)
        # no luck twice: what a flow draws besides its quantile follows from its luck too
        fine = (np.repeat(np.arange(_TIMES), _WAITS) + np.tile(luck, _TIMES)) / _TIMES
        many = _repeated(flows, flow, len(each))
        times = _completed(many, transport, congestion_control, each, fine, initial_window)
        found[flow] = np.quantile(times, levels, method="inverted_cdf")
    return found


def _repeated(flows: ShortFlows, flow: int, count: int) -> ShortFlows:
    row = np.full(count, flow)
    return ShortFlows(
        size_bytes=flows.size_bytes[row],
        base_rtt_ms=flows.base_rtt_ms[row],
        loss_ratio=flows.loss_ratio[row],
        capacity_mbps=flows.capacity_mbps[row],
        buffer_bytes=flows.buffer_bytes[row],
        utilisation_ratio=flows.utilisation_ratio[row],
        flow_count=flows.flow_count[row],
        share_mbps=flows.share_mbps[row],
        key=flows.key[row],
    )


def _waiting_ms(flows: ShortFlows, transport: Transport, congestion_control: str, hop: int, luck: Reals) -> Reals:
    """[flows] waiting time at one hop; most links carry no long flow at any one time, and nothing waits there."""
    found = np.zeros(len(flows.key))
    busy = np.flatnonzero(flows.utilisation_ratio[:, hop] > 0)
    found[busy] = transport.queue_delay_ms(
        congestion_control,
        flows.utilisation_ratio[busy, hop],
        flows.flow_count[busy, hop],
        flows.buffer_bytes[busy, hop],
        flows.capacity_mbps[busy, hop],
        luck[busy],
    )
    return found


def _completed(
    flows: ShortFlows,
    transport: Transport,
    congestion_control: str,
    waits_ms: Reals,
    luck: Reals,
    initial_window: int,
) -> Reals:
    rtt_ms = flows.base_rtt_ms + waits_ms
    loss = flows.loss_ratio
    way = ~np.isnan(loss)
    found = np.full(len(loss), np.inf)
    taken = np.zeros(len(loss))
    taken[way] = transport.rounds(congestion_control, flows.size_bytes[way], loss[way], rtt_ms[way], luck[way])
    # Departs: the paper multiplies; but the half round trip at the end goes forward, where all the waiting is
    found[way] = (taken * rtt_ms + waits_ms / 2 + _sending_ms(flows, rtt_ms, initial_window))[way]
    return found / 1e3


def _sending_ms(flows: ShortFlows, rtt_ms: Reals, initial_window: int) -> Reals:
    """[flows] how much longer slow start takes because links send its packets one by one.

    Departs: the paper leaves it out. From the first packet of any round on, the slowest link has all packets still to
    come to send; the flow is done when the slowest of these rounds is. Without it, rounds follow each other at round
    trips. A queue knows no flows: packets leave in the order in which they came, and while a burst comes in at the
    speed of the link, others put in as much as they use of it. So a burst leaves at half the speed of a full link.
    """
    packet_ms = (WIRE_BYTES * 8e-3 * (1.0 + flows.utilisation_ratio) / flows.capacity_mbps).max(axis=1)
    windows = np.array(slow_start_windows(flows.size_bytes, initial_window, 0))
    left = np.cumsum(windows[::-1], axis=0)[::-1]  # [rounds, flows] packets from this round on
    start_ms = np.arange(len(windows))[:, None] * rtt_ms
    end_ms = np.where(left > 0, start_ms + (left - 1.0) * packet_ms, 0.0)
    found: Reals = end_ms.max(axis=0) - ((left > 0).sum(axis=0) - 1) * rtt_ms
    return found
