"""Who sends how much to whom, and when: the demand of a run, drawn from what the snapshot says of its traffic."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fairlead.model import Arrivals, Flows, FlowSizes, Pairs, Placements, Snapshot, UsageError

Reals = NDArray[np.float64]
Rows = NDArray[np.int32]

WEB_SEARCH = (
    (0, 0.0),
    (10_000, 0.15),
    (20_000, 0.2),
    (30_000, 0.3),
    (50_000, 0.4),
    (80_000, 0.53),
    (200_000, 0.6),
    (1_000_000, 0.7),
    (2_000_000, 0.8),
    (5_000_000, 0.9),
    (10_000_000, 0.97),
    (30_000_000, 1.0),
)
"""Bytes and the share of flows of at most that size: the web-search cluster of DCTCP (Alizadeh et al. 2010)."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Trace:
    """One demand: flows in the order in which they start.

    start_s        : [flows] when connect() is called
    source, target : [flows] rows of the nodes; workloads, named by the server that they are at home on
    size_bytes     : [flows]
    """

    start_s: Reals
    source: Rows
    target: Rows
    size_bytes: Reals

    def __post_init__(self) -> None:
        count = len(self.start_s)
        assert len(self.source) == len(self.target) == len(self.size_bytes) == count, "one row a flow"
        assert bool((np.diff(self.start_s) >= 0).all()), "in the order of their start"
        for column in (self.start_s, self.source, self.target, self.size_bytes):
            column.flags.writeable = False


def web_search_sizes() -> FlowSizes:
    """WEB_SEARCH as a table."""
    points = np.array(WEB_SEARCH)
    return FlowSizes.of(size_bytes=points[:, 0].copy(), cdf_ratio=points[:, 1].copy())


def trace(snapshot: Snapshot, seed: int, horizon_s: float) -> Trace:
    """Flows that start before the horizon: those pinned by ``flows``, else Poisson arrivals drawn from the seed.

    Depends on the traffic tables and the list of servers alone, so every state of a network has the same demand.
    UsageError where neither flows nor sizes and arrivals are known. O(flows log flows).
    """
    if Flows in snapshot and snapshot[Flows].row_count:
        return _pinned(snapshot[Flows], horizon_s)
    for kind in (FlowSizes, Arrivals):
        if kind not in snapshot or not snapshot[kind].row_count:
            raise UsageError(
                code="world.no_traffic",
                what="the network does not say what traffic it carries",
                where=kind.name,
                got="no rows",
                expected="flows, or flow_sizes and arrivals_per_s",
            )
    chance = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(0x7AF1C,)))
    count = int(chance.poisson(float(snapshot[Arrivals].arrivals_per_s[0]) * horizon_s))
    start_s = np.sort(chance.uniform(0.0, horizon_s, count))  # arrivals of a Poisson process, given how many
    source, target = _ends(snapshot, count, chance)
    return Trace(start_s=start_s, source=source, target=target, size_bytes=_sizes(snapshot[FlowSizes], count, chance))


def _pinned(flows: Flows, horizon_s: float) -> Trace:
    order = np.argsort(flows.start_s, kind="stable")
    order = order[flows.start_s[order] < horizon_s]
    return Trace(
        start_s=flows.start_s[order].astype(np.float64),
        source=flows.source[order],
        target=flows.target[order],
        size_bytes=flows.size_bytes[order].astype(np.float64),
    )


def _sizes(table: FlowSizes, count: int, chance: np.random.Generator) -> Reals:
    drawn = np.interp(chance.random(count), table.cdf_ratio, table.size_bytes)
    return np.maximum(1.0, np.ceil(drawn))


def _ends(snapshot: Snapshot, count: int, chance: np.random.Generator) -> tuple[Rows, Rows]:
    if Pairs in snapshot and snapshot[Pairs].row_count:
        pairs = snapshot[Pairs]
        total = np.cumsum(pairs.probability, dtype=np.float64)
        row = np.searchsorted(total, chance.random(count) * total[-1], side="right")
        return pairs.source[row], pairs.target[row]
    servers = snapshot[Placements].server
    source = chance.integers(0, len(servers), count)
    target = (source + chance.integers(1, len(servers), count)) % len(servers)  # any other, all alike
    return servers[source], servers[target]
