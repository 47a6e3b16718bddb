"""One sample of one state: the long flows through time, then the short ones among them (SWARM Algorithms 1 and 2)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fairlead.kernels.draws import chances, mixed_keys
from fairlead.kernels.ecmp_ways import Ways
from fairlead.predict.flows.clp import SHORT_BYTES, sample_metrics
from fairlead.predict.flows.demand import Demand, Sampling
from fairlead.predict.flows.fabric import Fabric
from fairlead.predict.flows.long import LongFlows, LongOutcome, LongRule, background_mbps, long_flows
from fairlead.predict.flows.long_delays import CEILING, delayed_mbps, taken, waiting_ms
from fairlead.predict.flows.long_startup import handshake_wait_s, startup_s
from fairlead.predict.flows.routing import CUT_OFF, LOCAL, along, base_rtt_ms, draw, loss_ratio
from fairlead.predict.flows.short import ShortFlows, fct_s
from fairlead.predict.flows.short_crowding import crowded_s, never_full
from fairlead.predict.flows.transport import Transport

Reals = NDArray[np.float64]
Rows = NDArray[np.int64]

Rule = LongRule
"""How the rates of long flows follow time."""

_ANSWER = (1 << 42) + 1  # a place in the hash of a flow's key that nothing else has
_BACK = 1 << 44  # number of the routing sample, if ways back were one more of them


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
    fluid_mbps, first_s = np.zeros(demand.flow_count), np.zeros(demand.flow_count)
    fluid_mbps[long], first_s[long] = found.throughput_mbps, flows.startup_s
    met, back = _met(meets, found, seen), _back_loss_ratio(meets, seen)
    times, throughput = np.full(demand.flow_count, np.inf), np.zeros(demand.flow_count)
    brief = short[seen]
    rows = seen[brief]
    times[rows] = _short_s(taken(met, brief), back[brief], transport, congestion_control)
    rows = seen[~brief]
    throughput[rows] = delayed_mbps(
        fluid_mbps[rows], first_s[rows], taken(met, ~brief), back[~brief], transport, congestion_control
    )
    lost = float((ways.length[measured] == CUT_OFF).mean()) if measured.any() else 0.0
    return sample_metrics(times[measured & short], throughput[measured & ~short]), lost


def _long_flows(
    meets: Meets, sampling: Sampling, transport: Transport, congestion_control: str, long: Rows, seen: Rows
) -> LongFlows:
    """The long flows, with what loss leaves to each, drawn once for its life; who is measured looks where it starts.

    What a flow waits for a lost handshake is not in here but added later: it hardly changes who shares with whom.
    """
    state, demand, ways = meets.state, meets.demand, _rows(meets.ways, long)
    rtt_ms, loss = base_rtt_ms(state, ways), loss_ratio(state, ways)
    narrowest_mbps = along(ways, state.capacity_mbps, np.inf).min(axis=1, initial=np.inf)
    no_loss, any_luck = np.zeros(len(long)), np.full(len(long), 0.5)
    return LongFlows(
        links=ways.links,
        start_s=demand.start_s[long],
        startup_s=startup_s(rtt_ms, no_loss, narrowest_mbps, any_luck),
        size_bytes=demand.size_bytes[long],
        ceiling_mbps=transport.ceiling_mbps(congestion_control, loss, rtt_ms, chances(meets.keys[long], CEILING)),
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


def _back_loss_ratio(meets: Meets, seen: Rows) -> Reals:
    """[flows] loss by faults on the way back, which is hashed apart; what has none loses everything.

    Departs: the paper has no way back. The answer to a SYN takes it, and a lost one costs a second.
    """
    demand = meets.demand
    keys = mixed_keys(meets.keys[seen], _BACK)
    ways = draw(meets.state, demand.target[seen], demand.source[seen], keys)
    return np.nan_to_num(loss_ratio(meets.state, ways), nan=1.0)


def _short_s(met: ShortFlows, back_loss_ratio: Reals, transport: Transport, congestion_control: str) -> Reals:
    """[flows] completion times of short flows: the way there, what full queues add, and the answer to the SYN."""
    rtt_ms = met.base_rtt_ms + waiting_ms(met, transport, congestion_control)
    added_s = crowded_s(met, rtt_ms, transport, congestion_control) + _answer_wait_s(met, back_loss_ratio)
    return fct_s(met, never_full(transport), congestion_control) + added_s


def _answer_wait_s(met: ShortFlows, back_loss_ratio: Reals) -> Reals:
    """[flows] time-outs of handshakes whose answer is lost; the tables of short flows know the way there alone."""
    # the loss of one of two ways that fails as often as one way with this loss
    alike = 1.0 - np.sqrt(1.0 - back_loss_ratio)
    return handshake_wait_s(alike, chances(met.key, _ANSWER))


def _rows(ways: Ways, rows: Rows) -> Ways:
    return Ways(ways.links[rows], ways.length[rows])
