"""A file as columns, whatever its form, together with the way back from a row to its place in the file."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from fairlead.model import BadInputError, Table
from fairlead.telemetry.offence import Offence, listed, shown


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """Where a cell is (file:line:column, or file and row) and what it says."""

    where: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """The declared columns of one table, each a pyarrow ChunkedArray of ``row_count`` values, in the file's order.

    ``cell(row, column)`` finds one cell in the file again; it costs up to one pass over the file.
    """

    path: Path
    columns: Mapping[str, Any]
    row_count: int
    cell: Callable[[int, str], Cell]


def raise_first(sheet: Sheet, offences: Iterable[Offence]) -> None:
    """BadInputError for the offence that comes first in the file: by row, then by column; or nothing."""
    order = list(sheet.columns)
    found = sorted(offences, key=lambda o: (o.row, order.index(o.column)))
    if not found:
        return
    first = found[0]
    cell = sheet.cell(first.row, first.column)
    got = shown(cell.text)
    if first.twin_row >= 0:
        twin = sheet.cell(first.twin_row, first.column)
        got = first.twin_says(got, shown(twin.text), twin.where)
    if first.more_count:
        got += f" (and {first.more_count} more)"
    raise BadInputError(
        code=first.code,
        what=first.what,
        where=cell.where,
        got=got,
        expected=first.expected,
        hint=first.hint(cell.text),
    )


def check_columns(found: Sequence[str], kind: type[Table], where: Callable[[int], str]) -> None:
    """Every column declared, none twice, no required one missing; ``where(i)`` is the place of the i-th name."""
    declared = kind.declared()
    for i, name in enumerate(found):
        if name in found[:i]:
            raise BadInputError(
                code="table.duplicate_column",
                what=f"table {kind.name} has the column {shown(name)} twice",
                where=where(i),
                expected="every column once",
            )
        if name not in declared:
            raise BadInputError(
                code="table.extra_column",
                what=f"table {kind.name} has no column {shown(name)}"
                if name
                else f"a column of {kind.name} has no name",
                where=where(i),
                expected=", ".join(declared),
                hint=near(name, [n for n in declared if n not in found]),
            )
    missing = [name for name, spec in declared.items() if spec.required and name not in found]
    if missing:
        raise BadInputError(
            code="table.missing_column",
            what=f"table {kind.name} lacks its column {missing[0]}",
            where=where(-1),
            got=listed(found) or "no columns",
            expected=", ".join(name for name, spec in declared.items() if spec.required),
        )


def raise_empty(kind: type[Table], path: Path) -> NoReturn:
    raise BadInputError(
        code="table.empty",
        what=f"table {kind.name} has no rows",
        where=str(path),
        expected="one row or more",
        hint="an empty table says nothing about the network; leave the folder out until there is data",
    )


def near(name: str, candidates: Sequence[str]) -> str:
    """A hint that names the candidate that was probably meant, or an empty text."""
    found = nearest(name, candidates)
    return f"did you mean {found}?" if found else ""


def nearest(name: str, candidates: Sequence[str]) -> str:
    """The candidate that reads most alike, or an empty text when none does."""
    folded = {candidate.casefold(): candidate for candidate in candidates}
    key = name.strip().casefold()
    close = difflib.get_close_matches(key, folded, n=1, cutoff=0.7)
    return folded[close[0]] if close else ""
