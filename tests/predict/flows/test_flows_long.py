"""Long flows of a demand: units, the time before a flow has its share, the load of short ones, and any order."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from fabrics_small import figure_1, with_links
from hypothesis import given
from hypothesis import strategies as st
from transport_tables import tables

from fairlead.kernels.epochs_active import EXACT
from fairlead.kernels.epochs_use import alike
from fairlead.predict.flows.demand import Demand
from fairlead.predict.flows.fabric import fabric
from fairlead.predict.flows.long import (
    LEAST_LEFT_RATIO,
    LongFlows,
    LongOutcome,
    LongRule,
    background_mbps,
    long_flows,
)
from fairlead.predict.flows.long_startup import PAYLOAD_RATIO
from fairlead.predict.flows.routing import draw
from fairlead.predict.flows.sample import Meets, long_flows_of
from fairlead.predict.flows.transport import transport

FLUID = LongRule(epoch_s=np.inf, turnover_ratio=0.0, bits=EXACT)


def flows_on_one_link(start_s: list[float], size_mbit: list[float], **columns: object) -> LongFlows:
    """A link whose payload is 10 Mbit/s."""
    count = len(start_s)
    whole = LongFlows(
        links=np.zeros((count, 2), np.int32) - np.array([0, 1], np.int32),
        start_s=np.array(start_s),
        startup_s=np.zeros(count),
        size_bytes=np.array(size_mbit) * 125_000.0,
        ceiling_mbps=np.full(count, np.inf),
        pull=alike(count, 1),
        capacity_mbps=np.array([10.0 / PAYLOAD_RATIO]),
        background_mbps=np.zeros(1),
        probe_links=np.empty((0, 2), np.int32),
        probe_s=np.empty(0),
    )
    return replace(whole, **columns)


def outcome(flows: LongFlows, until_s: float = 100.0) -> LongOutcome:
    return long_flows(flows, FLUID, 0.0, until_s)


def test_throughput_is_size_over_completion_time() -> None:
    found = outcome(flows_on_one_link([0.0, 1.0], [20.0, 5.0]))
    assert found.finish_s == pytest.approx([2.5, 2.0])
    assert found.throughput_mbps == pytest.approx([8.0, 5.0])


def test_startup_counts_but_takes_no_capacity() -> None:
    """While the second one shakes hands the first has all."""
    found = outcome(flows_on_one_link([0.0, 1.0], [20.0, 5.0], startup_s=np.array([0.0, 1.0])))
    assert found.finish_s == pytest.approx([2.0, 2.5])
    assert found.throughput_mbps == pytest.approx([10.0, 5.0 / 1.5])


def test_those_that_are_not_done() -> None:
    found = outcome(flows_on_one_link([0.0, 6.0, 12.0], [1_000.0, 1_000.0, 1.0]), until_s=10.0)
    assert found.throughput_mbps == pytest.approx([(60 + 20) / 10, 20 / 4, np.nan], nan_ok=True)
    assert np.isnan(found.finish_s).all()


def test_who_is_under_way_when_it_begins_has_its_rest_to_send() -> None:
    flows = flows_on_one_link([-4.0, 1.0], [20.0, 5.0])
    found = long_flows(flows, FLUID, 0.0, 2.5)
    assert found.finish_s == pytest.approx([2.5, 2.0])
    assert found.delivered_bytes == pytest.approx([20 * 125_000.0, 5 * 125_000.0])
    cut = long_flows(flows, FLUID, 0.0, 1.0)
    assert cut.delivered_bytes == pytest.approx([10 * 125_000.0, 0.0])


def test_a_link_that_carries_nothing() -> None:
    found = outcome(flows_on_one_link([0.0], [1.0], capacity_mbps=np.zeros(1)))
    assert found.throughput_mbps.tolist() == [0.0]


def test_a_ceiling_is_for_life() -> None:
    found = outcome(flows_on_one_link([0.0, 0.0], [8.0, 8.0], ceiling_mbps=np.array([2.0, np.inf])))
    assert found.finish_s == pytest.approx([4.0, 1.0])


def test_short_flows_take_their_mean_load() -> None:
    probes = {"probe_links": np.array([[0, -1]] * 2, np.int32), "probe_s": np.array([9.0, 0.5])}
    flows = flows_on_one_link([0.0], [6.0], background_mbps=np.array([4.0 / PAYLOAD_RATIO]), **probes)
    found = outcome(flows)
    assert found.finish_s == pytest.approx([1.0])
    # the probes in their own order: first the one that comes late, when short flows are alone
    assert found.utilisation_ratio == pytest.approx(np.array([[0.4, 0.0], [1.0, 0.0]]))
    assert found.flow_count.tolist() == [[0.0, 0.0], [1.0, 0.0]]
    crowded = replace(flows, background_mbps=np.array([1e9]))
    assert outcome(crowded).throughput_mbps == pytest.approx([10 * LEAST_LEFT_RATIO])


@given(st.permutations(range(5)))
def test_the_order_of_the_rows_does_not_matter(order: list[int]) -> None:
    chance = np.random.default_rng(3)
    flows = flows_on_one_link(
        [0.0, 0.1, 0.2, 0.3, 0.4],
        [3.0, 1.0, 4.0, 1.0, 5.0],
        startup_s=chance.random(5),
        ceiling_mbps=chance.uniform(1, 9, 5),
        probe_links=np.zeros((5, 2), np.int32) - np.array([0, 1], np.int32),
        probe_s=chance.random(5),
    )
    columns = ("links", "start_s", "startup_s", "size_bytes", "ceiling_mbps", "probe_links", "probe_s")
    mixed = replace(flows, **{name: getattr(flows, name)[order] for name in columns})
    one, other = outcome(flows), outcome(mixed)
    for name in ("throughput_mbps", "finish_s", "utilisation_ratio", "flow_count"):
        assert np.array_equal(getattr(one, name)[order], getattr(other, name))


def demand(size_bytes: list[float]) -> Demand:
    """Flows from H0 to H7, of the small network, and back, in turn, one a second."""
    count, ends = len(size_bytes), np.array([0, 7], np.int32)
    return Demand(
        start_s=np.arange(count, dtype=np.float64),
        source=np.resize(ends, count),
        target=np.resize(ends[::-1], count),
        size_bytes=np.array(size_bytes),
        key=np.arange(count, dtype=np.uint64) + np.uint64(11),
    )


def test_a_sample_of_the_small_network() -> None:
    world = figure_1()
    lossy = with_links(world.snapshot, "drop_ratio", {world.link["H0", "C0"]: 0.05})
    state, flows = fabric(lossy), demand([1e6, 1e6, 1e4, 1e4])
    ways = draw(state, flows.source, flows.target, flows.key)
    long, short = np.array([0, 1]), np.array([2, 3])
    before = Meets(state=state, demand=flows, keys=flows.key, ways=ways)
    found = long_flows_of(before, 4.0, transport(tables()), "reno", long, short)
    assert np.array_equal(found.links, ways.links[:2])
    assert np.array_equal(found.probe_links, ways.links[2:])
    assert found.probe_s.tolist() == [2.0, 3.0]
    assert np.isfinite(found.ceiling_mbps[0])  # out of H0
    assert np.isinf(found.ceiling_mbps[1])
    # 1.5 round trips of 0.6 ms, and slow start up to the 16.7 packets that fill the way
    ratio = 1000 / 3 * PAYLOAD_RATIO * 0.6 * 125 / 1448 / 10
    assert found.startup_s[1] == pytest.approx(0.6e-3 * (1.5 + np.log2(ratio) - 1 + 1 / ratio), rel=1e-4)
    other = long_flows_of(replace(before, keys=flows.key + np.uint64(5)), 4.0, transport(tables()), "reno", long, short)
    assert other.ceiling_mbps[0] != found.ceiling_mbps[0]
    under_way = long_flows_of(
        replace(before, left_bytes=flows.size_bytes / 4), 4.0, transport(tables()), "reno", long, short
    )
    assert np.array_equal(under_way.size_bytes, [2.5e5, 2.5e5])
    assert np.array_equal(under_way.background_mbps, found.background_mbps)


def test_background_is_the_mean_load_of_short_flows() -> None:
    state, flows = fabric(figure_1().snapshot), demand([1e6, 1e5, 1e5, 1e6])
    ways = draw(state, flows.source, flows.target, flows.key)
    load = background_mbps(flows, ways, state.link_count, 10.0)
    assert load.sum() == pytest.approx(2 * 6 * 1e5 * 8e-6 / 10.0 / PAYLOAD_RATIO)
    assert set(np.flatnonzero(load)) == set(ways.links[1]) | set(ways.links[2])
