from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from oracles.routing_networks import routing_network

from fairlead.checks.promises import Better
from fairlead.checks.route_gate import ROUTE_DIRECTIONS, RouteLimits, moved_share, route_verdict
from fairlead.model import (
    Budget,
    Demands,
    Edit,
    Effect,
    Links,
    Paths,
    Plan,
    Routes,
    ServiceClasses,
    Sites,
    Snapshot,
    Stage,
    UsageError,
    apply_edits,
    invert,
)
from fairlead.planners.route import RouteGoal, prepared
from fairlead.planners.route.outcome import route_plan, single_choice
from fairlead.predict.route_metrics import ROUTING_METRICS, end_to_end
from fairlead.service.executor import Workers
from fairlead.service.wiring import ROUTE_METHODS

GOAL = RouteGoal(backbone_count=3, path_count=3)
METRIC_NAMES = ("latency_ms", "jitter_ms", "loss_ratio")


def network(seed: int = 0) -> Snapshot:
    return prepared(routing_network(seed), GOAL)


def planned(snapshot: Snapshot, method: str = "fairlead") -> Plan:
    planner = ROUTE_METHODS[method](GOAL, Workers())
    return planner.plan(snapshot, planner.begin(), Budget())[0]


def rules(snapshot: Snapshot, plan: Plan, **limits: float) -> list[str]:
    wide = {"headroom_ratio": math.inf, "moved_ratio": math.inf}
    return [each.rule for each in route_verdict(snapshot, plan, RouteLimits(**{**wide, **limits})).violations]


def edited(plan: Plan, snapshot: Snapshot, *edits: Edit) -> Plan:
    """The plan with other edits, and effects that are true for them."""
    after = apply_edits(snapshot, edits)
    effects = tuple(Effect(metric=n, before=of(snapshot), after=of(after)) for n, of in ROUTING_METRICS.items())
    return replace(plan, edits=edits, effects=effects)


def cells(column: str, rows: list[int], after: list[float] | list[int]) -> Edit:
    kinds = {"path": np.int32, "weight_ratio": np.float64, "stage": np.int32}
    values = np.array(after, kinds.get(column, np.float64))
    return Edit(action="route", table="routes", column=column, rows=np.array(rows, np.int64), after=values)


@pytest.mark.parametrize("method", sorted(ROUTE_METHODS))
@pytest.mark.parametrize("seed", range(4))
def test_what_planners_plan_is_allowed(method: str, seed: int) -> None:
    snapshot = network(seed)
    assert rules(snapshot, planned(snapshot, method)) == []


def test_a_plan_of_another_network_is_stale() -> None:
    assert rules(network(1), planned(network(0))) == ["G9"]


def test_only_routes_are_written() -> None:
    snapshot = network()
    plan = planned(snapshot)
    capacity = Edit(action="widen", table="links", column="capacity_mbps", rows=np.array([0]), after=np.array([1e9]))
    assert rules(snapshot, replace(plan, edits=(*plan.edits, capacity))) == ["G7"]
    demand = replace(cells("demand", [0], [0]), after=np.array([0], np.int32))
    assert rules(snapshot, replace(plan, edits=(demand,))) == ["G7"]


def test_an_edit_without_rows_is_no_edit() -> None:
    snapshot = network()
    assert rules(snapshot, replace(planned(snapshot), edits=(cells("weight_ratio", [], []),))) == ["G6"]


@pytest.mark.parametrize("never", [math.nan, math.inf, -1.0])
def test_an_edit_without_a_start_is_no_edit(never: float) -> None:
    snapshot = network()
    timeless = replace(cells("weight_ratio", [0], [1.0]), start_s=never)
    assert rules(snapshot, replace(planned(snapshot), edits=(timeless,))) == ["G6"]


@pytest.mark.parametrize(
    ("column", "after", "rule"),
    [
        ("path", -2, "G9"),
        ("path", 10**6, "G9"),
        ("weight_ratio", -0.1, "G6"),
        ("weight_ratio", 1.1, "G6"),
        ("weight_ratio", math.nan, "G6"),
        ("stage", 9, "G6"),
    ],
)
def test_a_value_that_is_none(column: str, after: float, rule: str) -> None:
    snapshot = network()
    assert rules(snapshot, replace(planned(snapshot), edits=(cells(column, [0], [after]),))) == [rule]


def test_a_row_that_is_not_there() -> None:
    snapshot = network()
    count = snapshot[Routes].row_count
    for row in (-1, count):
        assert rules(snapshot, replace(planned(snapshot), edits=(cells("path", [row], [0]),))) == ["G9"]


def test_every_session_group_keeps_all_of_its_weight_on_paths() -> None:
    snapshot = network()
    plan = planned(snapshot)
    half = edited(plan, snapshot, cells("path", [0], [0]), cells("weight_ratio", [0], [0.5]))
    nowhere = edited(plan, snapshot, cells("weight_ratio", [0], [1.0]))
    whole = edited(plan, snapshot, cells("path", [0], [0]), cells("weight_ratio", [0], [1.0]))
    assert rules(snapshot, half) == ["G6"]
    assert rules(snapshot, nowhere) == ["G6"]
    assert rules(snapshot, whole) == []


def test_a_link_is_not_filled_beyond_its_headroom_unless_it_was_fuller_before() -> None:
    snapshot = network(2)
    plan = planned(snapshot, "nearby")
    use = plan.effect("utilisation_max").after
    assert use > 0
    assert rules(snapshot, plan, headroom_ratio=use * 1.01) == []
    assert rules(snapshot, plan, headroom_ratio=use * 0.99) == ["G3"]
    relief = planned(apply_edits(snapshot, plan.edits), "fairlead")
    assert relief.effect("utilisation_max").after < use
    assert rules(apply_edits(snapshot, plan.edits), relief, headroom_ratio=0.0) == []


def test_too_much_may_not_move_at_once_but_who_had_no_path_does_not_move() -> None:
    blank = network(3)
    first = planned(blank, "nearby")
    assert rules(blank, first, moved_ratio=0.0) == []
    there = apply_edits(blank, first.edits)
    other = planned(there, "direct")
    weight = np.nan_to_num(blank[Demands].demand_mbps)
    share = float((moved_share(there, apply_edits(there, other.edits)) * weight).sum() / weight.sum())
    assert share > 0.1
    assert rules(there, other, moved_ratio=share * 0.99) == ["G2"]
    assert rules(there, other, moved_ratio=share * 1.01) == []


def test_moved_share_counts_what_leaves_a_path() -> None:
    snapshot = network()
    count = snapshot[Demands].row_count
    routes = snapshot[Routes]

    def with_weights(paths: list[int], weights: list[float]) -> Snapshot:
        return snapshot.replaced(
            routes.with_column("path", np.tile(np.array(paths, np.int32), count)).with_column(
                "weight_ratio", np.tile(np.array(weights), count)
            )
        )

    before = with_weights([4, 2, -1], [0.75, 0.25, 0.0])
    swapped = with_weights([2, 4, -1], [0.25, 0.75, 0.0])
    partly = with_weights([2, 7, -1], [0.5, 0.5, 0.0])
    assert moved_share(before, swapped).tolist() == [0.0] * count
    assert moved_share(before, partly) == pytest.approx([0.75] * count)
    assert moved_share(snapshot, partly).tolist() == [0.0] * count


def test_promises_are_held_against_the_metrics() -> None:
    snapshot = network()
    plan = planned(snapshot)

    def with_effect(**changed: float) -> Plan:
        effects = tuple(replace(e, **changed) if e.metric == "sla_ratio" else e for e in plan.effects)
        return replace(plan, effects=effects)

    after = plan.effect("sla_ratio").after
    assert rules(snapshot, with_effect(after=after + 0.01)) == ["G7"]
    assert rules(snapshot, with_effect(after=after + 0.01, margin=0.02)) == []
    assert rules(snapshot, with_effect(after=after - 0.01)) == []
    assert rules(snapshot, with_effect(before=0.5)) == ["G7"]
    assert rules(snapshot, with_effect(margin=math.nan)) == ["G7"]
    unknown = replace(plan, effects=(Effect(metric="luck", before=0, after=1),))
    assert rules(snapshot, unknown) == ["G7"]


def test_a_lower_latency_than_the_routes_give_is_no_promise_to_make() -> None:
    snapshot = network()
    plan = planned(snapshot)
    effects = tuple(
        replace(e, after=e.after - 1.0) if ROUTE_DIRECTIONS[e.metric] is Better.LOWER else e for e in plan.effects
    )
    assert set(rules(snapshot, replace(plan, effects=effects))) == {"G7"}


def test_every_metric_has_a_direction() -> None:
    assert set(ROUTE_DIRECTIONS) == set(ROUTING_METRICS)


def test_undo_is_allowed() -> None:
    snapshot = network()
    plan = planned(snapshot)
    there = apply_edits(snapshot, plan.edits)
    back = edited(replace(plan, basis=there.basis), there, *planned(there, "nearby").edits)
    assert rules(there, back) == []
    assert apply_edits(there, invert(snapshot, plan.edits)) == snapshot


def test_a_limit_without_meaning_is_refused() -> None:
    for bad in (math.nan, -1.0):
        with pytest.raises(UsageError, match=r"limits\.out_of_range"):
            RouteLimits(headroom_ratio=bad)


def test_a_rival_that_picks_one_path_says_what_it_is() -> None:
    snapshot = network(4)
    choice = single_choice(snapshot, np.zeros(snapshot[Demands].row_count, np.int32))
    plan = route_plan("test", snapshot, choice, GOAL)
    assert rules(snapshot, plan) == []
    assert snapshot[Paths].row_count > snapshot[Sites].row_count + snapshot[Links].row_count


def test_the_first_path_that_is_not_there() -> None:
    snapshot = network()
    count = snapshot[Paths].row_count
    for row, broken in ((count - 1, False), (count, True)):
        plan = replace(planned(snapshot), edits=(cells("path", [0], [row]),))
        assert ("G9" in rules(snapshot, plan)) is broken


def test_a_rival_says_how_much_its_one_path_misses() -> None:
    """One limit missed names it; two are past all relaxing; what nobody measured is missed."""
    snapshot = network(4)
    demands, classes = snapshot[Demands], snapshot[ServiceClasses]
    path = np.zeros(demands.row_count, np.int32)
    quality = end_to_end(snapshot, demands.source_group, demands.target_group, path)
    met = set()
    for row, stage in enumerate(single_choice(snapshot, path).stage[:, 0].tolist()):
        limits = [float(classes.array(name)[demands.service_class[row]]) for name in METRIC_NAMES]
        values = [float(getattr(quality, name)[row]) for name in METRIC_NAMES]
        missed = [
            kind
            for kind, (value, limit) in enumerate(zip(values, limits, strict=True))
            if not (math.isnan(limit) or value <= limit)
        ]
        if demands.source_group[row] == demands.target_group[row]:
            wanted = Stage.SAME_GROUP
        elif len(missed) == 1:
            wanted = (Stage.RELAXED_LATENCY, Stage.RELAXED_JITTER, Stage.RELAXED_LOSS)[missed[0]]
        else:
            wanted = Stage.LAST_RESORT if missed else Stage.SLA
        assert stage == wanted
        met.add(len(missed))
    assert len(met) >= 3
