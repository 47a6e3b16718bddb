"""Small overlays written down by hand: who fails with whom is said, everything else is the same everywhere."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np

from fairlead.model import Servers, ServerWindows, Snapshot, Streams, Windows

Pair = tuple[int, int]
SICK_LOSS_RATIO = 0.3
HEALTHY_LOSS_RATIO = 0.001


def network(
    *,
    regions: Sequence[str],
    failed: Mapping[Pair, int] | Sequence[Mapping[Pair, int]] = (),
    streams_count: int = 100,
    users: Sequence[int] | int = 10,
    capacity_mbps: Sequence[float] | float = np.nan,
    offline: Iterable[int] = (),
    ids: Sequence[Any] | None = None,
    windows: Sequence[int] = (0, 1, 2),
    silent: Iterable[Pair] = (),
) -> Snapshot:
    """Every pair of servers carries ``streams_count`` streams in every window, except the ``silent`` ones.

    failed : pair -> failed streams, for all windows or one mapping a window. A failing pair has a loss of 0.3.
    """
    count = len(regions)
    by_window = [dict(failed)] * len(windows) if isinstance(failed, Mapping) else [dict(f) for f in failed]
    by_window += [{}] * (len(windows) - len(by_window))
    hushed = set(silent)
    rows = [
        (window, a, b, by_window[window].get((a, b), 0))
        for window in range(len(windows))
        for a, b in combinations(range(count), 2)
        if (a, b) not in hushed
    ]
    window, source, target, bad = np.array(rows, dtype=np.int32).reshape(-1, 4).T.copy()
    return Snapshot(
        [
            Servers.of(
                server=np.array(ids) if ids is not None else np.array([f"s{row}" for row in range(count)]),
                region=np.array(regions),
                data_center=np.array([f"{region}-1" for region in regions]),
                capacity_mbps=np.broadcast_to(np.asarray(capacity_mbps, dtype=np.float32), (count,)).copy(),
                online=~np.isin(np.arange(count), list(offline)),
            ),
            Windows.of(window=np.array(windows, dtype=np.int64)),
            Streams.of(
                window=window.copy(),
                source=source.copy(),
                target=target.copy(),
                succeeded_count=np.full(len(rows), streams_count, dtype=np.int32) - bad,
                failed_count=bad.copy(),
                rtt_ms=np.full(len(rows), 20.0),
                loss_ratio=np.where(bad > 0, SICK_LOSS_RATIO, HEALTHY_LOSS_RATIO),
            ),
            ServerWindows.of(
                window=np.repeat(np.arange(len(windows), dtype=np.int32), count),
                server=np.tile(np.arange(count, dtype=np.int32), len(windows)),
                active_users_count=np.tile(np.broadcast_to(np.asarray(users, np.int32), (count,)), len(windows)),
            ),
        ]
    )
