"""A Parquet file as a Sheet: what the types may be is decided here, once for each kind of column."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet
import pyarrow.types as t

from fairlead.model import BadInputError, Column, Kind, Table
from fairlead.telemetry.offence import shown
from fairlead.telemetry.sheet import Cell, Sheet, check_columns

_EXPECTED = {
    Kind.ID: "text or an integer type",
    Kind.LABEL: "text or an integer type",
    Kind.REFERENCE: "text or an integer type",
    Kind.TIME: "an integer type, a timestamp or text",
    Kind.COUNT: "an integer, float or decimal type",
    Kind.REAL: "a float, integer or decimal type",
    Kind.FLAG: "bool, an integer type or text",
}


def parquet_sheet(path: Path, kind: type[Table], time_columns: frozenset[str]) -> Sheet:
    """The columns of one Parquet file: text, integers, floats, bools or timestamps, as their kind allows.

    ``time_columns`` are the references that stand for windows, so that a file holds times there.
    """
    table = _read(path, kind)
    kinds = {n: Kind.TIME if n in time_columns else spec.kind for n, spec in kind.declared().items()}
    columns = {
        name: _plain(
            _whole(table.column(name), kind.declared()[name]),
            kinds[name],
            f"{kind.name}.{name}",
            f"{path}, column {name}",
        )
        for name in table.column_names
    }

    def cell(row: int, column: str) -> Cell:
        return Cell(where=f"{path}, row {row}, column {column}", text=_text(columns[column][row]))

    return Sheet(path=path, columns=columns, row_count=table.num_rows, cell=cell)


def _whole(column: Any, spec: Column) -> Any:
    """A reference that may be absent, which many tools then keep as reals, as text; any other column as it is."""
    if spec.kind is not Kind.REFERENCE or not spec.nullable or not t.is_floating(column.type):
        return column
    reals = column.cast(pa.float64())
    return pc.if_else(pc.is_nan(reals), None, reals).cast(pa.string())


def _text(scalar: Any) -> str:
    if t.is_dictionary(scalar.type):
        scalar = scalar.value
    if not scalar.is_valid:
        return ""
    if t.is_timestamp(scalar.type):  # neither Python's resolution nor a time zone database is asked for
        return f"{np.datetime64(scalar.value, scalar.type.unit)}Z"
    return str(scalar.as_py())


def _read(path: Path, kind: type[Table]) -> Any:
    try:
        with pyarrow.parquet.ParquetFile(path) as opened:
            names = opened.schema_arrow.names
            check_columns(names, kind, lambda _: str(path))
            texts = [name for name in names if kind.declared()[name].kind not in (Kind.COUNT, Kind.REAL)]
        # strings stay dictionary codes on their way in: that is what makes millions of rows quick
        with pyarrow.parquet.ParquetFile(path, read_dictionary=texts) as opened:
            table = opened.read()
        table.validate(full=True)  # text that is not UTF-8, codes beyond their dictionary
        return table
    except (pa.ArrowException, OSError, ValueError, OverflowError) as error:
        raise BadInputError(
            code="parquet.corrupt",
            what="the Parquet file cannot be read",
            where=str(path),
            got=shown(" ".join(str(error).split()), limit_characters=160),
            expected="a whole Parquet file",
            hint=_corruption(path),
        ) from None


def _corruption(path: Path) -> str:
    with path.open("rb") as opened:
        head = opened.read(4)
        size = opened.seek(0, 2)
        opened.seek(max(0, size - 4))
        tail = opened.read(4)
    if not head:
        return "the file is empty"
    if head != b"PAR1":
        return "it does not begin like Parquet; a CSV file must be named .csv"
    return "" if tail == b"PAR1" else "its end is missing: it was cut off, or is still being written"


def _plain(column: Any, wanted: Kind, name: str, where: str) -> Any:
    """The column in one of the few types that the rest of the door knows; BadInputError for any other."""
    is_number = wanted in (Kind.COUNT, Kind.REAL)
    value_type = column.type.value_type if t.is_dictionary(column.type) else column.type
    if t.is_null(value_type):
        return column.cast(pa.float64() if is_number else pa.string())
    if is_number:
        if t.is_dictionary(column.type):
            column = column.cast(value_type)
        if t.is_integer(value_type):
            return column
        if t.is_float32(value_type) or t.is_float64(value_type):
            return column
        if t.is_float16(value_type) or t.is_decimal(value_type):
            return column.cast(pa.float32() if t.is_float16(value_type) else pa.float64())
    elif _admissible(value_type, wanted):
        return column
    raise BadInputError(
        code="table.wrong_type",
        what=f"column {name} has the wrong type",
        where=where,
        got=str(column.type),
        expected=_EXPECTED[wanted],
        hint="store the numbers as numbers" if is_number and _is_text(value_type) else "",
    )


def _admissible(value_type: Any, wanted: Kind) -> bool:
    if _is_text(value_type) or t.is_integer(value_type):
        return True
    return (wanted is Kind.FLAG and t.is_boolean(value_type)) or (wanted is Kind.TIME and t.is_timestamp(value_type))


def _is_text(value_type: Any) -> bool:
    return bool(t.is_string(value_type) or t.is_large_string(value_type) or t.is_string_view(value_type))
