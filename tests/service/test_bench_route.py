"""What the routing bench reports, not how fast it is."""

from __future__ import annotations

import pytest

from fairlead.model import Demands, Snapshot
from fairlead.planners.route import RouteGoal, prepared
from fairlead.service.bench_route import alone, measured
from fairlead.service.bench_route_peers import _by_networkx, _by_rustworkx, _by_scipy, grouping_seconds
from fairlead.worlds.routing import SMALL_WORLD, routing_world

PHASES = {"backbone_s", "pairs_s", "paths_exact_s", "filter_s", "split_s", "plan_s", "tables_s", "publish_s"}


def test_a_size_reports_every_phase_and_what_was_proven() -> None:
    found = measured(400, 0, 1)
    assert set(found) >= PHASES | {"paths_candidates_s", "total_s", "mlu_gap", "mlu_gap_together", "rss_mb", "peers"}
    assert found["session_groups"] == 400
    assert 0 <= found["mlu_gap"] <= RouteGoal().gap_ratio
    assert found["mlu_floor_together"] <= found["mlu"]
    assert sum(found[phase] for phase in PHASES) <= found["total_s"]
    assert found["peers"]["panorama"]["mlu"] > 0
    assert found["peers"]["panorama"]["latency_above_exact_ms"] >= 0


def test_the_peers_agree_with_each_other() -> None:
    for module in ("networkx", "rustworkx"):
        pytest.importorskip(module)
    snapshot: Snapshot = prepared(routing_world(SMALL_WORLD, 1).at(0), RouteGoal())
    demands = snapshot[Demands]
    pairs = [
        (source, target)
        for source, target in zip(demands.source_group[:9].tolist(), demands.target_group[:9].tolist(), strict=True)
        if source != target
    ]
    lengths = [search(snapshot, pairs, 5) for search in (_by_scipy, _by_networkx, _by_rustworkx)]
    assert all(len(row) == 5 for row in lengths[0])
    for others in lengths[1:]:
        assert others == [pytest.approx(row) for row in lengths[0]]


def test_grouping_is_measured_once_compiled() -> None:
    found = grouping_seconds(2_000, 0)
    assert (found["prefixes"], found["groups"] > 10) == (2_000, True)


def test_a_process_of_its_own_gives_the_answer_back() -> None:
    assert alone(divmod, 17, 5) == (3, 2)
