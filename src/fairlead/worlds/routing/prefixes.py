"""Address blocks of the users: which group each belongs to, and how far each site is from it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fairlead.model import Prefixes
from fairlead.worlds.overlay.apportion import apportioned
from fairlead.worlds.overlay.metros import METROS
from fairlead.worlds.routing.internet import Internet
from fairlead.worlds.routing.places import Rows, UserPlaces

FIRST_BLOCK = 10 << 16
"""The first /24 is 10.0.0.0/24, the others follow; the addresses mean nothing."""
DENSE_COUNTRIES = frozenset({"China", "India", "United States", "Germany", "Japan"})
"""Where Panorama (3.3) would rank only two sites: several cloud regions in one country."""


def shared_prefixes(prefix_count: int, users: UserPlaces) -> Prefixes:
    """``prefix_count`` blocks shared out among the groups by people, those of a group together."""
    return Prefixes.of(prefix=block_names(prefix_count), group=_home_group(prefix_count, users).astype(np.int32))


def block_names(prefix_count: int) -> NDArray[np.str_]:
    """[prefixes] consecutive /24 blocks in CIDR form. 750,000 take about a second."""
    assert 0 <= prefix_count <= (224 << 16) - FIRST_BLOCK, "unicast addresses"
    octet = np.arange(256).astype("U3")
    block = FIRST_BLOCK + np.arange(prefix_count)
    dotted = np.strings.add(octet, ".")
    names = np.strings.add(dotted[block >> 16], dotted[(block >> 8) & 255])
    return np.strings.add(np.strings.add(names, octet[block & 255]), ".0/24")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PrefixLatencies:
    """What grouping starts from (Panorama 3.3).

    latency_ms : [prefixes, sites] float32, NaN where not measured
    group      : [prefixes] row of the group that the block was made from (what grouping should find, roughly)
    dense      : [prefixes] bool, in a country in which sites are dense
    """

    latency_ms: NDArray[np.float32]
    group: Rows
    dense: NDArray[np.bool_]


def prefix_latencies(
    internet: Internet, prefix_count: int, seed: int, *, window: int = 0, unmeasured_ratio: float = 0.0
) -> PrefixLatencies:
    """Latencies of ``prefix_count`` blocks to every site: those of their group, 5 % apart for good, 1 % in a window.

    Calls with one seed and other windows measure the same blocks again. 750,000 x 34 take about 3 s and 0.3 GB.
    """
    group = _home_group(prefix_count, internet.users)
    lasting = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(10,)))
    passing = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(11, window)))
    shape = (prefix_count, internet.sites.row_count)
    noise = lasting.standard_normal(shape, dtype=np.float32) * np.float32(0.05)
    noise += passing.standard_normal(shape, dtype=np.float32) * np.float32(0.01)
    latency = internet.access.latency_ms.astype(np.float32)[group]
    latency *= np.exp(noise, out=noise)
    if unmeasured_ratio > 0:
        latency[lasting.random(shape, dtype=np.float32) < unmeasured_ratio] = np.nan
    in_dense = np.array([metro.country in DENSE_COUNTRIES for metro in METROS])
    return PrefixLatencies(latency_ms=latency, group=group, dense=in_dense[internet.users.metro[group]])


def _home_group(prefix_count: int, users: UserPlaces) -> Rows:
    total = np.array([prefix_count])
    count = apportioned(total, np.zeros(len(users.weight), dtype=np.int32), users.weight)
    return np.repeat(np.arange(len(count)), count)
