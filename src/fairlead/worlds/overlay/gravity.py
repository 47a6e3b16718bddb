"""Which pairs of servers carry relay streams: people call people, nearer ones a little more often."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

DECAY_DISTANCE_KM = 2000.0
DENSE_LIMIT = 20_000_000
"""Up to so many possible pairs, each gets its own weight; beyond, pairs are drawn site by site and doubles dropped."""


def gravity_pairs(
    site: NDArray[np.int64],
    site_weight: NDArray[np.float64],
    site_distance_km: NDArray[np.float64],
    pair_count: int,
    chance: np.random.Generator,
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """``pair_count`` distinct pairs (source < target), sorted, drawn without replacement by gravity.

    site             : [servers] site of each server, ascending
    site_weight      : [sites] people behind a site
    site_distance_km : [sites, sites]

    A pair weighs as the product of the people behind its two servers (those of a site shared evenly among its servers)
    times ``(1 + distance / 2000 km) ** -0.5``. At most half of all pairs where they are more than 20 million.
    """
    server_count = len(site)
    possible = server_count * (server_count - 1) // 2
    assert 0 < pair_count <= possible, f"1 to {possible} pairs"
    per_server = site_weight / np.maximum(np.bincount(site, minlength=len(site_weight)), 1)
    pull = np.outer(per_server, per_server) / np.sqrt(1 + site_distance_km / DECAY_DISTANCE_KM)
    if possible <= DENSE_LIMIT:
        return _weighed(site, pull, pair_count, chance)
    assert 2 * pair_count <= possible, "at most half of all pairs"
    return _drawn_by_site(site, pull, pair_count, chance)


def _weighed(
    site: NDArray[np.int64], pull: NDArray[np.float64], pair_count: int, chance: np.random.Generator
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Exact weighted sampling without replacement: the smallest exponential clocks win (Efraimidis and Spirakis)."""
    source, target = (ends.astype(np.int32) for ends in np.triu_indices(len(site), 1))
    clock = chance.standard_exponential(len(source)) / pull[site[source], site[target]]
    kept = np.sort(np.argpartition(clock, pair_count - 1)[:pair_count])
    return source[kept], target[kept]


def _drawn_by_site(
    site: NDArray[np.int64], pull: NDArray[np.float64], pair_count: int, chance: np.random.Generator
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """A pair of sites, then a server in each; doubles and self-pairs are drawn again."""
    size = np.bincount(site, minlength=len(pull))
    first_server = np.concatenate(([0], np.cumsum(size)[:-1]))
    cumulative = np.cumsum(pull * np.outer(size, size))
    kept = np.empty(0, dtype=np.int64)
    while len(kept) < pair_count:
        wanted = int(1.1 * (pair_count - len(kept))) + 1000
        cell = np.searchsorted(cumulative[:-1], chance.random(wanted) * cumulative[-1], side="right")
        ends = [
            first_server[side] + (chance.random(wanted) * size[side]).astype(np.int64)
            for side in np.divmod(cell, len(pull))
        ]
        key = np.minimum(*ends) * len(site) + np.maximum(*ends)
        kept = np.unique(np.concatenate((kept, key[ends[0] != ends[1]])))
    surplus = chance.choice(len(kept), len(kept) - pair_count, replace=False, shuffle=False)
    kept = np.delete(kept, surplus)
    return (kept // len(site)).astype(np.int32), (kept % len(site)).astype(np.int32)
