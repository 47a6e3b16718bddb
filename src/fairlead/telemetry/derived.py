"""Tables without a file: made from the others."""

from __future__ import annotations

from fairlead.model import Kind, Table


def is_derived(kind: type[Table]) -> bool:
    """A table without a file: one of nothing but times (windows), or one that is made from a column (user groups)."""
    return made_from(kind) is not None or all(spec.kind is Kind.TIME for spec in kind.declared().values())


def made_from(kind: type[Table]) -> tuple[str, str] | None:
    """The table and column that name this table's rows, where its declaration says so."""
    place: tuple[str, str] | None = getattr(kind, "made_from", None)
    return place
