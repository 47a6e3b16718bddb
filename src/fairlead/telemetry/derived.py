"""Tables without a file: made from the others, or from the settings in network.toml."""

from __future__ import annotations

from fairlead.model import Kind, Table


def is_derived(kind: type[Table]) -> bool:
    """A table without a file: of nothing but times (windows), made from a column (user groups) or from settings."""
    return made_from(kind) is not None or is_of_times(kind) or is_of_settings(kind)


def is_of_times(kind: type[Table]) -> bool:
    """A table of nothing but times; it is made of those that others refer to."""
    return all(spec.kind is Kind.TIME for spec in kind.declared().values())


def is_of_settings(kind: type[Table]) -> bool:
    """A table of one row whose columns are settings of network.toml, or of none where they are not set."""
    return bool(getattr(kind, "from_settings", False))


def made_from(kind: type[Table]) -> tuple[str, str] | None:
    """The table and column that name this table's rows, where its declaration says so."""
    place: tuple[str, str] | None = getattr(kind, "made_from", None)
    return place
