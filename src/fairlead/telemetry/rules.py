"""What must hold between the cells of one table, beyond what each column declares."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairlead.model import Servers, Streams, Table
from fairlead.telemetry.offence import Offence, offences_where

Array = NDArray[Any]
Check = Callable[[Mapping[str, Array]], list[Offence]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """Rules of one table.

    pair         : two reference columns of the key whose order does not matter and which must differ; or nothing
    checks       : functions from the columns (references as row numbers, -1 where offending) to what is wrong
    stand_in     : the table of a folder that has no file for it, or no file that it is made from; nothing: the file
                   must be there
    may_be_empty : the file may have no rows
    """

    pair: tuple[str, str] | None = None
    checks: tuple[Check, ...] = ()
    stand_in: Table | None = None
    may_be_empty: bool = False


def _home_offences(columns: Mapping[str, Array]) -> list[Offence]:
    centers, inverse = np.unique(columns["data_center"], return_inverse=True)
    first_rows = np.full(len(centers), len(inverse))
    np.minimum.at(first_rows, inverse, np.arange(len(inverse)))
    region = columns["region"]
    moved = (region[first_rows[inverse]] != region) & (region != "") & (columns["data_center"] != "")
    found = offences_where(
        moved,
        "region",
        code="row.two_regions",
        what="a data center lies in two regions",
        expected="one region for every data center",
    )
    return [replace(offence, twin_row=int(first_rows[inverse[offence.row]])) for offence in found]


def _rtt_offences(columns: Mapping[str, Array]) -> list[Offence]:
    return offences_where(
        np.isnan(columns["rtt_ms"]) & (columns["succeeded_count"] > 0),
        "rtt_ms",
        code="row.rtt_absent",
        what="rtt_ms is absent although streams succeeded",
        expected="a round-trip time in ms wherever succeeded_count is not 0",
    )


OVERLAY_RULES: Mapping[type[Table], Rules] = {
    Servers: Rules(checks=(_home_offences,)),
    Streams: Rules(pair=("source", "target"), checks=(_rtt_offences,)),
}


def key_offences(kind: type[Table], codes: Mapping[str, Array], pair: tuple[str, str] | None) -> list[Offence]:
    """A key that stands twice; the two ends of a pair that are one. ``codes`` [rows] whole numbers, -1: offending."""
    offences: list[Offence] = []
    keys = dict(codes)
    if pair is not None:
        one, other = codes[pair[0]], codes[pair[1]]
        offences += offences_where(
            (one == other) & (one >= 0),
            pair[1],
            code="row.same_ends",
            what=f"{pair[0]} and {pair[1]} are the same",
            expected="two different ends",
        )
        keys[pair[0]], keys[pair[1]] = np.minimum(one, other), np.maximum(one, other)
    twins = repeated_rows([keys[name] for name in kind.key]) if kind.key else None
    if twins is not None:
        row, twin_row, more_count = twins
        either_way = ", whichever end comes first" if pair else ""
        offences.append(
            Offence(
                row=row,
                column=kind.key[0],
                code="row.duplicate",
                what=f"{kind.name} has the same {' + '.join(kind.key)} twice",
                expected=f"one row for each{either_way}",
                twin_says=lambda _text, _twin, where: f"the row at {where} again",
                more_count=more_count,
                twin_row=twin_row,
            )
        )
    return offences


def repeated_rows(columns: Sequence[Array]) -> tuple[int, int, int] | None:
    """First row whose values stood before, the row where they stood, and how many more rows repeat; or ``None``.

    columns : each [rows] whole numbers; rows with a negative value are passed over. O(rows log rows).
    """
    sound = np.logical_and.reduce([column >= 0 for column in columns])
    rows = None if sound.all() else np.flatnonzero(sound)
    key = folded_key([column if rows is None else column[rows] for column in columns])
    if len(key) < 2 or not _has_repeats(key):
        return None
    order = np.argsort(key, kind="stable")
    again = order[1:][key[order][1:] == key[order][:-1]]
    row, twin_row = int(again.min()), int(np.argmax(key == key[again.min()]))
    if rows is not None:
        row, twin_row = int(rows[row]), int(rows[twin_row])
    return row, twin_row, len(again) - 1


def _has_repeats(key: Array) -> bool:
    ordered = np.sort(key)
    return bool((ordered[1:] == ordered[:-1]).any())


def folded_key(columns: Sequence[Array]) -> Array:
    """One int64 [rows] that is equal exactly where all columns are."""
    key = np.zeros(len(columns[0]), dtype=np.int64)
    span = 1
    for column in columns:
        size = int(column.max(initial=0)) + 1
        if span > np.iinfo(np.int64).max // size:  # too many combinations to number: number those that occur
            key = np.unique(key, return_inverse=True)[1].astype(np.int64)
            span = int(key.max(initial=0)) + 1
        key *= size
        key += column
        span *= size
    return key
