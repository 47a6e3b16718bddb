"""A folder of files -> a Snapshot, for any tables: what a column means is read from its declaration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from fairlead.model import BadInputError, Column, Kind, Snapshot, Table
from fairlead.telemetry.csv_sheet import csv_sheet
from fairlead.telemetry.derived import is_derived, is_of_times, made_from
from fairlead.telemetry.listing import check_regular, listing, read_file
from fairlead.telemetry.moments import Moments, moments
from fairlead.telemetry.network_settings import tables_of_settings
from fairlead.telemetry.numbers import numbers
from fairlead.telemetry.offence import Offence
from fairlead.telemetry.parquet_sheet import parquet_sheet
from fairlead.telemetry.references import row_numbers
from fairlead.telemetry.rules import Rules, key_offences
from fairlead.telemetry.sheet import Sheet, raise_empty, raise_first
from fairlead.telemetry.texts import Coded, coded, flags, id_array, label_array, name_offences

Array = NDArray[Any]
_NO_RULES = Rules()


@dataclass(slots=True)
class _Known:
    """What the tables read so far say: ids (pyarrow text) and windows that later tables refer to.

    times : the tables that are made of the windows which others refer to
    named : table.column -> the table that is made of the ids in that column
    made  : those made so far
    """

    stored_types: Mapping[str, str]
    times: frozenset[str]
    named: Mapping[str, type[Table]]
    ids: dict[str, Any] = field(default_factory=dict)
    made: list[Table] = field(default_factory=list)
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

    BadInputError for what is wrong first: in the folder, then in the files as in ``kinds``, by line and column.
    """
    stand_ins = {kind: stand_in for kind in kinds if kind in rules and (stand_in := rules[kind].stand_in) is not None}
    found = listing(folder, kinds, stand_ins)
    known = _Known(
        stored_types=found.stored_types,
        times=frozenset(k.name for k in kinds if is_of_times(k)),
        named={".".join(place): kind for kind in kinds if (place := made_from(kind)) is not None},
    )
    tables, drafts = tables_of_settings(kinds, found.settings), list[_Draft]()
    for kind in (kind for kind in kinds if not is_derived(kind)):
        stand_in = stand_ins.get(kind)
        if kind in found.files:
            drafts.append(_draft(found.files[kind], kind, known, rules.get(kind, _NO_RULES)))
        elif stand_in is not None:
            # a table that would have been made from the absent one
            made = [each for made, each in stand_ins.items() if (made_from(made) or ("",))[0] == kind.name]
            for table in (stand_in, *made):
                tables.append(table)
                known.ids[table.name] = pa.array(table.array((*table.key, *table.declared())[0])).cast(pa.string())
    return Snapshot([*tables, *known.made, *_numbered(drafts, kinds, known)])


def read_table(path: Path, kind: type[Table], ids: Mapping[str, Array], rules: Rules) -> Table:
    """One table from one CSV or Parquet file; ``ids`` are the names that its references may use, by referred table.

    A column of times is datetime64[ms] for UTC times, else whole numbers. BadInputError as for a folder.
    """
    if path.suffix not in (".csv", ".parquet"):
        raise BadInputError(
            code="file.unknown_form",
            what=f"a table of {kind.name} is a CSV or a Parquet file",
            where=str(path),
            got=path.suffix or "no ending",
            expected=".csv or .parquet",
        )
    known = _Known(stored_types={}, times=frozenset(), named={})
    known.ids = {name: pa.array(names).cast(pa.string()) for name, names in ids.items()}
    draft = _draft(path, kind, known, rules)
    for name, window in draft.windows.items():
        values = window.values[window.codes]
        draft.arrays[name] = values.astype("M8[ms]") if window.is_time else values
    return kind.of(**draft.arrays)


def _numbered(drafts: Sequence[_Draft], kinds: Sequence[type[Table]], known: _Known) -> list[Table]:
    """The tables of the drafts, and those of the windows that they refer to, once all of them are read."""
    tables: list[Table] = []
    numbers_of: dict[str, NDArray[np.int64]] = {}
    for kind in (kind for kind in kinds if kind.name in known.times):
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
    return tables


def _draft(path: Path, kind: type[Table], known: _Known, rules: Rules) -> _Draft:
    if path.suffix == ".parquet":
        check_regular(path)
        times = frozenset(name for name, spec in kind.declared().items() if spec.refers in known.times)
        sheet = parquet_sheet(path, kind, times)
    else:
        sheet = csv_sheet(read_file(path), path, kind)
    if sheet.row_count == 0 and not rules.may_be_empty:
        raise_empty(kind, path)
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
    elif spec.kind is Kind.TIME or (spec.kind is Kind.REFERENCE and spec.refers in known.times):
        windows, offences = moments(cells, name, known.is_time)
        known.is_time = windows.is_time
        draft.windows[name] = windows
        draft.codes[name] = windows.ranks(windows.used())
    elif f"{draft.kind.name}.{name}" in known.named:
        draft.arrays[name], offences = _make_table(cells, name, known.named[f"{draft.kind.name}.{name}"], known)
        draft.codes[name] = draft.arrays[name]
    elif spec.kind is Kind.REFERENCE:
        draft.arrays[name], offences = row_numbers(cells, name, spec, known.ids[spec.refers])
        draft.codes[name] = draft.arrays[name]
    else:
        offences = name_offences(cells, name, spec)
        draft.codes[name] = cells.codes
        draft.arrays[name] = label_array(cells) if spec.kind is Kind.LABEL else id_array(cells, stored == "text")
        _learn_ids(name, spec, cells, draft.kind, known)
    return offences


def _make_table(cells: Coded, name: str, kind: type[Table], known: _Known) -> tuple[NDArray[np.int32], list[Offence]]:
    """Makes the table whose rows this column names; row numbers [rows] in it, and what is wrong with the ids.

    Ids that all read like integers are integers, in ascending order; else they are texts, in the order of their
    characters.
    """
    (column,) = kind.key
    offences = name_offences(cells, name, kind.declared()[column])
    if offences:  # the rows only serve to find more offenders
        return cells.codes, offences
    ids, rows = np.unique(
        id_array(cells, known.stored_types.get(f"{kind.name}.{column}") == "text"), return_inverse=True
    )
    known.made.append(kind.of(**{column: ids}))
    known.ids[kind.name] = pa.array(ids).cast(pa.string())
    return rows.astype(np.int32), []


def _learn_ids(name: str, spec: Column, cells: Coded, kind: type[Table], known: _Known) -> None:
    if spec.kind is Kind.ID and kind.key == (name,):
        known.ids[kind.name] = cells.distinct.take(cells.codes.clip(min=0))
