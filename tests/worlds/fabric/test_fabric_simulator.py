"""The reference simulator: closed forms, conservation, fairness, and that equal input gives equal output."""

import numpy as np
import pytest
from fabric_lines import alone, demand, endless, line
from hypothesis import given, settings
from hypothesis import strategies as st

from fairlead.model import Edit, Placements, UsageError, apply_edits
from fairlead.worlds.fabric import cut_link, figure_1, lossy_link, lossy_switch, performance, simulate, trace

CONTROLS = ("reno", "cubic", "bbr")
GOODPUT = 1448 / 1500  # payload of a full packet


@pytest.mark.parametrize("control", CONTROLS)
def test_one_flow_fills_a_link(control: str) -> None:
    run = simulate(line(capacity_mbps=333.0), endless(), 20.0, 1, control)
    assert run.delivered_bytes[0] * 8e-6 / 20 == pytest.approx(333 * GOODPUT, rel=0.04)


@pytest.mark.parametrize("control", ["reno", "cubic"])
@pytest.mark.parametrize("count", [2, 4, 10])
def test_flows_share_a_link_fairly(control: str, count: int) -> None:
    run = simulate(line(count), endless(count), 30.0, 1, control)
    share = run.delivered_bytes * 8e-6 / 30
    assert share.sum() == pytest.approx(1000 / 3 * GOODPUT, rel=0.01)
    assert share.min() / share.max() > 0.85


def slow_start_s(packets: int, rtt_ms: float, capacity_mbps: float) -> float:
    """Handshake, rounds of 10, 20, 40 ... packets, half a round trip, and the last round at line rate."""
    rtt_s, rounds, window = rtt_ms / 1e3, 0, 10
    while packets > window:
        packets, rounds, window = packets - window, rounds + 1, 2 * window
    return rtt_s * (1 + rounds + 0.5) + (packets - 1) * 1500 * 8 / capacity_mbps / 1e6


@pytest.mark.parametrize("packets", [1, 2, 10, 11, 30, 31, 70, 104])
@pytest.mark.parametrize("rtt_ms", [0.5, 10.0])
def test_a_lone_short_flow_has_the_closed_form(packets: int, rtt_ms: float) -> None:
    wide = line(capacity_mbps=10_000.0, rtt_ms=rtt_ms)
    run = alone(wide, packets * 1448.0, "reno", 1)
    assert run.finish_s[0] == pytest.approx(slow_start_s(packets, rtt_ms, 10_000.0), rel=1e-6)


def test_a_lost_handshake_costs_a_second_then_two() -> None:
    drop = 0.3
    run = alone(line(capacity_mbps=10_000.0, drop_ratio=drop), 1.0, "cubic", 4000)
    seconds = np.floor(run.finish_s - 1000.0 * np.arange(4000) + 0.1)
    for waited, share in ((0, 1 - drop), (1, drop * (1 - drop)), (3, drop**2 * (1 - drop))):
        # data are lost as well, but that costs far less than a second
        assert (seconds == waited).mean() == pytest.approx(share, abs=0.03)


def test_a_full_queue_counts_bytes_so_handshakes_fit() -> None:
    pairs, count = 12, 1500
    crowded = line(pairs, buffer_bytes=15_000.0)
    busy = endless(pairs)
    start_s = np.linspace(2.0, 30.0, count)
    flows = demand(
        [*busy.start_s, *start_s],
        [*busy.source, *[0] * count],
        [*busy.target, *[pairs] * count],
        [*busy.size_bytes, *[1448.0] * count],
    )
    fct_s = simulate(crowded, flows, 60.0, 3, "reno").finish_s[pairs:] - start_s
    refused_data, refused_syn = ((fct_s > 0.15) & (fct_s < 0.9)).mean(), (fct_s > 0.9).mean()
    assert refused_data > 0.01
    assert refused_syn < 0.3 * refused_data


def test_a_lone_lost_packet_costs_a_time_out() -> None:
    drop = 0.1
    run = alone(line(capacity_mbps=10_000.0, drop_ratio=drop, rtt_ms=1.0), 1.0, "cubic", 4000)
    fct_s = run.finish_s - 1000.0 * np.arange(4000)
    hit = (fct_s > 0.15) & (fct_s < 0.9)
    assert hit.mean() == pytest.approx((1 - drop) * drop, abs=0.02)
    assert 0.2 < np.median(fct_s[hit]) < 0.215


def test_two_packets_by_the_tree_of_what_can_happen() -> None:
    kept, count = 0.6, 8000
    run = alone(line(capacity_mbps=10_000.0, drop_ratio=1 - kept, rtt_ms=1.0), 2 * 1448.0, "cubic", count)
    fct_s = run.finish_s - 1000.0 * np.arange(count)
    lost = 1 - kept
    at_once = kept * kept**2  # the handshake is not lost, nor is a packet
    shown_by_the_second = kept * lost * kept * kept  # and sent again with success; 4 to 8 ms of timer
    probed_for = kept * lost**2 * kept * kept  # both lost: the probe arrives, and so does the other one
    assert (fct_s < 3e-3).mean() == pytest.approx(at_once, abs=0.02)
    assert (fct_s < 0.1).mean() == pytest.approx(at_once + shown_by_the_second + probed_for, abs=0.02)


@pytest.mark.parametrize("node", ["H0", "H1", "C0", "B0"])
def test_every_node_on_the_way_drops_there_and_back(node: str) -> None:
    healthy = line(capacity_mbps=10_000.0)
    lossy = apply_edits(healthy, lossy_switch(healthy, node, 0.3))
    run = alone(lossy, 1.0, "cubic", 3000)
    at_once = (run.finish_s - 1000.0 * np.arange(3000) < 0.01).mean()
    assert at_once == pytest.approx(0.7**3, abs=0.04)  # SYN, SYN-ACK, data


@settings(max_examples=15, deadline=None)
@given(
    st.sampled_from(CONTROLS),
    st.sampled_from([0.0, 1e-3, 5e-2, 0.3]),
    st.sampled_from([3000.0, 30_000.0, 150_000.0]),
    st.integers(0, 1000),
)
def test_bytes_are_conserved_and_queues_stay_in_their_buffers(
    control: str, drop_ratio: float, buffer_bytes: float, seed: int
) -> None:
    pairs = 4
    snapshot = line(pairs, drop_ratio=drop_ratio, buffer_bytes=buffer_bytes)
    chance = np.random.default_rng(seed)
    count = 40
    flows = demand(
        np.sort(chance.uniform(0, 0.5, count)).tolist(),
        chance.integers(0, pairs, count).tolist(),
        chance.integers(pairs, 2 * pairs, count).tolist(),
        np.ceil(10 ** chance.uniform(2, 6, count)).tolist(),
    )
    early, late = (simulate(snapshot, flows, horizon_s, seed, control) for horizon_s in (0.6, 600.0))
    over = ~np.isnan(late.finish_s)
    assert over.mean() > 0.95  # at a loss of 0.3 a few wait for their last time-outs
    assert np.array_equal(late.delivered_bytes[over], flows.size_bytes[over])
    assert (early.delivered_bytes <= flows.size_bytes).all()
    assert (early.delivered_bytes[~np.isnan(early.finish_s)] == flows.size_bytes[~np.isnan(early.finish_s)]).all()
    assert (late.most_queued_bytes <= buffer_bytes * (1 + 1e-9)).all()
    # no flow is faster than its line and the round trips that it needs, no link carries more than it can
    fct_s = (late.finish_s - flows.start_s)[over]
    assert (fct_s >= 0.6e-3 - 1e-9).all()
    assert early.delivered_bytes.sum() * 8e-6 / 0.6 <= 1000 / 3


def test_what_a_run_began_with_stays_when_the_horizon_moves() -> None:
    snapshot, flows = figure_1(), trace(figure_1(), 3, 4.0)
    short, long = (simulate(snapshot, flows, horizon_s, 3, "cubic") for horizon_s in (4.0, 40.0))
    over = ~np.isnan(short.finish_s)
    assert over.any()
    assert not over.all()
    assert np.array_equal(short.finish_s[over], long.finish_s[over])
    assert (long.finish_s[~over] > 4.0).all()


def test_the_same_seed_gives_the_same_outcome() -> None:
    snapshot, flows = figure_1(), trace(figure_1(), 1, 5.0)
    first, second, third = (simulate(snapshot, flows, 20.0, seed, "cubic") for seed in (5, 5, 6))
    assert np.array_equal(first.finish_s, second.finish_s, equal_nan=True)
    assert not np.array_equal(first.finish_s, third.finish_s, equal_nan=True)


def test_a_flow_keeps_its_luck_when_others_change() -> None:
    # two flows that never meet: taking the second away changes nothing for the first
    snapshot = apply_edits(figure_1(), lossy_link(figure_1(), "C0", "B0", 0.05))
    both = demand([0.0, 5.0], [0, 4], [2, 6], [1e6, 1e6])
    one = demand([0.0], [0], [2], [1e6])
    assert (
        simulate(snapshot, both, 60.0, 9, "cubic").finish_s[0] == simulate(snapshot, one, 60.0, 9, "cubic").finish_s[0]
    )


def test_flows_without_a_way_and_flows_at_home() -> None:
    healthy = figure_1()
    cuts = [edit for ends in (("C0", "B0"), ("C0", "B1")) for edit in cut_link(healthy, *ends)]
    moved = Edit(
        action="move_traffic",
        table=Placements.name,
        column="host",
        rows=np.array([2, 3]),
        after=np.array([4, 4], dtype=np.int32),
    )
    snapshot = apply_edits(healthy, [*cuts, moved])
    # out of the cut rack; inside it; between two workloads that now share a server; from a moved one to a third
    flows = demand([0.0] * 4, [0, 0, 2, 2], [7, 1, 3, 6], [1e4] * 4)
    run = simulate(snapshot, flows, 10.0, 1, "cubic")
    assert run.reachable.tolist() == [False, True, True, True]
    assert run.local.tolist() == [False, False, True, False]
    assert np.isnan(run.finish_s).tolist() == [True, False, True, False]
    assert run.delivered_bytes.tolist() == [0.0, 1e4, 0.0, 1e4]


def test_loss_and_congestion_hurt_and_healthy_is_best() -> None:
    healthy = figure_1()
    states = {
        "healthy": healthy,
        "lossy": apply_edits(healthy, lossy_link(healthy, "C0", "B0", 0.05)),
        "cut": apply_edits(healthy, cut_link(healthy, "C0", "B0")),
    }
    flows = trace(healthy, 2, 30.0)
    seen = {
        name: performance(simulate(state, flows, 50.0, 2, "cubic"), flows, 5.0, 30.0) for name, state in states.items()
    }
    for worse in ("lossy", "cut"):
        assert seen[worse].fct_p99_s > 2 * seen["healthy"].fct_p99_s
        assert seen[worse].throughput_p1_mbps < 0.7 * seen["healthy"].throughput_p1_mbps
        assert seen[worse].throughput_mean_mbps < 0.95 * seen["healthy"].throughput_mean_mbps


def test_an_unknown_congestion_control_is_refused() -> None:
    with pytest.raises(UsageError, match="vegas"):
        simulate(figure_1(), trace(figure_1(), 0, 1.0), 1.0, 0, "vegas")
