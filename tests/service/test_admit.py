from __future__ import annotations

import math

import numpy as np
import pytest
from oracles.networks import network
from relays import REGIONS, START_S, failing, relays

from fairlead.checks.evidence import drainable
from fairlead.checks.limits import Limits
from fairlead.model import BoundKind, Budget, Plan, Snapshot, Status, apply_edits
from fairlead.model.ledger import Ledger
from fairlead.planners.drain import AllLast, Drain
from fairlead.predict.metrics import METRICS
from fairlead.service.admit import admitted, part_of, restless

LIMITS = Limits()


def planned(snapshot: Snapshot) -> Plan:
    planner = Drain(forecaster=AllLast())
    return planner.plan(snapshot, planner.begin(), Budget())[0]


def half_proven() -> Snapshot:
    """Server 0 fails in all windows with nine others; the path between 10 and 11 fails in the newest window only."""
    lasting = {pair: count for pair, count in failing((0,)).items() if pair[1] < 10}
    return network(regions=REGIONS, failed=[lasting, lasting, lasting | {(10, 11): 40}])


def test_a_plan_that_is_allowed_stays_as_it_is() -> None:
    snapshot = relays()
    plan = planned(snapshot)
    part, found, whole = admitted(snapshot, plan, LIMITS, Ledger(), START_S)
    assert part is plan
    assert found is whole
    assert found.allowed


def test_the_proven_part_promises_what_it_does_and_no_more() -> None:
    snapshot = half_proven()
    plan = planned(snapshot)
    part = part_of(snapshot, plan, drainable(snapshot, LIMITS))
    after = apply_edits(snapshot, part.edits)
    assert [edit.rows.tolist() for edit in part.edits] == [[0]]
    assert part.status is Status.BEST_EFFORT
    assert part.bound.kind is BoundKind.NONE
    assert part.bound.cost == METRICS["qoe_cost"](after)
    for effect in part.effects:
        assert effect.after == pytest.approx(METRICS[effect.metric](after), nan_ok=True)
    assert part.effect("success_ratio").after < plan.effect("success_ratio").after
    assert {reason.key for reason in part.reasons if reason.row >= 0 and reason.row != 0} == {"turn.held_back"}


def test_what_is_proven_is_admitted_and_the_objection_to_the_rest_is_told() -> None:
    snapshot = half_proven()
    part, found, whole = admitted(snapshot, planned(snapshot), LIMITS, Ledger(), START_S)
    assert found.allowed
    assert {broken.rule for broken in whole.violations} == {"G4"}
    assert math.isnan(part.bound.best)


def test_other_rules_are_not_got_round() -> None:
    """The ledger says that the region had its drains of this hour: fewer witnesses would not change that."""
    snapshot = half_proven()
    plan = planned(snapshot)
    spent = Ledger()
    for edit in planned(relays()).edits:
        spent = spent.with_edit(relays(), edit, plan.planner, START_S)
    part, found, _ = admitted(snapshot, plan, LIMITS, spent, START_S)
    assert part is plan
    assert {broken.rule for broken in found.violations} == {"G2", "G4"}


def test_stale_evidence_is_not_got_round() -> None:
    snapshot = half_proven()
    part, found, _ = admitted(snapshot, planned(snapshot), LIMITS, Ledger(), START_S + 600)
    assert not found.allowed
    assert part.status is not Status.BEST_EFFORT


def test_a_plan_of_which_nothing_is_proven_is_refused_as_it_is() -> None:
    snapshot = network(regions=REGIONS, failed=[{}, {}, failing((0,))])
    plan = planned(snapshot)
    part, found, whole = admitted(snapshot, plan, LIMITS, Ledger(), START_S)
    assert part is plan
    assert found is whole
    assert not found.allowed


def test_a_server_that_flaps_is_held_back_and_holds_up_nobody() -> None:
    snapshot = relays(bad=(0, 6))
    plan = planned(snapshot)
    flap = next(edit for edit in planned(relays(bad=(0,))).edits)
    spent = Ledger()
    for time_s in (30.0, 60.0):
        spent = spent.with_edit(snapshot, flap, plan.planner, time_s)
    limits = Limits(drains_per_hour_ratio=1.0, region_drains_per_hour_ratio=1.0)
    assert np.flatnonzero(restless(snapshot, limits, spent, START_S)).tolist() == [0]
    part, found, whole = admitted(snapshot, plan, limits, spent, START_S)
    assert {broken.rule for broken in whole.violations} == {"G2"}
    assert found.allowed
    assert [edit.rows.tolist() for edit in part.edits] == [[6]]
    later_s = 60.0 + 3600.0
    assert not restless(snapshot, limits, spent, later_s).any()
    assert restless(snapshot, limits, spent, later_s - 1).sum() == 0  # one of the two is an hour ago
    assert restless(snapshot, limits, spent, math.nan).sum() == 1  # nobody knows the time: all of the past counts
