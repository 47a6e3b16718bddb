"""Records -> windows against plain Python; keeping and taking in windows."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairlead.model import BadInputError, Servers, ServerWindows, Snapshot, Streams, Windows
from fairlead.telemetry import (
    StreamRecords,
    WindowedStreams,
    last_windows,
    windowed_streams,
    with_windows,
)

IDS = ["a", "b", "c", "d"]
Row = tuple[float, int, int, bool, float, float]


def servers(ids: list[Any] = IDS) -> Servers:
    count = len(ids)
    return Servers.of(server=np.array(ids), region=np.array(["r"] * count), data_center=np.array(["d"] * count))


def records(rows: list[Row], ids: list[Any] = IDS) -> StreamRecords:
    time, source, target, ok, rtt_ms, loss_ratio = zip(*rows, strict=True) if rows else ((),) * 6
    return StreamRecords(
        time=np.array(time, float),
        source=np.array([ids[i] for i in source]),
        target=np.array([ids[i] for i in target]),
        ok=np.array(ok, bool),
        rtt_ms=np.array(rtt_ms, float),
        loss_ratio=np.array(loss_ratio, float),
    )


@st.composite
def rows(draw: st.DrawFn) -> list[Row]:
    found = []
    for _ in range(draw(st.integers(0, 25))):
        source, target = draw(st.permutations(range(4)))[:2]
        ok = draw(st.booleans())
        rtt_ms = draw(st.floats(0, 500)) if ok or draw(st.booleans()) else math.nan
        loss_ratio = draw(st.floats(0, 1)) if ok or draw(st.booleans()) else math.nan
        # whole multiples of 0.1 s hit the borders of windows
        time = draw(st.integers(-50, 1200).map(lambda tenths: tenths / 10) | st.floats(-5, 120))
        found.append((time, source, target, ok, rtt_ms, loss_ratio))
    return found


def naive(
    found: list[Row], window_s: Fraction, from_s: float, until_s: float
) -> tuple[dict[Any, Any], int, list[bool]]:
    """(window, low, high) -> [succeeded, failed, rtts, losses]; late records; whether each is early."""
    groups: dict[Any, Any] = {}
    late_count, early = 0, []
    for time, source, target, ok, rtt_ms, loss_ratio in found:
        ticks = Fraction(round(time * 1_000_000), 1_000_000)
        k = ticks // window_s
        late = k * window_s < from_s
        early.append(not late and (k + 1) * window_s > until_s)
        late_count += late
        if late or early[-1]:
            continue
        group = groups.setdefault((int(k), min(source, target), max(source, target)), [0, 0, [], []])
        group[0 if ok else 1] += 1
        group[2] += [] if math.isnan(rtt_ms) else [rtt_ms]
        group[3] += [] if math.isnan(loss_ratio) else [loss_ratio]
    return groups, late_count, early


@settings(max_examples=80, deadline=None)
@given(rows(), st.sampled_from(["30", "0.1", "1", "7.5"]), st.sampled_from([-math.inf, 0.0, 12.3]), st.integers(0, 130))
def test_windows_are_those_of_plain_python(found: list[Row], window_s: str, from_s: float, until: int) -> None:
    until_s = math.inf if until > 120 else float(until)
    groups, late_count, early = naive(found, Fraction(window_s), from_s, until_s)
    made = windowed_streams(records(found), servers(), window_s=float(window_s), from_s=from_s, until_s=until_s)
    assert made.late_count == late_count
    assert made.early.tolist() == early
    assert made.windows.window.tolist() == sorted({k for k, _, _ in groups})
    streams = made.streams
    keys = list(zip(made.windows.window[streams.window], streams.source, streams.target, strict=True))
    assert keys == sorted(groups)
    for i, key in enumerate(keys):
        succeeded, failed, rtts, losses = groups[key]
        assert (streams.succeeded_count[i], streams.failed_count[i]) == (succeeded, failed)
        assert streams.rtt_ms[i] == pytest.approx(math.fsum(rtts) / len(rtts) if rtts else math.nan, nan_ok=True)
        assert streams.loss_ratio[i] == pytest.approx(math.fsum(losses) / len(losses) if losses else 1.0)


@settings(max_examples=30, deadline=None)
@given(rows(), st.randoms(use_true_random=False))
def test_the_order_of_records_does_not_matter(found: list[Row], random: Any) -> None:
    shuffled = [(t, b, a, *rest) if random.random() < 0.5 else (t, a, b, *rest) for t, a, b, *rest in found]
    random.shuffle(shuffled)
    one, other = (windowed_streams(records(part), servers(), window_s=10) for part in (found, shuffled))
    assert one.streams == other.streams  # bit for bit
    assert one.windows == other.windows


def test_means_are_added_up_in_one_order() -> None:
    rtts = [1e16, 1.0, 1.0, 3e15, 0.3]
    one, other = ([(1.0, 0, 1, True, rtt, 0.0) for rtt in order] for order in (rtts, rtts[::-1]))
    made = [windowed_streams(records(part), servers()).streams for part in (one, other)]
    assert made[0] == made[1]
    assert sum(rtts) != sum(rtts[::-1])


def test_early_records_given_again_make_the_same_windows() -> None:
    rng = np.random.default_rng(3)
    found = [(float(t), 0, 1 + int(t) % 3, True, 1.0, 0.0) for t in rng.uniform(0, 90, 300)]
    at_once = windowed_streams(records(found), servers())
    first = windowed_streams(records(found), servers(), until_s=60)
    again = [row for row, early in zip(found, first.early, strict=True) if early]
    second = windowed_streams(records(again), servers(), from_s=60)
    assert first.windows.window.tolist() + second.windows.window.tolist() == at_once.windows.window.tolist()
    assert first.streams.row_count + second.streams.row_count == at_once.streams.row_count


def test_utc_times_name_the_start_of_their_window() -> None:
    found = records([(0, 0, 1, True, 5, 0.1)] * 2)
    time = np.array(["2026-03-01T12:00:29.999999", "2026-03-01T12:00:30"], "M8[us]")
    parts = {name: getattr(found, name) for name in ("source", "target", "ok", "rtt_ms", "loss_ratio")}
    made = windowed_streams(StreamRecords(time=time, **parts), servers())
    assert np.array_equal(made.windows.window, np.array(["2026-03-01T12:00", "2026-03-01T12:00:30"], "M8[ms]"))
    seconds = windowed_streams(StreamRecords(time=time.astype(np.int64) / 1e6, **parts), servers())
    assert (seconds.windows.window * 30_000 == made.windows.window.astype(np.int64)).all()


def test_integer_ids_and_no_records() -> None:
    made = windowed_streams(records([(1, 0, 1, True, 5, 0)], [10, 20, 30, 40]), servers([10, 20, 30, 40]))
    assert made.streams.target.tolist() == [1]
    none = windowed_streams(records([]), servers())
    assert (none.streams.row_count, none.windows.row_count, none.late_count) == (0, 0, 0)


GOOD: Row = (1.0, 0, 1, True, 5.0, 0.1)
BAD_ROWS: dict[str, tuple[Row, str]] = {
    "no moment": ((math.nan, 0, 1, True, 5, 0.1), "cell.not_a_time: time is none; at records, row 1, column time"),
    "beyond time": ((1e300, 0, 1, True, 5, 0.1), "cell.not_a_time"),
    "an unknown end": ((1, 0, 4, True, 5, 0.1), "cell.dangling: target names no row of servers; at records, row 1"),
    "one end": ((1, 2, 2, True, 5, 0.1), "row.same_ends"),
    "rtt below zero": ((1, 0, 1, True, -5, 0.1), "cell.out_of_range: rtt_ms is out of range; at records, row 1"),
    "endless rtt": ((1, 0, 1, True, math.inf, 0.1), "cell.out_of_range: rtt_ms"),
    "loss in percent": ((1, 0, 1, True, 5, 3), "cell.out_of_range: loss_ratio"),
    "worked but never measured": ((1, 0, 2, True, math.nan, 0.1), "row.unmeasured: rtt_ms"),
    "worked but its loss unknown": ((1, 0, 2, True, 5, math.nan), "row.unmeasured: loss_ratio"),
}


@pytest.mark.parametrize("name", BAD_ROWS)
def test_bad_records(name: str) -> None:
    row, said = BAD_ROWS[name]
    with pytest.raises(BadInputError) as caught:
        windowed_streams(records([GOOD, row], [*IDS, "e"]), servers())
    assert str(caught.value).startswith(said)
    assert len(str(caught.value).splitlines()) == 1


def test_bad_columns() -> None:
    good = records([GOOD])
    with pytest.raises(BadInputError, match=r"records\.window_length"):
        windowed_streams(good, servers(), window_s=0)
    parts = {name: getattr(good, name) for name in ("time", "source", "target", "ok", "rtt_ms", "loss_ratio")}
    for name, value, said in (
        ("time", ["noon"], r"records\.wrong_type.*time"),
        ("rtt_ms", ["5"], r"records\.wrong_type.*rtt_ms"),
        ("ok", ["maybe"], r"cell\.not_a_flag"),
        ("ok", [True, False], r"records\.ragged"),
    ):
        with pytest.raises(BadInputError, match=said):
            windowed_streams(StreamRecords(**{**parts, name: value}), servers())


# ---- keeping and taking in windows


def overlay(window: list[int], seed: int = 0, is_time: bool = False) -> Snapshot:
    rng = np.random.default_rng(seed)
    places = np.repeat(np.arange(len(window)), 2)
    size = len(places)
    moments = np.array(window)
    return Snapshot(
        [
            servers(),
            Windows.of(window=moments.astype("M8[ms]") if is_time else moments),
            Streams.of(
                window=places,
                source=np.tile([0, 1], len(window)),
                target=np.tile([2, 3], len(window)),
                succeeded_count=rng.integers(0, 9, size),
                failed_count=rng.integers(0, 9, size),
                rtt_ms=rng.uniform(1, 9, size),
                loss_ratio=rng.uniform(0, 1, size),
            ),
            ServerWindows.of(
                window=places, server=np.tile([0, 3], len(window)), active_users_count=rng.integers(0, 9, size)
            ),
        ]
    )


def told(snapshot: Snapshot) -> list[tuple[Any, ...]]:
    """Every row with its window spelt out, in order."""
    found: list[tuple[Any, ...]] = []
    window = snapshot[Windows].window
    for kind in (Streams, ServerWindows):
        columns = [window[snapshot[kind].window], *(snapshot[kind].array(name) for name in list(kind.declared())[1:])]
        found += [(kind.name, *row) for row in zip(*(column.tolist() for column in columns), strict=True)]
    return found


def test_last_windows() -> None:
    whole = overlay([3, 5, 8, 13])
    kept = last_windows(whole, 2)
    assert kept[Windows].window.tolist() == [8, 13]
    assert told(kept) == [row for row in told(whole) if row[1] >= 8]
    assert kept[Servers] is whole[Servers]
    assert last_windows(whole, 4) == last_windows(whole, 9) == whole
    assert last_windows(last_windows(whole, 3), 1) == last_windows(whole, 1)


def parts_of(snapshot: Snapshot) -> tuple[Windows, Streams, ServerWindows]:
    return snapshot[Windows], snapshot[Streams], snapshot[ServerWindows]


def test_taking_in_a_newer_window() -> None:
    grown = with_windows(overlay([1, 2]), *parts_of(overlay([3], seed=7)))
    assert grown[Windows].window.tolist() == [1, 2, 3]
    assert sorted(told(grown)) == sorted(told(overlay([1, 2])) + told(overlay([3], seed=7)))


def test_a_window_that_comes_again_replaces_the_old_one() -> None:
    before, again = overlay([1, 2, 3]), overlay([2], seed=7)
    after = with_windows(before, *parts_of(again))
    assert sorted(told(after)) == sorted([row for row in told(before) if row[1] != 2] + told(again))
    assert with_windows(after, *parts_of(again)) == after
    only_streams = with_windows(before, again[Windows], again[Streams])
    assert only_streams[ServerWindows] == before[ServerWindows]


@settings(max_examples=30, deadline=None)
@given(st.permutations([2, 4, 6, 7]), st.booleans())
def test_windows_may_come_in_any_order(order: list[int], is_time: bool) -> None:
    grown = overlay([5], is_time=is_time)
    for window in order:
        grown = with_windows(grown, *parts_of(overlay([window], seed=window, is_time=is_time)))
    expected = overlay([5], is_time=is_time)
    for window in sorted(order):
        expected = with_windows(expected, *parts_of(overlay([window], seed=window, is_time=is_time)))
    assert grown == expected
    assert grown[Streams].window.tolist() == sorted(grown[Streams].window.tolist())


def test_a_window_in_which_nobody_spoke() -> None:
    grown = with_windows(overlay([1]), Windows.of(window=np.array([2])))
    assert grown[Windows].window.tolist() == [1, 2]
    assert told(grown) == told(overlay([1]))


def test_numbers_and_times_do_not_mix() -> None:
    with pytest.raises(BadInputError, match=r"windows\.mixed"):
        with_windows(overlay([1]), *parts_of(overlay([2], is_time=True)))


def test_from_records_to_a_growing_snapshot() -> None:
    rng = np.random.default_rng(1)
    found = [(float(t), 0, 1 + int(7 * t) % 3, bool(t % 2 < 1), 1.0, 0.0) for t in np.sort(rng.uniform(0, 120, 400))]
    made: list[WindowedStreams] = [
        windowed_streams(records(found), servers(), from_s=start, until_s=start + 30)
        for start in (0.0, 60.0, 30.0, 90.0)
    ]
    snapshot = Snapshot([servers(), made[0].windows, made[0].streams])
    for part in made[1:]:
        snapshot = with_windows(snapshot, part.windows, part.streams)
    whole = windowed_streams(records(found), servers())
    assert snapshot == Snapshot([servers(), whole.windows, whole.streams])
    assert last_windows(snapshot, 3)[Windows].window.tolist() == [1, 2, 3]
