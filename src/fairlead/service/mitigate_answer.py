"""What ``fairlead mitigate plan`` answers, and its JSON."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from fairlead.checks.gate import Verdict
from fairlead.model import FabricLinks, Nodes, Plan, Snapshot, plan_as_json
from fairlead.planners.mitigate import Ranking, ranking_as_json
from fairlead.planners.mitigate.decision import Flip, nearest_flips, runner_up
from fairlead.planners.mitigate.words import told
from fairlead.service.mitigate_effort import Looked
from fairlead.service.mitigate_effort import as_json as looked_as_json
from fairlead.service.plain import plain


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MitigateAnswer:
    """The plan, the snapshot that it was made from, and what the guard says; of a rival there is no ranking.

    looked : how closely the estimator looked; None: not at all
    """

    snapshot: Snapshot
    plan: Plan
    ranking: Ranking | None
    flips: tuple[Flip, ...]
    verdict: Verdict
    looked: Looked | None = None


def as_json(answer: MitigateAnswer) -> dict[str, Any]:
    """The plan, the ranking behind it, what would change the decision, and what the guard says."""
    said = plan_as_json(answer.plan, answer.snapshot)
    for edit, shown in zip(answer.plan.edits, said["edits"], strict=True):
        if edit.table == FabricLinks.name:  # a link is known by both ends
            shown["ends"] = _ends(answer.snapshot, edit.rows.tolist())
    return {
        **said,
        "steps": list(told(answer.snapshot, answer.plan.edits)),
        "ranking": [] if answer.ranking is None else ranking_as_json(answer.ranking),
        "runner_up": _runner_up(answer.ranking),
        "looked_at": _looked_at(answer),
        "what_would_change": [plain(asdict(flip)) for flip in nearest_flips(answer.flips)],
        "network": {
            "nodes_count": answer.snapshot[Nodes].row_count,
            "links_count": answer.snapshot[FabricLinks].row_count,
        },
        "verdict": {
            "allowed": answer.verdict.allowed,
            "violations": [str(each) for each in answer.verdict.violations],
            "notes": [str(each) for each in answer.verdict.notes],
        },
    }


def _looked_at(answer: MitigateAnswer) -> dict[str, Any] | None:
    """How closely; the samples are those of the repairs that stayed to the end."""
    if answer.looked is None or answer.ranking is None:
        return None
    return looked_as_json(answer.looked, answer.ranking.confidence, answer.ranking.sample_count)


def _ends(snapshot: Snapshot, rows: list[int]) -> list[list[str]]:
    """Names of source and target of links."""
    links, node = snapshot[FabricLinks], snapshot[Nodes].node
    return [[str(node[links.source[row]]), str(node[links.target[row]])] for row in rows]


def _runner_up(ranking: Ranking | None) -> dict[str, Any] | None:
    second = None if ranking is None else runner_up(ranking)
    found: dict[str, Any] | None = None if second is None else plain(asdict(second))
    return found
