"""What a repair remembers, so that constant input never makes it go back and forth."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from fairlead.model import Edit, FabricLinks, Nodes, Placements, Snapshot, apply_edits, invert
from fairlead.planners.mitigate.candidates import Candidate


@dataclass(frozen=True, slots=True, kw_only=True)
class MitigateMemory:
    """All that outlives a call.

    edits    : of the last decision; empty: to leave the network as it is; None: nothing was decided on this evidence.
               Whether they were applied is seen in the next snapshot.
    undo     : edits that take them back, made from the network that they were decided on
    shape    : of the tables that the edits count rows of; another shape and they mean nothing any more
    evidence : of all that repairs do not change; as long as it stays, what was left is not returned to
    left     : content hashes of networks that were replaced by better ones on this evidence
    """

    edits: tuple[Edit, ...] | None = None
    undo: tuple[Edit, ...] = ()
    shape: str = ""
    evidence: str = ""
    left: frozenset[str] = frozenset()


def looked_at(snapshot: Snapshot, memory: MitigateMemory) -> MitigateMemory:
    """The memory on seeing a snapshot. A decision about other tables is forgotten, and one to do nothing about other
    evidence; other evidence opens all ways again."""
    shape, evidence = _shape(snapshot), _evidence(snapshot)
    if memory.shape != shape:
        return MitigateMemory(shape=shape, evidence=evidence)
    if memory.evidence == evidence:
        return memory
    return MitigateMemory(edits=memory.edits or None, undo=memory.undo, shape=shape, evidence=evidence)


def in_place(snapshot: Snapshot, memory: MitigateMemory, candidates: tuple[Candidate, ...]) -> int:
    """Which candidate leads to the network of the last decision; -1: none, or there is no last decision.

    That is the one without edits once the decision is applied, and the decided one as long as it is not.
    """
    if memory.edits is None:
        return -1
    decided = apply_edits(snapshot, memory.edits).basis
    return next((place for place, each in enumerate(candidates) if each.state.basis == decided), -1)


def with_decision(
    memory: MitigateMemory, snapshot: Snapshot, chosen: Candidate, incumbent: Candidate | None
) -> MitigateMemory:
    """The memory after a decision. What it turns away from, be it in place or only decided, is left for good."""
    if incumbent is not None and incumbent.state.basis == chosen.state.basis:
        return memory
    away = {snapshot.basis} | ({incumbent.state.basis} if incumbent else set())
    left = memory.left | (away - {chosen.state.basis})
    return replace(memory, edits=chosen.edits, undo=invert(snapshot, chosen.edits), left=left)


def _shape(snapshot: Snapshot) -> str:
    links = snapshot[FabricLinks]
    digests = [snapshot[Nodes].digest("node"), links.digest("source"), links.digest("target")]
    if Placements in snapshot:
        digests.append(snapshot[Placements].digest("server"))
    return b"".join(digests).hex()


def _evidence(snapshot: Snapshot) -> str:
    """All but what repairs write. A switch that is down is evidence, since nothing here brings one back."""
    links = snapshot[FabricLinks]
    plain = links.with_column("up", np.ones_like(links.up)).with_column("weight", np.ones_like(links.weight))
    if Placements not in snapshot:
        return snapshot.replaced(plain).basis
    placements = snapshot[Placements]
    return snapshot.replaced(plain, placements.with_column("host", placements.server)).basis
