"""The relay delays by class, in order, and never early."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator

import numpy as np
import pytest
from testbed_ground import needs_testbed

from fairlead.worlds.testbed.namespaces import Namespace
from fairlead.worlds.testbed.relay import LATENESS_STEP_MS, Relay, RelayRecord

DELAYS_MS = (2.0, 20.0)


def test_lateness_is_read_to_the_step_above() -> None:
    record = RelayRecord(lateness_count=np.array([90, 9, 0, 1]), lost_count=0)
    assert record.packet_count == 100
    assert record.lateness_ms(0.5) == pytest.approx(1 * LATENESS_STEP_MS)
    assert record.lateness_ms(0.95) == pytest.approx(2 * LATENESS_STEP_MS)
    assert record.lateness_ms(1.0) == pytest.approx(4 * LATENESS_STEP_MS)
    assert np.isnan(RelayRecord(lateness_count=np.zeros(4, np.int64), lost_count=0).lateness_ms(0.5))


@pytest.fixture
def sockets() -> Iterator[tuple[Relay, socket.socket, socket.socket, socket.socket]]:
    """The relay, a sender, and a receiver of each class."""
    with Namespace() as near, Namespace() as far, Relay(near, far, "relay", DELAYS_MS, 50) as relay:
        near.ip("addr add 10.8.0.1/24 dev relay", "route add 10.9.0.0/16 dev relay")
        far.ip("route add default dev relay")
        receivers = []
        for kind in range(len(DELAYS_MS) + 1):  # one more class than the relay has delays
            far.ip(f"addr add 10.9.{kind}.1/32 dev relay")
            with far.entered():
                receivers.append(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
            receivers[-1].bind((f"10.9.{kind}.1", 7000))
            receivers[-1].settimeout(5)
            receivers[-1].setsockopt(socket.SOL_SOCKET, 33, 10_000_000)  # SO_RCVBUFFORCE: hold all of a test's packets
        with near.entered():
            sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sender.settimeout(5)
        with sender, receivers[0], receivers[1], receivers[2]:
            yield relay, sender, *receivers


def round_trip_ms(sender: socket.socket, receiver: socket.socket) -> float:
    begin_s = time.monotonic()
    sender.sendto(b"there", receiver.getsockname())
    message, address = receiver.recvfrom(100)
    receiver.sendto(message, address)
    assert sender.recv(100) == b"there"
    return (time.monotonic() - begin_s) * 1e3


@needs_testbed
def test_each_class_waits_its_own_time_both_ways(sockets: tuple[Relay, socket.socket, socket.socket]) -> None:
    relay, sender, *receivers = sockets
    for delay_ms, receiver in zip((*DELAYS_MS, 0.0), receivers, strict=True):
        trips_ms = [round_trip_ms(sender, receiver) for _ in range(10)]
        assert min(trips_ms) >= 2 * delay_ms
    assert relay.record.packet_count == 40
    assert relay.record.lost_count == 0


@needs_testbed
@pytest.mark.timing
def test_no_class_waits_much_longer(sockets: tuple[Relay, socket.socket, socket.socket]) -> None:
    _, sender, *receivers = sockets
    for delay_ms, receiver in zip((*DELAYS_MS, 0.0), receivers, strict=True):
        assert min(round_trip_ms(sender, receiver) for _ in range(10)) < 2 * delay_ms + 5.0


@needs_testbed
def test_packets_of_a_class_stay_in_order_and_whole(sockets: tuple[Relay, socket.socket, socket.socket]) -> None:
    _, sender, receiver, *_ = sockets
    sent = [bytes([number % 256]) * (number + 1) for number in range(400)]
    for message in sent:
        sender.sendto(message, receiver.getsockname())
    assert [receiver.recv(2048) for _ in sent] == sent


@needs_testbed
def test_a_single_delay_holds_for_every_address() -> None:
    with Namespace() as near, Namespace() as far, Relay(near, far, "relay", [5.0]):
        near.ip("addr add 10.8.0.1/24 dev relay", "route add default dev relay")
        far.ip("addr add 172.16.9.9/32 dev relay", "route add default dev relay")
        with far.entered():
            receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        with near.entered():
            sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        with sender, receiver:
            receiver.bind(("172.16.9.9", 7000))
            receiver.settimeout(5)
            sender.settimeout(5)
            assert min(round_trip_ms(sender, receiver) for _ in range(5)) >= 10.0
