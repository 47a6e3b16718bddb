"""network.toml: a title, what the files cannot say of types, and the settings that make tables of one row."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from fairlead.model import BadInputError, Column, Kind, Snapshot, Table
from fairlead.telemetry.derived import is_of_settings
from fairlead.telemetry.offence import shown
from fairlead.telemetry.sheet import near

SETTINGS_NAME = "network.toml"
STORED_TYPES = {"float32": Kind.REAL, "text": Kind.ID}
PLAIN_SETTINGS = ("title", "types")


def tables_of_settings(kinds: Sequence[type[Table]], settings: Mapping[str, float]) -> list[Table]:
    """The tables of these kinds that are made from settings."""
    return [_table(kind, settings) for kind in kinds if is_of_settings(kind)]


def _table(kind: type[Table], settings: Mapping[str, float]) -> Table:
    """One row, or none where a setting without a default is absent."""
    columns = kind.declared()
    if any(name not in settings for name, spec in columns.items() if spec.required):
        return kind.of(**{name: [] for name in columns})
    return kind.of(**{name: [settings[name]] for name in columns if name in settings})


def settings_lines(snapshot: Snapshot) -> list[str]:
    """The lines of network.toml that give the snapshot's tables of settings back."""
    return [
        f"{name} = {float(value)!r}"
        for table in snapshot.tables
        if is_of_settings(type(table))
        for name in table.declared()
        for value in table.array(name).tolist()
    ]


def network_settings(raw: bytes, path: Path, kinds: Sequence[type[Table]]) -> Mapping[str, Any]:
    """Every setting in the bytes of the file at this path. BadInputError for one that is unknown or of a wrong type."""
    try:
        settings: dict[str, Any] = tomllib.loads(raw.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise _settings_error("toml.encoding", "the file is not UTF-8", path, f"offset {error.start}", "") from None
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise _settings_error("toml.syntax", "the file is not TOML", path, str(error)[:200], "") from None
    columns = {name: spec for kind in kinds if is_of_settings(kind) for name, spec in kind.declared().items()}
    for key, value in settings.items():
        if key not in (*PLAIN_SETTINGS, *columns):
            known = (*PLAIN_SETTINGS, *columns)
            raise _settings_error(
                "toml.unknown_key", f"there is no setting {shown(key)}", path, "", ", ".join(known), near(key, known)
            )
        if key in columns:
            _check_number(key, value, columns[key], path)
        elif not isinstance(value, {"title": str, "types": dict}[key]):
            raise _settings_error(
                "toml.wrong_type", f"{key} has the wrong type", path, type(value).__name__, "title text, types a table"
            )
    _check_types(settings.get("types", {}), kinds, path)
    return settings


def _check_number(key: str, value: Any, spec: Column, path: Path) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _settings_error("toml.wrong_type", f"{key} has the wrong type", path, type(value).__name__, "a number")
    if not (math.isfinite(value) and spec.low <= value <= spec.high):
        expected = f"{spec.low:g} or more" + (f", in {spec.unit}" if spec.unit else "")
        raise _settings_error("toml.out_of_range", f"{key} is out of range", path, str(value), expected)


def _check_types(types: Mapping[str, Any], kinds: Sequence[type[Table]], path: Path) -> None:
    places = {f"{kind.name}.{name}": spec.kind for kind in kinds for name, spec in kind.declared().items()}
    for place, stored in types.items():
        known = [name for name, kind in places.items() if stored in STORED_TYPES and kind is STORED_TYPES[stored]]
        if place not in known:
            what = f"the type of {shown(place)} cannot be {shown(str(stored))}"
            expected = "float32 for a column of real numbers, text for a column of ids"
            raise _settings_error("toml.wrong_type", what, path, "", expected, near(place, list(places)))


def _settings_error(code: str, what: str, path: Path, got: str, expected: str, hint: str = "") -> BadInputError:
    return BadInputError(code=code, what=what, where=str(path), got=got, expected=expected, hint=hint)
