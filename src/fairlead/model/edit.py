"""A change as a value: cells of one table and what they become.

Plans, injected faults, undo and what-if checks are this one idea.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fairlead.model.snapshot import Snapshot
from fairlead.model.table import Array, Table


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Edit:
    """``table.column[rows] = after``, under a named action.

    rows    : [cells] int64 row numbers, in the order in which they are to be applied; no row twice
    after   : [cells] values of the column's dtype
    start_s : seconds after the start of the plan before which this edit must not begin (staggering)
    """

    action: str
    table: str
    column: str
    rows: NDArray[np.int64]
    after: Array
    start_s: float = 0.0

    def __post_init__(self) -> None:
        # copies: neither the caller's later writes nor those through a view of its arrays may reach the edit
        object.__setattr__(self, "rows", np.array(self.rows, dtype=np.int64))
        object.__setattr__(self, "after", np.array(self.after))
        assert self.rows.ndim == 1, "rows is one-dimensional"
        assert self.after.shape == self.rows.shape, f"{self.after.shape} values for {self.rows.shape} rows"
        self.rows.flags.writeable = False
        self.after.flags.writeable = False

    @property
    def cell_count(self) -> int:
        return len(self.rows)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Edit):
            return NotImplemented
        mine = (self.action, self.table, self.column, self.start_s)
        return (
            mine == (other.action, other.table, other.column, other.start_s)
            and np.array_equal(self.rows, other.rows)
            and np.array_equal(
                self.after, other.after, equal_nan=self.after.dtype.kind == "f" == other.after.dtype.kind
            )
        )

    def __hash__(self) -> int:
        return hash((self.action, self.table, self.column, self.rows.tobytes()))

    def __reduce__(self) -> tuple[object, ...]:
        # through __init__, because arrays come out of a pickle writeable
        return (_unpickled, (self.action, self.table, self.column, self.rows, self.after, self.start_s))


def _unpickled(action: str, table: str, column: str, rows: NDArray[np.int64], after: Array, start_s: float) -> Edit:
    return Edit(action=action, table=table, column=column, rows=rows, after=after, start_s=start_s)


def apply_edits(snapshot: Snapshot, edits: Iterable[Edit]) -> Snapshot:
    """The snapshot in which the edits were made, in order (a later edit of a cell wins). The input is untouched.

    Each touched column is copied once, however many edits touch it: O(edits + cells + touched columns).
    """
    touched: dict[tuple[str, str], Array] = {}
    for edit in edits:
        place = (edit.table, edit.column)
        if place not in touched:
            table = snapshot.named(edit.table)
            assert edit.column in table.declared(), f"{edit.table} has no column {edit.column}"
            touched[place] = table.array(edit.column).copy()
        target = touched[place]
        if edit.cell_count:
            assert edit.rows.min() >= 0 and edit.rows.max() < len(target), f"rows outside {edit.table}"  # noqa: PT018
            if target.dtype.kind == "U" and edit.after.dtype.itemsize > target.dtype.itemsize:
                target = touched[place] = target.astype(edit.after.dtype)
            assert np.can_cast(edit.after.dtype, target.dtype, "same_kind"), f"{edit.after.dtype} into {target.dtype}"
            target[edit.rows] = edit.after
    changed: dict[str, Table] = {}
    for (table_name, column_name), values in touched.items():
        table = changed.get(table_name) or snapshot.named(table_name)
        changed[table_name] = table.with_column(column_name, values)
    return snapshot.replaced(*changed.values()) if changed else snapshot


def invert(snapshot: Snapshot, edits: Sequence[Edit]) -> tuple[Edit, ...]:
    """The edits that undo ``edits``: ``apply_edits(apply_edits(s, e), invert(s, e)) == s``.

    They run backwards in time, so a cell that was edited twice ends at its first value. Action ``x`` becomes ``undo x``
    and ``undo x`` becomes ``x``. Staggering is dropped: revert is always allowed at once.
    """
    written: dict[tuple[str, str], Array] = {}
    inverse: list[Edit] = []
    for edit in edits:
        place = (edit.table, edit.column)
        if place not in written:
            written[place] = snapshot.named(edit.table).array(edit.column).copy()
        before = written[place][edit.rows]
        undone = edit.action.removeprefix("undo ") if edit.action.startswith("undo ") else f"undo {edit.action}"
        # backwards inside the edit as well: what was done last is undone first
        inverse.append(
            Edit(action=undone, table=edit.table, column=edit.column, rows=edit.rows[::-1], after=before[::-1])
        )
        if edit.after.dtype.kind == "U" and edit.after.dtype.itemsize > written[place].dtype.itemsize:
            written[place] = written[place].astype(edit.after.dtype)
        written[place][edit.rows] = edit.after
    return tuple(reversed(inverse))


def conflicts(first: Iterable[Edit], second: Iterable[Edit]) -> tuple[tuple[str, str, int], ...]:
    """Cells (table, column, row) that both sets of edits write; empty when they are independent."""
    cells = [_cells(edits) for edits in (first, second)]
    shared: list[tuple[str, str, int]] = []
    for place in sorted(cells[0].keys() & cells[1].keys()):
        rows = np.intersect1d(np.concatenate(cells[0][place]), np.concatenate(cells[1][place]))
        shared.extend((place[0], place[1], int(row)) for row in rows)
    return tuple(shared)


def _cells(edits: Iterable[Edit]) -> dict[tuple[str, str], list[NDArray[np.int64]]]:
    found: dict[tuple[str, str], list[NDArray[np.int64]]] = {}
    for edit in edits:
        found.setdefault((edit.table, edit.column), []).append(edit.rows)
    return found
