"""The turn: see, plan, check, apply, audit, and undo. The front door; every decision is made elsewhere.

    records -telemetry-> Snapshot -planners-> Plan -checks.gate-> Verdict -actuators-> Receipt
            -telemetry-> Snapshot' -checks.audit-> Findings

A turn never raises because a safety rule said no or a device failed: that is a value in the :class:`Turn`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Generic, Protocol, TypeVar

from fairlead.actuators import Actuator, Clock, Outcome, Receipt
from fairlead.checks.audit import Finding, findings
from fairlead.checks.gate import Verdict, refused
from fairlead.checks.guard import violations
from fairlead.checks.limits import Limits
from fairlead.model import Budget, Edit, FairleadError, Plan, Planner, Snapshot, apply_edits, invert
from fairlead.model.ledger import Ledger
from fairlead.service.admit import admitted
from fairlead.service.carry import carried

M = TypeVar("M")


class Keeper(Protocol):
    """Makes the ledger durable *before* anything is touched, so that a crash cannot refill a rate limit (G2)."""

    def keep(self, ledger: Ledger) -> None:
        """Writes what the ledger has beyond what is written."""
        ...

    def withdraw(self) -> None:
        """The last entry kept is known not to have happened."""
        ...


class Forgetful:
    """Keeps nothing: for rehearsals in memory."""

    def keep(self, ledger: Ledger) -> None:
        """Nothing is written."""

    def withdraw(self) -> None:
        """Nothing was written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outdoors:
    """All of the world that a turn touches.

    eyes   : the newest snapshot of the network
    hands  : what applies edits; wrapped in a kill switch it stops between waves
    clock  : seconds, now, on the clock of the windows and of the ledger
    wait   : sleeps that many seconds
    keeper : the journal
    """

    eyes: Callable[[], Snapshot]
    hands: Actuator
    clock: Clock
    wait: Callable[[float], None]
    keeper: Keeper


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Turn(Generic[M]):
    """What was seen, wanted, allowed and done.

    snapshot      : what the plan was made from
    proposed      : what the planner wanted
    objections    : the verdict on that
    plan          : what of it may be done now (``service.admit``); mostly all of it
    verdict       : the verdict on that
    receipt       : what became of each edit; none when the verdict forbids
    memory        : the planner's, for the next turn
    ledger        : with what this turn spent
    entry_numbers : its entries in the ledger
    """

    snapshot: Snapshot
    proposed: Plan
    objections: Verdict
    plan: Plan
    verdict: Verdict
    receipt: Receipt
    memory: M
    ledger: Ledger
    entry_numbers: tuple[int, ...]


def turn(outdoors: Outdoors, planner: Planner[M], memory: M, budget: Budget, limits: Limits, ledger: Ledger) -> Turn[M]:
    """One turn of the loop. Waves go one after another, each judged again right before it (design, section 4)."""
    snapshot = outdoors.eyes()
    proposed, memory = planner.plan(snapshot, memory, budget)
    plan, found, objections = admitted(snapshot, proposed, limits, ledger, outdoors.clock())
    receipt, later = Receipt(basis_before=snapshot.basis, basis_after=snapshot.basis, outcomes=()), ledger
    if found.allowed and plan.edits:
        receipt, later = _applied(outdoors, snapshot, plan, limits, ledger)
    entry_numbers = tuple(range(len(ledger.entries), len(later.entries)))
    return Turn(
        snapshot=snapshot,
        proposed=proposed,
        objections=objections,
        plan=plan,
        verdict=found,
        receipt=receipt,
        memory=memory,
        ledger=later,
        entry_numbers=entry_numbers,
    )


def audited(made: Turn[M], newer: Snapshot) -> tuple[Finding, ...]:
    """What came of the turn, in a snapshot that has newer windows."""
    return findings(made.plan, made.snapshot, newer)


def undo(outdoors: Outdoors, made: Turn[M], limits: Limits, ledger: Ledger) -> tuple[Receipt, Ledger]:
    """Takes back what a turn applied, at once. Giving capacity back is always allowed, and comes first (G11).

    Where the turn had brought servers back, taking them away again must keep the floors, else the receipt says no.
    ledger is the newest one. What the turn spent stays spent.
    """
    before = outdoors.hands.basis
    errand = _Errand(outdoors, made.snapshot, made.plan.planner, limits, ledger)
    inverse = invert(made.snapshot, made.receipt.applied)
    outcomes: list[Outcome] = []
    for edit in sorted(inverse, key=lambda each: not each.after.all()):
        outcome, ledger = _wave(errand, (), edit, ledger)
        outcomes.append(outcome)
    if all(outcome.applied for outcome in outcomes):
        for number in made.entry_numbers:
            ledger = ledger.with_reverted(number)
        outdoors.keeper.keep(ledger)
    return Receipt(basis_before=before, basis_after=outdoors.hands.basis, outcomes=tuple(outcomes)), ledger


@dataclass(frozen=True, slots=True)
class _Errand:
    """What all waves of a plan share. ``basis``: what their rows count; ``ledger``: from before the plan."""

    outdoors: Outdoors
    basis: Snapshot
    planner: str
    limits: Limits
    ledger: Ledger


def _applied(outdoors: Outdoors, basis: Snapshot, plan: Plan, limits: Limits, ledger: Ledger) -> tuple[Receipt, Ledger]:
    errand = _Errand(outdoors, basis, plan.planner, limits, ledger)
    begun_s, before, spent = outdoors.clock(), outdoors.hands.basis, ledger
    outcomes: list[Outcome] = []
    for number, edit in enumerate(plan.edits):
        outdoors.wait(max(0.0, begun_s + edit.start_s - outdoors.clock()))
        outcome, spent = _wave(errand, plan.edits[:number], edit, spent)
        outcomes.append(outcome)
        if outcome.error is not None:  # a plan is safe at every prefix, not at every subset
            now_s = outdoors.clock()
            outcomes += [Outcome(edit=left, time_s=now_s, applied=False) for left in plan.edits[number + 1 :]]
            break
    return Receipt(basis_before=before, basis_after=outdoors.hands.basis, outcomes=tuple(outcomes)), spent


def _wave(errand: _Errand, ahead: tuple[Edit, ...], edit: Edit, spent: Ledger) -> tuple[Outcome, Ledger]:
    """One edit, behind those ``ahead``: judged on the newest snapshot and applied to it.

    What it spends is kept before it is done, and withdrawn only when nothing was done.
    """
    outdoors = errand.outdoors
    later = spent
    try:
        now = outdoors.eyes()
        here = replace(carried(edit, errand.basis, now), start_s=0.0)
        _check_again(errand, now, (*ahead, edit))
        later = spent.with_edit(now, here, errand.planner, outdoors.clock())
        outdoors.keeper.keep(later)
        outcome = replace(outdoors.hands.apply(now.basis, (here,)).outcomes[0], edit=edit)
        nothing_done = not outcome.applied and outcome.error is None  # a dry run
    except FairleadError as error:  # hands that raise have done nothing
        outcome = Outcome(edit=edit, time_s=outdoors.clock(), applied=False, error=error)
        nothing_done = True
    if not nothing_done:
        return outcome, later  # also what a device failed to do: it may be half done
    if later is not spent:
        outdoors.keeper.withdraw()
    return outcome, spent


def _check_again(errand: _Errand, now: Snapshot, edits: tuple[Edit, ...]) -> None:
    """The second pass of the guard: a wave together with those before it, on the newest snapshot. RefusedError.

    They are judged as one, from the state in which none of them was applied: that a drain took away a part of the
    evidence against the next server, namely their common streams, must not speak for that server.
    """
    basis = errand.basis
    here = [replace(carried(edit, basis, now), start_s=0.0) for edit in edits]
    taken_back = apply_edits(now, [carried(edit, basis, now) for edit in invert(basis, edits[:-1])])
    broken = violations(taken_back, here, errand.limits, errand.ledger, errand.outdoors.clock(), errand.planner)
    if broken:
        raise refused(Verdict(violations=broken))
