"""The audit after the turn: what was promised, what came of it, and what else changed."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

import numpy as np

from fairlead.checks.form import CONTROLS
from fairlead.checks.promises import better, kept, metric_of
from fairlead.model import Effect, Plan, Snapshot, StaleError, Windows, apply_edits
from fairlead.model.table import Array
from fairlead.predict.metrics import METRICS


class Severity(Enum):
    """How much a person should mind."""

    INFO = "INFO"  # as promised
    WARNING = "WARNING"  # less than promised, not done, or cannot be told
    CRITICAL = "CRITICAL"  # nothing of what was promised, or a hand nobody knows of


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing found: a stable key, a sentence, where, and the two numbers.

    key : promise_kept, promise_broken, promise_unmeasured, edit_not_applied, edit_unintended, server_gone
    """

    severity: Severity
    key: str
    what: str
    where: str
    promised: float
    measured: float


def findings(plan: Plan, before: Snapshot, after: Snapshot) -> tuple[Finding, ...]:
    """The plan against the newer snapshot ``after``: its promises, its edits, and all else that plans may write.

    before is the snapshot that the plan was made from (StaleError otherwise). Rows are matched by the network's own
    ids, so servers may have moved, come or gone. Numbers are those of METRICS in the newest window of ``after``.
    """
    if plan.basis != before.basis:
        raise StaleError(
            code="audit.other_basis",
            what="the plan was not made from the snapshot that it is held against",
            where="plan.basis",
            got=plan.basis,
            expected=before.basis,
        )
    return (*_promises(plan, before, after), *_changes(plan, before, after))


def _promises(plan: Plan, before: Snapshot, after: Snapshot) -> Iterator[Finding]:
    newer = _is_newer(after, before)
    for effect in plan.effects:
        where, metric = f"effect {effect.metric}", metric_of(effect)
        measured = METRICS[metric](after) if metric else math.nan
        if not metric:
            said = (Severity.WARNING, "promise_unmeasured", "the plan promised a metric that nobody can measure")
        elif not newer:
            said = (Severity.WARNING, "promise_unmeasured", "no newer window was observed: nothing can be said yet")
        elif kept(effect, measured):
            said = (Severity.INFO, "promise_kept", "the promise was kept")
        else:
            said = _broken(effect, measured)
        yield _finding(*said, where, effect.after, measured)


def _broken(effect: Effect, measured: float) -> tuple[Severity, str, str]:
    """Critical: an improvement was promised and there is none, or nothing can be measured any more.

    Less of it than promised, or a price that is higher than promised, is a warning: the network moved on meanwhile.
    """
    if math.isnan(measured):
        return Severity.CRITICAL, "promise_broken", "what was promised can no longer be measured"
    if better(effect, effect.after, effect.before) and not better(effect, measured, effect.before):
        return Severity.CRITICAL, "promise_broken", "an improvement was promised and there is none"
    return Severity.WARNING, "promise_broken", f"short of the promise and its margin of {effect.margin:.10g}"


def _changes(plan: Plan, before: Snapshot, after: Snapshot) -> Iterator[Finding]:
    planned = apply_edits(before, plan.edits)
    for table_name, column in CONTROLS:
        key = before.named(table_name).key[0]
        ids = before.named(table_name).array(key)
        row_after = _rows_of(ids, after.named(table_name).array(key))
        was = before.named(table_name).array(column)
        wanted = planned.named(table_name).array(column)
        written = np.zeros(len(ids), np.bool_)
        for edit in plan.edits:
            if (edit.table, edit.column) == (table_name, column):
                written[edit.rows] = True
        there = row_after >= 0
        now = wanted.copy()
        now[there] = after.named(table_name).array(column)[row_after[there]]
        for row in np.flatnonzero(~there & (written | was)):
            what = "the row is no longer in the network"
            yield _finding(
                Severity.WARNING, "server_gone", what, f"{table_name} {ids[row]}", float(wanted[row]), float("nan")
            )
        for row in np.flatnonzero(now != wanted):
            where = f"{table_name} {ids[row]}, {column}"
            if written[row]:
                what, kind, how = "the edit was not applied", "edit_not_applied", Severity.WARNING
            else:
                what, kind, how = "changed, and not by this plan", "edit_unintended", Severity.CRITICAL
            yield _finding(how, kind, what, where, float(wanted[row]), float(now[row]))


def _finding(severity: Severity, key: str, what: str, where: str, promised: float, measured: float) -> Finding:
    return Finding(severity=severity, key=key, what=what, where=where, promised=promised, measured=measured)


def _is_newer(after: Snapshot, before: Snapshot) -> bool:
    late, early = after[Windows].window, before[Windows].window
    if not len(late) or not len(early):
        return bool(len(late))
    return late.dtype.kind == early.dtype.kind and bool(late[-1] > early[-1])


def _rows_of(ids: Array, among: Array) -> np.ndarray:
    """[ids] row of each id in ``among``; -1 where it is not there."""
    if ids.dtype.kind != among.dtype.kind:  # one snapshot has numbers for ids, the other has names
        return np.full(len(ids), -1, np.int64)
    order = np.argsort(among, kind="stable")
    place = np.searchsorted(among[order], ids)
    found = np.full(len(ids), -1, np.int64)
    inside = place < len(among)
    hit = among[order][place[inside]] == ids[inside]
    found[np.flatnonzero(inside)[hit]] = order[place[inside][hit]]
    return found
