"""G2 and G8: what the ledger remembers."""

from __future__ import annotations

import dataclasses
import json
import math
from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from overlays_for_checks import drain, online_edit, overlay, restore

from fairlead.checks.guard import violations
from fairlead.checks.limits import HOUR_S, UNLIMITED
from fairlead.checks.rates import _count_in_hour
from fairlead.model.ledger import Ledger, LedgerEntry

NOW_S = 100_000.0
FLEET = replace(UNLIMITED, drains_per_hour_ratio=0.2)
REGION = replace(UNLIMITED, region_drains_per_hour_ratio=0.5)
FLAPS = replace(UNLIMITED, server_drains_per_hour_count=2)


def entry(time_s: float, *ids: str, online: bool = False, planner: str = "me/1", action: str = "") -> LedgerEntry:
    return LedgerEntry(
        time_s=time_s,
        planner=planner,
        action=action or ("restore" if online else "drain"),
        table="servers",
        column="online",
        ids=ids,
        after=(online,) * len(ids),
    )


def past(*entries: LedgerEntry) -> Ledger:
    return Ledger(entries)


def found(network, edits, limits, ledger, now_s=NOW_S, planner="me/1"):
    said = violations(network, edits, limits, ledger, now_s, planner)
    return [(each.rule, each.where, each.got, each.limit) for each in said]


def test_the_fleet_rate_is_met_exactly_and_not_passed():
    network = overlay(["a"] * 20)
    ledger = past(entry(NOW_S - 1000, "s0", "s1"), entry(NOW_S - 999, "s0", "s1", online=True))
    assert found(network, [drain(2, 3)], FLEET, ledger) == []
    assert found(network, [drain(2, 3, 4)], FLEET, ledger) == [("G2", "server s4, edit 0", 5, 4)]


def test_a_drain_counts_for_an_hour_and_an_undone_or_gone_one_too():
    network = overlay(["a"] * 20)
    spent = entry(NOW_S - HOUR_S + 1, "s0", "s1", "gone", "gone too")
    assert [each[0] for each in found(network, [drain(5)], FLEET, past(spent))] == ["G2"]
    assert [each[0] for each in found(network, [drain(5)], FLEET, past(spent).with_reverted(0))] == ["G2"]
    assert found(network, [drain(5)], FLEET, past(replace(spent, time_s=NOW_S - HOUR_S))) == []


def test_a_clock_that_jumps_refills_nothing():
    network = overlay(["a"] * 20)
    for time_s in (NOW_S + 50_000, NOW_S - 10):
        spent = past(entry(time_s, "s0", "s1", "s2", "s3"))
        assert [each[0] for each in found(network, [drain(5)], FLEET, spent)] == ["G2"]
    ancient = past(entry(-1e9, "s0", "s1", "s2", "s3"))
    assert found(network, [drain(5)], FLEET, ancient) == []
    assert [each[0] for each in found(network, [drain(5)], FLEET, ancient, now_s=math.nan)] == ["G2"]


def test_a_staggered_plan_is_judged_at_its_own_times():
    network = overlay(["a"] * 20)
    at_once = [drain(0, 1, 2, 3), drain(4)]
    later = [drain(0, 1, 2, 3), drain(4, start_s=HOUR_S)]
    assert [each[:3] for each in found(network, at_once, FLEET, past())] == [("G2", "server s4, edit 1", 5)]
    assert found(network, later, FLEET, past()) == []
    # an edit never begins before the one ahead of it, whatever its own start says
    early = [drain(0, start_s=HOUR_S), drain(1, 2, 3, 4)]
    assert [each[:3] for each in found(network, early, FLEET, past())] == [("G2", "server s4, edit 1", 5)]


def test_the_region_rate_counts_its_own_region_only():
    network = overlay(["a"] * 4 + ["b"] * 4)
    ledger = past(entry(NOW_S - 5, "s0"))
    assert found(network, [drain(1, 4, 5)], REGION, ledger) == []
    assert found(network, [drain(4, 1, 2)], REGION, ledger) == [("G2", "server s2, edit 0", 3, 2)]


def test_servers_that_left_the_fleet_belong_to_no_region():
    network = overlay(["a"] * 4 + ["b"] * 4)
    ledger = past(entry(NOW_S - 5, "gone", "gone too"))
    assert found(network, [drain(4)], REGION, ledger) == []


def test_a_server_that_flaps_stays_where_it_is():
    network = overlay(["a"] * 4)
    once, twice = past(entry(NOW_S - 9, "s1")), past(entry(NOW_S - 9, "s1"), entry(NOW_S - 3, "s1"))
    assert found(network, [drain(1)], FLAPS, once) == []
    assert found(network, [drain(1)], FLAPS, twice) == [("G2", "server s1, edit 0", 3, 2)]
    assert found(network, [drain(2)], FLAPS, twice) == []
    inside = [drain(1), restore(1), drain(1), restore(1), drain(1)]
    assert found(network, inside, FLAPS, past()) == [("G2", "server s1, edit 4", 3, 2)]


def test_a_restart_refills_nothing():
    network = overlay(["a"] * 20)
    ledger = past(entry(NOW_S - 9, "s0", "s1", "s2", "s3"))
    plain = json.loads(json.dumps([dataclasses.asdict(each) for each in ledger.entries]))
    read_back = Ledger(tuple(LedgerEntry(**each) for each in plain))
    assert read_back == ledger
    assert found(network, [drain(5)], FLEET, read_back) != []


def test_nobody_takes_what_another_planner_holds():
    network = overlay(["a"] * 6, offline=[0])
    held = past(entry(NOW_S - 1e6, "s0", planner="mitigate/3+model"))
    assert found(network, [drain(0)], UNLIMITED, held) == [("G8", "server s0, edit 0", 1, 0)]
    assert found(network, [drain(0)], UNLIMITED, held, planner="mitigate/4") == []
    assert found(network, [restore(0)], UNLIMITED, held) == []  # G11
    assert found(network, [drain(0)], UNLIMITED, held.with_reverted(0)) == []
    assert found(network, [drain(1)], UNLIMITED, held) == []
    assert [each[0] for each in found(network, [drain(0)], UNLIMITED, held, planner="")] == ["G8"]


def test_a_server_brought_back_is_held_for_a_while():
    network = overlay(["a"] * 6)
    hold = replace(UNLIMITED, owner_hold_s=600.0)
    brought_back = entry(NOW_S - 600, "s0", online=True, planner="mitigate/3")
    assert found(network, [drain(0)], hold, past(brought_back)) == []
    recently = past(replace(brought_back, time_s=NOW_S - 599))
    assert [each[0] for each in found(network, [drain(0)], hold, recently)] == ["G8"]
    assert [each[0] for each in found(network, [drain(0)], hold, past(brought_back), now_s=math.nan)] == ["G8"]
    # somebody else brought it back by hand: the claim of who had taken it is void once it is old
    taken = past(entry(NOW_S - 1e4, "s0", planner="mitigate/3"))
    assert found(network, [drain(0)], hold, taken) == []


def test_a_proven_revert_asks_for_no_rate_and_a_named_one_does():
    network = overlay(["a"] * 4)
    undo = online_edit([1], False, action="undo restore")
    base = past(entry(NOW_S - 9, "s1"), entry(NOW_S - 8, "s1"))
    assert [each[0] for each in found(network, [undo], FLAPS, base)] == ["G2"]  # the last thing done was no restore
    proven = base.with_entry(entry(NOW_S - 3, "s1", online=True))
    assert found(network, [undo], FLAPS, proven) == []
    assert [each[0] for each in found(network, [drain(1)], FLAPS, proven)] == ["G2"]
    assert [each[0] for each in found(network, [undo], FLAPS, proven.with_reverted(2))] == ["G2"]
    other = online_edit([1], False, action="undo something else")
    assert [each[0] for each in found(network, [other], FLAPS, proven)] == ["G2"]
    # a drain is not undone by going offline, whoever brought the server back behind our back
    inverted = online_edit([1], False, action="undo drain")
    assert [each[0] for each in found(network, [inverted], FLAPS, base)] == ["G2"]
    twice = [undo, restore(1), undo]
    assert [each[1] for each in found(network, twice, FLAPS, proven)] == ["server s1, edit 2"]
    # floors hold for a revert too
    assert [each[0] for each in found(network, [undo], replace(FLAPS, fleet_cap_ratio=0.0), proven)] == ["G1"]


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 9000), st.integers(-1, 3)), max_size=30))
def test_counts_in_an_hour_agree_with_counting(events):
    events.sort()
    times = np.array([time for time, _ in events], float) + 1.7e9
    groups = np.array([group for _, group in events], np.int64)
    counted = [
        sum(groups[e] == groups[n] and times[n] - HOUR_S < times[e] for e in range(n + 1)) for n in range(len(events))
    ]
    assert _count_in_hour(times, groups).tolist() == counted
