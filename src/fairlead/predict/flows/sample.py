"""One sample of one state: the long flows through time, then the short ones among them (SWARM Algorithms 1 and 2)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fairlead.kernels.draws import chances
from fairlead.kernels.ecmp_ways import Ways
from fairlead.kernels.epochs import Passage, epochs
from fairlead.kernels.max_min_fast import BITS
from fairlead.predict.flows.clp import SHORT_BYTES, sample_metrics
from fairlead.predict.flows.demand import Demand, Sampling
from fairlead.predict.flows.fabric import Fabric
from fairlead.predict.flows.routing import CUT_OFF, LOCAL, along, base_rtt_ms, loss_ratio
from fairlead.predict.flows.short import ShortFlows, fct_s
from fairlead.predict.flows.transport import Transport

Reals = NDArray[np.float64]
Rows = NDArray[np.int64]

_CEILING = 1 << 42  # a place in the hash of a flow's key that nothing else has
_BITS_PER_BYTE_US = 8e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """How the rates of long flows follow time (``kernels/epochs.py``).

    epoch_s        : longest time that rates are held (SWARM 4.1: 200 ms)
    turnover_ratio : share of the flows under way whose coming or going ends an epoch early; 0: every one, exact
    bits           : of the max-min rates; 53: exact
    """

    epoch_s: float = 0.2
    turnover_ratio: float = 0.05
    bits: int = BITS


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
    short = demand.size_bytes <= SHORT_BYTES
    long, probes = np.flatnonzero(~short & (ways.length > 0)), np.flatnonzero(short & measured & (ways.length > 0))
    passage = _passage(meets, sampling, rule, transport, congestion_control, long, probes)
    throughput = np.zeros(demand.flow_count)
    throughput[long] = _throughput_mbps(demand, sampling, passage, long)
    times = np.full(demand.flow_count, np.inf)
    times[probes] = fct_s(_short_flows(meets, passage, probes), transport, congestion_control)
    lost = float((ways.length[measured] == CUT_OFF).mean()) if measured.any() else 0.0
    return sample_metrics(times[measured & short], throughput[measured & ~short]), lost


def _passage(
    meets: Meets,
    sampling: Sampling,
    rule: Rule,
    transport: Transport,
    congestion_control: str,
    long: Rows,
    probes: Rows,
) -> Passage:
    """Algorithm 1. A flow's ceiling is what loss leaves it, drawn once for its life."""
    state, demand = meets.state, meets.demand
    ways = _of(meets.ways, long)
    luck = chances(meets.keys[long], _CEILING)
    ceiling = transport.ceiling_mbps(congestion_control, loss_ratio(state, ways), base_rtt_ms(state, ways), luck)
    return epochs(
        ways.links,
        demand.start_s[long],
        demand.size_bytes[long],
        ceiling,
        np.where(state.alive, state.capacity_mbps, 0.0),
        begin_s=0.0,
        until_s=sampling.horizon_s,
        epoch_s=rule.epoch_s,
        turnover_ratio=rule.turnover_ratio,
        bits=rule.bits,
        probe_links=meets.ways.links[probes],
        probe_s=demand.start_s[probes],
    )


def _throughput_mbps(demand: Demand, sampling: Sampling, passage: Passage, long: Rows) -> Reals:
    """[long flows] size over completion time; of those unfinished, what was delivered over the time that they had."""
    ended = np.where(np.isnan(passage.finish_s), sampling.horizon_s, passage.finish_s)
    lasted = np.maximum(ended - demand.start_s[long], 1e-9)
    found: Reals = passage.delivered_bytes * _BITS_PER_BYTE_US / lasted
    return found


def _short_flows(meets: Meets, passage: Passage, probes: Rows) -> ShortFlows:
    state, ways = meets.state, _of(meets.ways, probes)
    return ShortFlows(
        size_bytes=meets.demand.size_bytes[probes],
        base_rtt_ms=base_rtt_ms(state, ways),
        loss_ratio=loss_ratio(state, ways),
        capacity_mbps=along(ways, state.capacity_mbps, np.inf),
        buffer_bytes=along(ways, state.buffer_bytes, 0.0),
        utilisation_ratio=np.nan_to_num(passage.utilisation_ratio),
        flow_count=np.maximum(passage.flow_count, 0).astype(np.float64),
        key=meets.keys[probes],
    )


def _of(ways: Ways, rows: Rows) -> Ways:
    return Ways(ways.links[rows], ways.length[rows])
