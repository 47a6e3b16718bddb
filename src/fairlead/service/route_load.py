"""An open-loop load on an HTTP server: requests leave on a schedule, whether or not earlier ones were answered.

Latency counts from the moment when a request should have left, so a server that stalls is charged for everything that
waited behind the stall (no coordinated omission), and the generator's own lateness is charged to the server as well.
"""

from __future__ import annotations

import gc
import json
import select
import socket
import sys
import time
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

PATIENCE_S = 2.0  # an answer that takes longer counts as failed
_NAP_S = 0.0001


@dataclass(slots=True, eq=False)
class Load:
    """What happened.

    latency_ms : of each answered request, from its scheduled moment
    failed     : refused, cut off, or not answered in time
    late       : those of the failed that were waiting, or still to be sent, when the time was up: too much load
    seconds    : from the first scheduled moment to the last answer
    beginnings : the first part of the answers (up to ``,"age_s"``) and how often it came
    """

    latency_ms: list[float] = field(default_factory=list)
    failed: int = 0
    late: int = 0
    seconds: float = 0.0
    beginnings: Counter[str] = field(default_factory=Counter)

    def summary(self) -> dict[str, Any]:
        """Plain data; percentiles are null where nothing was answered."""
        answered = np.array(self.latency_ms)
        quantiles = np.percentile(answered, [50, 99, 99.9, 100]).round(3).tolist() if len(answered) else [None] * 4
        return {
            "requests": len(answered) + self.failed,
            "requests_per_s": round(len(answered) / self.seconds, 1) if self.seconds else 0.0,
            **dict(zip(("p50_ms", "p99_ms", "p999_ms", "max_ms"), quantiles, strict=True)),
            "failed": self.failed,
            "late": self.late,
            "generations": len(self.beginnings),
        }


@dataclass(slots=True, eq=False)
class _Line:
    """One kept-alive connection and the request that is on its way over it."""

    wire: socket.socket
    due_s: float = 0.0
    busy: bool = False
    got: bytes = b""


def open_loop(
    address: tuple[str, int], requests: Sequence[bytes], rate: float, seconds: float, connections: int = 32
) -> Load:
    """Sends ``rate`` requests a second for so many seconds, in turn from ``requests``, one at a time a connection.

    A request that is due while every connection is busy waits, and its wait counts. OSError where nobody listens.
    """
    assert requests, "something to ask for"
    gc.freeze()  # a collection here would look like a server that pauses
    load = Load()
    poll = select.epoll()
    lines: dict[int, _Line] = {}
    for _ in range(connections):
        _connect(address, poll, lines)
    idle = deque(lines.values())
    total, sent = max(1, round(rate * seconds)), 0
    started = time.perf_counter() + 0.01
    end = started + seconds + PATIENCE_S
    while sent < total or len(idle) < len(lines):
        now = time.perf_counter()
        if now > end:
            break
        due = min(total, int((now - started) * rate) + 1) if now >= started else 0
        while sent < due and idle:
            line = idle.popleft()
            line.due_s, line.busy = started + sent / rate, True
            sent += 1
            try:
                line.wire.send(requests[sent % len(requests)])
            except OSError:
                _replace(address, poll, lines, idle, line, load)
        events = poll.poll(0)
        for handle, _ in events:
            _receive(address, poll, lines, idle, lines[handle], load)
        if not events:
            time.sleep(_NAP_S)
    load.late = total - sent + sum(line.busy for line in lines.values())
    load.failed += load.late
    load.seconds = time.perf_counter() - started
    for line in lines.values():
        line.wire.close()
    poll.close()
    return load


def _connect(address: tuple[str, int], poll: select.epoll, lines: dict[int, _Line]) -> _Line:
    wire = socket.create_connection(address, timeout=PATIENCE_S)
    wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    wire.setblocking(False)
    line = lines[wire.fileno()] = _Line(wire)
    poll.register(wire.fileno(), select.EPOLLIN)
    return line


def _replace(
    address: tuple[str, int],
    poll: select.epoll,
    lines: dict[int, _Line],
    idle: deque[_Line],
    line: _Line,
    load: Load,
) -> None:
    """The connection is gone: what was on its way has failed, and a new one takes its place, if there is a server."""
    load.failed += line.busy
    handle = line.wire.fileno()
    poll.unregister(handle)
    del lines[handle]
    line.wire.close()
    if not line.busy:
        idle.remove(line)
    try:
        idle.append(_connect(address, poll, lines))
    except OSError:
        if not lines:
            raise


def _receive(
    address: tuple[str, int],
    poll: select.epoll,
    lines: dict[int, _Line],
    idle: deque[_Line],
    line: _Line,
    load: Load,
) -> None:
    try:
        data = line.wire.recv(65_536)
    except BlockingIOError:
        return
    except OSError:
        data = b""
    if not data:
        _replace(address, poll, lines, idle, line, load)
        return
    got = line.got + data if line.got else data
    head = got.find(b"\r\n\r\n")
    size = _content_length(got, head)
    if head < 0 or len(got) < head + 4 + size:
        line.got = got
        return
    line.got, line.busy = b"", False
    idle.append(line)
    if got.startswith(b"HTTP/1.1 200"):
        load.latency_ms.append((time.perf_counter() - line.due_s) * 1e3)
        load.beginnings[got[head + 4 : got.find(b',"age_s"', head)].decode()] += 1
    else:
        load.failed += 1


def _content_length(got: bytes, head: int) -> int:
    at = got.find(b"content-length: ", 0, max(0, head))
    return int(got[at + 16 : got.find(b"\r\n", at)]) if at >= 0 else 0


def request_bytes(target: str) -> bytes:
    """A GET over a connection that stays open."""
    return f"GET {target} HTTP/1.1\r\nhost: routes\r\n\r\n".encode()


def main(arguments: Sequence[str] | None = None) -> int:
    """In a process of its own: one JSON object of settings in a file, the result as JSON on standard output."""
    (path,) = sys.argv[1:] if arguments is None else arguments
    asked: Mapping[str, Any] = json.loads(Path(path).read_text(encoding="ascii"))
    requests = [request_bytes(target) for target in asked["targets"]]
    load = open_loop((asked["host"], asked["port"]), requests, asked["rate"], asked["seconds"], asked["connections"])
    sys.stdout.write(json.dumps({**load.summary(), "beginnings": load.beginnings}) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
