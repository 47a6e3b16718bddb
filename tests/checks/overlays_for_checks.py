"""Small networks made by hand: every pair of servers carries streams, and what fails is said explicitly."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np

from fairlead.model import (
    Bound,
    BoundKind,
    Edit,
    Effect,
    Plan,
    Servers,
    ServerWindows,
    Snapshot,
    Status,
    Streams,
    Windows,
    apply_edits,
)
from fairlead.predict.metrics import METRICS

Pair = tuple[int, int]


def overlay(
    regions: Sequence[str],
    failing: Iterable[Pair] | Mapping[Pair, Sequence[int]] = (),
    *,
    windows: Sequence[Any] | np.ndarray = (0, 1, 2),
    failed_count: int = 5,
    succeeded_count: int = 95,
    users: Sequence[int] | int = 10,
    capacity_mbps: Sequence[float] | float = np.nan,
    offline: Iterable[int] = (),
    silent: Iterable[int] = (),
    ids: Sequence[Any] | None = None,
) -> Snapshot:
    """Servers s0, s1, ... in the given regions. ``failing`` pairs fail in every window, or in those that are named.

    silent servers report nothing in the newest window. A failing pair has ``succeeded_count`` streams that work.
    """
    count, window_count = len(regions), len(windows)
    when = failing if isinstance(failing, Mapping) else {pair: range(window_count) for pair in failing}
    pairs = list(combinations(range(count), 2))
    rows = [(w, a, b, failed_count if w in when.get((a, b), ()) else 0) for w in range(window_count) for a, b in pairs]
    window, source, target, failed = (np.array(part, np.int32) for part in zip(*rows, strict=True))
    hushed = set(silent)
    reports = [(w, s) for w in range(window_count) for s in range(count) if w < window_count - 1 or s not in hushed]
    load = np.broadcast_to(np.array(users), (count,))
    return Snapshot(
        [
            Servers.of(
                server=np.array(ids) if ids is not None else np.array([f"s{n}" for n in range(count)]),
                region=np.array(regions),
                data_center=np.array([f"dc-{region}" for region in regions]),
                capacity_mbps=np.broadcast_to(np.array(capacity_mbps, float), (count,)).copy(),
                online=~np.isin(np.arange(count), list(offline)),
            ),
            Windows.of(window=np.asarray(windows)),
            Streams.of(
                window=window,
                source=source,
                target=target,
                succeeded_count=np.full(len(rows), succeeded_count, np.int32),
                failed_count=failed,
                rtt_ms=np.full(len(rows), 20.0),
                loss_ratio=np.where(failed > 0, 0.3, 0.001),
            ),
            ServerWindows.of(
                window=np.array([w for w, _ in reports], np.int32),
                server=np.array([s for _, s in reports], np.int32),
                active_users_count=np.array([load[s] for _, s in reports], np.int32),
            ),
        ]
    )


def online_edit(rows: Sequence[int], online: bool, action: str = "", start_s: float = 0.0) -> Edit:
    return Edit(
        action=action or ("restore" if online else "drain"),
        table="servers",
        column="online",
        rows=np.array(rows, np.int64),
        after=np.full(len(rows), online),
        start_s=start_s,
    )


def drain(*rows: int, start_s: float = 0.0) -> Edit:
    return online_edit(rows, False, start_s=start_s)


def restore(*rows: int, start_s: float = 0.0) -> Edit:
    return online_edit(rows, True, start_s=start_s)


def star(centre: int, leaves: Iterable[int]) -> list[Pair]:
    return [(min(centre, leaf), max(centre, leaf)) for leaf in leaves]


def plan_for(snapshot: Snapshot, edits: tuple[Edit, ...], **changed: Effect) -> Plan:
    """A plan whose every promise is true, but for those that are changed."""
    edited = apply_edits(snapshot, edits)
    honest = {name: Effect(metric=name, before=of(snapshot), after=of(edited)) for name, of in METRICS.items()}
    return Plan(
        planner="me/1",
        basis=snapshot.basis,
        status=Status.SOLVED,
        edits=edits,
        effects=tuple({**honest, **changed}.values()),
        bound=Bound(cost=0.0, best=math.nan, kind=BoundKind.NONE),
    )
