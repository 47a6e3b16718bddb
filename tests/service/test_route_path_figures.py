"""Table 1 and Figure 5 against plain counting."""

import dataclasses

import numpy as np
import pytest

from fairlead.model import Demands, Direct, Paths
from fairlead.planners.route.backbone import with_paths
from fairlead.planners.route.goal import RouteGoal
from fairlead.planners.route.paths import top_paths
from fairlead.service.route_paper import PAPER
from fairlead.service.route_path_figures import COUNTED_K, path_figures
from fairlead.worlds.routing import RoutingSpec, RoutingWorld, routing_world

SPEC = RoutingSpec(site_count=10, group_count=60, demand_count=1_500, prefix_count=0, mean_rate_mbps=5.0)
GOAL = RouteGoal()


@pytest.fixture(scope="module")
def world() -> RoutingWorld:
    return routing_world(SPEC, 11)


def test_table_1_and_figure_5_against_plain_counting(world: RoutingWorld) -> None:
    cycles = [world.at(window) for window in (2, 2, 1, 0)]
    found = path_figures(cycles, GOAL)
    nothing = np.empty(0, dtype=np.int32)
    snapshot = with_paths(
        world.at(0).replaced(Direct.of(source_group=nothing, target_group=nothing, latency_ms=np.empty(0))), 10
    )
    demands, paths = snapshot[Demands], snapshot[Paths]
    demand: dict[tuple[int, int], float] = {}
    for source, target, rate in zip(demands.source_group, demands.target_group, demands.demand_mbps, strict=True):
        if source != target:
            demand[int(source), int(target)] = demand.get((int(source), int(target)), 0.0) + float(rate)
    ends = np.array(list(demand), dtype=np.int32)
    top = top_paths(snapshot, ends[:, 0].copy(), ends[:, 1].copy(), 10).path
    weight = np.array(list(demand.values()))
    for side, column in (("ingress_mean", paths.source), ("egress_mean", paths.target)):
        for k in COUNTED_K:
            counts = [len({int(column[path]) for path in row[:k] if path >= 0}) for row in top]
            assert found["sites_in_optimum"][side][str(k)] == pytest.approx(
                np.average(counts, weights=weight), abs=1e-3
            )
    excess = found["heuristic_above_exact"]
    assert 0 <= excess["mean_ms"] < 30
    assert 0 <= excess["mean_ratio"] < 0.5
    assert excess["mean_ms"] <= excess["p90_ms"] or excess["p90_ms"] == 0
    assert set(PAPER["heuristic_above_exact"]) <= set(excess)
    assert set(PAPER["sites_in_optimum"]["ingress_mean"]) == {str(k) for k in COUNTED_K}


def test_with_every_site_a_candidate_the_heuristic_is_exact() -> None:
    """Theorem 1, through these figures: four sites, four candidates."""
    world = routing_world(dataclasses.replace(SPEC, site_count=4), 1)
    excess = path_figures([world.at(0)], GOAL)["heuristic_above_exact"]
    assert excess["mean_ms"] == 0.0
    assert excess["missing_path_ratio"] == pytest.approx(0.0)


def test_the_last_cycle_is_judged_and_the_bandit_remembers_the_others(world: RoutingWorld) -> None:
    alone, after = path_figures([world.at(0)], GOAL), path_figures([world.at(3), world.at(0)], GOAL)
    assert alone["sites_in_optimum"] == after["sites_in_optimum"]
    assert alone["heuristic_above_exact"] != after["heuristic_above_exact"]


def test_no_cycle_is_our_own_mistake() -> None:
    with pytest.raises(AssertionError, match="cycle"):
        path_figures([], GOAL)
