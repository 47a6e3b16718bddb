"""Nested results (reproductions, benchmarks) for people: mappings of equal shape become tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import Console
from rich.table import Table as Grid
from rich.text import Text

from fairlead.service.terminal import data_console, print_json

Row = Mapping[str, Any]


def print_figures(result: Row, as_json: bool) -> None:
    """One JSON object, or tables on stdout."""
    if as_json:
        print_json(result)
    else:
        print_tables(data_console(), result, "")


def print_tables(console: Console, result: Row, title: str) -> None:
    """Numbers and texts first, then one table for each mapping of rows, then what is nested deeper."""
    single = {name: value for name, value in result.items() if not _nested(value)}
    if title:
        console.print(Text(title, style="bold"))
    if single:
        console.print(_listing(single))
        console.print()
    for name, value in result.items():
        _print_nested(console, value, f"{title} / {name}" if title else name)


def _print_nested(console: Console, value: Any, path: str) -> None:
    inner = _as_mapping(value)
    if inner and all(isinstance(row, Mapping) for row in inner.values()):
        _print_rows(console, inner, path)
    elif inner:
        print_tables(console, inner, path)


def _print_rows(console: Console, rows: Mapping[str, Row], title: str) -> None:
    names = list(dict.fromkeys(name for row in rows.values() for name in row if not _nested(row[name])))
    if names:
        console.print(Text(title, style="bold"))
        console.print(_grid(rows, names))
        console.print()
    for row_name, row in rows.items():
        for name, value in row.items():
            _print_nested(console, value, f"{title} / {row_name} / {name}")


def _grid(rows: Mapping[str, Row], names: list[str]) -> Grid:
    grid = Grid(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
    grid.add_column("")
    for name in names:
        grid.add_column(name.replace("_", " "), justify="right", overflow="fold")
    for row_name, row in rows.items():
        grid.add_row(Text(row_name), *(Text(figure(row.get(name, ""))) for name in names))
    return grid


def _listing(values: Row) -> Grid:
    grid = Grid.grid(padding=(0, 2))
    for name, value in values.items():
        grid.add_row(Text(name.replace("_", " "), style="dim"), Text(figure(value)))
    return grid


def figure(value: Any) -> str:
    """A number with four significant digits or more, an interval, a text; a dash for what is not known.

    >>> figure(0.98765432), figure(1234567), figure(None), figure([0.5, 0.75])
    ('0.9877', '1,234,567', '-', '0.5 to 0.75')
    """
    if value is None or value != value:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.2f}" if abs(value) >= 1000 else f"{value:.4g}"
    if isinstance(value, (list, tuple)):
        return (" to " if len(value) == 2 else ", ").join(figure(each) for each in value)
    return str(value)


def _nested(value: Any) -> bool:
    return bool(_as_mapping(value))


def _as_mapping(value: Any) -> dict[str, Any]:
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, (list, tuple)) and value and all(isinstance(each, Mapping) for each in value):
        return dict(_numbered(value))
    return {}


def _numbered(rows: Any) -> Iterator[tuple[str, Any]]:
    for number, row in enumerate(rows, start=1):
        yield str(row.get("name", number)), row
