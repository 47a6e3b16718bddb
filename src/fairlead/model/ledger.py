"""What was done to the network, by whom and when: the append-only memory of the rate limits and of ownership.

A ledger is a value made of plain data, so a journal can persist it and a restart starts from the same one: what was
spent stays spent.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from dataclasses import dataclass

from fairlead.model.edit import Edit
from fairlead.model.snapshot import Snapshot

Id = str | int
Value = str | int | float | bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerEntry:
    """One edit that was applied. ``dataclasses.asdict`` gives plain data; ``LedgerEntry(**data)`` reads it back.

    time_s   : when, in seconds on the caller's clock
    planner  : who, as in ``Plan.planner``
    ids      : [cells] the network's own ids of the rows whose value changed
    after    : [cells] what the cells became
    reverted : the whole entry was undone; it gives up its claim on the cells, but what it spent stays spent
    """

    time_s: float
    planner: str
    action: str
    table: str
    column: str
    ids: tuple[Id, ...]
    after: tuple[Value, ...]
    reverted: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "ids", tuple(self.ids))
        object.__setattr__(self, "after", tuple(self.after))
        assert len(self.ids) == len(self.after), f"{len(self.after)} values for {len(self.ids)} ids"

    @property
    def owner(self) -> str:
        """The planner's name without version and model, which may change under a claim."""
        return owner_of(self.planner)


def owner_of(planner: str) -> str:
    """Who owns what this planner does: its name, as far as the first ``/``, ``+`` or blank.

    >>> owner_of("fairlead/0.1.0+persistence")
    'fairlead'
    """
    return re.split(r"[/+\s]", planner.strip(), maxsplit=1)[0]


@dataclass(frozen=True, slots=True)
class Ledger:
    """Entries in the order in which they were made; a later entry of a cell wins, whatever the clocks said."""

    entries: tuple[LedgerEntry, ...] = ()

    def with_entry(self, entry: LedgerEntry) -> Ledger:
        return Ledger((*self.entries, entry))

    def with_edit(self, before: Snapshot, edit: Edit, planner: str, time_s: float) -> Ledger:
        """The ledger after ``edit`` was applied to ``before``; unchanged when the edit changed no cell."""
        table = before.named(edit.table)
        changed = table.array(edit.column)[edit.rows] != edit.after
        if not changed.any():
            return self
        return self.with_entry(
            LedgerEntry(
                time_s=time_s,
                planner=planner,
                action=edit.action,
                table=edit.table,
                column=edit.column,
                ids=tuple(table.array(table.key[0])[edit.rows[changed]].tolist()),
                after=tuple(edit.after[changed].tolist()),
            )
        )

    def with_reverted(self, number: int) -> Ledger:
        """The ledger in which entry ``number`` (from 0) is marked as undone. Nothing is ever taken out."""
        marked = dataclasses.replace(self.entries[number], reverted=True)
        return Ledger((*self.entries[:number], marked, *self.entries[number + 1 :]))

    def newest(self, table: str, column: str) -> Mapping[Id, tuple[LedgerEntry, Value]]:
        """For each id of the table: the last entry that wrote its cell in this column, and what it wrote."""
        return {
            name: (entry, value)
            for entry in self.entries
            if entry.table == table and entry.column == column
            for name, value in zip(entry.ids, entry.after, strict=True)
        }
