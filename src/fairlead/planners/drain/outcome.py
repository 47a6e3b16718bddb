"""From chosen servers to a plan: effects by METRICS, status, bound. The same lines measure planner and rivals."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from fairlead import __version__
from fairlead.model import Bound, BoundKind, Edit, Effect, Plan, Reason, Snapshot, Status, apply_edits
from fairlead.planners.drain.goal import Goal
from fairlead.planners.drain.schedule import waves
from fairlead.predict.metrics import METRICS
from fairlead.predict.overlay import last_window

Rows = NDArray[np.int64]

UNPROVEN = Bound(cost=0.0, best=math.nan, kind=BoundKind.NONE)


def effects(snapshot: Snapshot, edits: tuple[Edit, ...]) -> tuple[Effect, ...]:
    """Every registered metric of the newest window, before and after the edits."""
    edited = apply_edits(snapshot, edits)
    return tuple(Effect(metric=name, before=metric(snapshot), after=metric(edited)) for name, metric in METRICS.items())


def drain_plan(
    who: str,
    snapshot: Snapshot,
    rows: Rows,
    goal: Goal,
    *,
    bound: Bound | None = None,
    reasons: tuple[Reason, ...] = (),
) -> Plan:
    """The plan that takes these rows of ``servers`` offline, in this order; judged on the newest window.

    ``bound`` defaults to "nothing is proven" at the cost of the edits.
    """
    edits = waves(snapshot, rows, online=False)
    results = effects(snapshot, edits)
    by_metric = {effect.metric: effect for effect in results}
    cost = by_metric["qoe_cost"].after - by_metric["qoe_cost"].before
    return Plan(
        planner=f"{who}/{__version__}",
        basis=snapshot.basis,
        status=status(by_metric["success_ratio"].before, by_metric["success_ratio"].after, goal),
        edits=edits,
        effects=results,
        bound=bound or Bound(cost=cost, best=math.nan, kind=BoundKind.NONE),
        reasons=reasons,
    )


def status(before: float, after: float, goal: Goal) -> Status:
    """NaN (no streams) is never success: an objective over nothing is not met."""
    if before >= goal.slo_ratio:
        return Status.NOTHING_TO_DO
    return Status.SOLVED if after >= goal.slo_ratio else Status.OUT_OF_REACH


def needs_action(snapshot: Snapshot, goal: Goal) -> bool:
    """The newest window has streams and misses the objective."""
    return last_window(snapshot).demand_count > 0 and METRICS["success_ratio"](snapshot) < goal.slo_ratio
