"""One sample of one state: the long flows through time, then the short ones among them (SWARM Algorithms 1 and 2)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fairlead.kernels.draws import chances, mixed_keys
from fairlead.kernels.ecmp_ways import Ways
from fairlead.kernels.epochs_use import Pull
from fairlead.predict.flows.clp import SHORT_BYTES, sample_metrics
from fairlead.predict.flows.demand import Demand, Sampling
from fairlead.predict.flows.fabric import Fabric
from fairlead.predict.flows.long import LongFlows, LongOutcome, LongRule, background_mbps, long_flows
from fairlead.predict.flows.long_delays import CEILING, delayed_mbps, taken, waiting_ms
from fairlead.predict.flows.long_startup import handshake_wait_s, startup_s
from fairlead.predict.flows.pull import pull
from fairlead.predict.flows.routing import CUT_OFF, LOCAL, along, base_rtt_ms, draw, loss_ratio
from fairlead.predict.flows.short import ShortFlows, fct_s
from fairlead.predict.flows.short_crowding import crowded_s, crowding_ratios
from fairlead.predict.flows.transport import Transport

Reals = NDArray[np.float64]
Rows = NDArray[np.int64]

Rule = LongRule
"""How the rates of long flows follow time."""

_ANSWER = (1 << 42) + 1  # a place in the hash of a flow's key that nothing else has
_BACK = 1 << 44  # number of the routing sample, if ways back were one more of them


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Meets:
    """What the flows of a demand meet in a state: their ways, and the keys that their luck follows from.

    left_bytes : [flows] what those that started before time 0 still have to send then, else their size; None: nothing
                 started before
    """

    state: Fabric
    demand: Demand
    keys: NDArray[np.uint64]
    ways: Ways
    left_bytes: Reals | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Observed:
    """What became of the flows that start while it is measured.

    fct_s           : [short flows] completion times; infinite: no way
    throughput_mbps : [long flows] 0: no way
    cut_off_count   : of both, those without a way
    """

    fct_s: Reals
    throughput_mbps: Reals
    cut_off_count: int


def stitched(parts: Sequence[Observed]) -> tuple[Reals, float]:
    """[3] the metrics over the flows of all parts, and the share of these without a way (SWARM 3.4: "stitch")."""
    fct_s = np.concatenate([part.fct_s for part in parts])
    throughput_mbps = np.concatenate([part.throughput_mbps for part in parts])
    count = len(fct_s) + len(throughput_mbps)
    lost = sum(part.cut_off_count for part in parts) / count if count else 0.0
    return sample_metrics(fct_s, throughput_mbps), lost


def observed(meets: Meets, sampling: Sampling, rule: Rule, transport: Transport, congestion_control: str) -> Observed:
    """What becomes of each flow that is measured. O(epochs x flows under way + flows)."""
    demand, ways = meets.demand, meets.ways
    measured = (demand.start_s >= sampling.from_s) & (demand.start_s < sampling.until_s) & (ways.length != LOCAL)
    short, has_way = demand.size_bytes <= SHORT_BYTES, ways.length > 0
    long, seen = np.flatnonzero(~short & has_way), np.flatnonzero(measured & has_way)
    flows = long_flows_of(meets, sampling.horizon_s, transport, congestion_control, long, seen)
    found = long_flows(flows, rule, 0.0, sampling.horizon_s)
    fluid_mbps, first_s = np.zeros(demand.flow_count), np.zeros(demand.flow_count)
    fluid_mbps[long], first_s[long] = found.throughput_mbps, flows.startup_s
    met, back = _met(meets, found, flows.pull, seen), _back_loss_ratio(meets, seen)
    crowd, lasting = crowding_ratios(met, ways.links[seen], transport, congestion_control)
    times, throughput = np.full(demand.flow_count, np.inf), np.zeros(demand.flow_count)
    brief = short[seen]
    rows = seen[brief]
    times[rows] = _short_s(taken(met, brief), crowd[brief], back[brief], transport, congestion_control)
    rows, slow, crowds = seen[~brief], taken(met, ~brief), (crowd[~brief], lasting[~brief])
    throughput[rows] = delayed_mbps(
        fluid_mbps[rows], first_s[rows], slow, crowds, back[~brief], transport, congestion_control
    )
    return Observed(
        fct_s=times[measured & short],
        throughput_mbps=throughput[measured & ~short],
        cut_off_count=int((ways.length[measured] == CUT_OFF).sum()),
    )


def long_flows_of(
    meets: Meets, horizon_s: float, transport: Transport, congestion_control: str, long: Rows, seen: Rows
) -> LongFlows:
    """The flows ``long``, with what loss leaves to each, drawn once for its life; ``seen`` look where they start.

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
        size_bytes=(demand.size_bytes if meets.left_bytes is None else meets.left_bytes)[long],
        ceiling_mbps=transport.ceiling_mbps(congestion_control, loss, rtt_ms, chances(meets.keys[long], CEILING)),
        pull=pull(state, rtt_ms, transport, congestion_control),
        capacity_mbps=np.where(state.alive, state.capacity_mbps, 0.0),
        background_mbps=background_mbps(demand, meets.ways, state.link_count, horizon_s),
        probe_links=meets.ways.links[seen],
        probe_s=demand.start_s[seen],
    )


def _met(meets: Meets, found: LongOutcome, pulled: Pull, seen: Rows) -> ShortFlows:
    """What the flows that are measured meet on their ways when they start."""
    state, ways = meets.state, _rows(meets.ways, seen)
    rtt_ms, full_ms = base_rtt_ms(state, ways), along(ways, pulled.full_ms, 0.0)
    return ShortFlows(
        size_bytes=meets.demand.size_bytes[seen],
        base_rtt_ms=rtt_ms,
        loss_ratio=loss_ratio(state, ways),
        capacity_mbps=along(ways, state.capacity_mbps, np.inf),
        buffer_bytes=along(ways, state.buffer_bytes, 0.0),
        utilisation_ratio=found.utilisation_ratio,
        flow_count=found.flow_count,
        # of a flow as far from its target as the one that looks, and that meets this queue alone
        share_mbps=found.level_mbps * (rtt_ms[:, None] + full_ms) ** pulled.power,
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


def _short_s(met: ShortFlows, crowd_ratio: Reals, back_loss_ratio: Reals, transport: Transport, control: str) -> Reals:
    """[flows] completion times of short flows: the way there, what full queues add, and the answer to the SYN."""
    rtt_ms = met.base_rtt_ms + waiting_ms(met, transport, control)
    added_s = crowded_s(met, crowd_ratio, rtt_ms, transport, control) + _answer_wait_s(met, back_loss_ratio)
    return fct_s(met, transport, control) + added_s


def _answer_wait_s(met: ShortFlows, back_loss_ratio: Reals) -> Reals:
    """[flows] time-outs of handshakes whose answer is lost; the tables of short flows know the way there alone."""
    # the loss of one of two ways that fails as often as one way with this loss
    alike = 1.0 - np.sqrt(1.0 - back_loss_ratio)
    return handshake_wait_s(alike, chances(met.key, _ANSWER))


def _rows(ways: Ways, rows: Rows) -> Ways:
    return Ways(ways.links[rows], ways.length[rows])
