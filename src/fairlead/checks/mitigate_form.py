"""Rules about the form of a repair: they come first, because no other rule can read a plan that breaks them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from fairlead.checks.case import Violation
from fairlead.checks.form import unreadable
from fairlead.model import Edit, Nodes, Snapshot
from fairlead.model.table import Array

CONTROLS = (("links", "up"), ("links", "weight"), ("nodes", "drop_ratio"), ("placements", "host"))
"""What a repair may write. All else is observed."""


def repair_form_violations(snapshot: Snapshot, edits: Sequence[Edit]) -> Iterator[Violation]:
    """G6 an edit names at least one row, none twice, and a start · G7 it writes a control, and a value that this can
    have · G9 its rows, and the servers that it names, exist."""
    for number, edit in enumerate(edits):
        where = f"edit {number} ({edit.action} {edit.table}.{edit.column})"
        if (edit.table, edit.column) not in CONTROLS:
            what = "the edit writes what is observed, not what is controlled"
            yield Violation(rule="G7", what=what, where=where, got=1, limit=0)
            continue
        if found := unreadable(snapshot, edit, where):
            yield found
            continue
        distinct = len(np.unique(edit.rows))
        if distinct < edit.cell_count:
            what = "the edit says two things of one row"
            yield Violation(rule="G6", what=what, where=where, got=edit.cell_count, limit=distinct)
            continue
        yield from _value_violations(snapshot, edit, where)


def _value_violations(snapshot: Snapshot, edit: Edit, where: str) -> Iterator[Violation]:
    present = snapshot.named(edit.table).array(edit.column)
    if not np.can_cast(edit.after.dtype, present.dtype, "same_kind"):
        what = f"{edit.after.dtype} is no value of this column ({present.dtype})"
        yield Violation(rule="G7", what=what, where=where, got=edit.cell_count, limit=0)
        return
    match edit.column:
        case "drop_ratio":
            yield from _drain_violations(present[edit.rows], edit, where)
        case "weight":
            good = (edit.after >= 0) & np.isfinite(edit.after)
            if not good.all():
                first = float(edit.after[np.argmin(good)])
                yield Violation(rule="G7", what="a weight is a number, 0 or more", where=where, got=first, limit=0)
        case "host":
            yield from _host_violations(snapshot, edit, where)


def _drain_violations(present: Array, edit: Edit, where: str) -> Iterator[Violation]:
    """A node is drained. What was drained is brought back by an undo alone, as no planner knows what it would lose."""
    undone = edit.action.startswith("undo ") & (present == 1.0) & (edit.after >= 0) & (edit.after <= 1)
    good = (edit.after == 1.0) | undone
    if not good.all():
        what = "a repair can drain a node, not set what it loses"
        yield Violation(rule="G7", what=what, where=where, got=float(edit.after[np.argmin(good)]), limit=1)


def _host_violations(snapshot: Snapshot, edit: Edit, where: str) -> Iterator[Violation]:
    tier = snapshot[Nodes].tier
    known = (edit.after >= 0) & (edit.after < len(tier))
    server = known & (tier[np.where(known, edit.after, 0)] == "server")
    if not server.all():
        what = "workloads can only be placed on servers"
        yield Violation(
            rule="G9", what=what, where=where, got=float(edit.after[np.argmin(server)]), limit=len(tier) - 1
        )
