"""docs/tables.md from the declarations: ``python -m fairlead.service.docs docs/tables.md``."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from fairlead.model import Column, Kind, Table
from fairlead.service.docs_text import BESIDE, FABRIC, PREAMBLE, RELAY, ROUTED
from fairlead.telemetry import FABRIC_TABLES, OVERLAY_TABLES, ROUTING_TABLES, Probes
from fairlead.telemetry.atlas_ends import AtlasEnds
from fairlead.telemetry.derived import is_derived, is_of_settings, made_from
from fairlead.telemetry.flows import Flows
from fairlead.telemetry.written_routes import WrittenRoutes

_ENDS = "id in [`sites`](#sites) or [`prefixes`](#prefixes)"
_KIND_WORDS = {
    Kind.ID: "id",
    Kind.LABEL: "label",
    Kind.TIME: "window",
    Kind.COUNT: "count",
    Kind.REAL: "number",
    Kind.FLAG: "flag",
}
_HEADINGS = ("column", "kind", "unit", "range", "in a file", "not known", "meaning")


BESIDE_TABLES = (Probes, Flows, AtlasEnds, WrittenRoutes)
"""Tables that are files by themselves."""


def tables_page() -> str:
    """The reference of all tables as Markdown."""
    parts: tuple[tuple[str, Sequence[type[Table]], Sequence[type[Table]]], ...] = (
        (RELAY, OVERLAY_TABLES, ()),
        (ROUTED, ROUTING_TABLES, ()),
        (FABRIC, FABRIC_TABLES, ()),
        (BESIDE, BESIDE_TABLES, ROUTING_TABLES),
    )
    lines = [PREAMBLE]
    for text, kinds, referred in parts:
        lines += [text, *(_section(kind, (*kinds, *referred)) for kind in kinds)]
    return "\n".join(lines)


def heading(kind: type[Table]) -> str:
    """Of the table's section: its name, which another kind of network may use as well."""
    taken = {each.name for each in (*ROUTING_TABLES, *BESIDE_TABLES)}
    return f"{kind.name} of a fabric" if kind in FABRIC_TABLES and kind.name in taken else kind.name


def main(arguments: Sequence[str]) -> int:
    if len(arguments) != 1:
        sys.stderr.write("usage: python -m fairlead.service.docs docs/tables.md\n")
        return 2
    Path(arguments[0]).write_text(tables_page(), encoding="utf-8")
    return 0


def _section(kind: type[Table], kinds: Sequence[type[Table]]) -> str:
    lines = [f"### {heading(kind)}", "", textwrap.fill(" ".join((kind.__doc__ or "").split()), 120), ""]
    if is_of_settings(kind):
        lines += ["This table has no file: it is a number in network.toml.", ""]
    elif is_derived(kind):
        place = made_from(kind)
        source = "the windows that the other tables name" if place is None else f"`{place[1]}` of `{place[0]}`"
        lines += [f"This table has no file: it is made from {source}.", ""]
    if kind.key:
        lines += [f"Key: {', '.join(f'`{name}`' for name in kind.key)}.", ""]
    lines += [_row(_HEADINGS), _row(["---"] * len(_HEADINGS))]
    derived = is_derived(kind) and not is_of_settings(kind)
    lines += [_row(_cells(name, spec, kinds, derived)) for name, spec in kind.declared().items()]
    return "\n".join(lines) + "\n"


def _cells(name: str, spec: Column, kinds: Sequence[type[Table]], derived: bool) -> tuple[str, ...]:
    referred = next((kind for kind in kinds if kind.name == spec.refers), None)
    kind_words = _KIND_WORDS.get(spec.kind, "")
    if referred is not None:
        windows = is_derived(referred) and made_from(referred) is None
        kind_words = "window" if windows else f"id in [`{spec.refers}`](#{spec.refers})"
    elif spec.kind is Kind.REFERENCE:
        kind_words = _ENDS
    elif spec.kind is Kind.TIME and not derived:
        kind_words = "time"
    return (
        f"`{name}`",
        kind_words,
        spec.unit,
        _range(spec),
        "" if derived else _presence(spec),
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
    no_row = spec.kind is Kind.REFERENCE and spec.nullable
    if no_row or (isinstance(spec.default, float) and np.isnan(spec.default)):
        return "optional, else not known"
    return f"optional, else {str(spec.default).lower()}" if spec.default != "" else "optional, else blank"


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
