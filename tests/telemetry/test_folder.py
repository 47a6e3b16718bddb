"""What a sound folder may look like, and that writing and reading are each other's inverse."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest
from good_folder import (
    SERVER_WINDOWS,
    SERVERS,
    STREAMS,
    Change,
    both,
    content,
    in_parquet,
    removed,
    swapped,
    write_good,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from fairlead.model import BadInputError, Servers, ServerWindows, Snapshot, Streams, Windows
from fairlead.telemetry import read_network, write_network
from fairlead.telemetry.writer import swap


@pytest.fixture
def good(tmp_path: Path) -> Path:
    write_good(tmp_path / "net")
    return tmp_path / "net"


def test_what_is_read(good: Path) -> None:
    found = read_network(good)
    servers, streams = found[Servers], found[Streams]
    assert servers.server.tolist() == ["fra-1", "fra-2", "ams-1", "nyc-1"]
    assert servers.provider.tolist() == ["acme", "acme", "", "acme"]
    assert servers.online.tolist() == [True, True, True, False]
    assert np.isnan(servers.capacity_mbps).tolist() == [False, True, False, False]
    assert found[Windows].window.tolist() == [0, 1]
    assert streams.window.tolist() == [0, 0, 0, 1, 1]
    assert streams.source.tolist() == [0, 0, 2, 0, 3]
    assert streams.target.tolist() == [1, 2, 3, 1, 0]
    assert streams.failed_count.tolist() == [0, 1, 3, 0, 2]
    assert streams.rtt_ms[[0, 1, 3, 4]].tolist() == [1.5, 9.25, 1.75, 88]
    assert np.isnan(streams.rtt_ms[2])
    assert streams.loss_ratio.tolist() == [0, 0.001, 0.5, 0.0005, 0.02]
    assert found[ServerWindows].server.tolist() == [0, 2, 0, 3]
    assert found[ServerWindows].window.tolist() == [0, 0, 1, 1]


def _columns_turned(text: str) -> str:
    return "\n".join(",".join(reversed(line.split(","))) for line in text.split("\n"))


SAME: dict[str, Change] = {
    "CR LF": content("streams.csv", STREAMS.replace("\n", "\r\n")),
    "mixed line ends": content("streams.csv", STREAMS.replace("\n", "\r\n", 3)),
    "no last line end": content("streams.csv", STREAMS.rstrip("\n")),
    "blank lines": content("streams.csv", "\n" + STREAMS.replace("\n", "\n\n\r\n") + "\n"),
    "a byte order mark": content("streams.csv", "\ufeff" + STREAMS),
    "quotes": content("servers.csv", SERVERS.replace("fra-1", '"fra-1"').replace("true", '"true"')),
    "other spellings of flags": content("servers.csv", SERVERS.replace("true", "TRUE").replace(",0\n", ",No\n")),
    "other spellings of numbers": content(
        "streams.csv",
        STREAMS.replace("10,0,1.5", "+10.0,00,1.50e0").replace(",88,", ", 88 ,").replace("0,fra", "00,fra"),
    ),
    "other words for absent": content("streams.csv", STREAMS.replace(",3,,", ",3,NaN,")),
    "null for absent": content("streams.csv", STREAMS.replace(",3,,", ",3,null,").replace(",88,", ",+88,")),
    "columns in another order": content("servers.csv", _columns_turned(SERVERS)),
    "a title": content("network.toml", 'title = "test"\n'),
    "files of others": both(content("README.txt", "x"), content(".hidden.csv", "x"), content("notes.md", b"\xff")),
    "Parquet": both(in_parquet("servers"), in_parquet("streams"), in_parquet("server_windows")),
    "unsigned and short integers": in_parquet(
        "server_windows",
        window=pa.array([0, 0, 1, 1], pa.uint8()),
        active_users_count=pa.array([10, 7, 11, 3], pa.uint64()),
    ),
    "whole floats and decimals": both(
        in_parquet("server_windows", active_users_count=pa.array([10.0, 7.0, 11.0, 3.0])),
        in_parquet("streams", failed_count=pa.array([Decimal(n) for n in (0, 1, 3, 0, 2)])),
    ),
    "halves, dictionaries and nulls": in_parquet(
        "streams",
        rtt_ms=pa.array(np.array([1.5, 9.25, np.nan, 1.75, 88], np.float16)).cast(pa.float64()),
        source=pa.array(["fra-1", "fra-1", "ams-1", "fra-1", "nyc-1"], pa.large_string()),
        target=pa.DictionaryArray.from_arrays(
            pa.array([3, 2, 1, 3, 0], pa.int8()), ["fra-1", "nyc-1", "ams-1", "fra-2", "never used"]
        ),
    ),
    "a dictionary with one text twice": in_parquet(
        "server_windows", server=pa.DictionaryArray.from_arrays([0, 1, 2, 3], ["fra-1", "ams-1", "fra-1", "nyc-1"])
    ),
    "numbers of windows as text": in_parquet("server_windows", window=pa.array(["0", "0", "1", "1"])),
}


@pytest.mark.parametrize("name", SAME)
def test_the_same_network_written_otherwise(good: Path, name: str) -> None:
    expected = read_network(good)
    SAME[name](good)
    assert read_network(good) == expected


def test_optional_columns_may_be_left_out(good: Path) -> None:
    lines = [",".join(line.split(",")[:3]) for line in SERVERS.splitlines()]
    (good / "servers.csv").write_text("\n".join(lines))
    servers = read_network(good)[Servers]
    assert servers.online.all()
    assert np.isnan(servers.capacity_mbps).all()
    assert servers.provider.tolist() == [""] * 4


def _with_ids(folder: Path, names: dict[str, str]) -> Snapshot:
    for table, text in (("servers", SERVERS), ("streams", STREAMS), ("server_windows", SERVER_WINDOWS)):
        for old, new in names.items():
            text = text.replace(old, new)
        (folder / f"{table}.csv").write_text(text)
    return read_network(folder)


def test_ids_are_integers_only_when_all_read_like_integers(good: Path) -> None:
    names = {"fra-1": "1", "fra-2": "-2", "ams-1": "9223372036854775807", "nyc-1": "0"}
    found = _with_ids(good, names)[Servers].server
    assert found.dtype == np.int64
    assert found.tolist() == [1, -2, 2**63 - 1, 0]
    for other in ("007", "+7", "7.0", "9223372036854775808", "seven", "-0", "٧"):
        found = _with_ids(good, names | {"nyc-1": other})[Servers].server
        assert found.tolist() == ["1", "-2", str(2**63 - 1), other]


def test_integers_refer_to_ids_that_are_text(good: Path) -> None:
    names = {"fra-1": "1", "fra-2": "2", "ams-1": "3", "nyc-1": "x"}
    expected = _with_ids(good, names)
    in_parquet("server_windows", server=pa.array([1, 3, 1, 2]), window=pa.array([0, 0, 1, 1]))(good)
    assert read_network(good)[ServerWindows].server.tolist() == [0, 2, 0, 1]
    assert expected[Servers].server.dtype.kind == "U"


def test_one_moment_in_three_spellings(good: Path) -> None:
    for table, text in (("streams", STREAMS), ("server_windows", SERVER_WINDOWS)):
        text = text.replace("\n0,", "\n2026-03-01T12:00:00Z,").replace("\n1,", "\n2026-03-01 14:00:30.000+02:00,")
        (good / f"{table}.csv").write_text(text)
    in_parquet("server_windows", window=_moments(["2026-03-01T12:00", "2026-03-01T12:00:30"], [0, 0, 1, 1]))(good)
    expected = np.array(["2026-03-01T12:00:00", "2026-03-01T12:00:30"], "M8[ms]")
    assert np.array_equal(read_network(good)[Windows].window, expected)
    for unit in ("s", "us", "ns"):
        for zone in (None, "Europe/Berlin"):
            window = _moments(["2026-03-01T12:00", "2026-03-01T12:00:30"], [0, 0, 1, 1]).cast(pa.timestamp(unit, zone))
            table = pyarrow.parquet.read_table(good / "server_windows.parquet")
            pyarrow.parquet.write_table(table.set_column(0, "window", window), good / "server_windows.parquet")
            assert np.array_equal(read_network(good)[Windows].window, expected)


def _moments(texts: list[str], places: list[int]) -> Any:
    return pa.array(np.array(texts, "M8[ms]")[places])


def test_windows_are_those_of_both_tables_in_order(good: Path) -> None:
    swapped("server_windows", "0,fra-1", "-3,fra-1")(good)
    swapped("streams", "\n1,nyc-1", "\n70,nyc-1")(good)
    found = read_network(good)
    assert found[Windows].window.tolist() == [-3, 0, 1, 70]
    assert found[ServerWindows].window.tolist() == [0, 1, 2, 2]
    assert found[Streams].window.tolist() == [1, 1, 1, 2, 3]


def test_rows_may_stand_in_any_order(good: Path) -> None:
    expected = read_network(good)[Streams]
    header, *rows = STREAMS.splitlines()
    (good / "streams.csv").write_text("\n".join([header, *reversed(rows)]))
    found = read_network(good)[Streams]
    for name in Streams.declared():
        assert np.array_equal(
            found.array(name), expected.array(name)[::-1], equal_nan=found.array(name).dtype.kind == "f"
        )


def test_float32_is_kept_where_the_folder_says_so(good: Path) -> None:
    content("network.toml", '[types]\n"streams.rtt_ms" = "float32"\n"servers.server" = "text"\n')(good)
    found = read_network(good)
    assert found[Streams].rtt_ms.dtype == np.float32
    assert found[Streams].loss_ratio.dtype == np.float64


# ---- writing

_NAME = st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=8)
_REAL = st.floats(0, 1e30, allow_nan=False)


@st.composite
def networks(draw: st.DrawFn) -> Snapshot:
    """Any small overlay that files can hold: every window has a row, and pairs with successes have an rtt."""
    ids: list[Any] = draw(
        st.one_of(
            st.lists(st.integers(-(2**63), 2**63 - 1), min_size=2, max_size=6, unique=True),
            st.lists(st.integers(0, 99).map(str) | _NAME, min_size=2, max_size=6, unique=True),
        )
    )
    count = len(ids)
    number = draw(st.sampled_from([np.float32, np.float64]))
    centers = draw(st.lists(st.tuples(_NAME, _NAME), min_size=1, max_size=3, unique_by=lambda home: home[1]))
    homes = [draw(st.sampled_from(centers)) for _ in ids]

    def reals(low: float, high: float, size: int, nan: bool) -> Any:
        values = st.floats(low, high, width=32 if number is np.float32 else 64)
        cell = values | st.just(np.nan) if nan else values
        return np.array(draw(st.lists(cell, min_size=size, max_size=size)), number)

    servers = Servers.of(
        server=np.array(ids),
        region=np.array([region for region, _ in homes]),
        data_center=np.array([center for _, center in homes]),
        provider=np.array([draw(st.sampled_from(["", "a,b", 'say "hi"', "x"])) for _ in ids]),
        latitude_deg=reals(-90, 90, count, nan=True),
        capacity_mbps=reals(0, 2.0**100, count, nan=True),
        online=np.array(draw(st.lists(st.booleans(), min_size=count, max_size=count))),
    )
    moments = sorted(draw(st.sets(st.integers(-(10**9), 10**12), min_size=1, max_size=3)))
    window = np.array(moments) if draw(st.booleans()) else np.array(moments).astype("M8[ms]")
    pairs = [(w, a, b) for w in range(len(moments)) for a in range(count) for b in range(a)]
    rows = draw(st.permutations(pairs).map(lambda order: order[: 1 + len(order) // 2]))
    succeeded = np.array(draw(st.lists(st.integers(0, 2**31 - 1), min_size=len(rows), max_size=len(rows))))
    rtt_ms = reals(0, 2.0**100, len(rows), nan=True)
    rtt_ms[(succeeded > 0) & np.isnan(rtt_ms)] = number(0.1)
    flipped = [(w, b, a) if draw(st.booleans()) else (w, a, b) for w, a, b in rows]
    w, a, b = (np.array(part, np.int32) for part in zip(*flipped, strict=True))
    streams = Streams.of(
        window=w,
        source=a,
        target=b,
        succeeded_count=succeeded,
        failed_count=succeeded[::-1].copy(),
        rtt_ms=rtt_ms,
        loss_ratio=reals(0, 1, len(rows), nan=False),
    )
    reporting = [(w, server) for w in range(len(moments)) for server in range(count)]
    reports = ServerWindows.of(
        window=np.array([w for w, _ in reporting]),
        server=np.array([server for _, server in reporting]),
        active_users_count=np.arange(len(reporting)),
    )
    return Snapshot([servers, Windows.of(window=window), streams, reports])


@pytest.mark.parametrize("form", ["csv", "parquet"])
@settings(max_examples=30, deadline=None)
@given(network=networks())
def test_written_and_read_is_the_same(
    tmp_path_factory: pytest.TempPathFactory, form: Literal["csv", "parquet"], network: Snapshot
) -> None:
    folder = tmp_path_factory.mktemp("round") / "net"
    write_network(network, folder, form)
    found = read_network(folder)
    assert found.basis == network.basis
    for table in network.tables:
        for name in table.declared():
            assert found.named(table.name).array(name).dtype.kind == table.array(name).dtype.kind
    assert sorted(p.name for p in folder.parent.iterdir()) == ["net"]  # nothing is left beside it


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_a_network_is_replaced_as_a_whole(good: Path, form: Literal["csv", "parquet"]) -> None:
    network = read_network(good)
    other = network.replaced(network[Servers].with_column("online", np.array([True, False, True, True])))
    content("network.toml", 'title = "old"\n')(good)
    write_network(other, good, form)
    assert read_network(good) == other
    expected = {f"{name}.{form}" for name in ("servers", "streams", "server_windows")}
    assert {path.name for path in good.iterdir()} == expected


def test_the_new_folder_may_be_empty_deep_or_behind_a_link(good: Path, tmp_path: Path) -> None:
    network = read_network(good)
    (tmp_path / "empty").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "empty")
    write_network(network, tmp_path / "link", "csv")
    assert (tmp_path / "link").is_symlink()
    write_network(network, tmp_path / "a" / "b" / "net", "csv")
    assert read_network(tmp_path / "empty") == read_network(tmp_path / "a" / "b" / "net") == network
    assert (tmp_path / "empty").stat().st_mode == (tmp_path / "a").stat().st_mode


def _refused(network: Snapshot, folder: Path) -> str:
    before = sorted((str(p), p.read_bytes() if p.is_file() else b"") for p in folder.parent.rglob("*"))
    with pytest.raises(BadInputError) as caught:
        write_network(network, folder, "csv")
    assert before == sorted((str(p), p.read_bytes() if p.is_file() else b"") for p in folder.parent.rglob("*"))
    return str(caught.value)


def test_what_is_not_overwritten(good: Path, tmp_path: Path) -> None:
    network = read_network(good)
    content("notes.md", "mine")(good)
    assert _refused(network, good) == (
        f"folder.not_empty: the folder holds more than a network; at {good}; got: 'notes.md'; expected: a new or empty "
        "folder, or one with nothing but a network; hint: choose another folder; nothing was written"
    )
    removed("notes.md")(good)
    (good / "streams.csv").unlink()
    (good / "streams.csv").mkdir()
    assert _refused(network, good).startswith("folder.not_empty")
    (tmp_path / "file").write_text("x")
    assert _refused(network, tmp_path / "file").startswith("folder.unwritable")
    assert _refused(network, tmp_path / "file" / "below").startswith("folder.unwritable")


BAD_NETWORKS: dict[str, tuple[Callable[[Snapshot], Snapshot], str]] = {
    "a window without rows": (
        lambda s: s.replaced(Windows.of(window=np.array([0, 1, 2]))),
        "other windows than were written",
    ),
    "no rtt though streams succeeded": (
        lambda s: s.replaced(s[Streams].with_column("rtt_ms", np.full(5, np.nan))),
        "row.rtt_absent",
    ),
    "an id with blanks": (
        lambda s: s.replaced(s[Servers].with_column("server", np.array(["a ", "b", "c", "d"]))),
        "cell.padded",
    ),
    "one id twice": (
        lambda s: s.replaced(s[Servers].with_column("server", np.array(["a", "b", "b", "d"]))),
        "row.duplicate",
    ),
}


@pytest.mark.parametrize("name", BAD_NETWORKS)
def test_a_snapshot_that_no_file_can_hold_is_not_written(good: Path, tmp_path: Path, name: str) -> None:
    change, said = BAD_NETWORKS[name]
    line = _refused(change(read_network(good)), tmp_path / "new")
    assert line.startswith("folder.not_a_network")
    assert said in line
    assert not (tmp_path / "new").exists()
    assert ".new." not in line


def test_a_failed_swap_puts_the_old_network_back(good: Path, tmp_path: Path) -> None:
    network = read_network(good)
    with pytest.raises(OSError, match="never-written"):
        swap(tmp_path / "never-written", good, tmp_path / "replaced")
    assert read_network(good) == network
    assert not (tmp_path / "replaced").exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_no_permission_to_write(good: Path, tmp_path: Path) -> None:
    network = read_network(good)
    (tmp_path / "locked").mkdir(mode=0o500)
    assert _refused(network, tmp_path / "locked" / "net").startswith("folder.unwritable")


def test_rows_of_the_same_file_share_nothing_with_the_caller(good: Path) -> None:
    for table in read_network(good).tables:
        for field in dataclasses.fields(table):
            assert not table.array(field.name).flags.writeable
