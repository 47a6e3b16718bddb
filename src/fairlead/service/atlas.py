"""The servers on a map of the world: healthy, touched by failures, failing, drained."""

from __future__ import annotations

import html
import json
import math
from collections.abc import Iterator
from enum import Enum
from functools import cache
from importlib import resources

import numpy as np

from fairlead.checks.evidence import evidence
from fairlead.model import Servers, Snapshot
from fairlead.predict.overlay import active_users, failing_at, last_window
from fairlead.service.svg import drawing, element, line, text

WIDTH = 960.0
SOUTH_DEG, NORTH_DEG = -56.0, 76.0
SCALE = WIDTH / 360.0
HEIGHT = (NORTH_DEG - SOUTH_DEG) * SCALE
BESIDE = 6.5  # pixels between the servers of one data center
FAILING_RATIO = 0.5  # share of a server's streams that fail


class Look(Enum):
    """How a server is drawn."""

    HEALTHY = "healthy"
    TOUCHED = "touched"
    FAILING = "failing"
    DRAINED = "drained"


def world_map(snapshot: Snapshot, label: str) -> str:
    """Land, failing paths, servers. Servers whose place is not known are left out."""
    servers = snapshot[Servers]
    looks = server_looks(snapshot)
    x, y = _places(servers)
    content = [element("path", d=_land(), class_="land"), *_failing_paths(snapshot, x, y)]
    users = active_users(snapshot)
    order = sorted(range(servers.row_count), key=lambda row: list(Look).index(looks[row]))
    for row in order:
        if math.isnan(x[row]):
            continue
        words = f"{servers.server[row]}, {servers.region[row]}: {looks[row].value}"
        words += "" if math.isnan(users[row]) else f", {users[row]:.0f} users"
        content.append(_mark(float(x[row]), float(y[row]), looks[row], words))
    content += _names(servers, looks, x, y)
    return drawing(WIDTH, HEIGHT, "".join(content), label)


def server_looks(snapshot: Snapshot) -> list[Look]:
    """[servers] drained, or by the share of its streams that fail in the newest window."""
    online, failed_ratio = snapshot[Servers].online, evidence(snapshot).failed_ratio
    return [
        Look.DRAINED
        if not up
        else Look.FAILING
        if ratio >= FAILING_RATIO
        else Look.TOUCHED
        if ratio > 0
        else Look.HEALTHY
        for up, ratio in zip(online.tolist(), failed_ratio.tolist(), strict=True)
    ]


def legend() -> str:
    """What the marks mean."""
    words = {
        Look.HEALTHY: "healthy",
        Look.TOUCHED: "some streams fail",
        Look.FAILING: "half or more of its streams fail",
        Look.DRAINED: "drained",
    }
    items = []
    for look, meaning in words.items():
        mark = drawing(18, 18, _mark(9, 9, look, meaning), meaning)
        items.append(element("span", mark + meaning, class_="key"))
    return element("p", "".join(items), class_="legend")


def _places(servers: Servers) -> tuple[np.ndarray, np.ndarray]:
    """Pixels [servers]; the servers of a place stand in a ring round it so that each is seen."""
    x = (np.asarray(servers.longitude_deg, np.float64) + 180) * SCALE
    y = (NORTH_DEG - np.asarray(servers.latitude_deg, np.float64)) * SCALE
    _, site = servers.codes("data_center")
    for number in np.unique(site):
        rows = np.flatnonzero(site == number)
        if len(rows) > 1:
            angle = 2 * np.pi * np.arange(len(rows)) / len(rows)
            radius = max(BESIDE / 2, BESIDE * len(rows) / (2 * np.pi))
            x[rows] += radius * np.cos(angle)
            y[rows] += radius * np.sin(angle)
    return x, y


def _failing_paths(snapshot: Snapshot, x: np.ndarray, y: np.ndarray) -> Iterator[str]:
    window = last_window(snapshot)
    for at in failing_at(snapshot).tolist():
        ends = (int(window.source[at]), int(window.target[at]))
        if not any(math.isnan(x[end]) for end in ends):
            one, two = ends
            yield line(float(x[one]), float(y[one]), float(x[two]), float(y[two]), class_="failing-path")


def _mark(x: float, y: float, look: Look, words: str) -> str:
    title = element("title", html.escape(words))
    if look is Look.DRAINED:
        cross = line(x - 3, y - 3, x + 3, y + 3) + line(x - 3, y + 3, x + 3, y - 3)
        return element("g", title + element("circle", cx=x, cy=y, r=5) + cross, class_="server drained")
    radius = {Look.HEALTHY: 2.8, Look.TOUCHED: 2.8, Look.FAILING: 5.0}[look]
    return element("circle", title, cx=x, cy=y, r=radius, class_=f"server {look.value}")


def _names(servers: Servers, looks: list[Look], x: np.ndarray, y: np.ndarray) -> Iterator[str]:
    """The data centers of what fails or is drained, once each."""
    marked = [row for row, look in enumerate(looks) if look in (Look.FAILING, Look.DRAINED) and not math.isnan(x[row])]
    for site in sorted({str(servers.data_center[row]) for row in marked}):
        rows = [row for row in marked if servers.data_center[row] == site]
        right = max(float(x[row]) for row in rows)
        middle = sum(float(y[row]) for row in rows) / len(rows)
        turned = right > WIDTH - 80
        place = right - 14 if turned else right + 10
        name = site if len(rows) > 1 else str(servers.server[rows[0]])
        yield text(place, middle + 4, name, class_="place", text_anchor="end" if turned else "start")


@cache
def _land() -> str:
    outlines = json.loads((resources.files("fairlead.service") / "land.json").read_text(encoding="utf-8"))
    return "".join(
        "M" + "L".join(f"{(lon + 180) * SCALE:.1f} {(NORTH_DEG - lat) * SCALE:.1f}" for lon, lat in ring) + "Z"
        for ring in outlines["rings"]
    )
