"""Features of servers and of failed pairs, against plain loops over the rows."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairlead.model import Servers, ServerWindows, Snapshot, Streams, Windows
from fairlead.planners.drain.features import SERVER_FEATURES, server_features, state_graph
from fairlead.planners.drain.pair_features import PAIR_FEATURES, failed_pair_features
from fairlead.predict.overlay import failing_at, last_window

AT = {name: place for place, name in enumerate(PAIR_FEATURES)}


def network(seed: int, servers: int = 9, windows: int = 3, pairs: int = 20, fail: float = 0.4) -> Snapshot:
    """A small network with offline servers, missing rows, absent RTTs and empty pairs, rows in no order."""
    rng = np.random.default_rng(seed)
    data_center = np.sort(rng.integers(0, 4, servers))
    first, second = np.triu_indices(servers, 1)
    chosen = rng.choice(len(first), min(pairs, len(first)), replace=False)
    rows = [(w, pair) for w in range(windows) for pair in chosen if rng.random() < 0.9]
    rng.shuffle(rows)
    window, pair = (np.array(column, dtype=np.int32) for column in zip(*rows, strict=True))
    streams = rng.integers(0, 8, len(rows))
    failed = np.where(rng.random(len(rows)) < fail, rng.binomial(streams, 0.6), 0)
    rtt = rng.uniform(1, 200, len(rows)).astype(np.float32)
    rtt[streams == failed] = np.nan
    swap = rng.random(len(rows)) < 0.5
    one, other = first[pair].astype(np.int32), second[pair].astype(np.int32)
    reports = [(w, s) for w in range(windows) for s in range(servers) if rng.random() < 0.9]
    return Snapshot(
        (
            Servers.of(
                server=np.arange(servers),
                region=[f"r{dc // 2}" for dc in data_center],
                data_center=[f"d{dc}" for dc in data_center],
                provider=[f"p{p}" for p in rng.integers(0, 2, servers)],
                online=rng.random(servers) < 0.85,
            ),
            Windows.of(window=np.arange(windows)),
            Streams.of(
                window=window,
                source=np.where(swap, other, one),
                target=np.where(swap, one, other),
                succeeded_count=streams - failed,
                failed_count=failed,
                rtt_ms=rtt,
                loss_ratio=rng.random(len(rows)).astype(np.float32),
            ),
            ServerWindows.of(
                window=np.array([w for w, _ in reports], dtype=np.int32),
                server=np.array([s for _, s in reports], dtype=np.int32),
                active_users_count=rng.integers(0, 100, len(reports)),
            ),
        )
    )


def _plain_server_features(snapshot: Snapshot) -> np.ndarray:
    servers, streams, reports = snapshot[Servers], snapshot[Streams], snapshot[ServerWindows]
    windows = snapshot[Windows].row_count
    features = np.full((servers.row_count, windows, 5), np.nan)
    for server in range(servers.row_count):
        for window in range(windows):
            links = [
                row
                for row in range(streams.row_count)
                if streams.window[row] == window
                and server in (streams.source[row], streams.target[row])
                and servers.online[streams.source[row]]
                and servers.online[streams.target[row]]
            ]
            total = sum(int(streams.succeeded_count[row] + streams.failed_count[row]) for row in links)
            if total:
                features[server, window, 0] = sum(int(streams.failed_count[row]) for row in links) / total
            rtts = [float(streams.rtt_ms[row]) for row in links if not math.isnan(streams.rtt_ms[row])]
            if rtts:
                features[server, window, 1] = sum(rtts) / len(rtts)
            if links:
                features[server, window, 2] = sum(float(streams.loss_ratio[row]) for row in links) / len(links)
            for row in range(reports.row_count):
                if reports.window[row] == window and reports.server[row] == server:
                    features[server, window, 3] = reports.active_users_count[row]
            features[server, window, 4] = 1 / sum(servers.region == servers.region[server])
    return features


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 4))
def test_server_features_are_those_of_plain_loops(seed: int, windows: int) -> None:
    snapshot = network(seed, windows=windows)
    expected = _plain_server_features(snapshot)
    found = server_features(snapshot, windows)
    assert found.dtype == np.float32
    assert found.shape == (9, windows, len(SERVER_FEATURES))
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    newest = server_features(snapshot, 1)
    np.testing.assert_allclose(newest[:, 0], expected[:, -1], rtol=1e-5)


def test_a_young_network_repeats_its_oldest_window() -> None:
    snapshot = network(5, windows=2)
    two, four = server_features(snapshot, 2), server_features(snapshot, 4)
    np.testing.assert_array_equal(four[:, 2:], two)
    np.testing.assert_array_equal(four[:, 0], two[:, 0])
    pairs_two, pairs_four = failed_pair_features(snapshot, 2), failed_pair_features(snapshot, 4)
    np.testing.assert_allclose(pairs_four[:, 1], pairs_two[:, 0], atol=1e-6)
    np.testing.assert_allclose(pairs_four[:, 0], pairs_two[:, 0], atol=1e-6)


def test_the_state_graph_has_the_pairs_that_carry_streams_now() -> None:
    snapshot = network(7)
    streams, online = snapshot[Streams], snapshot[Servers].online
    expected = {
        frozenset((int(streams.source[row]), int(streams.target[row])))
        for row in range(streams.row_count)
        if streams.window[row] == 2
        and streams.succeeded_count[row] + streams.failed_count[row] > 0
        and online[streams.source[row]]
        and online[streams.target[row]]
    }
    first, second = state_graph(snapshot)
    assert {frozenset(pair) for pair in zip(first.tolist(), second.tolist(), strict=True)} == expected
    assert len(first) == len(expected)


def _plain_pair_features(snapshot: Snapshot, pair: tuple[int, int], window: int) -> dict[str, float]:
    """A few of the features of one failed pair in one window, by loops."""
    servers, streams = snapshot[Servers], snapshot[Streams]
    carried: dict[int, dict[frozenset[int], int]] = {}
    for row in range(streams.row_count):
        ends = frozenset((int(streams.source[row]), int(streams.target[row])))
        if all(servers.online[end] for end in ends):
            carried.setdefault(int(streams.window[row]), {})[ends] = row
    mine = carried.get(window, {}).get(frozenset(pair))
    streams_of = lambda row: int(streams.succeeded_count[row] + streams.failed_count[row])  # noqa: E731
    failing = {ends for ends, row in carried.get(window, {}).items() if streams.failed_count[row] > 0}
    newest = {ends for ends, row in carried[2].items() if streams_of(row) > 0}
    found = {
        "carried": float(mine is not None and streams_of(mine) > 0),
        "failed_ratio": 0.0 if mine is None else float(streams.failed_count[mine]) / max(1, streams_of(mine)),
        "loss_ratio": 0.0 if mine is None else float(streams.loss_ratio[mine]),
        "log_streams": 0.0 if mine is None else math.log1p(streams_of(mine)) / 5,
        "fleet_log_failing": math.log1p(len(failing)) / 5,
    }
    others = [[ends for ends in failing if end in ends and ends != frozenset(pair)] for end in pair]
    whole = [len([ends for ends in newest if end in ends]) - 1 for end in pair]
    shares = [min(1.0, len(o) / w) if w else 0.0 for o, w in zip(others, whole, strict=True)]
    found["worse_end_failing_ratio"], found["better_end_failing_ratio"] = max(shares), min(shares)
    found["worse_end_log_failing"] = math.log1p(max(map(len, others))) / 5
    sites = lambda ends: frozenset(str(servers.data_center[end]) for end in ends)  # noqa: E731
    between = [ends for ends in failing if sites(ends) == sites(pair) and ends != frozenset(pair)]
    base = len([ends for ends in newest if sites(ends) == sites(pair)]) - 1
    found["data_center_pair_failing_ratio"] = min(1.0, len(between) / base) if base else 0.0
    window_now = {frozenset((int(streams.source[row]), int(streams.target[row]))): row for row in carried[2].values()}
    failed_now = {ends for ends, row in window_now.items() if streams.failed_count[row] > 0}
    losses = [
        [float(streams.loss_ratio[carried[window][ends]]) for ends in failing & failed_now if end in ends]
        for end in pair
    ]
    if mine is not None and frozenset(pair) in failing:
        for values in losses:
            values.remove(float(streams.loss_ratio[mine]))
    found["worse_end_loss"] = max(sum(values) / len(values) if values else 0.0 for values in losses)
    return found


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_failed_pair_features_are_those_of_plain_loops(seed: int) -> None:
    snapshot = network(seed)
    found, window, at = failed_pair_features(snapshot), last_window(snapshot), failing_at(snapshot)
    assert found.shape == (len(at), 3, len(PAIR_FEATURES))
    assert np.isfinite(found).all()
    for place, row in enumerate(at):
        pair = int(window.source[row]), int(window.target[row])
        for when in range(3):
            for name, expected in _plain_pair_features(snapshot, pair, when).items():
                assert found[place, when, AT[name]] == pytest.approx(expected, abs=1e-5), (name, pair, when)


def test_rtt_inflation_prefers_the_pairs_own_past() -> None:
    # pair 0-1 fails now at 80 ms; it took 20 ms when it was well. Its neighbour between the same sites takes 40 ms.
    snapshot = Snapshot(
        (
            Servers.of(server=np.arange(4), region=["r"] * 4, data_center=["a", "b", "a", "b"]),
            Windows.of(window=np.arange(2)),
            Streams.of(
                window=np.array([0, 1, 1], np.int32),
                source=np.array([0, 1, 2], np.int32),
                target=np.array([1, 0, 3], np.int32),
                succeeded_count=[5, 1, 5],
                failed_count=[0, 4, 0],
                rtt_ms=[20.0, 80.0, 40.0],
                loss_ratio=[0.0, 0.5, 0.0],
            ),
            ServerWindows.of(
                window=np.zeros(4, np.int32), server=np.arange(4, dtype=np.int32), active_users_count=[1] * 4
            ),
        )
    )
    found = failed_pair_features(snapshot, 2)[0]
    assert found[:, AT["rtt_inflation"]].tolist() == [0.0, 2.0]
    assert found[:, AT["rtt_base_quality"]].tolist() == [1.0, 1.0]
    newest = failed_pair_features(snapshot, 1)[0]
    assert newest[:, AT["rtt_inflation"]].tolist() == [1.0]
    assert newest[:, AT["rtt_base_quality"]].tolist() == [0.5]


@pytest.mark.parametrize("seed", range(5))
def test_pair_features_do_not_depend_on_names_or_on_which_end_comes_first(seed: int) -> None:
    snapshot = network(seed)
    servers, streams, reports = snapshot[Servers], snapshot[Streams], snapshot[ServerWindows]
    order = np.random.default_rng(seed).permutation(servers.row_count)
    new_row = np.argsort(order).astype(np.int32)
    twin = Snapshot(
        (
            Servers.of(**{name: servers.array(name)[order] for name in Servers.declared()}),
            snapshot[Windows],
            streams.with_column("source", new_row[streams.target]).with_column("target", new_row[streams.source]),
            reports.with_column("server", new_row[reports.server]),
        )
    )
    np.testing.assert_allclose(failed_pair_features(twin), failed_pair_features(snapshot), atol=1e-6)
    np.testing.assert_allclose(server_features(twin), server_features(snapshot)[order], rtol=1e-6)


def test_no_failed_pairs_have_no_features() -> None:
    snapshot = network(3, fail=0.0)
    assert failed_pair_features(snapshot).shape == (0, 3, len(PAIR_FEATURES))
