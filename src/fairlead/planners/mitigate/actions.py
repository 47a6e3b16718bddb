"""One step of a repair as edits of the fabric (SWARM 3.4: whatever can be said as a change of state can be ranked)."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

import numpy as np

from fairlead.model import ACTIONS, BadInputError, Edit, FabricLinks, Nodes, Placements, Snapshot
from fairlead.planners.mitigate.cables import SERVER, T0, Rows, cable_name, t0_of_servers, tiers

_STEPS = ("none", "enable_link", "set_weight", "move_traffic", "disable_link", "disable_node")

Cells = dict[int, float]
"""Row -> what the cell becomes; flags as 0 and 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One row of ``candidates``: rows of ``nodes`` or -1, and its value or NaN (see that table for their meaning)."""

    kind: str
    source: int = -1
    target: int = -1
    value: float = math.nan


def edits_of(snapshot: Snapshot, actions: Sequence[Action]) -> tuple[Edit, ...]:
    """The edits that carry out the actions; of two on one cell the later wins, what holds already is left alone.

    They come in an order that takes nothing away before its stand-in is there: links brought back, weights, moves, and
    only then what goes out of service.

    disable_link, enable_link : ``links.up`` of both directions
    disable_node              : ``nodes.drop_ratio`` 1
    set_weight                : ``links.weight`` of one direction. Rows of ``destination_weights`` still override it.
    move_traffic              : ``placements.host``, round robin over the target t0s and the servers of each; servers
                                that are down, and those of t0s that this repair empties or disables, take nothing

    BadInputError for what cannot be done. O(edited columns), and O(nodes + links) for a move.
    """
    leaving = frozenset(action.source for action in actions if action.kind in ("disable_node", "move_traffic"))
    written: dict[tuple[str, str, str], dict[int, float]] = {}
    state = _State(snapshot)
    for action in actions:
        if action.kind not in _CELLS:
            raise _bad("an action is unknown", action.kind, ", ".join(ACTIONS), code="mitigate.action")
        table, column, cells = _CELLS[action.kind](state, action, leaving)
        for (other_table, other_column, _), earlier in written.items():
            if (other_table, other_column) == (table, column):  # the later action on a cell wins
                for row in cells.keys() & earlier.keys():
                    del earlier[row]
        written.setdefault((table, column, action.kind), {}).update(cells)
    return tuple(
        edit
        for (table, column, kind), cells in sorted(written.items(), key=lambda each: _STEPS.index(each[0][2]))
        if (edit := _edit(snapshot, table, column, kind, cells)).cell_count
    )


class _State:
    """The snapshot and, as moves of one repair follow each other, where workloads are by now."""

    __slots__ = ("host", "snapshot")

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self.host: Rows | None = None


def _nothing(state: _State, action: Action, leaving: Collection[int]) -> tuple[str, str, Cells]:
    return FabricLinks.name, "up", {}


def _up(flag: float) -> Callable[[_State, Action, Collection[int]], tuple[str, str, Cells]]:
    def cells(state: _State, action: Action, leaving: Collection[int]) -> tuple[str, str, Cells]:
        _needs_both_ends(state.snapshot, action)
        ends = ((action.source, action.target), (action.target, action.source))
        rows = [row for source, target in ends for row in _link_rows(state.snapshot, source, target)]
        if not rows:
            raise _no_link(state.snapshot, action)
        return FabricLinks.name, "up", dict.fromkeys(rows, flag)

    return cells


def _disabled_node(state: _State, action: Action, leaving: Collection[int]) -> tuple[str, str, Cells]:
    if action.source < 0:
        raise _bad("disable_node without the node", "no source", "a switch or server", code="mitigate.ends")
    return Nodes.name, "drop_ratio", {action.source: 1.0}


def _weighted(state: _State, action: Action, leaving: Collection[int]) -> tuple[str, str, Cells]:
    _needs_both_ends(state.snapshot, action)
    rows = _link_rows(state.snapshot, action.source, action.target)
    if not rows:
        raise _no_link(state.snapshot, action)
    if math.isnan(action.value):
        raise _bad(
            "set_weight without a weight",
            "no value",
            "a weight of 0 or more",
            _ends(state, action),
            code="mitigate.value",
        )
    return FabricLinks.name, "weight", {rows[0]: action.value}


def _moved(state: _State, action: Action, leaving: Collection[int]) -> tuple[str, str, Cells]:
    snapshot = state.snapshot
    tier = tiers(snapshot)
    for role, node in (("source", action.source), ("target", action.target)):
        if (role == "source" and node < 0) or (node >= 0 and tier[node] != T0):
            name = "none" if node < 0 else f"{snapshot[Nodes].node[node]} ({snapshot[Nodes].tier[node]})"
            raise _bad(f"the {role} of move_traffic is no t0", name, "a node of tier t0", code="mitigate.ends")
    share = 1.0 if math.isnan(action.value) else action.value
    if not share <= 1:
        raise _bad(
            "move_traffic of more than all",
            f"{share:g}",
            "a share, 0 to 1",
            _ends(state, action),
            code="mitigate.value",
        )
    if Placements not in snapshot:
        raise _bad("there is no record of where workloads run", "no table", Placements.name, code="mitigate.placements")
    if state.host is None:
        state.host = snapshot[Placements].host.astype(np.int64)
    t0 = t0_of_servers(snapshot)
    there = np.flatnonzero(t0[state.host] == action.source)
    going = there[: round(share * len(there))]
    takers = _takers(snapshot, t0, action, leaving)
    if len(going) and not len(takers):
        raise _bad(
            "no server is left to take the traffic",
            _ends(state, action),
            "a t0 with live servers",
            code="mitigate.no_target",
        )
    new = np.resize(takers, len(going))
    state.host[going] = new
    return Placements.name, "host", dict(zip(going.tolist(), new.tolist(), strict=True))


def _takers(snapshot: Snapshot, t0: Rows, action: Action, leaving: Collection[int]) -> Rows:
    """Servers that take moved traffic, first one of each t0, then the second of each, and so on."""
    nodes = snapshot[Nodes]
    server = np.flatnonzero((t0 >= 0) & (tiers(snapshot) == SERVER))
    if action.target >= 0:
        named: Rows = server[t0[server] == action.target]
        return named
    kept = ~np.isin(t0[server], [*leaving, action.source]) & (nodes.drop_ratio[server] < 1)
    kept &= nodes.drop_ratio[t0[server]] < 1
    server = server[kept]
    near = server[(nodes.pod[t0[server]] == nodes.pod[action.source]) & (nodes.pod[action.source] != "")]
    chosen = near if len(near) else server
    chosen = chosen[np.argsort(t0[chosen], kind="stable")]
    _, start, which = np.unique(t0[chosen], return_index=True, return_inverse=True)
    turn = np.lexsort((t0[chosen], np.arange(len(chosen)) - start[which]))
    taking: Rows = chosen[turn]
    return taking


_CELLS: dict[str, Callable[[_State, Action, Collection[int]], tuple[str, str, Cells]]] = {
    "none": _nothing,
    "disable_link": _up(0.0),
    "enable_link": _up(1.0),
    "disable_node": _disabled_node,
    "set_weight": _weighted,
    "move_traffic": _moved,
}


def _edit(snapshot: Snapshot, table: str, column: str, kind: str, cells: Cells) -> Edit:
    present = snapshot.named(table).array(column) if cells else np.empty(0)
    rows = np.array(sorted(cells), np.int64)
    after = np.array([cells[row] for row in rows.tolist()]).astype(present.dtype)
    changed = present[rows] != after if cells else np.empty(0, np.bool_)
    return Edit(action=kind, table=table, column=column, rows=rows[changed], after=after[changed])


def _link_rows(snapshot: Snapshot, source: int, target: int) -> list[int]:
    links = snapshot[FabricLinks]
    return [int(row) for row in np.flatnonzero((links.source == source) & (links.target == target))]


def _needs_both_ends(snapshot: Snapshot, action: Action) -> None:
    if action.source < 0 or action.target < 0:
        raise _bad(f"{action.kind} takes both ends of a link", "one or none", "source and target", code="mitigate.ends")


def _no_link(snapshot: Snapshot, action: Action) -> BadInputError:
    name = cable_name(snapshot, action.source, action.target)
    return _bad(
        f"{action.kind} of a link that does not exist", name, f"a row of {FabricLinks.name}", code="mitigate.no_link"
    )


def _ends(state: _State, action: Action) -> str:
    """The ends of an action in the operator's own names, for a message."""
    node = state.snapshot[Nodes].node
    named = [str(node[each]) for each in (action.source, action.target) if each >= 0]
    return f"{action.kind} {' '.join(named)}".strip()


def _bad(what: str, got: str, expected: str, where: str = "candidates", *, code: str) -> BadInputError:
    hint = "see the table candidates in the reference"
    return BadInputError(code=code, what=what, where=where, got=got, expected=expected, hint=hint)
