"""What every rule of the guard is shown, and what it may say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fairlead.checks.evidence import Evidence, evidence
from fairlead.checks.limits import Limits
from fairlead.checks.walk import Flags, Walk, walk
from fairlead.model import Edit, Servers, Snapshot
from fairlead.model.ledger import Ledger


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """A rule of the design (G1 ... G12) that says no: what is wrong, where it begins, and the two numbers."""

    rule: str
    what: str
    where: str
    got: float
    limit: float

    def __str__(self) -> str:
        return f"{self.rule}: {self.what}; at {self.where}; got {self.got:.10g}, limit {self.limit:.10g}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A rule that cannot judge for want of data, which is not the same as content."""

    rule: str
    what: str
    where: str

    def __str__(self) -> str:
        return f"{self.rule}: {self.what}; at {self.where}"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Case:
    """A plan before the guard, and who made it. ``judged`` [steps] are the drains that are no proven revert."""

    snapshot: Snapshot
    edits: tuple[Edit, ...]
    limits: Limits
    ledger: Ledger
    now_s: float
    planner: str
    walk: Walk
    judged: Flags
    evidence: Evidence

    def place(self, step: int) -> str:
        """Where a person finds the step: the server by its own name, and the edit."""
        return f"server {self.server_id(int(self.walk.row[step]))}, edit {int(self.walk.edit[step])}"

    def server_id(self, row: int) -> str:
        return str(self.snapshot[Servers].server[row])

    def region_name(self, region: int) -> str:
        return str(self.snapshot[Servers].codes("region")[0][region])


def case_of(
    snapshot: Snapshot, edits: Sequence[Edit], limits: Limits, ledger: Ledger, now_s: float, planner: str
) -> Case:
    """The case of a plan whose form is right (``checks.form``)."""
    steps = walk(snapshot, edits)
    return Case(
        snapshot=snapshot,
        edits=tuple(edits),
        limits=limits,
        ledger=ledger,
        now_s=now_s,
        planner=planner,
        walk=steps,
        judged=steps.drains & ~_proven_reverts(snapshot, edits, steps, ledger),
        evidence=evidence(snapshot),
    )


def _proven_reverts(snapshot: Snapshot, edits: Sequence[Edit], steps: Walk, ledger: Ledger) -> Flags:
    """[steps] drains that undo the last thing done to their server, a restore; the ledger is the proof.

    G11: a revert asks for no evidence and waits for no rate limit. That an action is *called* "undo restore" proves
    nothing. Floors, cap and capacity hold for a revert too: only what gives capacity back is free of every rule.
    """
    proven = np.zeros(len(steps.row), np.bool_)
    suspects = [int(step) for step in np.flatnonzero(steps.drains) if edits[steps.edit[step]].action[:5] == "undo "]
    if not suspects:
        return proven
    newest = ledger.newest("servers", "online")
    used: set[str | int] = set()
    for step in suspects:
        own_id = snapshot[Servers].server[steps.row[step]].item()
        entry, online = newest.get(own_id, (None, False))
        undone = edits[steps.edit[step]].action.removeprefix("undo ")
        proven[step] = (
            entry is not None and not entry.reverted and bool(online) and entry.action == undone and own_id not in used
        )
        used.add(own_id)
    return proven
