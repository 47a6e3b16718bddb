"""The estimator of connection-level performance (SWARM Algorithm 2): network states in, composite distributions out.

A sample is one demand with one draw of the routing. Whatever is random follows from the keys of the flows, so the same
sample of two states differs only by what the states do to the flows: common random numbers. The states of one call
share demands and, where they differ little, most of the drawn ways.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import inf
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from fairlead.model import Arrivals, Flows, FlowSizes, Nodes, Pairs, Snapshot
from fairlead.predict.flows.clp import CLP_METRICS, Clp
from fairlead.predict.flows.demand import Demand, Sampling, demands
from fairlead.predict.flows.downscaling import thinned
from fairlead.predict.flows.sample import Rule, stitched
from fairlead.predict.flows.segments import segments
from fairlead.predict.flows.shard import Shard, outcomes
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

    demand_count  : K, demands to draw; sample i has demand i % K and routing i // K
    sampling      : what a demand covers
    part_count    : each sample takes one part in so many of traffic and capacity (down-scaling)
    rule          : how the rates of long flows are computed
    settle_s      : how long before it is measured each state goes its own way; before that the running network carries
                    the traffic once for all of them (warm start). Infinite: from the beginning
    segment_count : stretches of the measured time that are computed apart, where the mapper likes, each with a warm-up
                    of its own
    """

    demand_count: int = 16
    sampling: Sampling = field(default_factory=Sampling)
    part_count: int = 1
    rule: Rule = field(default_factory=Rule)
    settle_s: float = inf
    segment_count: int = 1

    def __post_init__(self) -> None:
        assert self.demand_count >= 1, "a sample needs a demand"
        assert self.part_count >= 1, "a network has a part"
        assert self.settle_s >= 0, "time before it is measured"
        assert self.segment_count >= 1, "a demand is a stretch"


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowEstimator:
    """The ``Estimate`` of this package. Traffic is that of the states' own tables; those of one call share it.

    transport          : measured tables
    congestion_control : what the servers run; a name of the tables
    seed               : of demands, routings and luck
    mapper             : who does the work; the result does not depend on it
    running            : the network as it is, for the warm start; None: none
    drawn              : demands drawn so far, by all that they follow from; for all candidates (SWARM 3.4)
    """

    effort: Effort
    transport: Transport
    congestion_control: str
    seed: int = 0
    mapper: Mapper = in_turn
    running: Snapshot | None = None
    drawn: dict[tuple[bytes, int, Sampling, int, int], Demand] = field(default_factory=dict, compare=False, repr=False)

    def __call__(self, states: Sequence[Snapshot], samples: range) -> list[Clp]:
        """SWARM Algorithm 2, for each state. O(states x samples x (flows + epochs x flows under way)).

        A sample follows from its state, its number and the fields of this alone, not from what else is asked.
        """
        traffic = _traffic(states[0])
        assert all(_traffic(state) == traffic for state in states), "states of one call share their traffic"
        count = demand_count(states[0], self.effort)
        by_demand: dict[int, list[int]] = {}
        for sample in samples:
            by_demand.setdefault(sample % count, []).append(sample)
        shards = [
            shard
            for number, those in by_demand.items()
            for shard in self._shards(states, self._demand(states[0], traffic, number), number, those, count)
        ]
        found = iter(self.mapper(outcomes, shards))
        values = np.empty((len(states), len(samples), len(CLP_METRICS)))
        cut_off = np.empty((len(states), len(samples)))
        for those in by_demand.values():
            parts = [next(found) for _ in range(self.effort.segment_count)]
            for place, sample in enumerate(those):
                for state in range(len(states)):
                    whole = stitched([part[place][state] for part in parts])
                    values[state, sample - samples.start], cut_off[state, sample - samples.start] = whole
        return [Clp(values=value, cut_off_ratio=lost) for value, lost in zip(values, cut_off, strict=True)]

    def _shards(
        self, states: Sequence[Snapshot], demand: Demand, number: int, samples: list[int], count: int
    ) -> list[Shard]:
        """The stretches of one demand."""
        drawn_whole = thinned(states[0], self.effort.part_count) is states[0]
        return [
            Shard(
                states=tuple(states),
                running=self.running if self.effort.settle_s < self.effort.sampling.from_s else None,
                demand=each.demand,
                sampling=each.sampling,
                settle_s=self.effort.settle_s,
                shared_by=self.effort.part_count if drawn_whole else 1,
                part_count=self.effort.part_count,
                number=number,
                routings=tuple(sample // count for sample in samples),
                rule=self.effort.rule,
                transport=self.transport,
                congestion_control=self.congestion_control,
            )
            for each in segments(demand, self.effort.sampling, self.effort.segment_count)
        ]

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
