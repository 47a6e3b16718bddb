"""Draws what fails together: structural faults in the proportion of Sentry's Table 1, isolated paths beside them.

Table 1: 31.5 % of the failures are server-level, 68.5 % data-center-level. Of the latter, 6 in 10 hit one data center
here, 3 cut a backbone between two regions of one provider (Figure 2a) and 1 hits one provider inside a region (Figure
2b); the paper gives no split.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from fairlead.worlds.overlay.faults import (
    Hit,
    backbone_hit,
    data_center_hit,
    part_of,
    path_hit,
    region_hit,
    server_hit,
)
from fairlead.worlds.overlay.network import Network

SERVER_LEVEL_SHARE = 74 / 235  # Sentry, Table 1: 74 server-level, 161 data-center-level failures
DATA_CENTER_LEVEL_SPLIT = (0.6, 0.3, 0.1)  # data center, backbone, region


def structural_hit(network: Network, chance: np.random.Generator) -> Hit:
    """One server-level or data-center-level failure, on most of the pairs of its place."""
    if chance.random() < SERVER_LEVEL_SHARE:
        busy = np.unique(network.source)
        return part_of(server_hit(network, int(chance.choice(busy))), chance.uniform(0.75, 1), chance)
    level = int(chance.choice(3, p=DATA_CENTER_LEVEL_SPLIT))
    if level == 0:
        data_center = int(network.group("data_center")[chance.choice(network.source)])
        return part_of(data_center_hit(network, data_center), chance.uniform(0.5, 1), chance)
    whole = _backbone(network, chance) if level == 1 else _region(network, chance)
    return part_of(whole, chance.uniform(0.85, 1), chance)


def structural_hits(network: Network, pair_budget: int, chance: np.random.Generator) -> Iterator[Hit]:
    """Failures until ``pair_budget`` pairs are hit; the last is cut down to what is left of it.

    The kinds keep the proportion of Table 1: each is drawn before its size is known.
    """
    hit_already = np.zeros(network.pair_count, dtype=bool)
    left = pair_budget
    while left > 0:
        hit = structural_hit(network, chance)
        fresh = hit.pairs[~hit_already[hit.pairs]]
        if len(fresh) > left:
            fresh = np.sort(chance.choice(fresh, left, replace=False))
        hit_already[fresh] = True
        left -= len(fresh)
        if len(fresh):
            yield Hit(kind=hit.kind, place=hit.place, pairs=fresh)


def path_hits(network: Network, path_count: int, chance: np.random.Generator) -> tuple[Hit, ...]:
    """Single paths, no path twice."""
    pairs = chance.choice(network.pair_count, min(path_count, network.pair_count), replace=False)
    return tuple(path_hit(network, int(pair)) for pair in pairs)


def _backbone(network: Network, chance: np.random.Generator) -> Hit:
    """Of a pair drawn among those that a backbone carries, the backbone; a data center where there is no such pair."""
    provider, region = network.group("provider"), network.group("region")
    carried = np.flatnonzero(
        (provider[network.source] == provider[network.target]) & (region[network.source] != region[network.target])
    )
    if not len(carried):
        return _any_data_center(network, chance)
    pair = chance.choice(carried)
    ends = int(network.source[pair]), int(network.target[pair])
    return backbone_hit(network, int(provider[ends[0]]), int(region[ends[0]]), int(region[ends[1]]))


def _region(network: Network, chance: np.random.Generator) -> Hit:
    """Of a pair drawn among those between data centers of one provider in one region, that provider and region."""
    provider, region, data_center = (network.group(name) for name in ("provider", "region", "data_center"))
    source, target = network.source, network.target
    local = (provider[source] == provider[target]) & (region[source] == region[target])
    carried: NDArray[np.int64] = np.flatnonzero(local & (data_center[source] != data_center[target]))
    if not len(carried):
        return _any_data_center(network, chance)
    end = int(source[chance.choice(carried)])
    return region_hit(network, int(provider[end]), int(region[end]))


def _any_data_center(network: Network, chance: np.random.Generator) -> Hit:
    return data_center_hit(network, int(network.group("data_center")[chance.choice(network.source)]))
