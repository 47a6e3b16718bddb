"""One edit at a time, each at its time, until somebody says stop (G10)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from fairlead.actuators.actuator import Actuator, Clock, Outcome, Receipt, check_basis, not_tried
from fairlead.model import Edit, FairleadError, RefusedError

GLANCE_S = 0.5  # between two looks at the flag; the design grants one second


class KillSwitch:
    """Hands the edits of a staggered plan on, and none once the flag is set; a revert passes always (G11).

    is_set : looked at right before every edit and every half second of waiting
    clock  : seconds, now
    wait   : sleeps that many seconds

    A flag that is set before anything was done is a RefusedError; later it is a value in the receipt, for by then there
    is something to hand back. What is called a revert here was proven one by the guard.
    """

    def __init__(
        self, inner: Actuator, is_set: Callable[[], bool], clock: Clock, wait: Callable[[float], None]
    ) -> None:
        self._inner = inner
        self._is_set = is_set
        self._clock = clock
        self._wait = wait

    @property
    def basis(self) -> str:
        return self._inner.basis

    def apply(self, basis: str, edits: Sequence[Edit]) -> Receipt:
        check_basis(basis, self.basis)
        begun_s, state = self._clock(), basis
        outcomes: list[Outcome] = []
        for number, edit in enumerate(edits):
            try:
                self._hold(edit, begun_s + edit.start_s)
                receipt = self._inner.apply(state, (edit,))
            except FairleadError as refusal:
                if number == 0:
                    raise
                outcomes.append(Outcome(edit=edit, time_s=self._clock(), applied=False, error=refusal))
            else:
                outcomes.extend(receipt.outcomes)
                state = receipt.basis_after
            if outcomes[-1].error is not None:
                outcomes.extend(not_tried(edits[number + 1 :], self._clock()))
                break
        return Receipt(basis_before=basis, basis_after=state, outcomes=tuple(outcomes))

    def _hold(self, edit: Edit, start_s: float) -> None:
        """Waits until ``start_s``; RefusedError as soon as the flag is set."""
        if edit.action.startswith("undo "):
            return
        while not self._is_set():
            left_s = start_s - self._clock()
            if left_s <= 0:
                return
            self._wait(min(left_s, GLANCE_S))
        raise RefusedError(
            code="guard.G10",
            what="refused by safety rule G10: the kill switch is set",
            where=f"{edit.action} {edit.table}.{edit.column}",
            got="set",
            expected="not set",
            hint="take the flag away to let plans act again",
        )


def file_flag(path: Path) -> Callable[[], bool]:
    """A flag that is a file: set while it exists, and also while its folder cannot be looked into.

    Not being able to see the switch is no licence to act.
    """

    def is_set() -> bool:
        try:
            return path.name in {entry.name for entry in path.parent.iterdir()}
        except OSError:
            return True

    return is_set
