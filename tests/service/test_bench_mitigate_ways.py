"""Every way of scaling has its row, and the rows say what they should on a network where all of it is small."""

from __future__ import annotations

from typing import Any

import pytest

from fairlead.model import Snapshot, apply_edits
from fairlead.predict.flows.clp import CLP_METRICS
from fairlead.service.bench_mitigate_ways import WAYS, segments_figures, ways_figures
from fairlead.worlds.fabric import figure_1, lossy_link

pytestmark = pytest.mark.slow


def sick() -> Snapshot:
    return apply_edits(figure_1(), lossy_link(figure_1(), "C0", "B0", 0.05))


@pytest.fixture(scope="module")
def figures() -> dict[str, Any]:
    return ways_figures(sick(), 0, 1)


def test_every_way_is_timed_beside_the_full_one(figures: dict[str, Any]) -> None:
    ways = figures["ways"]
    assert list(ways) == list(WAYS)
    assert {"warm_start", "fewer_epochs", "fast_max_min", "shorter_warm_up", "down_scaling_4", "all"} <= set(ways)
    assert ways["full"]["speedup"] == 1.0
    assert all(ways["full"][f"{name}_error_ratio"] == 0.0 for name in CLP_METRICS)
    mean = "throughput_mean_mbps_error_ratio"  # of so few flows a percentile is the luck of one
    assert ways["fast_max_min"][mean] < 0.02
    assert 0.0 < ways["warm_start"][mean] < ways["down_scaling_4"][mean]


def test_what_changes_nothing_says_so(figures: dict[str, Any]) -> None:
    assert figures["processes"]["bit_identical"]
    assert 0.0 < figures["incremental_re_routing"]["touched_ratio"] < 1.0
    assert set(figures["common_random_numbers"]) == {f"{name}_samples_spared_factor" for name in CLP_METRICS}


def test_the_race_says_what_it_spared_and_what_that_costs(figures: dict[str, Any]) -> None:
    found = figures["early_stop"]
    assert 0.0 <= found["spared_ratio"] < 1.0
    assert 0.0 <= found["fct_p99_s_penalty_ratio"] <= 0.1  # a tie at worst


def test_one_segment_is_the_whole() -> None:
    found = segments_figures(sick(), 0, 1)
    assert found["segments"] == 1
    assert found["bit_identical"]
    assert all(found[f"{name}_error_ratio"] == 0.0 for name in CLP_METRICS)
