"""Tiny networks in which every subset of servers can be tried."""

from __future__ import annotations

from functools import cache

import numpy as np
from oracles.networks import network

from fairlead.checks.limits import Limits
from fairlead.checks.relabel import rebuilt
from fairlead.model import Snapshot

SLO_RATIO = 0.999
LIMITS = Limits(fleet_cap_ratio=0.4, region_floor_ratio=0.5, headroom_ratio=0.95)
WORLD_COUNT = 19


def world(number: int) -> Snapshot:
    """A world that nobody has had in hand: its arrays are its own."""
    return rebuilt(_world(number))


@cache
def _world(number: int) -> Snapshot:
    """World ``number``: 7 to 9 servers in three regions; healthy, slightly sick, sick beyond the limits, or silent."""
    chance = np.random.default_rng(number)
    count = int(chance.integers(7, 10))
    pairs = [(a, b) for a in range(count) for b in range(a + 1, count)]
    kind = number % 6
    pair_count = (0, 2, 4, 5, 10, 3)[kind]
    picked = [pairs[place] for place in chance.choice(len(pairs), pair_count, replace=False)]
    failed = {pair: int(chance.integers(1, 40)) for pair in picked}
    return network(
        regions=[f"r{place}" for place in np.sort(chance.integers(0, 3, count))],
        failed=failed,
        streams_count=0 if number == 18 else 100,
        users=chance.integers(1, 100, count).tolist(),
        # sometimes known, and then tight
        capacity_mbps=np.nan if number % 2 else chance.integers(110, 260, count).astype(float),
        offline=[0] if kind == 5 else [],
    )


def worlds() -> list[Snapshot]:
    return [world(number) for number in range(WORLD_COUNT)]
