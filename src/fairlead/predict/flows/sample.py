"""One sample of one state: the long flows through time, then the short ones among them (SWARM Algorithms 1 and 2)."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from fairlead.kernels.draws import chances
from fairlead.kernels.ecmp_ways import Ways
from fairlead.predict.flows.clp import SHORT_BYTES, sample_metrics
from fairlead.predict.flows.demand import Demand, Sampling
from fairlead.predict.flows.fabric import Fabric
from fairlead.predict.flows.long import LongFlows, LongOutcome, LongRule, background_mbps, long_flows
from fairlead.predict.flows.long_startup import handshake_wait_s, startup_s
from fairlead.predict.flows.routing import CUT_OFF, LOCAL, along, base_rtt_ms, loss_ratio
from fairlead.predict.flows.short import ShortFlows, fct_s
from fairlead.predict.flows.short import _not_overflown as not_overflown
from fairlead.predict.flows.transport import Transport

Reals = NDArray[np.float64]
Rows = NDArray[np.int64]

Rule = LongRule
"""How the rates of long flows follow time."""

_CEILING, _STARTUP = (1 << 42), (1 << 42) + 1  # places in the hash of a flow's key that nothing else has


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Meets:
    """What the flows of a demand meet in a state: their ways, and the keys that their luck follows from."""

    state: Fabric
    demand: Demand
    keys: NDArray[np.uint64]
    ways: Ways


def sampled(
    meets: Meets, sampling: Sampling, rule: Rule, transport: Transport, congestion_control: str
) -> tuple[Reals, float]:
    """[3] the metrics over the flows that start while it is measured, and the share of these without a way."""
    demand, ways = meets.demand, meets.ways
    measured = (demand.start_s >= sampling.from_s) & (demand.start_s < sampling.until_s) & (ways.length != LOCAL)
    short, has_way = demand.size_bytes <= SHORT_BYTES, ways.length > 0
    long, seen = np.flatnonzero(~short & has_way), np.flatnonzero(measured & has_way)
    flows = _long_flows(meets, sampling, transport, congestion_control, long, seen)
    found = long_flows(flows, rule, 0.0, sampling.horizon_s)
    throughput, times = np.zeros(demand.flow_count), np.full(demand.flow_count, np.inf)
    throughput[long] = found.throughput_mbps
    met = _met(meets, found, seen)
    brief, lasting = short[seen], ~short[seen]
    times[seen[brief]] = fct_s(_of(met, brief), transport, congestion_control)
    throughput[seen[lasting]] = _delayed(
        throughput[seen[lasting]], demand.size_bytes[seen[lasting]], _of(met, lasting), transport, congestion_control
    )
    lost = float((ways.length[measured] == CUT_OFF).mean()) if measured.any() else 0.0
    return sample_metrics(times[measured & short], throughput[measured & ~short]), lost


def _long_flows(
    meets: Meets, sampling: Sampling, transport: Transport, congestion_control: str, long: Rows, seen: Rows
) -> LongFlows:
    """The long flows, with what loss leaves to each, drawn once for its life; who is measured looks where it starts."""
    state, demand, ways = meets.state, meets.demand, _rows(meets.ways, long)
    rtt_ms, loss = base_rtt_ms(state, ways), loss_ratio(state, ways)
    narrowest_mbps = along(ways, state.capacity_mbps, np.inf).min(axis=1, initial=np.inf)
    keys = meets.keys[long]
    return LongFlows(
        links=ways.links,
        start_s=demand.start_s[long],
        startup_s=startup_s(rtt_ms, loss, narrowest_mbps, chances(keys, _STARTUP)),
        size_bytes=demand.size_bytes[long],
        ceiling_mbps=transport.ceiling_mbps(congestion_control, loss, rtt_ms, chances(keys, _CEILING)),
        capacity_mbps=np.where(state.alive, state.capacity_mbps, 0.0),
        background_mbps=background_mbps(demand, meets.ways, state.link_count, sampling.horizon_s),
        probe_links=meets.ways.links[seen],
        probe_s=demand.start_s[seen],
    )


def _met(meets: Meets, found: LongOutcome, seen: Rows) -> ShortFlows:
    """What the flows that are measured meet on their ways when they start."""
    state, ways = meets.state, _rows(meets.ways, seen)
    return ShortFlows(
        size_bytes=meets.demand.size_bytes[seen],
        base_rtt_ms=base_rtt_ms(state, ways),
        loss_ratio=loss_ratio(state, ways),
        capacity_mbps=along(ways, state.capacity_mbps, np.inf),
        buffer_bytes=along(ways, state.buffer_bytes, 0.0),
        utilisation_ratio=found.utilisation_ratio,
        flow_count=found.flow_count,
        key=meets.keys[seen],
    )


def _delayed(
    throughput_mbps: Reals, size_bytes: Reals, met: ShortFlows, transport: Transport, congestion_control: str
) -> Reals:
    """[flows] throughput less the time that a handshake waits because queues on its way are full.

    Departs: long flows of the paper have no handshake. Where a link is overloaded, full queues drop the first packet of
    some flows, each of which then waits a second or more: these are the slowest of all.
    """
    luck = chances(met.key, _STARTUP)
    kept = not_overflown(met, transport, congestion_control)
    # the loss of one way that fails as often as a way there through full queues, and a way back through empty ones
    crowded = 1.0 - (1.0 - met.loss_ratio) * np.sqrt(kept)
    wait_s = handshake_wait_s(crowded, luck) - handshake_wait_s(met.loss_ratio, luck)
    lasted_s = size_bytes * 8e-6 / np.maximum(throughput_mbps, 1e-9)
    return np.asarray(throughput_mbps * lasted_s / (lasted_s + wait_s))


def _of(met: ShortFlows, rows: NDArray[np.bool_]) -> ShortFlows:
    return ShortFlows(**{field.name: getattr(met, field.name)[rows] for field in fields(ShortFlows)})


def _rows(ways: Ways, rows: Rows) -> Ways:
    return Ways(ways.links[rows], ways.length[rows])
