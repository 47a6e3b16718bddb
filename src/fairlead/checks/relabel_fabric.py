"""The same fabric in other words: nodes under other names, rows of nodes, links and traffic in another order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from fairlead.model import Snapshot
from fairlead.model.table import Array, Kind, Table

_IN_ORDER_OF_NODES = "placements"
_ORDER_HAS_MEANING = ("flow_sizes", "candidates")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RelabelledFabric:
    """A fabric in other words. ``order`` of each table: its old rows in the new order."""

    snapshot: Snapshot
    order: Mapping[str, Array]

    def said(self, snapshot: Snapshot) -> Snapshot:
        """Another state of the same network, in the same other words."""
        names = self.snapshot.named("nodes").array("node")
        place = np.argsort(self.order["nodes"])
        return Snapshot(_table(table, self.order[table.name], place, names) for table in snapshot.tables)


def relabelled_fabric(snapshot: Snapshot, chance: np.random.Generator) -> RelabelledFabric:
    """Every table shuffled, every node renamed; flow sizes and candidates keep their order, placements follow nodes."""
    nodes = chance.permutation(snapshot.named("nodes").row_count)
    place = np.argsort(nodes)
    order: dict[str, Array] = {}
    for table in snapshot.tables:
        rows = np.arange(table.row_count)
        if table.name == _IN_ORDER_OF_NODES:
            rows = np.argsort(place[table.array("server")])
        elif table.name not in _ORDER_HAS_MEANING:
            rows = chance.permutation(table.row_count)
        order[table.name] = rows
    order["nodes"] = nodes
    names = np.array([f"n{number}" for number in chance.permutation(len(nodes))], "U")
    changed = Snapshot(_table(table, order[table.name], place, names) for table in snapshot.tables)
    return RelabelledFabric(snapshot=changed, order=order)


def _table(table: Table, order: Array, place: Array, names: Array) -> Table:
    """Rows in another order; references to nodes by their new rows; the nodes themselves under new names."""
    columns: dict[str, Array] = {}
    for name, spec in table.declared().items():
        values = table.array(name)[order].copy()
        if spec.kind is Kind.REFERENCE and len(place):
            values = np.where(values >= 0, place[np.maximum(values, 0)], -1).astype(np.int32)
        columns[name] = values
    if table.name == "nodes":
        columns["node"] = names
    return type(table)(**columns)
