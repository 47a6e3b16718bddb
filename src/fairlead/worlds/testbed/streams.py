"""Long flows that never end: sent as fast as TCP lets them, and what arrives counted in windows of time."""

from __future__ import annotations

import contextlib
import select
import socket
import struct
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fairlead.worlds.testbed.namespaces import Namespace
from fairlead.worlds.testbed.transfers import undisturbed

Reals = NDArray[np.float64]

_CHUNK = bytes(262_144)
_TCP_INFO_RTT_US = 8 + 15 * 4  # offset of tcpi_rtt in struct tcp_info
_SO_MAX_PACING_RATE = 47


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """One endless flow; pacing_mbps limits its payload and headers at the sender, infinite: nothing does."""

    source: Namespace
    target: Namespace
    address: str
    port: int
    congestion_control: str
    pacing_mbps: float = float("inf")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Streamed:
    """throughput_mbps [streams, windows]: payload that arrived in order; rtt_ms [streams]: smoothed, at the end."""

    throughput_mbps: Reals
    rtt_ms: Reals


def streamed(streams: Sequence[Stream], warm_up_s: float, window_s: float, windows: int, priority: int = 0) -> Streamed:
    """Run them together, leave the warm-up out, then count in each window. Needs root.

    A connection that is not yet open when counting begins counts as nothing: it is part of what a long flow meets.
    """
    with contextlib.ExitStack() as held:
        run = Endless(streams, held)
        counts = np.zeros((len(streams), windows + 1))
        with undisturbed(priority):
            origin_s = time.monotonic()
            edges_s = origin_s + warm_up_s + window_s * np.arange(windows + 1)
            times_s = np.empty(windows + 1)
            for edge, at_s in enumerate(edges_s):
                run.until(at_s)
                counts[:, edge], times_s[edge] = run.received_bytes, time.monotonic()
        rtt_ms = run.rtt_ms()
    return Streamed(throughput_mbps=np.diff(counts) * 8e-6 / np.diff(times_s), rtt_ms=rtt_ms)


class Endless:
    """Running streams; ``until`` serves them up to a moment of time.monotonic(). Closed by the stack given."""

    def __init__(self, streams: Sequence[Stream], held: contextlib.ExitStack) -> None:
        self.received_bytes = np.zeros(len(streams))
        self._epoll = held.enter_context(select.epoll())
        self._scrap = bytearray(1 << 20)
        self._receivers: dict[int, tuple[socket.socket, int]] = {}
        self._senders: dict[int, socket.socket] = {}
        self._listeners: dict[int, socket.socket] = {}
        self._stream_of: dict[tuple[str, int, str, int], int] = {}
        self._in_order: list[socket.socket] = []
        held.callback(self._close)
        for target, address, port in {(stream.target, stream.address, stream.port) for stream in streams}:
            with target.entered():
                door = socket.create_server((address, port), backlog=1024)
            door.setblocking(False)
            self._listeners[door.fileno()] = door
            self._epoll.register(door.fileno(), select.EPOLLIN)
        for number, stream in enumerate(streams):
            self._open(number, stream)

    def _open(self, number: int, stream: Stream) -> None:
        with stream.source.entered():
            door = socket.socket(socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        door.setsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, stream.congestion_control.encode())
        door.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        if np.isfinite(stream.pacing_mbps):
            rate = struct.pack("Q", round(stream.pacing_mbps * 125_000))
            door.setsockopt(socket.SOL_SOCKET, _SO_MAX_PACING_RATE, rate)
        with contextlib.suppress(BlockingIOError):
            door.connect((stream.address, stream.port))
        host, port = door.getsockname()
        self._stream_of[host, port, stream.address, stream.port] = number
        self._senders[door.fileno()] = door
        self._in_order.append(door)
        self._epoll.register(door.fileno(), select.EPOLLOUT)

    def until(self, moment_s: float) -> None:
        """Send and receive until then."""
        while (left_s := moment_s - time.monotonic()) > 0:
            for descriptor, _ in self._epoll.poll(left_s, 64):
                if descriptor in self._receivers:
                    door, number = self._receivers[descriptor]
                    with contextlib.suppress(OSError):
                        # MSG_TRUNC: TCP throws the bytes away instead of copying them
                        self.received_bytes[number] += door.recv_into(self._scrap, 1 << 20, socket.MSG_TRUNC)
                elif descriptor in self._senders:
                    self._send(descriptor)
                else:
                    self._accept(descriptor)

    def _send(self, descriptor: int) -> None:
        try:
            self._senders[descriptor].send(_CHUNK)
        except BlockingIOError:
            return
        except OSError:  # the kernel gave up after a quarter of an hour or so: nothing more arrives
            self._epoll.unregister(descriptor)

    def _accept(self, descriptor: int) -> None:
        with contextlib.suppress(BlockingIOError):
            door, peer = self._listeners[descriptor].accept()
            door.setblocking(False)
            self._receivers[door.fileno()] = (door, self._stream_of[(*peer, *door.getsockname())])
            self._epoll.register(door.fileno(), select.EPOLLIN)

    def rtt_ms(self) -> Reals:
        """[streams] smoothed round trip that each sender's kernel believes in; NaN before it knows one."""
        told = [door.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 104) for door in self._in_order]
        rtt_us = np.array([struct.unpack_from("I", info, _TCP_INFO_RTT_US)[0] for info in told], float)
        return np.where(rtt_us > 0, rtt_us / 1e3, np.nan)

    def _close(self) -> None:
        receivers = [door for door, _ in self._receivers.values()]
        for door in (*self._senders.values(), *receivers, *self._listeners.values()):
            door.close()
