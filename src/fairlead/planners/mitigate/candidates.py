"""Which repairs are ranked: those of the operator's table, or those that the failures suggest (SWARM Table 1)."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, combinations, islice, product

import numpy as np

from fairlead.model import Candidates, Edit, FabricLinks, Nodes, Placements, Snapshot, apply_edits
from fairlead.planners.mitigate.actions import Action, edits_of
from fairlead.planners.mitigate.cables import T0, alive_links, t0_of_servers, tiers
from fairlead.planners.mitigate.failures import Failures, failures
from fairlead.planners.mitigate.stages import peopled
from fairlead.planners.mitigate.weights import reweighting
from fairlead.planners.mitigate.words import NONE, UNDO, words
from fairlead.predict.flows.fabric import fabric
from fairlead.predict.flows.routing import partitioned

COMBINATIONS = 32
"""How many combinations of the choices that the failures offer are tried; each may appear once more re-weighted."""

Choices = tuple[tuple[Action, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Candidate:
    """A repair under its name: the edits that make it, and the network after them."""

    name: str
    edits: tuple[Edit, ...]
    state: Snapshot

    @property
    def cell_count(self) -> int:
        """Cells that it writes."""
        return sum(edit.cell_count for edit in self.edits)

    @property
    def key(self) -> tuple[int, str]:
        """How much it changes, then its name: the order among equals."""
        return self.cell_count, self.name


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Field:
    """Who takes part in the ranking.

    allowed        : the candidates to be ranked, in the order of the table or of how little they change
    refused        : those that cut servers with workloads off from each other while others do not
    partitions     : every candidate partitions the network, so they are all allowed
    left_out_count : combinations of choices that were not tried, because there were more than COMBINATIONS
    failures       : what is wrong with the network
    """

    allowed: tuple[Candidate, ...]
    refused: tuple[Candidate, ...]
    partitions: bool
    left_out_count: int
    failures: Failures


def field_of(snapshot: Snapshot, limit: int = COMBINATIONS, undo: Sequence[Edit] = ()) -> Field:
    """The rows of ``candidates`` where there are any, else the combinations of what the failures offer.

    undo : edits that take back the last repair; a candidate of its own among those that are generated

    Generated candidates that are the same to traffic are one: that which changes least. O(combinations x links).
    """
    wrong = failures(snapshot)
    if Candidates in snapshot and snapshot[Candidates].row_count:
        found, left_out = _listed(snapshot), 0
    else:
        found, left_out = _generated(snapshot, wrong, limit, undo)
    cut = [partitioned(fabric(each.state)) for each in found]
    everything = all(cut)
    return Field(
        allowed=tuple(each for each, bad in zip(found, cut, strict=True) if everything or not bad),
        refused=tuple(each for each, bad in zip(found, cut, strict=True) if bad and not everything),
        partitions=everything,
        left_out_count=left_out,
        failures=wrong,
    )


def _listed(snapshot: Snapshot) -> list[Candidate]:
    """The operator's own, in the order in which their names appear; all of them, be two alike or not."""
    table = snapshot[Candidates]
    rows: dict[str, list[Action]] = {}
    for name, kind, source, target, value in zip(
        table.candidate.tolist(),
        table.action.tolist(),
        table.source.tolist(),
        table.target.tolist(),
        table.value.tolist(),
        strict=True,
    ):
        rows.setdefault(name, []).append(Action(kind=kind, source=source, target=target, value=value))
    return [_candidate(snapshot, name, edits_of(snapshot, actions)) for name, actions in rows.items()]


def _generated(snapshot: Snapshot, wrong: Failures, limit: int, undo: Sequence[Edit]) -> tuple[list[Candidate], int]:
    offers = choices(snapshot, wrong)
    total = math.prod(len(each) + 1 for each in offers)
    found: dict[bytes, Candidate] = {}
    names: Counter[str] = Counter()
    for actions in islice(_combined(offers), limit):
        said = words(snapshot, actions)
        names[said] += 1
        name = said if names[said] == 1 else f"{said} #{names[said]}"
        _enter(found, _candidate(snapshot, name, edits_of(snapshot, actions)))
    for plain in list(found.values()) if wrong.count else []:
        weights = reweighting(plain.state)
        if weights is not None:
            name = "re-weight" if plain.name == NONE else f"{plain.name} + re-weight"
            _enter(found, _candidate(snapshot, name, (*plain.edits, weights)))
    if undo:
        _enter(found, _candidate(snapshot, UNDO, _needed(snapshot, undo)))
    return list(found.values()), max(0, total - limit)


def _enter(found: dict[bytes, Candidate], candidate: Candidate) -> None:
    """Of candidates that are the same to traffic, the one that changes least."""
    digest = _digest(candidate.state)
    found[digest] = min(found.get(digest, candidate), candidate, key=lambda each: each.key)


def _needed(snapshot: Snapshot, edits: Sequence[Edit]) -> tuple[Edit, ...]:
    """The edits without the cells that hold their value already."""
    kept = []
    for edit in edits:
        changed = snapshot.named(edit.table).array(edit.column)[edit.rows] != edit.after
        if changed.any():
            kept.append(replace(edit, rows=edit.rows[changed], after=edit.after[changed]))
    return tuple(kept)


def choices(snapshot: Snapshot, wrong: Failures) -> list[Choices]:
    """What may be done about each failure, besides nothing (SWARM Table 1), the most severe failure first."""
    ends = list(zip(wrong.cables.low.tolist(), wrong.cables.high.tolist(), strict=True))
    tier = tiers(snapshot)
    offers: list[Choices] = [_tor_choices(snapshot, tor, wrong) for tor in wrong.tors.tolist()]
    offers += [((Action(kind="disable_node", source=switch),),) for switch in wrong.switches.tolist()]
    offers += [((_cable("disable_link", *ends[cable]),),) for cable in wrong.lossy.tolist()]
    offers += [((_cable("enable_link", *ends[cable]),),) for cable in wrong.disabled.tolist()]
    lossy = set(wrong.lossy.tolist())
    for cable in wrong.congested.tolist():
        devices = [node for node in reversed(ends[cable]) if tier[node] > T0]
        link = () if cable in lossy else ((_cable("disable_link", *ends[cable]),),)
        offers.append((*link, *((Action(kind="disable_node", source=node),) for node in devices)))
    return [each for each in offers if each]


def _tor_choices(snapshot: Snapshot, tor: int, wrong: Failures) -> Choices:
    """Move the traffic away, and also take the t0 out of service; neither where nobody could take the traffic."""
    tier, t0, drop = tiers(snapshot), t0_of_servers(snapshot), snapshot[Nodes].drop_ratio
    server = np.flatnonzero((t0 >= 0) & (t0 != tor) & (drop < 1))
    if Placements not in snapshot or not (drop[t0[server]] < 1).any() or tier[tor] != T0:
        return ()
    move = Action(kind="move_traffic", source=tor)
    if drop[tor] >= 1:
        return ((move,),)
    return ((move,), (Action(kind="disable_node", source=tor), move))


def _combined(offers: Sequence[Choices]) -> Iterator[tuple[Action, ...]]:
    """All combinations, from both ends: nothing, something about everything, about one, about all but one, ...

    So the bound on their number cuts those in the middle: of many failures, a few acted upon or a few left alone.
    Lazy, because there may be astronomically many.
    """
    count = len(offers)
    sizes = dict.fromkeys(chain.from_iterable((few, count - few) for few in range(count // 2 + 1)))
    for size in sizes:
        for acted_upon in combinations(range(count), size):
            for picked in product(*(offers[each] for each in acted_upon)):
                yield tuple(chain.from_iterable(picked))


def _cable(kind: str, low: int, high: int) -> Action:
    return Action(kind=kind, source=low, target=high)


def _candidate(snapshot: Snapshot, name: str, edits: tuple[Edit, ...]) -> Candidate:
    return Candidate(name=name, edits=edits, state=apply_edits(snapshot, edits))


def _digest(state: Snapshot) -> bytes:
    """What traffic can notice of a network: two repairs that agree on it are one.

    A link that carries nothing has no other properties, whether it, its end or an operator is the reason; and nobody
    passes through a t0 without workloads.
    """
    links, nodes, tier = state[FabricLinks], state[Nodes], tiers(state)
    empty = tier == T0
    empty[np.flatnonzero(tier == T0)[peopled(state)]] = False
    alive = alive_links(state) & ~empty[links.source] & ~empty[links.target]
    noticed = (
        alive,
        np.where(alive, links.drop_ratio, 1.0),
        np.where(alive, links.weight, 0.0),
        np.where(alive, links.capacity_mbps, 0.0),
        np.where(empty, 1.0, nodes.drop_ratio),
        state[Placements].host if Placements in state else np.empty(0),
    )
    return b"|".join(each.tobytes() for each in noticed)
