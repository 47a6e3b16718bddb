"""What a repair does, in the operator's own names: actions and edits as words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from types import MappingProxyType

import numpy as np

from fairlead.model import Edit, FabricLinks, Nodes, Placements, Snapshot
from fairlead.planners.mitigate.actions import Action
from fairlead.planners.mitigate.cables import cable_name, t0_of_servers, tiers

NONE = "none"
"""Name of the candidate that changes nothing."""

UNDO = "undo the last repair"
"""Name of the candidate that takes back what was decided before, where nothing shorter says the same."""

_STEPS = 8


def words(snapshot: Snapshot, actions: Iterable[Action]) -> str:
    """``disable C0-B0 + bring back C1-B1``: what a repair does, in a line; ``none`` where it does nothing.

    Of many steps the first and last are named, and how many there are; two repairs may then have one name.
    """
    steps = [action for action in actions if action.kind != "none"]
    if len(steps) > _STEPS:
        first, last = (_SAID[each.kind](snapshot, each) for each in (steps[0], steps[-1]))
        return f"{first} + ... + {last} ({len(steps)} steps)"
    said = [_SAID[action.kind](snapshot, action) for action in steps]
    return " + ".join(dict.fromkeys(said)) or NONE


def told(snapshot: Snapshot, edits: Iterable[Edit]) -> tuple[str, ...]:
    """What edits of this room do to a snapshot, one line a cable, switch, weight or t0. O(edited cells)."""
    lines: list[str] = []
    for edit in edits:
        lines.extend(_TOLD[edit.table, edit.column](snapshot, edit))
    return tuple(dict.fromkeys(lines))


def _cable(snapshot: Snapshot, source: int, target: int) -> str:
    tier = tiers(snapshot)
    return cable_name(snapshot, *((source, target) if tier[source] < tier[target] else (target, source)))


def _moved(snapshot: Snapshot, action: Action) -> str:
    node = snapshot[Nodes].node
    share = "" if np.isnan(action.value) or action.value == 1 else f"{action.value:.0%} of "
    onto = f" to {node[action.target]}" if action.target >= 0 else ""
    return f"move {share}traffic off {node[action.source]}{onto}"


_SAID: MappingProxyType[str, Callable[[Snapshot, Action], str]] = MappingProxyType(
    {
        "disable_link": lambda snapshot, action: f"disable {_cable(snapshot, action.source, action.target)}",
        "enable_link": lambda snapshot, action: f"bring back {_cable(snapshot, action.source, action.target)}",
        "disable_node": lambda snapshot, action: f"disable {snapshot[Nodes].node[action.source]}",
        "set_weight": lambda snapshot, action: (
            f"weigh {snapshot[Nodes].node[action.source]}>{snapshot[Nodes].node[action.target]} {action.value:g}"
        ),
        "move_traffic": _moved,
    }
)


def _told_up(snapshot: Snapshot, edit: Edit) -> list[str]:
    links = snapshot[FabricLinks]
    verb = {False: "take link {} out of service", True: "bring link {} back into service"}
    return [
        verb[bool(up)].format(_cable(snapshot, int(links.source[row]), int(links.target[row])))
        for row, up in zip(edit.rows.tolist(), edit.after.tolist(), strict=True)
    ]


def _told_weight(snapshot: Snapshot, edit: Edit) -> list[str]:
    links, node = snapshot[FabricLinks], snapshot[Nodes].node
    return [
        f"weight of next hop {node[links.target[row]]} at {node[links.source[row]]}: {links.weight[row]:g} -> {after:g}"
        for row, after in zip(edit.rows.tolist(), edit.after.tolist(), strict=True)
    ]


def _told_node(snapshot: Snapshot, edit: Edit) -> list[str]:
    nodes = snapshot[Nodes]
    return [f"take {nodes.tier[row]} {nodes.node[row]} out of service" for row in edit.rows.tolist()]


def _told_host(snapshot: Snapshot, edit: Edit) -> list[str]:
    node, t0, host = snapshot[Nodes].node, t0_of_servers(snapshot), snapshot[Placements].host
    moves = Counter(
        (int(t0[host[row]]), int(t0[to])) for row, to in zip(edit.rows.tolist(), edit.after.tolist(), strict=True)
    )
    return [f"move {count} workloads from {node[old]} to {node[new]}" for (old, new), count in sorted(moves.items())]


_TOLD: MappingProxyType[tuple[str, str], Callable[[Snapshot, Edit], list[str]]] = MappingProxyType(
    {
        (FabricLinks.name, "up"): _told_up,
        (FabricLinks.name, "weight"): _told_weight,
        (Nodes.name, "drop_ratio"): _told_node,
        (Placements.name, "host"): _told_host,
    }
)
