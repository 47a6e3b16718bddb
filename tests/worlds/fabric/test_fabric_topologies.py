"""Generators: wiring, capacities, sizes; what is told of the paper's networks."""

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairlead.model import Arrivals, FabricLinks, FlowSizes, Nodes, Placements, Snapshot, UsageError
from fairlead.worlds.fabric import ClosSpec, clos, fat_tree, figure_1, testbed


def graph(snapshot: Snapshot) -> nx.DiGraph:
    names, links = snapshot[Nodes].node, snapshot[FabricLinks]
    made = nx.DiGraph()
    made.add_edges_from(
        (str(names[a]), str(names[b]), {"mbps": c})
        for a, b, c in zip(links.source, links.target, links.capacity_mbps, strict=True)
    )
    return made


def tier_counts(snapshot: Snapshot) -> dict[str, int]:
    return dict(zip(*(x.tolist() for x in np.unique(snapshot[Nodes].tier, return_counts=True)), strict=True))


def test_figure_1_is_wired_in_two_planes() -> None:
    wires = graph(figure_1())
    assert tier_counts(figure_1()) == {"server": 8, "t0": 4, "t1": 4, "t2": 4}
    assert set(wires["C0"]) == {"H0", "H1", "B0", "B1"}
    assert set(wires["C3"]) == {"H6", "H7", "B2", "B3"}
    assert set(wires["B0"]) == {"C0", "C1", "A0", "A1"}
    assert set(wires["B3"]) == {"C2", "C3", "A2", "A3"}
    assert set(wires["A0"]) == {"B0", "B2"}
    assert {data["mbps"] for _, _, data in wires.edges(data=True)} == {40_000 / 120}


def test_everything_but_the_links_of_a_fabric() -> None:
    made = figure_1(arrivals_per_s=50.0)
    assert made[Arrivals].arrivals_per_s.tolist() == [50.0]
    assert made[FlowSizes].cdf_ratio[-1] == 1.0
    assert made[Placements].server.tolist() == made[Placements].host.tolist() == list(range(8))
    assert made[Nodes].pod.tolist()[:4] == ["pod 0"] * 4
    assert made[Nodes].pod.tolist()[-4:] == [""] * 4


def test_fat_tree_has_full_bisection_and_every_port_in_use() -> None:
    made = fat_tree(4)
    assert tier_counts(made) == {"server": 16, "t0": 8, "t1": 8, "t2": 4}
    wires = graph(made)
    degree = {len(wires[node]) for node in wires if not node.startswith("H")}
    assert degree == {4}
    # between two servers of different pods there are (k / 2)^2 shortest ways
    assert len(list(nx.all_shortest_paths(wires, "H0", "H15"))) == 4
    with pytest.raises(UsageError, match="even"):
        fat_tree(5)


def test_testbed_is_as_large_as_the_paper_says() -> None:
    assert tier_counts(testbed()) == {"server": 32, "t0": 6, "t1": 4, "t2": 2}
    assert set(testbed()[FabricLinks].capacity_mbps) == {10_000.0}
    racks = [sum(other.startswith("H") for other in graph(testbed())[f"C{rack}"]) for rack in range(6)]
    assert set(racks) == {5, 6}


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_clos_networks_are_what_was_asked_for(data: st.DataObject) -> None:
    t1s = data.draw(st.integers(1, 4))
    spec = ClosSpec(
        pod_count=data.draw(st.integers(1, 4)),
        t0s_per_pod=data.draw(st.integers(1, 4)),
        t1s_per_pod=t1s,
        plane_count=data.draw(st.integers(1, t1s)),
        t2s_per_plane=data.draw(st.integers(1, 3)),
        servers_per_t0=data.draw(st.integers(1, 4)),
        server_mbps=1000.0,
        t0_oversubscription_ratio=data.draw(st.sampled_from([1.0, 2.0, 3.0])),
        t1_oversubscription_ratio=data.draw(st.sampled_from([1.0, 2.0])),
        arrivals_per_s=10.0,
    )
    made = clos(spec)
    nodes, links = made[Nodes], made[FabricLinks]
    level = {"server": 0, "t0": 1, "t1": 2, "t2": 3}
    tier = np.array([level[str(name)] for name in nodes.tier])
    assert (np.abs(tier[links.source] - tier[links.target]) == 1).all()
    assert nx.is_strongly_connected(graph(made))
    up = tier[links.target] > tier[links.source]
    for low, ratio in ((1, spec.t0_oversubscription_ratio), (2, spec.t1_oversubscription_ratio)):
        below = np.bincount(links.target[up], links.capacity_mbps[up], minlength=nodes.row_count)[tier == low]
        above = np.bincount(links.source[up], links.capacity_mbps[up], minlength=nodes.row_count)[tier == low]
        assert np.allclose(below, ratio * above)
    same_pod = nodes.pod[links.source] == nodes.pod[links.target]
    assert (same_pod == (np.maximum(tier[links.source], tier[links.target]) < 3)).all()


def test_sixteen_thousand_servers() -> None:
    made = fat_tree(40)
    assert tier_counts(made)["server"] == 16_000
    assert made[FabricLinks].row_count == 2 * 3 * 16_000


@pytest.mark.parametrize("field", ["pod_count", "plane_count", "servers_per_t0"])
def test_sizes_that_make_no_network_are_refused(field: str) -> None:
    sizes = dict.fromkeys(
        ("pod_count", "t0s_per_pod", "t1s_per_pod", "plane_count", "t2s_per_plane", "servers_per_t0"), 2
    )
    for wrong in (0, 2_000_000):
        with pytest.raises(UsageError, match=field):
            ClosSpec(**(sizes | {field: wrong}), server_mbps=1.0, arrivals_per_s=1.0)
