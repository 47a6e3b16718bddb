"""Links and cards are as wide as what they were bought for."""

import itertools

import networkx as nx
import numpy as np
import pytest

from fairlead.worlds.routing import SMALL_WORLD, RoutingSpec, RoutingWorld, routing_world
from fairlead.worlds.routing.capacity import (
    NEARBY_UTILISATION,
    PEAK_FACTOR,
    _nearby_load,
    _spread_load,
    bought_capacity,
    link_price,
)


@pytest.fixture(scope="module")
def world() -> RoutingWorld:
    return routing_world(RoutingSpec(site_count=12, group_count=200, demand_count=5_000), 1)


def test_nearby_load_against_networkx(world: RoutingWorld) -> None:
    backbone, access = world.internet.backbone, world.internet.access.latency_ms
    graph = nx.DiGraph()
    graph.add_nodes_from(range(12))
    for source, target, latency in zip(backbone.source, backbone.target, backbone.metrics.latency_ms, strict=True):
        graph.add_edge(int(source), int(target), weight=float(latency))
    paths = dict(nx.all_pairs_dijkstra_path(graph))
    wanted, into, out = np.zeros((12, 12)), np.zeros(12), np.zeros(12)
    sessions = world.sessions
    for source, target, rate in zip(sessions.source, sessions.target, sessions.rate_mbps, strict=True):
        way = paths[int(access[source].argmin())][int(access[target].argmin())]
        into[way[0]] += rate
        out[way[-1]] += rate
        for first, second in itertools.pairwise(way):
            wanted[first, second] += rate
    links, cards = _nearby_load(world.internet, sessions)
    assert links == pytest.approx(wanted[backbone.source, backbone.target])
    assert cards == pytest.approx(np.maximum(into, out))


def test_spread_load_keeps_every_session(world: RoutingWorld) -> None:
    links, cards = _spread_load(world.internet, world.sessions)
    total = world.sessions.rate_mbps.sum()
    assert cards.sum() >= total
    assert cards.sum() < 2 * total
    assert 0 < links.sum() < total  # what enters and leaves at one site uses no link


def test_what_was_bought_carries_both(world: RoutingWorld) -> None:
    capacity, card = bought_capacity(world.internet, world.sessions, 0.6, np.random.default_rng(0))
    for bought, spread, nearby in zip(
        (capacity, card),
        _spread_load(world.internet, world.sessions),
        _nearby_load(world.internet, world.sessions),
        strict=True,
    ):
        assert (PEAK_FACTOR * spread / bought <= 0.6).all()
        assert (PEAK_FACTOR * nearby / bought <= NEARBY_UTILISATION).all()
        tight = np.maximum(spread / 0.6, nearby / NEARBY_UTILISATION) * PEAK_FACTOR / bought
        assert tight.max() > 0.9
        assert (bought > 0).all()


def test_it_is_in_the_tables(world: RoutingWorld) -> None:
    small = routing_world(SMALL_WORLD, 0)
    assert (small.sites.nic_mbps > 0).all()
    assert (small.capacity_mbps > 0).all()
    assert not np.isnan(world.sites.nic_mbps).any()


def test_private_circuits_cost_more() -> None:
    private = np.arange(2_000) < 1_000
    price = link_price(private, np.random.default_rng(0))
    assert price[private].mean() > 1.15 * price[~private].mean()
    assert price.min() >= 0.85
