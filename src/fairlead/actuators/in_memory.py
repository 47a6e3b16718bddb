"""A network that is a snapshot in memory: for simulated worlds, demos and tests."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from fairlead.actuators.actuator import Clock, Outcome, Receipt, check_basis, not_tried
from fairlead.model import BadInputError, Edit, FairleadError, Snapshot, apply_edits

# What the device says to an edit: None when it obeys. Faults are planted here.
Device = Callable[[Edit], FairleadError | None]


def obedient(_edit: Edit) -> FairleadError | None:
    """A device that does what it is told."""
    return None


class InMemory:
    """Holds the state and applies edits to it, each as a whole or not at all."""

    def __init__(self, snapshot: Snapshot, clock: Clock, device: Device = obedient) -> None:
        self._snapshot = snapshot
        self._clock = clock
        self._device = device

    @property
    def snapshot(self) -> Snapshot:
        return self._snapshot

    @property
    def basis(self) -> str:
        return self._snapshot.basis

    def observe(self, snapshot: Snapshot) -> None:
        """The network moved on by itself: plans made from the state before are stale now."""
        self._snapshot = snapshot

    def apply(self, basis: str, edits: Sequence[Edit]) -> Receipt:
        check_basis(basis, self.basis)
        outcomes: list[Outcome] = []
        for number, edit in enumerate(edits):
            error = _unfit(self._snapshot, edit) or self._device(edit)
            if error is None:
                try:
                    self._snapshot = apply_edits(self._snapshot, (edit,))
                except BadInputError as wrong_value:
                    error = wrong_value
            outcomes.append(Outcome(edit=edit, time_s=self._clock(), applied=error is None, error=error))
            if error is not None:
                outcomes.extend(not_tried(edits[number + 1 :], self._clock()))
                break
        return Receipt(basis_before=basis, basis_after=self.basis, outcomes=tuple(outcomes))


def _unfit(snapshot: Snapshot, edit: Edit) -> BadInputError | None:
    table = next((table for table in snapshot.tables if table.name == edit.table), None)
    if table is None or edit.column not in table.declared():
        got, expected = f"{edit.table}.{edit.column}", "a column of the network"
    elif edit.cell_count and not (edit.rows.min() >= 0 and edit.rows.max() < table.row_count):
        got, expected = f"rows {edit.rows.min()} to {edit.rows.max()}", f"rows 0 to {table.row_count - 1}"
    elif not np.can_cast(edit.after.dtype, table.array(edit.column).dtype, "same_kind"):
        got, expected = f"{edit.after.dtype} values", f"{table.array(edit.column).dtype} values"
    else:
        return None
    return BadInputError(
        code="actuator.unfit_edit",
        what="the edit does not fit the network",
        where=edit.action,
        got=got,
        expected=expected,
    )
