"""The guard as a whole: form first, every rule heard, defaults that let an honest plan through."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from overlays_for_checks import drain, online_edit, overlay, restore, star

from fairlead.checks import guard
from fairlead.checks.case import Note, Violation
from fairlead.checks.guard import judgement, violations
from fairlead.checks.limits import UNLIMITED, Limits
from fairlead.model import Edit
from fairlead.model.ledger import Ledger, LedgerEntry

REGIONS = ["a"] * 10 + ["b"] * 10
LASTING = star(0, [1, 11, 12])


def rules(network, edits, limits, ledger=Ledger(), now_s=90.0, planner="me"):  # noqa: B008
    return [each.rule for each in violations(network, edits, limits, ledger, now_s, planner)]


def test_an_honest_plan_passes_all_rules_at_their_defaults():
    network = overlay(REGIONS, LASTING, capacity_mbps=50.0)
    assert judgement(network, [drain(0)], Limits(), Ledger(), 90.0, "me") == ()
    assert rules(network, [drain(0, start_s=30.0)], Limits()) == []


def test_every_rule_can_say_no_alone():
    """One case for each rule of the list that only this rule refuses; none is left out."""
    network = overlay(REGIONS, LASTING, capacity_mbps=50.0, windows=(0, 1, 2))
    drained = LedgerEntry(
        time_s=80.0, planner="me", action="drain", table="servers", column="online", ids=("s0",) * 2, after=(False,) * 2
    )
    calm = Limits()
    cases = {
        guard.fleet_cap: (network, replace(calm, fleet_cap_ratio=0.04), Ledger(), "G1"),
        guard.region_floor: (network, replace(calm, region_floor_ratio=0.95), Ledger(), "G1"),
        guard.capacity: (overlay(REGIONS, LASTING, capacity_mbps=23.0), calm, Ledger(), "G3"),
        guard.never_the_last: (network, replace(calm, region_kept_count=10), Ledger(), "G6"),
        guard.drain_rate: (network, calm, Ledger((drained,)), "G2"),
        guard.fresh: (overlay(REGIONS, LASTING, windows=(-9, -8, -7), capacity_mbps=50.0), calm, Ledger(), "G4"),
        guard.complete: (overlay(REGIONS, LASTING, capacity_mbps=50.0, silent=[8, 9]), calm, Ledger(), "G4"),
        guard.proven: (overlay(REGIONS, [(0, 1)], windows=(2,), capacity_mbps=50.0), calm, Ledger(), "G4"),
        guard.demand_known: (
            overlay(REGIONS, succeeded_count=0, capacity_mbps=50.0),
            replace(UNLIMITED, headroom_ratio=0.95),
            Ledger(),
            "G7",
        ),
        guard.one_owner: (network, calm, Ledger((replace(drained, planner="other", after=(True,) * 2),)), "G8"),
        guard.not_all_sick: (network, replace(calm, sick_ratio=0.01), Ledger(), "G12"),
    }
    assert set(cases) == set(guard.RULES)
    for rule, (snapshot, limits, ledger, name) in cases.items():
        said = [each for each in judgement(snapshot, [drain(0)], limits, ledger, 90.0, "me") if type(each) is Violation]
        assert [each.rule for each in said] == [name], rule.__name__
        assert str(said[0]).startswith(f"{name}: "), rule.__name__


@pytest.mark.parametrize("limits", [Limits(), UNLIMITED])
def test_a_plan_that_cannot_be_read_is_refused_whatever_the_limits(limits: Limits):
    network = overlay(REGIONS, LASTING)
    blank = online_edit([0], False)
    for edit, rule in (
        (drain(), "G6"),
        (restore(), "G6"),
        (replace(blank, after=np.array([None])), "G6"),
        (replace(blank, after=np.array([0])), "G6"),
        (replace(blank, after=np.array([math.nan])), "G6"),
        (replace(blank, start_s=math.nan), "G6"),
        (replace(blank, start_s=-1.0), "G6"),
        (replace(blank, start_s=math.inf), "G6"),
        (drain(20), "G9"),
        (drain(0, -1), "G9"),
        (Edit(action="drain", table="streams", column="failed_count", rows=[0], after=[0]), "G7"),
        (Edit(action="drain", table="servers", column="region", rows=[0], after=["b"]), "G7"),
        (Edit(action="drain", table="nothing", column="online", rows=[0], after=[False]), "G7"),
    ):
        # beside a good edit; nothing else is said, for nothing else can be known
        said = violations(network, [drain(0), edit], limits, Ledger(), 90.0)
        assert [each.rule for each in said] == [rule], edit
        assert "edit 1" in said[0].where


def test_no_edits_are_no_violation():
    assert rules(overlay(REGIONS, silent=range(20)), [], Limits(), now_s=1e9) == []


def test_a_drain_of_what_is_down_asks_for_no_evidence():
    network = overlay(REGIONS, LASTING, offline=[5], silent=[5])
    assert rules(network, [drain(5)], Limits(), now_s=1e9) == []


def test_unlimited_lets_through_what_the_papers_do():
    network = overlay(REGIONS, star(0, [1]), windows=(2,), silent=range(20))
    assert rules(network, [drain(*range(19))], UNLIMITED, now_s=1e9) == []
    assert rules(network, [drain(*range(20))], UNLIMITED, now_s=1e9) == ["G6"]


def test_notes_are_told_apart_from_violations():
    network = overlay(REGIONS, LASTING)
    said = judgement(network, [drain(0)], Limits(), Ledger(), math.nan, "me")
    assert {type(each) for each in said} == {Note}
    assert [each.rule for each in said] == ["G3", "G4"]
    assert violations(network, [drain(0)], Limits(), Ledger(), math.nan, "me") == ()
    assert str(said[0]) == "G3: surviving capacity cannot be judged: capacity or users unknown; at region a"


def test_the_input_is_left_alone_and_the_answer_repeats():
    network = overlay(REGIONS, LASTING, silent=[3, 4])
    before = network.basis
    first = judgement(network, [drain(0, 2, 15)], Limits(), Ledger(), 500.0)
    assert first == judgement(network, [drain(0, 2, 15)], Limits(), Ledger(), 500.0)
    assert first
    assert network.basis == before


def test_ids_may_be_numbers():
    network = overlay(["a"] * 10, star(0, [1, 2]), ids=list(range(100, 110)))
    drained = LedgerEntry(
        time_s=80.0, planner="x", action="drain", table="servers", column="online", ids=(100, 100), after=(False, False)
    )
    said = violations(network, [drain(0)], replace(UNLIMITED, server_drains_per_hour_count=2), Ledger((drained,)), 90.0)
    assert [(each.rule, each.where, each.got) for each in said] == [("G2", "server 100, edit 0", 3)]
