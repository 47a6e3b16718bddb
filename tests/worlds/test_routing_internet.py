"""Segments of the invented Internet: physics, symmetry, the private circle and star."""

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairlead.worlds.overlay.geography import FIBRE_KM_PER_MS, distance_km
from fairlead.worlds.routing.internet import PROVIDER_COUNT, Internet, circle_and_star, invented_internet
from fairlead.worlds.routing.places import placed_sites, placed_users
from fairlead.worlds.routing.routes import (
    ACCESS_ROUTE,
    DIRECT_ROUTE,
    INTERNET_LINK,
    PRIVATE_LINK,
    RouteKind,
    drawn_segments,
    joined_loss,
)

KINDS = (ACCESS_ROUTE, DIRECT_ROUTE, PRIVATE_LINK, INTERNET_LINK)


@pytest.fixture(scope="module")
def internet() -> Internet:
    chance = np.random.default_rng(4)
    return invented_internet(placed_sites(20, chance), placed_users(200, chance), chance)


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_faster_than_light_in_fibre(kind: RouteKind) -> None:
    distance = np.random.default_rng(0).uniform(0, 20_000, 5_000)
    drawn = drawn_segments(kind, distance, np.random.default_rng(1))
    assert (drawn.latency_ms > 2 * distance / FIBRE_KM_PER_MS).all()
    assert (drawn.jitter_ms >= 0).all()
    assert ((drawn.loss_ratio >= 0) & (drawn.loss_ratio <= 0.9)).all()


def test_kinds_differ_as_they_say() -> None:
    distance = np.full(20_000, 6_000.0)
    drawn = [drawn_segments(kind, distance, np.random.default_rng(2)) for kind in KINDS]
    access, direct, private, public = drawn
    assert np.std(private.latency_ms) < 0.3 * np.std(public.latency_ms)
    assert np.median(private.latency_ms) < np.median(public.latency_ms) < np.median(direct.latency_ms)
    assert np.quantile(direct.jitter_ms, 0.99) > np.quantile(access.jitter_ms, 0.99) > private.jitter_ms.max()
    for kind, segments in zip(KINDS, drawn, strict=True):
        assert np.mean(segments.loss_ratio > 0.05) <= kind.bad_ratio + 0.01
    straight = kind_median(public.latency_ms, distance)
    assert straight == pytest.approx(INTERNET_LINK.winding, rel=0.06)


def kind_median(latency_ms: np.ndarray, distance_km_: np.ndarray) -> float:
    return float(np.median((latency_ms - INTERNET_LINK.fixed_ms) / (2 * distance_km_ / FIBRE_KM_PER_MS)))


@given(st.lists(st.floats(0, 1), min_size=1, max_size=5))
def test_losses_join(losses: list[float]) -> None:
    kept = 1.0
    for loss in losses:
        kept *= 1 - loss
    assert joined_loss(*(np.array([loss]) for loss in losses))[0] == pytest.approx(1 - kept)


def test_links_are_a_full_mesh_and_both_directions_one_cable(internet: Internet) -> None:
    links = internet.backbone
    assert len(links.source) == 20 * 19
    assert (np.diff(links.source.astype(np.int64) * 20 + links.target) > 0).all()
    for values in (links.metrics.latency_ms, links.metrics.jitter_ms, links.metrics.loss_ratio, links.private):
        grid = np.zeros((20, 20))
        grid[links.source, links.target] = values
        assert (grid == grid.T).all()


@settings(max_examples=30, deadline=None)
@given(st.integers(2, 120))
def test_private_links_join_all_sites_in_a_circle_and_a_star(count: int) -> None:
    sites = placed_sites(count, np.random.default_rng(0))
    private = circle_and_star(sites)
    graph = nx.from_numpy_array(private)
    hubs = min(count, max(3, count // 5))
    assert nx.is_connected(graph)
    assert (private == private.T).all()
    assert not private.diagonal().any()
    ring = graph.subgraph(range(hubs))
    if hubs >= 3:
        assert nx.is_isomorphic(ring, nx.cycle_graph(hubs))
    for site in range(hubs, count):
        (hub,) = graph[site]
        far = [
            float(
                distance_km(
                    *(sites.array(axis)[row] for row in (site, other) for axis in ("latitude_deg", "longitude_deg"))
                )
            )
            for other in range(hubs)
        ]
        assert hub == int(np.argmin(far))


def test_private_links_are_better(internet: Internet) -> None:
    links, sites = internet.backbone, internet.sites
    distance = distance_km(
        sites.latitude_deg[links.source],
        sites.longitude_deg[links.source],
        sites.latitude_deg[links.target],
        sites.longitude_deg[links.target],
    )
    far = distance > 1000
    stretch = links.metrics.latency_ms / (2 * distance / FIBRE_KM_PER_MS)
    assert stretch[far & links.private].max() < np.median(stretch[far & ~links.private])
    assert links.metrics.loss_ratio[links.private].max() < 0.005


def test_the_last_mile_is_in_every_access_segment(internet: Internet) -> None:
    users, access = internet.users, internet.access
    assert access.latency_ms.shape == (200, 20)
    assert (access.latency_ms > users.latency_ms[:, None]).all()
    assert (access.jitter_ms >= users.jitter_ms[:, None]).all()
    assert (access.loss_ratio >= users.loss_ratio[:, None] - 1e-12).all()


def test_neighbours_share_routes(internet: Internet) -> None:
    """Groups of one provider differ by a tenth or so; what differs between providers is more."""
    users, route = internet.users, np.log(internet.access.latency_ms - internet.users.latency_ms[:, None])
    same, other = [], []
    for first in range(200):
        for second in range(first):
            if users.metro[first] == users.metro[second]:
                mine = internet.provider[first] == internet.provider[second]
                (same if mine else other).append(np.std(route[first] - route[second]))
    assert np.mean(same) < 0.5 * np.mean(other)
    assert (internet.provider // PROVIDER_COUNT == users.metro).all()


def test_direct_is_symmetric_and_complete(internet: Internet) -> None:
    direct = internet.direct
    for values in (direct.latency_ms, direct.jitter_ms, direct.loss_ratio):
        assert (values == values.T).all()
        assert not np.isnan(values).any()
