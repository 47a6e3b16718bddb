"""What the route server says to a request: from a target and a body to a status and a line of JSON. No network here.

    GET  /v1/path?source=IP&target=IP&class=NAME    one path, drawn by weight (Panorama 3.2)
    GET  /v1/paths?source=IP&target=IP&class=NAME   the whole weighted set (3.4)
    POST /v1/paths:batch                            a JSON list of {"source", "target", "class"}: one path each
    GET  /v1/status, /healthz, /metrics

Every answer names its generation, content hash and age. What cannot be understood is a 400 with one line that says
what to change.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple
from urllib.parse import unquote

import numpy as np

from fairlead.model import BadInputError
from fairlead.planners.route.answer import Address, RouteTables, Why, answer, answers, packed, path_set
from fairlead.service.route_counts import REASONS
from fairlead.service.route_tables import Manifest

BATCH_LIMIT = 10_000  # sessions in one request
BODY_LIMIT_BYTES = 2_000_000
_FIELDS = frozenset(("source", "target", "class"))
_PATH_FILES = ("path_start.npy", "path_site.npy", "site_name.npy")
_JSON = "application/json"
_USUAL = re.compile(r"source=([^&%]*)&target=([^&%]*)&class=([^&%]*)").fullmatch  # the order in which clients write it


class Reply(NamedTuple):
    """A response, and what to count: the endpoint and the reason of each answer."""

    status: int
    body: bytes
    endpoint: str
    reasons: tuple[int, ...] = ()
    kind: str = _JSON


@dataclass(frozen=True, slots=True, eq=False)
class Serving:
    """One generation as it is served: replaced as a whole, never changed, but for the memory of texts it has made.

    paths : path row -> its JSON, filled as paths are asked for
    """

    manifest: Manifest
    tables: RouteTables
    paths: dict[tuple[int, int], str]

    @classmethod
    def of(cls, manifest: Manifest, tables: RouteTables) -> Serving:
        """Begins to serve a generation."""
        return cls(manifest, tables, {})

    def followed_by(self, manifest: Manifest, tables: RouteTables) -> Serving:
        """Goes on to serve another generation; texts are kept where the pool of paths is the same, file by file."""
        same = all(self.manifest.files.get(name) == manifest.files.get(name) for name in _PATH_FILES)
        return Serving(manifest, tables, self.paths if same else {})

    def path_text(self, path: int, why: int) -> str:
        """``"kind":...,"sites":[...]`` of a path row."""
        text = self.paths.get((path, why))
        if text is None:
            kind = "direct" if path == 0 else "nearby" if why == Why.NEARBY else "overlay"
            sites = json.dumps(self.tables.sites_of(path), separators=(",", ":"))
            text = self.paths[path, why] = f'"kind":"{kind}","sites":{sites}'
        return text


class RouteDoor:
    """Answers requests from the generation in ``serving``; replace it and the next request sees the next generation.

    chance  : numbers in [0, 1), one for each path drawn
    clock   : seconds since 1970
    stale_s : age of the tables from which answers say that they are stale. They are given all the same.
    """

    def __init__(
        self, serving: Serving, chance: Callable[[], float], clock: Callable[[], float], stale_s: float
    ) -> None:
        self.serving = serving
        self._chance, self._clock, self._stale_s = chance, clock, stale_s
        self._gets: Mapping[str, Callable[[str], Reply]] = {
            "/v1/path": self._path,
            "/v1/paths": self._paths,
            "/v1/status": self._status,
            "/healthz": self._health,
        }

    def get(self, path: str, query: str) -> Reply:
        """The response to a GET. ``path`` and ``query`` as they stand in the request."""
        page = self._gets.get(path)
        if page is None:
            return refused(404, "route.page", f"no such page: {path[:80]}", expected=", ".join(self._gets))
        try:
            return page(query)
        except BadInputError as error:
            return _bad(error, path.rpartition("/")[2])

    def batch(self, body: bytes) -> Reply:
        """The response to a POST of many sessions; all of them or, with the first that is wrong, none."""
        serving = self.serving
        try:
            sources, targets, classes = _sessions(serving, body)
        except BadInputError as error:
            return _bad(error, "batch")
        uniform = np.array([self._chance() for _ in classes])
        found = answers(
            serving.tables,
            np.array(sources, np.int64).reshape(-1, 2),
            np.array(targets, np.int64).reshape(-1, 2),
            np.array(classes, np.int32),
            uniform,
        )
        rows = list(zip(found.path.tolist(), found.why.tolist(), strict=True))
        parts = [f'{{"reason":"{REASONS[why]}",{serving.path_text(path, why)}}}' for path, why in rows]
        body_text = f'{self._head(serving)},"answers":[{",".join(parts)}]}}\n'
        return Reply(200, body_text.encode(), "batch", tuple(why for _, why in rows))

    def _path(self, query: str) -> Reply:
        serving = self.serving
        source, target, service_class = _session(serving, query)
        found = answer(serving.tables, source, target, service_class, self._chance())
        text = serving.path_text(found.path, found.why)
        body = f'{self._head(serving)},"reason":"{REASONS[found.why]}",{text}}}\n'
        return Reply(200, body.encode(), "path", (found.why,))

    def _paths(self, query: str) -> Reply:
        serving = self.serving
        source, target, service_class = _session(serving, query)
        found = path_set(serving.tables, source, target, service_class)
        parts = [
            f'{{"weight_ratio":{weight!r},{serving.path_text(path, found.why)}}}'
            for path, weight in zip(found.paths, found.weights, strict=True)
        ]
        body = f'{self._head(serving)},"reason":"{REASONS[found.why]}","paths":[{",".join(parts)}]}}\n'
        return Reply(200, body.encode(), "paths", (found.why,))

    def _status(self, query: str) -> Reply:
        serving = self.serving
        tables = serving.tables
        counts = {
            "session_groups": len(tables.pair_key),
            "user_groups": len(tables.nearest),
            "sites": len(tables.site_name),
            "paths": len(tables.path_start) - 1,
            "service_classes": tables.class_name.tolist(),
            "made_s": serving.manifest.made_s,
            "published_s": serving.manifest.published_s,
            "stale_after_s": self._stale_s,
        }
        return Reply(200, f"{self._head(serving)},{json.dumps(counts)[1:]}\n".encode(), "status")

    def _health(self, query: str) -> Reply:
        # stale tables are served on purpose, so staleness is not sickness
        return Reply(200, b'{"ok":true}\n', "healthz")

    def gauges(self) -> Mapping[str, float]:
        """What /metrics shows of the generation that is served."""
        manifest, tables = self.serving.manifest, self.serving.tables
        age_s = self._clock() - manifest.made_s
        return {
            "fairlead_route_generation": manifest.number,
            "fairlead_route_age_seconds": round(age_s, 3),
            "fairlead_route_stale": int(age_s > self._stale_s),
            "fairlead_route_session_groups": len(tables.pair_key),
        }

    def _head(self, serving: Serving) -> str:
        """The beginning of every answer; the object is left open."""
        manifest = serving.manifest
        age_s = max(0.0, self._clock() - manifest.made_s)  # clocks of two machines differ
        stale = "true" if age_s > self._stale_s else "false"
        return f'{{"generation":{manifest.number},"hash":"{manifest.content}","age_s":{age_s:.1f},"stale":{stale}'


def refused(status: int, code: str, what: str, expected: str = "", endpoint: str = "other") -> Reply:
    """A refusal as one line of JSON."""
    return _bad(BadInputError(code=code, what=what, expected=expected), endpoint, status)


def _bad(error: BadInputError, endpoint: str, status: int = 400) -> Reply:
    body = {"error": {"code": error.code, "message": str(error)}}
    return Reply(status, json.dumps(body).encode() + b"\n", endpoint)


def _session(serving: Serving, query: str) -> tuple[Address, Address, int]:
    usual = _USUAL(query)
    if usual:
        return _read(serving, *usual.groups())
    fields: dict[str, str] = {}
    for part in query.split("&"):
        name, _, value = part.partition("=")
        fields[name] = value
    if fields.keys() != _FIELDS or query.count("&") != len(_FIELDS) - 1:
        raise BadInputError(
            code="route.query", what="the query is not that of a session", got=query[:120],
            expected="source=IP&target=IP&class=NAME",
        )  # fmt: skip
    if "%" in query:
        fields = {name: unquote(value) for name, value in fields.items()}
    return _read(serving, fields["source"], fields["target"], fields["class"])


def _read(serving: Serving, source: str, target: str, service_class: str) -> tuple[Address, Address, int]:
    row = serving.tables.class_row.get(service_class)
    if row is None:
        raise BadInputError(
            code="route.class",
            what="no such service class",
            got=service_class[:60],
            expected=", ".join(serving.tables.class_row),
        )
    return packed(source), packed(target), row


def _sessions(serving: Serving, body: bytes) -> tuple[list[Address], list[Address], list[int]]:
    try:
        items: Any = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise BadInputError(code="route.json", what="the body is not JSON", got=str(error)[:120]) from None
    if not isinstance(items, list) or len(items) > BATCH_LIMIT:
        raise BadInputError(
            code="route.batch",
            what="the body is not a batch",
            got=f"{len(items)} sessions" if isinstance(items, list) else type(items).__name__,
            expected=f"a list of at most {BATCH_LIMIT} sessions",
        )
    sources: list[Address] = []
    targets: list[Address] = []
    classes: list[int] = []
    for place, item in enumerate(items):
        source, target, row = _item(serving, item, place)
        sources.append(source)
        targets.append(target)
        classes.append(row)
    return sources, targets, classes


def _item(serving: Serving, item: object, place: int) -> tuple[Address, Address, int]:
    good = isinstance(item, dict) and item.keys() == _FIELDS and all(isinstance(v, str) for v in item.values())
    if not good or not isinstance(item, dict):
        raise BadInputError(
            code="route.session", what="not a session", where=f"item {place}", got=str(item)[:80],
            expected='{"source": IP, "target": IP, "class": NAME}',
        )  # fmt: skip
    try:
        return _read(serving, item["source"], item["target"], item["class"])
    except BadInputError as error:
        raise BadInputError(
            code=error.code, what=error.what, where=f"item {place}", got=error.got, expected=error.expected
        ) from None
