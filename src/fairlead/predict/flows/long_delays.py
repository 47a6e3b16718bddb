"""What the fluid does not know of a long flow: lost handshakes, and a slow start that takes more than its share.

Departs: the paper's long flows have their fair share from the first byte to the last. Both matter for the tails. A lost
SYN costs a second or more, and the slowest flows of all are those that lost one. And while a flow is in slow start it
doubles what it sends every round trip until it loses a packet: on a crowded link a flow of some hundred packets is done
before it has come down to its share.
"""

from __future__ import annotations

from dataclasses import fields

import numpy as np
from numpy.typing import NDArray

from fairlead.kernels.draws import chances
from fairlead.predict.flows.long_startup import SEGMENT_BYTES, handshake_wait_s
from fairlead.predict.flows.short import WIRE_BYTES, ShortFlows
from fairlead.predict.flows.short_crowding import handshake_ratio
from fairlead.predict.flows.transport import Transport

Reals = NDArray[np.float64]

CEILING = 1 << 42
"""Place in the hash of a flow's key that its ceiling is drawn from."""

_HANDSHAKE, _FIRST_LOSS, _WAIT = (1 << 43), (1 << 43) + 1, (1 << 43) + 2  # and what else is
_INITIAL_WINDOW = 10.0
_AT_CEILING = 0.95  # a flow that has so much of its ceiling is held back by that


def delayed_mbps(
    fluid_mbps: Reals,
    startup_s: Reals,
    met: ShortFlows,
    crowd_ratios: tuple[Reals, Reals],
    back_loss_ratio: Reals,
    transport: Transport,
    control: str,
) -> Reals:
    """[flows] throughput of long flows, from what the fluid gives them.

    fluid_mbps      : [flows] size over the time in the fluid, start-up included
    startup_s       : [flows] of that, the time before the first byte of the fluid
    met             : [flows] what they meet on their ways when they start
    crowd_ratios    : [flows] what full queues on their ways drop when they start, and in the mean
    back_loss_ratio : [flows] of faults on the way back
    """
    at_start, lasting = crowd_ratios
    lasted_s = met.size_bytes * 8e-6 / np.maximum(fluid_mbps, 1e-9)
    sent_s = np.maximum(lasted_s - startup_s, 1e-9)
    sent_s = _lossy_s(met, lasting, sent_s, transport, control)
    failing = 1.0 - (1.0 - met.loss_ratio) * (1.0 - handshake_ratio(at_start)) * (1.0 - back_loss_ratio)
    # the loss of one of two ways that fails as often as both together here
    wait_s = handshake_wait_s(1.0 - np.sqrt(1.0 - failing), chances(met.key, _HANDSHAKE))
    return np.asarray(met.size_bytes * 8e-6 / (startup_s + sent_s + wait_s))


def _lossy_s(met: ShortFlows, crowd_ratio: Reals, fluid_s: Reals, transport: Transport, control: str) -> Reals:
    """[flows] time to send everything, where loss holds flows back more, or later, than the fluid knows.

    The fluid's ceiling is that of the bare round trip and of faults alone; full queues on the way make the round trip
    longer, and what they drop comes on top: a window knows but one loss. That is what they drop in the mean, since such
    a flow is slow and outlasts the queues that it finds. And no ceiling holds a flow back before its first loss: until
    then it is in slow start, and then at its share of the narrowest link.
    """
    found = fluid_s.copy()
    lossy = np.flatnonzero(met.loss_ratio > 0)
    mine = taken(met, lossy)
    luck, share_s = chances(mine.key, CEILING), fluid_s[lossy]
    rtt_ms = mine.base_rtt_ms + waiting_ms(mine, transport, control)
    loss = 1.0 - (1.0 - mine.loss_ratio) * (1.0 - crowd_ratio[lossy])
    ceiling = transport.ceiling_mbps(control, loss, rtt_ms, luck)
    sent_s = np.maximum(share_s, mine.size_bytes * 8e-6 / ceiling)
    packets = np.ceil(mine.size_bytes / SEGMENT_BYTES)
    unhurt = np.log(chances(mine.key, _FIRST_LOSS)) / np.log1p(-np.minimum(mine.loss_ratio, 0.999))
    ahead = np.minimum(packets, np.floor(unhurt))
    # whom others hold back, the fluid has at its share already; only of the rest it knows no more than the ceiling
    bare = transport.ceiling_mbps(control, mine.loss_ratio, mine.base_rtt_ms, luck)
    held = mine.size_bytes * 8e-6 / share_s > _AT_CEILING * bare
    share = np.maximum(
        (1.0 - mine.utilisation_ratio) * mine.capacity_mbps, mine.capacity_mbps / (mine.flow_count + 1.0)
    )
    rounds_s = np.log2(ahead / _INITIAL_WINDOW + 1.0) * rtt_ms * 1e-3
    ahead_s = np.maximum(rounds_s, ahead * WIRE_BYTES * 8e-6 / share.min(axis=1))
    ahead_s = np.where(held, np.minimum(ahead_s, share_s * ahead / packets), share_s * ahead / packets)
    found[lossy] = ahead_s + sent_s * (1.0 - ahead / packets)
    return found


def taken(met: ShortFlows, rows: NDArray[np.bool_] | NDArray[np.int64]) -> ShortFlows:
    """Only these flows."""
    return ShortFlows(**{field.name: getattr(met, field.name)[rows] for field in fields(ShortFlows)})


def waiting_ms(met: ShortFlows, transport: Transport, control: str) -> Reals:
    """[flows] what a packet waits on its way, one draw of each queue."""
    found = np.zeros(len(met.key))
    for hop in range(met.capacity_mbps.shape[1]):
        busy = np.flatnonzero(met.utilisation_ratio[:, hop] > 0)
        found[busy] += transport.queue_delay_ms(
            control,
            met.utilisation_ratio[busy, hop],
            met.flow_count[busy, hop],
            met.buffer_bytes[busy, hop],
            met.capacity_mbps[busy, hop],
            chances(met.key[busy], _WAIT + hop),
        )
    return found
