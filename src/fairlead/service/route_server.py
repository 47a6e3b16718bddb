"""The route server: granian in front, memory-mapped tables behind, and a watch on the store between.

Several workers map the same files. Each looks at CURRENT every :data:`POLL_S` seconds; a new generation is verified
beside the old one and takes its place as one reference, so a request sees one generation from its beginning to its
end. A generation that is not whole is refused and the last good one stays: neither a dead publisher nor a damaged
store stops the answers.
"""

from __future__ import annotations

import argparse
import gc
import logging
import os
import random
import signal
import socket
import sys
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Protocol

from fairlead.model import BadInputError, FairleadError
from fairlead.service.route_counts import REFUSALS, REQUEST_CELLS, SWAPS, RouteCounts, answer_cell, prometheus_text
from fairlead.service.route_door import BODY_LIMIT_BYTES, Reply, RouteDoor, Serving, refused
from fairlead.service.route_store import current_name, loaded, whole

POLL_S = 0.2
STALE_S = 900.0  # three cycles of five minutes (Panorama 4)
_BREATH_S = 0.002
_RETRY_POLLS = 50  # a refused generation is looked at again that often: it may be still on its way here
_STOP_S = 5  # that long may requests take to end after SIGTERM

_LOG = logging.getLogger("fairlead.route_server")
_LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line", "stream": "ext://sys.stderr"}},
    "loggers": {
        name: {"handlers": ["console"], "level": "WARNING", "propagate": False}
        for name in ("_granian", "granian.access", "fairlead.route_server")
    },
}


class Scope(Protocol):
    """What a request is, in RSGI."""

    @property
    def method(self) -> str: ...
    @property
    def path(self) -> str: ...
    @property
    def query_string(self) -> str: ...


class Exchange(Protocol):
    """Its body, part by part, and the way back, in RSGI."""

    def __aiter__(self) -> AsyncIterator[bytes]: ...
    def response_bytes(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None: ...


Application = Callable[[Scope, Exchange], Awaitable[None]]


class Watch:
    """Keeps a door on the published generation of a store."""

    def __init__(self, store: Path, door: RouteDoor, counts: RouteCounts) -> None:
        self._store, self._door, self._counts = store, door, counts
        self._refused, self._polls = "", 0

    def look(self) -> None:
        """Swaps in what CURRENT names, if it is another generation and whole. Costs one small read otherwise."""
        name = current_name(self._store)
        self._polls += 1
        if not name or name == self._door.serving.manifest.name:
            return
        if name == self._refused and self._polls % _RETRY_POLLS:
            return
        try:
            serving = self._door.serving
            found = whole(self._store / name, (serving.manifest, serving.tables), _breathe)
        except BadInputError as error:
            if name != self._refused:
                _LOG.warning("%s", error)
                self._counts.own[REFUSALS] += 1
            self._refused = name
            return
        self._door.serving = serving.followed_by(found.manifest, found.tables)
        self._counts.own[SWAPS] += 1

    def run(self) -> None:
        """Looks until the process ends; ends it when its server is gone, so that no orphan holds the port."""
        parent = os.getppid()
        while os.getppid() == parent:
            time.sleep(POLL_S)
            self.look()
        os.kill(os.getpid(), signal.SIGTERM)


def _breathe() -> None:
    """Between two blocks of a new generation, requests come first."""
    time.sleep(_BREATH_S)


class RouteApp:
    """The RSGI application of one worker."""

    def __init__(self, door: RouteDoor, counts: RouteCounts) -> None:
        self._door, self._counts = door, counts

    async def respond(self, scope: Scope, proto: Exchange) -> None:
        """One request: routed by hand, because a framework would cost more than the answer."""
        if scope.method == "GET":
            reply = self._metrics() if scope.path == "/metrics" else self._door.get(scope.path, scope.query_string)
        elif scope.method == "POST" and scope.path == "/v1/paths:batch":
            body = await _body(proto)
            reply = self._door.batch(body) if body is not None else _TOO_LONG
        else:
            reply = refused(405, "route.method", f"{scope.method} {scope.path[:80]} is not served", "GET, or a batch")
        own = self._counts.own
        own[REQUEST_CELLS[reply.endpoint, reply.status < 400]] += 1
        for reason in reply.reasons:
            own[answer_cell(reason)] += 1
        proto.response_bytes(reply.status, _HEADERS[reply.kind], reply.body)

    def _metrics(self) -> Reply:
        text = prometheus_text(self._counts.totals(), self._door.gauges())
        return Reply(200, text.encode(), "metrics", kind=_PLAIN)


_PLAIN = "text/plain; version=0.0.4"
_HEADERS = {kind: [("content-type", kind)] for kind in ("application/json", _PLAIN)}
_TOO_LONG = refused(413, "route.body", "the body is too long", f"at most {BODY_LIMIT_BYTES} bytes", "batch")


async def _body(proto: Exchange) -> bytes | None:
    """The body of a request, or None as soon as it is longer than the limit."""
    parts: list[bytes] = []
    length = 0
    async for part in proto:
        length += len(part)
        if length > BODY_LIMIT_BYTES:
            return None
        parts.append(bytes(part))
    return b"".join(parts)


def route_app(store: Path, counts_path: Path, rows: int, stale_s: float) -> Application:
    """One worker: tables mapped, counters joined, watch started."""
    found = loaded(store)
    for warning in found.warnings:
        _LOG.warning("%s", warning)
    # every worker draws its own numbers; a fork would otherwise repeat its parent's
    door = RouteDoor(Serving.of(found.manifest, found.tables), random.Random().random, time.time, stale_s)
    counts = RouteCounts(counts_path, rows)
    # what was made so far lives as long as the worker: looking through it for garbage stops all answers for 80 ms
    gc.collect()
    gc.freeze()
    threading.Thread(target=Watch(store, door, counts).run, name="watch", daemon=True).start()
    return RouteApp(door, counts).respond


def serve_routes(
    store: Path, host: str = "127.0.0.1", port: int = 8080, workers: int = 1, stale_s: float = STALE_S
) -> None:
    """Serves the store until SIGTERM or SIGINT; requests that have begun are answered first.

    BadInputError where the store has no whole generation, or the port is taken.
    """
    from granian import Granian
    from granian.constants import HTTPModes, Interfaces
    from granian.log import LogLevels

    loaded(store)
    _check_port(host, port)
    with tempfile.TemporaryDirectory(prefix="fairlead-route-") as folder:
        server = Granian(
            "fairlead.service.route_server",
            address=host,
            port=port,
            interface=Interfaces.RSGI,
            workers=workers,
            http=HTTPModes.http1,
            websockets=False,
            log_level=LogLevels.warning,
            log_dictconfig=_LOGGING,
            respawn_failed_workers=True,
            workers_kill_timeout=_STOP_S,
        )
        # twice the rows: a worker's successor may start before its lock has fallen
        loader = partial(route_app, store.resolve(), Path(folder) / "counts", 2 * workers, stale_s)
        server.serve(target_loader=loader, wrap_loader=False)


def _check_port(host: str, port: int) -> None:
    """Two servers may share a port (SO_REUSEPORT), and then answer from two stores: better to refuse."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
    except (OSError, OverflowError) as error:
        raise BadInputError(
            code="route_server.address",
            what="the server cannot listen there",
            where=f"{host}:{port}",
            got=getattr(error, "strerror", None) or str(error),
            hint="choose another --host or --port",
        ) from None


def main(arguments: Sequence[str] | None = None) -> int:
    """``python -m fairlead.service.route_server STORE``; the exit code."""
    parser = argparse.ArgumentParser(prog="fairlead.service.route_server")
    parser.add_argument("store", type=Path)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8080)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--stale-after", type=float, default=STALE_S, metavar="SECONDS")
    asked = parser.parse_args(arguments)
    try:
        serve_routes(asked.store, asked.host, asked.port, asked.workers, asked.stale_after)
    except FairleadError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
