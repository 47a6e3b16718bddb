"""Real TCP connections, one a flow: opened on time, filled, timed from connect() to the receiver's last byte.

Sender and receiver stand in one thread, so both times come from one clock. What a flow takes includes the time that
the kernel and this thread need, some tens of microseconds.
"""

from __future__ import annotations

import contextlib
import gc
import os
import select
import socket
import struct
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fairlead.worlds.testbed.namespaces import Namespace
from fairlead.worlds.testbed.relay import real_time

Reals = NDArray[np.float64]

_NO_LINGER = struct.pack("ii", 1, 0)  # a finished flow leaves by a reset: no port stays in TIME_WAIT
_CHUNK = bytes(262_144)
_BACKLOG = 4_096


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """One flow: ``size_bytes`` from a socket of ``source`` to ``address``:``port``, where ``target`` listens."""

    start_s: float
    source: Namespace
    target: Namespace
    address: str
    port: int
    size_bytes: int
    congestion_control: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Carried:
    """What became of transfers, all [transfers], seconds after the run began.

    begin_s: connect() was called; connect_s: the handshake was over at the sender, NaN: never;
    finish_s: the receiver had the last byte, infinite: not by the end; delivered_bytes: by then.
    """

    begin_s: Reals
    connect_s: Reals
    finish_s: Reals
    delivered_bytes: Reals

    @property
    def duration_s(self) -> Reals:
        """[transfers] from connect() to the last byte; infinite where unfinished."""
        return self.finish_s - self.begin_s


def carried(
    transfers: Sequence[Transfer], patience_s: float, priority: int = 0, watch: Callable[[int, int], None] | None = None
) -> Carried:
    """Carry them all, each at its start (to a millisecond), in any order of the sequence.

    Ends when all are finished, or ``patience_s`` after the last start. priority: of real time, 0 is none.
    watch (done, total) is called about twice a second. Needs root.
    """
    with contextlib.ExitStack() as held:
        run = _Run(transfers, held)
        with undisturbed(priority):
            run.to_the_end(patience_s, watch)
    return Carried(
        begin_s=run.begin_s, connect_s=run.connect_s, finish_s=run.finish_s, delivered_bytes=run.delivered_bytes
    )


@contextlib.contextmanager
def undisturbed(priority: int) -> Iterator[None]:
    """The calling thread at this real-time priority (0: as it is), without pauses to collect garbage."""
    before = os.sched_getscheduler(0), os.sched_getparam(0)
    collecting = gc.isenabled()
    gc.disable()
    real_time(priority)
    try:
        yield
    finally:
        if collecting:
            gc.enable()
        os.sched_setscheduler(0, *before)


class _Run:
    def __init__(self, transfers: Sequence[Transfer], held: contextlib.ExitStack) -> None:
        count = len(transfers)
        self.transfers = transfers
        self.begin_s, self.connect_s = np.full(count, np.nan), np.full(count, np.nan)
        self.finish_s, self.delivered_bytes = np.full(count, np.inf), np.zeros(count)
        self.order = sorted(range(count), key=lambda flow: transfers[flow].start_s)
        self.epoll = held.enter_context(select.epoll())
        self.senders: dict[int, tuple[socket.socket, int]] = {}  # descriptor -> socket, flow
        self.receivers: dict[int, tuple[socket.socket, int]] = {}
        self.sender_of: dict[int, int] = {}  # flow -> descriptor
        self.left_bytes: dict[int, int] = {}
        self.flow_of: dict[tuple[str, int, str, int], int] = {}
        self.listeners: dict[int, socket.socket] = {}
        self.scrap = bytearray(1 << 20)
        self.done = 0
        held.callback(self._close)
        self._listen()

    def _listen(self) -> None:
        places = {(transfer.target, transfer.address, transfer.port) for transfer in self.transfers}
        for target, address, port in places:
            with target.entered():
                door = socket.socket(socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
            door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            door.bind((address, port))
            door.listen(_BACKLOG)
            self.listeners[door.fileno()] = door
            self.epoll.register(door.fileno(), select.EPOLLIN)

    def to_the_end(self, patience_s: float, watch: Callable[[int, int], None] | None) -> None:
        count, following = len(self.order), 0
        self.origin_s = time.monotonic()
        last_s = max((transfer.start_s for transfer in self.transfers), default=0.0)
        told_s = 0.0
        while self.done < count:
            now_s = time.monotonic() - self.origin_s
            while following < count and self.transfers[self.order[following]].start_s <= now_s:
                self._start(self.order[following])
                following += 1
            if now_s > last_s + patience_s:
                return
            if watch is not None and now_s > told_s + 0.5:
                told_s = now_s
                watch(self.done, count)
            wait_s = 0.2
            if following < count:
                wait_s = min(wait_s, max(0.0, self.transfers[self.order[following]].start_s - now_s))
            for descriptor, events in self.epoll.poll(wait_s, 256):
                self._serve(descriptor, events)

    def _serve(self, descriptor: int, events: int) -> None:
        if descriptor in self.receivers:
            self._receive(descriptor)
        elif descriptor in self.senders:
            self._send(descriptor, events)
        elif descriptor in self.listeners:
            self._accept(self.listeners[descriptor])

    def _start(self, flow: int) -> None:
        transfer = self.transfers[flow]
        with transfer.source.entered():
            door = socket.socket(socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        door.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        door.setsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, transfer.congestion_control.encode())
        door.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
        self.begin_s[flow] = time.monotonic() - self.origin_s
        with contextlib.suppress(BlockingIOError):
            door.connect((transfer.address, transfer.port))
        host, port = door.getsockname()
        self.flow_of[host, port, transfer.address, transfer.port] = flow
        self.senders[door.fileno()] = (door, flow)
        self.sender_of[flow] = door.fileno()
        self.left_bytes[flow] = transfer.size_bytes
        self.epoll.register(door.fileno(), select.EPOLLOUT)

    def _send(self, descriptor: int, events: int) -> None:
        door, flow = self.senders[descriptor]
        if events & (select.EPOLLERR | select.EPOLLHUP):
            self._forget(flow)  # the kernel gave up: it stays unfinished
            return
        if np.isnan(self.connect_s[flow]):
            self.connect_s[flow] = time.monotonic() - self.origin_s
        with contextlib.suppress(BlockingIOError):
            while self.left_bytes[flow]:
                self.left_bytes[flow] -= door.send(memoryview(_CHUNK)[: self.left_bytes[flow]])
        if not self.left_bytes[flow]:
            self.epoll.modify(descriptor, 0)

    def _accept(self, listener: socket.socket) -> None:
        with contextlib.suppress(BlockingIOError):
            while True:
                door, peer = listener.accept()
                here = door.getsockname()
                flow = self.flow_of.pop((*peer, *here))
                door.setblocking(False)
                door.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
                self.receivers[door.fileno()] = (door, flow)
                self.epoll.register(door.fileno(), select.EPOLLIN)
                self._receive(door.fileno())

    def _receive(self, descriptor: int) -> None:
        door, flow = self.receivers[descriptor]
        try:
            # MSG_TRUNC: TCP throws the bytes away instead of copying them
            count = door.recv_into(self.scrap, len(self.scrap), socket.MSG_TRUNC)
        except BlockingIOError:
            return
        except OSError:
            count = 0
        self.delivered_bytes[flow] += count
        if self.delivered_bytes[flow] >= self.transfers[flow].size_bytes:
            self.finish_s[flow] = time.monotonic() - self.origin_s
        elif count:
            return
        self.epoll.unregister(descriptor)
        del self.receivers[descriptor]
        door.close()
        self._forget(flow)

    def _forget(self, flow: int) -> None:
        descriptor = self.sender_of.pop(flow, -1)
        if descriptor >= 0:
            self.epoll.unregister(descriptor)
            self.senders.pop(descriptor)[0].close()
            self.done += 1

    def _close(self) -> None:
        for door, _ in (*self.senders.values(), *self.receivers.values()):
            door.close()
        for listener in self.listeners.values():
            listener.close()
