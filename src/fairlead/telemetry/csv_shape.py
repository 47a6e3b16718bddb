"""The shape of a CSV file: as many fields in every record as in the header, quotes that close, records that end."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from fairlead.model import BadInputError
from fairlead.telemetry.csv_bytes import Record, records

_LONGEST_RECORD_CHARACTERS = 1 << 20


def check_shape(raw: bytes, width: int, path: Path) -> None:
    """BadInputError for the first record that has not ``width`` fields, does not close its quotes or has no end.

    One pass over the file in Python; needed only where there are quotes, or where Arrow gave up. A second one where
    something is wrong.
    """
    if _has_shape(raw, width):
        return
    last: Record | None = None
    try:
        for record in records(raw):
            last = record
            if len(record.fields) != width:
                _raise_ragged(record, width, path)
            if len(record.text) > _LONGEST_RECORD_CHARACTERS:
                raise BadInputError(
                    code="csv.row_too_long",
                    what="a row is too long",
                    where=f"{path}:{record.line}:1",
                    got=f"{len(record.text)} characters",
                    expected=f"up to {_LONGEST_RECORD_CHARACTERS}",
                )
    except csv.Error as error:
        huge = "field limit" in str(error)
        next_line = last.line + last.text.count("\n") if last else 1
        raise BadInputError(
            code="csv.field_too_long" if huge else "csv.quoting",
            what="a field has no end" if huge else "quotes do not fit together",
            where=f"{path}:{next_line}:1",
            got=f"more than {csv.field_size_limit()} characters" if huge else str(error),
            expected='fields that hold a comma or a quote in "…", quotes inside doubled',
            hint="a quote that never closes swallows what follows" if huge or "end of data" in str(error) else "",
        ) from None


def _has_shape(raw: bytes, width: int) -> bool:
    """Whether nothing can be wrong with the shape: the quick look, which does not remember where anything is."""
    lines = io.TextIOWrapper(io.BytesIO(raw), encoding="utf-8-sig", newline="\n")
    # a record is its fields, each quote in them twice, and quotes and commas around them
    most = (_LONGEST_RECORD_CHARACTERS - 3 * width - 2) // 2
    try:
        return all(
            len(fields) == width and sum(map(len, fields)) <= most
            for fields in csv.reader(lines, strict=True)
            if fields
        )
    except csv.Error:
        return False


def _raise_ragged(record: Record, width: int, path: Path) -> None:
    count = len(record.fields)
    line, column = record.place(width) if count > width else (record.line, 1)
    if count > width:
        hint = "a comma inside a value (1,000 or 0,5) splits it: write 1000 and 0.5, or quote a name"
    elif record.text.endswith("\n"):
        hint = "blank lines are fine, short ones are not: leave the value out but keep its comma"
    else:
        hint = "this is the last line and it has no line end: the file may have been cut off"
    raise BadInputError(
        code="csv.ragged",
        what=f"a row has too {'many' if count > width else 'few'} fields",
        where=f"{path}:{line}:{column}",
        got=f"{count} field{'' if count == 1 else 's'}",
        expected=f"{width}, as in the header",
        hint=hint,
    )
