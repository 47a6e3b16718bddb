"""Faults: where they hit, when, and how hard. A generator's assumptions, not measurements.

Places. A server, a data center (a share of the rest of the world out of its reach), the backbone of one provider
between two regions (Sentry, Figure 2a), one provider inside a region (Figure 2b), a single path, or congestion at a
data center.

Courses. What tells a blip from a failure that lasts is a matter of degree, and no single feature decides:

- BLIP heals by itself: 1 window mostly, sometimes 2 or 3. Loss mostly 0.14 to 0.4; round-trip times are inflated in 7
  of 10 blips (queues); hits isolated paths, part of one server's paths, or some paths of a congested data center.
- PERSISTENT lasts 20 windows and more. Loss mostly 0.35 to 1, but mild in one of four; round-trip times are inflated
  in one of ten (detours); hits structures (most paths of a place), and single paths too.
- DEGRADATION grows to its full loss over 6 to 20 windows and then lasts: first few paths fail, then many.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from fairlead.worlds.overlay.network import Network


class FaultKind(Enum):
    """What is hit."""

    PATH = "path"
    SERVER = "server"
    DATA_CENTER = "data_center"
    BACKBONE = "backbone"
    REGION = "region"
    CONGESTION = "congestion"


class Course(Enum):
    """How it goes on."""

    BLIP = "blip"
    PERSISTENT = "persistent"
    DEGRADATION = "degradation"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Fault:
    """One cause. It acts in windows ``start_window <= w < end_window``.

    place        : names of what is hit, for people
    pairs        : [hit] int32 rows of the network's pairs
    loss_ratio   : [hit] float32 packet loss at full severity
    rtt_factor   : what round-trip times are multiplied with at full severity
    ramp_windows : windows over which severity grows from nothing to full; 1: at once
    """

    kind: FaultKind
    course: Course
    place: str
    pairs: NDArray[np.int32]
    loss_ratio: NDArray[np.float32]
    rtt_factor: float
    start_window: int
    end_window: int
    ramp_windows: int = 1

    def __post_init__(self) -> None:
        assert self.pairs.shape == self.loss_ratio.shape, "one loss a pair"
        assert self.start_window < self.end_window, "at least one window"
        self.pairs.flags.writeable = False
        self.loss_ratio.flags.writeable = False

    def severity_ratio(self, window: int) -> float:
        """0 when it does not act, then up to 1."""
        if not self.start_window <= window < self.end_window:
            return 0.0
        return min(1.0, (window - self.start_window + 1) / self.ramp_windows)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Hit:
    """A place and the pairs [hit] that depend on it."""

    kind: FaultKind
    place: str
    pairs: NDArray[np.int32]


def server_hit(network: Network, server: int) -> Hit:
    """Every pair of one server. O(pairs), as its neighbours here."""
    pairs = np.flatnonzero((network.source == server) | (network.target == server)).astype(np.int32)
    return Hit(kind=FaultKind.SERVER, place=str(network.servers.server[server]), pairs=pairs)


def data_center_hit(network: Network, data_center: int) -> Hit:
    """Every pair with an end in one data center."""
    inside = network.group("data_center") == data_center
    pairs = np.flatnonzero(inside[network.source] | inside[network.target]).astype(np.int32)
    return Hit(kind=FaultKind.DATA_CENTER, place=_name(network, "data_center", data_center), pairs=pairs)


def backbone_hit(network: Network, provider: int, region: int, other_region: int) -> Hit:
    """Pairs of one provider's servers across two regions (Sentry, Figure 2a)."""
    same_provider = network.group("provider") == provider
    near, far = (same_provider & (network.group("region") == side) for side in (region, other_region))
    source, target = network.source, network.target
    pairs = np.flatnonzero((near[source] & far[target]) | (far[source] & near[target])).astype(np.int32)
    names = (_name(network, "region", side) for side in (region, other_region))
    return Hit(
        kind=FaultKind.BACKBONE, place=f"{_name(network, 'provider', provider)}: {' - '.join(names)}", pairs=pairs
    )


def region_hit(network: Network, provider: int, region: int) -> Hit:
    """Pairs between different data centers of one provider inside one region (Sentry, Figure 2b)."""
    inside = (network.group("provider") == provider) & (network.group("region") == region)
    data_center = network.group("data_center")
    source, target = network.source, network.target
    apart = data_center[source] != data_center[target]
    pairs = np.flatnonzero(inside[source] & inside[target] & apart).astype(np.int32)
    place = f"{_name(network, 'provider', provider)} in {_name(network, 'region', region)}"
    return Hit(kind=FaultKind.REGION, place=place, pairs=pairs)


def path_hit(network: Network, pair: int) -> Hit:
    """One pair."""
    ends = (str(network.servers.server[end[pair]]) for end in (network.source, network.target))
    return Hit(kind=FaultKind.PATH, place=" - ".join(ends), pairs=np.array([pair], dtype=np.int32))


def part_of(hit: Hit, share: float, chance: np.random.Generator) -> Hit:
    """The hit on a random share of its pairs, at least one of them."""
    kept_count = min(len(hit.pairs), max(1, round(share * len(hit.pairs))))
    kept = np.sort(chance.choice(hit.pairs, kept_count, replace=False, shuffle=False))
    return Hit(kind=hit.kind, place=hit.place, pairs=kept)


def _name(network: Network, column_name: str, code: int) -> str:
    return str(network.servers.codes(column_name)[0][code])
