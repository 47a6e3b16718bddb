"""`fairlead bench route-server`: how many sessions a second get their path, in process and over HTTP.

Server, load and publisher are processes of their own and share this machine; the load is open-loop (route_load). The
tables are synthetic: valid, of the size asked for, without meaning.
"""

from __future__ import annotations

import dataclasses
import json
import multiprocessing
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairlead.model import Demands, Prefixes, ServiceClasses, Snapshot
from fairlead.planners.route.answer import RouteTables, answer, answers, packed, packed_all, path_set, route_tables
from fairlead.service.reproduce import Progress, provenance
from fairlead.service.route_store import loaded, publish
from fairlead.service.route_synthetic import synthetic_snapshot
from fairlead.service.route_tables import delta

PREFIXES = 750_000
HOST = "127.0.0.1"
_PLANNED_RATIO = 0.9  # of the sessions belong to a session group of the tables; the others are between any prefixes
_CHANGED_RATIO = 0.01  # of the session groups get other weights in each publication
_PAUSE_S = 1.0  # between publications; the paper's cycle is 300 s
_START_S = 60.0
_SINGLE, _BATCH, _TARGETS = 20_000, 1_000_000, 20_000
_CONNECTIONS = 32


def bench_route_server(
    session_groups: int,
    rate: float,
    seconds: float,
    progress: Progress,
    prefixes: int = PREFIXES,
    workers: int = 1,
    seed: int = 0,
) -> dict[str, Any]:
    """In-process lookups a second; HTTP at ``rate`` for ``seconds`` alone, during swaps, and with the publisher killed.

    ``failed`` counts requests that were not answered with 200 in time; ``mixed`` answers whose generation and hash do
    not belong together.
    """
    progress("tables", 0, 5)
    snapshot = synthetic_snapshot(session_groups, prefixes, seed)
    tables, tables_s = _timed(lambda: route_tables(snapshot))
    rng = np.random.default_rng(seed)
    progress("in process", 1, 5)
    result: dict[str, Any] = {
        "load_average": round(os.getloadavg()[0], 2),  # what else this machine was doing
        "session_groups": len(tables.pair_key),
        "prefixes": prefixes,
        "tables_s": round(tables_s, 3),
        "in_process": in_process(tables, snapshot, rng),
    }
    with tempfile.TemporaryDirectory(prefix="fairlead-bench-") as folder:
        store = Path(folder) / "store"
        _, publish_s = _timed(lambda: publish(store, tables))
        _, again_s = _timed(lambda: publish(store, reweighted(tables, rng)))
        change = delta(tables, reweighted(tables, rng))
        result["store"] = {
            "publish_s": round(publish_s, 3),
            "publish_changed_s": round(again_s, 3),
            "load_s": round(_timed(lambda: loaded(store))[1], 3),
            "bytes": sum(values.nbytes for values in tables.arrays().values()),
            "delta_bytes": len(change.as_bytes()),
        }
        asked = {"rate": rate, "seconds": seconds, "targets": targets(snapshot, _TARGETS, rng)}
        result["http"] = {"rate": rate, "workers": workers, **_over_http(store, asked, workers, seed, progress)}
    progress("done", 5, 5)
    return result | {"run": provenance(seed)}


def _over_http(store: Path, asked: dict[str, Any], workers: int, seed: int, progress: Progress) -> dict[str, Any]:
    with served(store, workers) as port:
        load_of(port, {**asked, "rate": min(1_000.0, asked["rate"]), "seconds": 0.5})  # warm: every page touched
        progress("requests", 2, 5)
        steady = load_of(port, asked)
        progress("requests during swaps", 3, 5)
        with publishing(store, seed) as publisher:
            before = loaded(store).manifest.number
            during = load_of(port, asked)
            swaps = loaded(store).manifest.number - before
            progress("requests with the publisher killed", 4, 5)
            publisher.kill()
            publisher.join()
        alone = load_of(port, asked)
    return {"steady": steady, "during_swaps": {**during, "publications": swaps}, "publisher_killed": alone}


def in_process(
    tables: RouteTables, snapshot: Snapshot, rng: np.random.Generator, single: int = _SINGLE, batch: int = _BATCH
) -> dict[str, float]:
    """Lookups a second on one core: one by one from packed addresses and from text, whole sets, and in one batch."""
    source, target, classes = sessions(snapshot, batch, rng)
    texts = first_addresses(snapshot)
    few = list(zip(texts[source[:single]], texts[target[:single]], classes[:single].tolist(), strict=True))
    pairs = [(packed(one), packed(other), which) for one, other, which in few]
    distinct = packed_all(texts.tolist())
    uniform = rng.random(batch)

    def each(call: Callable[[Any, Any, int], object], items: Sequence[tuple[Any, Any, int]]) -> float:
        return len(items) / _timed(lambda: [call(*item) for item in items])[1]

    sent_from, to = distinct[source], distinct[target]

    def all_at_once() -> object:
        return answers(tables, sent_from, to, classes, uniform)

    all_at_once()
    return {
        "single_per_s": round(each(lambda s, t, c: answer(tables, s, t, c, 0.5), pairs)),
        "single_from_text_per_s": round(each(lambda s, t, c: answer(tables, packed(s), packed(t), c, 0.5), few)),
        "set_per_s": round(each(lambda s, t, c: path_set(tables, s, t, c), pairs)),
        "batch_per_s": round(batch / min(_timed(all_at_once)[1] for _ in range(3))),
    }


def sessions(
    snapshot: Snapshot, count: int, rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int32]]:
    """Source and target prefix rows and classes [count]: most from planned session groups, the rest from anywhere."""
    demands, groups = snapshot[Demands], snapshot[Prefixes].group
    order = np.argsort(groups, kind="stable")
    starts = np.searchsorted(groups[order], np.arange(groups.max() + 2))
    rows = rng.integers(0, demands.row_count, count)

    def prefix_of(group: NDArray[np.int32]) -> NDArray[np.int64]:
        sizes = starts[group + 1] - starts[group]
        inside = starts[group] + (rng.random(count) * np.maximum(1, sizes)).astype(np.int64)
        anywhere = rng.integers(0, len(groups), count)
        chosen: NDArray[np.int64] = np.where(
            (rng.random(count) < _PLANNED_RATIO) & (sizes > 0), order[np.minimum(inside, len(order) - 1)], anywhere
        )
        return chosen

    source, target = demands.source_group, demands.target_group
    return prefix_of(source[rows]), prefix_of(target[rows]), demands.service_class[rows].astype(np.int32)


def first_addresses(snapshot: Snapshot) -> NDArray[np.str_]:
    """[prefixes] the first address of each prefix, as text."""
    texts: NDArray[np.str_] = np.strings.partition(snapshot[Prefixes].prefix, "/")[0]
    return texts


def targets(snapshot: Snapshot, count: int, rng: np.random.Generator) -> list[str]:
    """What the load asks for: ``/v1/path?...`` of so many sessions."""
    source, target, classes = sessions(snapshot, count, rng)
    texts, names = first_addresses(snapshot), snapshot[ServiceClasses].service_class
    return [
        f"/v1/path?source={one}&target={other}&class={name}"
        for one, other, name in zip(texts[source], texts[target], names[classes], strict=True)
    ]


def reweighted(tables: RouteTables, rng: np.random.Generator) -> RouteTables:
    """The tables with other weights in one of a hundred session groups, at least one: what a cycle may change."""
    rows = rng.integers(0, len(tables.pair_key), max(1, int(len(tables.pair_key) * _CHANGED_RATIO)))
    weights = tables.set_weight.copy()
    weights[rows] *= rng.uniform(0.5, 1.0, weights[rows].shape)
    return dataclasses.replace(tables, set_weight=weights)


def load_of(port: int, asked: dict[str, Any]) -> dict[str, Any]:
    """One open-loop load from a process of its own; its summary, and how many answers were mixed."""
    with tempfile.NamedTemporaryFile("w", suffix=".json", encoding="ascii") as file:
        json.dump({"host": HOST, "port": port, "connections": _CONNECTIONS, **asked}, file)
        file.flush()
        command = [sys.executable, "-m", "fairlead.service.route_load", file.name]
        found = subprocess.run(command, check=True, capture_output=True, text=True)
    summary: dict[str, Any] = json.loads(found.stdout)
    numbers = [beginning.split(",")[0] for beginning in summary.pop("beginnings")]
    return {**summary, "mixed": len(numbers) - len(set(numbers))}


@contextmanager
def served(store: Path, workers: int = 1, port: int = 0) -> Iterator[int]:
    """A route server in a process of its own; gives its port (a free one if none is asked for) once it answers."""
    port = port or free_port()
    server = server_process(store, port, workers)
    try:
        await_answer(port, server)
        yield port
    finally:
        server.terminate()
        try:
            server.wait(timeout=10)
        except subprocess.TimeoutExpired:
            os.killpg(server.pid, signal.SIGKILL)
            server.wait()


def server_process(store: Path, port: int, workers: int = 1) -> subprocess.Popen[bytes]:
    """A route server in a process group of its own, which may not answer yet."""
    command = [sys.executable, "-m", "fairlead.service.route_server", str(store), "--port", str(port)]
    return subprocess.Popen([*command, "--workers", str(workers)], start_new_session=True)


def free_port() -> int:
    """A port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
    return port


def await_answer(port: int, server: subprocess.Popen[bytes]) -> None:
    """Returns when something listens. RuntimeError when the server ends first, or does not come up in time."""
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline and server.poll() is None:
        try:
            socket.create_connection((HOST, port), timeout=1.0).close()
        except OSError:
            time.sleep(0.05)
            continue
        return
    raise RuntimeError(f"the route server did not come up; exit code {server.poll()}")


@contextmanager
def publishing(store: Path, seed: int) -> Iterator[Any]:
    """A publisher in a process of its own that puts new weights into the store again and again, until it is killed."""
    publisher = multiprocessing.get_context("spawn").Process(target=_publish_on, args=(store, seed), daemon=True)
    first = loaded(store).manifest.number
    publisher.start()
    try:
        while loaded(store).manifest.number == first and publisher.is_alive():
            time.sleep(0.1)
        yield publisher
    finally:
        publisher.kill()
        publisher.join()


def _publish_on(store: Path, seed: int) -> None:
    os.nice(10)  # in production it runs elsewhere; here it must not take the only cores from what is measured
    rng = np.random.default_rng(seed)
    tables = loaded(store).tables
    while True:
        tables = reweighted(tables, rng)
        publish(store, tables)
        time.sleep(_PAUSE_S)


def _timed(work: Callable[[], Any]) -> tuple[Any, float]:
    started = time.perf_counter()
    made = work()
    return made, time.perf_counter() - started
