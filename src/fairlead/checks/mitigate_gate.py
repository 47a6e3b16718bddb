"""The guard and the gate of a repair: may it be made, and are the plan's promises true?

====  ===========================================================================================
G1    no pair of servers that had a path loses it after any prefix of the plan, and between every two tiers a floor
      of the links stays in service, counting what is already out
G2    no more than a share of the workloads moves in one plan
G6    every edit names rows; empty never means all
G7    only what an operator controls is written; every effect is a registered metric and, estimated anew on other
      samples, keeps what it promises
G9    the plan was made from this snapshot, and its rows exist
====  ===========================================================================================

G11 holds here as everywhere: what brings a link back, or takes back a move, is never counted against a floor.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from fairlead.checks.case import Violation
from fairlead.checks.gate import Verdict
from fairlead.checks.promises import Better, kept_towards
from fairlead.model import (
    Edit,
    Effect,
    FabricLinks,
    Flows,
    Nodes,
    Pairs,
    Placements,
    Plan,
    Snapshot,
    UsageError,
    apply_edits,
)
from fairlead.predict.flows.clp import CLP_METRICS, LOWER_IS_BETTER, Estimate
from fairlead.predict.flows.fabric import fabric
from fairlead.predict.flows.routing import connected

CONTROLS = (("links", "up"), ("links", "weight"), ("nodes", "drop_ratio"), ("placements", "host"))
_ROUNDING = 1e-9

MITIGATE_DIRECTIONS: Mapping[str, Better] = MappingProxyType(
    {name: Better.LOWER if lower else Better.HIGHER for name, lower in zip(CLP_METRICS, LOWER_IS_BETTER, strict=True)}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class MitigateLimits:
    """What a repair may not break. UsageError for a number without meaning.

    links_up_ratio : G1 share of the links between two tiers of switches that stays in service
    moved_ratio    : G2 workloads that move <= ratio * all workloads, in one plan
    slack_ratio    : G7 how far an effect estimated anew may fall behind its promise, beyond the promise's own margin
    """

    links_up_ratio: float = 0.5
    moved_ratio: float = 0.5
    slack_ratio: float = 0.1

    def __post_init__(self) -> None:
        for name in ("links_up_ratio", "moved_ratio", "slack_ratio"):
            value = getattr(self, name)
            if math.isnan(value) or value < 0:  # a NaN compares false with everything and would lift the limit
                raise UsageError(
                    code="limits.out_of_range",
                    what=f"the safety limit {name} has no meaning",
                    where=name,
                    got=str(value),
                    expected="a number, 0 or more",
                )


def mitigate_verdict(snapshot: Snapshot, plan: Plan, limits: MitigateLimits) -> Verdict:
    """The plan against the snapshot that is believed now; its promises are :func:`promise_violations`' business.

    O(edits x (links + pairs of t0s)).
    """
    if plan.basis != snapshot.basis:
        what = f"the plan was made from snapshot {plan.basis[:12]}, the network is at {snapshot.basis[:12]}"
        return Verdict(violations=(Violation(rule="G9", what=what, where="plan", got=1, limit=0),))
    broken = tuple(_form(snapshot, plan.edits))
    if broken:  # no other rule can read it
        return Verdict(violations=broken)
    return Verdict(violations=(*_prefixes(snapshot, plan.edits, limits), *_moved(snapshot, plan.edits, limits)))


def promise_violations(
    snapshot: Snapshot, plan: Plan, limits: MitigateLimits, estimate: Estimate, samples: range
) -> tuple[Violation, ...]:
    """G7 for the effects: both states estimated on samples that the planner did not use."""
    unknown = [effect for effect in plan.effects if effect.metric not in CLP_METRICS]
    if unknown:
        what, where = "the plan promises a metric that nobody can measure", f"effect {unknown[0].metric}"
        return (Violation(rule="G7", what=what, where=where, got=0, limit=1),)
    (planned,) = estimate([apply_edits(snapshot, plan.edits)], samples)
    return tuple(found for effect in plan.effects for found in _promise(effect, _mean(planned.values, effect), limits))


def _mean(values: NDArray[np.float64], effect: Effect) -> float:
    return float(values[:, CLP_METRICS.index(effect.metric)].mean())


def _promise(effect: Effect, found: float, limits: MitigateLimits) -> Iterator[Violation]:
    where = f"effect {effect.metric}"
    if not (math.isfinite(effect.margin) and effect.margin >= 0):
        yield Violation(rule="G7", what="the margin of a promise is no number", where=where, got=effect.margin, limit=0)
        return
    if math.isnan(effect.after) and math.isnan(found):
        return  # no flow of this kind: nothing is promised, nothing is found
    slack = limits.slack_ratio * abs(effect.after) if math.isfinite(effect.after) else 0.0
    wider = Effect(metric=effect.metric, before=effect.before, after=effect.after, margin=effect.margin + slack)
    if not kept_towards(wider, found, MITIGATE_DIRECTIONS[effect.metric]):
        what = "the plan promises more than a new estimate of its edits gives"
        yield Violation(rule="G7", what=what, where=where, got=found, limit=effect.after)


def _form(snapshot: Snapshot, edits: tuple[Edit, ...]) -> Iterator[Violation]:
    for number, edit in enumerate(edits):
        where = f"edit {number} ({edit.action} {edit.table}.{edit.column})"
        if (edit.table, edit.column) not in CONTROLS:
            what = "the edit writes what is observed, not what is controlled"
            yield Violation(rule="G7", what=what, where=where, got=1, limit=0)
            continue
        if edit.cell_count == 0:
            what = "the edit names no rows: empty never means all"
            yield Violation(rule="G6", what=what, where=where, got=0, limit=1)
            continue
        row_count = snapshot.named(edit.table).row_count
        if edit.rows.min() < 0 or edit.rows.max() >= row_count:
            stray = edit.rows.max() if edit.rows.max() >= row_count else edit.rows.min()
            what = "the edit names a row that the snapshot does not have: it was made from another one"
            yield Violation(rule="G9", what=what, where=where, got=float(stray), limit=row_count - 1)
            continue
        yield from _values(snapshot, edit, where)


def _values(snapshot: Snapshot, edit: Edit, where: str) -> Iterator[Violation]:
    values = edit.after.astype(np.float64)
    if edit.column == "drop_ratio" and not (values == 1.0).all():
        what = "a repair can drain a node, not set what it loses"
        yield Violation(rule="G7", what=what, where=where, got=float(values[values != 1.0][0]), limit=1.0)
    if edit.column == "weight" and not ((values >= 0) & np.isfinite(values)).all():
        what = "a weight is a number, 0 or more"
        yield Violation(rule="G7", what=what, where=where, got=float(values.min()), limit=0.0)
    if edit.column == "host":
        known = (values >= 0) & (values < snapshot[Nodes].row_count)
        server = known & (snapshot[Nodes].tier[np.where(known, edit.after, 0)] == "server")
        if not server.all():
            what = "workloads can only be placed on servers"
            yield Violation(rule="G9", what=what, where=where, got=float(values[np.argmin(server)]), limit=0.0)


def _prefixes(snapshot: Snapshot, edits: tuple[Edit, ...], limits: MitigateLimits) -> Iterator[Violation]:
    """G1 after every edit; the first prefix that breaks it is named."""
    before, now = _Floors.of(snapshot), snapshot
    for number, edit in enumerate(edits):
        now = apply_edits(now, [edit])
        after = _Floors.of(now)
        where = f"after edit {number} ({edit.action})"
        lost = int(np.count_nonzero(before.reached & ~after.reached))
        if lost:
            what = "pairs of racks that had a path would lose it"
            yield Violation(rule="G1", what=what, where=where, got=lost, limit=0)
            return
        falls = after.up_ratio < np.minimum(limits.links_up_ratio, before.up_ratio) - _ROUNDING
        if falls.any():
            worst = float(after.up_ratio[falls].min())
            what = "too few links between two tiers would stay in service"
            yield Violation(rule="G1", what=what, where=where, got=worst, limit=limits.links_up_ratio)
            return


@dataclass(frozen=True, slots=True, kw_only=True)
class _Floors:
    """What G1 compares. ``reached`` [pairs of servers that talk], ``up_ratio`` [pairs of neighbouring switch tiers]."""

    reached: NDArray[np.bool_]
    up_ratio: NDArray[np.float64]

    @staticmethod
    def of(snapshot: Snapshot) -> _Floors:
        state, nodes, links = fabric(snapshot), snapshot[Nodes], snapshot[FabricLinks]
        source, target = _talking(snapshot)
        host = state.host
        reached = (host[source] == host[target]) | connected(state, host[source], host[target])
        ends = np.char.add(nodes.tier[links.source], nodes.tier[links.target])
        ratios = [float(state.alive[ends == both].mean()) if (ends == both).any() else 1.0 for both in ("t0t1", "t1t2")]
        return _Floors(reached=reached, up_ratio=np.array(ratios))


def _talking(snapshot: Snapshot) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Pairs of servers that traffic may join, one for each pair of racks where nothing says which do."""
    said = [table for table in (snapshot[Flows], snapshot[Pairs]) if table.row_count]
    if said:
        both = np.unique(np.concatenate([np.stack([table.source, table.target]) for table in said], axis=1), axis=1)
        return both[0], both[1]
    # every server of one rack against one of each rack: paths depend on racks alone, but for a server's own link
    servers = snapshot[Placements].server
    one = servers[np.unique(fabric(snapshot).t0[servers], return_index=True)[1]]
    source, target = np.repeat(servers, len(one)), np.tile(one, len(servers))
    apart = source != target
    return source[apart], target[apart]


def _moved(snapshot: Snapshot, edits: tuple[Edit, ...], limits: MitigateLimits) -> Iterator[Violation]:
    placed, planned = snapshot[Placements], apply_edits(snapshot, edits)[Placements]
    # going home is taking a move back
    moved = (placed.host != planned.host) & (planned.host != placed.server)
    got = float(moved.mean()) if len(moved) else 0.0
    if got > limits.moved_ratio + _ROUNDING:
        what = "too many workloads would move at once"
        yield Violation(rule="G2", what=what, where="placements", got=got, limit=limits.moved_ratio)
