"""Dry run is another type that wraps, not a flag that every actuator must remember."""

from __future__ import annotations

from collections.abc import Sequence

from fairlead.actuators.actuator import Actuator, Clock, Outcome, Receipt, check_basis
from fairlead.model import Edit


class DryRun:
    """Writes down what it was asked to do and changes nothing; stale plans are refused as in earnest."""

    def __init__(self, inner: Actuator, clock: Clock) -> None:
        self._inner = inner
        self._clock = clock
        self._recorded: tuple[Edit, ...] = ()

    @property
    def recorded(self) -> tuple[Edit, ...]:
        """Every edit asked for so far, in order."""
        return self._recorded

    @property
    def basis(self) -> str:
        return self._inner.basis

    def apply(self, basis: str, edits: Sequence[Edit]) -> Receipt:
        check_basis(basis, self.basis)
        self._recorded = (*self._recorded, *edits)
        outcomes = tuple(Outcome(edit=edit, time_s=self._clock(), applied=False) for edit in edits)
        return Receipt(basis_before=basis, basis_after=basis, outcomes=outcomes)
