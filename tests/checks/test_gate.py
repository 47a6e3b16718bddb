"""The gate: basis, guard and promises together; the refusal a person reads."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from overlays_for_checks import drain, overlay, plan_for, restore, star

from fairlead.checks.gate import refused, verdict
from fairlead.checks.limits import UNLIMITED, Limits
from fairlead.checks.promises import DIRECTIONS, FORECASTS, kept, same
from fairlead.model import Effect, Plan, RefusedError, StaleError, apply_edits
from fairlead.model.ledger import Ledger
from fairlead.predict.metrics import METRICS

NETWORK = overlay(["a"] * 10 + ["b"] * 10, star(0, [1, 11, 12]), capacity_mbps=50.0)


def judged(plan: Plan, limits: Limits = UNLIMITED, now_s: float = 90.0) -> list[tuple[str, str]]:
    return [(each.rule, each.where) for each in verdict(NETWORK, plan, limits, Ledger(), now_s).violations]


def test_an_honest_plan_is_allowed():
    found = verdict(NETWORK, plan_for(NETWORK, (drain(0),)), Limits(), Ledger(), 90.0)
    assert found.allowed
    assert found.violations == found.notes == ()


def test_a_stale_plan_is_refused_before_anything_else_and_has_its_own_exit_code():
    plan = replace(plan_for(NETWORK, (drain(0),)), basis="0" * 32)
    found = verdict(NETWORK, plan, Limits(), Ledger(), 1e9)
    assert [each.rule for each in found.violations] == ["G9"]
    error = refused(found)
    assert isinstance(error, StaleError)
    assert error.exit_code == 5


def test_a_refusal_names_rule_place_and_numbers():
    plan = plan_for(NETWORK, (drain(0, 1, 2, 3, 4),))
    error = refused(verdict(NETWORK, plan, Limits(), Ledger(), 90.0))
    assert isinstance(error, RefusedError)
    assert error.exit_code == 4
    assert str(error) == (
        "guard.G1: refused by safety rule G1: more than 0.2 of the fleet would be down; at server s4, edit 0; "
        "got: 5; expected: limit 4; hint: also violated: G2, G4"
    )


def test_a_verdict_that_allows_has_no_error():
    with pytest.raises(AssertionError):
        refused(verdict(NETWORK, plan_for(NETWORK, ()), Limits(), Ledger(), 90.0))


def success(before_off: float = 0.0, after_off: float = 0.0, margin: float = 0.0) -> Effect:
    before, after = METRICS["success_ratio"](NETWORK), METRICS["success_ratio"](apply_edits(NETWORK, (drain(0),)))
    return Effect(metric="success_ratio", before=before + before_off, after=after + after_off, margin=margin)


def test_a_plan_may_promise_less_than_it_gives_and_not_more():
    for effect, ok in (
        (success(), True),
        (success(after_off=-0.1), True),
        (success(after_off=1e-6), False),
        (success(after_off=0.001, margin=0.001), True),
        (success(after_off=0.001, margin=0.000999), False),
        (success(before_off=-1e-6), False),
        (success(before_off=1e-6), False),
        (replace(success(), before=math.nan), False),
        (replace(success(), margin=math.inf), False),
        (replace(success(), margin=math.nan), False),
        (replace(success(), margin=-0.1), False),
        (replace(success(after_off=-0.5), margin=-0.1), False),
        (replace(success(), after=math.nan), False),
    ):
        said = judged(plan_for(NETWORK, (drain(0),), success_ratio=effect))
        assert said == ([] if ok else [("G7", "effect success_ratio")]), effect


def test_where_lower_is_better_less_than_the_truth_is_a_lie():
    edited = apply_edits(NETWORK, (drain(0),))
    honest = Effect(metric="qoe_cost", before=METRICS["qoe_cost"](NETWORK), after=METRICS["qoe_cost"](edited))
    assert judged(plan_for(NETWORK, (drain(0),), qoe_cost=replace(honest, after=honest.after + 5))) == []
    lie = plan_for(NETWORK, (drain(0),), qoe_cost=replace(honest, after=honest.after - 5))
    assert judged(lie) == [("G7", "effect qoe_cost")]


def test_a_promise_that_nobody_can_measure_is_refused_and_a_forecast_is_left_to_the_audit():
    odd = plan_for(NETWORK, (drain(0),), extra=Effect(metric="happiness", before=0, after=1))
    assert judged(odd) == [("G7", "effect happiness")]
    forecast = Effect(metric="next_success_ratio", before=0.5, after=0.9, margin=0.05)
    assert judged(plan_for(NETWORK, (drain(0),), extra=forecast)) == []


def test_who_takes_servers_away_promises_success_for_it():
    plan = plan_for(NETWORK, (drain(0),))
    without = replace(plan, effects=tuple(each for each in plan.effects if each.metric != "success_ratio"))
    assert judged(without) == [("G7", "effects")]
    assert judged(replace(plan_for(NETWORK, (restore(0),)), effects=())) == []


def test_an_unreadable_plan_is_refused_without_being_applied():
    plan = replace(plan_for(NETWORK, (drain(0),)), edits=(drain(99),))
    assert judged(plan) == [("G9", "edit 0 (drain servers.online)")]


def test_every_metric_has_a_direction_and_every_forecast_a_metric():
    assert set(DIRECTIONS) == set(METRICS)
    assert set(FORECASTS.values()) <= set(METRICS)
    assert not set(FORECASTS) & set(METRICS)


def test_absence_keeps_no_promise():
    nothing, something = (Effect(metric="success_ratio", before=0.5, after=after) for after in (math.nan, 0.9))
    assert kept(nothing, math.nan)
    assert not kept(nothing, 1.0)
    assert not kept(something, math.nan)
    assert same(math.inf, math.inf)
    assert not same(math.inf, 1.0)
