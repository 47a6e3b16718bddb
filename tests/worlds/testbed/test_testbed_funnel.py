"""At the bottleneck a packet waits for what stands before it: nothing, little, or a full buffer."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from testbed_ground import needs_testbed

from fairlead.worlds.testbed.funnel import Funnel, FunnelSpec, Waited, funnel, waited

SPEC = FunnelSpec(rate_mbps=20.0, buffer_bytes=60_000.0, round_trip_ms=2.0, senders=4)
FULL_MS = SPEC.buffer_bytes * 8e-3 / SPEC.rate_mbps


@pytest.fixture(scope="module")
def made() -> Iterator[Funnel]:
    with funnel(SPEC) as standing:
        yield standing


def waits(made: Funnel, flow_count: int, utilisation_ratio: float) -> Waited:
    times_s = (0.7, 0.6, 0.01)
    (answer,) = waited([made], ["reno"], (flow_count, utilisation_ratio), times_s, np.random.default_rng(5), 50)
    return answer


@needs_testbed
def test_an_idle_bottleneck_adds_its_delay_alone(made: Funnel) -> None:
    idle = waits(made, 0, 0.0)
    assert idle.lost_count == 0
    assert idle.carried_mbps == 0
    assert len(idle.delay_ms) == 60
    assert idle.delay_ms.min() >= 1.0


@needs_testbed
@pytest.mark.timing
def test_an_idle_bottleneck_adds_hardly_more_than_its_delay(made: Funnel) -> None:
    assert np.median(waits(made, 0, 0.0).delay_ms) < 1.0 + 2.0


@needs_testbed
@pytest.mark.timing
def test_flows_held_back_use_their_share_and_hardly_queue(made: Funnel) -> None:
    half = waits(made, 2, 0.5)
    assert half.carried_mbps * 1500 / 1448 == pytest.approx(10.0, rel=0.1)
    assert np.median(half.delay_ms) < 1.0 + FULL_MS / 3


@needs_testbed
def test_flows_that_nothing_holds_back_queue(made: Funnel) -> None:
    full = waits(made, 4, 1.0)
    assert full.carried_mbps * 1500 / 1448 < 20.0 * 1.1
    assert np.median(full.delay_ms) > 1.0 + FULL_MS / 3


@needs_testbed
@pytest.mark.timing
def test_flows_that_nothing_holds_back_fill_rate_and_buffer(made: Funnel) -> None:
    full = waits(made, 4, 1.0)
    assert full.carried_mbps * 1500 / 1448 == pytest.approx(20.0, rel=0.1)
    assert np.median(full.delay_ms) < 1.0 + FULL_MS + 3.0
