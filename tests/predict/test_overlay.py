"""What-if physics: the newest window as it lies in the table, users where nobody reported, load where it re-homes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from oracles.demand import newest_rows, users_by_loop
from oracles.networks import network
from oracles.random_overlays import overlays

from fairlead.model import Edit, Servers, ServerWindows, Snapshot, Streams, Windows, apply_edits
from fairlead.predict.overlay import (
    active_users,
    failing_at,
    last_window,
    qoe_costs,
    region_load,
    region_up_ratio,
)


@given(overlays())
def test_last_window_is_the_newest_rows_wherever_they_lie(snapshot: Snapshot) -> None:
    window, rows = last_window(snapshot), newest_rows(snapshot)
    found = list(
        zip(
            window.source.tolist(),
            window.target.tolist(),
            window.succeeded_count.tolist(),
            window.failed_count.tolist(),
            strict=True,
        )
    )
    assert found == rows
    assert window.demand_count == sum(ok + bad for _, _, ok, bad in rows)
    assert window.failed_at.tolist() == [at for at, row in enumerate(rows) if row[3] > 0]
    assert snapshot[Streams].failed_count[window.rows].tolist() == window.failed_count.tolist()
    online = snapshot[Servers].online
    assert failing_at(snapshot).tolist() == [
        at for at, (s, t, _, bad) in enumerate(rows) if bad and online[s] and online[t]
    ]


@given(overlays())
def test_the_memo_is_never_stale(snapshot: Snapshot) -> None:
    """The newest window is remembered with the table; a new table or a new window must not see the old one."""
    before = last_window(snapshot)
    streams = snapshot[Streams]
    if streams.row_count:
        every = np.arange(streams.row_count)
        edit = Edit(
            action="heal", table="streams", column="failed_count", rows=every, after=np.zeros(len(every), np.int32)
        )
        assert last_window(apply_edits(snapshot, [edit])).failed_count.sum() == 0
    later = snapshot.replaced(Windows.of(window=np.arange(snapshot[Windows].row_count + 1)))
    assert last_window(later).demand_count == 0
    assert last_window(snapshot) is before


@given(overlays())
def test_active_users_fall_back_to_the_regions_median_then_to_unknown(snapshot: Snapshot) -> None:
    assert active_users(snapshot).tolist() == pytest.approx(users_by_loop(snapshot), nan_ok=True)


def test_unknown_servers_are_never_cheap() -> None:
    world = network(regions=["a", "a", "b", "b"], users=[10, 20, 30, 40])
    reports = world[ServerWindows]
    known = reports.server < 2
    some = world.replaced(
        ServerWindows.of(
            window=reports.window[known],
            server=reports.server[known],
            active_users_count=reports.active_users_count[known],
        )
    )
    assert qoe_costs(some).tolist() == [60, 70, 70, 70]
    none = world.replaced(ServerWindows.of(window=[], server=[], active_users_count=[]))
    assert qoe_costs(none).tolist() == [51, 51, 51, 51]


def test_the_newest_report_wins_whatever_the_order_of_rows() -> None:
    world = network(regions=["a"])
    reports = ServerWindows.of(window=[2, 0, 1], server=[0, 0, 0], active_users_count=[7, 99, 55])
    assert active_users(world.replaced(reports)).tolist() == [7]


def test_load_of_the_drained_moves_to_the_survivors() -> None:
    world = network(regions=["a", "a", "b"], users=[10, 20, 30], capacity_mbps=[100.0, 50.0, 80.0], offline=[0])
    load = region_load(world)
    assert load.load_mbps.tolist() == [60, 60]
    assert load.capacity_mbps.tolist() == [50, 80]
    assert load.utilisation_ratio.tolist() == [1.2, 0.75]
    assert region_up_ratio(world).tolist() == [0.5, 1.0]


def test_a_region_nobody_reports_on_is_not_a_region_without_load() -> None:
    """Absence is NaN, never 0: not knowing the users must not make a drain look safe."""
    world = network(regions=["a", "a"], capacity_mbps=100.0)
    silent = world.replaced(ServerWindows.of(window=[], server=[], active_users_count=[]))
    assert np.isnan(region_load(silent).utilisation_ratio).all()
