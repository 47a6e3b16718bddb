"""The guard and the gate of a routing: may these routes be written, and are the plan's promises true?

====  ===========================================================================================
G2    no more than a share of the demand moves to other paths in one plan, where its path is still there
G3    no link or network card is filled beyond its headroom, unless it is less full than before
G6    every session group keeps a path: its weights sum to 1 and lie on paths; empty never means all
G7    only routes are written; every effect is a registered metric and promises no more than it gives
G9    the plan was made from this snapshot, and its rows and paths exist
====  ===========================================================================================

G11 holds here as everywhere: what gives a session group a path that had none moves nobody and is never counted.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from fairlead.checks.case import Violation
from fairlead.checks.form import unreadable
from fairlead.checks.gate import Verdict, stale
from fairlead.checks.limits import refuse_meaningless
from fairlead.checks.promises import Better, kept_towards, same
from fairlead.model import Demands, Edit, Effect, Paths, Plan, Routes, Snapshot, apply_edits
from fairlead.predict.route_metrics import ROUTING_METRICS, demand_weight

CONTROLS = ("path", "weight_ratio", "stage")
_ROUNDING = 1e-9

ROUTE_DIRECTIONS: Mapping[str, Better] = MappingProxyType(
    {
        "sla_ratio": Better.HIGHER,
        "routed_ratio": Better.HIGHER,
        "routed_latency_ms": Better.LOWER,
        "hops_mean": Better.LOWER,
        "utilisation_max": Better.LOWER,
        "priced_utilisation_max": Better.LOWER,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteLimits:
    """What a routing may not break. UsageError for a number without meaning.

    headroom_ratio : G3 load <= ratio * capacity of every link and card that the plan fills further
    moved_ratio    : G2 demand that moves <= ratio * all demand, in one plan
    """

    headroom_ratio: float = 1.0
    moved_ratio: float = 0.5

    def __post_init__(self) -> None:
        refuse_meaningless(asdict(self))


def route_verdict(snapshot: Snapshot, plan: Plan, limits: RouteLimits) -> Verdict:
    """The plan against the snapshot that is believed now. O(route slots)."""
    if old := stale(snapshot, plan):
        return old
    broken = tuple(_form(snapshot, plan.edits))
    if broken:  # no other rule can read it
        return Verdict(violations=broken)
    planned = apply_edits(snapshot, plan.edits)
    return Verdict(
        violations=(
            *_whole_sets(planned, plan.edits),
            *_moved(snapshot, planned, limits),
            *_headroom(snapshot, planned, limits),
            *(found for effect in plan.effects for found in _promise(effect, snapshot, planned)),
        )
    )


def _form(snapshot: Snapshot, edits: tuple[Edit, ...]) -> Iterator[Violation]:
    for number, edit in enumerate(edits):
        where = f"edit {number} ({edit.action} {edit.table}.{edit.column})"
        if edit.table != "routes" or edit.column not in CONTROLS:
            what = "the edit writes what is observed, not what is controlled"
            yield Violation(rule="G7", what=what, where=where, got=1, limit=0)
            continue
        if found := unreadable(snapshot, edit, where):
            yield found
            continue
        yield from _values(snapshot, edit, where)


def _values(snapshot: Snapshot, edit: Edit, where: str) -> Iterator[Violation]:
    low, high = {
        "path": (-1.0, float(snapshot[Paths].row_count - 1)),
        "weight_ratio": (0.0, 1.0),
        "stage": (0.0, 8.0),
    }[edit.column]
    values = edit.after.astype(np.float64)
    good = (values >= low) & (values <= high)
    if not good.all():
        first = float(values[np.argmin(good)])
        rule, what = (
            ("G9", "the edit names a path that does not exist") if edit.column == "path" else ("G6", "no value")
        )
        yield Violation(rule=rule, what=what, where=where, got=first, limit=high)


def _whole_sets(planned: Snapshot, edits: tuple[Edit, ...]) -> Iterator[Violation]:
    """G6 for the session groups that the plan touches."""
    routes, count = planned[Routes], planned[Demands].row_count
    touched = np.zeros(count, np.bool_)
    for edit in edits:
        touched[routes.demand[edit.rows]] = True
    total = np.bincount(routes.demand, weights=routes.weight_ratio, minlength=count)
    lost = np.bincount(routes.demand, weights=np.where(routes.path < 0, routes.weight_ratio, 0.0), minlength=count)
    bad = np.flatnonzero(touched & ((np.abs(total - 1.0) > _ROUNDING) | (lost > 0)))
    if len(bad):
        first = int(bad[0])
        what = f"{len(bad):,} session groups would not have all their weight on paths"
        got = float(total[first] - lost[first])
        yield Violation(rule="G6", what=what, where=f"demands row {first}", got=got, limit=1.0)


def _moved(snapshot: Snapshot, planned: Snapshot, limits: RouteLimits) -> Iterator[Violation]:
    """G2: half the change of weights per path, for session groups that had a path."""
    weight = demand_weight(snapshot)
    total = float(weight.sum())
    if total <= 0:
        return
    got = float((moved_share(snapshot, planned) * weight).sum()) / total
    if got > limits.moved_ratio + _ROUNDING:
        what = "too much of the demand would change its path at once"
        yield Violation(rule="G2", what=what, where="routes", got=got, limit=limits.moved_ratio)


def moved_share(before: Snapshot, after: Snapshot) -> NDArray[np.float64]:
    """Share of the sessions of each session group that must change path [session groups]: weight that left a path.

    Zero for a group that had no path. Both snapshots have the same demands, paths and slots. O(slots^2 groups).
    """
    count = before[Demands].row_count
    if not count:
        return np.zeros(0)
    old, new = before[Routes], after[Routes]
    old_path, new_path = old.path.reshape(count, -1), new.path.reshape(count, -1)
    old_weight, new_weight = old.weight_ratio.reshape(count, -1), new.weight_ratio.reshape(count, -1)
    stays = np.zeros(old_path.shape)
    for slot in range(new_path.shape[1]):
        stays += np.where(old_path == new_path[:, [slot]], new_weight[:, [slot]], 0.0)
    left = np.where(old_path >= 0, np.maximum(old_weight - stays, 0.0), 0.0)
    return np.asarray(left.sum(axis=1), np.float64)


def _headroom(snapshot: Snapshot, planned: Snapshot, limits: RouteLimits) -> Iterator[Violation]:
    """G3 on the fullest link: an overload that the plan does not make worse is no reason to refuse it."""
    before, after = (ROUTING_METRICS["utilisation_max"](each) for each in (snapshot, planned))
    if after > max(limits.headroom_ratio, before) + _ROUNDING:
        what = "the fullest link or network card would carry more than its headroom"
        yield Violation(rule="G3", what=what, where="links", got=after, limit=limits.headroom_ratio)


def _promise(effect: Effect, snapshot: Snapshot, planned: Snapshot) -> Iterator[Violation]:
    where = f"effect {effect.metric}"
    if effect.metric not in ROUTING_METRICS:
        what = "the plan promises a metric that nobody can measure"
        yield Violation(rule="G7", what=what, where=where, got=0, limit=1)
        return
    if not (math.isfinite(effect.margin) and effect.margin >= 0):
        yield Violation(rule="G7", what="the margin of a promise is no number", where=where, got=effect.margin, limit=0)
        return
    before, after = ROUTING_METRICS[effect.metric](snapshot), ROUTING_METRICS[effect.metric](planned)
    if not same(effect.before, before):
        what = "the plan starts from a value that is not true now"
        yield Violation(rule="G7", what=what, where=where, got=effect.before, limit=before)
    elif not kept_towards(effect, after, ROUTE_DIRECTIONS[effect.metric]):
        what = f"the plan promises more than its edits give, even with its margin of {effect.margin:.10g}"
        yield Violation(rule="G7", what=what, where=where, got=effect.after, limit=after)
