"""From a choice of paths and weights to a plan. The same lines measure the planner and its rivals."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fairlead import __version__
from fairlead.model import (
    DIRECT,
    Bound,
    BoundKind,
    Demands,
    Edit,
    Effect,
    Plan,
    Reason,
    Routes,
    ServiceClasses,
    Snapshot,
    Stage,
    Status,
    apply_edits,
)
from fairlead.model.table import Array
from fairlead.planners.route.goal import RouteGoal
from fairlead.planners.route.sla import stage_counts
from fairlead.planners.route.slots import slot_count
from fairlead.predict.route_metrics import ROUTING_METRICS, end_to_end, outside_limits

_ROUNDING = 1e-9
ALARMS = (Stage.LAST_RESORT, Stage.UNREACHABLE)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Choice:
    """The weighted path set of every session group, and what is proven of its highest priced utilisation.

    path, stage : [session groups, slots]; path -1 is a slot not used
    weight      : [session groups, slots] sums to 1 in every row
    best, kind  : floor under ``priced_utilisation_max`` of any split of these paths
    reasons     : what the split has to say
    replayable  : false where the wall clock cut the search
    """

    path: NDArray[np.int32]
    weight: NDArray[np.float64]
    stage: NDArray[np.uint8]
    best: float = math.nan
    kind: BoundKind = BoundKind.NONE
    reasons: tuple[Reason, ...] = ()
    replayable: bool = True


def single_choice(snapshot: Snapshot, path: NDArray[np.int32]) -> Choice:
    """Everything of a session group on one path [session groups]; the stage says what that path is, unfiltered."""
    demands = snapshot[Demands]
    quality = end_to_end(snapshot, demands.source_group, demands.target_group, path)
    outside = np.stack(outside_limits(quality, snapshot[ServiceClasses], demands.service_class))
    only_one = outside.sum(axis=0) == 1
    stage = np.where(only_one, Stage.RELAXED_LATENCY.value + outside.argmax(axis=0), Stage.LAST_RESORT.value)
    stage = np.where(outside.any(axis=0), stage, Stage.SLA.value)
    stage = np.where((path == DIRECT) & (demands.source_group == demands.target_group), Stage.SAME_GROUP.value, stage)
    return Choice(path=path[:, None], weight=np.ones((len(path), 1)), stage=stage[:, None].astype(np.uint8))


def route_plan(who: str, snapshot: Snapshot, choice: Choice, goal: RouteGoal, reasons: tuple[Reason, ...] = ()) -> Plan:
    """The plan that writes the choice into the slots of ``routes``; cells that hold it already are left alone."""
    edits = _edits(snapshot, choice)
    edited = apply_edits(snapshot, edits)
    effects = tuple(
        Effect(metric=name, before=metric(snapshot), after=metric(edited)) for name, metric in ROUTING_METRICS.items()
    )
    after = {effect.metric: effect.after for effect in effects}
    cost = after["priced_utilisation_max"]
    return Plan(
        planner=f"{who}/{__version__}",
        basis=snapshot.basis,
        status=_status(bool(edits), choice, after, goal),
        edits=edits,
        effects=effects,
        bound=Bound(cost=cost, best=choice.best, kind=choice.kind),
        reasons=(*reasons, *choice.reasons),
        replayable=choice.replayable,
    )


def stage_reasons(choice: Choice) -> tuple[Reason, ...]:
    """How many session groups each stage of the filter served (Panorama Fig. 6), and an alarm where none could."""
    total = len(choice.path)
    found: list[Reason] = []
    for stage, count in stage_counts(choice.path, choice.stage).items():
        if count:
            found.append(
                Reason(
                    key=f"route.{stage.name.lower()}",
                    text=f"{count:,} of {total:,} session groups: {_STAGE_WORDS[stage]}",
                    numbers={"session_groups_count": count, "ratio": count / total},
                )
            )
    return tuple(found)


_STAGE_WORDS = {
    Stage.SLA: "on paths inside their own SLA",
    Stage.RELAXED_LATENCY: "on paths that miss only the latency of their SLA, by the least",
    Stage.RELAXED_JITTER: "on paths that miss only the jitter of their SLA, by the least",
    Stage.RELAXED_LOSS: "on paths that miss only the loss of their SLA, by the least",
    Stage.DOWNGRADED: "on paths inside the SLA of a lower class",
    Stage.DOWNGRADED_RELAXED: "on paths that miss one metric of a lower class, by the least",
    Stage.LAST_RESORT: "alarm: nothing fits, on the path of lowest latency",
    Stage.SAME_GROUP: "direct, both ends in one user group",
    Stage.UNREACHABLE: "alarm: no measured path, on the plain Internet",
}


def _edits(snapshot: Snapshot, choice: Choice) -> tuple[Edit, ...]:
    slots, count = slot_count(snapshot), snapshot[Demands].row_count
    width = choice.path.shape[1]
    assert width <= slots or not count, f"{width} paths for {slots} slots"
    routes = snapshot[Routes]
    wanted: tuple[tuple[str, Array, float], ...] = (
        ("path", choice.path, -1),
        ("weight_ratio", choice.weight, 0.0),
        ("stage", choice.stage, Stage.UNREACHABLE.value),
    )
    found: list[Edit] = []
    for column, values, blank in wanted:
        present = routes.array(column)
        full = np.full((count, slots), blank, present.dtype)
        full[:, :width] = np.where(choice.path >= 0, values, blank)
        rows = np.flatnonzero(full.ravel() != present)
        if len(rows):
            found.append(Edit(action="route", table="routes", column=column, rows=rows, after=full.ravel()[rows]))
    return tuple(found)


def _status(changes: bool, choice: Choice, after: dict[str, float], goal: RouteGoal) -> Status:
    """The promise: all demand inside its own SLA, no link fuller than the goal allows.

    Where it is not kept, OUT_OF_REACH means: not with the paths that were found for every pair.
    """
    fits = not after["utilisation_max"] > goal.headroom_ratio + _ROUNDING
    kept = fits and after["sla_ratio"] >= 1.0 - _ROUNDING  # NaN (no demand) is not met
    if not choice.replayable:
        return Status.BEST_EFFORT
    if not kept:
        return Status.OUT_OF_REACH
    return Status.SOLVED if changes else Status.NOTHING_TO_DO
