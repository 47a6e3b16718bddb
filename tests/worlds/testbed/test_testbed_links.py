"""Links carry single packets; rate, buffer and loss are what was asked for."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator

import numpy as np
import pytest
from testbed_ground import needs_testbed

from fairlead.worlds.testbed.links import ROUTER_SETTINGS, Drop, drop_arriving, drop_forwarded, join, limit_rate
from fairlead.worlds.testbed.namespaces import Namespace

Pair = tuple[socket.socket, socket.socket, Namespace, Namespace]


def test_loss_is_counted_in_millionths() -> None:
    assert Drop(match="", loss_ratio=5e-5).steps == 50
    assert Drop(match="", loss_ratio=1.0).steps == 1_000_000


@pytest.fixture
def pair() -> Iterator[Pair]:
    """A sending and a receiving UDP socket with a router between; the router and the sender's namespace."""
    with Namespace() as near, Namespace() as router, Namespace() as far:
        router.sysctl(**ROUTER_SETTINGS)
        for number, host in enumerate((near, far)):
            join(host, "eth0", router, f"host{number}")
            host.ip(f"addr add 10.0.{number}.2/24 dev eth0", f"route add default via 10.0.{number}.1")
            router.ip(f"addr add 10.0.{number}.1/24 dev host{number}")
        with far.entered():
            receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        receiver.bind(("10.0.1.2", 7000))
        receiver.setsockopt(socket.SOL_SOCKET, 33, 50_000_000)  # SO_RCVBUFFORCE: hold all of a test's packets
        receiver.settimeout(0.3)
        with near.entered():
            sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sender.connect(("10.0.1.2", 7000))
        with sender, receiver:
            yield sender, receiver, router, near


def arrived(pair: Pair, count: int, payload: bytes = b"x") -> int:
    sender, receiver, *_ = pair
    for _ in range(count):
        sender.send(payload)
    seen = 0
    try:
        while True:
            receiver.recv(2048)
            seen += 1
    except TimeoutError:
        return seen


@needs_testbed
def test_a_lossless_link_loses_nothing(pair: Pair) -> None:
    assert arrived(pair, 2_000) == 2_000


@needs_testbed
@pytest.mark.parametrize("dropping", [drop_forwarded, drop_arriving])
def test_loss_is_what_was_asked_for(pair: Pair, dropping: object) -> None:
    assert callable(dropping)
    dropping(pair[2], [Drop(match="udp dport 7000", loss_ratio=0.2), Drop(match="udp dport 9", loss_ratio=1.0)])
    lost = 1 - arrived(pair, 10_000) / 10_000
    assert abs(lost - 0.2) < 5 * np.sqrt(0.2 * 0.8 / 10_000)


@needs_testbed
def test_losses_of_several_rules_are_independent_and_a_later_call_replaces_them(pair: Pair) -> None:
    drop_forwarded(pair[2], [Drop(match="", loss_ratio=0.5), Drop(match='iifname "host0"', loss_ratio=0.5)])
    lost = 1 - arrived(pair, 4_000) / 4_000
    assert abs(lost - 0.75) < 5 * np.sqrt(0.75 * 0.25 / 4_000)
    drop_forwarded(pair[2], [Drop(match="", loss_ratio=1.0)])
    assert arrived(pair, 10) == 0
    drop_forwarded(pair[2], [])
    assert arrived(pair, 10) == 10


@needs_testbed
@pytest.mark.timing
def test_the_rate_is_the_links_and_the_queue_drops_its_tail(pair: Pair) -> None:
    limit_rate(pair[2], "host1", rate_mbps=20.0, buffer_bytes=100 * 1514)
    sender, receiver, *_ = pair
    for _ in range(300):  # at once: two packets pass, a hundred wait, the others are lost
        sender.send(bytes(1472))
    begin_s, times_s = time.monotonic(), []
    try:
        while True:
            receiver.recv(2048)
            times_s.append(time.monotonic() - begin_s)
    except TimeoutError:
        pass
    assert 95 <= len(times_s) <= 115
    expected_s = (len(times_s) - 2) * 1514 * 8 / 20e6  # the queue drained at the link's rate
    assert times_s[-1] == pytest.approx(expected_s, rel=0.1)


@needs_testbed
def test_a_long_write_crosses_as_single_packets() -> None:
    with Namespace() as near, Namespace() as far:
        join(near, "eth0", far, "eth0")
        near.ip("addr add 10.0.0.1/24 dev eth0")
        far.ip("addr add 10.0.0.2/24 dev eth0")
        with far.entered():
            listener = socket.create_server(("10.0.0.2", 7000))
        with near.entered():
            sender = socket.socket()
        sender.connect(("10.0.0.2", 7000))
        receiver, _ = listener.accept()
        with listener, sender, receiver:
            sender.sendall(bytes(60_000))
            seen = 0
            while seen < 60_000:
                seen += len(receiver.recv(60_000))
            counted = near.run(["ip", "-s", "link", "show", "dev", "eth0"]).splitlines()
        sent_bytes, sent_packets = (int(word) for word in counted[-1].split()[:2])
        assert sent_packets >= 60_000 / 1448
        assert sent_bytes / sent_packets < 1514
