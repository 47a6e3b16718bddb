"""Completion times of short flows: closed forms, packet by packet, and draws against the combined distribution."""

from __future__ import annotations

import heapq
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from transport_tables import TIME_OUT_MS, tables

from fairlead.predict.flows.short import ShortFlows, fct_quantiles_s, fct_s
from fairlead.predict.flows.transport import transport

RENO = transport(tables())
PACKET_MS = 1500 * 8e-3  # at 1 Mbit/s


def flows(count: int = 1, hops: int = 2, **changed: float) -> ShortFlows:
    """Equal flows of 14,480 bytes over idle links of 1 Gbit/s with a base round trip of 1 ms and no loss."""
    of_flow = {"size_bytes": 14_480.0, "base_rtt_ms": 1.0, "loss_ratio": 0.0}
    of_hop = {"capacity_mbps": 1000.0, "buffer_bytes": 150_000.0, "utilisation_ratio": 0.0, "flow_count": 0.0}
    of_hop["share_mbps"] = np.inf
    columns = {name: np.full(count, changed.get(name, value)) for name, value in of_flow.items()}
    columns |= {name: np.full((count, hops), changed.get(name, value)) for name, value in of_hop.items()}
    return ShortFlows(**columns, key=np.random.default_rng(4).integers(0, 2**64, count, dtype=np.uint64))


def packet_by_packet_ms(packets: int, delay_ms: float, packet_ms: float, initial_window: int) -> float:
    """Slow start over one link: each acknowledgement opens the window by one and lets two packets go. FCT in ms.

    The handshake takes a round trip; a packet that finds the link idle passes at once and keeps it busy for
    ``packet_ms`` (a shaper with a bucket of one packet), then takes ``delay_ms``; its acknowledgement takes as long.
    """
    waiting = [2 * delay_ms] * min(initial_window, packets)  # when packets may enter the queue
    sent, free_ms, last_ms = len(waiting), 0.0, 0.0
    heapq.heapify(waiting)
    while waiting:
        ready_ms = heapq.heappop(waiting)
        leaves_ms = max(free_ms, ready_ms)
        free_ms, last_ms = leaves_ms + packet_ms, leaves_ms + delay_ms
        for _ in range(min(2, packets - sent)):
            heapq.heappush(waiting, last_ms + delay_ms)
            sent += 1
    return last_ms


@given(st.integers(1, 104), st.floats(0.05, 20), st.floats(1.0, 2_000))
def test_slow_start_through_one_link_is_exact(packets: int, delay_ms: float, mbps: float) -> None:
    """Loss-free and alone, whatever fills the pipe first."""
    lone = flows(hops=1, size_bytes=packets * 1448.0, base_rtt_ms=2 * delay_ms, capacity_mbps=mbps)
    expected = packet_by_packet_ms(packets, delay_ms, PACKET_MS / mbps, 10)
    assert fct_s(lone, RENO, "reno") * 1e3 == pytest.approx([expected], rel=1e-9)


def test_the_narrowest_hop_sends() -> None:
    """Capacities of a way do not add up, and a hop that is not there is infinitely wide."""
    way = flows(hops=3)
    way = replace(way, capacity_mbps=np.array([[100.0, 50.0, np.inf]]))
    assert fct_s(way, RENO, "reno") == fct_s(flows(hops=1, capacity_mbps=50.0), RENO, "reno")


@pytest.mark.parametrize(("utilisation", "count"), [(0.75, 9.0), (1.0, 3.0), (1.0, 50.0)])
def test_a_burst_leaves_among_what_others_put_in(utilisation: float, count: float) -> None:
    """A queue knows no flows: half the speed of the link when it is full, however many fill it."""
    busy = flows(hops=1, capacity_mbps=1000.0, utilisation_ratio=utilisation, flow_count=count, buffer_bytes=0.0)
    extra = fct_s(busy, RENO, "reno") - fct_s(flows(hops=1, capacity_mbps=1000.0), RENO, "reno")
    assert extra * 1e3 == pytest.approx([9 * PACKET_MS / 1000 * utilisation])


def test_waiting_is_on_the_way_there() -> None:
    """A one-packet flow waits once for its SYN and once for its packet, each as long as the queue is."""
    count = 4_000
    queue = flows(count, hops=1, size_bytes=1448.0, utilisation_ratio=0.5, flow_count=1.0, capacity_mbps=1e3)
    idle = flows(count, hops=1, size_bytes=1448.0)
    wait_ms = (fct_s(queue, RENO, "reno") - fct_s(idle, RENO, "reno")) * 1e3
    full_ms = 150_000 * 8e-3 / 1e3
    assert wait_ms.max() <= 2 * 0.4 * full_ms + 1e-9
    assert wait_ms.mean() == pytest.approx(2 * 0.2 * full_ms, rel=0.03)  # uniform between 0 and 0.4 of a queue


def test_loss_strikes_as_often_as_measured() -> None:
    count = 20_000
    clean = fct_s(flows(count, size_bytes=1448.0), RENO, "reno")
    assert (clean < 0.1).all()
    faulty = fct_s(flows(count, size_bytes=1448.0, loss_ratio=0.1), RENO, "reno")
    share = (faulty > TIME_OUT_MS / 1e3).mean()
    assert share == pytest.approx(0.1, abs=0.03)  # levels of the table are coarse


def test_no_way_never_ends() -> None:
    some = replace(flows(3), loss_ratio=np.array([0.0, np.nan, 0.0]))
    found = fct_s(some, RENO, "reno")
    assert np.isinf(found).tolist() == [False, True, False]
    assert np.isinf(fct_s(replace(some, loss_ratio=np.full(3, np.nan)), RENO, "reno")).all()
    assert len(fct_s(flows(0), RENO, "reno")) == 0


def test_luck_follows_from_the_key() -> None:
    many = flows(200, loss_ratio=0.05, utilisation_ratio=0.9, flow_count=3.0)
    found = fct_s(many, RENO, "reno")
    order = np.random.default_rng(0).permutation(200)
    turned = ShortFlows(**{name: getattr(many, name)[order] for name in ShortFlows.__dataclass_fields__})
    assert (fct_s(turned, RENO, "reno") == found[order]).all()
    assert len(np.unique(found)) > 100


@pytest.mark.parametrize(
    "meets",
    [
        {"loss_ratio": 0.03},
        {"loss_ratio": 0.03, "utilisation_ratio": 0.8, "flow_count": 5.0},
        {"size_bytes": 120_000.0, "loss_ratio": 0.004, "utilisation_ratio": 1.0, "flow_count": 16.0},
        {"size_bytes": 1_448.0, "utilisation_ratio": 0.6, "flow_count": 1.0, "capacity_mbps": 50.0},
    ],
)
def test_draws_have_the_combined_distribution(meets: dict[str, float]) -> None:
    """Drawing from the parts, and combining their probabilities: the same distribution (DKW, wrong once in 10,000)."""
    count = 30_000
    drawn = np.sort(fct_s(flows(count, hops=3, **meets), RENO, "reno"))
    levels = np.arange(1, 100) / 100
    combined = fct_quantiles_s(flows(1, hops=3, **meets), RENO, "reno", levels)[0]
    below = np.searchsorted(drawn, combined * (1 - 1e-3), side="left") / count
    above = np.searchsorted(drawn, combined * (1 + 1e-3), side="right") / count
    bound = np.sqrt(np.log(2 / 1e-4) / (2 * count)) + 0.008  # and the points that stand for each part
    assert (below <= levels + bound).all()
    assert (above >= levels - bound).all()
