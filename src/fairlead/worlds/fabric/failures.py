"""Failures as edits: what breaks in a fabric, written as cells of its tables. Both directions of a link break alike."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fairlead.model import Edit, FabricLinks, Nodes, Snapshot, UsageError

HIGH_DROP_RATIO = 5e-2
LOW_DROP_RATIO = 5e-5
"""The two levels of packet corruption of SWARM's scenarios (appendix C)."""

CORROPT_LOSS = ((1e-8, 1e-5, 0.4723), (1e-5, 1e-4, 0.1843), (1e-4, 1e-3, 0.2167), (1e-3, 1e-2, 0.1267))
"""From, to, share: loss of corrupting links in production (CorrOpt, SIGCOMM 2017, Table 1)."""


def lossy_link(snapshot: Snapshot, one: str, other: str, drop_ratio: float) -> tuple[Edit, ...]:
    """The link between two nodes loses this share of its packets."""
    rows = link_rows(snapshot, one, other)
    return (_edit("lossy_link", FabricLinks.name, "drop_ratio", rows, np.full(len(rows), drop_ratio)),)


def cut_link(snapshot: Snapshot, one: str, other: str) -> tuple[Edit, ...]:
    """The link between two nodes is down and carries nothing: no operator can bring it back, unlike a disabled one."""
    rows = link_rows(snapshot, one, other)
    return (
        _edit("cut_link", FabricLinks.name, "drop_ratio", rows, np.ones(len(rows))),
        _edit("cut_link", FabricLinks.name, "up", rows, np.zeros(len(rows), dtype=np.bool_)),
    )


def disabled_link(snapshot: Snapshot, one: str, other: str) -> tuple[Edit, ...]:
    """The link between two nodes is out of service as operators leave it: what it lost before, it still would."""
    rows = link_rows(snapshot, one, other)
    return (_edit("disable_link", FabricLinks.name, "up", rows, np.zeros(len(rows), dtype=np.bool_)),)


def narrowed_link(snapshot: Snapshot, one: str, other: str, kept_ratio: float = 0.5) -> tuple[Edit, ...]:
    """The link between two nodes keeps this share of its capacity, as when fibres of a bundle are cut."""
    rows = link_rows(snapshot, one, other)
    after = snapshot[FabricLinks].capacity_mbps[rows] * kept_ratio
    return (_edit("narrowed_link", FabricLinks.name, "capacity_mbps", rows, after),)


def lossy_switch(snapshot: Snapshot, node: str, drop_ratio: float) -> tuple[Edit, ...]:
    """A switch loses this share of what passes through it."""
    return (_edit("lossy_switch", Nodes.name, "drop_ratio", _node_row(snapshot, node), np.array([drop_ratio])),)


def down_switch(snapshot: Snapshot, node: str) -> tuple[Edit, ...]:
    """A switch is down."""
    return (_edit("down_switch", Nodes.name, "drop_ratio", _node_row(snapshot, node), np.ones(1)),)


def corropt_drop_ratio(chance: np.random.Generator) -> float:
    """A drop ratio as corrupting links have it in production: CORROPT_LOSS, log-uniform inside a bucket."""
    bucket = chance.choice(len(CORROPT_LOSS), p=[share for _, _, share in CORROPT_LOSS])
    low, high, _ = CORROPT_LOSS[bucket]
    return float(np.exp(chance.uniform(np.log(low), np.log(high))))


def link_rows(snapshot: Snapshot, one: str, other: str) -> NDArray[np.int64]:
    """Rows of both directions of the link between two nodes, by name. UsageError where there is none."""
    links = snapshot[FabricLinks]
    first, second = _node_row(snapshot, one)[0], _node_row(snapshot, other)[0]
    joined = ((links.source == first) & (links.target == second)) | ((links.source == second) & (links.target == first))
    rows = np.flatnonzero(joined)
    if not len(rows):
        raise UsageError(
            code="world.no_link",
            what=f"there is no link between {one} and {other}",
            where="links",
            got=f"{one} - {other}",
            expected="two neighbours",
        )
    return rows


def _node_row(snapshot: Snapshot, node: str) -> NDArray[np.int64]:
    rows = np.flatnonzero(snapshot[Nodes].node == node)
    if not len(rows):
        raise UsageError(
            code="world.no_node",
            what=f"there is no node {node}",
            where="nodes",
            got=node,
            expected="the name of a node",
        )
    return rows


def _edit(action: str, table: str, column: str, rows: NDArray[np.int64], after: NDArray[np.generic]) -> Edit:
    return Edit(action=action, table=table, column=column, rows=rows, after=after)
