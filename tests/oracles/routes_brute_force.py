"""Routes by enumeration: every loop-free way, every filter stage by its sentence, every bandit by its sum."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairlead.model import Access, Direct, Groups, Links, ServiceClasses, Sites, Snapshot, Stage

Reals = NDArray[np.float64]
Route = tuple[float, tuple[int, ...]]
"""Latency, and the sites on the way; no site is the plain Internet."""
Metrics3 = tuple[float, float, float]


def overlay(
    seed: int,
    *,
    sites: int = 4,
    groups: int = 4,
    whole: bool = True,
    absent_ratio: float = 0.3,
    latest_ms: int = 9,
) -> Snapshot:
    """A random network. ``whole``: whole milliseconds, so that sums are exact and ties abound."""
    rng = np.random.default_rng(seed)

    def drawn(count: int, high: float) -> Reals:
        values = rng.integers(0, latest_ms + 1, count) * 1.0 if whole else rng.random(count) * latest_ms
        values *= high / latest_ms if high != latest_ms else 1.0
        values[rng.random(count) < absent_ratio / 2] = np.nan
        return values

    def columns(count: int) -> dict[str, Any]:
        return {
            "latency_ms": drawn(count, latest_ms),
            "jitter_ms": drawn(count, latest_ms),
            "loss_ratio": drawn(count, 0.25),
        }

    def kept(one: NDArray[np.int64], other: NDArray[np.int64]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        chosen = rng.permutation(np.flatnonzero(rng.random(len(one)) >= absent_ratio))
        return one[chosen].astype(np.int32), other[chosen].astype(np.int32)

    source, target = kept(*np.nonzero(~np.eye(sites, dtype=bool)))
    group, site = kept(*np.nonzero(np.ones((groups, sites), dtype=bool)))
    source_group, target_group = kept(*np.nonzero(np.ones((groups, groups), dtype=bool)))
    return Snapshot(
        [
            Sites.of(site=np.arange(sites)),
            Links.of(source=source, target=target, **columns(len(source))),
            Groups.of(group=np.arange(groups)),
            Access.of(group=group, site=site, **columns(len(group))),
            Direct.of(source_group=source_group, target_group=target_group, **columns(len(source_group))),
            ServiceClasses.of_panorama(),
        ]
    )


def all_pairs(snapshot: Snapshot) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Every ordered pair of groups, by source, then target."""
    count = snapshot[Groups].row_count
    source, target = np.divmod(np.arange(count * count, dtype=np.int32), np.int32(count))
    return source, target


def loop_free(cost: Reals, source: int, target: int) -> list[Route]:
    """All loop-free paths of a pair by (cost, nodes on it); NaN: no link."""

    def grown(way: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
        if way[-1] == target:
            yield way
            return
        for node in range(len(cost)):
            if node not in way and not math.isnan(cost[way[-1], node]):
                yield from grown((*way, node))

    found = [(sum((float(cost[link]) for link in pairwise(way)), 0.0), way) for way in grown((source,))]
    return sorted(found, key=lambda route: (route[0], len(route[1])))


def square(snapshot: Snapshot, column: str) -> Reals:
    """[sites, sites] of a column of ``links``, link by link."""
    count = snapshot[Sites].row_count
    grid = np.full((count, count), np.nan)
    for row in range(snapshot[Links].row_count):
        grid[snapshot[Links].source[row], snapshot[Links].target[row]] = snapshot[Links].array(column)[row]
    return grid


def access_ms(snapshot: Snapshot, group: int) -> dict[int, float]:
    """Site -> latency of a group, where it is known."""
    access = snapshot[Access]
    return {
        int(site): float(ms)
        for owner, site, ms in zip(access.group, access.site, access.latency_ms, strict=True)
        if owner == group and not math.isnan(ms)
    }


def direct_of(snapshot: Snapshot, source: int, target: int) -> Metrics3 | None:
    """The three metrics of the plain Internet, ``None`` without a row."""
    direct = snapshot[Direct]
    for row in range(direct.row_count):
        if (direct.source_group[row], direct.target_group[row]) == (source, target):
            return float(direct.latency_ms[row]), float(direct.jitter_ms[row]), float(direct.loss_ratio[row])
    return None


def whole_graph(snapshot: Snapshot, source: int, target: int) -> list[Route]:
    """All loop-free paths of two groups in the graph whose nodes are sites and users, by latency."""
    cost, near, far = square(snapshot, "latency_ms"), access_ms(snapshot, source), access_ms(snapshot, target)
    routes: list[Route] = []
    for ingress, enter_ms in near.items():
        for egress, leave_ms in far.items():
            routes += [(enter_ms + ms + leave_ms, way) for ms, way in loop_free(cost, ingress, egress)]
    direct = direct_of(snapshot, source, target)
    if direct is not None and not math.isnan(direct[0]):
        routes.append((direct[0], ()))
    return sorted(routes, key=lambda route: route[0])


def end_to_end(snapshot: Snapshot, source: int, target: int, way: Sequence[int]) -> Metrics3:
    """Latency, jitter, loss of a path, link by link."""
    if not way:
        return direct_of(snapshot, source, target) or (math.nan, math.nan, math.nan)
    access = snapshot[Access]
    parts: list[Metrics3] = []
    for group, site in ((source, way[0]), (target, way[-1])):
        row = int(np.flatnonzero((access.group == group) & (access.site == site))[0])
        parts.append((float(access.latency_ms[row]), float(access.jitter_ms[row]), float(access.loss_ratio[row])))
    grids = [square(snapshot, column) for column in ("latency_ms", "jitter_ms", "loss_ratio")]
    parts += [(float(grids[0][link]), float(grids[1][link]), float(grids[2][link])) for link in pairwise(way)]
    survival = math.prod(1.0 - loss for _, _, loss in parts)
    return sum(part[0] for part in parts), sum(part[1] for part in parts), 1.0 - survival


def sla_filter(paths: Sequence[Metrics3], levels: Sequence[Metrics3]) -> list[tuple[int, Stage]]:
    """Panorama 4.2, sentence by sentence: which of these paths, best latency first, are kept, and by which stage.

    levels : limits (NaN: none) of the session's own class, then of the lower ones
    """

    def misses(path: Metrics3, limits: Metrics3) -> list[int]:
        return [kind for kind in range(3) if not math.isnan(limits[kind]) and not path[kind] <= limits[kind]]

    for depth, limits in enumerate(levels):
        inside = [number for number, path in enumerate(paths) if not misses(path, limits)]
        if inside:
            return [(number, Stage.DOWNGRADED if depth else Stage.SLA) for number in inside]
        relaxed: list[tuple[int, Stage]] = []
        for kind in range(3):
            one_off = [number for number, path in enumerate(paths) if misses(path, limits) == [kind]]
            value = {n: math.inf if math.isnan(paths[n][kind]) else paths[n][kind] for n in one_off}
            least = [number for number in one_off if value[number] == min(value.values())]
            relaxed += [(n, Stage.DOWNGRADED_RELAXED if depth else Stage(1 + kind)) for n in least]
        if relaxed:
            return sorted(relaxed)
    return [(0, Stage.LAST_RESORT)]


def discounted(
    history: Sequence[tuple[Sequence[int], Sequence[float]]], arm: int, discount: float
) -> tuple[float, float]:
    """Panorama Eq. (1) as it is written: (mean, bound) of an arm after cycles of (candidates, reward of each arm)."""
    last = len(history)
    weight = [discount ** (last - cycle) if arm in history[cycle - 1][0] else 0.0 for cycle in range(1, last + 1)]
    count = sum(weight)
    if count == 0:
        return -1.0, math.inf
    mean = sum(w * history[cycle][1][arm] for cycle, w in enumerate(weight)) / count
    return mean, mean + math.sqrt(math.log(last) / count)
