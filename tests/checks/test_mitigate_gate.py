"""Every rule of the gate of repairs, once broken and once kept."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from fairlead.checks.mitigate_gate import MitigateLimits, mitigate_verdict
from fairlead.checks.mitigate_promises import promise_violations
from fairlead.model import (
    Arrivals,
    Bound,
    BoundKind,
    Edit,
    Effect,
    FabricLinks,
    Flows,
    Nodes,
    Pairs,
    Plan,
    Snapshot,
    Status,
    UsageError,
    apply_edits,
    invert,
)
from fairlead.planners.mitigate import field_of
from fairlead.planners.mitigate.actions import Action, edits_of
from fairlead.planners.mitigate.peers import RIVALS
from fairlead.predict.flows.clp import Clp
from fairlead.worlds.fabric import figure_1, lossy_link, lossy_switch
from fairlead.worlds.fabric.failures import cut_link, disabled_link, link_rows

WIDE = {"links_up_ratio": 0.0, "moved_ratio": 1.0, "headroom_ratio": math.inf}
EFFECTS = (Effect(metric="fct_p99_s", before=1.0, after=0.5, margin=0.1),)


def sick(*faults: tuple[Edit, ...], arrivals_per_s: float = 40.0) -> Snapshot:
    quiet = figure_1().replaced(Arrivals.of(arrivals_per_s=[arrivals_per_s]))
    return apply_edits(quiet, [edit for fault in faults for edit in fault])


def row(snapshot: Snapshot, name: str) -> int:
    return int(np.flatnonzero(snapshot[Nodes].node == name)[0])


def plan(snapshot: Snapshot, edits: Sequence[Edit], effects: tuple[Effect, ...] = EFFECTS) -> Plan:
    return Plan(
        planner="test",
        basis=snapshot.basis,
        status=Status.SOLVED,
        edits=tuple(edits),
        effects=effects,
        bound=Bound(cost=math.nan, best=math.nan, kind=BoundKind.NONE),
    )


def rules(snapshot: Snapshot, edits: Sequence[Edit], **limits: float) -> list[str]:
    found = mitigate_verdict(snapshot, plan(snapshot, edits), MitigateLimits(**{**WIDE, **limits}))
    return [each.rule for each in found.violations]


def disable(snapshot: Snapshot, *cables: str) -> tuple[Edit, ...]:
    """One edit a cable."""
    return tuple(edit for cable in cables for edit in edits_of(snapshot, [both("disable_link", snapshot, cable)]))


def both(kind: str, snapshot: Snapshot, cable: str) -> Action:
    one, other = cable.split("-")
    return Action(kind=kind, source=row(snapshot, one), target=row(snapshot, other))


def cells(table: str, column: str, rows: list[int], after: object, action: str = "test") -> Edit:
    return Edit(action=action, table=table, column=column, rows=np.array(rows, np.int64), after=np.array(after))


def test_a_plan_of_another_network_is_stale() -> None:
    edits = disable(sick(), "C0-B0")
    stale = mitigate_verdict(figure_1(), plan(sick(), edits), MitigateLimits())
    assert [each.rule for each in stale.violations] == ["G9"]
    assert rules(sick(), edits) == []


def test_a_sane_repair_is_allowed_by_the_usual_limits() -> None:
    snapshot = sick(lossy_link(figure_1(), "C0", "B0", 0.05))
    found = mitigate_verdict(snapshot, plan(snapshot, disable(snapshot, "C0-B0")), MitigateLimits())
    assert (found.violations, found.notes) == ((), ())


def test_doing_nothing_is_always_allowed() -> None:
    overloaded = sick(arrivals_per_s=1e6)
    found = mitigate_verdict(overloaded, plan(overloaded, ()), MitigateLimits(headroom_ratio=0.0, links_up_ratio=1.0))
    assert (found.violations, found.notes) == ((), ())


# G1


@pytest.mark.parametrize("said", ["nothing", "pairs", "flows"])
def test_nobody_loses_the_last_way(said: str) -> None:
    snapshot = sick()
    if said == "pairs":
        snapshot = snapshot.replaced(
            Pairs.of(source=[row(snapshot, "H0")], target=[row(snapshot, "H7")], probability=[1.0])
        )
    if said == "flows":
        ends = {"source": [row(snapshot, "H0")] * 2, "target": [row(snapshot, "H7")] * 2}
        snapshot = snapshot.replaced(Flows.of(start_s=[0.0, 1.0], size_bytes=[1e4, 1e4], **ends))
    assert rules(snapshot, disable(snapshot, "C0-B0")) == []
    assert rules(snapshot, disable(snapshot, "C0-B0", "C0-B1")) == ["G1"]
    # who does not talk loses nothing
    assert rules(snapshot, disable(snapshot, "C1-B0", "C1-B1")) == ([] if said != "nothing" else ["G1"])


def test_the_first_edit_that_cuts_somebody_off_and_who_it_is_are_named() -> None:
    snapshot = sick()
    found = mitigate_verdict(snapshot, plan(snapshot, disable(snapshot, "C0-B0", "C0-B1", "C1-B0")), MitigateLimits())
    assert found.violations[0].where == "after edit 1 (disable_link links.up)"
    assert "such as H0 to H2" in found.violations[0].what


def test_a_single_server_is_somebody() -> None:
    """Not only those that stand for their rack."""
    snapshot = sick()
    for server in ("H0", "H1", "H7"):
        rack = f"C{int(server[1]) // 2}"
        assert rules(snapshot, disable(snapshot, f"{server}-{rack}")) == ["G1"]
        drained = cells("nodes", "drop_ratio", [row(snapshot, server)], [1.0])
        assert rules(snapshot, [drained]) == ["G1"]


def test_who_was_cut_off_before_can_lose_nothing() -> None:
    snapshot = sick(cut_link(figure_1(), "C0", "B0"), cut_link(figure_1(), "C0", "B1"))
    links_up_ratio = 0.0
    assert rules(snapshot, disable(snapshot, "H0-C0"), links_up_ratio=links_up_ratio) == ["G1"]  # H1 below the same C0
    assert rules(snapshot, disable(snapshot, "H0-C0", "H1-C0")) == ["G1"]
    alone = sick(cut_link(figure_1(), "H0", "C0"))
    assert rules(alone, [cells("nodes", "drop_ratio", [row(alone, "H0")], [1.0])]) == []


def test_a_way_must_be_there_after_every_edit_not_only_the_last() -> None:
    snapshot = sick(disabled_link(figure_1(), "C0", "B1"))
    back = edits_of(snapshot, [both("enable_link", snapshot, "C0-B1")])
    out = disable(snapshot, "C0-B0")
    assert rules(snapshot, [*back, *out]) == []
    assert rules(snapshot, [*out, *back]) == ["G1"]


def test_a_weight_of_zero_cuts_off_as_a_cable_does() -> None:
    snapshot = sick()
    rows = [
        int(each)
        for each in link_rows(snapshot, "C0", "B0")
        if snapshot[FabricLinks].source[each] == row(snapshot, "C0")
    ]
    other = [
        int(each)
        for each in link_rows(snapshot, "C0", "B1")
        if snapshot[FabricLinks].source[each] == row(snapshot, "C0")
    ]
    assert rules(snapshot, [cells("links", "weight", rows, [0.0])]) == []
    assert rules(snapshot, [cells("links", "weight", rows + other, [0.0, 0.0])]) == ["G1"]


def test_a_t0_goes_once_nobody_runs_below_it() -> None:
    snapshot = sick()
    tor = row(snapshot, "C0")
    move, drain = (
        edits_of(snapshot, [Action(kind="move_traffic", source=tor)]),
        edits_of(snapshot, [Action(kind="disable_node", source=tor)]),
    )
    assert rules(snapshot, [*move, *drain]) == []
    assert rules(snapshot, [*drain, *move]) == ["G1"]


def test_enough_links_stay_in_service() -> None:
    snapshot = sick()
    two = disable(snapshot, "C0-B0", "C2-B2")  # 6 of 8 are left
    assert rules(snapshot, two, links_up_ratio=0.75) == []
    assert rules(snapshot, two, links_up_ratio=0.76) == ["G1"]
    spine = disable(snapshot, "B0-A0")  # 7 of 8
    assert rules(snapshot, spine, links_up_ratio=0.88) == ["G1"]
    drained = edits_of(snapshot, [Action(kind="disable_node", source=row(snapshot, "B0"))])  # two to t0s, two to t2s
    assert rules(snapshot, drained, links_up_ratio=0.75) == []
    assert rules(snapshot, drained, links_up_ratio=0.76) == ["G1"]


def test_what_is_out_already_counts_but_bringing_back_is_never_refused() -> None:
    snapshot = sick(disabled_link(figure_1(), "C1", "B0"), disabled_link(figure_1(), "C2", "B2"))
    assert rules(snapshot, disable(snapshot, "C0-B1"), links_up_ratio=0.7) == ["G1"]
    back = edits_of(snapshot, [both("enable_link", snapshot, "C1-B0")])
    assert rules(snapshot, back, links_up_ratio=1.0) == []


# G2


def test_not_too_many_workloads_move_at_once_and_going_home_is_free() -> None:
    snapshot = sick()
    move = edits_of(snapshot, [Action(kind="move_traffic", source=row(snapshot, "C0"))])  # 2 of 8
    assert rules(snapshot, move, moved_ratio=0.25) == []
    assert rules(snapshot, move, moved_ratio=0.24) == ["G2"]
    away = apply_edits(snapshot, move)
    assert rules(away, invert(snapshot, move), moved_ratio=0.0) == []


# G3


def test_no_link_is_filled_further_beyond_its_headroom() -> None:
    """40 flows/s of 1.7 MB: 68 Mbit/s a server, 59 on each of the two uplinks of a t0, 117 on the one that is left."""
    snapshot = sick()
    fill = 2 * (6 / 7) * 40 * 1.71e6 * 8e-6 / 8 / 333.33
    assert rules(snapshot, disable(snapshot, "C0-B0"), headroom_ratio=1.02 * fill) == []
    assert rules(snapshot, disable(snapshot, "C0-B0"), headroom_ratio=0.98 * fill) == ["G3"]
    found = mitigate_verdict(
        snapshot, plan(snapshot, disable(snapshot, "C0-B0")), MitigateLimits(headroom_ratio=0.98 * fill)
    )
    assert found.violations[0].where in ("link C0 to B1", "link B1 to C0")
    assert found.violations[0].got == pytest.approx(fill, rel=0.02)


def test_a_link_that_was_fuller_may_stay_full() -> None:
    snapshot = sick(disabled_link(figure_1(), "C0", "B1"), arrivals_per_s=150.0)
    back = edits_of(snapshot, [both("enable_link", snapshot, "C0-B1")])
    uplink = disable(snapshot, "C1-B1")
    assert rules(snapshot, back, headroom_ratio=1.0) == []
    assert rules(snapshot, uplink, headroom_ratio=1.0) == ["G3"]


def test_workloads_that_move_fill_the_links_of_their_new_servers() -> None:
    snapshot = sick(arrivals_per_s=120.0)  # 205 of 333 Mbit/s a server
    move = edits_of(snapshot, [Action(kind="move_traffic", source=row(snapshot, "C0"))])
    assert rules(snapshot, move, headroom_ratio=1.0) == ["G3"]
    calm = sick(arrivals_per_s=60.0)
    assert rules(calm, move, headroom_ratio=1.0) == []


def test_without_traffic_g3_says_that_it_cannot_judge() -> None:
    snapshot = figure_1().replaced(Arrivals.of(arrivals_per_s=[]))
    found = mitigate_verdict(snapshot, plan(snapshot, disable(snapshot, "C0-B0")), MitigateLimits())
    assert found.allowed
    assert [each.rule for each in found.notes] == ["G3"]


# G6, G7, G9


@pytest.mark.parametrize(
    ("edit", "rule"),
    [
        (cells("links", "up", [], np.empty(0, np.bool_)), "G6"),
        (cells("links", "up", [0, 0], [False, True]), "G6"),
        (replace(cells("links", "weight", [0], [2.0]), start_s=math.nan), "G6"),
        (replace(cells("links", "weight", [0], [2.0]), start_s=-1.0), "G6"),
        (cells("links", "capacity_mbps", [0], [1e9]), "G7"),
        (cells("links", "drop_ratio", [0], [0.0]), "G7"),
        (cells("arrivals", "arrivals_per_s", [0], [0.0]), "G7"),
        (cells("links", "up", [0], [1.0]), "G7"),
        (cells("links", "weight", [0], [-1.0]), "G7"),
        (cells("links", "weight", [0], [math.nan]), "G7"),
        (cells("links", "weight", [0], [math.inf]), "G7"),
        (cells("links", "weight", [0], [0.0]), ""),
        (cells("nodes", "drop_ratio", [0], [0.5]), "G7"),
        (cells("nodes", "drop_ratio", [0], [0.0], "undo disable_node"), "G7"),
        (cells("placements", "host", [0], [0.5]), "G7"),
        (cells("placements", "host", [0], [-1]), "G9"),
        (cells("placements", "host", [0], [10**6]), "G9"),
        (cells("links", "up", [-1], [False]), "G9"),
        (cells("links", "up", [48], [False]), "G9"),
        (cells("links", "up", [47], [True]), ""),
    ],
    ids=lambda each: each if isinstance(each, str) else f"{each.table}.{each.column} {each.rows} {each.after}",
)
def test_the_form_of_an_edit(edit: Edit, rule: str) -> None:
    snapshot = sick()
    assert snapshot[FabricLinks].row_count == 48
    assert rules(snapshot, [edit]) == ([rule] if rule else [])


def test_workloads_run_on_servers_only() -> None:
    snapshot = sick()
    assert rules(snapshot, [cells("placements", "host", [0], [row(snapshot, "C0")])]) == ["G9"]
    assert rules(snapshot, [cells("placements", "host", [0], [row(snapshot, "H1")])]) == []


def test_a_drain_can_be_undone_and_every_repair_as_well() -> None:
    snapshot = sick(lossy_switch(figure_1(), "B0", 0.05))
    for kind in ("disable_node", "disable_link"):
        ends = {"target": row(snapshot, "C0")} if kind == "disable_link" else {}
        edits = edits_of(snapshot, [Action(kind=kind, source=row(snapshot, "B0"), **ends)])
        after = apply_edits(snapshot, edits)
        assert rules(after, invert(snapshot, edits), links_up_ratio=1.0, headroom_ratio=1.0, moved_ratio=0.0) == []


def test_a_plan_that_promises_nothing_is_told_so() -> None:
    snapshot = sick()
    found = mitigate_verdict(snapshot, plan(snapshot, disable(snapshot, "C0-B0"), ()), MitigateLimits())
    assert (found.violations, [each.rule for each in found.notes]) == ((), ["G7"])


class Told:
    """Samples that are the same for every state."""

    def __init__(self, *fct_s: float) -> None:
        self.fct_s = np.array(fct_s)

    def __call__(self, states: Sequence[Snapshot], samples: range) -> list[Clp]:
        values = np.stack([self.fct_s, np.full_like(self.fct_s, 10.0), np.full_like(self.fct_s, 50.0)], axis=1)
        return [Clp(values=values, cut_off_ratio=np.zeros(len(values))) for _ in states]


def kept(effect: Effect, *fct_s: float, slack_ratio: float = 0.0) -> bool:
    snapshot = sick()
    promised = plan(snapshot, disable(snapshot, "C0-B0"), (effect,))
    broken = promise_violations(snapshot, promised, slack_ratio, Told(*fct_s), range(len(fct_s)))
    assert all(each.rule == "G7" for each in broken)
    return not broken


def test_a_promise_is_held_against_a_new_estimate() -> None:
    effect = EFFECTS[0]  # 0.5 s, give or take 0.1 s
    assert kept(effect, 0.59)
    assert not kept(effect, 0.61)
    assert kept(effect, 0.61, slack_ratio=0.1)
    assert kept(effect, 0.1)
    assert not kept(effect, 0.7, 0.7, 0.7)
    assert kept(effect, 0.1, 1.3, 0.7), "its own samples differ by more than that"
    assert kept(effect, 0.5, math.nan), "a sample without such flows says nothing"
    assert not kept(effect, math.nan, math.nan)
    assert not kept(effect, 0.5, math.inf)


def test_throughput_is_promised_the_other_way_round() -> None:
    assert kept(Effect(metric="throughput_p1_mbps", before=1.0, after=10.5, margin=1.0), 0.5)
    assert not kept(Effect(metric="throughput_p1_mbps", before=1.0, after=11.5, margin=1.0), 0.5)
    assert kept(Effect(metric="throughput_mean_mbps", before=1.0, after=5.0), 0.5)


@pytest.mark.parametrize("margin", [math.nan, math.inf, -1.0])
def test_a_promise_says_how_sure_it_is(margin: float) -> None:
    assert not kept(replace(EFFECTS[0], margin=margin), 0.5)
    assert kept(replace(EFFECTS[0], after=math.inf, margin=margin), math.inf), "the worst is no promise"


def test_what_nobody_can_measure_is_no_promise() -> None:
    assert not kept(Effect(metric="luck", before=0.0, after=1.0), 0.5)


def test_a_metric_that_is_absent_is_promised_to_be_absent() -> None:
    absent = replace(EFFECTS[0], after=math.nan)
    assert kept(absent, math.nan)
    assert not kept(absent, 0.5)


def test_a_limit_without_meaning_is_refused() -> None:
    for name in ("links_up_ratio", "moved_ratio", "headroom_ratio", "slack_ratio"):
        for bad in (math.nan, -1.0):
            with pytest.raises(UsageError, match=r"limits\.out_of_range"):
                MitigateLimits(**{name: bad})


# what planners give


@pytest.mark.parametrize(
    "faults",
    [
        (lossy_link(figure_1(), "C0", "B0", 0.05), lossy_link(figure_1(), "B1", "A2", 5e-5)),
        (lossy_switch(figure_1(), "C0", 0.05), lossy_link(figure_1(), "C2", "B2", 0.05)),
        (disabled_link(figure_1(), "C0", "B1"), lossy_link(figure_1(), "C0", "B0", 0.3)),
        (lossy_switch(figure_1(), "B0", 0.05), lossy_switch(figure_1(), "C3", 1e-3)),
    ],
    ids=["two links", "t0 and link", "bring back", "t1 and t0"],
)
def test_candidates_come_in_an_order_that_no_prefix_breaks(faults: tuple[tuple[Edit, ...], ...]) -> None:
    snapshot = sick(*faults)
    field = field_of(snapshot)
    assert len(field.allowed) > 3
    for candidate in field.allowed:
        assert rules(snapshot, candidate.edits) == [], candidate.name
    for candidate in field.refused:
        assert rules(snapshot, candidate.edits) == ["G1"], candidate.name


def test_rivals_that_cut_servers_off_are_refused() -> None:
    snapshot = sick(lossy_link(figure_1(), "C0", "B0", 0.05), lossy_link(figure_1(), "C0", "B1", 0.05))
    reckless = next(each for each in RIVALS if each.name == "netpilot_orig")
    made, _ = reckless.plan(snapshot, None, None)  # type: ignore[arg-type]  # it asks for no budget
    assert [each.rule for each in mitigate_verdict(snapshot, made, MitigateLimits()).violations][:1] == ["G1"]
