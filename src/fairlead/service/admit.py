"""What of a plan may be done now, when the guard objects to some of its servers.

In a large network some path always blips, so some server of most plans is not yet proven guilty (G4), and some server
has come and gone so often that it has to stay (G2). Refusing the whole plan would leave the proven failures standing
for ever; so those servers are held back, and the rest is judged again.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from fairlead.checks.evidence import drainable
from fairlead.checks.gate import Verdict, verdict
from fairlead.checks.limits import HOUR_S, Limits
from fairlead.model import Bound, BoundKind, Edit, Effect, Plan, Reason, Servers, Snapshot, Status, apply_edits
from fairlead.model.ledger import Ledger
from fairlead.predict.metrics import METRICS


def admitted(
    snapshot: Snapshot, plan: Plan, limits: Limits, ledger: Ledger, now_s: float
) -> tuple[Plan, Verdict, Verdict]:
    """The plan to apply, the verdict on it, and the verdict on the plan as it was proposed.

    They are the same plan and verdict unless holding servers back leaves something that is allowed.
    """
    whole = verdict(snapshot, plan, limits, ledger, now_s)
    if whole.allowed or not any(broken.rule in ("G2", "G4") for broken in whole.violations):
        return plan, whole, whole
    part = part_of(snapshot, plan, drainable(snapshot, limits) & ~restless(snapshot, limits, ledger, now_s))
    if not part.edits or part.edits == plan.edits:
        return plan, whole, whole
    found = verdict(snapshot, part, limits, ledger, now_s)
    return (part, found, whole) if found.allowed else (plan, whole, whole)


def restless(snapshot: Snapshot, limits: Limits, ledger: Ledger, now_s: float) -> NDArray[np.bool_]:
    """[servers] those that were drained within the hour as often as one server may be (G2)."""
    drains: Counter[str | int] = Counter()
    for entry in ledger.entries:
        if (entry.table, entry.column) == (Servers.name, "online") and not entry.time_s <= now_s - HOUR_S:
            drains.update(own_id for own_id, online in zip(entry.ids, entry.after, strict=True) if not online)
    most = limits.server_drains_per_hour_count
    return np.array([drains[own_id] + 1 > most for own_id in snapshot[Servers].server.tolist()], dtype=np.bool_)


def part_of(snapshot: Snapshot, plan: Plan, wanted: NDArray[np.bool_]) -> Plan:
    """The plan without drains of servers that are not ``wanted`` [servers].

    What is left keeps every floor that the whole keeps, for it only takes less away. Its effects are those of METRICS;
    nothing is proven about its cost, and a forecast made for the whole is not its promise.
    """
    kept = [_kept(edit, edit.after | wanted[edit.rows]) for edit in plan.edits if edit.table == Servers.name]
    edits = tuple(edit for edit in kept if edit.cell_count)
    after = apply_edits(snapshot, edits)
    rows = {row for edit in edits for row in edit.rows.tolist()}
    held = sorted({row for edit in plan.edits for row in edit.rows.tolist()} - rows)
    effects = tuple(
        Effect(metric=effect.metric, before=effect.before, after=METRICS[effect.metric](after))
        for effect in plan.effects
        if effect.metric in METRICS
    )
    reasons = [reason for reason in plan.reasons if reason.row < 0 or reason.row in rows]
    reasons += [
        Reason(
            key="turn.held_back",
            text="held back until there is more evidence (G4), or rest (G2)",
            table=Servers.name,
            row=row,
        )
        for row in held
    ]
    cost = METRICS["qoe_cost"](after) - METRICS["qoe_cost"](snapshot)
    return replace(
        plan,
        status=Status.BEST_EFFORT,
        edits=edits,
        effects=effects,
        bound=Bound(cost=cost, best=math.nan, kind=BoundKind.NONE),
        reasons=tuple(reasons),
    )


def _kept(edit: Edit, wanted: NDArray[np.bool_]) -> Edit:
    return replace(edit, rows=edit.rows[wanted], after=edit.after[wanted])
