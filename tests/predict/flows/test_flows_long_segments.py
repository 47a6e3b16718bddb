"""Segments computed apart against the whole."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from fairlead.predict.flows.long import LongFlows, LongOutcome, LongRule, long_flows
from fairlead.predict.flows.long_segments import segment_outcome, segments, stitch

RULE = LongRule(turnover_ratio=0.0)


def traffic(seed: int, horizon_s: float = 40.0) -> LongFlows:
    """Flows of 0.15 to 6 MB between 8 servers on their up and down links, at half load, and probes."""
    chance = np.random.default_rng(seed)
    count = int(60 * horizon_s)
    source = chance.integers(0, 8, count)
    target = (source + chance.integers(1, 8, count)) % 8
    return LongFlows(
        links=np.stack([source, 8 + target], axis=1).astype(np.int32),
        start_s=chance.uniform(0, horizon_s, count),
        startup_s=np.full(count, 1e-3),
        size_bytes=np.exp(chance.uniform(np.log(150e3), np.log(6e6), count)),
        ceiling_mbps=np.where(chance.random(count) < 0.1, 20.0, np.inf),
        capacity_mbps=np.full(16, 333.0),
        background_mbps=np.full(16, 3.0),
        probe_links=np.stack([source, 8 + target], axis=1)[:500].astype(np.int32),
        probe_s=chance.uniform(0, horizon_s, 500),
    )


def stitched(flows: LongFlows, count: int, warm_s: float, tail_s: float) -> LongOutcome:
    parts = segments(flows, RULE, 10.0, 30.0, count=count, warm_s=warm_s, tail_s=tail_s)
    parts = pickle.loads(pickle.dumps(parts[::-1]))  # as a process pool has them, in any order
    return stitch(flows, parts, [segment_outcome(part) for part in parts])


def test_one_segment_with_all_before_and_after_is_the_whole() -> None:
    flows = traffic(1)
    whole, found = long_flows(flows, RULE, 0.0, 40.0), stitched(flows, 1, 10.0, 10.0)
    own = (flows.start_s >= 10) & (flows.start_s < 30)
    seen = (flows.probe_s >= 10) & (flows.probe_s < 30)
    assert np.array_equal(found.throughput_mbps[own], whole.throughput_mbps[own])
    assert np.array_equal(found.utilisation_ratio[seen], whole.utilisation_ratio[seen])
    assert np.isnan(found.throughput_mbps[~own]).all()
    assert np.isnan(found.finish_s[~own]).all()
    assert found.flow_count[~seen].sum() == 0


def test_many_segments_are_near_the_whole() -> None:
    flows = traffic(2)
    whole, found = long_flows(flows, RULE, 0.0, 40.0), stitched(flows, 5, 2.0, 3.0)
    own = (flows.start_s >= 10) & (flows.start_s < 30)
    assert not np.isnan(found.throughput_mbps[own]).any()
    assert np.abs(found.throughput_mbps[own] / whole.throughput_mbps[own] - 1).mean() < 0.01
    for level in (0.01, 0.5):
        assert np.quantile(found.throughput_mbps[own], level) == pytest.approx(
            np.quantile(whole.throughput_mbps[own], level), rel=0.01
        )
    seen = (flows.probe_s >= 10) & (flows.probe_s < 30)
    assert np.abs(found.flow_count[seen] - whole.flow_count[seen]).mean() < 0.05


def test_without_a_warm_up_the_network_is_too_empty() -> None:
    """What the warm-up is for: cut many times and not warmed up, flows look faster than they are."""
    flows = traffic(3)
    own = (flows.start_s >= 10) & (flows.start_s < 30)
    whole = long_flows(flows, RULE, 0.0, 40.0).throughput_mbps[own].mean()
    cold = stitched(flows, 40, 0.0, 3.0).throughput_mbps[own].mean()
    warm = stitched(flows, 40, 2.0, 3.0).throughput_mbps[own].mean()
    assert abs(warm / whole - 1) < 0.005 < 0.02 < cold / whole - 1
