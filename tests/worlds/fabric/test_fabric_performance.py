"""Metrics of an outcome by hand."""

import numpy as np
import pytest
from fabric_lines import demand

from fairlead.worlds.fabric import Outcome, performance

NAN, INF = float("nan"), float("inf")


def outcome(finish_s: list[float], delivered: list[float], **columns: list[bool]) -> Outcome:
    count = len(finish_s)
    flags = {"reachable": [True] * count, "local": [False] * count} | columns
    return Outcome(
        finish_s=np.array(finish_s),
        delivered_bytes=np.array(delivered),
        **{name: np.array(values) for name, values in flags.items()},
        most_queued_bytes=np.zeros(1),
        horizon_s=10.0,
    )


def test_by_hand() -> None:
    # two short flows, three long ones; the last is not over at the horizon
    flows = demand([0.0, 1.0, 1.0, 2.0, 4.0], [0] * 5, [1] * 5, [1e3, 150e3, 1e6, 2e6, 9e6])
    seen = performance(outcome([0.5, 3.0, 3.0, 4.0, NAN], [1e3, 150e3, 1e6, 2e6, 3e6]), flows, 0.0, 5.0)
    assert seen.fct_p99_s == 2.0
    assert seen.throughput_p1_mbps == 4.0
    assert seen.throughput_mean_mbps == pytest.approx((4 + 8 + 4) / 3)


def test_the_window_counts_starts() -> None:
    flows = demand([0.0, 1.0, 2.0], [0] * 3, [1] * 3, [1e3] * 3)
    runs = outcome([9.0, 3.0, 5.0], [1e3] * 3)
    assert performance(runs, flows, 1.0, 2.0).fct_p99_s == 2.0
    assert performance(runs, flows, 0.0, 2.0).fct_p99_s == 9.0
    assert np.isnan(performance(runs, flows, 3.0, 4.0).fct_p99_s)
    assert np.isnan(performance(runs, flows, 0.0, 9.0).throughput_mean_mbps)


def test_without_a_way_and_without_a_network() -> None:
    flows = demand([0.0, 0.0, 0.0, 0.0], [0] * 4, [1] * 4, [1e3, 1e6, 1e6, 1e6])
    runs = outcome(
        [NAN, NAN, 1.0, NAN],
        [0.0, 0.0, 1e6, 0.0],
        reachable=[False, False, True, True],
        local=[False, False, False, True],
    )
    seen = performance(runs, flows, 0.0, 1.0)
    assert seen.fct_p99_s == INF
    assert seen.throughput_p1_mbps == 0.0
    assert seen.throughput_mean_mbps == pytest.approx(4.0)


def test_a_percentile_is_a_value_that_occurred() -> None:
    flows = demand([0.0] * 200, [0] * 200, [1] * 200, [1e3] * 200)
    seen = performance(outcome([float(n) / 100 for n in range(1, 201)], [1e3] * 200), flows, 0.0, 1.0)
    assert seen.fct_p99_s == 1.98
