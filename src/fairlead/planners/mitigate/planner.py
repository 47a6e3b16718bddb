"""The default repair planner (SWARM): estimate what connections will see under every candidate, and take the best."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from fairlead import __version__
from fairlead.model import Budget, Plan, Snapshot, Table
from fairlead.planners.mitigate.bound import healed
from fairlead.planners.mitigate.candidates import COMBINATIONS, Candidate, field_of
from fairlead.planners.mitigate.comparators import PRIORITY_FCT, Comparator
from fairlead.planners.mitigate.memory import MitigateMemory, in_place, looked_at, with_decision
from fairlead.planners.mitigate.needs import MITIGATE_NEEDS
from fairlead.planners.mitigate.outcome import mitigation_plan
from fairlead.planners.mitigate.race import Entrants, Rules, run
from fairlead.planners.mitigate.ranking import Ranked, Ranking
from fairlead.planners.mitigate.verdicts import ranking
from fairlead.predict.flows.clp import Estimate

Clock = Callable[[], float]


def stopped() -> float:
    """A clock that stands still."""
    return 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Mitigate:
    """Decide which repair to make of those that the failures offer, or that the operator lists.

    estimate     : composite distributions of network states on common random numbers
    demand_count : of the estimator: its sample i has demand ``i % demand_count``
    comparator   : who is better
    confidence   : of intervals and verdicts
    combinations : candidates that are generated at most, before re-weighting
    clock        : seconds, for the emergency brake of the budget; one that stands still never brakes

    ``Budget.rounds`` is the number of samples of each candidate, ``Budget.edits`` the number of cells that a repair may
    write.
    """

    estimate: Estimate
    demand_count: int
    comparator: Comparator = PRIORITY_FCT
    confidence: float = 0.95
    combinations: int = COMBINATIONS
    clock: Clock = stopped
    name: str = "mitigate"
    needs: ClassVar[tuple[type[Table], ...]] = MITIGATE_NEEDS

    def begin(self) -> MitigateMemory:
        """Nothing has been decided."""
        return MitigateMemory()

    @property
    def who(self) -> str:
        """Name and version, as the plan says it."""
        return f"{self.name}/{__version__}"

    def plan(self, snapshot: Snapshot, memory: MitigateMemory, budget: Budget) -> tuple[Plan, MitigateMemory]:
        """The best candidate. What is in place is replaced only by what is surely better by more than a tie."""
        plan, _, memory = self.decision(snapshot, memory, budget)
        return plan, memory

    def rank(self, snapshot: Snapshot, budget: Budget) -> Ranking:
        """The ranking alone, as if nothing had been decided before."""
        return self.decision(snapshot, self.begin(), budget)[1]

    def decision(
        self, snapshot: Snapshot, memory: MitigateMemory, budget: Budget
    ) -> tuple[Plan, Ranking, MitigateMemory]:
        """The plan, the ranking behind it, and the memory afterwards. The samples are nearly all of the cost."""
        begun_s = self.clock()

        def expired() -> bool:
            return self.clock() - begun_s > budget.seconds

        memory = looked_at(snapshot, memory)
        field = field_of(snapshot, self.combinations, memory.undo)
        open_to = _open(field.allowed, budget)
        held = in_place(snapshot, memory, open_to)
        rules = Rules(
            demand_count=self.demand_count,
            confidence=self.confidence,
            sample_count=max(1, budget.rounds),
            seed=budget.seed,
            expired=expired,
        )
        entrants = _entrants(snapshot, open_to, held)
        race = run(self.estimate, entrants, self.comparator, rules)
        found = ranking(open_to, entrants, race, self.comparator, rules)
        incumbent = open_to[held] if held >= 0 else None
        chosen = _chosen(found, incumbent, memory)
        plan = mitigation_plan(self.who, snapshot, field, open_to, found, chosen)
        return plan, found, with_decision(memory, snapshot, chosen.candidate, incumbent)


def _open(allowed: tuple[Candidate, ...], budget: Budget) -> tuple[Candidate, ...]:
    """Candidates that are small enough for the budget; those that change little first."""
    small = tuple(each for each in allowed if each.cell_count <= budget.edits) or allowed[:1]
    return tuple(sorted(small, key=lambda each: each.key))


def _entrants(snapshot: Snapshot, candidates: tuple[Candidate, ...], held: int) -> Entrants:
    """The healed network, the candidates, and the network as it is where no candidate leaves it so."""
    states = [healed(snapshot), *(each.state for each in candidates)]
    before = next((place for place, each in enumerate(states) if place and each.basis == snapshot.basis), len(states))
    if before == len(states):
        states.append(snapshot)
    competes = np.zeros(len(states), np.bool_)
    competes[1 : len(candidates) + 1] = True
    kept = ~competes
    if held >= 0:
        kept[1 + held] = True
    return Entrants(states=tuple(states), competes=competes, kept=kept, healthy=0, before=before, first=1)


def _chosen(found: Ranking, incumbent: Candidate | None, memory: MitigateMemory) -> Ranked:
    """The best, unless what is in place may tie with it.

    What was left before on the same evidence still takes part, as a yardstick that keeps a row of small steps from
    adding up, but it is not returned to.
    """
    again = [row for row in found.rows if row.candidate.state.basis not in memory.left]
    if incumbent is None:
        return again[0] if again else found.best
    held = next(row for row in found.rows if row.candidate is incumbent)
    fresh = found.best.candidate.state.basis not in memory.left
    return found.best if fresh and held.beaten_ratio >= found.confidence else held
