"""Random small overlays with everything that can be missing: streams, reports, capacities, windows, online servers."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from fairlead.model import Servers, ServerWindows, Snapshot, Streams, Windows


@st.composite
def overlays(draw: st.DrawFn, max_servers: int = 6, max_windows: int = 3) -> Snapshot:
    count = draw(st.integers(1, max_servers))
    window_count = draw(st.integers(0, max_windows))
    server = st.integers(0, count - 1)
    window = st.integers(0, max(0, window_count - 1))
    pair = st.tuples(window, server, server).filter(lambda key: key[1] < key[2])
    has_pairs = window_count > 0 and count > 1
    keys = draw(st.lists(pair, unique=True, max_size=12)) if has_pairs else []
    size = len(keys)
    small = st.integers(0, 9)
    reports = draw(st.lists(st.tuples(window, server), unique=True, max_size=10)) if window_count else []
    capacity = st.one_of(st.just(float("nan")), st.just(0.0), st.floats(1, 500, width=32))
    ids = draw(st.permutations([f"s{row}" for row in range(count)]))
    region = draw(st.lists(st.sampled_from(["ams", "fra", "lon"]), min_size=count, max_size=count))
    loss = draw(st.lists(st.sampled_from([0.0, 0.01, 0.066, 0.1, 0.132, 0.2, 0.9]), min_size=size, max_size=size))
    at = np.array(keys, dtype=np.int32).reshape(-1, 3)
    reported = np.array(reports, dtype=np.int32).reshape(-1, 2)
    return Snapshot(
        [
            Servers.of(
                server=np.array(ids),
                region=np.array(region),
                data_center=np.array([f"{name}-1" for name in region]),
                capacity_mbps=np.array(draw(st.lists(capacity, min_size=count, max_size=count))),
                online=np.array(draw(st.lists(st.booleans(), min_size=count, max_size=count)), dtype=bool),
            ),
            Windows.of(window=np.arange(window_count, dtype=np.int64) * 30),
            Streams.of(
                window=at[:, 0].copy(),
                source=at[:, 1].copy(),
                target=at[:, 2].copy(),
                succeeded_count=np.array(draw(st.lists(small, min_size=size, max_size=size)), dtype=np.int32),
                failed_count=np.array(draw(st.lists(small, min_size=size, max_size=size)), dtype=np.int32),
                rtt_ms=np.full(size, 20.0),
                loss_ratio=np.array(loss, dtype=np.float64),
            ),
            ServerWindows.of(
                window=reported[:, 0].copy(),
                server=reported[:, 1].copy(),
                active_users_count=np.array(
                    draw(st.lists(st.integers(0, 50), min_size=len(reports), max_size=len(reports))), dtype=np.int32
                ),
            ),
        ]
    )
