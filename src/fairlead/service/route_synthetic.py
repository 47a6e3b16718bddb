"""A routed network made of chance: valid, of any size, and without meaning. For measuring what serves it."""

from __future__ import annotations

import math

import numpy as np

from fairlead.model import (
    Access,
    Demands,
    Groups,
    Hops,
    Paths,
    Prefixes,
    Routes,
    ServiceClasses,
    Sites,
    Snapshot,
)
from fairlead.model.table import Array

SLOTS = 3
CHOICES = 5  # backbone paths of every pair of sites
V6_RATIO = 0.1  # of the prefixes


def synthetic_snapshot(session_groups: int, prefixes: int, seed: int, groups: int = 3_000, sites: int = 34) -> Snapshot:
    """A snapshot with routes: about ``session_groups`` session groups of ``groups`` user groups, at least one each.

    Sites are called ``s0``, ``s1``, ...; prefixes are /24 from 1.0.0.0 on, and one in ten a /48 from 2001:: on.
    """
    rng = np.random.default_rng(seed)
    names = np.char.add("g", np.char.zfill(np.arange(groups).astype(str), 6))
    every = groups * groups * 3
    numbers = np.sort(rng.choice(every, min(session_groups, every), replace=False, shuffle=False))
    source, target = numbers // (3 * groups), numbers // 3 % groups
    different = source != target
    demands = Demands.of(
        source_group=source[different].astype(np.int32),
        target_group=target[different].astype(np.int32),
        service_class=(numbers % 3)[different].astype(np.int32),
        demand_mbps=rng.pareto(1.5, int(different.sum())),
    )
    paths, hops = _pool(sites, rng)
    return Snapshot(
        [
            Sites.of(site=np.char.add("s", np.arange(sites).astype(str))),
            Groups.of(group=names),
            _access(groups, sites, rng),
            Prefixes.of(prefix=_prefixes(prefixes), group=rng.integers(0, groups, prefixes).astype(np.int32)),
            ServiceClasses.of_panorama(),
            demands,
            paths,
            hops,
            _routes(demands.row_count, paths.row_count, rng),
        ]
    )


def _access(groups: int, sites: int, rng: np.random.Generator) -> Access:
    return Access.of(
        group=np.repeat(np.arange(groups), sites).astype(np.int32),
        site=np.tile(np.arange(sites), groups).astype(np.int32),
        latency_ms=rng.uniform(2, 200, groups * sites),
    )


def _pool(sites: int, rng: np.random.Generator) -> tuple[Paths, Hops]:
    """Row 0 is direct; then CHOICES paths of every pair: with no relay first, then with one, two, ... other sites."""
    rows: list[list[int]] = [[]]
    ends, ranks = [(-1, -1)], [0]
    for source in range(sites):
        for target in range(sites):
            between = [site for site in rng.permutation(sites).tolist() if site not in (source, target)]
            for rank in range(1 if source == target else min(CHOICES, sites - 1)):
                middle = [source, *between[:rank]]
                rows.append(middle if source == target else [*middle, target])
                ends.append((source, target))
                ranks.append(rank)
    lengths = np.array([len(row) for row in rows])
    pairs = np.array(ends, dtype=np.int32)
    return (
        Paths.of(
            source=pairs[:, 0].copy(),
            target=pairs[:, 1].copy(),
            rank=np.array(ranks),
            latency_ms=np.where(lengths > 0, 30.0 * (lengths - 1), np.nan),
            jitter_ms=np.where(lengths > 0, 1.0, np.nan),
            loss_ratio=np.where(lengths > 0, 0.001, np.nan),
            hop_count=lengths,
        ),
        Hops.of(
            path=np.repeat(np.arange(len(rows)), lengths).astype(np.int32),
            position=np.concatenate([np.arange(length) for length in lengths]),
            site=np.array([site for row in rows for site in row], dtype=np.int32),
        ),
    )


def _prefixes(count: int) -> Array:
    v6 = math.floor(count * V6_RATIO)
    texts = [f"{1 + (n >> 16)}.{n >> 8 & 255}.{n & 255}.0/24" for n in range(count - v6)]
    return np.array(texts + [f"2001:{n >> 16:x}:{n & 65535:x}::/48" for n in range(v6)] or np.empty(0, "U1"))


def _routes(demands: int, paths: int, rng: np.random.Generator) -> Routes:
    """One to SLOTS distinct paths for each session group, with weights that sum to 1."""
    first = rng.integers(0, paths, demands)
    used = rng.integers(1, SLOTS + 1, demands)[:, None] > np.arange(SLOTS)
    step = max(1, paths // SLOTS)
    path = np.where(used, (first[:, None] + step * np.arange(SLOTS)) % paths, -1)
    weight = np.where(used, rng.uniform(0.1, 1.0, (demands, SLOTS)), 0.0)
    return Routes.of(
        demand=np.repeat(np.arange(demands), SLOTS).astype(np.int32),
        rank=np.tile(np.arange(SLOTS), demands),
        path=path.ravel().astype(np.int32),
        weight_ratio=(weight / weight.sum(axis=1, keepdims=True)).ravel(),
        stage=np.zeros(demands * SLOTS, dtype=np.int32),
    )
