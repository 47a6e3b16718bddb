"""Next hops against shortest paths of a graph in which going up again after going down does not exist."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.model import DestinationWeights, FabricLinks, Nodes, Snapshot
from fairlead.worlds.fabric.topologies import figure_1
from fairlead.worlds.testbed.valley import Valley, alive, tiers, valley

FIGURE_1 = figure_1()
LINKS = FIGURE_1[FabricLinks]


def row(name: str) -> int:
    return list(FIGURE_1[Nodes].node).index(name)


def link(source: str, target: str) -> int:
    ends = zip(LINKS.source, LINKS.target, strict=True)
    return list(ends).index((row(source), row(target)))


def without(*cut: int) -> Snapshot:
    up = np.ones(LINKS.row_count, bool)
    up[list(cut)] = False
    return FIGURE_1.replaced(LINKS.with_column("up", up))


def unweighted(*links: int) -> Valley:
    weight = np.ones(LINKS.row_count)
    weight[list(links)] = 0
    return valley(FIGURE_1.replaced(LINKS.with_column("weight", weight)))


def first_links(snapshot: Snapshot, node: int, end: int) -> set[int]:
    """Links out of the node on shortest ways that never climb after a descent, by networkx."""
    links, level = snapshot[FabricLinks], tiers(snapshot)
    graph = nx.DiGraph()
    for at in np.flatnonzero(alive(snapshot)):
        source, target = int(links.source[at]), int(links.target[at])
        if not level[source] or not level[target]:
            continue
        if level[target] > level[source]:
            graph.add_edge((source, "up"), (target, "up"), link=int(at))
        else:
            for before in ("up", "down"):
                graph.add_edge((source, before), (target, "down"), link=int(at))
    start = (node, "up")
    if start not in graph or (end, "down") not in graph:
        return set()
    if not nx.has_path(graph, start, (end, "down")):
        return set()
    ways = nx.all_shortest_paths(graph, start, (end, "down"))
    return {graph.edges[way[0], way[1]]["link"] for way in ways}


@given(st.sets(st.integers(0, LINKS.row_count - 1), max_size=14))
def test_next_hops_are_those_of_the_shortest_ways(cut: set[int]) -> None:
    snapshot = without(*cut)
    level, found = tiers(snapshot), valley(snapshot)
    for end in np.flatnonzero(level == 1):
        for node in np.flatnonzero(level > 0):
            if node != end:
                hops = {hop.link for hop in found.hops.get((int(node), int(end)), ())}
                assert hops == first_links(snapshot, int(node), int(end)), (node, end)


def test_a_t0_far_away_is_reached_over_both_sides() -> None:
    found = valley(FIGURE_1)
    assert {hop.link for hop in found.hops[row("C0"), row("C3")]} == {link("C0", "B0"), link("C0", "B1")}
    assert {hop.link for hop in found.hops[row("B0"), row("C1")]} == {link("B0", "C1")}
    assert found.reaches(row("H0"), row("H7"))


def test_a_server_that_lost_its_link_is_out_of_reach() -> None:
    found = valley(without(link("C0", "H0")))
    assert not found.reaches(row("H7"), row("H0"))
    assert found.reaches(row("H0"), row("H7"))
    assert not valley(without(link("H0", "C0"))).reaches(row("H0"), row("H7"))


def test_no_weight_takes_a_link_out_and_only_no_weight_at_all_cuts_off() -> None:
    found = unweighted(link("C0", "B0"))
    assert {hop.link for hop in found.hops[row("C0"), row("C3")]} == {link("C0", "B1")}
    assert found.reaches(row("H0"), row("H7"))
    assert not unweighted(link("C0", "B0"), link("C0", "B1")).reaches(row("H0"), row("H7"))


def test_a_switch_further_on_without_weights_is_a_dead_end() -> None:
    one_side = unweighted(link("B0", "A0"), link("B0", "A1"))
    assert one_side.reaches(row("H0"), row("H7"))
    upwards = [("B0", "A0"), ("B0", "A1"), ("B1", "A2"), ("B1", "A3")]
    assert not unweighted(*(link(*ends) for ends in upwards)).reaches(row("H0"), row("H7"))


def test_weights_of_a_destination_hold_for_it_alone() -> None:
    special = DestinationWeights.of(
        source=[row("C0")], target=[row("B0")], destination=[row("C3")], weight=np.array([3.0])
    )
    found = valley(FIGURE_1.replaced(special))
    weights = {hop.link: hop.weight for hop in found.hops[row("C0"), row("C3")]}
    assert weights == {link("C0", "B0"): 3.0, link("C0", "B1"): 1.0}
    assert {hop.weight for hop in found.hops[row("C0"), row("C2")]} == {1.0}


@pytest.mark.parametrize(("column", "of"), [("drop_ratio", "link"), ("drop_ratio", "node")])
def test_what_drops_everything_is_dead_and_what_drops_something_is_not(column: str, of: str) -> None:
    for ratio, living in ((0.99, True), (1.0, False)):
        if of == "link":
            values = np.zeros(LINKS.row_count)
            values[link("C0", "B0")] = ratio
            snapshot = FIGURE_1.replaced(LINKS.with_column(column, values))
        else:
            values = np.zeros(FIGURE_1[Nodes].row_count)
            values[row("B0")] = ratio
            snapshot = FIGURE_1.replaced(FIGURE_1[Nodes].with_column(column, values))
        assert alive(snapshot)[link("C0", "B0")] == living
