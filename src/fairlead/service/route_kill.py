"""Kill -9 at every step: whatever dies while route tables are published, what is served afterwards is one generation.

Three trials: a publisher that kills itself just before each step of a publication in turn; a publisher killed at
moments of chance; and a server and its publisher killed together in the middle of swaps, then started again.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import tempfile
import time
import urllib.request
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from fairlead.model import FairleadError
from fairlead.planners.route.answer import RouteTables, route_tables
from fairlead.service.route_server_bench import HOST, await_answer, free_port, reweighted, server_process
from fairlead.service.route_store import Step, loaded, publish
from fairlead.service.route_synthetic import synthetic_snapshot

_LONGEST_S = 0.1  # a publication of these small tables is over by then


def kill_trial(count: int, server_count: int = 3, seed: int = 0, session_groups: int = 2_000) -> dict[str, Any]:
    """``count`` kills of a publisher at moments of chance, one at every step, and ``server_count`` of a whole server.

    Counts what was found afterwards: ``old`` or ``new`` (one whole generation: the published one before or after the
    kill), ``mixed`` (content that nobody published), ``lost`` (nothing that can be served). Only the first two are
    right. ``whole`` says whether there was nothing else.
    """
    rng = np.random.default_rng(seed)
    tables = route_tables(synthetic_snapshot(session_groups, 500, seed, groups=60, sites=6))
    with tempfile.TemporaryDirectory(prefix="fairlead-kill-") as folder:
        by_step = step_kills(Path(folder) / "steps", tables, rng)
        by_chance = Counter(_killed_by_chance(Path(folder) / "chance", tables, rng) for _ in range(count))
        servers = Counter(_killed_server(Path(folder) / "server", tables, rng) for _ in range(server_count))
    found = by_step + by_chance + servers
    return {
        "steps": dict(by_step),
        "chance": dict(by_chance),
        "servers": dict(servers),
        "whole": found["old"] + found["new"] == found.total(),
    }


def step_kills(store: Path, tables: RouteTables, rng: np.random.Generator) -> Counter[str]:
    """One publication for each of its steps, killed just before it; ends with the first that was not killed."""
    found: Counter[str] = Counter()
    publish(store, tables)
    for number in range(1_000):
        before, after = loaded(store).manifest.content, reweighted(loaded(store).tables, rng)
        killed = _forked(lambda n=number, new=after: publish(store, new, step=_killer(n)))  # type: ignore[misc]  # the loop's values are bound now
        found[outcome(store, before, after.content_hash)] += 1
        if not killed:
            return found
    raise AssertionError("a publication has fewer steps")


def outcome(store: Path, before: str, after: str) -> str:
    """What a server finds that starts now.

    ``old`` or ``new``; ``mixed``: neither; ``warned``: whole, but not what CURRENT names; ``lost``: nothing.
    """
    try:
        found = loaded(store)
    except FairleadError:
        return "lost"
    content = found.tables.content_hash  # of the arrays as they are, not as the manifest says
    if content != found.manifest.content:
        return "mixed"
    if found.warnings:
        return "warned"
    return {before: "old", after: "new"}.get(content, "mixed")


def _killer(number: int) -> Step:
    """Dies just before step ``number``, as if the power had gone: nothing is cleaned up."""
    left = [number]

    def step(name: str) -> None:
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        left[0] -= 1

    return step


def _forked(work: Callable[[], object]) -> bool:
    """Runs the work in a copy of this process; whether it was killed."""
    process = multiprocessing.get_context("fork").Process(target=work)
    process.start()
    process.join()
    return process.exitcode == -signal.SIGKILL


def _killed_by_chance(store: Path, tables: RouteTables, rng: np.random.Generator) -> str:
    before = (loaded(store).manifest if store.exists() else publish(store, tables)).content
    new = reweighted(loaded(store).tables, rng)
    process = multiprocessing.get_context("fork").Process(target=publish, args=(store, new))
    process.start()
    time.sleep(rng.uniform(0, _LONGEST_S))
    process.kill()
    process.join()
    return outcome(store, before, new.content_hash)


def _killed_server(store: Path, tables: RouteTables, rng: np.random.Generator) -> str:
    """Kills a server with its workers, and its publisher, in the middle of swaps; asks the one started in its place."""
    publish(store, tables)
    port = free_port()
    publisher = multiprocessing.get_context("fork").Process(target=_publish_without_pause, args=(store,))
    first = server_process(store, port)
    await_answer(port, first)
    publisher.start()
    time.sleep(rng.uniform(0.5, 1.0))  # long enough for swaps
    os.killpg(first.pid, signal.SIGKILL)
    publisher.kill()
    publisher.join()
    first.wait()
    expected = loaded(store)
    second = server_process(store, port)
    try:
        await_answer(port, second)
        status = served_status(port)
    finally:
        second.terminate()
        second.wait()
    whole = status["hash"] == expected.manifest.content == expected.tables.content_hash
    return "mixed" if not whole or expected.warnings else "new" if status["generation"] > 1 else "old"


def served_status(port: int) -> dict[str, Any]:
    """What /v1/status says."""
    with urllib.request.urlopen(f"http://{HOST}:{port}/v1/status", timeout=5) as answer:
        status: dict[str, Any] = json.load(answer)
    return status


def _publish_without_pause(store: Path) -> None:
    rng = np.random.default_rng(0)
    tables = loaded(store).tables
    while True:
        tables = reweighted(tables, rng)
        publish(store, tables)
