"""Small routed overlays from a seed, with what is awkward: missing links, unmeasured access, ties, no limits."""

from __future__ import annotations

import numpy as np

from fairlead.model import (
    Access,
    Demands,
    Direct,
    Groups,
    Links,
    ServiceClasses,
    Sites,
    Snapshot,
)


def routing_network(
    seed: int,
    *,
    sites: int = 5,
    groups: int = 6,
    demands: int = 12,
    link_ratio: float = 0.8,
    known_ratio: float = 0.9,
    whole_ms: bool = True,
    unlimited_ratio: float = 0.2,
) -> Snapshot:
    """Latencies in whole ms (many ties) unless told otherwise; every third session group has no known demand."""
    chance = np.random.default_rng(seed)
    ends = [(a, b) for a in range(sites) for b in range(sites) if a != b and chance.random() < link_ratio]
    access = [(g, s) for g in range(groups) for s in range(sites) if chance.random() < known_ratio]
    pairs = [(a, b) for a in range(groups) for b in range(groups) if chance.random() < known_ratio]
    every = [(a, b, c) for a in range(groups) for b in range(groups) for c in range(3)]
    picked = [every[row] for row in chance.choice(len(every), min(demands, len(every)), replace=False)]
    demand = np.where(np.arange(len(picked)) % 3 == 2, np.nan, chance.pareto(1.5, len(picked)) * 10 + 1)

    def metrics(count: int, low: int, high: int) -> dict[str, np.ndarray]:
        latency = chance.uniform(low, high, count)
        return {
            "latency_ms": np.round(latency) if whole_ms else latency,
            "jitter_ms": np.where(chance.random(count) < 0.05, np.nan, chance.exponential(6.0, count)),
            "loss_ratio": np.where(chance.random(count) < 0.05, np.nan, chance.beta(1, 40, count)),
        }

    def ends_of(rows: list[tuple[int, ...]], names: tuple[str, ...]) -> dict[str, np.ndarray]:
        columns = np.array(rows, np.int32).reshape(-1, len(names)).T
        return {name: column.copy() for name, column in zip(names, columns, strict=True)}

    capacity = np.where(chance.random(len(ends)) < unlimited_ratio, np.nan, chance.uniform(20, 200, len(ends)))
    return Snapshot(
        [
            Sites.of(
                site=np.array([f"s{number}" for number in range(sites)]),
                nic_mbps=np.where(chance.random(sites) < unlimited_ratio, np.nan, chance.uniform(50, 400, sites)),
                cost_per_mbps=chance.uniform(0.5, 2.0, sites),
            ),
            Links.of(
                **ends_of(ends, ("source", "target")),
                **metrics(len(ends), 1, 120),
                capacity_mbps=capacity,
                cost_per_mbps=chance.uniform(0.5, 2.0, len(ends)),
            ),
            Groups.of(group=np.array([f"g{number}" for number in range(groups)])),
            Access.of(**ends_of(access, ("group", "site")), **metrics(len(access), 1, 90)),
            ServiceClasses.of_panorama(),
            Direct.of(**ends_of(pairs, ("source_group", "target_group")), **metrics(len(pairs), 40, 420)),
            Demands.of(**ends_of(picked, ("source_group", "target_group", "service_class")), demand_mbps=demand),
        ]
    )
