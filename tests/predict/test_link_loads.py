from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from oracles.routing_networks import routing_network

from fairlead.model import DIRECT, Demands, Hops, Links, Paths, Routes, Sites, Snapshot
from fairlead.planners.route.backbone import with_paths
from fairlead.planners.route.slots import with_routes
from fairlead.predict.link_loads import extended_links, link_loads, priced_utilisation, routed_loads


def network(seed: int) -> Snapshot:
    return with_paths(routing_network(seed), 3)


def rows_by_hand(snapshot: Snapshot, path: int) -> list[int]:
    """The extended links of a path, walked hop by hop."""
    links, hops = snapshot[Links], snapshot[Hops]
    sites = hops.site[hops.path == path].tolist()
    if not sites:
        return []
    row_of = {ends: row for row, ends in enumerate(zip(links.source.tolist(), links.target.tolist(), strict=True))}
    inner = [row_of[ends] for ends in itertools.pairwise(sites)]
    return [links.row_count + sites[0], *inner, links.row_count + snapshot[Sites].row_count + sites[-1]]


@pytest.mark.parametrize("seed", range(6))
def test_each_path_uses_the_cards_of_its_ends_and_the_links_between(seed: int) -> None:
    snapshot = network(seed)
    links = extended_links(snapshot)
    for path in range(snapshot[Paths].row_count):
        assert links.used[links.start[path] : links.start[path + 1]].tolist() == rows_by_hand(snapshot, path)


def test_the_direct_path_uses_nothing() -> None:
    links = extended_links(network(0))
    assert links.start[DIRECT + 1] == 0


@pytest.mark.parametrize("seed", range(6))
def test_loads_add_up_path_by_path(seed: int) -> None:
    snapshot = network(seed)
    links, chance = extended_links(snapshot), np.random.default_rng(seed)
    path = chance.integers(-1, snapshot[Paths].row_count, (40, 3)).astype(np.int32)
    rate = chance.uniform(0, 9, path.shape)
    by_hand = np.zeros(links.row_count)
    for row, mbps in zip(path.ravel().tolist(), rate.ravel().tolist(), strict=True):
        if row >= 0:
            for used in rows_by_hand(snapshot, row):
                by_hand[used] += mbps
    np.testing.assert_allclose(link_loads(links, path, rate), by_hand, atol=1e-9)


def test_what_is_not_known_does_not_limit_and_has_no_load() -> None:
    snapshot = with_routes(network(3), 2)
    links = extended_links(snapshot)
    assert np.isinf(links.capacity_mbps).sum() == (
        np.isnan(snapshot[Links].capacity_mbps).sum() + 2 * np.isnan(snapshot[Sites].nic_mbps).sum()
    )
    routes, demands = snapshot[Routes], snapshot[Demands]
    taken = snapshot.replaced(
        routes.with_column("path", np.where(routes.rank == 0, 1, -1).astype(np.int32)).with_column(
            "weight_ratio", (routes.rank == 0).astype(float)
        )
    )
    load = routed_loads(taken)
    assert load[snapshot[Links].row_count + snapshot[Paths].source[1]] == pytest.approx(np.nansum(demands.demand_mbps))


def test_utilisation_of_nothing_is_nothing_and_on_nothing_is_infinite() -> None:
    snapshot = network(1)
    links = extended_links(snapshot)
    assert priced_utilisation(links, np.zeros(links.row_count)).tolist() == [0.0] * links.row_count
    dead = type(links)(capacity_mbps=np.zeros(links.row_count), price=links.price, start=links.start, used=links.used)
    assert np.isinf(priced_utilisation(dead, np.ones(links.row_count))).all()
    assert priced_utilisation(dead, np.zeros(links.row_count)).tolist() == [0.0] * links.row_count
    free = replace(dead, price=np.zeros(links.row_count))
    assert np.isinf(priced_utilisation(free, np.ones(links.row_count))).all()
    assert priced_utilisation(replace(links, price=free.price), np.ones(links.row_count)).max() == 0
