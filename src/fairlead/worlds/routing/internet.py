"""The invented Internet behind a routed world, before anything happens on it: the hidden truth of every segment."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fairlead.model import Sites
from fairlead.worlds.overlay.geography import distance_km, metro_distances_km
from fairlead.worlds.overlay.metros import METROS
from fairlead.worlds.routing.places import Reals, Rows, UserPlaces
from fairlead.worlds.routing.routes import (
    ACCESS_ROUTE,
    DIRECT_ROUTE,
    INTERNET_LINK,
    PRIVATE_LINK,
    Segments,
    drawn_segments,
    joined_loss,
)

PROVIDER_COUNT = 4
"""Access providers of a metropolitan area: their users share routes, so that blocks can be grouped at all."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Backbone:
    """Links [links], one row a direction, ordered by source, then target; both directions are one cable.

    private : [links] bool, on the circle or the star; the others are the Internet
    """

    source: NDArray[np.int32]
    target: NDArray[np.int32]
    private: NDArray[np.bool_]
    metrics: Segments


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Internet:
    """provider [groups] of each group; ``access`` [groups, sites] with the last mile; ``direct`` [providers, providers]
    without it.
    """

    sites: Sites
    users: UserPlaces
    backbone: Backbone
    provider: Rows
    access: Segments
    direct: Segments


def invented_internet(sites: Sites, users: UserPlaces, chance: np.random.Generator) -> Internet:
    """Every segment drawn once. O(groups x sites + sites^2 + providers^2)."""
    provider = users.metro * PROVIDER_COUNT + chance.integers(0, PROVIDER_COUNT, len(users.metro))
    return Internet(
        sites=sites,
        users=users,
        backbone=_backbone(sites, chance),
        provider=provider,
        access=_access(sites, users, provider, chance),
        direct=_between_providers(chance),
    )


def circle_and_star(sites: Sites) -> NDArray[np.bool_]:
    """[sites, sites] where a private link runs: a circle of hubs, and every other site to its nearest hub.

    The hubs are the first sites, one in five and three at least, round the globe by longitude (Panorama section 6).
    """
    count = sites.row_count
    hubs = np.arange(min(count, max(3, count // 5)))
    private = np.zeros((count, count), dtype=bool)
    circle = hubs[np.argsort(sites.longitude_deg[hubs], kind="stable")]
    private[circle, np.roll(circle, 1)] = True
    rest = np.arange(len(hubs), count)
    nearest = hubs[np.argmin(_site_distances_km(sites)[np.ix_(rest, hubs)], axis=1)]
    private[rest, nearest] = True
    private |= private.T
    np.fill_diagonal(private, val=False)
    return private


def _backbone(sites: Sites, chance: np.random.Generator) -> Backbone:
    """Departs: where a private and an Internet link coexist (section 6), the private one stands for both: a pair of
    sites has one row a direction in the table.
    """
    count = sites.row_count
    low, high = np.triu_indices(count, 1)
    distance = _site_distances_km(sites)[low, high]
    private = circle_and_star(sites)
    cable = private[low, high]
    line, internet = drawn_segments(PRIVATE_LINK, distance, chance), drawn_segments(INTERNET_LINK, distance, chance)
    number = np.zeros((count, count), dtype=np.int64)
    number[low, high] = number[high, low] = np.arange(len(low))
    source, target = np.nonzero(~np.eye(count, dtype=bool))
    row = number[source, target]
    return Backbone(
        source=source.astype(np.int32),
        target=target.astype(np.int32),
        private=private[source, target],
        metrics=Segments(
            latency_ms=np.where(cable, line.latency_ms, internet.latency_ms)[row],
            jitter_ms=np.where(cable, line.jitter_ms, internet.jitter_ms)[row],
            loss_ratio=np.where(cable, line.loss_ratio, internet.loss_ratio)[row],
        ),
    )


def _access(sites: Sites, users: UserPlaces, provider: Rows, chance: np.random.Generator) -> Segments:
    latitude = np.repeat([metro.latitude_deg for metro in METROS], PROVIDER_COUNT)
    longitude = np.repeat([metro.longitude_deg for metro in METROS], PROVIDER_COUNT)
    distance = distance_km(latitude[:, None], longitude[:, None], sites.latitude_deg, sites.longitude_deg)
    shared = drawn_segments(ACCESS_ROUTE, distance, chance)
    shape = (len(provider), sites.row_count)
    own = np.exp(chance.normal(0, 0.08, shape))
    return Segments(
        latency_ms=shared.latency_ms[provider] * own + users.latency_ms[:, None],
        jitter_ms=shared.jitter_ms[provider] * chance.uniform(0.5, 1.5, shape) + users.jitter_ms[:, None],
        loss_ratio=joined_loss(shared.loss_ratio[provider], users.loss_ratio[:, None]),
    )


def _between_providers(chance: np.random.Generator) -> Segments:
    between = np.repeat(np.repeat(metro_distances_km(), PROVIDER_COUNT, axis=0), PROVIDER_COUNT, axis=1)
    drawn = drawn_segments(DIRECT_ROUTE, between, chance)
    upper = np.triu(np.ones_like(between, dtype=bool))
    return Segments(
        latency_ms=np.where(upper, drawn.latency_ms, drawn.latency_ms.T),
        jitter_ms=np.where(upper, drawn.jitter_ms, drawn.jitter_ms.T),
        loss_ratio=np.where(upper, drawn.loss_ratio, drawn.loss_ratio.T),
    )


def _site_distances_km(sites: Sites) -> Reals:
    latitude, longitude = sites.latitude_deg, sites.longitude_deg
    return distance_km(latitude[:, None], longitude[:, None], latitude, longitude)
