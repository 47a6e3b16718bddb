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

from fairlead.kernels.ecmp_ways import Ways
from fairlead.kernels.epochs import epochs
from fairlead.kernels.epochs_use import Pull
from fairlead.kernels.max_min_fast import BITS
from fairlead.predict.flows.clp import SHORT_BYTES
from fairlead.predict.flows.demand import Demand
from fairlead.predict.flows.long_startup import PAYLOAD_RATIO

Reals = NDArray[np.float64]
Int32s = NDArray[np.int32]

LEAST_LEFT_RATIO = 0.05
"""Of its capacity a link leaves long flows at least this, whatever the short ones take: they share as any others do."""


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
    size_bytes      : [flows] > 0; of those under way when the time begins what they still have to send
    ceiling_mbps    : [flows] what loss alone leaves to it; infinite: no loss
    pull            : what decides who gets more of a shared link
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
    pull: Pull
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
    delivered_bytes   : [flows] by the end
    utilisation_ratio : [probes, hops] of each link when the probe was there; 0 where there is no link
    flow_count        : [probes, hops] long flows on it then; 0 where there is no link
    level_mbps        : [probes, hops] rate over weight of the fastest of them; infinite where there is none
    """

    throughput_mbps: Reals
    finish_s: Reals
    delivered_bytes: Reals
    utilisation_ratio: Reals
    flow_count: Reals
    level_mbps: Reals


def long_flows(flows: LongFlows, rule: LongRule, begin_s: float, until_s: float) -> LongOutcome:
    """SWARM Algorithm 1 from ``begin_s`` to ``until_s``.

    Flows that start earlier are under way when it begins; without any the network is empty then. Of such flows the
    throughput is that since then, over all of their time. O(epochs x flows under way x hops).
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
        pull=flows.pull._replace(base_rtt_ms=flows.pull.base_rtt_ms[order]),
        probe_links=flows.probe_links[at],
        probe_s=flows.probe_s[at],
    )
    finish, delivered = np.empty(len(order)), np.empty(len(order))
    finish[order], delivered[order] = found.finish_s, found.delivered_bytes
    lasted_s = np.where(np.isnan(finish), until_s, finish) - flows.start_s
    throughput = np.full(len(order), np.nan)
    np.divide(delivered * 8e-6, lasted_s, out=throughput, where=lasted_s > 0)
    utilisation, count, level = (np.zeros(flows.probe_links.shape) for _ in range(3))
    utilisation[at] = _of_all(found.utilisation_ratio, flows.probe_links[at], left_mbps, flows.capacity_mbps)
    count[at], level[at] = np.maximum(found.flow_count, 0), found.level_mbps
    return LongOutcome(
        throughput_mbps=throughput,
        finish_s=finish,
        delivered_bytes=delivered,
        utilisation_ratio=utilisation,
        flow_count=count,
        level_mbps=level,
    )


def _of_all(of_left: Reals, links: Int32s, left_mbps: Reals, capacity_mbps: Reals) -> Reals:
    """Utilisation of the whole capacity, from that of what the short flows leave; 0 where there is no link."""
    share_left = np.append(left_mbps / np.maximum(capacity_mbps, 1e-12), 0.0)[links]
    return np.where(np.isnan(of_left), 0.0, 1.0 - (1.0 - of_left) * share_left)


def background_mbps(demand: Demand, ways: Ways, link_count: int, horizon_s: float) -> Reals:
    """[links] mean load of the short flows, on the wire."""
    short = (demand.size_bytes <= SHORT_BYTES) & (ways.length > 0)
    links = ways.links[short]
    crossed = links >= 0
    sent = np.broadcast_to(demand.size_bytes[short, None], links.shape)[crossed]
    total: Reals = np.bincount(links[crossed], sent, minlength=link_count).astype(np.float64)
    return total * 8e-6 / PAYLOAD_RATIO / horizon_s
