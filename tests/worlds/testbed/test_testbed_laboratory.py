"""In the laboratory every flow meets the conditions that it chose: delay, loss, initial window, threshold."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator

import numpy as np
import pytest
from testbed_ground import needs_testbed

from fairlead.worlds.testbed.laboratory import Bench, Laboratory, Variant, laboratory
from fairlead.worlds.testbed.streams import Stream, Streamed, streamed
from fairlead.worlds.testbed.transfers import Carried, Transfer, carried

BENCH = Bench(
    delays_ms=(0.0, 10.0),
    loss_ratios=(0.0, 0.3, 1.0),
    variants=(Variant(), Variant(initial_window=4), Variant(slow_start_threshold=20)),
)
FIRST_S = 0.3


@pytest.fixture(scope="module")
def made() -> Iterator[Laboratory]:
    with laboratory(BENCH) as standing:
        yield standing


def transfer(made: Laboratory, number: int, *, delay: int = 0, loss: int = 0, variant: int = 0, size: int) -> Transfer:
    return Transfer(
        start_s=FIRST_S + 0.002 * number,
        source=made.sender(variant),
        target=made.receiver,
        address=made.address(delay, variant),
        port=made.port(loss),
        size_bytes=size,
        congestion_control="reno",
    )


def sent(transfers: list[Transfer], patience_s: float = 20.0) -> Carried:
    return carried(transfers, patience_s, priority=50)


@needs_testbed
def test_lossless_flows_arrive_whole_and_their_times_are_in_order(made: Laboratory) -> None:
    got = sent([transfer(made, n, delay=n % 2, size=1 + 7_000 * n) for n in range(40)])
    assert (got.delivered_bytes == [1 + 7_000 * n for n in range(40)]).all()
    assert (got.begin_s <= got.connect_s).all()
    assert (got.connect_s <= got.finish_s).all()
    assert (got.begin_s >= FIRST_S + 0.002 * np.arange(40)).all()


@needs_testbed
def test_a_relayed_flow_takes_its_round_trips(made: Laboratory) -> None:
    # handshake 1, ten packets in half a round trip more; 104 packets need windows of 10, 20, 40, 80: three more
    short = sent([transfer(made, n, delay=1, size=1448) for n in range(20)])
    long = sent([transfer(made, 5 * n, delay=1, size=150_000) for n in range(20)])
    assert short.duration_s.min() * 1e3 >= 15.0
    assert long.duration_s.min() * 1e3 >= 45.0


@needs_testbed
@pytest.mark.timing
def test_a_relayed_flow_takes_hardly_more_than_its_round_trips(made: Laboratory) -> None:
    short = sent([transfer(made, n, delay=1, size=1448) for n in range(20)])
    long = sent([transfer(made, 5 * n, delay=1, size=150_000) for n in range(20)])
    assert np.median(short.duration_s) * 1e3 < 15.0 + 5.0
    assert np.median(long.duration_s) * 1e3 < 45.0 + 10.0


@needs_testbed
@pytest.mark.timing
def test_a_smaller_initial_window_takes_more_round_trips(made: Laboratory) -> None:
    usual = sent([transfer(made, 5 * n, delay=1, size=14_480) for n in range(10)])
    smaller = sent([transfer(made, 5 * n, delay=1, variant=1, size=14_480) for n in range(10)])
    assert np.median(smaller.duration_s) >= np.median(usual.duration_s) + 0.009


@needs_testbed
@pytest.mark.parametrize(("variant", "threshold", "window"), [(1, 2**31 - 1, 4), (2, 20, 10)])
def test_window_and_threshold_are_the_kernels_from_the_first_packet(
    made: Laboratory, variant: int, threshold: int, window: int
) -> None:
    place = (made.address(1, variant), 9_000)
    with made.receiver.entered():
        listener = socket.create_server(place)
    for _ in range(2):  # the second time too: nothing is learnt from the first
        with made.sender(variant).entered(), socket.socket() as near:
            near.setsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, b"cubic")
            near.connect(place)
            told = struct.unpack_from("24I", near.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 104), 8)
        assert told[17] == threshold
        assert told[18] == window
    listener.close()


@needs_testbed
def test_loss_hits_the_first_packet_of_a_handshake_at_its_ratio(made: Laboratory) -> None:
    got = sent([transfer(made, n, loss=1, size=1) for n in range(300)])
    late = (got.connect_s - got.begin_s) > 0.9  # the kernel repeats it after a second
    assert abs(late.mean() - 0.3) < 5 * np.sqrt(0.3 * 0.7 / 300)
    assert np.isfinite(got.finish_s).mean() > 0.9  # who loses eight in a row is still at it


@needs_testbed
def test_what_never_arrives_is_unfinished(made: Laboratory) -> None:
    got = sent([transfer(made, 0, loss=2, size=100), transfer(made, 1, size=100)], patience_s=3.0)
    assert np.isinf(got.finish_s[0])
    assert np.isnan(got.connect_s[0])
    assert got.delivered_bytes.tolist() == [0, 100]


def paced(made: Laboratory) -> Streamed:
    streams = [
        Stream(
            source=made.sender(0),
            target=made.receiver,
            address=made.address(1, 0),
            port=9_001 + number,
            congestion_control="cubic",
            pacing_mbps=pace,
        )
        for number, pace in enumerate((5.0, 10.0))
    ]
    return streamed(streams, 0.7, 0.5, 2)


@needs_testbed
def test_streams_run_together(made: Laboratory) -> None:
    got = paced(made)
    assert got.throughput_mbps.shape == (2, 2)
    assert (got.throughput_mbps > 0).all()
    assert (got.rtt_ms >= 10.0).all()


@needs_testbed
@pytest.mark.timing
def test_streams_together_keep_to_what_they_are_paced_at(made: Laboratory) -> None:
    assert paced(made).throughput_mbps.mean(axis=1) == pytest.approx([5.0, 10.0], rel=0.15)


@needs_testbed
def test_a_stream_without_a_way_counts_as_nothing(made: Laboratory) -> None:
    stream = Stream(
        source=made.sender(0),
        target=made.receiver,
        address=made.address(0, 0),
        port=made.port(2),
        congestion_control="reno",
    )
    got = streamed([stream], 0.1, 0.1, 2)
    assert (got.throughput_mbps == 0).all()
    assert np.isnan(got.rtt_ms).all()
