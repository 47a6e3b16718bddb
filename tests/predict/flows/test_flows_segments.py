"""Stretches of a demand: each flow is measured in one, and what they find is what the whole finds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.kernels.draws import mixed_keys
from fairlead.model import Arrivals, Snapshot, apply_edits
from fairlead.predict.flows.demand import Demand, Sampling
from fairlead.predict.flows.estimate import Effort, FlowEstimator
from fairlead.predict.flows.sample import Observed, stitched
from fairlead.predict.flows.segments import segments
from fairlead.predict.flows.transport import shipped
from fairlead.worlds.fabric import figure_1, lossy_link

SAMPLING = Sampling(horizon_s=20.0, from_s=4.0, until_s=17.0)


def demand(start_s: np.ndarray) -> Demand:
    count = len(start_s)
    return Demand(
        start_s=np.sort(start_s),
        source=np.zeros(count, np.int32),
        target=np.ones(count, np.int32),
        size_bytes=np.full(count, 1e6),
        key=mixed_keys(np.arange(count, dtype=np.uint64), 3),
    )


@given(st.integers(1, 9), st.integers(0, 2**32))
def test_each_flow_is_measured_once_with_its_whole_neighbourhood(count: int, seed: int) -> None:
    whole = demand(np.random.default_rng(seed).uniform(0, 20, 300))
    measured = []
    for part in segments(whole, SAMPLING, count):
        at, flows = part.sampling, part.demand
        assert at.from_s == pytest.approx(4.0)
        assert at.horizon_s - at.until_s == pytest.approx(3.0)
        assert at.until_s - at.from_s == pytest.approx(13.0 / count)
        own = (flows.start_s >= at.from_s) & (flows.start_s < at.until_s)
        measured.append(flows.key[own])
        place = np.searchsorted(whole.start_s, whole.start_s[whole.key == flows.key[0]])
        begin_s = whole.start_s[place] - flows.start_s[0]
        around = (whole.start_s >= begin_s - 1e-9) & (whole.start_s < begin_s + at.horizon_s - 1e-9)
        assert abs(around.sum() - flows.flow_count) <= 1
    inside = (whole.start_s >= 4.0) & (whole.start_s < 17.0)
    assert np.array_equal(np.concatenate(measured), whole.key[inside])


def test_one_segment_is_the_whole() -> None:
    whole = demand(np.arange(20.0))
    (only,) = segments(whole, SAMPLING, 1)
    assert only.demand is whole
    assert only.sampling == SAMPLING


def sick() -> Snapshot:
    calm = figure_1().replaced(Arrivals.of(arrivals_per_s=[60.0]))
    return apply_edits(calm, lossy_link(calm, "C0", "B0", 0.05))


def values(count: int) -> np.ndarray:
    """[samples, metrics and the share cut off] of a sick network, each with the same flows."""
    effort = Effort(demand_count=2, sampling=Sampling(horizon_s=20.0, from_s=5.0, until_s=15.0), segment_count=count)
    estimate = FlowEstimator(effort=effort, transport=shipped(), congestion_control="cubic")
    (found,) = estimate([sick()], range(4))
    return np.column_stack([found.values, found.cut_off_ratio])


def test_an_estimate_in_segments_is_near_that_of_the_whole() -> None:
    """Each stretch starts from an empty network and so finds a little more room; samples keep their places."""
    whole, cut = values(1), values(3)
    assert cut[:, :2].mean(axis=0) == pytest.approx(whole[:, :2].mean(axis=0), rel=0.1)
    assert cut[:, 2] == pytest.approx(whole[:, 2], rel=0.03)
    assert np.corrcoef(cut[:, 2], whole[:, 2])[0, 1] > 0.9
    assert not np.array_equal(cut, whole)


def test_metrics_are_over_all_flows_of_all_segments() -> None:
    chance = np.random.default_rng(1)
    times, rates = chance.random(500), chance.random(300)
    whole = Observed(fct_s=times, throughput_mbps=rates, cut_off_count=4)
    parts = [
        Observed(fct_s=times[:490], throughput_mbps=rates[:10], cut_off_count=1),
        Observed(fct_s=times[490:], throughput_mbps=rates[10:], cut_off_count=3),
        Observed(fct_s=times[:0], throughput_mbps=rates[:0], cut_off_count=0),
    ]
    metrics, lost = stitched(parts)
    assert np.array_equal(metrics, stitched([whole])[0])
    assert metrics[0] == np.sort(times)[494]
    assert lost == 4 / 800
    nothing, no_loss = stitched(parts[2:])
    assert np.isnan(nothing).all()
    assert no_loss == 0.0


def test_segments_are_shards_and_who_maps_them_does_not_show() -> None:
    effort = Effort(demand_count=2, sampling=Sampling(horizon_s=3.0, from_s=0.5, until_s=2.5), segment_count=3)
    seen: list[int] = []

    def backwards(fn, shards):  # type: ignore[no-untyped-def]
        seen.append(len(shards))
        return [fn(shard) for shard in shards[::-1]][::-1]

    estimate = FlowEstimator(effort=effort, transport=shipped(), congestion_control="cubic")
    (one,), (other,) = estimate([sick()], range(3)), replace(estimate, mapper=backwards)([sick()], range(3))
    assert seen == [6]
    assert np.array_equal(one.values, other.values)
