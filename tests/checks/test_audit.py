"""The audit: promises against the newer windows, edits against what is there."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from overlays_for_checks import drain, online_edit, overlay, plan_for, restore, star

from fairlead.checks.audit import Severity, findings
from fairlead.model import Effect, Servers, Snapshot, StaleError, apply_edits

REGIONS = ["a"] * 5 + ["b"] * 5
BEFORE = overlay(REGIONS, star(0, [1, 2, 6]))
PLAN = plan_for(BEFORE, (drain(0),))


def later(snapshot: Snapshot, *edits) -> Snapshot:
    return apply_edits(snapshot, edits)


def said(plan, before, after, minded=(Severity.WARNING, Severity.CRITICAL)):
    return [(each.severity, each.key, each.where) for each in findings(plan, before, after) if each.severity in minded]


def test_a_plan_that_did_what_it_promised():
    after = later(overlay(REGIONS, star(0, [1, 2, 6]), windows=(1, 2, 3)), drain(0))
    found = findings(PLAN, BEFORE, after)
    assert {each.key for each in found} == {"promise_kept"}
    assert [each.where for each in found] == [f"effect {each.metric}" for each in PLAN.effects]
    assert said(PLAN, BEFORE, after) == []


def test_without_a_newer_window_nothing_can_be_said():
    found = findings(PLAN, BEFORE, later(BEFORE, drain(0)))
    assert {(each.severity, each.key) for each in found} == {(Severity.WARNING, "promise_unmeasured")}


def test_an_improvement_that_did_not_come_is_critical_and_a_smaller_one_a_warning():
    worse = later(overlay(REGIONS, [*star(0, [1, 2, 6]), *star(3, [4, 5, 7, 8])], windows=(1, 2, 3)), drain(0))
    assert said(PLAN, BEFORE, worse) == [
        (Severity.CRITICAL, "promise_broken", "effect success_ratio"),
        (Severity.WARNING, "promise_broken", "effect served_ratio"),
    ]
    less = later(overlay(REGIONS, [*star(0, [1, 2, 6]), (3, 4)], windows=(1, 2, 3)), drain(0))
    assert (Severity.WARNING, "promise_broken", "effect success_ratio") in said(PLAN, BEFORE, less)


def test_a_margin_is_kept_to_the_edge():
    after = later(overlay(REGIONS, [*star(0, [1, 2, 6]), (3, 4)], windows=(1, 2, 3)), drain(0))
    short = 5 / (45 * 95 + 4 * 5)  # five failed streams of the whole demand
    promised = PLAN.effect("success_ratio").after

    def with_margin(margin: float):
        effect = Effect(metric="next_success_ratio", before=0.5, after=promised, margin=margin)
        return replace(PLAN, effects=(effect,))

    assert said(with_margin(short), BEFORE, after) == []
    assert said(with_margin(short * 0.999), BEFORE, after) == [
        (Severity.WARNING, "promise_broken", "effect next_success_ratio")
    ]


def test_what_can_no_longer_be_measured_is_critical():
    blind = later(overlay(REGIONS, windows=(1, 2, 3), succeeded_count=0), drain(0))
    assert (Severity.CRITICAL, "promise_broken", "effect success_ratio") in said(PLAN, BEFORE, blind)


def test_a_metric_that_nobody_knows_is_a_warning():
    odd = replace(PLAN, effects=(Effect(metric="happiness", before=0, after=1),))
    after = later(overlay(REGIONS, windows=(1, 2, 3)), drain(0))
    assert said(odd, BEFORE, after) == [(Severity.WARNING, "promise_unmeasured", "effect happiness")]
    assert math.isnan(findings(odd, BEFORE, after)[0].measured)


def edits_said(plan, after):
    return said(replace(plan, effects=()), BEFORE, after)


def test_an_edit_that_was_not_applied_and_one_that_nobody_planned():
    newer = overlay(REGIONS, star(0, [1, 2, 6]), windows=(1, 2, 3))
    assert edits_said(PLAN, newer) == [(Severity.WARNING, "edit_not_applied", "servers s0, online")]
    assert edits_said(PLAN, later(newer, drain(0, 8))) == [(Severity.CRITICAL, "edit_unintended", "servers s8, online")]


def test_only_the_last_write_of_a_cell_is_intended():
    plan = plan_for(BEFORE, (drain(0, 3), restore(3)))
    newer = overlay(REGIONS, windows=(1, 2, 3))
    assert edits_said(plan, later(newer, drain(0))) == []
    assert edits_said(plan, later(newer, drain(0, 3))) == [(Severity.WARNING, "edit_not_applied", "servers s3, online")]


def test_servers_are_matched_by_their_own_ids():
    order = np.array([3, 0, 9, 8, 7, 6, 5, 4, 2, 1])
    servers = overlay(REGIONS, windows=(1, 2, 3))[Servers]
    shuffled = Servers(**{name: servers.array(name)[order].copy() for name in servers.declared()})
    newer = overlay(REGIONS, windows=(1, 2, 3)).replaced(shuffled)
    assert edits_said(PLAN, later(newer, online_edit([1], False))) == []  # s0 is row 1 now
    assert [each[2] for each in edits_said(PLAN, later(newer, drain(0)))] == [
        "servers s0, online",
        "servers s3, online",
    ]


def test_servers_that_come_and_go():
    ids = [f"s{n}" for n in range(1, 10)] + ["fresh"]
    newer = overlay(REGIONS, windows=(1, 2, 3), ids=ids)
    assert edits_said(PLAN, newer) == [(Severity.WARNING, "server_gone", "servers s0")]
    down = overlay(REGIONS, star(1, [2]), offline=[0])
    plan = replace(plan_for(down, (restore(0),)), effects=())
    assert said(plan, down, newer) == [(Severity.WARNING, "server_gone", "servers s0")]
    assert said(replace(plan, edits=()), down, newer) == []  # it was down and nobody asked for it
    numbered = overlay(REGIONS, windows=(1, 2, 3), ids=list(range(10)))
    assert {each[1] for each in edits_said(PLAN, numbered)} == {"server_gone"}


def test_a_plan_is_held_against_its_own_snapshot():
    with pytest.raises(StaleError, match="not made from the snapshot"):
        findings(PLAN, later(BEFORE, drain(1)), BEFORE)
