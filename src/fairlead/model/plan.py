"""A plan, how good it is, and why; and the contract that every planner and every rival meets."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, ClassVar, Protocol, TypeVar

from fairlead.model.edit import Edit
from fairlead.model.naming import own_words, row_ids
from fairlead.model.snapshot import Snapshot
from fairlead.model.table import Table


class Status(Enum):
    """The state of the network is an answer, never an exception."""

    SOLVED = "SOLVED"  # the edits keep the promise
    NOTHING_TO_DO = "NOTHING_TO_DO"  # the promise holds already; no edits
    BEST_EFFORT = "BEST_EFFORT"  # a limit of the budget cut the search; the edits are the best so far
    OUT_OF_REACH = "OUT_OF_REACH"  # no plan inside the safety budget keeps the promise; the edits come closest


class BoundKind(Enum):
    """What stands behind ``Bound.best``."""

    EXACT = "EXACT"  # proven optimum
    DUAL = "DUAL"  # a relaxation's dual value
    IDEAL = "IDEAL"  # what a network without the constraint would reach
    CONFIDENCE = "CONFIDENCE"  # statistical, at a stated confidence
    NONE = "NONE"  # nothing is proven


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """Cost of the plan and a proven floor under the cost of any plan; ``best`` is NaN where nothing is proven."""

    cost: float
    best: float
    kind: BoundKind

    def __post_init__(self) -> None:
        met = self.cost == self.best or self.cost >= self.best - 1e-6 * max(1.0, abs(self.best))
        assert self.kind is BoundKind.NONE or met, f"cost {self.cost} under its bound {self.best}"

    @property
    def gap(self) -> float:
        """(cost - best) / cost: 0 is proven optimal, NaN where nothing is proven; of an infinite cost 0 or 1."""
        if math.isnan(self.best):
            return math.nan
        if self.cost == self.best or self.cost <= 0:
            return 0.0
        return 1.0 if math.isinf(self.cost) else max(0.0, (self.cost - self.best) / self.cost)


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What a planner may spend. The first three make a plan replayable; ``seconds`` is only an emergency brake."""

    seed: int = 0
    rounds: int = 1_000
    edits: int = 1_000_000
    seconds: float = math.inf


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What a registered metric is and is promised to become; the audit holds ``after - margin`` against the truth."""

    metric: str
    before: float
    after: float
    margin: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why an edit, or why not another: a stable key, a sentence, its numbers; ``row`` is the row meant, or -1."""

    key: str
    text: str
    table: str = ""
    row: int = -1
    numbers: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to change, what that will do, and how far from the best possible it is.

    planner    : who made it, with version and model hash
    basis      : content hash of the snapshot it was made from
    replayable : the same snapshot, memory and budget give this plan again (false when the wall clock cut the search)
    """

    planner: str
    basis: str
    status: Status
    edits: tuple[Edit, ...]
    effects: tuple[Effect, ...]
    bound: Bound
    reasons: tuple[Reason, ...] = ()
    replayable: bool = True

    def __post_init__(self) -> None:
        assert self.status is not Status.NOTHING_TO_DO or not self.edits, "nothing to do, yet there are edits"

    def effect(self, metric: str) -> Effect:
        return next(effect for effect in self.effects if effect.metric == metric)


M = TypeVar("M")


class Planner(Protocol[M]):
    """Snapshot in, plan out. Memory is an argument and a return value: a planner keeps nothing to itself."""

    @property
    def name(self) -> str: ...

    needs: ClassVar[tuple[type[Table], ...]]

    def begin(self) -> M: ...

    def plan(self, snapshot: Snapshot, memory: M, budget: Budget) -> tuple[Plan, M]: ...


def plan_as_json(plan: Plan, snapshot: Snapshot) -> dict[str, Any]:
    """The plan in the form every command prints, in the network's own ids. Not-a-number becomes null."""
    return {
        "planner": plan.planner,
        "basis": plan.basis,
        "status": plan.status.value,
        "replayable": plan.replayable,
        "edits": [
            {
                "action": edit.action,
                "table": edit.table,
                "ids": row_ids(snapshot, edit.table, edit.rows),
                "column": edit.column,
                "after": own_words(snapshot, edit.table, edit.column, edit.after),
                "start_s": edit.start_s,
            }
            for edit in plan.edits
        ],
        "effects": [
            {
                "metric": effect.metric,
                "before": _number(effect.before),
                "after": _number(effect.after),
                "margin": _number(effect.margin),
            }
            for effect in plan.effects
        ],
        "bound": {
            "cost": _number(plan.bound.cost),
            "best": _number(plan.bound.best),
            "kind": plan.bound.kind.value,
            "gap": _number(plan.bound.gap),
        },
        "reasons": [
            {
                "id": row_ids(snapshot, reason.table, [reason.row])[0] if reason.row >= 0 else None,
                "key": reason.key,
                "text": reason.text,
                "numbers": {name: _number(value) for name, value in reason.numbers.items()},
            }
            for reason in plan.reasons
        ],
    }


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None
