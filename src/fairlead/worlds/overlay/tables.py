"""Dense arrays [windows, pairs] and [windows, servers] as the overlay tables of a Snapshot."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fairlead.model import Servers, ServerWindows, Snapshot, Streams, Windows


def observed_snapshot(
    *,
    servers: Servers,
    window_numbers: NDArray[np.int64],
    source: NDArray[np.int32],
    target: NDArray[np.int32],
    stream_count: NDArray[np.int32],
    failed_count: NDArray[np.int32],
    rtt_ms: NDArray[np.float32],
    loss_ratio: NDArray[np.float32],
    users_count: NDArray[np.int32],
) -> Snapshot:
    """The four overlay tables, every pair and every server reporting in every window.

    window_numbers : [windows] ascending
    source, target : [pairs] rows of ``servers``
    stream_count, failed_count, rtt_ms, loss_ratio : [windows, pairs]
    users_count    : [windows, servers]

    Rows are ordered by window, then pair (or server). O(windows x pairs).
    """
    window_count, pair_count = stream_count.shape
    server_count = servers.row_count
    assert window_numbers.shape == (window_count,), "one number a window"
    assert source.shape == target.shape == (pair_count,), "two ends a pair"
    assert users_count.shape == (window_count, server_count), "users [windows, servers]"
    rows = np.arange(window_count, dtype=np.int32)
    streams = Streams(
        window=np.repeat(rows, pair_count),
        source=np.tile(source, window_count),
        target=np.tile(target, window_count),
        succeeded_count=(stream_count - failed_count).reshape(-1),
        failed_count=failed_count.reshape(-1),
        rtt_ms=rtt_ms.reshape(-1),
        loss_ratio=loss_ratio.reshape(-1),
    )
    server_windows = ServerWindows(
        window=np.repeat(rows, server_count),
        server=np.tile(np.arange(server_count, dtype=np.int32), window_count),
        active_users_count=users_count.reshape(-1),
    )
    return Snapshot((servers, Windows.of(window=window_numbers), streams, server_windows))
