"""Which repairs are ranked: what the failures offer, what is refused, and what is the same."""

from __future__ import annotations

import math
from itertools import product

import networkx as nx
import numpy as np
from fabrics_for_mitigate import LINK_MBPS, clos, figure_1, link_rows, listed, node, with_faults
from hypothesis import given, settings
from hypothesis import strategies as st

from fairlead.model import FabricLinks, Nodes, Placements, Snapshot
from fairlead.planners.mitigate.cables import alive_links, tiers
from fairlead.planners.mitigate.candidates import Field, field_of

HIGH, LOW = 5e-2, 5e-5


def names(snapshot: Snapshot, limit: int = 32) -> set[str]:
    return {each.name for each in field_of(snapshot, limit).allowed}


def cuts_off(snapshot: Snapshot) -> bool:
    """Whether two hosts have no valley-free way, by networkx on a graph that climbs first and then descends."""
    links, tier, alive = snapshot[FabricLinks], tiers(snapshot), alive_links(snapshot)
    graph = nx.DiGraph()
    for row in np.flatnonzero(alive):
        source, target = int(links.source[row]), int(links.target[row])
        if tier[source] < tier[target]:
            graph.add_edge(("up", source), ("up", target))
        else:
            graph.add_edge(("down", source), ("down", target))
    for each in range(len(tier)):
        graph.add_edge(("up", each), ("down", each))
    hosts = np.unique(snapshot[Placements].host).tolist()
    return any(
        ("down", target) not in nx.descendants(graph, ("up", source))
        for source in hosts
        for target in hosts
        if source != target
    )


def test_a_healthy_network_offers_nothing() -> None:
    found = field_of(figure_1())
    assert [each.name for each in found.allowed] == ["none"]
    assert found.failures.count == found.left_out_count == len(found.refused) == 0


def test_a_lossy_link_is_left_disabled_or_weighed() -> None:
    assert names(with_faults(figure_1(), lossy={"C0-B0": HIGH})) == {
        "none",
        "re-weight",
        "disable C0-B0",
        "disable C0-B0 + re-weight",
    }


def test_two_lossy_links_and_every_subset() -> None:
    found = names(with_faults(figure_1(), lossy={"C0-B0": HIGH, "B1-A2": LOW}))
    plain = {each for each in found if "re-weight" not in each}
    assert plain == {"none", "disable C0-B0", "disable B1-A2", "disable C0-B0 + disable B1-A2"}


def test_what_was_disabled_may_come_back_alone_or_for_the_other() -> None:
    """SWARM 2: undo a previous mitigation when another link fails; here of the same t0, so one of both must stay."""
    snapshot = with_faults(figure_1(), lossy={"C0-B0": LOW, "C0-B1": HIGH}, down=["C0-B0"])
    found = field_of(snapshot)
    plain = {each.name for each in found.allowed if "re-weight" not in each.name}
    assert plain == {"none", "bring back C0-B0", "disable C0-B1 + bring back C0-B0"}
    assert [each.name for each in found.refused] == ["disable C0-B1"]


def test_a_cut_link_cannot_come_back() -> None:
    snapshot = with_faults(figure_1(), lossy={"C0-B0": 1.0, "C1-B1": LOW})
    assert not any("C0-B0" in each for each in names(snapshot))


def test_lost_capacity_offers_link_and_switches() -> None:
    snapshot = with_faults(figure_1(), slower={"B0-A0": LINK_MBPS / 2})
    plain = {each for each in names(snapshot) if "re-weight" not in each}
    assert plain == {"none", "disable B0-A0", "disable A0", "disable B0"}


def test_a_lossy_switch_is_left_or_disabled() -> None:
    plain = {each for each in names(with_faults(figure_1(), switches={"B0": HIGH})) if "re-weight" not in each}
    assert plain == {"none", "disable B0"}


def test_a_lossy_t0_is_left_or_emptied() -> None:
    """Disabling it as well is the same to traffic: nobody passes through a t0 that runs nothing."""
    snapshot = with_faults(figure_1(), switches={"C0": HIGH})
    assert names(snapshot) == {"none", "move traffic off C0"}


def test_a_t0_that_is_down_must_be_emptied() -> None:
    found = field_of(with_faults(figure_1(), switches={"C0": 1.0}))
    assert found.allowed[0].name == "move traffic off C0"
    assert "none" in [each.name for each in found.refused]


def test_without_placements_traffic_does_not_move() -> None:
    snapshot = with_faults(figure_1(), switches={"C0": HIGH})
    bare = Snapshot(table for table in snapshot.tables if not isinstance(table, Placements))
    assert names(bare) == {"none"}


def test_half_of_the_papers_pairs_of_links_partition() -> None:
    """SWARM 4.2: disabling both lossy links partitions in 16 of the 32 pairs of failures."""
    pairs = (("C0-B0", "C0-B1"), ("C0-B0", "C1-B1"), ("C0-B0", "B1-A2"), ("B0-A0", "B1-A2"))
    count = 0
    for (one, other), first, second in product(pairs, (HIGH, LOW), (HIGH, LOW)):
        found = field_of(with_faults(figure_1(), lossy={one: first, other: second}))
        both = [each for each in found.refused if each.name.count("disable") == 2 and "re-weight" not in each.name]
        count += 2 * len(both)  # both orders of appearance
    assert count == 16


CABLES = ("C0-B0", "C0-B1", "C1-B0", "C1-B1", "B0-A0", "B0-A1", "B1-A2", "B1-A3", "C2-B2", "C2-B3")


@settings(max_examples=20)
@given(
    lossy=st.sets(st.sampled_from(CABLES), max_size=3),
    down=st.sets(st.sampled_from(CABLES), max_size=2),
    moved=st.sampled_from([{}, {"C0": HIGH}, {"B0": HIGH}]),
)
def test_nothing_that_partitions_is_allowed_unless_all_does(
    lossy: set[str], down: set[str], moved: dict[str, float]
) -> None:
    found = field_of(with_faults(figure_1(), lossy=dict.fromkeys(lossy, HIGH), down=down, switches=moved), limit=4)
    cut = [cuts_off(each.state) for each in found.allowed]
    assert found.partitions == all(cut)
    assert found.partitions or not any(cut)
    assert all(cuts_off(each.state) for each in found.refused)
    assert len({each.name for each in found.allowed}) == len(found.allowed)


def test_everything_partitions() -> None:
    snapshot = with_faults(figure_1(), lossy={"C0-B0": 1.0, "C0-B1": 1.0, "C2-B2": HIGH})
    found = field_of(snapshot)
    assert found.partitions
    assert not found.refused
    assert "none" in [each.name for each in found.allowed]


def test_the_number_of_combinations_is_bounded_from_the_middle() -> None:
    snapshot = clos(pods=4, t0s=2, t1s=4)
    lossy = {f"C{t0}-B{pod * 4}": HIGH / (1 + t0) for pod in range(4) for t0 in (2 * pod, 2 * pod + 1)}
    found = field_of(with_faults(snapshot, lossy=lossy), limit=10)
    plain = [each for each in (*found.allowed, *found.refused) if "re-weight" not in each.name]
    assert len(plain) == 10
    assert found.left_out_count == 2**8 - 10
    assert [len(each.edits[0].rows) // 2 if each.edits else 0 for each in plain] == [0, 8, *[1] * 8]


def test_the_worst_failures_are_tried_first() -> None:
    snapshot = with_faults(figure_1(), lossy={"C0-B0": LOW, "C2-B2": HIGH, "B1-A2": 1e-3})
    assert [each.name for each in field_of(snapshot, limit=3).allowed if "re-weight" not in each.name] == [
        "none",
        "disable C2-B2 + disable B1-A2 + disable C0-B0",
        "disable C2-B2",
    ]


def test_many_steps_make_names_that_are_told_apart() -> None:
    snapshot = clos(pods=6, t0s=2, t1s=4)
    lossy = {f"C{t0}-B{pod * 4}": HIGH for pod in range(6) for t0 in (2 * pod, 2 * pod + 1)}
    found = field_of(with_faults(snapshot, lossy=lossy), limit=30)
    everyone = [each.name for each in (*found.allowed, *found.refused)]
    assert len(set(everyone)) == len(everyone)


def test_listed_candidates_in_their_order_alike_or_not() -> None:
    snapshot = listed(
        with_faults(figure_1(), lossy={"C0-B0": HIGH}),
        ("b", "disable_link", "C0", "B0", math.nan),
        ("a", "none", "", "", math.nan),
        ("b", "set_weight", "C1", "B0", 2.0),
        ("again", "none", "", "", math.nan),
        ("cut", "disable_link", "C0", "B0", math.nan),
        ("cut", "disable_node", "B1", "", math.nan),
    )
    found = field_of(snapshot)
    assert [each.name for each in found.allowed] == ["b", "a", "again"]
    assert [each.name for each in found.refused] == ["cut"]
    assert [edit.action for edit in found.allowed[0].edits] == ["set_weight", "disable_link"]
    assert found.allowed[1].state == snapshot
    assert found.left_out_count == 0


def test_listed_candidates_that_all_partition_are_ranked_all_the_same() -> None:
    snapshot = listed(
        figure_1(), ("one", "disable_node", "C0", "", math.nan), ("two", "disable_node", "C1", "", math.nan)
    )
    found = field_of(snapshot)
    assert found.partitions
    assert len(found.allowed) == 2


def test_a_weight_of_nothing_that_cuts_off_is_refused() -> None:
    snapshot = listed(
        figure_1(),
        ("none", "none", "", "", math.nan),
        ("starve", "set_weight", "C0", "B0", 0.0),
        ("starve", "set_weight", "C0", "B1", 0.0),
    )
    assert [each.name for each in field_of(snapshot).refused] == ["starve"]


def test_states_are_the_edits_applied() -> None:
    snapshot = with_faults(figure_1(), lossy={"C0-B0": HIGH})
    found: Field = field_of(snapshot)
    disabled = next(each for each in found.allowed if each.name == "disable C0-B0")
    assert not disabled.state[FabricLinks].up[link_rows(snapshot, "C0-B0")].any()
    assert disabled.cell_count == 2
    assert snapshot[Nodes].node[node(snapshot, "C0")] == "C0"


def test_candidates_of_the_same_effect_are_one() -> None:
    """A lossy link of a lossy switch: once the switch is out, so is the link, disabled or not."""
    snapshot = with_faults(figure_1(), lossy={"B0-A0": HIGH}, switches={"B0": HIGH})
    plain = {each for each in names(snapshot) if "re-weight" not in each}
    assert plain == {"none", "disable B0", "disable B0-A0"}
