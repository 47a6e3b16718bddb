"""What Sentry's network sees of a server (Sentry 3.2): five features in each of the last T windows.

Raw values in their own units; NaN where a window holds nothing to measure. Scaling, and what stands in for NaN, belong
to a model and are written in its manifest (``weights.py``).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fairlead.kernels.tally import end_sums
from fairlead.model import Servers, ServerWindows, Snapshot, Streams, Windows
from fairlead.predict.overlay import last_window

SERVER_FEATURES = ("fail_ratio", "mean_rtt", "mean_loss", "active_user_count", "coverage_impact")
SERVER_FEATURE_UNITS = ("ratio", "ms", "ratio", "count", "ratio")

# columns of kernels.tally.end_sums
_FAILED, _STREAMS, _RTT, _RTT_LINKS, _LOSS, _LINKS = range(6)


def server_features(snapshot: Snapshot, window_count: int = 3) -> NDArray[np.float32]:
    """Sentry 3.2 -> [servers, windows, 5], windows oldest first, features in the order of SERVER_FEATURES.

    fail_ratio        : failed / all relay streams of the server; NaN without streams
    mean_rtt          : mean over its links that have one, each link once; NaN without
    mean_loss         : mean over its links, each link once; NaN without links
    active_user_count : as reported; NaN where the server did not report
    coverage_impact   : 1 / servers of its region, online or not

    Links to or from an offline server do not count. A snapshot with fewer windows repeats its oldest. O(rows).
    """
    streams, servers = snapshot[Streams], snapshot[Servers]
    slot_of_window = window_slots(snapshot[Windows].row_count, window_count)
    sums = end_sums(
        np.ascontiguousarray(streams.window),
        np.ascontiguousarray(streams.source),
        np.ascontiguousarray(streams.target),
        np.ascontiguousarray(streams.succeeded_count),
        np.ascontiguousarray(streams.failed_count),
        np.ascontiguousarray(streams.rtt_ms, dtype=np.float32),
        np.ascontiguousarray(streams.loss_ratio, dtype=np.float32),
        np.ascontiguousarray(servers.online),
        slot_of_window,
        window_count,
    )
    features = np.full((servers.row_count, window_count, 5), np.nan, dtype=np.float32)
    for place, (total, count) in enumerate([(_FAILED, _STREAMS), (_RTT, _RTT_LINKS), (_LOSS, _LINKS)]):
        np.divide(sums[:, :, total], sums[:, :, count], out=features[:, :, place], where=sums[:, :, count] > 0)
    features[:, :, 3] = _active_users(snapshot, window_count)
    features[:, :, 4] = _coverage_impact(servers)[:, None]
    missing = window_count - snapshot[Windows].row_count
    if missing > 0:
        features[:, :missing] = features[:, missing : missing + 1]
    return features


def _active_users(snapshot: Snapshot, window_count: int) -> NDArray[np.float32]:
    """Users of every server [servers, windows] in the last windows; NaN where it did not report."""
    reports = snapshot[ServerWindows]
    users = np.full((snapshot[Servers].row_count, window_count), np.nan, dtype=np.float32)
    slots = window_slots(snapshot[Windows].row_count, window_count)[reports.window]
    recent = slots >= 0
    users[reports.server[recent], slots[recent]] = reports.active_users_count[recent]
    return users


def _coverage_impact(servers: Servers) -> NDArray[np.float32]:
    """1 / N_v [servers], N_v the servers of the same region (Sentry 3.2)."""
    _, region = servers.codes("region")
    impact: NDArray[np.float32] = (1.0 / np.bincount(region))[region].astype(np.float32)
    return impact


def state_graph(snapshot: Snapshot) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Both ends [pairs] of the edges of Sentry 3.2: online pairs that carry relay streams in the newest window."""
    window, online = last_window(snapshot), snapshot[Servers].online
    carries = (window.succeeded_count > 0) | (window.failed_count > 0)
    edges = carries & online[window.source] & online[window.target]
    return window.source[edges], window.target[edges]


def window_slots(windows_seen: int, window_count: int) -> NDArray[np.int32]:
    """For each row of the windows table its place among the last ``window_count``, or -1 for older ones."""
    slots = np.arange(windows_seen, dtype=np.int32) + np.int32(window_count - windows_seen)
    recent: NDArray[np.int32] = np.maximum(slots, np.int32(-1))
    return recent
