"""Effects are the registered metrics of the edited network, and no streams is never success."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given
from oracles.drains import failing_pairs, sick_worlds
from oracles.networks import network

from fairlead import __version__
from fairlead.model import Bound, BoundKind, Snapshot, Status, apply_edits
from fairlead.planners.drain import UNLIMITED, Goal
from fairlead.planners.drain.outcome import drain_plan, effects, needs_action, status
from fairlead.predict.metrics import METRICS

HALF = Goal(slo_ratio=0.5)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (0.5, 0.5, Status.NOTHING_TO_DO),
        (0.9, 1.0, Status.NOTHING_TO_DO),
        (0.4, 0.5, Status.SOLVED),
        (0.4, 0.49, Status.OUT_OF_REACH),
        (math.nan, math.nan, Status.OUT_OF_REACH),
        (0.4, math.nan, Status.OUT_OF_REACH),
    ],
)
def test_status_table(before: float, after: float, expected: Status) -> None:
    assert status(before, after, HALF) is expected


@given(sick_worlds())
def test_effects_are_the_metrics_of_the_edited_network(world: Snapshot) -> None:
    assume(failing_pairs(world))
    plan = drain_plan("test", world, np.array([1]), Goal(slo_ratio=1.0))
    assert [effect.metric for effect in plan.effects] == list(METRICS)
    after = apply_edits(world, plan.edits)
    for effect in plan.effects:
        assert effect.before == pytest.approx(METRICS[effect.metric](world), nan_ok=True)
        assert effect.after == pytest.approx(METRICS[effect.metric](after), nan_ok=True)
        assert effect.margin == 0


def test_a_plan_carries_who_where_from_and_what_it_costs(star_of_six: Snapshot) -> None:
    plan = drain_plan("test", star_of_six, np.array([0]), UNLIMITED)
    assert plan.planner == f"test/{__version__}"
    assert plan.basis == star_of_six.basis
    assert plan.status is Status.SOLVED
    assert plan.bound.cost == 60
    assert plan.bound.kind is BoundKind.NONE
    assert math.isnan(plan.bound.best)
    proven = Bound(cost=60, best=60, kind=BoundKind.EXACT)
    assert drain_plan("test", star_of_six, np.array([0]), UNLIMITED, bound=proven).bound is proven


def test_no_edits_no_change(star_of_six: Snapshot) -> None:
    assert all(effect.before == pytest.approx(effect.after, nan_ok=True) for effect in effects(star_of_six, ()))


def test_action_is_needed_only_where_streams_miss_the_objective(
    star_of_six: Snapshot, healthy_triangle: Snapshot
) -> None:
    assert needs_action(star_of_six, Goal())
    assert not needs_action(star_of_six, Goal(slo_ratio=0.9))
    assert not needs_action(healthy_triangle, Goal(slo_ratio=1.0))
    assert not needs_action(network(regions=["a", "a"], streams_count=0), Goal())
