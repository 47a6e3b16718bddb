"""What every pair of hands promises, and what it hands back: a receipt in which partial failure is a value."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from fairlead.model import Edit, FairleadError, StaleError

Clock = Callable[[], float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one edit, as a whole: done at ``time_s``, or not, and why. ``applied``: the network changed."""

    edit: Edit
    time_s: float
    applied: bool
    error: FairleadError | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What was done, edit by edit, in order.

    basis_before, basis_after : content hash of the network's state ahead of the first edit and behind the last
    """

    basis_before: str
    basis_after: str
    outcomes: tuple[Outcome, ...]

    @property
    def applied(self) -> tuple[Edit, ...]:
        """The edits that changed the network: what an undo has to invert."""
        return tuple(outcome.edit for outcome in self.outcomes if outcome.applied)

    @property
    def error(self) -> FairleadError | None:
        """The first thing that went wrong; None when nothing did."""
        return next((outcome.error for outcome in self.outcomes if outcome.error), None)


class Actuator(Protocol):
    """Hands. They apply edits in order and stop at the first that fails: later ones may stand on earlier ones.

    A plan is safe at every prefix, not at every subset: a drain behind a restore that failed could break a floor.
    """

    @property
    def basis(self) -> str:
        """Content hash of the state that the network is in now: the epoch."""
        ...

    def apply(self, basis: str, edits: Sequence[Edit]) -> Receipt:
        """Applies the edits to the state ``basis``; StaleError, with nothing done, when that is not the state now."""
        ...


def check_basis(basis: str, now: str) -> None:
    """G9: an edit made from another state is refused. StaleError."""
    if basis != now:
        raise StaleError(
            code="actuator.stale",
            what="the plan was made from another state of the network (G9)",
            where="basis",
            got=basis,
            expected=now,
            hint="make a new plan",
        )


def not_tried(edits: Sequence[Edit], time_s: float) -> tuple[Outcome, ...]:
    """The outcomes of edits that stood behind one that failed."""
    return tuple(Outcome(edit=edit, time_s=time_s, applied=False) for edit in edits)
