"""A datacenter fabric in one JSON file: an object of tables, each a list of records; settings beside them."""

from __future__ import annotations

import csv
import json
import re
import tempfile
from pathlib import Path
from typing import Any

from fairlead.model import BadInputError, Snapshot, Table
from fairlead.telemetry.derived import is_of_settings
from fairlead.telemetry.fabric import FABRIC_TABLES, read_fabric
from fairlead.telemetry.listing import read_file
from fairlead.telemetry.network_settings import SETTINGS_NAME
from fairlead.telemetry.sheet import near


def read_fabric_json(path: Path) -> Snapshot:
    """The fabric in a JSON file; nothing else is written. BadInputError names the first thing that is wrong.

    ``{"nodes": [{"node": "H0", "tier": "server"}, ...], "links": [...], "arrivals_per_s": 120}``: names and columns
    are those of the tables in a folder, a record is a row, a column that a record lacks or has as null is absent.
    """
    path = Path(path)
    content = _parsed(path)
    tables = {kind.name: kind for kind in FABRIC_TABLES if not is_of_settings(kind)}
    settings = {name for kind in FABRIC_TABLES if is_of_settings(kind) for name in kind.declared()} | {"title"}
    for name in content:
        if name not in tables and name not in settings:
            known = (*tables, *sorted(settings))
            what = f"there is no table or setting {name!r}"
            raise _error("json.unknown_key", what, path, ", ".join(known), near(name, known))
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        for name, kind in tables.items():
            if name in content:
                _write_csv(content[name], kind, folder / f"{name}.csv", path)
        said = [f"{name} = {json.dumps(content[name])}\n" for name in sorted(settings) if name in content]
        (folder / SETTINGS_NAME).write_text("".join(said), encoding="utf-8")
        try:
            return read_fabric(folder)
        except BadInputError as error:
            raise _at_home(error, folder, path) from None


def _at_home(error: BadInputError, folder: Path, path: Path) -> BadInputError:
    """The same error at its place in the JSON file: ``links.csv:5:2`` is ``links[3]``."""

    def told(text: str) -> str:
        text = re.sub(
            re.escape(str(folder)) + r"/(\w+)\.csv:(\d+):\d+",
            lambda found: f"{path}, {found[1]}[{int(found[2]) - 2}]",
            text,
        )
        text = re.sub(re.escape(str(folder)) + r"/(\w+)\.(csv|toml)", lambda found: f"{path}, {found[1]}", text)
        return text.replace(str(folder), str(path))

    return BadInputError(
        code=error.code,
        what=error.what,
        where=told(error.where),
        got=told(error.got),
        expected=told(error.expected),
        hint=told(error.hint),
    )


def _parsed(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(read_file(path).decode("utf-8"))
    except UnicodeDecodeError as error:
        raise _error("json.encoding", "the file is not UTF-8", path, got=f"offset {error.start}") from None
    except (json.JSONDecodeError, RecursionError) as error:
        raise _error("json.syntax", "the file is not JSON", path, got=str(error)[:200]) from None
    if not isinstance(content, dict):
        raise _error("json.wrong_type", "the file is no object of tables", path, got=type(content).__name__)
    return content


def _write_csv(records: Any, kind: type[Table], target: Path, path: Path) -> None:
    if not isinstance(records, list) or not all(isinstance(record, dict) for record in records):
        expected = f"a list of records with {', '.join(kind.declared())}"
        raise _error("json.wrong_type", f"table {kind.name} is no list of records", path, expected)
    columns = list(dict.fromkeys(name for record in records for name in record)) or [
        name for name, spec in kind.declared().items() if spec.required
    ]
    with target.open("w", encoding="utf-8", newline="") as opened:
        writer = csv.writer(opened)
        writer.writerow(columns)
        for number, record in enumerate(records):
            writer.writerow([_cell(record.get(name), f"{path}, {kind.name}[{number}]") for name in columns])


def _cell(value: Any, place: str) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case int() | float():
            return repr(value)
        case str():
            return value
        case _:
            raise BadInputError(
                code="json.wrong_type",
                what="a cell is a number, a text, true, false or null",
                where=place,
                got=type(value).__name__,
            )


def _error(code: str, what: str, path: Path, expected: str = "", hint: str = "", got: str = "") -> BadInputError:
    return BadInputError(code=code, what=what, where=str(path), got=got, expected=expected, hint=hint)
