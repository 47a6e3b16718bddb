"""Mean loads beside every way of every pair, told one by one, and beside the loads that rivals compute."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from fabrics_small import all_ways, figure_1, ladders, with_links
from hypothesis import given, settings

from fairlead.model import FabricLinks, Flows, Nodes, Pairs, Placements, Snapshot
from fairlead.planners.mitigate.loads import loads
from fairlead.planners.mitigate.traffic import mean_demand_mbps
from fairlead.predict.flows.demand import mean_size_bytes
from fairlead.predict.flows.fabric import fabric
from fairlead.predict.flows.mean_loads import mean_loads_mbps
from fairlead.predict.flows.routing import connected


def one_by_one(snapshot: Snapshot, pairs: list[tuple[int, int, float]]) -> np.ndarray:
    """[links] load of pairs of workloads (source, target, Mbit/s), from all of their ways."""
    links = snapshot[FabricLinks]
    row = {ends: n for n, ends in enumerate(zip(links.source.tolist(), links.target.tolist(), strict=True))}
    host = {row: row for row in range(snapshot[Nodes].row_count)}
    if Placements in snapshot:
        host |= dict(zip(snapshot[Placements].server.tolist(), snapshot[Placements].host.tolist(), strict=True))
    load = np.zeros(links.row_count)
    for source, target, mbps in pairs:
        for way, probability in all_ways(snapshot, host[source], host[target]).items():
            for ends in pairwise(way):
                load[row[ends]] += mbps * probability
    return load


def talk(snapshot: Snapshot, count: int, seed: int) -> list[tuple[int, int, float]]:
    servers = np.flatnonzero(snapshot[Nodes].tier == "server")
    chance = np.random.default_rng(seed)
    picked = [chance.choice(servers, 2, replace=False) for _ in range(count)]
    return [(int(a), int(b), float(chance.integers(1, 50))) for a, b in picked]


def pinned(snapshot: Snapshot, pairs: list[tuple[int, int, float]]) -> Snapshot:
    """Flows over one second that carry these loads."""
    start = np.linspace(0.0, 1.0, len(pairs))
    return snapshot.replaced(
        Flows.of(
            start_s=start,
            source=np.array([a for a, _, _ in pairs], np.int32),
            target=np.array([b for _, b, _ in pairs], np.int32),
            size_bytes=[mbps / 8e-6 for _, _, mbps in pairs],
        )
    )


@given(snapshot=ladders())
@settings(max_examples=60)
def test_any_fabric_carries_what_its_ways_carry(snapshot: Snapshot) -> None:
    pairs = talk(snapshot, 6, 1)
    found, told = mean_loads_mbps(pinned(snapshot, pairs)), one_by_one(snapshot, pairs)
    ends = [np.array([pair[side] for pair in pairs], np.int32) for side in (0, 1)]
    if connected(fabric(snapshot), ends[0], ends[1]).all():
        assert found == pytest.approx(told)
    # a way that ends at a switch without a next hop has loaded the links before it, though it is no way in the end
    assert (found >= told - 1e-9).all()


def test_drawn_traffic_runs_between_all_pairs_alike() -> None:
    for moved in (False, True):
        snapshot = figure_1().snapshot
        if moved:  # two workloads of one server send each other nothing
            placed = snapshot[Placements]
            snapshot = snapshot.replaced(placed.with_column("host", np.r_[placed.host[2], placed.host[1:]]))
        servers = snapshot[Placements].server.tolist()
        each_mbps = 100.0 * mean_size_bytes(snapshot) * 8e-6 / 56
        pairs = [(a, b, each_mbps) for a in servers for b in servers if a != b]
        assert mean_loads_mbps(snapshot) == pytest.approx(one_by_one(snapshot, pairs))


def test_pairs_share_the_arrivals_by_their_probability() -> None:
    snapshot = figure_1().snapshot
    servers = snapshot[Placements].server
    with_pairs = snapshot.replaced(
        Pairs.of(source=servers[[0, 1]], target=servers[[5, 0]], probability=np.array([3.0, 1.0]))
    )
    total = 100.0 * mean_size_bytes(snapshot) * 8e-6
    told = one_by_one(snapshot, [(servers[0], servers[5], 0.75 * total), (servers[1], servers[0], 0.25 * total)])
    assert mean_loads_mbps(with_pairs) == pytest.approx(told)


def test_a_server_sends_and_gets_nothing_over_a_dead_link() -> None:
    small = figure_1()
    snapshot = with_links(small.snapshot, "up", {small.link["H0", "C0"]: False, small.link["C1", "H2"]: False})
    servers = snapshot[Placements].server.tolist()
    each_mbps = 100.0 * mean_size_bytes(snapshot) * 8e-6 / 56
    pairs = [(a, b, each_mbps) for a in servers for b in servers if a != b and a != servers[0] and b != servers[2]]
    assert mean_loads_mbps(snapshot) == pytest.approx(one_by_one(snapshot, pairs))


def test_nobody_knows_where_nothing_is_said() -> None:
    snapshot = figure_1().snapshot
    silent = Snapshot(table for table in snapshot.tables if table.name != "arrivals")
    assert np.isnan(mean_loads_mbps(silent)).all()
    one = pinned(snapshot, [(int(snapshot[Placements].server[0]), int(snapshot[Placements].server[1]), 5.0)])
    assert np.isnan(mean_loads_mbps(one)).all()


def test_it_agrees_with_what_rivals_expect_between_switches() -> None:
    small = figure_1()
    snapshot = with_links(small.snapshot, "weight", {small.link["C0", "B0"]: 3.0, small.link["B1", "A2"]: 0.0})
    snapshot = with_links(snapshot, "up", {small.link["C2", "B2"]: False, small.link["B2", "C2"]: False})
    links, tier = snapshot[FabricLinks], snapshot[Nodes].tier
    between = (tier[links.source] != "server") & (tier[links.target] != "server")
    expected = loads(snapshot, mean_demand_mbps(snapshot)).load_mbps
    assert mean_loads_mbps(snapshot)[between] == pytest.approx(expected[between])
    assert expected[between].max() > 100
