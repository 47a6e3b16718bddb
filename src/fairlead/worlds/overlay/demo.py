"""The world of ``fairlead demo``: 60 servers in 10 regions, a failure, a blip, and recovery."""

from __future__ import annotations

import numpy as np

from fairlead.worlds.overlay.faults import Course, Fault, Hit, data_center_hit, part_of, path_hit, server_hit
from fairlead.worlds.overlay.geography import service_regions
from fairlead.worlds.overlay.layout import OverlaySpec, Sites, network_at
from fairlead.worlds.overlay.metros import METROS
from fairlead.worlds.overlay.network import Network
from fairlead.worlds.overlay.timeline import World

FAILURE_WINDOW = 4
BLIP_WINDOW = 5
RECOVERY_WINDOW = 16

_SPEC = OverlaySpec(
    region_count=10,
    data_center_count=30,
    server_count=60,
    pair_count=1_200,
    provider_count=3,
    stream_mean=90.0,
    failed_pair_ratio=0,
)


def demo_world(seed: int) -> World:
    """Three data centers of two servers in each region; about 108,000 streams, of which an SLO of 0.9999 lets 10 fail.

    Stable in windows 0 to 3. From window 4 a data center and a server of another region fail; in window 5 one path
    blips; in window 16 all is well again. Draining the three servers that failed restores the SLO: 5 % of the fleet and
    a third of a region.
    """
    chance = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(4,)))
    network = network_at(_sites(), np.full(30, 2), _SPEC, chance)
    return World(network=network, faults=_faults(network, chance), seed=seed)


def _sites() -> Sites:
    """A data center in the three largest metros of each region."""
    region, names = service_regions(10)
    people = np.array([metro.population_millions for metro in METROS])
    largest = [np.flatnonzero(region == r)[np.argsort(-people[region == r], kind="stable")[:3]] for r in range(10)]
    metro = np.sort(np.concatenate(largest))
    return Sites(metro=metro, region=region[metro], region_names=names)


def _faults(network: Network, chance: np.random.Generator) -> tuple[Fault, ...]:
    region, data_center = network.group("region"), network.group("data_center")
    failed_region, other_region = chance.choice(10, 2, replace=False)
    failed_data_center = int(chance.choice(data_center[region == failed_region]))
    failed_server = int(chance.choice(np.flatnonzero(region == other_region)))
    apart = (region != failed_region) & (region != other_region)
    quiet = np.flatnonzero(apart[network.source] & apart[network.target] & (network.demand_count >= 60))
    return (
        _fault(data_center_hit(network, failed_data_center), Course.PERSISTENT, chance),
        _fault(server_hit(network, failed_server), Course.PERSISTENT, chance),
        _fault(path_hit(network, int(chance.choice(quiet))), Course.BLIP, chance),
    )


def _fault(hit: Hit, course: Course, chance: np.random.Generator) -> Fault:
    blips = course is Course.BLIP
    part = hit if blips else part_of(hit, 0.9, chance)
    return Fault(
        kind=hit.kind,
        course=course,
        place=hit.place,
        pairs=part.pairs,
        loss_ratio=chance.uniform(*((0.25, 0.35) if blips else (0.35, 1.0)), len(part.pairs)).astype(np.float32),
        rtt_factor=2.5 if blips else 1.0,
        start_window=BLIP_WINDOW if blips else FAILURE_WINDOW,
        end_window=BLIP_WINDOW + 1 if blips else RECOVERY_WINDOW,
    )
