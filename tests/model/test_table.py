"""A table refuses what it does not understand, loses nothing silently and cannot be written to."""

from __future__ import annotations

import pickle
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.model import BadInputError, Column, Kind, Servers, ServerWindows, Streams, Table, Windows
from fairlead.model.table import Array

NO_STREAMS = {
    "window": [],
    "source": [],
    "target": [],
    "succeeded_count": [],
    "failed_count": [],
    "rtt_ms": [],
    "loss_ratio": [],
}
ONE_STREAM = {
    "window": [0],
    "source": [0],
    "target": [1],
    "succeeded_count": [9],
    "failed_count": [1],
    "rtt_ms": [20.0],
    "loss_ratio": [0.2],
}
TWO_SERVERS = {"server": ["a", "b"], "region": ["x", "x"], "data_center": ["x1", "x1"]}


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Unbounded(Table):
    """A table whose one column has no declared range."""

    name: ClassVar[str] = "unbounded"
    key: ClassVar[tuple[str, ...]] = ("value",)

    value: Annotated[Array, Column(kind=Kind.REAL, doc="anything finite")]


def _refused(kind: type[Table], code: str, **columns: Any) -> BadInputError:
    with pytest.raises(BadInputError) as caught:
        kind.of(**columns)
    assert caught.value.code == code
    return caught.value


def test_unknown_column_is_named() -> None:
    error = _refused(Servers, "table.extra_column", **TWO_SERVERS, colour=["red", "red"])
    assert "colour" in str(error)


def test_missing_column_is_named_and_defaults_are_filled() -> None:
    error = _refused(Servers, "table.missing_column", server=["a"], region=["x"])
    assert "data_center" in error.what
    servers = Servers.of(**TWO_SERVERS)
    assert servers.online.tolist() == [True, True]
    assert servers.provider.tolist() == ["", ""]
    assert np.isnan(servers.capacity_mbps).all()


def test_ragged_columns_are_counted() -> None:
    error = _refused(Servers, "table.ragged", server=["a", "b"], region=["x"], data_center=["x1", "x1"])
    assert "region 1" in error.got


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("succeeded_count", [1.5]),
        ("succeeded_count", [np.nan]),
        ("succeeded_count", [np.inf]),
        ("succeeded_count", [2**31]),
        ("succeeded_count", [-(2**31) - 1]),
        ("succeeded_count", ["many"]),
        ("succeeded_count", [True]),
        ("succeeded_count", [None]),
        ("source", [0.0]),
        ("source", [2**31]),
        ("source", ["a"]),
        ("rtt_ms", ["20"]),
        ("rtt_ms", [1j]),
        ("rtt_ms", [None]),
        ("loss_ratio", [True]),
    ],
)
def test_wrong_type_is_refused_not_converted(column: str, values: list[Any]) -> None:
    error = _refused(Streams, "table.wrong_type", **{**ONE_STREAM, column: values})
    assert f"streams.{column}" in error.where


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("server", [1.0, 2.0]),
        ("server", [b"a", b"b"]),
        ("region", [1, 2]),
        ("online", [1, 0]),
        ("online", ["yes", "no"]),
    ],
)
def test_wrong_type_of_servers(column: str, values: list[Any]) -> None:
    _refused(Servers, "table.wrong_type", **{**TWO_SERVERS, column: values})


def test_ids_beyond_64_signed_bits_are_not_wrapped_round() -> None:
    _refused(Servers, "table.wrong_type", **{**TWO_SERVERS, "server": np.array([1, 2**63 + 1], dtype=np.uint64)})


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("succeeded_count", -1),
        ("failed_count", -7),
        ("source", -1),
        ("rtt_ms", -0.5),
        ("rtt_ms", np.inf),
        ("rtt_ms", -np.inf),
        ("loss_ratio", 1.0001),
        ("loss_ratio", np.nan),
        ("loss_ratio", -np.inf),
        ("loss_ratio", np.inf),
    ],
)
def test_out_of_range_names_the_first_offending_row(column: str, value: float) -> None:
    columns = {name: np.repeat(np.asarray(values), 4) for name, values in ONE_STREAM.items()}
    columns[column] = np.asarray(columns[column], dtype=np.asarray(value).dtype)
    columns[column][2:] = value
    error = _refused(Streams, "table.out_of_range", **columns)
    assert f"streams.{column}, row 2" in error.where


def test_a_real_without_a_range_is_still_finite() -> None:
    assert Unbounded.of(value=[-1e300, 1e300]).row_count == 2
    for value in (np.inf, -np.inf, np.nan):
        _refused(Unbounded, "table.out_of_range", value=[0.0, value])


def test_absence_is_allowed_where_declared() -> None:
    assert np.isnan(Streams.of(**{**ONE_STREAM, "rtt_ms": [np.nan]}).rtt_ms[0])
    mixed = Servers.of(**TWO_SERVERS, capacity_mbps=[np.nan, 5.0])
    assert np.isnan(mixed.capacity_mbps[0])
    _refused(Servers, "table.out_of_range", **TWO_SERVERS, capacity_mbps=[np.nan, -5.0])
    _refused(Servers, "table.out_of_range", **TWO_SERVERS, capacity_mbps=[np.nan, np.inf])


@pytest.mark.parametrize(
    ("column", "values", "dtype"),
    [
        ("succeeded_count", np.array([9], dtype=np.uint8), np.int32),
        ("succeeded_count", np.array([9.0]), np.int32),
        ("succeeded_count", np.array([9], dtype=np.int64), np.int32),
        ("rtt_ms", np.array([9], dtype=np.int16), np.float64),
        ("rtt_ms", np.array([9], dtype=np.float16), np.float64),
        ("rtt_ms", np.array([9], dtype=np.float32), np.float32),
        ("rtt_ms", np.array([9], dtype=">f8"), np.float64),
        ("window", np.array([0], dtype=">i4"), np.int32),
    ],
)
def test_lossless_conversions(column: str, values: np.ndarray, dtype: type) -> None:
    table = Streams.of(**{**ONE_STREAM, column: values})
    assert table.array(column).dtype == np.dtype(dtype)
    assert table.array(column).tolist() == values.tolist()


def test_times_are_integers_or_milliseconds() -> None:
    assert Windows.of(window=np.array([3, 4], dtype=np.int16)).window.dtype == np.int64
    times = Windows.of(window=np.array(["2025-01-01T00:00", "2025-01-01T00:30"], dtype="M8[m]"))
    assert times.window.dtype == np.dtype("M8[ms]")
    assert str(times.window[1]) == "2025-01-01T00:30:00.000"


def test_an_empty_table_has_its_dtypes() -> None:
    table = Streams.of(**NO_STREAMS)
    assert table.row_count == 0
    assert table.succeeded_count.dtype == np.int32
    assert Servers.of(server=[], region=[], data_center=[]).region.dtype.kind == "U"
    assert table.digest("source") != table.digest("target")


def test_every_array_is_read_only(star_of_six: Any) -> None:
    for table in star_of_six.tables:
        for name in table.declared():
            with pytest.raises(ValueError, match="read-only"):
                table.array(name)[0] = table.array(name)[0]
    with pytest.raises(AttributeError):
        star_of_six[Servers].online = np.zeros(6, dtype=bool)


def test_a_later_write_of_the_caller_does_not_reach_the_table() -> None:
    base = np.arange(12, dtype=np.int32)
    window = base[:6]
    frozen_view = base[:6]
    frozen_view.flags.writeable = False
    for values in (window, frozen_view):
        table = ServerWindows.of(window=np.zeros(6, dtype=np.int32), server=np.arange(6), active_users_count=values)
        base[0] = 99
        assert table.active_users_count[0] == 0
        base[0] = 0


def test_with_column_does_not_let_later_writes_in() -> None:
    servers = Servers.of(**TWO_SERVERS)
    flags = np.array([True, False, True])
    changed = servers.with_column("online", flags[:2])
    flags[0] = False
    assert changed.online.tolist() == [True, False]
    assert servers.online.tolist() == [True, True]


TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=8)


@given(st.lists(TEXT, min_size=1, max_size=6), st.integers(1, 40))
def test_equal_strings_have_equal_digests_in_any_width(texts: list[str], extra: int) -> None:
    narrow = np.array(texts)
    columns = {"region": ["x"] * len(texts), "data_center": ["x1"] * len(texts)}
    first = Servers.of(server=narrow, **columns)
    wide = Servers.of(server=narrow.astype(f"U{narrow.dtype.itemsize // 4 + extra}"), **columns)
    swapped = Servers.of(server=narrow.astype(narrow.dtype.newbyteorder(">")), **columns)
    assert first == wide == swapped
    assert hash(first) == hash(wide) == hash(swapped)
    assert first.digest("server") == wide.digest("server") == swapped.digest("server")


@given(st.lists(TEXT, min_size=1, max_size=5), st.lists(TEXT, min_size=1, max_size=5))
def test_digests_are_equal_exactly_when_the_strings_are(one: list[str], other: list[str]) -> None:
    tables = [Servers.of(server=t, region=["x"] * len(t), data_center=["y"] * len(t)) for t in (one, other)]
    assert (tables[0] == tables[1]) == (one == other)
    assert (tables[0].digest("server") == tables[1].digest("server")) == (one == other)


@given(st.lists(st.integers(0, 3), min_size=1, max_size=5), st.lists(st.integers(0, 3), min_size=1, max_size=5))
def test_digests_are_equal_exactly_when_the_numbers_are(one: list[int], other: list[int]) -> None:
    tables = [Windows.of(window=np.array(w)) for w in (one, other)]
    assert (tables[0].digest("window") == tables[1].digest("window")) == (one == other)


def test_strided_and_contiguous_content_hash_alike() -> None:
    grid = np.arange(20, dtype=np.int64)
    assert Windows.of(window=grid[::2]) == Windows.of(window=np.arange(0, 20, 2))
    assert Windows.of(window=grid[::2]).digest("window") == Windows.of(window=np.arange(0, 20, 2)).digest("window")


def test_number_ids_are_not_text_ids() -> None:
    columns = {"region": ["x"], "data_center": ["y"]}
    assert Servers.of(server=[1], **columns) != Servers.of(server=["1"], **columns)


def test_tables_of_different_types_are_never_equal() -> None:
    assert Windows.of(window=[1]) != Unbounded.of(value=[1.0])
    assert Windows.of(window=[1]) != "windows"


@given(st.lists(st.booleans(), min_size=2, max_size=2), st.booleans())
def test_with_column_keeps_the_digests_of_a_freshly_built_table(online: list[bool], warm: bool) -> None:
    servers = Servers.of(**TWO_SERVERS)
    if warm:  # digests and codes that were computed before must not be carried over for the changed column
        for name in servers.declared():
            servers.digest(name)
            servers.codes(name)
        servers.memo(("anything", 1), lambda: "stale")
    changed = servers.with_column("online", np.array(online)).with_column("region", np.array(["x", "long region"]))
    fresh = Servers.of(server=["a", "b"], region=["x", "long region"], data_center=["x1", "x1"], online=online)
    assert changed == fresh
    for name in fresh.declared():
        assert changed.digest(name) == fresh.digest(name)
        assert changed.codes(name)[0].tolist() == pytest.approx(fresh.codes(name)[0].tolist(), nan_ok=True) or (
            changed.codes(name)[0].tolist() == fresh.codes(name)[0].tolist()
        )
    assert changed.memo(("anything", 1), lambda: "fresh") == "fresh"


def test_with_column_checks_type_range_and_length() -> None:
    servers = Servers.of(**TWO_SERVERS)
    with pytest.raises(BadInputError, match="wrong_type"):
        servers.with_column("online", np.array([1, 0]))
    with pytest.raises(BadInputError, match="out_of_range"):
        servers.with_column("capacity_mbps", np.array([1.0, -1.0]))
    with pytest.raises(AssertionError, match="3 values for 2 rows"):
        servers.with_column("online", np.array([True, True, True]))


def test_codes_are_places_among_the_sorted_distinct_values() -> None:
    servers = Servers.of(server=["a", "b", "c"], region=["y", "x", "y"], data_center=["1", "1", "1"])
    distinct, place = servers.codes("region")
    assert distinct.tolist() == ["x", "y"]
    assert place.tolist() == [1, 0, 1]


def test_pickling_gives_an_equal_locked_table() -> None:
    servers = Servers.of(**TWO_SERVERS)
    servers.digest("server")
    twin = pickle.loads(pickle.dumps(servers))
    assert twin == servers
    assert hash(twin) == hash(servers)
    assert twin.digest("server") == servers.digest("server")
    with pytest.raises(ValueError, match="read-only"):
        twin.online[0] = False


def test_repr_is_short() -> None:
    assert repr(Servers.of(**TWO_SERVERS)) == "<Servers 2 rows>"
