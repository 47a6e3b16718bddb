"""What is believed about the network at one moment: tables by type, read-only, hashed by content."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import TypeVar

import xxhash

from fairlead.model.errors import BadInputError
from fairlead.model.table import Kind, Table

T = TypeVar("T", bound=Table)


class Snapshot:
    """An immutable set of tables, one of each type. References between them are checked when it is made.

    ``snapshot[Servers]`` is the table; ``snapshot.basis`` the content hash that a plan carries as proof of what it was
    made from. It costs one pass over the arrays, once; a snapshot made by :meth:`replaced` hashes only what changed.
    """

    def __init__(self, tables: Iterable[Table]) -> None:
        self._tables: dict[type[Table], Table] = {}
        for table in sorted(tables, key=lambda t: t.name):
            assert type(table) not in self._tables, f"two tables of type {table.name}"
            self._tables[type(table)] = table
        by_name = {table.name: table for table in self._tables.values()}
        for table in self._tables.values():
            _check_references(table, by_name)

    def __getitem__(self, kind: type[T]) -> T:
        if kind not in self._tables:
            raise BadInputError(
                code="snapshot.missing_table",
                what=f"the snapshot has no table {kind.name}",
                where="snapshot",
                got=", ".join(t.name for t in self._tables) or "no tables",
                expected=kind.name,
            )
        table = self._tables[kind]
        assert isinstance(table, kind)
        return table

    def __contains__(self, kind: type[Table]) -> bool:
        return kind in self._tables

    @property
    def tables(self) -> tuple[Table, ...]:
        """Every table, by name."""
        return tuple(self._tables.values())

    def named(self, table_name: str) -> Table:
        """The table with this name; KeyError is our own mistake, so an assertion."""
        found = [table for table in self._tables.values() if table.name == table_name]
        assert found, f"no table named {table_name}"
        return found[0]

    @cached_property
    def basis(self) -> str:
        """Content hash: 32 hexadecimal digits (XXH3-128, docs/adr/0002) over table names and column digests."""
        frame = xxhash.xxh3_128()
        for table in self._tables.values():
            frame.update(table.name.encode())
            for name in table.declared():
                frame.update(table.digest(name))
        return frame.hexdigest()

    def replaced(self, *tables: Table) -> Snapshot:
        """The same snapshot with these tables in place of those of their type."""
        merged = {**self._tables, **{type(table): table for table in tables}}
        return Snapshot(merged.values())

    def restricted(self, kinds: Iterable[type[Table]]) -> Snapshot:
        """Only these tables (and those they refer to must be among them)."""
        return Snapshot(self[kind] for kind in kinds)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Snapshot) and self.basis == other.basis

    def __hash__(self) -> int:
        return hash(self.basis)

    def __reduce__(self) -> tuple[object, ...]:
        return (Snapshot, (self.tables,))

    def __repr__(self) -> str:
        return f"<Snapshot {', '.join(f'{t.name}: {t.row_count}' for t in self.tables)}>"


def _check_references(table: Table, by_name: dict[str, Table]) -> None:
    for name, spec in table.declared().items():
        if spec.kind is not Kind.REFERENCE or not table.row_count:
            continue
        referred = by_name.get(spec.refers)
        largest = int(table.array(name).max())
        if referred is None or largest >= referred.row_count:
            raise BadInputError(
                code="snapshot.dangling_reference",
                what=f"{table.name}.{name} refers to a row that {spec.refers} does not have",
                where=f"{table.name}.{name}",
                got=f"row {largest}",
                expected=f"fewer than {referred.row_count if referred else 0} rows in {spec.refers}",
            )
