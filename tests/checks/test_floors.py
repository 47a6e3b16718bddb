"""G1, G3 and G6: what must stay up after every prefix."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from overlays_for_checks import drain, online_edit, overlay, restore

from fairlead.checks.guard import judgement, violations
from fairlead.checks.limits import UNLIMITED, Limits, largest_count, smallest_count
from fairlead.model import Servers, Snapshot, UsageError, apply_edits
from fairlead.model.ledger import Ledger
from fairlead.predict.overlay import active_users, region_load

CAP = replace(UNLIMITED, fleet_cap_ratio=0.2)
FLOOR = replace(UNLIMITED, region_floor_ratio=0.5)
HEADROOM = replace(UNLIMITED, headroom_ratio=0.95)
KEEP_ONE = replace(UNLIMITED, region_kept_count=1)


def found(snapshot: Snapshot, edits: list, limits: Limits) -> list[tuple[str, str, float, float]]:
    said = violations(snapshot, edits, limits, Ledger(), math.nan)
    return [(each.rule, each.where, each.got, each.limit) for each in said]


def test_the_fleet_cap_is_met_exactly_and_not_passed():
    network = overlay(["a"] * 10 + ["b"] * 10)
    assert found(network, [drain(0, 1), drain(10, 11)], CAP) == []
    assert found(network, [drain(0, 1), drain(10, 11, 12)], CAP) == [("G1", "server s12, edit 1", 5, 4)]


def test_the_fleet_cap_counts_what_is_down_already():
    network = overlay(["a"] * 20, offline=[0, 1, 2])
    assert found(network, [drain(5)], CAP) == []
    assert found(network, [drain(5, 6)], CAP) == [("G1", "server s6, edit 0", 5, 4)]
    # a drain of one that is down takes nothing away
    assert found(network, [drain(0, 1, 2, 5)], CAP) == []


def test_the_region_floor_is_met_exactly_and_not_passed():
    network = overlay(["a"] * 3 + ["b"] * 4)
    assert found(network, [drain(0, 3, 4)], FLOOR) == []
    assert found(network, [drain(0, 1)], FLOOR) == [("G1", "server s1, edit 0", 1, 2)]  # half of 3 are 2
    assert found(network, [drain(3, 4, 5)], FLOOR) == [("G1", "server s5, edit 0", 1, 2)]


def test_every_broken_region_is_named_once_where_it_breaks():
    network = overlay(["a"] * 4 + ["b"] * 4)
    said = violations(network, [drain(4, 5, 6), drain(0, 1, 2)], FLOOR, Ledger(), math.nan)
    assert [each.where for each in said] == ["server s6, edit 0", "server s2, edit 1"]
    assert "region b" in said[0].what
    assert "region a" in said[1].what


def test_order_decides_restore_makes_room_for_drain_and_not_the_other_way_round():
    network = overlay(["a"] * 4, offline=[0, 1])
    assert found(network, [restore(0), drain(2)], FLOOR) == []
    assert found(network, [drain(2), restore(0)], FLOOR) == [("G1", "server s2, edit 0", 1, 2)]
    inside_one_edit = online_edit([0, 2], False)
    turned = replace(inside_one_edit, after=np.array([True, False]))
    assert found(network, [turned], FLOOR) == []
    assert found(network, [replace(turned, rows=turned.rows[::-1], after=turned.after[::-1])], FLOOR) != []


def test_a_region_under_its_floor_may_be_brought_back_but_loses_no_more():
    network = overlay(["a"] * 6, offline=[0, 1, 2, 3])
    assert found(network, [restore(0)], FLOOR) == []
    assert found(network, [restore(0), drain(4)], FLOOR) == [("G1", "server s4, edit 1", 2, 3)]


def test_ratios_of_counts_are_not_fooled_by_binary_fractions():
    assert 0.3 * 10 < 3.0000001 and math.floor(0.29 * 100) == 28  # noqa: PT018  # what is to be avoided
    assert largest_count(0.29, 100) == 29
    assert smallest_count(0.3, 10) == 3
    assert smallest_count(0.1 + 0.2, 10) == 3
    assert largest_count(0.2, 4) == 0


def test_survivors_carry_the_load_exactly_at_the_limit_and_not_above():
    # 4 servers, 10 users of 2 Mbit/s each: 80 Mbit/s; two survivors of 50 at headroom 0.8 carry exactly 80
    network = overlay(["a"] * 4, users=10, capacity_mbps=50.0)
    exactly = replace(HEADROOM, headroom_ratio=0.8)
    assert found(network, [drain(0, 1)], exactly) == []
    assert found(network, [drain(0, 1, 2)], exactly) == [("G3", "server s2, edit 0", 80, 40)]
    assert found(network, [drain(0, 1)], replace(exactly, headroom_ratio=0.79)) == [("G3", "server s1, edit 0", 80, 79)]


def test_capacity_is_that_of_the_survivors_not_their_number():
    network = overlay(["a"] * 3, users=10, capacity_mbps=[100.0, 10.0, 10.0])
    assert found(network, [drain(1, 2)], HEADROOM) == []
    assert [each[0] for each in found(network, [drain(0)], HEADROOM)] == ["G3"]


def test_nothing_left_carries_nothing_even_with_infinite_capacity_limits():
    network = overlay(["a"] * 2 + ["b"], users=10, capacity_mbps=50.0)
    assert [each[:2] for each in found(network, [drain(0, 1)], HEADROOM)] == [("G3", "server s1, edit 0")]
    assert found(network, [drain(0, 1)], UNLIMITED) == []


def test_unknown_capacity_is_a_note_and_no_violation():
    network = overlay(["a"] * 2 + ["b"] * 2, users=10, capacity_mbps=[np.nan, 50.0, 50.0, 50.0])
    said = judgement(network, [drain(1, 2)], HEADROOM, Ledger(), math.nan)
    assert [(type(each).__name__, each.rule, each.where) for each in said] == [
        ("Note", "G3", "region a"),
        ("Note", "G4", "windows"),
    ]
    # once the unknown one is gone the rest is known
    assert [each[0] for each in found(network, [drain(0)], replace(HEADROOM, headroom_ratio=0.5))] == ["G3"]


def test_unknown_users_are_a_note_and_no_violation():
    full = overlay(["a", "a", "b", "b"], users=10, capacity_mbps=1.0)
    reports = full.named("server_windows")
    kept = reports.server < 2
    blind = full.replaced(type(reports)(**{name: reports.array(name)[kept].copy() for name in reports.declared()}))
    said = judgement(blind, [drain(2)], HEADROOM, Ledger(), math.nan)
    assert [(each.rule, each.where) for each in said if each.rule == "G3"] == [("G3", "region b")]
    assert not violations(blind, [drain(2)], HEADROOM, Ledger(), math.nan)


def test_a_region_and_the_fleet_keep_a_server():
    network = overlay(["a"] * 2 + ["b"] * 2)
    assert found(network, [drain(0, 2)], KEEP_ONE) == []
    assert found(network, [drain(0, 1)], KEEP_ONE) == [("G6", "server s1, edit 0", 0, 1)]
    # without any limit whole regions may go, as in the paper, but never the last server of all
    assert found(network, [drain(0, 1, 2)], UNLIMITED) == []
    assert found(network, [drain(0, 1, 2, 3)], UNLIMITED) == [("G6", "server s3, edit 0", 0, 1)]


@pytest.mark.parametrize("value", [math.nan, -0.1])
@pytest.mark.parametrize("name", ["fleet_cap_ratio", "region_floor_ratio", "sick_ratio", "window_s"])
def test_a_limit_without_meaning_is_refused(name: str, value: float):
    with pytest.raises(UsageError, match=name):
        Limits(**{name: value})


def naive(snapshot: Snapshot, edits: list, limits: Limits) -> set[tuple[str, str, float]]:
    """One row after another, everything counted anew: first breach of the fleet, and of each region."""
    seen: dict[tuple[str, str], tuple[str, str, float]] = {}
    region_names, region = snapshot[Servers].codes("region")
    now = snapshot
    for number, edit in enumerate(edits):
        for row, after in zip(edit.rows.tolist(), edit.after.tolist(), strict=True):
            was = bool(now[Servers].online[row])
            now = apply_edits(now, [online_edit([row], after)])
            if not was or after:
                continue
            place, name = f"server s{row}, edit {number}", str(region_names[region[row]])
            online = now[Servers].online
            mine = online[region == region[row]]
            down, up = int((~online).sum()), int(mine.sum())
            load = region_load(now)
            mbps, room = load.load_mbps[region[row]], limits.headroom_ratio * load.capacity_mbps[region[row]]
            known = not np.isnan(active_users(now)[region == region[row]]).any() and not np.isnan(room)
            for rule, scope, broken, got in (
                ("G1", "", down > math.floor(limits.fleet_cap_ratio * len(online) + 1e-9), down),
                ("G1", name, up < math.ceil(limits.region_floor_ratio * len(mine) - 1e-9), up),
                ("G3", name, known and mbps > room + 1e-6, mbps),
                ("G6", name, up < limits.region_kept_count, up),
                ("G6", "", int(online.sum()) < limits.fleet_kept_count, int(online.sum())),
            ):
                if broken:
                    seen.setdefault((rule, scope), (rule, place, float(got)))
    return set(seen.values())


@st.composite
def walks(draw: st.DrawFn):
    count = draw(st.integers(1, 12))
    regions = draw(st.lists(st.sampled_from("abc"), min_size=count, max_size=count))
    offline = draw(st.sets(st.integers(0, count - 1), max_size=count))
    capacity = draw(st.lists(st.sampled_from([np.nan, 20.0, 45.5, 100.0, 100.0]), min_size=count, max_size=count))
    users = draw(st.lists(st.integers(0, 30), min_size=count, max_size=count))
    rows = st.lists(st.integers(0, count - 1), min_size=1, max_size=count)
    edits = []
    for picked in draw(st.lists(rows, min_size=1, max_size=4)):
        after = draw(st.lists(st.sampled_from([False, False, True]), min_size=len(picked), max_size=len(picked)))
        edits.append(replace(online_edit(picked, False), after=np.array(after)))
    cap = draw(st.sampled_from([0.0, 0.2, 0.3, 0.5, 1.0]))
    floor = draw(st.sampled_from([0.0, 0.3, 0.5, 0.7]))
    headroom = draw(st.sampled_from([0.5, 0.95, 1.3]))
    limits = replace(
        UNLIMITED, fleet_cap_ratio=cap, region_floor_ratio=floor, headroom_ratio=headroom, region_kept_count=1
    )
    # two servers more, so that there is always a pair
    network = overlay(["a", "b", *regions], capacity_mbps=[50.0, 50.0, *capacity], users=[5, 5, *users])
    edited = [replace(edit, rows=edit.rows + 2) for edit in edits]
    flags = ~np.isin(np.arange(count + 2), [row + 2 for row in offline])
    return network.replaced(network[Servers].with_column("online", flags)), edited, limits


@settings(max_examples=80, deadline=None)
@given(walks())
def test_the_guard_agrees_with_a_slow_walk_that_counts_everything_anew(case):
    snapshot, edits, limits = case
    said = {each[:3] for each in found(snapshot, edits, limits) if each[0] in ("G1", "G3", "G6")}
    assert {(r, w, round(g, 6)) for r, w, g in said} == {
        (r, w, round(g, 6)) for r, w, g in naive(snapshot, edits, limits)
    }


@settings(max_examples=40, deadline=None)
@given(walks())
def test_giving_capacity_back_is_always_allowed(case):
    snapshot, edits, _ = case
    back = [online_edit(edit.rows.tolist(), True) for edit in edits]
    strictest = Limits(fleet_cap_ratio=0.0, region_floor_ratio=1.0, headroom_ratio=0.0, sick_ratio=0.0)
    assert violations(snapshot, back, strictest, Ledger(), 1e12) == ()
