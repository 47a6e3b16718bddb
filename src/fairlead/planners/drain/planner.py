"""The default drain planner: least QoE cost such that what is expected to fail next leaves the objective met.

Sentry (section 3) with three departures, each because it measured better (docs/papers.md): the ranking is replaced by
the cover problem that it approximates; failures that will heal by themselves are weighed by a learned probability
instead of being ranked; the safety budget is part of the problem, not a filter after it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from fairlead import __version__
from fairlead.model import (
    Bound,
    BoundKind,
    Budget,
    Edit,
    Plan,
    Reason,
    Servers,
    ServerWindows,
    Snapshot,
    Status,
    Streams,
    Table,
    Windows,
    apply_edits,
)
from fairlead.planners.drain.failures import failures
from fairlead.planners.drain.forecast import AllLast, Forecaster
from fairlead.planners.drain.goal import Goal
from fairlead.planners.drain.outcome import effects, needs_action
from fairlead.planners.drain.reasons import server_reasons
from fairlead.planners.drain.remedy import promise, remedy, remedy_reasons
from fairlead.planners.drain.restore import DrainMemory, observed, restorable, restore_reasons
from fairlead.planners.drain.schedule import waves
from fairlead.predict.overlay import last_window

Rows = NDArray[np.int64]

NEEDS: tuple[type[Table], ...] = (Servers, Windows, Streams, ServerWindows)


@dataclass(frozen=True, slots=True, kw_only=True)
class Drain:
    """Decide which servers to take offline, and which to bring back.

    goal       : objective and safety budget
    forecaster : what becomes of the failures that are seen; :class:`AllLast` believes that every one lasts
    """

    goal: Goal = field(default_factory=Goal)
    forecaster: Forecaster = field(default_factory=AllLast)
    name: str = "fairlead"
    needs: ClassVar[tuple[type[Table], ...]] = NEEDS

    @property
    def who(self) -> str:
        return f"{self.name}/{__version__}+{self.forecaster.name}"

    def begin(self) -> DrainMemory:
        return DrainMemory()

    def plan(self, snapshot: Snapshot, memory: DrainMemory, budget: Budget) -> tuple[Plan, DrainMemory]:
        """Restores first, then drains on the network as restored. O(streams) + the solver on the failing pairs."""
        memory = observed(snapshot, memory)
        back = restorable(snapshot, memory)[: budget.edits]
        plan, rows = self._planned(snapshot, memory, back, budget)
        again = np.isin(back, rows)
        if again.any():  # who would have to leave at once does not come back
            plan, rows = self._planned(snapshot, memory, back[~again], budget)
        return plan, replace(memory, pending=frozenset(snapshot[Servers].server[rows].tolist()))

    def _planned(self, snapshot: Snapshot, memory: DrainMemory, back: Rows, budget: Budget) -> tuple[Plan, Rows]:
        """The plan that brings these servers back, and the rows of those that it takes offline."""
        returning = waves(snapshot, back, online=True)
        restored = apply_edits(snapshot, returning)
        back_reasons = restore_reasons(snapshot, memory, back)
        if not needs_action(restored, self.goal):
            return self._quiet(restored, snapshot, returning, back_reasons), np.empty(0, dtype=np.int64)
        found = failures(restored)
        forecast = self.forecaster(restored, found)
        chosen = remedy(restored, found, forecast, self.goal, replace(budget, edits=budget.edits - len(back)))
        rows = found.server_rows[chosen.ordered]
        edits = (*returning, *waves(restored, rows, online=False))
        plan = Plan(
            planner=self.who,
            basis=snapshot.basis,
            status=Status.SOLVED if chosen.status is Status.NOTHING_TO_DO and edits else chosen.status,
            edits=edits,
            effects=(*effects(snapshot, edits), promise(found, forecast, chosen)),
            bound=Bound(cost=chosen.cover.cost, best=chosen.cover.best, kind=chosen.cover.kind),
            reasons=(
                *server_reasons(restored, found, forecast.expected_count, chosen.ordered),
                *remedy_reasons(found, forecast, chosen, self.goal),
                *back_reasons,
            ),
            replayable=math.isinf(budget.seconds) or chosen.cover.settled,
        )
        return plan, rows

    def _quiet(
        self, restored: Snapshot, snapshot: Snapshot, returning: tuple[Edit, ...], reasons: tuple[Reason, ...]
    ) -> Plan:
        """No server has to leave: the objective holds, or there is nothing to judge it by."""
        status = Status.SOLVED if returning else Status.NOTHING_TO_DO
        if last_window(restored).demand_count == 0:  # no streams is not success
            status = Status.OUT_OF_REACH
            reasons = (*reasons, Reason(key="drain.no_streams", text="the newest window has no streams to judge"))
        return Plan(
            planner=self.who,
            basis=snapshot.basis,
            status=status,
            edits=returning,
            effects=effects(snapshot, returning),
            bound=Bound(cost=0.0, best=0.0, kind=BoundKind.EXACT),
            reasons=reasons,
        )
