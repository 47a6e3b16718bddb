"""The reproduction on cases small enough to check; the large ones run outside the tests."""

import json
import math

import pytest

from fairlead.model import Demands, Snapshot
from fairlead.planners.route.backbone import with_paths
from fairlead.planners.route.paths import top_paths
from fairlead.service.reproduce_route import (
    BANDIT,
    GOAL,
    METHODS,
    WARM_UP,
    ideally_routed,
    method_figures,
    reproduced,
)
from fairlead.service.route_cases import COURSES, Course, case_of
from fairlead.service.route_paper import PAPER
from fairlead.worlds.routing import RoutingSpec, RoutingWorld, routing_world
from fairlead.worlds.routing.experience import experienced, unlimited

SPEC = RoutingSpec(site_count=8, group_count=60, demand_count=800, prefix_count=0, mean_rate_mbps=5.0)
COURSE = Course(note="small", windows=(3, 4), ahead=1)


@pytest.fixture(scope="module")
def world() -> RoutingWorld:
    return routing_world(SPEC, 11)


@pytest.fixture(scope="module")
def figures(world: RoutingWorld) -> dict[str, dict[str, float]]:
    return {method: method_figures(world, COURSE, method) for method in METHODS}


def test_every_method_has_the_same_figures_and_json_takes_them(figures: dict[str, dict[str, float]]) -> None:
    assert len({tuple(row) for row in figures.values()}) == 1
    json.dumps(figures, allow_nan=False)
    for name, row in PAPER["methods"].items():
        ours = set(figures[name]) | {"load_std"}
        assert set(row) <= ours, f"{name}: a figure of the paper that has none beside it"


def test_the_oracle_is_never_beaten_on_latency(figures: dict[str, dict[str, float]]) -> None:
    oracle = figures["oracle"]
    assert oracle["suboptimality_median"] == 0.0
    assert oracle["utilisation_max"] is None
    for row in figures.values():
        for name in ("latency_p50_ms", "latency_p90_ms", "latency_p99_ms", "latency_above_200_ratio"):
            assert row[name] >= oracle[name] - 1e-9
        assert row["suboptimality_median"] >= 0


def test_the_order_of_the_methods_is_the_papers(figures: dict[str, dict[str, float]]) -> None:
    ours, nearby, direct = figures["fairlead"], figures["nearby"], figures["direct"]
    assert ours["suboptimality_median"] < nearby["suboptimality_median"]
    assert ours["hops_mean"] < nearby["hops_mean"]
    assert ours["sla_premium_ratio"] > max(nearby["sla_premium_ratio"], direct["sla_premium_ratio"])
    assert direct["hops_0_ratio"] == 1.0
    assert direct["hops_mean"] is None


def test_plans_are_scored_on_what_comes_after(world: RoutingWorld) -> None:
    """A window that nothing was planned with decides the figures, and its truth, not its measurements."""
    asked: list[tuple[str, int]] = []

    class Watched:
        def at(self, window: int) -> Snapshot:
            asked.append(("at", window))
            return world.at(window)

        def truth(self, window: int) -> Snapshot:
            asked.append(("truth", window))
            return world.truth(window)

    method_figures(Watched(), COURSE, "nearby")
    assert asked == [("at", 3), ("truth", 4), ("at", 4), ("truth", 5)]
    asked.clear()
    method_figures(Watched(), COURSE, BANDIT)
    assert asked[:WARM_UP] == [("at", max(0, 3 - early)) for early in range(WARM_UP, 0, -1)]
    assert asked[WARM_UP:] == [("at", 3), ("truth", 4), ("at", 4), ("truth", 5)]


def test_the_ideal_is_the_best_of_all_paths(world: RoutingWorld) -> None:
    truth = world.truth(2)
    best = experienced(unlimited(truth), ideally_routed(truth)).latency_ms
    demands = truth[Demands]
    assert best.shape == (800,)
    prepared = with_paths(truth, GOAL.backbone_count)
    exact = top_paths(prepared, demands.source_group, demands.target_group, 1).latency_ms[:, 0]
    apart = demands.source_group != demands.target_group
    assert best[apart] == pytest.approx(exact[apart])


def test_courses_stay_inside_their_cases() -> None:
    assert max(COURSES["planetlab"].windows) + COURSES["planetlab"].ahead <= 17
    assert max(COURSES["shadow"].windows) + COURSES["shadow"].ahead == 0
    assert min(COURSES["generated"].windows) >= WARM_UP
    for course in COURSES.values():
        assert list(course.windows) == sorted(set(course.windows))


def test_a_case_without_data_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    monkeypatch.setenv("FAIRLEAD_DATA", str(tmp_path))
    case_of.cache_clear()
    said: list[str] = []
    result = reproduced(11, 1, lambda name, done, total: said.append(name), {"shadow": COURSES["shadow"]})
    assert "FAIRLEAD_DATA" in result["shadow"]["missing"]
    assert "methods" not in result["shadow"]
    assert result["paper"] == PAPER
    assert not math.isnan(result["run"]["seed"])
    case_of.cache_clear()
