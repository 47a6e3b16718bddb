"""Mean loads beside every way of every pair, told one by one."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from fabrics_small import all_ways, figure_1, ladders, with_links
from hypothesis import given, settings
from hypothesis import strategies as st

from fairlead.model import DestinationWeights, FabricLinks, Flows, Nodes, Pairs, Placements, Snapshot
from fairlead.predict.flows.fabric import fabric
from fairlead.predict.flows.mean_loads import mean_loads_mbps, mean_traffic, switch_loads
from fairlead.predict.flows.routing import connected
from fairlead.predict.flows.workload import mean_size_bytes


def row_of(snapshot: Snapshot) -> dict[tuple[int, int], int]:
    """Row of ``links`` by both ends."""
    links = snapshot[FabricLinks]
    return {ends: n for n, ends in enumerate(zip(links.source.tolist(), links.target.tolist(), strict=True))}


def one_by_one(snapshot: Snapshot, pairs: list[tuple[int, int, float]]) -> np.ndarray:
    """[links] load of pairs of workloads (source, target, Mbit/s), from all of their ways."""
    row = row_of(snapshot)
    host = {row: row for row in range(snapshot[Nodes].row_count)}
    if Placements in snapshot:
        host |= dict(zip(snapshot[Placements].server.tolist(), snapshot[Placements].host.tolist(), strict=True))
    load = np.zeros(len(row))
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
    never = with_pairs.replaced(with_pairs[Pairs].with_column("probability", np.zeros(2)))
    assert not mean_loads_mbps(never).any()


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


CABLES = ("C0-B0", "C0-B1", "C1-B0", "B0-A0", "B0-A1", "B1-A2", "C2-B2", "B2-A0")


@settings(max_examples=60)
@given(down=st.sets(st.sampled_from(CABLES), max_size=4), seed=st.integers(0, 1000), least=st.integers(0, 1))
def test_any_matrix_between_t0s_loads_what_its_ways_load(down: set[str], seed: int, least: int) -> None:
    small, chance = figure_1(), np.random.default_rng(seed)
    gone = [pair for name in down for pair in (tuple(name.split("-")), tuple(reversed(name.split("-"))))]
    snapshot = with_links(small.snapshot, "up", {small.link[pair]: False for pair in gone})
    links = snapshot[FabricLinks]
    snapshot = snapshot.replaced(
        links.with_column("weight", chance.integers(least, 5, links.row_count).astype(float)),
        DestinationWeights.of(
            source=np.array([small.node["C2"], small.node["B2"]], np.int32),
            target=np.array([small.node["B2"], small.node["A1"]], np.int32),
            destination=np.array([small.node["C0"]] * 2, np.int32),
            weight=[7.0, 0.5],
        ),
    )
    between = chance.random((4, 4))
    told, lost = np.zeros(links.row_count), 0.0
    for one in range(4):
        for other in set(range(4)) - {one}:
            ways = all_ways(snapshot, small.node[f"H{2 * one}"], small.node[f"H{2 * other}"])
            lost += between[one, other] * (1 - sum(ways.values()))
            for way, probability in ways.items():
                for ends in pairwise(way[1:-1]):
                    told[row_of(snapshot)[ends]] += between[one, other] * probability
    found = switch_loads(snapshot, between)
    assert found.unroutable_mbps == pytest.approx(lost, abs=1e-9)
    if least:  # else ways may end at a switch without a next hop, and have loaded the links before it
        assert found.load_mbps == pytest.approx(told, abs=1e-9)
    assert (found.load_mbps >= told - 1e-9).all()


def test_a_t0_without_a_way_loses_its_traffic() -> None:
    small = figure_1()
    dead = {small.link[pair]: False for pair in (("C0", "B0"), ("B0", "C0"), ("C0", "B1"), ("B1", "C0"))}
    between = np.full((4, 4), 100.0)
    found = switch_loads(with_links(small.snapshot, "up", dead), between)
    assert found.unroutable_mbps == pytest.approx(600.0)
    assert switch_loads(small.snapshot, between).unroutable_mbps == pytest.approx(0.0, abs=1e-9)


def test_mean_traffic_of_statistics_pairs_and_pinned_flows() -> None:
    small = figure_1()
    snapshot, mean_mbit = small.snapshot, 8e-6 * mean_size_bytes(small.snapshot)
    spread = mean_traffic(snapshot)
    assert spread is not None
    assert spread.between[~np.eye(4, dtype=bool)] == pytest.approx(np.full(12, 100 * mean_mbit * 4 / 56))
    h0, h5 = (np.array([small.node[name]], np.int32) for name in ("H0", "H5"))
    pairs = snapshot.replaced(Pairs.of(source=h0, target=h5, probability=[0.3]))
    flows = Flows.of(start_s=[0.0, 4.0], source=np.repeat(h0, 2), target=np.repeat(h5, 2), size_bytes=[1e6, 1e6])
    for told, mbps in ((pairs, 100 * mean_mbit), (pairs.replaced(flows), 16 / 4)):
        found = mean_traffic(told)
        assert found is not None
        assert found.between[0, 2] == pytest.approx(mbps)
        assert found.sent[small.node["H0"]] == pytest.approx(mbps)
        assert found.got[small.node["H5"]] == pytest.approx(mbps)
        assert found.between.sum() == pytest.approx(mbps)


def test_mean_traffic_follows_the_workloads() -> None:
    snapshot = figure_1().snapshot
    host = snapshot[Placements].host.copy()
    host[:2] = host[2:4]
    moved = mean_traffic(snapshot.replaced(snapshot[Placements].with_column("host", host)))
    before = mean_traffic(snapshot)
    assert moved is not None
    assert before is not None
    assert not moved.between[0].any()
    assert moved.between[1, 2] == pytest.approx(2 * before.between[1, 2])
