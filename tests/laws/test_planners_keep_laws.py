"""Every planner and every rival of the house under the laws, on worlds in which every choice can be tried."""

from __future__ import annotations

import numpy as np
import pytest
from worlds_for_laws import LIMITS, SLO_RATIO, WORLD_COUNT, world

from fairlead.checks import laws
from fairlead.model import Budget
from fairlead.planners.drain import Goal
from fairlead.service.wiring import DRAIN_METHODS

BUDGET = Budget()
GOAL = Goal(
    slo_ratio=SLO_RATIO,
    fleet_cap_ratio=LIMITS.fleet_cap_ratio,
    region_floor_ratio=LIMITS.region_floor_ratio,
    headroom_ratio=LIMITS.headroom_ratio,
)
EXACT_METHODS = ("fairlead", "exact")  # they promise the optimum; the others only an answer
NUMBERS = range(WORLD_COUNT)


@pytest.mark.parametrize("method", DRAIN_METHODS)
def test_every_method_keeps_the_laws_that_bind_all(method: str):
    said = []
    for number in NUMBERS:
        planner = DRAIN_METHODS[method](GOAL)
        said += [
            *laws.same_input_same_plan(planner, world(number), BUDGET),
            *laws.input_untouched(planner, world(number), BUDGET),
            *laws.needs_no_more_than_declared(planner, world(number), BUDGET),
            *laws.bound_on_the_right_side(planner, world(number), BUDGET),
            *laws.idle_exactly_when_done(planner, world(number), BUDGET, SLO_RATIO),
            *laws.undo_restores(planner, world(number), BUDGET),
            *laws.promises_honest(planner, world(number), BUDGET),
            *laws.floors_kept(planner, world(number), BUDGET, LIMITS),
        ]
    assert said == []


@pytest.mark.parametrize("method", EXACT_METHODS)
def test_what_calls_itself_exact_is_exact(method: str):
    said = []
    for number in NUMBERS:
        planner, chance = DRAIN_METHODS[method](GOAL), np.random.default_rng(number)
        said += [
            *laws.relabelling_relabels(planner, world(number), BUDGET, chance),
            *laws.equal_to_tiny_optimum(planner, world(number), BUDGET, SLO_RATIO, LIMITS),
            *laws.out_of_reach_when_it_is(planner, world(number), BUDGET, SLO_RATIO, LIMITS),
        ]
    assert said == []


@pytest.mark.parametrize("peer", sorted(set(DRAIN_METHODS) - {"fairlead"}))
def test_the_default_is_never_worse_than_a_rival(peer: str):
    for number in NUMBERS:
        planner, rival = DRAIN_METHODS["fairlead"](GOAL), DRAIN_METHODS[peer](GOAL)
        assert laws.never_worse_than(planner, rival, world(number), BUDGET, SLO_RATIO, LIMITS) == ()
