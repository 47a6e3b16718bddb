"""Actions become edits that can be undone, and what cannot be done is refused in one line."""

from __future__ import annotations

import math

import numpy as np
import pytest
from fabrics_for_mitigate import clos, link_rows, node, with_faults
from hypothesis import given, settings
from hypothesis import strategies as st

from fairlead.model import ACTIONS, BadInputError, FabricLinks, Nodes, Placements, Snapshot, apply_edits, invert
from fairlead.planners.mitigate.actions import Action, edits_of
from fairlead.planners.mitigate.cables import t0_of_servers
from fairlead.planners.mitigate.words import told, words

FABRIC = clos(pods=2, t0s=3, t1s=2, servers=2)


def action(snapshot: Snapshot, kind: str, source: str = "", target: str = "", value: float = math.nan) -> Action:
    ends = [node(snapshot, each) if each else -1 for each in (source, target)]
    return Action(kind=kind, source=ends[0], target=ends[1], value=value)


def after(snapshot: Snapshot, *actions: Action) -> Snapshot:
    return apply_edits(snapshot, edits_of(snapshot, actions))


def t0_names_of_hosts(snapshot: Snapshot) -> list[str]:
    return [str(snapshot[Nodes].node[t0_of_servers(snapshot)[host]]) for host in snapshot[Placements].host]


@pytest.mark.parametrize("ends", [("C0", "B0"), ("B0", "C0")])
def test_a_link_goes_out_of_service_in_both_directions_and_back(ends: tuple[str, str]) -> None:
    down = after(FABRIC, action(FABRIC, "disable_link", *ends))
    assert np.flatnonzero(~down[FabricLinks].up).tolist() == sorted(link_rows(FABRIC, "C0-B0"))
    assert after(down, action(down, "enable_link", *ends)) == FABRIC


def test_a_node_loses_everything() -> None:
    down = after(FABRIC, action(FABRIC, "disable_node", "B1"))
    assert np.flatnonzero(down[Nodes].drop_ratio).tolist() == [node(FABRIC, "B1")]
    assert down[Nodes].drop_ratio.max() == 1.0


def test_a_weight_is_of_one_direction() -> None:
    weighed = after(FABRIC, action(FABRIC, "set_weight", "C0", "B0", 3.0))
    assert np.flatnonzero(weighed[FabricLinks].weight != 1).tolist() == [link_rows(FABRIC, "C0-B0")[0]]
    assert weighed[FabricLinks].weight.max() == 3.0


def test_traffic_moves_to_the_pod_t0_by_t0() -> None:
    moved = after(FABRIC, action(FABRIC, "move_traffic", "C0"))
    assert t0_names_of_hosts(moved)[:2] == ["C1", "C2"]
    assert t0_names_of_hosts(moved)[2:] == t0_names_of_hosts(FABRIC)[2:]


def test_a_share_of_the_traffic_moves_to_the_named_t0() -> None:
    moved = after(FABRIC, action(FABRIC, "move_traffic", "C0", "C5", 0.5))
    assert t0_names_of_hosts(moved)[:2] == ["C5", "C0"]


def test_traffic_leaves_the_pod_where_the_pod_has_no_room() -> None:
    sick = with_faults(FABRIC, switches={"C1": 1.0, "C2": 1.0})
    assert t0_names_of_hosts(after(sick, action(sick, "move_traffic", "C0")))[:2] == ["C3", "C4"]


def test_a_t0_that_the_same_repair_empties_takes_nothing() -> None:
    both = after(FABRIC, action(FABRIC, "move_traffic", "C0"), action(FABRIC, "move_traffic", "C1"))
    assert t0_names_of_hosts(both)[:4] == ["C2", "C2", "C2", "C2"]


def test_moves_follow_each_other() -> None:
    both = after(FABRIC, action(FABRIC, "move_traffic", "C0", "C1"), action(FABRIC, "move_traffic", "C1", "C2"))
    assert t0_names_of_hosts(both)[:4] == ["C2"] * 4


def test_a_server_that_is_down_takes_nothing() -> None:
    sick = with_faults(FABRIC, switches={"H2": 1.0, "C2": 1.0})
    moved = after(sick, action(sick, "move_traffic", "C0"))
    assert moved[Nodes].node[moved[Placements].host[:2]].tolist() == ["H3", "H3"]


def test_the_later_action_on_a_cell_wins() -> None:
    both = (action(FABRIC, "disable_link", "C0", "B0"), action(FABRIC, "enable_link", "B0", "C0"))
    assert after(FABRIC, *both) == FABRIC
    assert after(FABRIC, *both[::-1]) == after(FABRIC, both[0])
    assert edits_of(FABRIC, both) == ()


def test_what_holds_already_is_no_edit() -> None:
    assert edits_of(FABRIC, (action(FABRIC, "none"), action(FABRIC, "enable_link", "C0", "B0"))) == ()


@pytest.mark.parametrize(
    ("code", "wrong"),
    [
        ("mitigate.action", ("reboot", "C0", "", math.nan)),
        ("mitigate.no_link", ("disable_link", "C0", "B2", math.nan)),
        ("mitigate.no_link", ("enable_link", "C0", "C1", math.nan)),
        ("mitigate.no_link", ("set_weight", "C0", "A0", 1.0)),
        ("mitigate.ends", ("disable_link", "C0", "", math.nan)),
        ("mitigate.ends", ("set_weight", "", "B0", 1.0)),
        ("mitigate.ends", ("disable_node", "", "", math.nan)),
        ("mitigate.ends", ("move_traffic", "", "C1", math.nan)),
        ("mitigate.ends", ("move_traffic", "B0", "", math.nan)),
        ("mitigate.ends", ("move_traffic", "C0", "H3", math.nan)),
        ("mitigate.value", ("set_weight", "C0", "B0", math.nan)),
        ("mitigate.value", ("move_traffic", "C0", "", 1.5)),
    ],
)
def test_what_cannot_be_done_is_refused(code: str, wrong: tuple[str, str, str, float]) -> None:
    with pytest.raises(BadInputError) as caught:
        edits_of(FABRIC, (action(FABRIC, *wrong),))
    assert caught.value.code == code
    assert all((caught.value.what, caught.value.where, caught.value.got, caught.value.expected))


def test_nobody_left_to_take_the_traffic_is_refused() -> None:
    alone = clos(pods=1, t0s=1)
    with pytest.raises(BadInputError, match=r"mitigate\.no_target"):
        edits_of(alone, (action(alone, "move_traffic", "C0"),))


def test_without_placements_nothing_moves() -> None:
    bare = Snapshot(table for table in FABRIC.tables if not isinstance(table, Placements))
    with pytest.raises(BadInputError, match=r"mitigate\.placements"):
        edits_of(bare, (action(bare, "move_traffic", "C0"),))


ENDS = {
    "none": [("", "")],
    "disable_link": [("C0", "B0"), ("B0", "A0"), ("B3", "C4")],
    "enable_link": [("C0", "B0"), ("C0", "B1"), ("B0", "A1")],
    "disable_node": [("B0", ""), ("C1", ""), ("A0", "")],
    "set_weight": [("C0", "B0"), ("A0", "B0"), ("B1", "A2")],
    "move_traffic": [("C0", ""), ("C1", "C4"), ("C0", "C3")],
}
assert set(ENDS) == set(ACTIONS)
ANY = st.sampled_from(ACTIONS).flatmap(
    lambda kind: st.tuples(st.just(kind), st.sampled_from(ENDS[kind]), st.sampled_from([0.0, 0.5, 1.0]))
)


@settings(max_examples=40)
@given(st.lists(ANY, max_size=6))
def test_every_repair_can_be_undone(steps: list[tuple[str, tuple[str, str], float]]) -> None:
    snapshot = with_faults(FABRIC, down=["C0-B1", "B0-A1"], switches={"B1": 0.01})
    edits = edits_of(snapshot, [action(snapshot, kind, *ends, value) for kind, ends, value in steps])
    assert all(len(np.unique(edit.rows)) == edit.cell_count > 0 for edit in edits)
    changed = apply_edits(snapshot, edits)
    assert apply_edits(changed, invert(snapshot, edits)) == snapshot
    assert bool(edits) == (changed != snapshot)


@settings(max_examples=40)
@given(st.lists(ANY, max_size=6))
def test_one_after_the_other_is_all_at_once_but_for_moves(steps: list[tuple[str, tuple[str, str], float]]) -> None:
    chosen = [action(FABRIC, kind, *ends, value) for kind, ends, value in steps if kind != "move_traffic"]
    state = FABRIC
    for each in chosen:
        state = after(state, each)
    assert state == after(FABRIC, *chosen)


def test_words_name_what_is_done() -> None:
    steps = [
        action(FABRIC, "disable_link", "B0", "C0"),
        action(FABRIC, "enable_link", "B0", "A0"),
        action(FABRIC, "disable_node", "C1"),
        action(FABRIC, "move_traffic", "C1", "C2", 0.5),
        action(FABRIC, "set_weight", "C0", "B0", 2.0),
    ]
    assert words(FABRIC, steps) == (
        "disable C0-B0 + bring back B0-A0 + disable C1 + move 50% of traffic off C1 to C2 + weigh C0>B0 2"
    )
    assert words(FABRIC, []) == "none"
    assert words(FABRIC, steps * 2) == "disable C0-B0 + ... + weigh C0>B0 2 (10 steps)"


def test_edits_are_told_line_by_line() -> None:
    snapshot = with_faults(FABRIC, down=["B0-A0"])
    steps = [
        action(snapshot, "disable_link", "B0", "C0"),
        action(snapshot, "enable_link", "B0", "A0"),
        action(snapshot, "disable_node", "B1"),
        action(snapshot, "move_traffic", "C1", "C2"),
        action(snapshot, "set_weight", "C0", "B0", 2.0),
    ]
    assert sorted(told(snapshot, edits_of(snapshot, steps))) == [
        "bring link B0-A0 back into service",
        "move 2 workloads from C1 to C2",
        "take link C0-B0 out of service",
        "take t1 B1 out of service",
        "weight of next hop B0 at C0: 1 -> 2",
    ]
