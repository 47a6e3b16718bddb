"""Rules about the form of a plan: they come first, because no other rule can read a plan that breaks them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from fairlead.checks.case import Violation
from fairlead.model import Edit, Snapshot

# What a plan may write. All else is observed: a plan that writes it changes the scale it is weighed with.
CONTROLS: tuple[tuple[str, str], ...] = (("servers", "online"),)


def form_violations(snapshot: Snapshot, edits: Sequence[Edit]) -> Iterator[Violation]:
    """G6 an edit names at least one row and a value · G7 it writes a control · G9 its rows exist."""
    for number, edit in enumerate(edits):
        found = _form_violation(snapshot, edit, f"edit {number} ({edit.action} {edit.table}.{edit.column})")
        if found:
            yield found


def _form_violation(snapshot: Snapshot, edit: Edit, where: str) -> Violation | None:
    if (edit.table, edit.column) not in CONTROLS:
        what = "the edit writes what is observed, not what is controlled: the SLO is judged over the original demand"
        return Violation(rule="G7", what=what, where=where, got=1, limit=0)
    if found := unreadable(snapshot, edit, where):
        return found
    if edit.after.dtype != np.bool_:
        what = f"online becomes neither true nor false ({edit.after.dtype}): blank never means all"
        return Violation(rule="G6", what=what, where=where, got=edit.cell_count, limit=0)
    return None


def unreadable(snapshot: Snapshot, edit: Edit, where: str) -> Violation | None:
    """What keeps an edit of any plan from being read: no rows (G6), no start (G6), rows that do not exist (G9)."""
    if edit.cell_count == 0:
        return Violation(rule="G6", what="the edit names no rows: empty never means all", where=where, got=0, limit=1)
    if not (math.isfinite(edit.start_s) and edit.start_s >= 0):
        what = "the edit has no start: blank never means now"
        return Violation(rule="G6", what=what, where=where, got=edit.start_s, limit=0)
    row_count = snapshot.named(edit.table).row_count
    stray = edit.rows[(edit.rows < 0) | (edit.rows >= row_count)]
    if len(stray):
        what = "the edit names a row that the snapshot does not have: it was made from another one"
        return Violation(rule="G9", what=what, where=where, got=float(stray[0]), limit=row_count - 1)
    return None
