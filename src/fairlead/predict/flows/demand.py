"""Demand matrices drawn from what is known of the traffic (SWARM 3.3, "Modeling traffic variability").

A demand does not depend on the state of the network: it is drawn once, offline, and reused for every candidate.
Workloads are named by the servers of the ``nodes`` table; where they run is the state's business (``Fabric.host``).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from fairlead.model import Flows, Snapshot
from fairlead.predict.flows.workload import arrivals_per_s, drawn_pairs, drawn_sizes

Reals = NDArray[np.float64]
Int32s = NDArray[np.int32]
Keys = NDArray[np.uint64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Demand:
    """One demand matrix, columnar, one row a flow in order of start. Read-only.

    start_s, size_bytes : [flows]
    source, target      : [flows] int32 node rows of the servers, never the same
    key                 : [flows] uint64; all further chance of a flow (way, luck) follows from it
    """

    start_s: Reals
    source: Int32s
    target: Int32s
    size_bytes: Reals
    key: Keys

    def __post_init__(self) -> None:
        for array in (self.start_s, self.source, self.target, self.size_bytes, self.key):
            assert len(array) == len(self.start_s), "columns of one length"
            array.flags.writeable = False

    @property
    def flow_count(self) -> int:
        """Flows, all of them."""
        return len(self.start_s)

    def chosen(self, rows: NDArray[np.bool_] | NDArray[np.int64]) -> Demand:
        """Only these flows, their order kept."""
        return Demand(
            start_s=self.start_s[rows],
            source=self.source[rows],
            target=self.target[rows],
            size_bytes=self.size_bytes[rows],
            key=self.key[rows],
        )

    def since(self, begin_s: float) -> Demand:
        """The same flows, with times counted from ``begin_s``; who started before has a negative one."""
        return replace(self, start_s=self.start_s - begin_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampling:
    """What a sample covers (SWARM 4.1): traffic up to ``horizon_s``; flows that start in [from_s, until_s) count.

    What comes before warms the network up; what comes after keeps the last measured flows in company.
    """

    horizon_s: float = 200.0
    from_s: float = 50.0
    until_s: float = 150.0

    def __post_init__(self) -> None:
        assert 0 <= self.from_s < self.until_s <= self.horizon_s


def demands(snapshot: Snapshot, sampling: Sampling, seed: int, numbers: range) -> tuple[Demand, ...]:
    """Demands of these sample numbers; number ``i`` follows from ``seed`` and ``i`` alone.

    A pinned demand (the table Flows) is every sample's demand, cut at the horizon; only keys differ. Otherwise arrivals
    are Poisson, sizes and pairs independent draws from FlowSizes and Pairs. What is missing is drawn with the most
    uncertainty that leaves it defined (SWARM 3.4; ``uncertain.py``). Give the snapshot before any repair: a
    demand must not depend on one. O(flows) each.
    """
    if Flows in snapshot and snapshot[Flows].row_count:
        return tuple(_pinned(snapshot[Flows], sampling, _chance(seed, number)) for number in numbers)
    return tuple(_drawn(snapshot, sampling, _chance(seed, number)) for number in numbers)


def _chance(seed: int, number: int) -> np.random.Generator:
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(number,)))


def _keys(chance: np.random.Generator, count: int) -> Keys:
    return chance.integers(0, 2**64, count, dtype=np.uint64)


def _pinned(flows: Flows, sampling: Sampling, chance: np.random.Generator) -> Demand:
    order = np.argsort(flows.start_s, kind="stable")
    keys = _keys(chance, len(order))  # of all rows, so that a nearer horizon does not change them
    whole = Demand(
        start_s=flows.start_s[order].astype(np.float64),
        source=flows.source[order],
        target=flows.target[order],
        size_bytes=flows.size_bytes[order].astype(np.float64),
        key=keys,
    )
    return whole.chosen(whole.start_s < sampling.horizon_s)


def _drawn(snapshot: Snapshot, sampling: Sampling, chance: np.random.Generator) -> Demand:
    rate = arrivals_per_s(snapshot, chance)
    count = int(chance.poisson(rate * sampling.horizon_s))
    gap = chance.standard_exponential(count + 1)  # uniform times in order: the cumulated gaps, scaled to the horizon
    start = np.cumsum(gap)
    size = drawn_sizes(snapshot, chance.random(count))
    source, target = drawn_pairs(snapshot, chance.random(count))
    return Demand(
        start_s=start[:-1] / start[-1] * sampling.horizon_s,
        source=source,
        target=target,
        size_bytes=size,
        key=_keys(chance, count),
    )
