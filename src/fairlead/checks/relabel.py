"""The same network in other words: rows in another order, servers and regions under other names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from fairlead.model import Servers, ServerWindows, Snapshot, Streams
from fairlead.model.table import Array, Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Relabelled:
    """A network in other words, and the new id of each old one."""

    snapshot: Snapshot
    new_id: Mapping[str | int, str]


def rebuilt(snapshot: Snapshot) -> Snapshot:
    """An equal snapshot from copied arrays: nothing that was remembered about the old one is kept."""
    return Snapshot(_with(table, {}) for table in snapshot.tables)


def relabelled(snapshot: Snapshot, chance: np.random.Generator) -> Relabelled:
    """Servers, streams and reports shuffled; ids, regions and data centers renamed; ends of pairs swapped at random."""
    servers, streams, reports = snapshot[Servers], snapshot[Streams], snapshot[ServerWindows]
    order = chance.permutation(servers.row_count)
    place = np.empty(len(order), np.int32)
    place[order] = np.arange(len(order), dtype=np.int32)
    names = np.array([f"n{number}" for number in chance.permutation(len(order))], dtype="U")
    columns: dict[str, Array] = {name: servers.array(name)[order] for name in servers.declared()}
    columns["server"] = names
    for label in ("region", "data_center"):
        distinct, code = servers.codes(label)
        columns[label] = np.array([f"{label}{n}" for n in chance.permutation(len(distinct))], "U")[code[order]]
    turned = chance.random(streams.row_count) < 0.5
    source, target = place[streams.source], place[streams.target]
    ends = {"source": np.where(turned, target, source), "target": np.where(turned, source, target)}
    mixed = Snapshot(
        [
            *(table for table in snapshot.tables if not isinstance(table, Servers | Streams | ServerWindows)),
            Servers.of(**columns),
            _with(streams, ends, chance.permutation(streams.row_count)),
            _with(reports, {"server": place[reports.server]}, chance.permutation(reports.row_count)),
        ]
    )
    return Relabelled(snapshot=mixed, new_id=dict(zip(servers.server[order].tolist(), names.tolist(), strict=True)))


def _with(table: Table, changed: Mapping[str, Array], order: Array | None = None) -> Table:
    at = slice(None) if order is None else order
    return type(table)(**{name: changed.get(name, table.array(name))[at].copy() for name in table.declared()})
