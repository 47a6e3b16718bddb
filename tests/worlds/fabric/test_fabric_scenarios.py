"""The 57 incidents: their numbers, their order, and how many of them a network survives."""

import networkx as nx
import pytest

from fairlead.model import FabricLinks, Nodes, Snapshot, apply_edits
from fairlead.worlds.fabric import Scenario, cut_link, figure_1, scenarios

HEALTHY = figure_1()
ALL = scenarios(HEALTHY)


def test_table_a1() -> None:
    counts = {
        (family, length): sum(s.family == family and len(s.failures) == length for s in ALL)
        for family in (1, 2, 3)
        for length in (1, 2)
    }
    assert counts == {(1, 1): 4, (1, 2): 32, (2, 1): 1, (2, 2): 6, (3, 1): 2, (3, 2): 12}
    assert len({s.name for s in ALL}) == len(ALL) == 57
    assert len({s.failures for s in ALL}) == 57


def test_every_pair_comes_in_both_orders() -> None:
    orders = {tuple(s.name.split(" then ")) for s in ALL if len(s.failures) == 2}
    assert all(order[::-1] in orders for order in orders)
    assert len(orders) == 50


def test_families_break_what_they_should() -> None:
    for scenario in ALL:
        kinds = [edits[0].action for edits in scenario.failures]
        wanted = {1: set(), 2: {"narrowed_link"}, 3: {"lossy_switch"}}[scenario.family]
        assert wanted <= set(kinds)
        assert len([kind for kind in kinds if kind in ("narrowed_link", "lossy_switch")]) == len(wanted)
        lossy = [e for edits in scenario.failures for e in edits if e.action.startswith("lossy")]
        levels = [float(e.after[0]) for e in lossy if e.column == "drop_ratio"]
        assert set(levels) <= {5e-2, 5e-5}


def connected(snapshot: Snapshot) -> bool:
    """Whether every t0 reaches every other one up and down again; flags of links alone, by another road than ours."""
    links, names = snapshot[FabricLinks], snapshot[Nodes].node
    tier = dict(zip(names, snapshot[Nodes].tier, strict=True))
    up = nx.DiGraph()
    up.add_nodes_from(names)
    up.add_edges_from(
        (names[a], names[b])
        for a, b, alive in zip(links.source, links.target, links.up, strict=True)
        if alive and tier[names[a]] < tier[names[b]]  # server < t0 < t1 < t2
    )
    above = {t0: {t0} | nx.descendants(up, t0) for t0 in names if tier[t0] == "t0"}
    return all(above[one] & above[other] for one in above for other in above)


def without(scenario: Scenario) -> Snapshot:
    """Figure 1 with every lossy link of a scenario taken out."""
    names, links = HEALTHY[Nodes].node, HEALTHY[FabricLinks]
    rows = [int(edit.rows[0]) for edits in scenario.failures for edit in edits]
    cuts = [cut_link(HEALTHY, str(names[links.source[row]]), str(names[links.target[row]])) for row in rows]
    return apply_edits(HEALTHY, [edit for edits in cuts for edit in edits])


def test_disabling_both_links_partitions_sixteen_of_the_pairs() -> None:
    pairs = [s for s in ALL if s.family == 1 and len(s.failures) == 2]
    assert sum(not connected(without(s)) for s in pairs) == 16  # SWARM 4.2


@pytest.mark.parametrize("scenario", ALL, ids=lambda s: s.name)
def test_no_failure_alone_partitions(scenario: Scenario) -> None:
    assert connected(apply_edits(HEALTHY, [edit for edits in scenario.failures for edit in edits]))


def test_another_load_has_the_same_incidents() -> None:
    assert [s.name for s in scenarios(figure_1(10.0))] == [s.name for s in scenarios()]
