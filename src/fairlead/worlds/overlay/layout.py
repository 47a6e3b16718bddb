"""How large an invented overlay is, and the network laid out over the world's metropolitan areas."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fairlead.model import Servers, UsageError
from fairlead.worlds.overlay.apportion import apportioned
from fairlead.worlds.overlay.geography import distance_km, metro_distances_km, round_trip_ms, service_regions
from fairlead.worlds.overlay.gravity import DENSE_LIMIT, gravity_pairs
from fairlead.worlds.overlay.metros import METROS
from fairlead.worlds.overlay.network import USER_MBPS, Network

LOG_NORMAL_STREAMS_SIGMA = 1.0  # the busiest 1 % of the pairs carry six times the mean


@dataclass(frozen=True, slots=True, kw_only=True)
class OverlaySpec:
    """The size and the habits of an invented overlay; UsageError where they contradict each other.

    stream_mean       : streams of a pair, mean of a log-normal with sigma 1
    peak_users_mean   : users at home on a server at the busiest hour
    utilisation_range : load over capacity of a server at its busiest hour, uniform
    failed_pair_ratio : share of the pairs that fail (``scaled_overlay`` only)
    path_ratio        : share of those that fail alone, as single paths
    """

    region_count: int = 18
    data_center_count: int = 200
    server_count: int = 2_000
    pair_count: int = 100_000
    window_count: int = 3
    provider_count: int = 4
    stream_mean: float = 5.0
    peak_users_mean: float = 60.0
    utilisation_range: tuple[float, float] = (0.5, 0.6)
    failed_pair_ratio: float = 0.008
    path_ratio: float = 0.1

    def __post_init__(self) -> None:
        possible = self.server_count * (self.server_count - 1) // 2
        most_pairs = possible if possible <= DENSE_LIMIT else possible // 2
        for name, value, low, high in (
            ("region_count", self.region_count, 1, len(METROS)),
            ("data_center_count", self.data_center_count, self.region_count, 10_000),
            ("server_count", self.server_count, max(2, self.data_center_count), 1_000_000),
            ("pair_count", self.pair_count, 1, most_pairs),
            ("window_count", self.window_count, 1, 1_000),
            ("provider_count", self.provider_count, 1, 26),
            ("failed_pair_ratio", self.failed_pair_ratio, 0, 1),
            ("path_ratio", self.path_ratio, 0, 1),
        ):
            if not low <= value <= high:
                raise UsageError(
                    code="world.size", what=f"no overlay has this {name}", got=f"{value}", expected=f"{low} to {high}"
                )


def overlay_network(spec: OverlaySpec, chance: np.random.Generator) -> Network:
    """A healthy overlay: data centers where people are, several providers, gravity pairs, an evening peak.

    Round-trip times: great circle at two thirds of the speed of light, a detour of 1.5 (log-normal, sigma 0.12) and 0.5
    to 4 ms of access. O(sites^2 + servers + pairs log pairs).
    """
    sites = _populous_sites(spec.region_count, spec.data_center_count)
    return network_at(sites, _site_sizes(spec, chance), spec, chance)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sites:
    """Where the data centers are: metro and region of each [data centers], metros ascending; the regions' names."""

    metro: NDArray[np.int64]
    region: NDArray[np.int64]
    region_names: tuple[str, ...]


def network_at(
    sites: Sites, server_counts: NDArray[np.int64], spec: OverlaySpec, chance: np.random.Generator
) -> Network:
    """A healthy overlay with ``server_counts`` [data centers] at given sites; of ``spec`` its habits and pairs."""
    metro = sites.metro
    site = np.repeat(np.arange(len(metro)), server_counts)
    servers = _servers(spec.provider_count, sites, site, chance)
    people = np.array([METROS[m].population_millions for m in metro]) / np.bincount(metro, minlength=len(METROS))[metro]
    between = metro_distances_km()[np.ix_(metro, metro)]
    source, target = gravity_pairs(site, people, between, spec.pair_count, chance)
    utilisation = chance.uniform(*spec.utilisation_range, len(site))
    peak_users = spec.peak_users_mean * chance.lognormal(-0.06, 0.35, len(site))
    return Network(
        servers=servers.with_column("capacity_mbps", np.rint(peak_users * USER_MBPS / utilisation)),
        source=source,
        target=target,
        demand_count=_demand(spec.stream_mean, len(source), chance),
        base_rtt_ms=_base_rtt(servers, source, target, chance),
        peak_users_count=peak_users,
        start_utc_hour=float(chance.uniform(0, 24)),
    )


def _populous_sites(region_count: int, data_center_count: int) -> Sites:
    """One data center for the largest metro of each region, the others by people."""
    region_of_metro, names = service_regions(region_count)
    people = np.array([metro.population_millions for metro in METROS])
    heads = [max(np.flatnonzero(region_of_metro == r), key=lambda m: people[m]) for r in range(region_count)]
    rest = apportioned(np.array([data_center_count - region_count]), np.zeros(len(METROS), dtype=np.int32), people)
    metro = np.repeat(np.arange(len(METROS)), rest + np.bincount(heads, minlength=len(METROS)))
    return Sites(metro=metro, region=region_of_metro[metro], region_names=names)


def _site_sizes(spec: OverlaySpec, chance: np.random.Generator) -> NDArray[np.int64]:
    """Servers in each data center: at least 2 where there are enough, the rest in unequal shares."""
    least = min(2, spec.server_count // spec.data_center_count)
    rest = np.array([spec.server_count - least * spec.data_center_count])
    weight = chance.lognormal(0, 0.5, spec.data_center_count)
    return least + apportioned(rest, np.zeros(spec.data_center_count, dtype=np.int32), weight)


def _servers(provider_count: int, sites: Sites, site: NDArray[np.int64], chance: np.random.Generator) -> Servers:
    metro = sites.metro
    number_in_metro = np.arange(len(metro)) - np.searchsorted(metro, metro) + 1
    site_names = np.array([f"{METROS[m].code}{k}" for m, k in zip(metro, number_in_metro, strict=True)])
    provider_names = np.array([f"provider-{chr(ord('a') + p)}" for p in range(provider_count)])
    provider_share = 1 / np.arange(1, provider_count + 1)  # a large one and smaller ones
    provider = chance.choice(provider_count, len(metro), p=provider_share / provider_share.sum())
    number_in_site = np.arange(len(site)) - np.searchsorted(site, site) + 1
    return Servers.of(
        server=[f"{site_names[s]}-s{n:02d}" for s, n in zip(site, number_in_site, strict=True)],
        region=np.array(sites.region_names)[sites.region[site]],
        data_center=site_names[site],
        provider=provider_names[provider[site]],
        latitude_deg=np.array([METROS[m].latitude_deg for m in metro])[site],
        longitude_deg=np.array([METROS[m].longitude_deg for m in metro])[site],
    )


def _demand(stream_mean: float, pair_count: int, chance: np.random.Generator) -> NDArray[np.int32]:
    sigma = LOG_NORMAL_STREAMS_SIGMA
    drawn = chance.standard_normal(pair_count, dtype=np.float32) * sigma + (np.log(stream_mean) - sigma**2 / 2)
    demand: NDArray[np.int32] = np.rint(np.exp(drawn)).astype(np.int32)
    return demand


def _base_rtt(
    servers: Servers, source: NDArray[np.int32], target: NDArray[np.int32], chance: np.random.Generator
) -> NDArray[np.float32]:
    latitude, longitude = servers.latitude_deg, servers.longitude_deg
    apart = distance_km(latitude[source], longitude[source], latitude[target], longitude[target])
    detour = 1.5 * np.exp(0.12 * chance.standard_normal(len(source), dtype=np.float32))
    return (round_trip_ms(apart, detour) + chance.uniform(0.5, 4, len(source))).astype(np.float32)
