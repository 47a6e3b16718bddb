"""What all rivals share: they look at the network as it is, keep no memory, and choose actions by a rule."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from fairlead import __version__
from fairlead.model import Bound, BoundKind, Budget, Plan, Reason, Snapshot, Status, Table, apply_edits
from fairlead.planners.mitigate.actions import Action, edits_of
from fairlead.planners.mitigate.needs import FABRIC_NEEDS
from fairlead.planners.mitigate.words import told, words
from fairlead.predict.flows.fabric import fabric
from fairlead.predict.flows.routing import partitioned

Choose = Callable[[Snapshot], tuple[Action, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class MitigateRival:
    """A planner without memory; everything but ``choose`` is the same for all rivals.

    It promises nothing: no rival estimates what connections will see, so its plan has no effects and no bound.
    """

    name: str
    choose: Choose
    needs: ClassVar[tuple[type[Table], ...]] = FABRIC_NEEDS

    def begin(self) -> None:
        """Rivals remember nothing."""
        return

    def plan(self, snapshot: Snapshot, memory: None, budget: Budget) -> tuple[Plan, None]:
        """What the rule says. Status says only whether it acts; a reason tells where it cuts servers off."""
        actions = self.choose(snapshot)
        edits = edits_of(snapshot, actions)
        lines = "; ".join(told(snapshot, edits)) or "nothing"
        reasons = [Reason(key="mitigate.rule", text=f"{self.name}: {words(snapshot, actions)} ({lines})")]
        if partitioned(fabric(apply_edits(snapshot, edits))):
            text = f"after what {self.name} does, some servers cannot reach each other"
            reasons.append(Reason(key="mitigate.partitions", text=text))
        plan = Plan(
            planner=f"{self.name}/{__version__}",
            basis=snapshot.basis,
            status=Status.SOLVED if edits else Status.NOTHING_TO_DO,
            edits=edits,
            effects=(),
            bound=Bound(cost=math.nan, best=math.nan, kind=BoundKind.NONE),
            reasons=tuple(reasons),
        )
        return plan, None
