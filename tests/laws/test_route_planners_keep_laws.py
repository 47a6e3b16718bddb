"""Every routing planner and rival, on small random overlays, against every law of routing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from oracles.routing_networks import routing_network

from fairlead.checks import laws, route_laws
from fairlead.model import Budget, Planner, ServiceClasses, Snapshot
from fairlead.planners.route import Objective, Route, RouteGoal, prepared
from fairlead.planners.route.splitters import over_active_groups
from fairlead.service.executor import Workers
from fairlead.service.wiring import ROUTE_METHODS

BUDGET = Budget()
SEEDS = range(6)
GOAL = RouteGoal(backbone_count=4, path_count=4, gap_ratio=1e-4)
BY_LATENCY = RouteGoal(backbone_count=4, path_count=4, gap_ratio=1e-4, objective=Objective.LATENCY)
PLANNERS = {name: (name, GOAL) for name in ROUTE_METHODS} | {"fairlead by latency": ("fairlead", BY_LATENCY)}


def planner(name: str) -> Planner[Any]:
    method, goal = PLANNERS[name]
    return ROUTE_METHODS[method](goal, Workers())


def world(seed: int) -> Snapshot:
    return prepared(routing_network(seed, whole_ms=False), GOAL)


@pytest.mark.parametrize("name", PLANNERS)
@pytest.mark.parametrize("seed", SEEDS)
def test_the_laws_of_every_planner(name: str, seed: int) -> None:
    for law in (
        laws.same_input_same_plan,
        laws.input_untouched,
        laws.needs_no_more_than_declared,
        laws.undo_restores,
        route_laws.cost_and_bound_true,
        route_laws.promises_are_measured,
        route_laws.sets_are_whole,
        route_laws.idle_when_asked_again,
    ):
        assert law(planner(name), world(seed), BUDGET) == (), law.__name__


@pytest.mark.parametrize("name", PLANNERS)
@pytest.mark.parametrize("seed", SEEDS)
def test_names_and_order_are_not_evidence(name: str, seed: int) -> None:
    chance = np.random.default_rng(seed)
    # what ties in the fullest link may be split in more than one way; the fullest link itself may not
    tolerance = {"fairlead": 2e-2, "panorama": 2e-1, "fairlead by latency": 2e-2}.get(name, 1e-9)
    broken = route_laws.relabelling_reroutes(planner(name), world(seed), BUDGET, chance, tolerance=tolerance)
    assert [each for each in broken if name not in SPLITTERS or "priced_utilisation_max" in each] == []


SPLITTERS = ("fairlead", "panorama", "fairlead by latency")


@pytest.mark.parametrize("seed", SEEDS)
def test_no_fuller_than_equal_shares_nor_than_the_linear_program(seed: int) -> None:
    """On the same paths and without priorities, which could only be met at the cost of the fullest link."""
    classes = world(seed)[ServiceClasses]
    level = world(seed).replaced(classes.with_column("priority", np.zeros(classes.row_count, np.int32)))
    for active_count in (1, 10_000):
        peer = Route(goal=replace(GOAL, active_count=active_count), divide=over_active_groups, name="peer")
        assert route_laws.no_fuller_than(planner("fairlead"), peer, level, BUDGET, gap_ratio=1e-4) == ()


@pytest.mark.parametrize("seed", SEEDS)
def test_the_textbook_finds_what_the_oracle_finds(seed: int) -> None:
    """Two ways to the shortest path that share no line: Yen on the whole graph, and the factored merge."""
    snapshot = world(seed)
    textbook, oracle = (laws.planned(planner(name), snapshot, BUDGET) for name in ("yen", "oracle"))
    assert textbook.effect("routed_latency_ms").after == pytest.approx(oracle.effect("routed_latency_ms").after)
    assert [edit.after.tolist() for edit in textbook.edits] == [edit.after.tolist() for edit in oracle.edits]
