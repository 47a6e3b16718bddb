"""The guard and the gate of a repair: may it be made, and are the plan's promises true?

====  ===========================================================================================
G1    after every edit, no two workloads have lost their way to each other, and between every two tiers of switches
      a floor of the links is in service, counting what is already out
G2    no more than a share of the workloads moves in one plan
G3    no link that the repair fills further is filled beyond its headroom by the mean traffic, unless it was fuller
G6    every edit names rows, each once; empty never means all
G7    only what an operator controls is written; every effect is a registered metric and, estimated anew on other
      samples, keeps what it promises
G9    the plan was made from this snapshot, and its rows exist
====  ===========================================================================================

G11 holds here as everywhere: what brings a link back, takes back a move, or undoes a drain is not counted.

What stays out: G3 looks at mean traffic on the nominal capacity, after the last edit. Bursts, losses and what TCP makes
of them are the estimator's, and so the plan's promises; edits in between last for seconds. The cells of one edit are
taken to change together.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

from fairlead.checks.case import Note, Violation
from fairlead.checks.gate import Verdict, stale
from fairlead.checks.limits import refuse_meaningless
from fairlead.checks.mitigate_floors import floor_violations, headroom_findings, moved_violations
from fairlead.checks.mitigate_form import repair_form_violations
from fairlead.model import Plan, Snapshot, apply_edits


@dataclass(frozen=True, slots=True, kw_only=True)
class MitigateLimits:
    """What a repair may not break. UsageError for a number without meaning.

    links_up_ratio : G1 share of the links between two tiers of switches that stays in service
    moved_ratio    : G2 workloads that move <= ratio * all workloads, in one plan
    headroom_ratio : G3 mean load <= ratio * capacity of every link that the repair fills further
    slack_ratio    : G7 how far an effect estimated anew may fall behind its promise, beyond the promise's own margin
    """

    links_up_ratio: float = 0.5
    moved_ratio: float = 0.5
    headroom_ratio: float = 1.0
    slack_ratio: float = 0.1

    def __post_init__(self) -> None:
        refuse_meaningless(asdict(self))


def mitigate_verdict(snapshot: Snapshot, plan: Plan, limits: MitigateLimits) -> Verdict:
    """The plan against the snapshot that is believed now; its promises are :func:`promise_violations`' business.

    O(edits * (links + pairs that talk) + t0s * links).
    """
    if old := stale(snapshot, plan):
        return old
    broken = tuple(repair_form_violations(snapshot, plan.edits))
    if broken or not plan.edits:  # no other rule can read it, or has anything to say
        return Verdict(violations=broken)
    planned = apply_edits(snapshot, plan.edits)
    said = (
        *floor_violations(snapshot, plan.edits, limits.links_up_ratio),
        *moved_violations(snapshot, planned, limits.moved_ratio),
        *headroom_findings(snapshot, planned, limits.headroom_ratio),
        *_silence(plan),
    )
    return Verdict(
        violations=tuple(each for each in said if isinstance(each, Violation)),
        notes=tuple(each for each in said if isinstance(each, Note)),
    )


def _silence(plan: Plan) -> tuple[Note, ...]:
    if plan.effects:
        return ()
    return (Note(rule="G7", what="the plan promises nothing that could be held against it", where="effects"),)
