"""A demand on the fabric of namespaces gives the simulator's outcome, with real connections."""

from __future__ import annotations

import numpy as np
import pytest
from testbed_ground import needs_testbed

from fairlead.model import Arrivals, FabricLinks, Nodes, Placements, UsageError
from fairlead.worlds.fabric.performance import performance
from fairlead.worlds.fabric.topologies import figure_1
from fairlead.worlds.fabric.traffic import Trace
from fairlead.worlds.testbed.trial import hosts, run, slower

FIGURE_1 = figure_1()
NAMES = list(FIGURE_1[Nodes].node)


def trace(*flows: tuple[float, str, str, float]) -> Trace:
    start_s, source, target, size_bytes = zip(*flows, strict=True)
    return Trace(
        start_s=np.array(start_s),
        source=np.array([NAMES.index(name) for name in source], np.int32),
        target=np.array([NAMES.index(name) for name in target], np.int32),
        size_bytes=np.array(size_bytes),
    )


def moved(workload: str, host: str) -> Placements:
    placements = FIGURE_1[Placements]
    new = placements.host.copy()
    new[list(placements.server).index(NAMES.index(workload))] = NAMES.index(host)
    return placements.with_column("host", new)


def test_slower_keeps_utilisation() -> None:
    slow = slower(FIGURE_1, 10.0)
    assert slow[FabricLinks].capacity_mbps == pytest.approx(FIGURE_1[FabricLinks].capacity_mbps / 10)
    assert slow[Arrivals].arrivals_per_s == pytest.approx(FIGURE_1[Arrivals].arrivals_per_s / 10)
    assert (slow[FabricLinks].delay_ms == FIGURE_1[FabricLinks].delay_ms).all()


def test_hosts_follow_the_placements() -> None:
    source, target = hosts(FIGURE_1.replaced(moved("H1", "H6")), trace((0.0, "H1", "H2", 1.0), (0.1, "H2", "H1", 1.0)))
    assert [NAMES[row] for row in source] == ["H6", "H2"]
    assert [NAMES[row] for row in target] == ["H2", "H6"]


@needs_testbed
def test_flows_finish_take_as_long_as_their_bytes_need_and_metrics_come_out() -> None:
    slow = slower(FIGURE_1, 10.0)
    flows = trace((0.0, "H0", "H7", 1_000.0), (0.05, "H1", "H3", 4_000_000.0), (0.1, "H4", "H6", 100_000.0))
    got = run(slow, flows, 4.0, "cubic")
    assert np.isfinite(got.finish_s).all()
    assert (got.delivered_bytes == flows.size_bytes).all()
    assert got.reachable.all()
    assert not got.local.any()
    least_s = flows.size_bytes * 8 / (333.34e6 / 10)
    assert (got.finish_s - flows.start_s > 0.95 * least_s).all()
    told = performance(got, flows, 0.0, 4.0)
    assert told.throughput_mean_mbps == pytest.approx(4e6 * 8e-6 / (got.finish_s[1] - 0.05))


@needs_testbed
@pytest.mark.timing
def test_a_flow_alone_on_its_way_fills_it() -> None:
    got = run(slower(FIGURE_1, 10.0), trace((0.0, "H1", "H3", 4_000_000.0)), 4.0, "cubic")
    assert got.finish_s[0] < 1.25 * 4e6 * 8 / (333.34e6 / 10)


@needs_testbed
def test_at_the_horizon_what_has_arrived_counts() -> None:
    flows = trace((0.0, "H0", "H7", 50_000_000.0), (5.0, "H0", "H7", 1_000.0))
    got = run(slower(FIGURE_1, 10.0), flows, 1.5, "reno")
    assert np.isnan(got.finish_s).all()
    assert 0 < got.delivered_bytes[0] < 1.5 * 33.4e6 / 8
    assert got.delivered_bytes[1] == 0  # starts after the horizon


@needs_testbed
def test_local_and_cut_off_flows_are_told_apart() -> None:
    links = FIGURE_1[FabricLinks]
    ends = links.target != NAMES.index("H3")
    snapshot = FIGURE_1.replaced(moved("H1", "H0"), links.with_column("up", ends & links.up))
    flows = trace((0.0, "H0", "H1", 1_000.0), (0.1, "H3", "H0", 1_000.0), (0.2, "H0", "H3", 1_000.0))
    got = run(snapshot, flows, 1.0, "cubic")
    assert got.local.tolist() == [True, False, False]
    assert got.reachable.tolist() == [True, False, False]  # H3 is heard, but hears no acknowledgement
    assert np.isnan(got.finish_s[1:]).all()
    assert performance(got, flows, 0.0, 1.0).fct_p99_s == np.inf


@needs_testbed
def test_an_unknown_congestion_control_is_refused_before_anything_is_built() -> None:
    with pytest.raises(Exception, match="does not have pigeon") as told:
        run(FIGURE_1, trace((0.0, "H0", "H1", 1.0)), 1.0, "pigeon")
    assert not isinstance(told.value, UsageError)
