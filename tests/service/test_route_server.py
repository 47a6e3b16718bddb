"""What the server says, to whom, from which generation; and one real server from its start to its end."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import os
import signal
import socket
import time
import urllib.error
import urllib.request
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fairlead.model import BadInputError
from fairlead.planners.route.answer import RouteTables, packed, path_set, route_tables
from fairlead.service.route_counts import NAMES, REQUEST_CELLS, RouteCounts, answer_cell, prometheus_text
from fairlead.service.route_door import BATCH_LIMIT, BODY_LIMIT_BYTES, RouteDoor, Serving
from fairlead.service.route_load import open_loop, request_bytes
from fairlead.service.route_server import RouteApp, Watch, main, serve_routes
from fairlead.service.route_server_bench import (
    HOST,
    await_answer,
    free_port,
    in_process,
    reweighted,
    server_process,
    targets,
)
from fairlead.service.route_store import CURRENT, current_name, loaded, publish
from fairlead.service.route_synthetic import synthetic_snapshot

SNAPSHOT = synthetic_snapshot(200, 60, 1, groups=12, sites=4)
NOW = 1_000.0


@pytest.fixture(scope="module")
def tables() -> RouteTables:
    return route_tables(SNAPSHOT)


@pytest.fixture
def store(tmp_path: Path, tables: RouteTables) -> Path:
    publish(tmp_path / "store", tables, clock=lambda: NOW)
    return tmp_path / "store"


def door_on(store: Path, now_s: float = NOW + 1.5, uniform: float = 0.5) -> RouteDoor:
    found = loaded(store)
    return RouteDoor(Serving.of(found.manifest, found.tables), lambda: uniform, lambda: now_s, 900.0)


def asked(**changed: str) -> str:
    fields = {"source": "1.0.0.9", "target": "1.0.7.9", "class": "premium", **changed}
    return "&".join(f"{name}={value}" for name, value in fields.items())


def planned_query(tables: RouteTables) -> tuple[str, tuple[tuple[int, ...], tuple[float, ...]]]:
    """A session whose set has more than one path that is not direct."""
    for target in targets(SNAPSHOT, 200, np.random.default_rng(2)):
        query = target.partition("?")[2]
        fields = dict(part.split("=") for part in query.split("&"))
        found = path_set(tables, packed(fields["source"]), packed(fields["target"]), tables.class_row[fields["class"]])
        if len(found.paths) > 1 and 0 not in found.paths:
            return query, (found.paths, found.weights)
    raise AssertionError("no such session")


def test_one_path(store: Path, tables: RouteTables) -> None:
    query, (paths, weights) = planned_query(tables)
    seen = {}
    for uniform in np.linspace(0, 1, 100, endpoint=False):
        reply = door_on(store, uniform=float(uniform)).get("/v1/path", query)
        body = json.loads(reply.body)
        seen.setdefault(tuple(body.pop("sites")), []).append(uniform)
        assert reply.status == 200
        assert body == {
            "generation": 1, "hash": tables.content_hash, "age_s": 1.5, "stale": False,
            "reason": "planned", "kind": "overlay",
        }  # fmt: skip
    expected = {tuple(tables.sites_of(path)): weight for path, weight in zip(paths, weights, strict=True)}
    assert {sites: len(drawn) / 100 for sites, drawn in seen.items()} == pytest.approx(expected, abs=0.011)


def test_the_whole_set(store: Path, tables: RouteTables) -> None:
    query, (paths, weights) = planned_query(tables)
    body = json.loads(door_on(store).get("/v1/paths", query).body)
    assert [entry["sites"] for entry in body["paths"]] == [tables.sites_of(path) for path in paths]
    assert [entry["weight_ratio"] for entry in body["paths"]] == pytest.approx(weights)
    assert (body["generation"], body["reason"]) == (1, "planned")


@pytest.mark.parametrize(
    ("changed", "kind", "reason"),
    [
        ({"target": "1.0.0.200"}, "direct", "same_group"),
        ({"target": "9.9.9.9"}, "direct", "unknown"),
        ({"source": "fe80::1"}, "direct", "unknown"),
        ({"source": "::ffff:1.0.0.9", "target": "1.0.0.1"}, "direct", "same_group"),
        ({"source": "%3A%3Affff%3a1.0.0.9", "target": "1.0.0.1"}, "direct", "same_group"),
    ],
)
def test_kinds_and_reasons(store: Path, changed: dict[str, str], kind: str, reason: str) -> None:
    for page in ("/v1/path", "/v1/paths"):
        body = json.loads(door_on(store).get(page, asked(**changed)).body)
        entry = body["paths"][0] if page == "/v1/paths" else body
        assert (entry["kind"], entry["sites"], body["reason"]) == (kind, [], reason)


def test_without_a_plan_the_answer_is_nearby(tmp_path: Path, tables: RouteTables) -> None:
    bare = dataclasses.replace(tables, set_path=np.full_like(tables.set_path, -1))
    publish(tmp_path, bare)
    query, _ = planned_query(tables)
    body = json.loads(door_on(tmp_path).get("/v1/path", query).body)
    assert (body["kind"], body["reason"]) == ("nearby", "nearby")
    assert body["sites"]


def test_stale_tables_are_served_and_say_so(store: Path) -> None:
    fresh, stale = (json.loads(door_on(store, NOW + age).get("/v1/path", asked()).body) for age in (900.0, 900.1))
    assert (fresh["stale"], stale["stale"], stale["age_s"]) == (False, True, 900.1)
    assert door_on(store, NOW + 1e9).get("/healthz", "").status == 200
    assert door_on(store, NOW + 901).gauges()["fairlead_route_stale"] == 1
    early = json.loads(door_on(store, NOW - 5).get("/v1/status", "").body)
    assert (early["age_s"], early["session_groups"]) == (0.0, len(loaded(store).tables.pair_key))


@pytest.mark.parametrize(
    ("page", "query", "status", "code"),
    [
        ("/v1/path", "", 400, "route.query"),
        ("/v1/path", "source=1.0.0.9", 400, "route.query"),
        ("/v1/path", asked() + "&more=1", 400, "route.query"),
        ("/v1/path", asked() + "&source=1.0.0.9", 400, "route.query"),
        ("/v1/path", asked(source="1.0.0"), 400, "route.address"),
        ("/v1/paths", asked(target=""), 400, "route.address"),
        ("/v1/path", asked(target="%00"), 400, "route.address"),
        ("/v1/paths", asked(**{"class": "gold"}), 400, "route.class"),
        ("/v1/path", asked(**{"class": ""}), 400, "route.class"),
        ("/", "", 404, "route.page"),
        ("/v1/path/", asked(), 404, "route.page"),
    ],
)
def test_bad_requests_get_one_line(store: Path, page: str, query: str, status: int, code: str) -> None:
    reply = door_on(store).get(page, query)
    assert (reply.status, json.loads(reply.body)["error"]["code"]) == (status, code)
    assert reply.body.count(b"\n") == 1
    assert (reply.endpoint, False) in REQUEST_CELLS


def test_a_batch(store: Path, tables: RouteTables) -> None:
    items = [
        dict(part.split("=") for part in t.partition("?")[2].split("&"))
        for t in targets(SNAPSHOT, 50, np.random.default_rng(3))
    ]
    door = door_on(store)
    reply = door.batch(json.dumps(items).encode())
    body = json.loads(reply.body)
    assert (reply.status, body["hash"], len(reply.reasons)) == (200, tables.content_hash, 50)
    for item, entry in zip(items, body["answers"], strict=True):
        alone = json.loads(door.get("/v1/path", "&".join(f"{k}={v}" for k, v in item.items())).body)
        assert entry == {name: alone[name] for name in ("reason", "kind", "sites")}
    assert json.loads(door.batch(b"[]").body)["answers"] == []


@pytest.mark.parametrize(
    ("body", "code", "where"),
    [
        (b"", "route.json", ""),
        (b"\xff", "route.json", ""),
        (b"[" * 100_000, "route.json", ""),
        (b"{}", "route.batch", "dict"),
        (json.dumps([{}] * (BATCH_LIMIT + 1)).encode(), "route.batch", str(BATCH_LIMIT)),
        (b"[1]", "route.session", "item 0"),
        (b'[{"source":1,"target":"1.1.1.1","class":"premium"}]', "route.session", "item 0"),
        (b'[{"source":"1.1.1.1","target":"1.1.1.1"}]', "route.session", "item 0"),
        (b'[{"source":"1.1.1.1","target":"1.1.1.1","class":"premium","more":"1"}]', "route.session", "item 0"),
        (
            b'[{"source":"1.1.1.1","target":"1.1.1.1","class":"premium"},{"source":"x","target":"1.1.1.1","class":"premium"}]',
            "route.address",
            "item 1",
        ),
    ],
)
def test_bad_batches_get_one_line(store: Path, body: bytes, code: str, where: str) -> None:
    reply = door_on(store).batch(body)
    error = json.loads(reply.body)["error"]
    assert (reply.status, error["code"], reply.endpoint) == (400, code, "batch")
    assert where in error["message"]
    assert reply.body.count(b"\n") == 1


def test_a_swap_replaces_the_whole_generation(store: Path, tables: RouteTables, tmp_path: Path) -> None:
    door = door_on(store)
    counts = RouteCounts(tmp_path / "counts", 1)
    watch = Watch(store, door, counts)
    before = door.serving
    watch.look()
    assert door.serving is before
    new = reweighted(tables, np.random.default_rng(1))
    publish(store, new)
    watch.look()
    assert door.serving.tables == new
    assert json.loads(door.get("/v1/path", asked()).body)["generation"] == 2
    assert counts.totals()["fairlead_route_swaps_total"] == 1
    assert before.tables == tables, "a request that began before still has what it began with"


def test_a_damaged_or_vanished_store_leaves_the_last_good_one(store: Path, tables: RouteTables, tmp_path: Path) -> None:
    door = door_on(store)
    counts = RouteCounts(tmp_path / "counts", 1)
    watch = Watch(store, door, counts)
    publish(store, reweighted(tables, np.random.default_rng(1)))
    hit = store / current_name(store) / "set_weight.npy"
    whole = hit.read_bytes()
    hit.write_bytes(whole[:-1])
    for _ in range(3):
        watch.look()
    assert door.serving.tables == tables
    assert counts.totals()["fairlead_route_refused_generations_total"] == 1, "refused once, not at every look"
    (store / CURRENT).unlink()
    watch.look()
    assert door.serving.tables == tables
    (store / CURRENT).write_text(hit.parent.name + "\n")
    hit.write_bytes(whole)
    for _ in range(60):
        watch.look()
    assert door.serving.manifest.number == 2, "looked at again later"


@dataclasses.dataclass
class Asked:
    """A request, and what came back; the RSGI server as far as the application sees it."""

    method: str
    path: str
    query_string: str = ""
    parts: tuple[bytes, ...] = ()
    replies: list[tuple[int, list[tuple[str, str]], bytes]] = dataclasses.field(default_factory=list)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for part in self.parts:
            yield part

    def response_bytes(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.replies.append((status, headers, body))


def test_the_application_counts_what_it_says(store: Path, tmp_path: Path) -> None:
    counts = RouteCounts(tmp_path / "counts", 1)
    app = RouteApp(door_on(store), counts)
    session = json.dumps({"source": "1.0.0.9", "target": "1.0.0.7", "class": "premium"})
    requests = [
        Asked("GET", "/v1/path", asked(target="1.0.0.7")),
        Asked("GET", "/v1/path", "nonsense"),
        Asked("GET", "/nowhere"),
        Asked("DELETE", "/v1/path"),
        Asked("POST", "/v1/path"),
        Asked("POST", "/v1/paths:batch", parts=(b"[", session.encode(), b",", session.encode(), b"]")),
        Asked("POST", "/v1/paths:batch", parts=(b" " * BODY_LIMIT_BYTES, b" ")),
        Asked("GET", "/metrics"),
    ]
    for request in requests:
        asyncio.run(app.respond(request, request))
    assert [request.replies[0][0] for request in requests] == [200, 400, 404, 405, 405, 200, 413, 200]
    assert all(len(request.replies) == 1 for request in requests)
    kinds = [dict(request.replies[0][1])["content-type"] for request in requests]
    assert kinds == ["application/json"] * 7 + ["text/plain; version=0.0.4"]
    totals = counts.totals()
    assert totals['fairlead_route_requests_total{endpoint="path",result="answered"}'] == 1
    assert totals['fairlead_route_requests_total{endpoint="path",result="refused"}'] == 1
    assert totals['fairlead_route_requests_total{endpoint="other",result="refused"}'] == 3
    assert totals['fairlead_route_requests_total{endpoint="batch",result="answered"}'] == 1
    assert totals['fairlead_route_requests_total{endpoint="batch",result="refused"}'] == 1
    assert totals['fairlead_route_answers_total{reason="same_group"}'] == 3
    text = requests[-1].replies[0][2].decode()
    assert "fairlead_route_generation 1\n" in text
    assert "fairlead_route_age_seconds 1.5\n" in text


def test_counters_are_shared_and_outlive_a_worker(tmp_path: Path) -> None:
    path = tmp_path / "counts"
    one = RouteCounts(path, 2)
    one.own[answer_cell(2)] += 3
    child = os.fork()  # locks belong to processes, so the other worker has to be one
    if child == 0:
        try:
            RouteCounts(path, 2).own[answer_cell(2)] += 4
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    assert one.totals()['fairlead_route_answers_total{reason="nearby"}'] == 7
    assert len(set(REQUEST_CELLS.values()) | {answer_cell(reason) for reason in range(4)}) == len(NAMES) - 2
    for (endpoint, answered), cell in REQUEST_CELLS.items():
        assert f'"{endpoint}"' in NAMES[cell]
        assert ("answered" in NAMES[cell]) == answered


def test_no_row_left_is_refused(tmp_path: Path) -> None:
    kept = RouteCounts(tmp_path / "counts", 1)
    child = os.fork()
    if child == 0:
        try:
            RouteCounts(tmp_path / "counts", 1)
        except BadInputError as error:
            os._exit(7 if error.code == "route_counts.full" else 1)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
    assert sum(kept.totals().values()) == 0


def test_the_text_form_names_every_family_once() -> None:
    text = prometheus_text({'a{x="1"}': 1, 'a{x="2"}': 2, "b": 3}, {"c": 0.5})
    assert text == '# TYPE a counter\na{x="1"} 1\na{x="2"} 2\n# TYPE b counter\nb 3\n# TYPE c gauge\nc 0.5\n'


def test_what_cannot_be_served_is_refused_in_one_line(
    store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(tmp_path / "nowhere")]) == 3
    assert capsys.readouterr().err.startswith("route_store.empty")
    with socket.socket() as taken:
        taken.bind((HOST, 0))
        taken.listen()
        with pytest.raises(BadInputError, match=r"^route_server\.address"):
            serve_routes(store, port=taken.getsockname()[1])
    with pytest.raises(BadInputError, match=r"^route_server\.address"):
        serve_routes(store, host="no.such.host.invalid")


def fetched(port: int, page: str) -> dict[str, Any]:
    with urllib.request.urlopen(f"http://{HOST}:{port}{page}", timeout=5) as answer:
        found: dict[str, Any] = json.load(answer)
    return found


@pytest.mark.slow
def test_a_real_server_from_start_to_end(store: Path, tables: RouteTables) -> None:
    port = free_port()
    server = server_process(store, port, workers=2)
    try:
        await_answer(port, server)
        assert fetched(port, "/v1/status")["hash"] == tables.content_hash
        with pytest.raises(urllib.error.HTTPError, match="400"):
            fetched(port, "/v1/path?source=x")
        requests = [request_bytes(target) for target in targets(SNAPSHOT, 100, np.random.default_rng(0))]
        new = reweighted(tables, np.random.default_rng(1))
        publish(store, new)
        load = open_loop((HOST, port), requests, rate=200, seconds=1.0, connections=4)
        assert (load.failed, len(load.latency_ms)) == (0, 200)
        assert set(load.beginnings) <= {
            f'{{"generation":1,"hash":"{tables.content_hash}"',
            f'{{"generation":2,"hash":"{new.content_hash}"',
        }
        deadline = time.monotonic() + 10  # both workers follow
        while {fetched(port, "/v1/status")["generation"] for _ in range(8)} != {2}:
            assert time.monotonic() < deadline
        with urllib.request.urlopen(f"http://{HOST}:{port}/metrics", timeout=5) as answer:
            metrics = answer.read().decode()
        assert 'fairlead_route_requests_total{endpoint="path",result="answered"} 200\n' in metrics  # of both workers
        assert "fairlead_route_swaps_total 2\n" in metrics
    finally:
        server.send_signal(signal.SIGTERM)
        assert server.wait(timeout=15) == 0


def test_the_load_fails_what_is_not_answered() -> None:
    """A listener that never answers: every request is late, and none is forgotten."""
    with socket.socket() as silent:
        silent.bind((HOST, 0))
        silent.listen()
        load = open_loop(silent.getsockname(), [request_bytes("/")], rate=20, seconds=0.2, connections=2)
    assert (load.failed, load.late, load.latency_ms) == (4, 4, [])
    assert load.summary()["p99_ms"] is None


def test_lookups_in_process_are_measured(tables: RouteTables) -> None:
    found = in_process(tables, SNAPSHOT, np.random.default_rng(0), single=200, batch=1_000)
    assert set(found) == {"single_per_s", "single_from_text_per_s", "set_per_s", "batch_per_s"}
    assert min(found.values()) > 0


def test_texts_of_paths_are_kept_while_the_pool_of_paths_is_the_same(tmp_path: Path) -> None:
    """New weights keep them; another pool makes them anew, for a row may be another path now."""
    first = route_tables(synthetic_snapshot(200, 50, 0, groups=12, sites=4))
    publish(tmp_path, first)
    found = loaded(tmp_path)
    serving = Serving.of(found.manifest, found.tables)
    text = serving.path_text(1, 0)
    publish(tmp_path, reweighted(first, np.random.default_rng(0)))
    same = loaded(tmp_path)
    assert serving.followed_by(same.manifest, same.tables).paths is serving.paths
    publish(tmp_path, route_tables(synthetic_snapshot(200, 50, 0, groups=12, sites=5)))
    other = loaded(tmp_path)
    followed = serving.followed_by(other.manifest, other.tables)
    assert followed.paths == {}
    assert serving.path_text(1, 0) == text
