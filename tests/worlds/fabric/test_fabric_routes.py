"""Ways of flows: only valley-free shortest ones, in proportion to weights, and unmoved by what does not touch them."""

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from fairlead.model import TIERS, DestinationWeights, Edit, FabricLinks, Nodes, Snapshot, apply_edits
from fairlead.worlds.fabric import ClosSpec, clos, cut_link, down_switch, figure_1
from fairlead.worlds.fabric.failures import link_rows
from fairlead.worlds.fabric.routes import drawn_ways, routing


def small(plane_count: int) -> Snapshot:
    return clos(
        ClosSpec(
            pod_count=3,
            t0s_per_pod=2,
            t1s_per_pod=2,
            plane_count=plane_count,
            t2s_per_plane=2,
            servers_per_t0=1,
            server_mbps=1000.0,
            arrivals_per_s=1.0,
        )
    )


# in one plane a detour over the core leads back into the pod that a flow came from
SMALL = {1: small(1), 2: small(2)}


def row_of(snapshot: Snapshot, node: str) -> int:
    return int(np.flatnonzero(snapshot[Nodes].node == node)[0])


def ways(snapshot: Snapshot, source: str, target: str, count: int, seed: int = 1) -> np.ndarray:
    ends = [np.full(count, row_of(snapshot, node), np.int32) for node in (source, target)]
    return drawn_ways(routing(snapshot), *ends, seed, 0)


def nodes_of(snapshot: Snapshot, way: np.ndarray) -> tuple[str, ...]:
    links, names = snapshot[FabricLinks], snapshot[Nodes].node
    taken = way[way >= 0]
    assert (links.target[taken[:-1]] == links.source[taken[1:]]).all()
    return tuple(str(names[row]) for row in [*links.source[taken[:1]], *links.target[taken]])


def allowed(snapshot: Snapshot, source: str, target: str) -> set[tuple[str, ...]]:
    """Every way that up-down routing may take, by brute force over a graph of (node, still climbing)."""
    nodes, links = snapshot[Nodes], snapshot[FabricLinks]
    level = {str(n): TIERS.index(str(t)) for n, t in zip(nodes.node, nodes.tier, strict=True)}
    down = dict(zip(nodes.node.tolist(), (nodes.drop_ratio >= 1).tolist(), strict=True))
    both = nx.DiGraph()
    both.add_nodes_from((node, climbing) for node in level for climbing in (True, False))
    for a, b, up, drop in zip(links.source, links.target, links.up, links.drop_ratio, strict=True):
        one, other = str(nodes.node[a]), str(nodes.node[b])
        if up and drop < 1 and not down[one] and not down[other]:
            if level[one] < level[other]:
                both.add_edge((one, True), (other, True))
            else:
                both.add_edge((one, True), (other, False))
                both.add_edge((one, False), (other, False))
    if not nx.has_path(both, (source, True), (target, False)):
        return set()
    return {tuple(n for n, _ in way) for way in nx.all_shortest_paths(both, (source, True), (target, False))}


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_ways_are_the_shortest_without_valleys(data: st.DataObject) -> None:
    healthy = SMALL[data.draw(st.sampled_from([1, 2]))]
    links, names = healthy[FabricLinks], healthy[Nodes].node
    cables = st.integers(6, links.row_count // 2 - 1)  # not those of servers, which come first
    broken = healthy
    for cable in data.draw(st.lists(cables, max_size=8, unique=True)):
        ends = (str(names[links.source[2 * cable]]), str(names[links.target[2 * cable]]))
        broken = apply_edits(broken, cut_link(healthy, *ends))
    if data.draw(st.booleans()):
        broken = apply_edits(broken, down_switch(healthy, data.draw(st.sampled_from(["B0", "B2", "A0", "A1"]))))
    source, target = data.draw(st.permutations(["H0", "H1", "H2", "H5"]))[:2]
    drawn = {nodes_of(broken, way) for way in ways(broken, source, target, 400)}
    assert drawn == (allowed(broken, source, target) or {()})


def test_a_detour_over_the_core_is_not_taken_while_a_shorter_way_is_left() -> None:
    broken = apply_edits(SMALL[1], cut_link(SMALL[1], "B0", "C1"))
    assert {nodes_of(broken, way) for way in ways(broken, "H0", "H1", 200)} == {("H0", "C0", "B1", "C1", "H1")}
    # and where none is left it is
    worse = apply_edits(broken, cut_link(SMALL[1], "B1", "C0"))
    assert {len(nodes_of(worse, way)) for way in ways(worse, "H0", "H1", 200)} == {7}


def share_over(snapshot: Snapshot, one: str, other: str, drawn: np.ndarray) -> float:
    rows = link_rows(snapshot, one, other)
    return float(np.isin(drawn, rows).any(axis=1).mean())


def weighted(snapshot: Snapshot, one: str, other: str, weight: float) -> Snapshot:
    rows = link_rows(snapshot, one, other)
    edit = Edit(action="set_weight", table="links", column="weight", rows=rows, after=np.full(2, weight))
    return apply_edits(snapshot, [edit])


@pytest.mark.parametrize(("weight", "share"), [(1.0, 0.5), (3.0, 0.75), (0.25, 0.2), (0.0, 0.0)])
def test_next_hops_in_proportion_to_weights(weight: float, share: float) -> None:
    count = 20_000
    snapshot = weighted(figure_1(), "C0", "B0", weight)
    taken = share_over(snapshot, "C0", "B0", ways(snapshot, "H0", "H2", count))
    # five standard deviations
    assert abs(taken - share) <= 5 * np.sqrt(share * (1 - share) / count)


def test_the_four_ways_across_pods_are_alike() -> None:
    drawn = ways(figure_1(), "H0", "H7", 20_000)
    _, counts = np.unique(drawn, axis=0, return_counts=True)
    assert len(counts) == 4
    assert stats.chisquare(counts).pvalue > 1e-3


def test_weights_of_a_destination_override() -> None:
    plain = weighted(figure_1(), "C0", "B0", 3.0)
    rows = {name: row_of(plain, name) for name in ("C0", "B0", "B1", "C1", "C2")}
    special = DestinationWeights.of(
        source=[rows["C0"], rows["C0"]],
        target=[rows["B0"], rows["B1"]],
        destination=[rows["C1"], rows["C1"]],
        weight=[0.0, 1.0],
    )
    snapshot = plain.replaced(special)
    assert share_over(snapshot, "C0", "B0", ways(snapshot, "H0", "H2", 2000)) == 0.0  # below C1
    assert share_over(snapshot, "C0", "B0", ways(snapshot, "H0", "H4", 8000)) == pytest.approx(0.75, abs=0.03)


def test_no_weight_at_all_means_no_way() -> None:
    snapshot = weighted(weighted(figure_1(), "C0", "B0", 0.0), "C0", "B1", 0.0)
    assert (ways(snapshot, "H0", "H7", 10) == -1).all()
    assert (ways(snapshot, "H0", "H1", 10)[:, :2] >= 0).all()  # inside the rack nobody asks


def test_lossy_links_stay_dead_ones_do_not() -> None:
    healthy = figure_1()
    rows = link_rows(healthy, "C0", "B0")
    for drop_ratio, share in ((0.999, 0.5), (1.0, 0.0)):
        edit = Edit(action="x", table="links", column="drop_ratio", rows=rows, after=np.full(2, drop_ratio))
        snapshot = apply_edits(healthy, [edit])
        assert share_over(snapshot, "C0", "B0", ways(snapshot, "H0", "H7", 4000)) == pytest.approx(share, abs=0.04)


def test_what_a_failure_leaves_alone_stays() -> None:
    healthy = figure_1()
    broken = apply_edits(healthy, cut_link(healthy, "B0", "A0"))
    before, after = (ways(snapshot, "H0", "H7", 2000) for snapshot in (healthy, broken))
    touched = np.isin(before, link_rows(healthy, "B0", "A0")).any(axis=1)
    assert touched.any()
    assert np.array_equal(before[~touched], after[~touched])


def test_seeds_and_directions_differ() -> None:
    snapshot = figure_1()
    ends = [np.full(500, row_of(snapshot, node), np.int32) for node in ("H0", "H7")]
    table = routing(snapshot)
    there, again, other = (drawn_ways(table, *ends, seed, 0) for seed in (1, 1, 2))
    assert np.array_equal(there, again)
    assert (there != other).any()
    # the way back is hashed apart: it does not mirror the way there
    back = drawn_ways(table, *ends[::-1], 1, 1)
    mirrored = (there[:, ::-1] // 2 == back // 2).all(axis=1)
    assert 0.1 < mirrored.mean() < 0.45  # a quarter by chance


def test_a_server_without_link_or_a_flow_to_itself_has_no_way() -> None:
    healthy = figure_1()
    snapshot = apply_edits(healthy, cut_link(healthy, "H0", "C0"))
    assert (ways(snapshot, "H0", "H7", 3) == -1).all()
    assert (ways(snapshot, "H7", "H0", 3) == -1).all()
    assert (ways(healthy, "H3", "H3", 3) == -1).all()
