"""Who asks for what in the newest window, and who is attached where, in plain loops."""

from __future__ import annotations

import math
import statistics

from fairlead.model import Servers, ServerWindows, Snapshot, Streams, Windows


def newest_rows(snapshot: Snapshot) -> list[tuple[int, int, int, int]]:
    """(source, target, succeeded, failed) of the newest window."""
    streams, newest = snapshot[Streams], snapshot[Windows].row_count - 1
    return [
        (int(s), int(t), int(ok), int(bad))
        for w, s, t, ok, bad in zip(
            streams.window, streams.source, streams.target, streams.succeeded_count, streams.failed_count, strict=True
        )
        if w == newest
    ]


def users_by_loop(snapshot: Snapshot) -> list[float]:
    servers, reports = snapshot[Servers], snapshot[ServerWindows]
    newest: dict[int, tuple[int, int]] = {}
    for window, server, users in zip(reports.window, reports.server, reports.active_users_count, strict=True):
        if server not in newest or window >= newest[server][0]:
            newest[int(server)] = (int(window), int(users))
    known = [float(newest[row][1]) if row in newest else math.nan for row in range(servers.row_count)]
    filled = list(known)
    for row in range(servers.row_count):
        near = [u for u, r in zip(known, servers.region, strict=True) if r == servers.region[row] and not math.isnan(u)]
        if math.isnan(filled[row]) and near:
            filled[row] = statistics.median(near)
    return filled
