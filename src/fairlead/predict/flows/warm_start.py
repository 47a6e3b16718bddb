"""Warm start: a repair is made in a network that has flows under way (SWARM 3.4, "Reducing the number of epochs").

The paper warms networks up with historical data. Here the network as it is, with the failure, carries the early part of
each demand once, for all candidates; each of them then goes on from there, with the same flows under way and what they
still have to send. That is also what happens: a repair takes over in the midst of traffic.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fairlead.predict.flows.clp import SHORT_BYTES
from fairlead.predict.flows.demand import Demand, Sampling
from fairlead.predict.flows.long import long_flows
from fairlead.predict.flows.sample import Meets, Rule, long_flows_of
from fairlead.predict.flows.transport import Transport

Reals = NDArray[np.float64]
Rows = NDArray[np.int64]

LEAST_LEFT_BYTES = 1.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Handover:
    """The traffic that a state takes over; times count from then.

    demand     : flows under way, which started before time 0, and all that follow
    rows       : [flows] theirs in the whole demand
    left_bytes : [flows] what they still have to send; of those that follow their size
    sampling   : what is measured, in its times
    """

    demand: Demand
    rows: Rows
    left_bytes: Reals
    sampling: Sampling


def handover(
    meets: Meets, sampling: Sampling, settle_s: float, rule: Rule, transport: Transport, congestion_control: str
) -> Handover:
    """Traffic of the network as it is (``meets``) until ``settle_s`` before it is measured.

    From then on each candidate goes its own way: ``settle_s`` is what it has to forget the network before it in. What
    has no way in that network gives up. With a whole warm-up to settle in everything is left to the candidate.
    O(epochs x flows under way).
    """
    demand, begin_s = meets.demand, sampling.from_s - settle_s
    if begin_s <= 0:
        every = np.arange(demand.flow_count)
        return Handover(demand=demand, rows=every, left_bytes=demand.size_bytes, sampling=sampling)
    early = (demand.start_s < begin_s) & (demand.size_bytes > SHORT_BYTES) & (meets.ways.length > 0)
    long, nobody = np.flatnonzero(early), np.empty(0, np.int64)
    flows = long_flows_of(meets, sampling.horizon_s, transport, congestion_control, long, nobody)
    found = long_flows(flows, rule, 0.0, begin_s)
    left = demand.size_bytes.copy()
    left[long] -= found.delivered_bytes
    going = demand.start_s >= begin_s
    going[long[np.isnan(found.finish_s)]] = True
    rows = np.flatnonzero(going)
    return Handover(
        demand=demand.chosen(rows).since(begin_s),
        rows=rows,
        left_bytes=np.maximum(left[rows], LEAST_LEFT_BYTES),
        sampling=Sampling(
            horizon_s=sampling.horizon_s - begin_s,
            from_s=sampling.from_s - begin_s,
            until_s=sampling.until_s - begin_s,
        ),
    )
