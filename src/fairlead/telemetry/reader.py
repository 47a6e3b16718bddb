"""A folder of files -> a Snapshot, for any tables: what a column means is read from its declaration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairlead.model import Column, Kind, Snapshot, Table
from fairlead.telemetry.csv_sheet import csv_sheet
from fairlead.telemetry.listing import check_regular, is_derived, listing, read_file
from fairlead.telemetry.moments import Moments, moments
from fairlead.telemetry.numbers import numbers
from fairlead.telemetry.offence import Offence
from fairlead.telemetry.parquet_sheet import parquet_sheet
from fairlead.telemetry.references import row_numbers
from fairlead.telemetry.rules import Rules, key_offences
from fairlead.telemetry.sheet import Sheet, raise_first
from fairlead.telemetry.texts import Coded, coded, flags, id_array, label_array, name_offences

Array = NDArray[Any]
_NO_RULES = Rules()


@dataclass(slots=True)
class _Known:
    """What the tables read so far say: ids (pyarrow text) and windows that later tables refer to."""

    stored_types: Mapping[str, str]
    derived: frozenset[str]
    ids: dict[str, Any] = field(default_factory=dict)
    is_time: bool | None = None


@dataclass(frozen=True, slots=True)
class _Draft:
    """A table whose windows are not numbered yet. ``arrays`` [rows] by column; ``codes`` [rows] of key columns."""

    kind: type[Table]
    arrays: dict[str, Array]
    codes: dict[str, Array]
    windows: dict[str, Moments]


def read_tables(folder: Path, kinds: Sequence[type[Table]], rules: Mapping[type[Table], Rules]) -> Snapshot:
    """The snapshot in a folder that holds exactly these tables; a table is listed after those that it refers to.

    BadInputError for the first thing that is wrong: in the folder, then file by file in the order of ``kinds``, in each
    file by line and column. Linear in the rows but for one sort per key.
    """
    found = listing(folder, kinds)
    known = _Known(stored_types=found.stored_types, derived=frozenset(k.name for k in kinds if is_derived(k)))
    drafts = [_draft(path, kind, known, rules.get(kind, _NO_RULES)) for kind, path in found.files.items()]
    tables: list[Table] = []
    numbers_of: dict[str, NDArray[np.int64]] = {}
    for kind in (kind for kind in kinds if is_derived(kind)):
        (column,) = kind.declared()
        used = [
            window.used()
            for draft in drafts
            for name, window in draft.windows.items()
            if draft.kind.declared()[name].refers == kind.name
        ]
        numbers_of[kind.name] = np.unique(np.concatenate(used))
        times = numbers_of[kind.name].astype("M8[ms]") if known.is_time else numbers_of[kind.name]
        tables.append(kind.of(**{column: times}))
    for draft in drafts:
        for name, window in draft.windows.items():
            draft.arrays[name] = window.ranks(numbers_of[draft.kind.declared()[name].refers])
        tables.append(draft.kind.of(**draft.arrays))
    return Snapshot(tables)


def _draft(path: Path, kind: type[Table], known: _Known, rules: Rules) -> _Draft:
    if path.suffix == ".parquet":
        check_regular(path)
        times = frozenset(name for name, spec in kind.declared().items() if spec.refers in known.derived)
        sheet = parquet_sheet(path, kind, times)
    else:
        sheet = csv_sheet(read_file(path), path, kind)
    draft = _Draft(kind=kind, arrays={}, codes={}, windows={})
    offences: list[Offence] = []
    for name in sheet.columns:
        offences += _take_column(sheet, name, kind.declared()[name], draft, known)
    offences += key_offences(kind, {name: draft.codes[name] for name in kind.key}, rules.pair)
    offences += [offence for check in rules.checks for offence in check(draft.arrays)]
    raise_first(sheet, offences)
    return draft


def _take_column(sheet: Sheet, name: str, spec: Column, draft: _Draft, known: _Known) -> list[Offence]:
    """Puts one column into the draft and returns what is wrong with it."""
    stored = known.stored_types.get(f"{draft.kind.name}.{name}")
    if spec.kind in (Kind.COUNT, Kind.REAL):
        values, offences = numbers(sheet.columns[name], name, spec)
        draft.arrays[name] = values.astype(np.float32) if stored == "float32" else values
        return offences
    cells = coded(sheet.columns[name])
    if spec.kind is Kind.FLAG:
        draft.arrays[name], offences = flags(cells, name)
    elif spec.kind is Kind.REFERENCE and spec.refers in known.derived:
        windows, offences = moments(cells, name, known.is_time)
        known.is_time = windows.is_time
        draft.windows[name] = windows
        draft.codes[name] = windows.ranks(windows.used())
    elif spec.kind is Kind.REFERENCE:
        draft.arrays[name], offences = row_numbers(cells, name, spec, known.ids[spec.refers])
        draft.codes[name] = draft.arrays[name]
    else:
        offences = name_offences(cells, name, spec)
        draft.codes[name] = cells.codes
        draft.arrays[name] = label_array(cells) if spec.kind is Kind.LABEL else id_array(cells, stored == "text")
        _learn_ids(name, spec, cells, draft.kind, known)
    return offences


def _learn_ids(name: str, spec: Column, cells: Coded, kind: type[Table], known: _Known) -> None:
    if spec.kind is Kind.ID and kind.key == (name,):
        known.ids[kind.name] = cells.distinct.take(cells.codes.clip(min=0))
