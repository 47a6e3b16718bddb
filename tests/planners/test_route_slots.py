from __future__ import annotations

import numpy as np
import pytest
from oracles.routing_networks import routing_network

from fairlead.model import DIRECT, Budget, Demands, Groups, Hops, Links, Paths, Routes, Sites, Snapshot, apply_edits
from fairlead.planners.route import Route, RouteGoal, prepared
from fairlead.planners.route.slots import path_names, slot_count, with_routes

GOAL = RouteGoal(backbone_count=3, path_count=4)


def routed(network: Snapshot) -> Snapshot:
    planner = Route(goal=GOAL)
    snapshot = prepared(network, GOAL)
    return apply_edits(snapshot, planner.plan(snapshot, planner.begin(), Budget())[0].edits)


def weights(snapshot: Snapshot) -> dict[tuple[str, str, int], dict[tuple[str, ...], float]]:
    """Session group by its ids -> its paths by the ids of their sites -> weight."""
    demands, routes, hops = snapshot[Demands], snapshot[Routes], snapshot[Hops]
    group, site = snapshot[Groups].group, snapshot[Sites].site
    found: dict[tuple[str, str, int], dict[tuple[str, ...], float]] = {}
    for row in range(routes.row_count):
        of = routes.demand[row]
        key = (
            str(group[demands.source_group[of]]),
            str(group[demands.target_group[of]]),
            int(demands.service_class[of]),
        )
        found.setdefault(key, {})
        if routes.path[row] >= 0:
            sites = tuple(site[hops.site[hops.path == routes.path[row]]].tolist())
            found[key][sites] = float(routes.weight_ratio[row])
    return found


def test_slots_are_laid_out_by_session_group() -> None:
    snapshot = prepared(routing_network(0), GOAL)
    routes = snapshot[Routes]
    assert slot_count(snapshot) == 3
    assert routes.demand.tolist() == [d for d in range(snapshot[Demands].row_count) for _ in range(3)]
    assert routes.rank.tolist() == [0, 1, 2] * snapshot[Demands].row_count
    assert (routes.path == -1).all()
    assert not routes.weight_ratio.any()


def test_the_same_network_keeps_its_routes() -> None:
    network = routing_network(1)
    before = routed(network)
    assert prepared(network, GOAL, before)[Routes] == before[Routes]


def test_routes_follow_session_groups_and_paths_by_their_ids() -> None:
    """Other measurements give other paths under other rows; what is still there keeps its share of what is left."""
    before = routed(routing_network(2, groups=8, demands=60))
    chance = np.random.default_rng(0)
    links, demands = before[Links], before[Demands]
    kept = np.sort(chance.permutation(links.row_count)[: links.row_count // 2])
    order = chance.permutation(demands.row_count)[:-2]
    changed = (
        Links.of(**{name: links.array(name)[kept] for name in links.declared()}),
        Demands.of(**{name: demands.array(name)[order] for name in demands.declared()}),
    )
    gone = {"paths", "hops", "routes", *(table.name for table in changed)}
    network = Snapshot([*(table for table in before.tables if table.name not in gone), *changed])
    after = prepared(network, GOAL, before)
    old, new = weights(before), weights(after)
    possible = {(), *(tuple(each) for each in _paths(after))}
    assert len(new) == len(order)
    moved = 0
    for key, paths in new.items():
        left = {sites: share for sites, share in old[key].items() if sites in possible}
        total = sum(left.values())
        assert paths == pytest.approx({sites: share / total for sites, share in left.items()} if total > 0 else {})
        moved += left != old[key]
    assert moved > 0, "nothing changed, so nothing was tested"


def _paths(snapshot: Snapshot) -> list[list[str]]:
    hops, site = snapshot[Hops], snapshot[Sites].site
    return [site[hops.site[hops.path == path]].tolist() for path in range(1, snapshot[Paths].row_count)]


def test_fewer_slots_keep_the_first_and_more_leave_the_new_ones_empty() -> None:
    before = routed(routing_network(3))
    assert slot_count(with_routes(before, 5, before)) == 5
    wide = with_routes(before, 5, before)[Routes]
    assert wide.path.reshape(-1, 5)[:, :3].tolist() == before[Routes].path.reshape(-1, 3).tolist()
    assert (wide.path.reshape(-1, 5)[:, 3:] == -1).all()
    narrow = with_routes(before, 1, before)[Routes]
    assert set(np.round(narrow.weight_ratio, 12).tolist()) <= {0.0, 1.0}


def test_names_of_paths_tell_order_and_sites() -> None:
    for seed in range(6):
        snapshot = prepared(routing_network(seed, sites=6), GOAL)
        assert len(np.unique(path_names(snapshot))) == snapshot[Paths].row_count
    assert path_names(snapshot)[DIRECT] == 0


def test_no_session_groups_have_no_slots() -> None:
    empty = Demands.of(**{name: [] for name in Demands.declared()})
    snapshot = prepared(routing_network(0).replaced(empty), GOAL)
    assert slot_count(snapshot) == 0
    assert snapshot[Routes].row_count == 0
