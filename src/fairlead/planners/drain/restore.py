"""Servers come back when their paths are healthy again, with hysteresis: constant input never flips a server."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from fairlead.model import Reason, Servers, Snapshot, Streams, Windows
from fairlead.predict.overlay import HEALTHY_LOSS_RATIO

Rows = NDArray[np.int64]
Flags = NDArray[np.bool_]
Id = int | str

HEALTHY_PAIRS_RATIO = 0.99  # share of a server's probed paths that must be healthy
PATIENCE_WINDOWS = 3  # healthy in a row; doubles each time the same server has to leave again


@dataclass(frozen=True, slots=True, kw_only=True)
class DrainMemory:
    """All that outlives a call of the planner; ids are the operator's own.

    window   : label of the newest window seen, so that the same window is never counted twice
    pending  : servers that the last plan drained; whether it was applied is seen in the next snapshot
    owned    : servers that this planner took offline; only those may it bring back
    healthy  : windows in a row for which an owned server was healthy
    drains   : how often an owned server was taken offline
    adopts   : "owned": never touch a server that somebody else took offline; "any": treat all offline servers as ours
    """

    window: str = ""
    pending: frozenset[Id] = frozenset()
    owned: frozenset[Id] = frozenset()
    healthy: Mapping[Id, int] = field(default_factory=lambda: MappingProxyType({}))
    drains: Mapping[Id, int] = field(default_factory=lambda: MappingProxyType({}))
    adopts: str = "owned"


def observed(snapshot: Snapshot, memory: DrainMemory) -> DrainMemory:
    """The memory after looking at a snapshot: ownership and health counted up by what the newest window shows."""
    servers = snapshot[Servers]
    window = str(snapshot[Windows].window[-1]) if snapshot[Windows].row_count else ""
    offline = frozenset(servers.server[~servers.online].tolist())
    arrived = offline if memory.adopts == "any" else memory.pending & offline
    owned = (memory.owned | arrived) & offline
    drains = dict(memory.drains)
    for server in arrived - memory.owned:
        drains[server] = drains.get(server, 0) + 1
    rows = np.flatnonzero(~servers.online)
    spans = healthy_windows(snapshot, rows)
    healthy: dict[Id, int] = {}
    for server, span in zip(servers.server[rows].tolist(), spans.tolist(), strict=True):
        if server not in owned:
            continue
        counted = memory.healthy.get(server, 0)
        if window != memory.window:
            counted = counted + 1 if span > 0 else 0
        healthy[server] = max(counted, span)
    return replace(
        memory,
        window=window,
        pending=frozenset(),
        owned=owned,
        healthy=MappingProxyType(healthy),
        drains=MappingProxyType(drains),
    )


def restorable(snapshot: Snapshot, memory: DrainMemory) -> Rows:
    """Rows of owned servers that have been healthy long enough; of two whose common path is sick, only the first."""
    servers = snapshot[Servers]
    rows = [
        row
        for row in np.flatnonzero(~servers.online).tolist()
        if servers.server[row].item() in memory.owned and _ripe(servers.server[row].item(), memory)
    ]
    chosen = np.zeros(servers.row_count, dtype=bool)
    chosen[rows] = True
    window = snapshot[Windows].row_count - 1
    streams = snapshot[Streams]
    sick = (streams.window == window) & (streams.loss_ratio > HEALTHY_LOSS_RATIO)
    at = np.flatnonzero(sick)
    at = at[chosen[streams.source[at]] & chosen[streams.target[at]]]
    for source, target in zip(streams.source[at].tolist(), streams.target[at].tolist(), strict=True):
        if chosen[source] and chosen[target]:
            chosen[max(source, target)] = False
    return np.flatnonzero(chosen)


def _ripe(server: Id, memory: DrainMemory) -> bool:
    patience = PATIENCE_WINDOWS << max(0, memory.drains.get(server, 1) - 1)
    return memory.healthy.get(server, 0) >= patience


def healthy_windows(snapshot: Snapshot, rows: Rows) -> Rows:
    """[rows] newest windows in a row in which the offline server's probed paths to online servers were healthy.

    A drained pair carries no streams; its rows are probes that still measure loss. A window without a single probe of
    the server is not healthy: silence is not health.
    """
    servers, streams = snapshot[Servers], snapshot[Streams]
    window_count = snapshot[Windows].row_count
    if not len(rows):
        return np.empty(0, dtype=np.int64)
    mixed = np.flatnonzero(servers.online[streams.source] != servers.online[streams.target])
    source, target = streams.source[mixed], streams.target[mixed]
    server = np.where(servers.online[source], target, source)
    cell = streams.window[mixed].astype(np.int64) * servers.row_count + server
    sick = (streams.loss_ratio[mixed] > HEALTHY_LOSS_RATIO) | (streams.failed_count[mixed] > 0)
    size = window_count * servers.row_count
    probes = np.bincount(cell, minlength=size).reshape(window_count, servers.row_count)[:, rows]
    unhealthy = np.bincount(cell, sick, size).reshape(window_count, servers.row_count)[:, rows]
    good = (probes > 0) & (unhealthy <= (1 - HEALTHY_PAIRS_RATIO) * probes)
    unbroken: Rows = np.cumprod(good[::-1], axis=0).sum(axis=0)
    return unbroken


def restore_reasons(snapshot: Snapshot, memory: DrainMemory, rows: Rows) -> tuple[Reason, ...]:
    """One reason a restored server: how long its paths have been healthy."""
    reasons = []
    for row in rows.tolist():
        span = memory.healthy[snapshot[Servers].server[row].item()]
        text = f"its paths have been healthy for {span} windows in a row"
        numbers = {"healthy_windows_count": float(span)}
        reasons.append(Reason(key="drain.restored", text=text, table=Servers.name, row=row, numbers=numbers))
    return tuple(reasons)
