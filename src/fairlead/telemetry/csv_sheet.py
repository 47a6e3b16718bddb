"""A CSV file as a Sheet. Arrow parses it; Python looks closer only where quotes or errors ask for it."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv

from fairlead.model import BadInputError, Kind, Table
from fairlead.telemetry.csv_bytes import Record, check_bytes, record_at, records
from fairlead.telemetry.csv_shape import check_shape
from fairlead.telemetry.numbers import ABSENT_WORDS
from fairlead.telemetry.offence import shown
from fairlead.telemetry.sheet import Cell, Sheet, check_columns, near

_BLOCK_BYTES = 1 << 22
_SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "bars"}


def csv_sheet(raw: bytes, path: Path, kind: type[Table]) -> Sheet:
    """The columns of one CSV file. Numbers come as float64, or as text where one of them is no number; all else as
    dictionary-encoded text. BadInputError for bytes, quotes, header or row lengths that cannot be.
    """
    check_bytes(raw, path)
    header = _header(raw, path, kind)
    names = header.fields
    # records are counted from the header on, so that blank lines above it do not matter
    begins = raw.index(header.text.encode()) + len(header.text.encode())
    if re.compile(rb"\S").search(raw, begins) is None:  # Arrow refuses a file without rows
        table = pa.table({name: pa.chunked_array([], _type(kind, name)) for name in names})
    else:
        if b'"' in raw:  # Arrow is lenient where quotes are odd; this pass is not
            check_shape(raw, len(names), path)
        table = _parsed(raw, begins, path, kind, names)

    def cell(row: int, column: str) -> Cell:
        record = record_at(raw, row + 1)
        field = names.index(column)
        line, start = record.place(field)
        return Cell(where=f"{path}:{line}:{start}", text=record.fields[field])

    return Sheet(path=path, columns={name: table.column(name) for name in names}, row_count=table.num_rows, cell=cell)


def _parsed(raw: bytes, begins: int, path: Path, kind: type[Table], names: Sequence[str]) -> Any:
    typed = {name: _type(kind, name) for name in names}
    try:
        return _arrow_table(raw, begins, typed)
    except pa.ArrowInvalid:  # most often one cell is no number: read numbers as text and let `numbers` find it
        untyped = {name: pa.string() if wanted == pa.float64() else wanted for name, wanted in typed.items()}
    try:
        return _arrow_table(raw, begins, untyped)
    except pa.ArrowInvalid as error:
        check_shape(raw, len(names), path)
        raise BadInputError(
            code="csv.unreadable",
            what="the file cannot be parsed",
            where=str(path),
            got=shown(str(error), limit_characters=160),
        ) from None


def _type(kind: type[Table], name: str) -> Any:
    if kind.declared()[name].kind in (Kind.COUNT, Kind.REAL):
        return pa.float64()
    return pa.dictionary(pa.int32(), pa.string())


def _arrow_table(raw: bytes, begins: int, types: dict[str, Any]) -> Any:
    return pyarrow.csv.read_csv(
        pa.BufferReader(_in_arrow_memory(raw, begins)),
        read_options=pyarrow.csv.ReadOptions(column_names=list(types), block_size=_BLOCK_BYTES),
        parse_options=pyarrow.csv.ParseOptions(newlines_in_values=b'"' in raw),
        convert_options=pyarrow.csv.ConvertOptions(
            column_types=types, strings_can_be_null=False, null_values=sorted(ABSENT_WORDS)
        ),
    )


def _in_arrow_memory(raw: bytes, begins: int) -> Any:
    """A copy that Arrow owns of the bytes from ``begins`` on.

    Arrow's threads let go of the input some moments after read_csv has returned. Were it Python's memory, such a
    thread would have to ask the interpreter to release it, and where that is about to exit (one bad cell, one line,
    exit code 3) the interpreter ends the thread inside a C++ destructor, which aborts the process.
    """
    owned = pa.allocate_buffer(len(raw) - begins)
    memoryview(owned).cast("B")[:] = memoryview(raw)[begins:]
    return owned


def _header(raw: bytes, path: Path, kind: type[Table]) -> Record:
    try:
        header = next(records(raw))
    except csv.Error:
        check_shape(raw, 0, path)
        raise
    first = header.fields[0]
    separator = next((s for s in _SEPARATORS if s in header.text and len(header.fields) == 1), None)
    if separator is not None:
        raise BadInputError(
            code="csv.separator",
            what="the header is one single field",
            where=f"{path}:{header.line}:1",
            got=shown(first),
            expected="fields separated by commas",
            hint=f"the fields seem to be separated by {_SEPARATORS[separator]}",
        )
    declared = list(kind.declared())
    if not any(name in declared or near(name, declared) for name in header.fields):
        raise BadInputError(
            code="csv.no_header",
            what="the first line names no column",
            where=f"{path}:{header.line}:1",
            got=shown(header.text.rstrip("\r\n")),
            expected=", ".join(declared),
            hint="the first line must hold the names of the columns",
        )

    def where(field: int) -> str:
        line, column = header.place(field) if field >= 0 else (header.line, 1)
        return f"{path}:{line}:{column}"

    check_columns(header.fields, kind, where)
    return header
