"""The gate before the network: is the plan from this snapshot, are its promises true, does the guard allow it?"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from fairlead.checks.case import Note, Violation
from fairlead.checks.form import form_violations
from fairlead.checks.guard import judgement
from fairlead.checks.limits import Limits
from fairlead.checks.promises import FORECASTS, kept, metric_of, same
from fairlead.checks.walk import walk
from fairlead.model import Effect, Plan, RefusedError, Snapshot, StaleError, apply_edits
from fairlead.model.ledger import Ledger
from fairlead.predict.metrics import METRICS


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Allowed exactly when nothing is violated; the notes say what could not be judged."""

    violations: tuple[Violation, ...]
    notes: tuple[Note, ...] = ()

    @property
    def allowed(self) -> bool:
        return not self.violations


def verdict(snapshot: Snapshot, plan: Plan, limits: Limits, ledger: Ledger, now_s: float) -> Verdict:
    """The plan against the snapshot that is believed now: G9, then the guard, then its promises (G7)."""
    if old := stale(snapshot, plan):
        return old
    said = judgement(snapshot, plan.edits, limits, ledger, now_s, plan.planner)
    broken = tuple(each for each in said if isinstance(each, Violation))
    notes = tuple(each for each in said if isinstance(each, Note))
    if not any(form_violations(snapshot, plan.edits)):
        broken += tuple(_promise_violations(snapshot, plan))
    return Verdict(violations=broken, notes=notes)


def stale(snapshot: Snapshot, plan: Plan) -> Verdict | None:
    """G9, before all else: the verdict on a plan that was made from another snapshot; None: it was made from this."""
    if plan.basis == snapshot.basis:
        return None
    what = f"the plan was made from snapshot {plan.basis[:12]}, the network is at {snapshot.basis[:12]}"
    return Verdict(violations=(Violation(rule="G9", what=what, where="plan", got=1, limit=0),))


def refused(found: Verdict) -> RefusedError | StaleError:
    """The error of a verdict that does not allow: the first rule and its numbers (exit code 4, or 5 if stale)."""
    assert not found.allowed, "nothing to refuse"
    first = found.violations[0]
    kind = StaleError if first.rule == "G9" else RefusedError
    others = ", ".join(dict.fromkeys(each.rule for each in found.violations[1:]))
    return kind(
        code=f"guard.{first.rule}",
        what=f"refused by safety rule {first.rule}: {first.what}",
        where=first.where,
        got=f"{first.got:.10g}",
        expected=f"limit {first.limit:.10g}",
        hint=f"also violated: {others}" if others else "",
    )


def _promise_violations(snapshot: Snapshot, plan: Plan) -> Iterator[Violation]:
    """G7: every effect is a registered metric, starts from what is true now and promises no more than METRICS give."""
    planned = apply_edits(snapshot, plan.edits)
    for effect in plan.effects:
        found = _promise_violation(effect, snapshot, planned)
        if found:
            yield found
    promised = {effect.metric for effect in plan.effects}
    if walk(snapshot, plan.edits).drains.any() and "success_ratio" not in promised:
        what = "the plan takes servers away and promises no success_ratio for it"
        yield Violation(rule="G7", what=what, where="effects", got=0, limit=1)


def _promise_violation(effect: Effect, snapshot: Snapshot, planned: Snapshot) -> Violation | None:
    where = f"effect {effect.metric}"
    if not metric_of(effect):
        return Violation(
            rule="G7", what="the plan promises a metric that nobody can measure", where=where, got=0, limit=1
        )
    if not (math.isfinite(effect.margin) and effect.margin >= 0):
        return Violation(
            rule="G7", what="the margin of a promise is no number", where=where, got=effect.margin, limit=0
        )
    if effect.metric in FORECASTS:  # the audit will tell
        return None
    before, after = METRICS[effect.metric](snapshot), METRICS[effect.metric](planned)
    if not same(effect.before, before):
        what = "the plan starts from a value that is not true now"
        return Violation(rule="G7", what=what, where=where, got=effect.before, limit=before)
    if not kept(effect, after):
        what = f"the plan promises more than its edits give, even with its margin of {effect.margin:.10g}"
        return Violation(rule="G7", what=what, where=where, got=effect.after, limit=after)
    return None
