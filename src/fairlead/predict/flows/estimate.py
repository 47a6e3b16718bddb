"""The estimator of connection-level performance (SWARM Algorithm 2): network states in, composite distributions out.

A sample is one demand with one draw of the routing. Whatever is random follows from the keys of the flows, so the same
sample of two states differs only by what the states do to the flows: common random numbers. The states of one call
share demands and, where they differ little, most of the drawn ways.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from fairlead.model import Arrivals, Flows, FlowSizes, Nodes, Pairs, Snapshot
from fairlead.predict.flows.clp import CLP_METRICS, Clp
from fairlead.predict.flows.demand import Demand, Sampling, demands
from fairlead.predict.flows.downscaling import part_of, shrunk, thinned
from fairlead.predict.flows.fabric import fabric
from fairlead.predict.flows.routing import draw, redraw, routing_keys
from fairlead.predict.flows.sample import Meets, Rule, sampled
from fairlead.predict.flows.transport import Transport

Reals = NDArray[np.float64]
Keys = NDArray[np.uint64]


class Mapper(Protocol):
    """Maps a function over shards, wherever that is done; answers in the order of the shards."""

    def __call__(self, fn: Callable[[Any], Any], shards: Sequence[Any]) -> list[Any]: ...


def in_turn(fn: Callable[[Any], Any], shards: Sequence[Any]) -> list[Any]:
    """Here, one after the other."""
    return [fn(shard) for shard in shards]


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """How closely the estimator looks.

    demand_count : K, demands to draw; sample i has demand i % K and routing i // K
    sampling     : what a demand covers
    part_count   : each sample takes one part in so many of traffic and capacity (down-scaling)
    rule         : how the rates of long flows are computed
    """

    demand_count: int = 16
    sampling: Sampling = field(default_factory=Sampling)
    part_count: int = 1
    rule: Rule = field(default_factory=Rule)

    def __post_init__(self) -> None:
        assert self.demand_count >= 1, "a sample needs a demand"
        assert self.part_count >= 1, "a network has a part"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Shard:
    """One demand under some routings, in some states. ``shared_by``: parts that it is still to be dealt out to."""

    states: tuple[Snapshot, ...]
    demand: Demand
    shared_by: int
    number: int
    routings: tuple[int, ...]
    effort: Effort
    transport: Transport
    congestion_control: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowEstimator:
    """The ``Estimate`` of this package. Traffic is that of the states' own tables; those of one call share it.

    transport          : measured tables
    congestion_control : what the servers run; a name of the tables
    seed               : of demands, routings and luck
    mapper             : who does the work; the result does not depend on it
    drawn              : demands drawn so far, by all that they follow from; for all candidates (SWARM 3.4)
    """

    effort: Effort
    transport: Transport
    congestion_control: str
    seed: int = 0
    mapper: Mapper = in_turn
    drawn: dict[tuple[bytes, int, Sampling, int, int], Demand] = field(default_factory=dict, compare=False, repr=False)

    def __call__(self, states: Sequence[Snapshot], samples: range) -> list[Clp]:
        """SWARM Algorithm 2, for each state. O(states x samples x (flows + epochs x flows under way))."""
        traffic = _traffic(states[0])
        assert all(_traffic(state) == traffic for state in states), "states of one call share their traffic"
        count = demand_count(states[0], self.effort)
        by_demand: dict[int, list[int]] = {}
        for sample in samples:
            by_demand.setdefault(sample % count, []).append(sample)
        shards = [
            _Shard(
                states=tuple(states),
                demand=self._demand(states[0], traffic, number),
                shared_by=self.effort.part_count if thinned(states[0], self.effort.part_count) is states[0] else 1,
                number=number,
                routings=tuple(sample // count for sample in those),
                effort=self.effort,
                transport=self.transport,
                congestion_control=self.congestion_control,
            )
            for number, those in by_demand.items()
        ]
        found = self.mapper(_estimated, shards)
        values = np.empty((len(states), len(samples), len(CLP_METRICS)))
        cut_off = np.empty((len(states), len(samples)))
        for those, (metrics, lost) in zip(by_demand.values(), found, strict=True):
            place = [sample - samples.start for sample in those]
            values[:, place], cut_off[:, place] = metrics, lost
        return [Clp(values=value, cut_off_ratio=lost) for value, lost in zip(values, cut_off, strict=True)]

    def _demand(self, state: Snapshot, traffic: bytes, number: int) -> Demand:
        place = (traffic, self.seed, self.effort.sampling, self.effort.part_count, number)
        if place not in self.drawn:
            source = thinned(state, self.effort.part_count)
            (self.drawn[place],) = demands(source, self.effort.sampling, self.seed, range(number, number + 1))
        return self.drawn[place]


def demand_count(snapshot: Snapshot, effort: Effort) -> int:
    """Demands that differ: one where the network pins it, else those of the effort."""
    pinned = Flows in snapshot and snapshot[Flows].row_count > 0
    return 1 if pinned else effort.demand_count


def _traffic(snapshot: Snapshot) -> bytes:
    """What a demand follows from. Without ``arrivals_per_s`` the load is the fabric's, which no repair changes."""
    tables = [snapshot[kind] for kind in (Flows, FlowSizes, Pairs, Arrivals) if kind in snapshot]
    digests = [table.digest(column) for table in tables for column in table.declared()]
    return b"".join((snapshot[Nodes].digest("tier"), *digests))


def _estimated(shard: _Shard) -> tuple[Reals, Reals]:
    """[states, routings, metrics] and [states, routings] share of measured flows without a way."""
    fabrics = [fabric(state) for state in shard.states]
    effort = shard.effort
    values = np.empty((len(fabrics), len(shard.routings), len(CLP_METRICS)))
    lost = np.empty((len(fabrics), len(shard.routings)))
    scaled = [shrunk(state, effort.part_count) for state in fabrics]
    for place, routing in enumerate(shard.routings):
        demand = part_of(shard.demand, shard.shared_by, (shard.number + routing) % shard.shared_by)
        keys = routing_keys(demand.key, routing)
        first = draw(fabrics[0], demand.source, demand.target, keys)
        for number, state in enumerate(fabrics):
            ways = first
            if number:
                ways, _ = redraw(fabrics[0], state, demand.source, demand.target, keys, first)
            meets = Meets(state=scaled[number], demand=demand, keys=keys, ways=ways)
            values[number, place], lost[number, place] = sampled(
                meets, effort.sampling, effort.rule, shard.transport, shard.congestion_control
            )
    return values, lost
