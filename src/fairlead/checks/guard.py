"""The safety kernel: does a plan stay inside the safety budget, at every prefix? Pure; empty means allowed.

====  =====================================================================  =============================
G1    region floor and fleet cap, counting what is already down              ``floors``
G2    rate limits that a restart never refills                               ``rates``
G3    survivors' capacity after re-homing                                    ``floors``
G4    evidence: fresh, complete, persistent, from more than one witness      ``proof``, ``evidence``
G6    empty or blank never means "all"                                       ``form``, ``floors``
G7    the SLO is judged over the original demand; no streams is not success  ``form``, ``proof``, ``gate``
G8    one owner for a resource                                               ``rates``
G9    a stale plan is rejected                                               ``gate``, the actuators
G10   kill switch                                                            the actuators
G11   revert is always allowed: only what takes capacity away is judged      ``case``, all
G12   when most things look bad, stop acting                                 ``proof``
====  =====================================================================  =============================

Why at all: in Sentry's own moderate scenario the published heuristic takes most of the fleet and empties whole regions,
because removing all traffic satisfies its objective (Sentry Eq. 1). Restrictive is what a step *does*, online to
offline, never what its action is called.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from fairlead.checks.case import Case, Note, Violation, case_of
from fairlead.checks.floors import capacity, fleet_cap, never_the_last, region_floor
from fairlead.checks.form import form_violations
from fairlead.checks.limits import Limits
from fairlead.checks.proof import complete, demand_known, fresh, not_all_sick, proven
from fairlead.checks.rates import drain_rate, one_owner
from fairlead.model import Edit, Snapshot
from fairlead.model.ledger import Ledger

Rule = Callable[[Case], Iterator[Violation | Note]]

FLOOR_RULES: tuple[Rule, ...] = (fleet_cap, region_floor, capacity, never_the_last)
RULES: tuple[Rule, ...] = (
    *FLOOR_RULES,
    drain_rate,
    fresh,
    complete,
    proven,
    demand_known,
    one_owner,
    not_all_sick,
)


def judgement(
    snapshot: Snapshot, edits: Sequence[Edit], limits: Limits, ledger: Ledger, now_s: float, planner: str = ""
) -> tuple[Violation | Note, ...]:
    """All that the rules have to say, rule by rule; each breach once, at the step where it begins.

    planner names who wants it (``Plan.planner``); a plan of nobody in particular owns nothing (G8).
    now_s is in seconds on the clock of the windows and of the ledger; NaN where nobody knows the time.
    O(streams + steps log steps + cells in the ledger).
    """
    broken = tuple(form_violations(snapshot, edits))
    if broken:  # no other rule can read it
        return broken
    if all(edit.after.all() for edit in edits):
        return ()  # G11: giving capacity back is always allowed
    case = case_of(snapshot, edits, limits, ledger, now_s, planner)
    return tuple(said for rule in RULES for said in rule(case))


def violations(
    snapshot: Snapshot, edits: Sequence[Edit], limits: Limits, ledger: Ledger, now_s: float, planner: str = ""
) -> tuple[Violation, ...]:
    """What forbids the edits (see :func:`judgement`); empty means allowed."""
    said = judgement(snapshot, edits, limits, ledger, now_s, planner)
    return tuple(each for each in said if isinstance(each, Violation))
