"""G4, G7 and G12: what has to be known before anything is taken away."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from overlays_for_checks import drain, online_edit, overlay, restore, star

from fairlead.checks.evidence import drainable, evidence
from fairlead.checks.guard import judgement, violations
from fairlead.checks.limits import UNLIMITED
from fairlead.model import Streams
from fairlead.model.ledger import Ledger, LedgerEntry

FRESH = replace(UNLIMITED, stale_window_count=2)
COMPLETE = replace(UNLIMITED, reporting_ratio=0.9)
PERSISTENT = replace(UNLIMITED, persistent_window_count=2, witness_count=2, lone_witness_pairs_count=math.inf)
WITNESSED = replace(UNLIMITED, witness_count=2, lone_witness_pairs_count=2)
SICK = replace(UNLIMITED, sick_ratio=0.5)
TIMES = np.array(["2025-03-01T00:00:00", "2025-03-01T00:00:30", "2025-03-01T00:01:00"], "M8[ms]")
ENDED_S = 1740787200.0 + 90.0  # 2025-03-01T00:01:30Z


def found(network, edits, limits, now_s=math.nan, ledger=Ledger()):  # noqa: B008
    said = violations(network, edits, limits, ledger, now_s)
    return [(each.rule, each.where, each.got, each.limit) for each in said]


@pytest.mark.parametrize(
    ("late_s", "stale"), [(0, []), (60, []), (61, [61 / 30]), (-30, []), (-90, []), (-91, [-91 / 30])]
)
def test_the_newest_window_ended_at_most_two_windows_ago(late_s: float, stale: list):
    network = overlay(["a"] * 4, windows=TIMES)
    assert found(network, [drain(0)], FRESH, ENDED_S + late_s) == [
        ("G4", "windows", pytest.approx(late, abs=1e-6), 2) for late in stale
    ]


def test_numbered_windows_lie_on_the_line_of_their_length():
    network = overlay(["a"] * 4, windows=(7, 8, 9))
    assert found(network, [drain(0)], FRESH, 10 * 30 + 60) == []
    assert found(network, [drain(0)], FRESH, 10 * 30 + 75) == [("G4", "windows", 2.5, 2)]
    assert found(network, [drain(0)], replace(FRESH, window_s=60.0), 10 * 60 + 75) == []


def test_one_window_has_the_length_of_the_limits_and_gaps_do_not_stretch_it():
    one = overlay(["a"] * 4, windows=TIMES[-1:])
    assert found(one, [drain(0)], FRESH, ENDED_S + 61) != []
    gap = overlay(
        ["a"] * 4, windows=np.array(["2025-03-01T00:00", "2025-03-01T00:00:30", "2025-03-01T00:10"], "M8[ms]")
    )
    assert found(gap, [drain(0)], FRESH, ENDED_S + 540 + 60) == []
    assert found(gap, [drain(0)], FRESH, ENDED_S + 540 + 61) != []


def test_without_a_clock_freshness_is_a_note():
    said = judgement(overlay(["a"] * 4, windows=TIMES), [drain(0)], FRESH, Ledger(), math.nan)
    assert [(type(each).__name__, each.rule) for each in said if each.rule == "G4"] == [("Note", "G4")]


def test_a_region_that_loses_a_server_must_report():
    regions = ["a"] * 10 + ["b"] * 10
    assert found(overlay(regions, silent=[9]), [drain(0)], COMPLETE) == []
    assert found(overlay(regions, silent=[8, 9]), [drain(0)], COMPLETE) == [("G4", "region a", 8, 9)]
    # the other region is not asked, and offline servers have nothing to report
    assert found(overlay(regions, silent=[8, 9]), [drain(10)], COMPLETE) == []
    assert found(overlay(regions, silent=[8, 9], offline=[8, 9]), [drain(0)], COMPLETE) == []


def test_what_offline_servers_report_does_not_count():
    network = overlay(["a"] * 10, silent=[8], offline=[9])
    assert found(network, [drain(0)], COMPLETE) == [("G4", "region a", 8, 9)]


def test_a_dead_server_is_not_protected_by_its_silence():
    network = overlay(["a"] * 2 + ["b"] * 3, silent=[0])
    assert found(network, [drain(0)], COMPLETE) == []
    assert found(network, [drain(1)], COMPLETE) == [("G4", "region a", 1, 2)]


def test_a_failure_must_last_two_windows():
    lasting = overlay(["a"] * 6, {(0, 1): [1, 2], (0, 2): [2]})
    blip = overlay(["a"] * 6, {(0, 1): [2], (0, 2): [2]})
    once_before = overlay(["a"] * 6, {(0, 1): [0, 2]})
    assert found(lasting, [drain(0)], PERSISTENT) == []
    assert found(once_before, [drain(0)], PERSISTENT) == []
    assert found(blip, [drain(0)], PERSISTENT) == [("G4", "server s0, edit 0", 1, 2)]
    assert found(blip, [drain(0)], replace(PERSISTENT, persistent_window_count=1)) == []
    assert found(blip, [drain(3, 0, 4)], PERSISTENT)[0][1] == "server s3, edit 0, and 2 more"


def test_an_overwhelming_failure_need_not_be_waited_for():
    # 5 peers: 3 fail all their streams, 2 carry 100 that work
    def network(failed_count: int):
        pairs = dict.fromkeys(star(0, [1, 2, 3]), (2,))
        return overlay(["a"] * 6, pairs, failed_count=failed_count, succeeded_count=100)

    assert found(network(167), [drain(0)], PERSISTENT) == []  # 501 of 1001
    assert found(network(166), [drain(0)], PERSISTENT) == [("G4", "server s0, edit 0", 1, 2)]  # 498 of 998
    # its peers fail with one server only, however badly
    assert found(network(10_000), [drain(1)], PERSISTENT) == [("G4", "server s1, edit 0", 1, 2)]


def test_a_failure_that_is_dealt_with_counts_against_nobody():
    network = overlay(["a"] * 6, star(0, [1, 2, 3]), offline=[0])
    assert evidence(network).failing_window_count.tolist() == [0] * 6
    assert evidence(network).witness_count.tolist() == [0] * 6
    assert [each[2] for each in found(network, [drain(1)], PERSISTENT)] == [0, 0]


def test_two_witnesses_are_enough_and_none_is_not():
    network = overlay(["a"] * 6, [(0, 1), (0, 2)])
    assert found(network, [drain(0)], WITNESSED) == []
    assert found(network, [drain(3)], WITNESSED) == [("G4", "server s3, edit 0", 0, 2)]


def test_a_single_failing_pair_may_be_repaired_at_either_end():
    network = overlay(["a"] * 6, [(0, 1)])
    assert found(network, [drain(0)], WITNESSED) == []
    assert found(network, [drain(1)], WITNESSED) == []


def test_one_lying_reporter_takes_down_nobody_but_itself():
    two, three = overlay(["a"] * 8, star(0, [1, 2])), overlay(["a"] * 8, star(0, [1, 2, 3]))
    assert found(two, [drain(1, 2)], WITNESSED) == []  # believed alone: it accuses no more than two
    assert found(three, [drain(1)], WITNESSED) == [("G4", "server s1, edit 0", 1, 2)]
    assert found(three, [drain(0)], WITNESSED) == []
    # a second accuser makes two
    assert found(overlay(["a"] * 8, [*star(0, [1, 2, 3]), (1, 7)]), [drain(1)], WITNESSED) == []


def test_of_every_failing_pair_at_least_one_end_may_go():
    chance = np.random.default_rng(3)
    for _ in range(30):
        pairs = {
            (a, b) for a, b in np.sort(chance.integers(0, 9, (chance.integers(1, 14), 2)), axis=1).tolist() if a < b
        }
        network = overlay(["a"] * 9, pairs)
        may_go = drainable(network, replace(WITNESSED, persistent_window_count=2))
        assert all(may_go[a] or may_go[b] for a, b in pairs)


def test_what_is_drainable_is_what_the_guard_lets_go():
    limits = replace(WITNESSED, persistent_window_count=2)
    network = overlay(
        ["a"] * 9, {**dict.fromkeys(star(0, [1, 2, 3]), (1, 2)), (4, 5): (2,), (6, 7): (0, 2)}, offline=[8]
    )
    may_go = drainable(network, limits)
    assert drainable(network, UNLIMITED).tolist() == [True] * 8 + [False]
    assert may_go.tolist() == [True, False, False, False, False, False, True, True, False]
    for row in range(8):
        assert (found(network, [drain(row)], limits) == []) == may_go[row]


def test_a_pair_listed_both_ways_is_one_witness_and_a_loop_is_none():
    network = overlay(["a"] * 4, [(0, 1)])
    streams = network[Streams]
    row = np.flatnonzero(streams.failed_count > 0)[-1:]
    both = {name: np.concatenate([streams.array(name), streams.array(name)[row]]) for name in streams.declared()}
    both["source"][-1], both["target"][-1] = streams.target[row[0]], streams.source[row[0]]
    assert evidence(network.replaced(Streams(**both))).witness_count.tolist() == [1, 1, 0, 0]
    loop = {name: values.copy() for name, values in both.items()}
    loop["target"][-1] = loop["source"][-1]
    assert evidence(network.replaced(Streams(**loop))).witness_count.tolist() == [1, 1, 0, 0]


def test_no_streams_is_not_success():
    silent = overlay(["a"] * 4, succeeded_count=0)
    assert found(silent, [drain(0)], UNLIMITED) == [("G7", "server s0, edit 0", 0, 1)]
    assert found(silent, [restore(0)], UNLIMITED) == []
    assert found(overlay(["a"] * 4, [(0, 1)], succeeded_count=0), [drain(0)], UNLIMITED) == []


def test_when_most_servers_look_bad_nothing_is_taken():
    regions = ["a"] * 8
    assert found(overlay(regions, silent=[0, 1, 2]), [drain(0)], SICK) == []
    assert found(overlay(regions, silent=[0, 1, 2, 3]), [drain(0)], SICK) == [("G12", "server s0, edit 0", 0.5, 0.5)]
    # offline servers are not counted among the bad
    assert found(overlay(regions, silent=[0, 1, 2], offline=[0, 1]), [drain(3)], SICK) == []
    dead = overlay(regions, [*star(0, range(1, 8)), *star(1, range(2, 8)), *star(2, range(3, 8))], succeeded_count=0)
    assert [each[0] for each in found(dead, [drain(0)], SICK)] == ["G12", "G12"]  # servers and pairs
    assert found(dead, [restore(0)], SICK) == []


def test_when_most_pairs_fail_nothing_is_taken():
    five = overlay(["a"] * 5, star(0, range(1, 5)))  # 4 of 10 pairs
    assert found(five, [drain(0)], SICK) == []
    half = overlay(["a"] * 5, [*star(0, range(1, 5)), (1, 2)])
    assert found(half, [drain(0)], SICK) == [("G12", "server s0, edit 0", 0.5, 0.5)]


def test_a_proven_revert_asks_for_no_evidence():
    network = overlay(["a"] * 6, silent=[1, 2, 3, 4])
    entry = LedgerEntry(
        time_s=0.0, planner="me", action="restore", table="servers", column="online", ids=("s0",), after=(True,)
    )
    limits = replace(WITNESSED, persistent_window_count=2, reporting_ratio=0.9, sick_ratio=0.5, stale_window_count=2)
    undo = online_edit([0], False, action="undo restore")
    assert {each[0] for each in found(network, [undo], limits, 1e6)} == {"G4", "G12"}
    said = violations(network, [undo], limits, Ledger((entry,)), 1e6, "me")
    assert said == ()
