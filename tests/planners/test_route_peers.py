from __future__ import annotations

import numpy as np
import pytest
from oracles.routing_networks import routing_network

from fairlead.model import DIRECT, Demands, Hops, Paths, Snapshot, Stage
from fairlead.planners.route import RouteGoal, prepared
from fairlead.planners.route.nearest import best_backbone, nearest_site
from fairlead.planners.route.peers import direct, nearby, oracle, yen
from fairlead.predict.route_metrics import end_to_end
from fairlead.predict.routes_grid import access_grid

GOAL = RouteGoal(backbone_count=5, path_count=5)
SEEDS = range(8)


def network(seed: int) -> Snapshot:
    return prepared(routing_network(seed, sites=5, known_ratio=0.7, link_ratio=0.6, whole_ms=False), GOAL)


def sites_of(snapshot: Snapshot, path: int) -> list[int]:
    found: list[int] = snapshot[Hops].site[snapshot[Hops].path == path].tolist()
    return found


@pytest.mark.parametrize("seed", SEEDS)
def test_nearby_enters_and_leaves_at_the_closest_sites(seed: int) -> None:
    snapshot = network(seed)
    access, demands = access_grid(snapshot).latency_ms, snapshot[Demands]
    chosen = nearby.choose(snapshot, GOAL).path[:, 0]
    for row, path in enumerate(chosen.tolist()):
        source, target = demands.source_group[row], demands.target_group[row]
        ends = [
            None if np.isnan(access[group]).all() else int(np.nanargmin(access[group])) for group in (source, target)
        ]
        sites = sites_of(snapshot, path)
        if source == target or None in ends:
            assert path == DIRECT
        elif path != DIRECT:
            assert [sites[0], sites[-1]] == ends
            assert snapshot[Paths].rank[path] == 0
        else:
            assert best_backbone(snapshot)[ends[0], ends[1]] < 0


@pytest.mark.parametrize("seed", SEEDS)
def test_the_oracle_is_no_slower_than_anyone(seed: int) -> None:
    snapshot = network(seed)
    demands = snapshot[Demands]
    ends = (demands.source_group, demands.target_group)

    def latency(peer: object) -> np.ndarray:
        path = peer.choose(snapshot, GOAL).path[:, 0]  # type: ignore[attr-defined]
        return np.nan_to_num(end_to_end(snapshot, *ends, path).latency_ms, nan=np.inf)

    best = latency(oracle)
    differ = demands.source_group != demands.target_group  # inside a group, nobody leaves the plain Internet
    for peer in (nearby, direct, yen):
        assert (best <= latency(peer) + 1e-9)[differ].all()
    np.testing.assert_allclose(best, latency(yen))


@pytest.mark.parametrize("seed", SEEDS)
def test_yen_lists_paths_as_a_full_enumeration_does(seed: int) -> None:
    snapshot = network(seed)
    for source, target in ((0, 1), (2, 5), (4, 3)):
        found = yen.yen_paths(snapshot, source, target, 6)
        every = sorted(enumerated(snapshot, source, target))
        np.testing.assert_allclose([path.latency_ms for path in found], every[: len(found)])
        assert len(found) == min(6, len(every))


def enumerated(snapshot: Snapshot, source: int, target: int) -> list[float]:
    """Latency of every loop-free path, by walking the sites."""
    from fairlead.predict.routes_grid import backbone_grid, direct_lookup

    backbone, access = backbone_grid(snapshot).latency_ms, access_grid(snapshot).latency_ms
    ends = np.array([source], np.int32), np.array([target], np.int32)
    found = [float(direct_lookup(snapshot, *ends).latency_ms[0])]

    def walk(at: int, seen: frozenset[int], spent: float) -> None:
        found.append(spent + access[target, at])
        for to in range(len(backbone)):
            if to not in seen and not np.isnan(backbone[at, to]):
                walk(to, seen | {to}, spent + backbone[at, to])

    for first in range(len(backbone)):
        if not np.isnan(access[source, first]):
            walk(first, frozenset({first}), float(access[source, first]))
    return [length for length in found if not np.isnan(length)]


def test_direct_is_direct_and_says_whether_it_fits() -> None:
    snapshot = network(0)
    choice = direct.choose(snapshot, GOAL)
    assert (choice.path == DIRECT).all()
    same = snapshot[Demands].source_group == snapshot[Demands].target_group
    assert ((choice.stage[:, 0] == Stage.SAME_GROUP) == same).all()


def test_who_was_never_measured_has_no_nearest_site() -> None:
    snapshot = prepared(routing_network(1, known_ratio=0.0), GOAL)
    assert (nearest_site(snapshot) == -1).all()
    assert (nearby.choose(snapshot, GOAL).path == DIRECT).all()
