"""Ways and their probabilities, against a walk over the tables that follows the definition."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
from fabrics_small import Figure1, all_ways, figure_1, ladders, with_links, with_nodes
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare

from fairlead.model import DestinationWeights, FabricLinks, Nodes, Placements, Snapshot
from fairlead.predict.flows.fabric import Fabric, fabric
from fairlead.predict.flows.routing import (
    CUT_OFF,
    LOCAL,
    base_rtt_ms,
    connected,
    draw,
    loss_ratio,
    partitioned,
    path_probabilities,
    redraw,
    routing_keys,
)


@pytest.fixture(scope="module")
def small() -> Figure1:
    return figure_1()


def keys(count: int, seed: int = 5) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 2**64, count, dtype=np.uint64)


def every_pair(snapshot: Snapshot) -> tuple[np.ndarray, np.ndarray]:
    servers = np.flatnonzero(snapshot[Nodes].tier == "server").astype(np.int32)
    return tuple(np.array(part, np.int32) for part in zip(*((a, b) for a in servers for b in servers), strict=True))


def nodes_of(state: Fabric, links: np.ndarray) -> tuple[int, ...]:
    used = links[links >= 0]
    return (*state.source[used].tolist(), int(state.target[used[-1]])) if len(used) else ()


@given(ladders())
def test_probabilities_as_defined(snapshot: Snapshot) -> None:
    state = fabric(snapshot)
    for source, target in zip(*every_pair(snapshot), strict=True):
        expected = all_ways(snapshot, int(source), int(target))
        found = path_probabilities(state, int(source), int(target))
        assert found == pytest.approx(expected)
        sure = sum(expected.values()) > 1 - 1e-9
        assert connected(state, np.array([source]), np.array([target])).tolist() == [sure]


@given(ladders(), st.integers(0, 2**32))
def test_draws_are_ways_that_exist(snapshot: Snapshot, seed: int) -> None:
    state = fabric(snapshot)
    source, target = every_pair(snapshot)
    ways = draw(state, source, target, keys(len(source), seed))
    for flow in range(len(source)):
        possible = path_probabilities(state, int(source[flow]), int(target[flow]))
        if source[flow] == target[flow]:
            assert ways.length[flow] == LOCAL
        elif not possible:
            assert ways.length[flow] == CUT_OFF
        elif ways.length[flow] == CUT_OFF:
            assert sum(possible.values()) < 1 - 1e-9
        else:
            assert nodes_of(state, ways.links[flow]) in possible
            assert (ways.links[flow] >= 0).sum() == ways.length[flow]
        assert (ways.links[flow, max(ways.length[flow], 0) :] == -1).all()


@given(ladders(), st.data())
def test_incremental_is_the_full_draw(snapshot: Snapshot, data: st.DataObject) -> None:
    """From any state to any other of the same nodes and links, bit for bit."""
    links, nodes = snapshot[FabricLinks], snapshot[Nodes]
    up, weight, drop = links.up.copy(), links.weight.copy(), nodes.drop_ratio.copy()
    for _ in range(data.draw(st.integers(0, 3))):
        row = data.draw(st.integers(0, links.row_count - 1))
        up[row] = not up[row]
    for _ in range(data.draw(st.integers(0, 2))):
        weight[data.draw(st.integers(0, links.row_count - 1))] = data.draw(st.sampled_from([0.0, 1.0, 3.0]))
    if data.draw(st.booleans()):
        drop[data.draw(st.integers(0, nodes.row_count - 1))] = data.draw(st.sampled_from([0.0, 1.0]))
    servers = np.flatnonzero(nodes.tier == "server").astype(np.int32)
    hosts = servers.copy()
    if data.draw(st.booleans()):
        hosts[data.draw(st.integers(0, len(servers) - 1))] = data.draw(st.sampled_from(servers.tolist()))
    own = snapshot[DestinationWeights]
    if own.row_count and data.draw(st.booleans()):
        own = own.with_column("weight", own.weight + 1.0)
    later = snapshot.replaced(
        links.with_column("up", up).with_column("weight", weight),
        nodes.with_column("drop_ratio", drop),
        Placements.of(server=servers, host=hosts),
        own,
    )
    before, after = fabric(snapshot), fabric(later)
    source, target = (np.tile(part, 4) for part in every_pair(snapshot))
    luck = keys(len(source))
    drawn = draw(before, source, target, luck)
    expected = draw(after, source, target, luck)
    found, anew = redraw(before, after, source, target, luck, drawn)
    assert (found.links == expected.links).all()
    assert (found.length == expected.length).all()
    assert ((drawn.links == found.links).all(axis=1) | anew).all()


def test_nothing_is_drawn_anew_where_nothing_changed(small: Figure1) -> None:
    state = fabric(small.snapshot)
    source, target = every_pair(small.snapshot)
    apart = source != target
    source, target = source[apart], target[apart]
    luck = keys(len(source))
    _, anew = redraw(state, state, source, target, luck, draw(state, source, target, luck))
    assert not anew.any()


def test_minimal_disruption(small: Figure1) -> None:
    """Of the flows whose next hops only lost rivals, those that did not use them keep their way."""
    cut = with_links(small.snapshot, "up", {small.link["C0", "B0"]: False, small.link["B0", "C0"]: False})
    before, after = fabric(small.snapshot), fabric(cut)
    source = np.full(4_000, small.node["H0"], np.int32)
    target = np.full(4_000, small.node["H6"], np.int32)
    luck = keys(4_000)
    drawn, later = draw(before, source, target, luck), draw(after, source, target, luck)
    used = (drawn.links == small.link["C0", "B0"]).any(axis=1)
    assert 0.4 < used.mean() < 0.6
    assert (drawn.links[~used] == later.links[~used]).all()
    found, anew = redraw(before, after, source, target, luck, drawn)
    assert anew.tolist() == used.tolist()
    assert (found.links == later.links).all()


def test_way_back_is_the_way_before(small: Figure1) -> None:
    """Undoing a repair gives every flow its old way: the draw has no memory."""
    cut = with_links(small.snapshot, "up", {small.link["B0", "A0"]: False})
    before, after = fabric(small.snapshot), fabric(cut)
    source, target = every_pair(small.snapshot)
    luck = keys(len(source))
    drawn = draw(before, source, target, luck)
    there, _ = redraw(before, after, source, target, luck, drawn)
    back, _ = redraw(after, before, source, target, luck, there)
    assert (back.links == drawn.links).all()
    assert (there.links != drawn.links).any()


@pytest.mark.parametrize("weight", [1.0, 3.0, 0.2])
def test_shares_are_the_weights(small: Figure1, weight: float) -> None:
    """Chi-square of 20,000 draws against the exact probabilities, for equal weights and others."""
    rows = {small.link["C0", "B0"]: weight, small.link["B0", "A1"]: 2.0 * weight}
    state = fabric(with_links(small.snapshot, "weight", rows))
    source, target = small.node["H0"], small.node["H7"]
    count = 20_000
    ways = draw(state, np.full(count, source, np.int32), np.full(count, target, np.int32), keys(count))
    expected = path_probabilities(state, source, target)
    seen = dict.fromkeys(expected, 0)
    for row in ways.links:
        seen[nodes_of(state, row)] += 1
    statistic = chisquare(list(seen.values()), [count * expected[nodes] for nodes in seen])
    assert statistic.pvalue > 0.001
    assert len(expected) == 4


def test_routing_samples_are_independent(small: Figure1) -> None:
    state = fabric(small.snapshot)
    count = 8_000
    source = np.full(count, small.node["H0"], np.int32)
    target = np.full(count, small.node["H6"], np.int32)
    luck = keys(count)
    first, second = (draw(state, source, target, routing_keys(luck, number)).links[:, 1] for number in (0, 1))
    table = np.histogram2d(first, second, bins=2)[0]
    assert chisquare(table.ravel()).pvalue > 0.001
    # hops of one flow are independent too: the t2 does not tell the t1 on the other side of the same pod
    ways = draw(state, source, np.full(count, small.node["H2"], np.int32), luck)
    assert chisquare(np.unique(ways.links[:, 1], return_counts=True)[1]).pvalue > 0.001


def test_weights_of_one_destination(small: Figure1) -> None:
    own = DestinationWeights.of(
        source=np.array([small.node["C0"]], np.int32),
        target=np.array([small.node["B0"]], np.int32),
        destination=np.array([small.node["C3"]], np.int32),
        weight=[3.0],
    )
    state = fabric(Snapshot([*small.snapshot.tables, own]))

    def through_b0(target: str) -> float:
        ways = path_probabilities(state, small.node["H0"], small.node[target])
        return sum(share for nodes, share in ways.items() if small.node["B0"] in nodes)

    assert through_b0("H6") == pytest.approx(0.75)
    assert through_b0("H4") == pytest.approx(0.5)


def test_loss_and_round_trip(small: Figure1) -> None:
    """Links and the switches on the way drop; the servers at its ends do not count; no way is no number."""
    lossy = with_links(small.snapshot, "drop_ratio", {small.link["H0", "C0"]: 0.1, small.link["C1", "H2"]: 0.2})
    lossy = with_nodes(lossy, {small.node["C1"]: 0.5, small.node["H2"]: 0.9, small.node["H0"]: 0.9})
    lossy = with_links(lossy, "delay_ms", {small.link["H0", "C0"]: 1.0})
    lossy = with_links(lossy, "up", {small.link["H5", "C2"]: False})
    state = fabric(lossy)
    source = np.array([small.node[name] for name in ("H0", "H0", "H5", "H3")], np.int32)
    target = np.array([small.node[name] for name in ("H2", "H0", "H0", "H2")], np.int32)
    ways = draw(state, source, target, keys(4))
    assert ways.length.tolist() == [4, LOCAL, CUT_OFF, 2]
    assert loss_ratio(state, ways) == pytest.approx([1 - 0.9 * 0.5 * 0.8, 0.0, np.nan, 1 - 0.5 * 0.8], nan_ok=True)
    assert base_rtt_ms(state, ways) == pytest.approx([2 * 1.15, 0.0, np.nan, 0.2], nan_ok=True)


@settings(max_examples=40)
@given(ladders())
def test_partition_is_an_unconnected_pair(snapshot: Snapshot) -> None:
    state = fabric(snapshot)
    source, target = every_pair(snapshot)
    assert partitioned(state) == (not connected(state, source, target).all())


def test_connected_as_a_graph(small: Figure1) -> None:
    """Where every pair of switches keeps an up-down way, as networkx sees it; with each pair of cables cut."""
    cables = [pair for pair in small.link if pair[0][0] in "CB" and pair[1][0] in "BA" and pair[0][0] != pair[1][0]]
    cables = [pair for pair in cables if (pair[0][0], pair[1][0]) in (("C", "B"), ("B", "A"))]
    seen = set()
    for at, one in enumerate(cables):
        for other in cables[at + 1 :]:
            rows = {small.link[pair]: False for pair in (one, one[::-1], other, other[::-1])}
            state = fabric(with_links(small.snapshot, "up", rows))
            climbing = nx.DiGraph(
                [(a, b) for a, b in cables if (a, b) not in (one, other)]
                + [(f"{b}'", f"{a}'") for a, b in cables if (a, b) not in (one, other)]
                + [(f"{letter}{n}", f"{letter}{n}'") for letter in "CBA" for n in range(4)]
            )
            climbing.add_nodes_from(f"C{n}{side}" for n in range(4) for side in ("", "'"))
            whole = all(nx.has_path(climbing, f"C{a}", f"C{b}'") for a in range(4) for b in range(4))
            assert partitioned(state) == (not whole)
            seen.add(whole)
    assert seen == {True, False}


def test_moved_workloads_are_not_missed(small: Figure1) -> None:
    """A t0 that is down partitions the network, unless its workloads run elsewhere."""
    down = with_nodes(small.snapshot, {small.node["C0"]: 1.0})
    assert partitioned(fabric(down))
    placements = down[Placements]
    host = placements.host.copy()
    host[:2] = small.node["H2"], small.node["H3"]
    moved = fabric(down.replaced(placements.with_column("host", host)))
    assert not partitioned(moved)
    pair = np.array([small.node["H0"]], np.int32), np.array([small.node["H2"]], np.int32)
    assert draw(moved, *pair, keys(1)).length.tolist() == [LOCAL]
    assert connected(moved, *pair).tolist() == [True]
