"""Raw records of relay streams -> fixed windows.

Window ``k`` of length L covers [k L, (k + 1) L) on the relay's own clock, counted from 1970 for UTC times and from 0
for plain seconds. The time in the record decides, never its arrival: any order of the same records gives the same
windows, bit for bit.

A record is *late* when its window began before ``from_s``, which is where the caller stopped waiting: it is counted and
left out, since a window that was planned on must not change. It is *early* when its window is not over at ``until_s``
(now, less the lateness that the caller allows for): it is left out and marked, to be given again next time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import ArrayLike, NDArray

from fairlead.model import BadInputError, Servers, Streams, Windows
from fairlead.telemetry.numbers import numbers
from fairlead.telemetry.offence import Offence, offences_where
from fairlead.telemetry.references import row_numbers
from fairlead.telemetry.rules import folded_key
from fairlead.telemetry.sheet import Cell, Sheet, raise_first
from fairlead.telemetry.texts import coded, flags

Array = NDArray[Any]
WINDOW_S = 30.0  # Sentry 4.1.1
_TICKS_PER_S = 1_000_000
_LARGEST_TIME_S = 9e12
_UNHEARD = {"rtt_ms": np.nan, "loss_ratio": 1.0}  # of a pair that nobody could measure: nothing got through


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StreamRecords:
    """One row a relay stream, in any order.

    time           : [records] seconds (numbers), or UTC times (datetime64); taken to the microsecond
    source, target : [records] the operator's ids of the two servers
    ok             : [records] whether the stream worked
    rtt_ms         : [records] round-trip time, NaN where not measured
    loss_ratio     : [records] packet loss 0 to 1, NaN where not measured
    """

    time: ArrayLike
    source: ArrayLike
    target: ArrayLike
    ok: ArrayLike
    rtt_ms: ArrayLike
    loss_ratio: ArrayLike


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WindowedStreams:
    """Complete windows; ``late_count`` records came too late; ``early`` [records] marks those to be given again."""

    windows: Windows
    streams: Streams
    late_count: int
    early: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class _Checked:
    """Records without fault: ``ticks`` microseconds, ``ends`` row numbers, ``measures`` by name; all [records]."""

    ticks: NDArray[np.int64]
    ends: tuple[NDArray[np.int32], NDArray[np.int32]]
    ok: NDArray[np.bool_]
    measures: Mapping[str, Array]

    def kept(self, rows: NDArray[np.bool_]) -> _Checked:
        measures = {name: values[rows] for name, values in self.measures.items()}
        return _Checked(self.ticks[rows], (self.ends[0][rows], self.ends[1][rows]), self.ok[rows], measures)


def windowed_streams(
    records: StreamRecords,
    servers: Servers,
    *,
    window_s: float = WINDOW_S,
    from_s: float = -np.inf,
    until_s: float = np.inf,
) -> WindowedStreams:
    """Streams per window and pair: how many worked and failed, mean rtt and mean loss over the streams that have one.

    Pairs are undirected; a pair is named by its lower row first, and rows are ordered by window, then pair. Windows are
    numbered k for plain seconds and begin at k L for UTC times. A pair of which every stream failed and none was
    measured has no rtt and a loss of 1. O(records log records).

    BadInputError for the first record that is wrong: an unknown or identical end, a time, rtt or loss that cannot be,
    or a pair that worked in a window in which nobody measured it.
    """
    window_ticks = round(window_s * _TICKS_PER_S)
    if window_ticks < 1000 or window_ticks % 1000:
        raise BadInputError(
            code="records.window_length",
            what="a window must last whole milliseconds",
            where="window_s",
            got=f"{window_s:g}",
            expected="0.001 or more, in s",
        )
    sheet = _sheet(records)
    checked = _checked(sheet, servers)
    begins = checked.ticks // window_ticks * window_ticks
    late = begins < from_s * _TICKS_PER_S
    early = (begins + window_ticks > until_s * _TICKS_PER_S) & ~late
    kept = ~(late | early)
    starts, streams = _grouped(sheet, checked.kept(kept), begins[kept], np.flatnonzero(kept))
    is_time = np.asarray(records.time).dtype.kind == "M"
    window = (starts // 1000).astype("M8[ms]") if is_time else starts // window_ticks
    late_count = int(np.count_nonzero(late))
    return WindowedStreams(windows=Windows.of(window=window), streams=streams, late_count=late_count, early=early)


def _sheet(records: StreamRecords) -> Sheet:
    columns = {part.name: np.asarray(getattr(records, part.name)) for part in fields(records)}
    counts = {name: values.shape for name, values in columns.items()}
    if len(set(counts.values())) > 1 or columns["time"].ndim != 1:
        raise BadInputError(
            code="records.ragged",
            what="the columns of the records differ in shape",
            where="records",
            got=", ".join(f"{name} {shape}" for name, shape in counts.items()),
            expected="one value a record in each",
        )

    def cell(row: int, column: str) -> Cell:
        return Cell(where=f"records, row {row}, column {column}", text=str(columns[column][row]))

    return Sheet(path=Path("records"), columns=columns, row_count=len(columns["time"]), cell=cell)


def _checked(sheet: Sheet, servers: Servers) -> _Checked:
    ids = pa.array(servers.server).cast(pa.string())
    declared = Streams.declared()
    ticks, offences = _ticks(sheet.columns["time"])
    ends: dict[str, Array] = {}
    for name in ("source", "target"):
        ends[name], wrong = row_numbers(coded(_column(sheet, name)), name, declared[name], ids)
        offences += wrong
    same = (ends["source"] == ends["target"]) & (ends["source"] >= 0)
    what = "source and target are the same"
    offences += offences_where(same, "target", code="row.same_ends", what=what, expected="two different ends")
    ok, wrong = flags(coded(_column(sheet, "ok")), "ok")
    offences += wrong
    measures: dict[str, Array] = {}
    for name in _UNHEARD:
        measures[name], wrong = numbers(_column(sheet, name), name, replace(declared[name], nullable=True))
        offences += wrong
    raise_first(sheet, offences)
    return _Checked(ticks, (ends["source"], ends["target"]), ok, measures)


def _column(sheet: Sheet, name: str) -> Any:
    values = sheet.columns[name]
    if name in _UNHEARD and values.dtype.kind not in "iuf":
        raise BadInputError(
            code="records.wrong_type",
            what=f"column {name} of the records has the wrong type",
            where=f"records, column {name}",
            got=str(values.dtype),
            expected="numbers",
        )
    return pa.chunked_array([pa.array(values)])


def _ticks(time: Array) -> tuple[NDArray[np.int64], list[Offence]]:
    """Microseconds [records], and times that are none."""
    if time.dtype.kind not in "iufM":
        raise BadInputError(
            code="records.wrong_type",
            what="column time of the records has the wrong type",
            where="records, column time",
            got=str(time.dtype),
            expected="seconds (numbers) or UTC times (datetime64)",
        )
    if time.dtype.kind == "M":
        wrong, ticks = np.isnat(time), time.astype("M8[us]").astype(np.int64)
    else:
        wrong = ~(np.abs(time.astype(np.float64)) < _LARGEST_TIME_S)
        sound = np.where(wrong, 0, time)
        whole = time.dtype.kind in "iu"
        ticks = sound.astype(np.int64) * _TICKS_PER_S if whole else np.rint(sound * _TICKS_PER_S).astype(np.int64)
    offences = offences_where(wrong, "time", code="cell.not_a_time", what="time is none", expected="a moment in time")
    return ticks, offences


def _grouped(
    sheet: Sheet, records: _Checked, begins: NDArray[np.int64], rows: NDArray[np.int64]
) -> tuple[NDArray[np.int64], Streams]:
    """The distinct windows, and one row per window and pair. ``rows`` [kept] are the row numbers in the sheet."""
    starts, window = np.unique(begins, return_inverse=True)
    low, high = np.minimum(*records.ends), np.maximum(*records.ends)
    _, first, group = np.unique(folded_key([window, low, high]), return_index=True, return_inverse=True)
    succeeded = np.bincount(group, weights=records.ok, minlength=len(first)).astype(np.int64)
    failed = np.bincount(group, minlength=len(first)) - succeeded
    means: dict[str, Array] = {}
    offences: list[Offence] = []
    for name, values in records.measures.items():
        mean = _mean(values, group, len(first))
        unmeasured = np.isnan(mean)
        bad = np.zeros(sheet.row_count, dtype=bool)
        bad[rows[records.ok & unmeasured[group]]] = True
        offences += offences_where(
            bad,
            name,
            code="row.unmeasured",
            what=f"{name} was never measured in a window in which streams of the pair worked",
            expected="one measurement or more of every pair that works",
        )
        means[name] = np.where(unmeasured, _UNHEARD[name], mean)
    raise_first(sheet, offences)
    streams = Streams.of(
        window=window[first].astype(np.int32),
        source=low[first],
        target=high[first],
        succeeded_count=succeeded,
        failed_count=failed,
        **means,
    )
    return starts, streams


def _mean(values: Array, group: NDArray[np.int64], group_count: int) -> NDArray[np.float64]:
    """Mean of the values that are there [groups], NaN where none is; added up from small to large, in any order."""
    there = ~np.isnan(values)
    values, group = values[there].astype(np.float64), group[there]
    order = np.lexsort((values, group))
    totals = np.bincount(group[order], weights=values[order], minlength=group_count)
    counts = np.bincount(group, minlength=group_count)
    means = np.full(group_count, np.nan)
    np.divide(totals, counts, out=means, where=counts > 0)
    return means
