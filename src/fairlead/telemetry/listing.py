"""What lies in a NETWORK folder: one file a table, an optional network.toml, nothing else that could be a table."""

from __future__ import annotations

import os
import stat
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from fairlead.model import BadInputError, Table
from fairlead.telemetry.derived import is_derived, is_of_settings
from fairlead.telemetry.network_settings import PLAIN_SETTINGS, SETTINGS_NAME, network_settings
from fairlead.telemetry.sheet import nearest

FORMS = ("csv", "parquet")


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """The file of each table, and what network.toml adds.

    stored_types : table.column -> ``float32`` or ``text`` (what a CSV cannot say)
    settings     : setting -> its number, for the tables that are made from settings
    """

    files: Mapping[type[Table], Path]
    stored_types: Mapping[str, str]
    settings: Mapping[str, float]


def listing(folder: Path, kinds: Sequence[type[Table]], optional: Collection[type[Table]] = ()) -> Listing:
    """The files of a folder. BadInputError for a missing, doubled or unknown table, or a wrong network.toml.

    Tables of ``optional`` may be absent; the listing then does not hold them. Hidden files and files that are neither
    CSV nor Parquet are left alone.
    """
    names = _names(folder)
    wanted = [kind for kind in kinds if not is_derived(kind)]
    allowed = [f"{kind.name}.{form}" for kind in wanted for form in FORMS]
    for name in names:
        if name.lower().endswith((".csv", ".parquet")) and name not in allowed:
            raise BadInputError(
                code="folder.unknown_file",
                what="a file in the folder belongs to no table",
                where=str(folder / name),
                expected=", ".join(f"{kind.name}.csv or .parquet" for kind in wanted),
                hint=_unknown_hint(name, kinds),
            )
    found = {kind: _table_file(folder, names, kind, kind in optional) for kind in wanted}
    files = {kind: path for kind, path in found.items() if path is not None}
    said = (
        network_settings(read_file(folder / SETTINGS_NAME), folder / SETTINGS_NAME, kinds)
        if SETTINGS_NAME in names
        else {}
    )
    numbers = {key: float(value) for key, value in said.items() if key not in PLAIN_SETTINGS}
    return Listing(files=files, stored_types=said.get("types", {}), settings=numbers)


def read_file(path: Path) -> bytes:
    """The bytes of a regular file; BadInputError for anything else or where it cannot be read."""
    check_regular(path)
    try:
        return path.read_bytes()
    except OSError as error:
        raise unreadable(path, error) from None


def check_regular(path: Path) -> None:
    """BadInputError unless this is a file: a pipe would wait for ever, a folder cannot be read."""
    try:
        mode = path.stat().st_mode
    except OSError as error:
        raise unreadable(path, error) from None
    if not stat.S_ISREG(mode):
        raise BadInputError(
            code="file.not_a_file",
            what="a table must be one regular file",
            where=str(path),
            got="a folder" if stat.S_ISDIR(mode) else "a pipe, socket or device",
            expected="one file",
            hint="join the parts of a partitioned table into one file" if stat.S_ISDIR(mode) else "",
        )


def unreadable(path: Path, error: OSError) -> BadInputError:
    return BadInputError(
        code="file.unreadable",
        what="the file cannot be read",
        where=str(path),
        got=error.strerror or str(error),
        hint="check the link and the permissions",
    )


def _names(folder: Path) -> list[str]:
    try:
        return sorted(name for name in os.listdir(folder) if not name.startswith("."))  # noqa: PTH208 names, not paths
    except FileNotFoundError:
        code, what, got = "folder.missing", "there is no such folder", ""
    except NotADirectoryError:
        code, what, got = "folder.not_a_folder", "the network must be a folder", "a file"
    except OSError as error:
        code, what, got = "folder.unreadable", "the folder cannot be read", error.strerror or str(error)
    raise BadInputError(
        code=code, what=what, where=str(folder), got=got, expected="a folder with one CSV or Parquet file a table"
    )


def _unknown_hint(name: str, kinds: Sequence[type[Table]]) -> str:
    stem = name.rsplit(".", 1)[0].casefold()
    derived = next((kind for kind in kinds if is_derived(kind) and kind.name == stem), None)
    if derived is not None and is_of_settings(derived):
        return f"{', '.join(derived.declared())} is a setting of {SETTINGS_NAME}; remove the file"
    if derived is not None:
        return f"{derived.name} are made from the other tables; remove the file"
    meant = nearest(stem, [kind.name for kind in kinds])
    ending = name.rsplit(".", 1)[1].lower()
    return f"did you mean {meant}.{ending}?" if meant else "remove it or give it another ending"


def _table_file(folder: Path, names: Sequence[str], kind: type[Table], may_be_absent: bool) -> Path | None:
    found = [name for name in (f"{kind.name}.{form}" for form in FORMS) if name in names]
    if len(found) == 2:
        raise BadInputError(
            code="folder.two_forms",
            what=f"table {kind.name} is there twice",
            where=str(folder),
            got=" and ".join(found),
            expected="one of the two",
        )
    if not found:
        close = [name for name in names if name.casefold().startswith(f"{kind.name}.")]
        if may_be_absent and not close:
            return None
        raise BadInputError(
            code="folder.missing_table",
            what=f"the network lacks its table {kind.name}",
            where=str(folder),
            expected=f"{kind.name}.csv or {kind.name}.parquet",
            hint=f"{close[0]} is not read: it must be {kind.name}.csv or {kind.name}.parquet" if close else "",
        )
    return folder / found[0]
