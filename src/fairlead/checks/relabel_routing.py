"""The same routed overlay in other words: rows in another order, sites, groups and classes under other names."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from fairlead.model import Snapshot
from fairlead.model.table import Array, Kind, Table

_NAMED = ("sites", "groups", "service_classes")
_ORDER_HAS_MEANING = ("paths", "hops", "routes")


def relabelled_routing(snapshot: Snapshot, chance: np.random.Generator) -> Snapshot:
    """Every table shuffled and every id renamed; paths, hops and routes keep their order, for their rows are theirs.

    What has been derived from the links (Paths, Hops) keeps its paths; only the numbers of the sites change.
    """
    order = {
        table.name: np.arange(table.row_count)
        if table.name in _ORDER_HAS_MEANING
        else chance.permutation(table.row_count)
        for table in snapshot.tables
    }
    place = {name: np.argsort(rows).astype(np.int32) for name, rows in order.items()}
    changed = [_renamed(_shuffled(table, order[table.name], place), chance) for table in snapshot.tables]
    return Snapshot(_routes_by_demand(table, snapshot, order) for table in changed)


def _shuffled(table: Table, order: Array, place: Mapping[str, Array]) -> Table:
    columns: dict[str, Array] = {}
    for name, spec in table.declared().items():
        values = table.array(name)[order].copy()
        if spec.kind is Kind.REFERENCE:
            moved = place[spec.refers]
            values = np.where(values >= 0, moved[np.maximum(values, 0)], -1).astype(np.int32) if len(moved) else values
        columns[name] = values
    return type(table)(**columns)


def _renamed(table: Table, chance: np.random.Generator) -> Table:
    if table.name not in _NAMED:
        return table
    numbers = chance.permutation(table.row_count)
    return table.with_column(table.key[0], np.array([f"n{number}" for number in numbers], dtype="U"))


def _routes_by_demand(table: Table, snapshot: Snapshot, order: Mapping[str, Array]) -> Table:
    """Slots follow the new order of the demands."""
    if table.name != "routes" or not table.row_count:
        return table
    slots = table.row_count // snapshot.named("demands").row_count
    rows = (order["demands"][:, None] * slots + np.arange(slots)).ravel()
    return type(table)(**{name: table.array(name)[rows].copy() for name in table.declared()})
