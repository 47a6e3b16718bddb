"""The window column: whole numbers or UTC times, never both in one network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as t
from numpy.typing import NDArray

from fairlead.telemetry.offence import Offence, offences_where
from fairlead.telemetry.texts import Coded

_WHOLE = r"^[+-]?[0-9]{1,18}$"
_ISO = r"^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d([.,]\d{1,9})?)?([Zz]|[+-]\d\d(:?\d\d)?)$"
_PLAIN_UTC = r"^[1-9]\d{3}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z$"
_FINE = r"[.,]\d{3}\d*[1-9]\d*([Zz]|[+-])"
_ISO_LOCAL = r"^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d([.,]\d{1,9})?)?)?$"
_NANOSECONDS: Mapping[str, int] = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EXPECTED = "a whole number, or a UTC time such as 2026-03-01T12:00:30Z"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Moments:
    """Windows of one column: ``values`` [distinct] int64 (number, or ms since 1970 UTC), ``codes`` [rows] into it."""

    values: NDArray[np.int64]
    codes: NDArray[np.int32]
    is_time: bool

    def used(self) -> NDArray[np.int64]:
        """The distinct windows that occur, ascending."""
        return np.unique(self.values[np.unique(self.codes[self.codes >= 0])])

    def ranks(self, windows: NDArray[np.int64]) -> NDArray[np.int32]:
        """For each row the place of its window among ``windows`` (ascending, complete); -1 where absent."""
        ranks = np.searchsorted(windows, self.values).astype(np.int32)
        return np.append(ranks, np.int32(-1))[self.codes]


def moments(cells: Coded, name: str, is_time_before: bool | None) -> tuple[Moments, list[Offence]]:
    """Windows of a column and what is wrong with it.

    ``is_time_before`` is what the tables read so far hold, ``None`` at first: then the first good cell decides.
    """
    timestamps = t.is_timestamp(cells.distinct.type)
    values, is_time, problems = _timestamps(cells.distinct) if timestamps else _parsed(cells.distinct)
    offences = offences_where(cells.codes < 0, name, code="cell.absent", what=f"{name} is absent", expected=_EXPECTED)
    for (code, what, hint), bad in problems.items():
        offences += offences_where(
            cells.rows_where(bad), name, code=code, what=f"{name} {what}", expected=_EXPECTED, hint=lambda _, h=hint: h
        )
    wrong = np.logical_or.reduce(list(problems.values()))
    codes = cells.spread(np.where(wrong, -1, np.arange(len(values))).astype(np.int32), fill=-1)
    sound = codes[codes >= 0]
    first = is_time_before if is_time_before is not None else bool(len(sound) and is_time[sound[0]])
    mixed = np.append(is_time != first, False)[codes]
    offences += offences_where(
        mixed,
        name,
        code="cell.mixed_windows",
        what="windows are numbers here and times there",
        expected="UTC times, as before" if first else "whole numbers, as before",
    )
    return Moments(values=values, codes=np.where(mixed, np.int32(-1), codes), is_time=first), offences


_Problems = dict[tuple[str, str, str], NDArray[np.bool_]]
_ABSENT = ("cell.absent", "is absent", "")
_NOT_A_WINDOW = ("cell.not_a_window", "is neither a whole number nor a UTC time", "")
_LOCAL_TIME = ("cell.local_time", "is a time without its offset from UTC", "append Z if it is UTC")
_TOO_FINE = ("cell.too_fine", "is finer than a millisecond", "")


def _timestamps(distinct: Any) -> tuple[NDArray[np.int64], NDArray[np.bool_], _Problems]:
    """Parquet timestamps; without a zone they are taken as UTC, as Parquet writers mean them."""
    unit_ns = _NANOSECONDS[distinct.type.unit]
    raw = distinct.cast(pa.int64()).fill_null(0).to_numpy(zero_copy_only=False)
    per_ms = max(1, 10**6 // unit_ns)
    scale = max(1, unit_ns // 10**6)
    problems = {_TOO_FINE: raw % per_ms != 0, _NOT_A_WINDOW: np.abs(raw) > 2**62 // scale}
    return raw // per_ms * scale, np.ones(len(raw), dtype=bool), problems


def _parsed(distinct: Any) -> tuple[NDArray[np.int64], NDArray[np.bool_], _Problems]:
    trimmed = pc.utf8_trim(distinct, " \t")
    whole, iso, local = (
        pc.match_substring_regex(trimmed, pattern).to_numpy(zero_copy_only=False)
        for pattern in (_WHOLE, _ISO, _ISO_LOCAL)
    )
    plain = pc.replace_substring_regex(pc.if_else(pa.array(whole), trimmed, "0"), r"^\+", "")
    values = plain.cast(pa.int64()).to_numpy(zero_copy_only=False).copy()
    local = local & ~iso
    blank = pc.equal(trimmed, "").to_numpy(zero_copy_only=False)
    bad = ~(whole | iso | local | blank)
    plain_utc = pc.match_substring_regex(trimmed, _PLAIN_UTC).to_numpy(zero_copy_only=False)
    at_once = _cast(trimmed.filter(pa.array(plain_utc)))
    if at_once is None:
        plain_utc[:] = False
    else:
        values[plain_utc] = at_once
    for i in np.flatnonzero(iso & ~plain_utc):  # other spellings one by one: a million distinct ones take seconds
        milliseconds = _milliseconds(trimmed[int(i)].as_py())
        bad[i] = milliseconds is None
        values[i] = milliseconds or 0
    too_fine = pc.match_substring_regex(trimmed, _FINE).to_numpy(zero_copy_only=False) & iso
    return values, iso, {_ABSENT: blank, _NOT_A_WINDOW: bad, _LOCAL_TIME: local, _TOO_FINE: too_fine}


def _cast(texts: Any) -> NDArray[np.int64] | None:
    """Milliseconds since 1970 of many plain UTC times; ``None`` where the calendar does not know all of them."""
    try:
        moments = texts.cast(pa.timestamp("ms", "UTC"))
    except pa.ArrowInvalid:
        return None
    found: NDArray[np.int64] = moments.cast(pa.int64()).to_numpy(zero_copy_only=False)
    return found


def _milliseconds(text: str) -> int | None:
    """Milliseconds since 1970 of an ISO 8601 time with offset; ``None`` where the calendar knows no such moment."""
    try:
        since = datetime.fromisoformat(text.upper()) - _EPOCH
    except (ValueError, OverflowError):
        return None
    return (since.days * 86_400 + since.seconds) * 1000 + since.microseconds // 1000
