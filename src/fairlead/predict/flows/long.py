"""Throughput of long flows (SWARM 3.3, "Modeling the throughput of long flows", and Algorithm 1).

    Algorithm 1                                 here
    epoch length, 200 ms                        LongRule.epoch_s, and LongRule.turnover_ratio, which ends epochs earlier
    loss-limited throughput of each flow        LongFlows.ceiling_mbps, for life
    network-wide max-min fair share (A.2)       kernels.max_min_fast, or kernels.max_min where `bits` says so
    advance, complete, record                   kernels.epochs

Departs: the paper's epochs all last 200 ms and flows wait for the next one. Where flows live for less than that, this
counts them all at once and then leaves the network idle. Measured on the paper's small network (100 web-search flows a
second) against the exact fluid: where flows start within an epoch but find nothing freed by those that leave, 200 ms
cost 16 % of the mean throughput; with that handed on they cost 1 %, and 3 to 5 % of the 1st percentile; with epochs
that also end when a fifth of the flows have come or gone both are within about 1 %, in a third of the exact one's time.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fairlead.kernels.draws import chances
from fairlead.kernels.ecmp_ways import Ways
from fairlead.kernels.epochs import epochs
from fairlead.kernels.max_min_fast import BITS
from fairlead.predict.flows.clp import SHORT_BYTES
from fairlead.predict.flows.demand import Demand
from fairlead.predict.flows.fabric import Fabric
from fairlead.predict.flows.long_startup import PAYLOAD_RATIO, startup_s
from fairlead.predict.flows.routing import along, base_rtt_ms, loss_ratio
from fairlead.predict.flows.transport import Transport

Reals = NDArray[np.float64]
Int32s = NDArray[np.int32]
Rows = NDArray[np.int64]
Keys = NDArray[np.uint64]

LEAST_LEFT_RATIO = 0.05
"""Of its capacity a link leaves long flows at least this, whatever the short ones take: they share as any others do."""

_CEILING, _STARTUP = (1 << 42), (1 << 42) + 1  # places in the hash of a flow's key that nothing else has


@dataclass(frozen=True, slots=True, kw_only=True)
class LongRule:
    """How closely to look at long flows.

    epoch_s        : longest epoch (SWARM C: 200 ms)
    turnover_ratio : an epoch ends early when this share of the flows under way has come, or has gone; 0: with each
                     flow that comes or goes, the exact fluid; infinite: never
    bits           : precision of the rates: levels closer than 2^-bits are one; ``kernels.epochs.EXACT``: exact
    """

    epoch_s: float = 0.2
    turnover_ratio: float = 0.2
    bits: int = BITS

    def __post_init__(self) -> None:
        assert self.epoch_s > 0
        assert self.turnover_ratio >= 0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LongFlows:
    """Long flows on their ways, in any order; and the probes, when and where short flows look at the links.

    links           : [flows, hops] int32, -1 where there is none; each flow has at least one
    start_s         : [flows] connect()
    startup_s       : [flows] from then until it has its share of the links: handshake and slow start; 0: at once
    size_bytes      : [flows] > 0
    ceiling_mbps    : [flows] what loss alone leaves to it; infinite: no loss
    capacity_mbps   : [links] on the wire; of it the payload is PAYLOAD_RATIO
    background_mbps : [links] mean load of what is not here, the short flows; on the wire, as the capacity
    probe_links     : [probes, hops] int32, -1 where there is none
    probe_s         : [probes]
    """

    links: Int32s
    start_s: Reals
    startup_s: Reals
    size_bytes: Reals
    ceiling_mbps: Reals
    capacity_mbps: Reals
    background_mbps: Reals
    probe_links: Int32s
    probe_s: Reals

    def __post_init__(self) -> None:
        for array in (self.start_s, self.startup_s, self.size_bytes, self.ceiling_mbps):
            assert array.shape == self.links.shape[:1], "one each a flow"
        assert self.background_mbps.shape == self.capacity_mbps.shape
        assert self.probe_s.shape == self.probe_links.shape[:1]
        assert np.all(self.startup_s >= 0)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LongOutcome:
    """What became of long flows, and what the probes met.

    throughput_mbps   : [flows] size over completion time; of those that are not done by the end, what they delivered
                        over the time they had; NaN where they had none
    finish_s          : [flows] NaN: not done
    utilisation_ratio : [probes, hops] of each link when the probe was there; 0 where there is no link
    flow_count        : [probes, hops] long flows on it then; 0 where there is no link
    """

    throughput_mbps: Reals
    finish_s: Reals
    utilisation_ratio: Reals
    flow_count: Reals


def long_flows(flows: LongFlows, rule: LongRule, begin_s: float, until_s: float) -> LongOutcome:
    """SWARM Algorithm 1 from ``begin_s``, when the network is empty, to ``until_s``.

    Flows that start earlier wait for it. O(epochs x flows under way x hops).
    """
    order = np.argsort(flows.start_s + flows.startup_s, kind="stable")
    at = np.argsort(flows.probe_s, kind="stable")
    left_mbps = np.maximum(flows.capacity_mbps - flows.background_mbps, LEAST_LEFT_RATIO * flows.capacity_mbps)
    found = epochs(
        flows.links[order],
        (flows.start_s + flows.startup_s)[order],
        flows.size_bytes[order],
        flows.ceiling_mbps[order],
        left_mbps * PAYLOAD_RATIO,
        begin_s=begin_s,
        until_s=until_s,
        epoch_s=rule.epoch_s,
        turnover_ratio=rule.turnover_ratio,
        bits=rule.bits,
        probe_links=flows.probe_links[at],
        probe_s=flows.probe_s[at],
    )
    finish, delivered = np.empty(len(order)), np.empty(len(order))
    finish[order], delivered[order] = found.finish_s, found.delivered_bytes
    lasted_s = np.where(np.isnan(finish), until_s, finish) - flows.start_s
    throughput = np.full(len(order), np.nan)
    np.divide(delivered * 8e-6, lasted_s, out=throughput, where=lasted_s > 0)
    utilisation, count = np.zeros(flows.probe_links.shape), np.zeros(flows.probe_links.shape)
    utilisation[at] = _of_all(found.utilisation_ratio, flows.probe_links[at], left_mbps, flows.capacity_mbps)
    count[at] = np.maximum(found.flow_count, 0)
    return LongOutcome(throughput_mbps=throughput, finish_s=finish, utilisation_ratio=utilisation, flow_count=count)


def _of_all(of_left: Reals, links: Int32s, left_mbps: Reals, capacity_mbps: Reals) -> Reals:
    """Utilisation of the whole capacity, from that of what the short flows leave; 0 where there is no link."""
    share_left = np.append(left_mbps / np.maximum(capacity_mbps, 1e-12), 0.0)[links]
    return np.where(np.isnan(of_left), 0.0, 1.0 - (1.0 - of_left) * share_left)


def sampled(
    state: Fabric,
    demand: Demand,
    keys: Keys,
    ways: Ways,
    rows: Rows,
    probes: Rows,
    transport: Transport,
    congestion_control: str,
    horizon_s: float,
) -> LongFlows:
    """The long flows of a sample with their ceilings and start-up times; the short ones as probes and as a load."""
    taken = Ways(ways.links[rows], ways.length[rows])
    rtt_ms, loss = base_rtt_ms(state, taken), loss_ratio(state, taken)
    narrowest = along(taken, state.capacity_mbps, np.inf).min(axis=1, initial=np.inf)
    mine = np.ascontiguousarray(keys[rows])
    return LongFlows(
        links=taken.links,
        start_s=demand.start_s[rows],
        startup_s=startup_s(rtt_ms, loss, narrowest, chances(mine, _STARTUP)),
        size_bytes=demand.size_bytes[rows],
        ceiling_mbps=transport.ceiling_mbps(congestion_control, loss, rtt_ms, chances(mine, _CEILING)),
        capacity_mbps=state.capacity_mbps,
        background_mbps=background_mbps(demand, ways, state.link_count, horizon_s),
        probe_links=ways.links[probes],
        probe_s=demand.start_s[probes],
    )


def background_mbps(demand: Demand, ways: Ways, link_count: int, horizon_s: float) -> Reals:
    """[links] mean load of the short flows, on the wire."""
    short = (demand.size_bytes <= SHORT_BYTES) & (ways.length > 0)
    links = ways.links[short]
    crossed = links >= 0
    sent = np.broadcast_to(demand.size_bytes[short, None], links.shape)[crossed]
    total: Reals = np.bincount(links[crossed], sent, minlength=link_count).astype(np.float64)
    return total * 8e-6 / PAYLOAD_RATIO / horizon_s
