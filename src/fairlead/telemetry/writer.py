"""A Snapshot -> a folder of files, as a whole or not at all."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet
from numpy.typing import NDArray

from fairlead.model import BadInputError, Kind, Snapshot, Table
from fairlead.telemetry.derived import is_derived
from fairlead.telemetry.listing import FORMS
from fairlead.telemetry.network_settings import SETTINGS_NAME, settings_lines

Array = NDArray[Any]
Form = Literal["csv", "parquet"]
_HEADING = "# What the files alone cannot say."


def write_tables(snapshot: Snapshot, folder: Path, form: Form, read: Callable[[Path], Snapshot]) -> None:
    """Every table of the snapshot as ``<name>.<form>``, and network.toml where the files alone would lose a type.

    Written beside the target, read back with ``read`` and compared, then renamed. A folder that is there already is
    replaced when it is empty or holds nothing but these tables; otherwise, or on failure, BadInputError and no change.
    """
    assert form in FORMS, f"form is one of {FORMS}"
    target = Path(os.path.realpath(folder))
    _check_target(target, folder, snapshot)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        beside = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}."))
    except OSError as error:
        raise _unwritable(folder, error) from None
    try:
        fresh = beside / "fresh"
        fresh.mkdir()
        for table in snapshot.tables:
            if not is_derived(type(table)):
                _write_table(external(table, snapshot), fresh / f"{table.name}.{form}")
        _write_settings(snapshot, fresh, form)
        _check_reads_back(snapshot, fresh, folder, read)
        swap(fresh, target, beside / "replaced")
    except (OSError, pa.ArrowException) as error:
        raise _unwritable(folder, error) from None
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def external(table: Table, snapshot: Snapshot) -> Any:
    """The pyarrow table of a file: references as the ids or windows that they stand for."""
    columns = {}
    for name, spec in table.declared().items():
        values = table.array(name)
        if spec.kind is Kind.REFERENCE:
            referred = snapshot.named(spec.refers)
            named = _arrow(referred.array(referred.key[0]), absent=None)
            columns[name] = pa.DictionaryArray.from_arrays(pa.array(values, mask=values < 0), named)
        else:
            columns[name] = _arrow(values, absent=np.isnan(values) if spec.kind is Kind.REAL else None)
    return pa.table(columns)


def _arrow(values: Array, absent: NDArray[np.bool_] | None) -> Any:
    if values.dtype.kind == "M":
        return pa.array(values.astype(np.int64)).cast(pa.timestamp("ms", "UTC"))
    return pa.array(values, mask=absent)


def _write_table(table: Any, path: Path) -> None:
    if path.suffix == ".parquet":
        pyarrow.parquet.write_table(table, path)
    else:
        _write_csv(table, path)
    with path.open("rb+") as opened:
        os.fsync(opened.fileno())


def _write_csv(table: Any, path: Path) -> None:
    texts = [_csv_ready(table.column(name)) for name in table.column_names]
    needs_quotes = any(pa.types.is_string(text.type) and _has_special(text) for text in texts)
    with path.open("wb") as opened:
        opened.write((",".join(table.column_names) + "\n").encode())
        pyarrow.csv.write_csv(
            pa.table(texts, names=table.column_names),
            opened,
            pyarrow.csv.WriteOptions(include_header=False, quoting_style="needed" if needs_quotes else "none"),
        )


def _csv_ready(column: Any) -> Any:
    if pa.types.is_dictionary(column.type):
        coded = column.combine_chunks()
        names = coded.dictionary
        if pa.types.is_timestamp(names.type):  # Arrow would ask for a time zone database
            moments = names.cast(pa.int64()).to_numpy().astype("M8[ms]")
            names = pa.array([f"{text}Z" for text in np.datetime_as_string(moments)])
        return names.take(coded.indices)
    # a float32 is written with the digits of its exact value, so that reading and narrowing gives it back
    return column.cast(pa.float64()) if pa.types.is_float32(column.type) else column


def _has_special(text: Any) -> bool:
    return bool(pc.any(pc.match_substring_regex(text, '[",\r\n]')).as_py())


def _write_settings(snapshot: Snapshot, folder: Path, form: Form) -> None:
    types = [f'"{place}" = "{stored}"' for place, stored in sorted(_stored_types(snapshot, form))]
    if lines := [*settings_lines(snapshot), *(["[types]", *types] if types else [])]:
        (folder / SETTINGS_NAME).write_text("\n".join((_HEADING, *lines, "")), encoding="utf-8")


def _stored_types(snapshot: Snapshot, form: Form) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for table in snapshot.tables:
        for name, spec in table.declared().items():
            values = table.array(name)
            if spec.kind is Kind.ID and values.dtype.kind == "U" and _reads_like_integers(values):
                found.append((f"{table.name}.{name}", "text"))
            if form == "csv" and spec.kind is Kind.REAL and values.dtype == np.float32:
                found.append((f"{table.name}.{name}", "float32"))
    return found


def _reads_like_integers(values: Sequence[str] | Array) -> bool:
    return bool(pc.all(pc.match_substring_regex(pa.array(values), r"^-?[0-9]+$")).as_py())


def _check_target(target: Path, folder: Path, snapshot: Snapshot) -> None:
    try:
        names = sorted(os.listdir(target))  # noqa: PTH208 names, not paths
    except FileNotFoundError:
        return
    except OSError as error:
        raise _unwritable(folder, error) from None
    allowed = {SETTINGS_NAME, *(f"{table.name}.{form}" for table in snapshot.tables for form in FORMS)}
    foreign = [name for name in names if name not in allowed or not (target / name).is_file()]
    if foreign:
        raise BadInputError(
            code="folder.not_empty",
            what="the folder holds more than a network",
            where=str(folder),
            got=repr(foreign[0]) + (f" (and {len(foreign) - 1} more)" if len(foreign) > 1 else ""),
            expected="a new or empty folder, or one with nothing but a network",
            hint="choose another folder; nothing was written",
        )


def _check_reads_back(snapshot: Snapshot, fresh: Path, folder: Path, read: Callable[[Path], Snapshot]) -> None:
    try:
        found = read(fresh)
    except BadInputError as error:
        got = str(error).replace(str(fresh), str(folder))
    else:
        if found == snapshot:
            return
        # what a file cannot hold: a window without rows, or windows that are not in time order
        differing = [table.name for table in snapshot.tables if found.named(table.name) != table]
        got = f"other {', '.join(differing)} than were written"
    raise BadInputError(
        code="folder.not_a_network",
        what="the snapshot cannot be kept in files: reading it back does not give it again",
        where=str(folder),
        got=got,
        hint="nothing was written",
    )


def swap(fresh: Path, target: Path, replaced: Path) -> None:
    """``fresh`` takes the place of ``target``, whose old content moves to ``replaced``; on failure all is as before."""
    if target.exists():
        target.rename(replaced)
    try:
        fresh.rename(target)
    except OSError:
        if replaced.exists():
            replaced.rename(target)
        raise


def _unwritable(folder: Path, error: Exception) -> BadInputError:
    return BadInputError(
        code="folder.unwritable",
        what="the network cannot be written",
        where=str(folder),
        got=getattr(error, "strerror", None) or str(error),
        hint="check the path, the permissions and the free space",
    )
