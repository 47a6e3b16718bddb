"""Delays of long flows on tiny cases that can be worked out by hand."""

from dataclasses import replace

import numpy as np
import pytest

from fairlead.kernels.draws import chances, mixed_keys
from fairlead.predict.flows.long_delays import CEILING, delayed_mbps, waiting_ms
from fairlead.predict.flows.short import ShortFlows
from fairlead.predict.flows.short_crowding import crowding_ratios, handshake_ratio
from fairlead.predict.flows.transport import shipped

COUNT = 20_000
LINKS = np.zeros((COUNT, 1), np.int32)


def met(
    size_bytes: float, loss_ratio: float = 0.0, utilisation_ratio: float = 0.0, flow_count: float = 0.0
) -> ShortFlows:
    """Many flows alike, over one link of 100 Mbit/s."""
    column = np.ones((COUNT, 1))
    return ShortFlows(
        size_bytes=np.full(COUNT, size_bytes),
        base_rtt_ms=np.full(COUNT, 0.6),
        loss_ratio=np.full(COUNT, loss_ratio),
        capacity_mbps=100.0 * column,
        buffer_bytes=150_000.0 * column,
        utilisation_ratio=utilisation_ratio * column,
        flow_count=flow_count * column,
        share_mbps=100.0 * 1448 / 1500 / np.maximum(flow_count, 1.0) * column,
        key=mixed_keys(np.arange(COUNT, dtype=np.uint64), 7),
    )


def at_start_ratio(flows: ShortFlows) -> np.ndarray:
    return crowding_ratios(flows, np.zeros(flows.capacity_mbps.shape, np.int32), shipped(), "cubic")[0]


def delayed(flows: ShortFlows, fluid: float, back: float = 0.0, startup_s: float = 0.0) -> np.ndarray:
    start, loss = np.full(COUNT, startup_s), np.full(COUNT, back)
    crowds = crowding_ratios(flows, LINKS, shipped(), "cubic")
    return delayed_mbps(np.full(COUNT, fluid), start, flows, crowds, loss, shipped(), "cubic")


def test_nothing_is_added_where_nothing_is_lost() -> None:
    found = delayed(met(1e6), 50.0, startup_s=0.01)
    assert found == pytest.approx(np.full(COUNT, 50.0))


def test_a_lost_answer_costs_a_second_as_often_as_it_is_lost() -> None:
    found = delayed(met(1e6), 80.0, back=0.1)  # 0.1 s in the fluid
    lasted = 8.0 / found
    assert (lasted < 0.11).mean() == pytest.approx(0.9, abs=0.01)
    assert (np.abs(lasted - 1.1) < 1e-6).mean() == pytest.approx(0.09, abs=0.01)
    assert (np.abs(lasted - 3.1) < 1e-6).mean() == pytest.approx(0.009, abs=0.003)


def test_full_queues_lose_few_handshakes_but_some() -> None:
    flows = met(1e6, utilisation_ratio=1.0, flow_count=32.0)
    crowd = at_start_ratio(flows)
    assert 0.02 < crowd[0] < 0.3
    lasted = 8.0 / delayed(flows, 80.0)
    assert (lasted > 1).mean() == pytest.approx(handshake_ratio(crowd)[0], abs=0.002)
    assert (lasted > 1).any()


def test_an_idle_link_neither_queues_nor_refuses() -> None:
    assert not waiting_ms(met(1e6), shipped(), "cubic").any()
    assert not at_start_ratio(met(1e6)).any()


def test_before_its_first_loss_no_ceiling_holds_a_flow_back() -> None:
    # 139 packets, of which one in twenty is lost; the ceiling for life is a few Mbit/s, the link has 100
    flows = met(2e5, loss_ratio=0.05)
    ceiling = shipped().ceiling_mbps("cubic", flows.loss_ratio, flows.base_rtt_ms, chances(flows.key, CEILING))
    none = np.zeros(COUNT)
    lasted = 1.6 / delayed_mbps(np.minimum(ceiling, 100.0), none, flows, (none, none), none, shipped(), "cubic")
    whole = 1.6 / ceiling
    assert (lasted < whole - 1e-6).mean() == pytest.approx(0.95**2, abs=0.01), "not without SYN and first packet"
    assert lasted.min() > 1.6 / 100, "no link is outrun"


def test_queues_on_the_way_lower_the_ceiling() -> None:
    alone, crowded = met(1e7, loss_ratio=0.05), met(1e7, loss_ratio=0.05, utilisation_ratio=1.0, flow_count=4.0)
    fast = 1e3  # the fluid knows no ceiling here
    assert np.median(delayed(crowded, fast)) < 0.7 * np.median(delayed(alone, fast))


def test_a_window_knows_but_one_loss() -> None:
    """A lossy way that leads through a full queue: faults and queue together, at the round trip with its waiting."""
    flows = met(1e7, loss_ratio=0.05, utilisation_ratio=1.0, flow_count=32.0)
    crowd = at_start_ratio(flows)
    assert 0.03 < crowd[0] < 0.13
    rtt_ms = flows.base_rtt_ms + waiting_ms(flows, shipped(), "cubic")
    both = 1 - 0.95 * (1 - crowd)
    ceiling = shipped().ceiling_mbps("cubic", both, rtt_ms, chances(flows.key, CEILING))
    # 6,900 packets: the first loss comes so early that all is sent under the ceiling
    assert np.median(delayed(flows, 1e3) / ceiling) == pytest.approx(1.0, abs=0.03)


def test_whom_others_hold_back_no_loss_makes_faster() -> None:
    less, more = (delayed(met(1e6, loss_ratio=loss), 40.0) for loss in (0.001, 0.0))
    assert np.all(less <= more + 1e-9)


def test_slow_flows_outlast_the_queues_that_they_find() -> None:
    """Half of the flows find the link full, half find it idle: faults slow both down alike."""
    flows = met(1e7, loss_ratio=0.05, flow_count=32.0)
    full = np.arange(COUNT) % 2 == 0
    half = replace(flows, utilisation_ratio=full[:, None].astype(float))
    at_start, lasting = crowding_ratios(half, LINKS, shipped(), "cubic")
    assert (at_start[~full] == 0).all()
    assert lasting == pytest.approx(np.full(COUNT, at_start[full][0] / 2))
    ceiling = shipped().ceiling_mbps("cubic", 1 - 0.95 * (1 - lasting), flows.base_rtt_ms, chances(flows.key, CEILING))
    assert np.median((delayed(half, 1e3) / ceiling)[~full]) == pytest.approx(1.0, abs=0.03)


def test_each_link_has_its_own_mean() -> None:
    flows, links = met(1e6, utilisation_ratio=1.0, flow_count=32.0), LINKS.copy()
    links[::2], links[:10] = 3, -1
    idle = replace(flows, utilisation_ratio=(links == 3).astype(float))
    at_start, lasting = crowding_ratios(idle, links, shipped(), "cubic")
    assert (lasting[links[:, 0] != 3] == 0).all()
    assert lasting[links[:, 0] == 3] == pytest.approx(at_start[links[:, 0] == 3])
