"""docs/tables.md from the declarations: ``python -m fairlead.service.docs docs/tables.md``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from fairlead.model import Column, Kind, Table
from fairlead.telemetry import OVERLAY_TABLES
from fairlead.telemetry.listing import is_derived

_PREAMBLE = """\
# Tables

This page is generated from the declarations in `fairlead.model` (`make docs`); do not edit it.

A NETWORK is a folder with one file a table, `<table>.csv` or `<table>.parquet`, and an optional `network.toml`.
Files that are neither CSV nor Parquet, and hidden files, are left alone; a CSV or Parquet file that belongs to no
table is an error, so that a misspelt name is not overlooked. Nothing in the folder is ever changed by reading it.

## What the cells may hold

- **id**: text or whole numbers. All ids of a table are integers when every one reads like an integer (`7`, not `07`),
  else all are text. A reference is compared with them as text. Ids and labels have no blanks around them, no line
  breaks, and at most 256 characters.
- **window**: whole numbers, or UTC times (`2026-03-01T12:00:30Z`, an offset such as `+02:00`, or a Parquet timestamp)
  in steps of a millisecond; one network does not mix the two. Window `k` of length L covers [k L, (k + 1) L).
- **count**: whole numbers from 0 to 2147483647. **number**: decimal, with a point; no thousands separators, no
  percent signs, no units.
- **flag**: `true`, `false`, `1`, `0`, `yes` or `no`, in any case.
- *Not known* is an empty cell, `NaN` or null, never 0, and only where the column says so.
- CSV is UTF-8 with commas, a header line, and lines that end in LF or CR LF; a byte order mark is welcome, blank lines
  are passed over. Columns may stand in any order; a column that no table declares is an error.

## What must hold between the cells

- A key stands once; for `streams` the order of `source` and `target` does not matter, and they differ.
- A data center lies in one region.
- `rtt_ms` may be absent only where `succeeded_count` is 0: nobody lived to measure it.
- No table is empty. A server that no stream names is fine.

## network.toml

Optional. `title` is free text. `[types]` says what a CSV file cannot: `"streams.rtt_ms" = "float32"` keeps a column of
numbers in single precision, `"servers.server" = "text"` keeps ids that read like integers as text. Whatever Fairlead
writes carries the entries that it needs.
"""
_KIND_WORDS = {
    Kind.ID: "id",
    Kind.LABEL: "label",
    Kind.TIME: "window",
    Kind.COUNT: "count",
    Kind.REAL: "number",
    Kind.FLAG: "flag",
}
_HEADINGS = ("column", "kind", "unit", "range", "in a file", "not known", "meaning")


def tables_page(kinds: Sequence[type[Table]]) -> str:
    """The reference of these tables as Markdown."""
    return "\n".join([_PREAMBLE, *(_section(kind, kinds) for kind in kinds)])


def main(arguments: Sequence[str]) -> int:
    if len(arguments) != 1:
        sys.stderr.write("usage: python -m fairlead.service.docs docs/tables.md\n")
        return 2
    Path(arguments[0]).write_text(tables_page(OVERLAY_TABLES), encoding="utf-8")
    return 0


def _section(kind: type[Table], kinds: Sequence[type[Table]]) -> str:
    lines = [f"## {kind.name}", "", " ".join((kind.__doc__ or "").split()), ""]
    if is_derived(kind):
        lines += ["This table has no file: it is made from the windows that the other tables name.", ""]
    lines += [f"Key: {', '.join(f'`{name}`' for name in kind.key)}.", ""]
    lines += [_row(_HEADINGS), _row(["---"] * len(_HEADINGS))]
    lines += [_row(_cells(name, spec, kinds)) for name, spec in kind.declared().items()]
    return "\n".join(lines) + "\n"


def _cells(name: str, spec: Column, kinds: Sequence[type[Table]]) -> tuple[str, ...]:
    referred = next((kind for kind in kinds if kind.name == spec.refers), None)
    kind_words = _KIND_WORDS.get(spec.kind, "")
    if referred is not None:
        kind_words = "window" if is_derived(referred) else f"id in [`{spec.refers}`](#{spec.refers})"
    return (
        f"`{name}`",
        kind_words,
        spec.unit,
        _range(spec),
        "" if spec.kind is Kind.TIME else _presence(spec),
        "allowed" if spec.nullable else "",
        spec.doc,
    )


def _range(spec: Column) -> str:
    if np.isfinite(spec.low) and np.isfinite(spec.high):
        return f"{spec.low:g} to {spec.high:g}"
    if np.isfinite(spec.low):
        return f"{spec.low:g} or more"
    return f"{spec.high:g} or less" if np.isfinite(spec.high) else ""


def _presence(spec: Column) -> str:
    if spec.required:
        return "required"
    if isinstance(spec.default, float) and np.isnan(spec.default):
        return "optional, else not known"
    return f"optional, else {str(spec.default).lower()}" if spec.default != "" else "optional, else blank"


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
