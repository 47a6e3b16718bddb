"""Keeping the last windows of a snapshot, and taking in newer ones."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fairlead.model import BadInputError, Kind, Snapshot, Table, Windows
from fairlead.telemetry.records import WINDOW_S, StreamRecords, WindowedStreams, windowed_streams

__all__ = ["WINDOW_S", "StreamRecords", "WindowedStreams", "last_windows", "windowed_streams", "with_windows"]


def last_windows(snapshot: Snapshot, count: int) -> Snapshot:
    """The snapshot with only its last ``count`` windows (all, when it has fewer); rows keep their order. O(rows)."""
    assert count >= 1, "at least one window"
    window = snapshot[Windows].window
    kept = np.sort(np.argsort(window, kind="stable")[-count:])
    places = np.full(len(window), -1, dtype=np.int32)
    places[kept] = np.arange(len(kept), dtype=np.int32)
    changed: list[Table] = [Windows.of(window=window[kept])]
    for table in snapshot.tables:
        for name in _window_columns(type(table)):
            placed = places[table.array(name)]
            changed.append(_rows(table, placed >= 0, name, placed))
    return snapshot.replaced(*changed)


def with_windows(snapshot: Snapshot, windows: Windows, *tables: Table) -> Snapshot:
    """The snapshot after newer ``tables``, which refer to the rows of ``windows``, have come in.

    A window that comes again replaces, in the tables given, all that was known of it; so the same report twice changes
    nothing, and reports of different windows may come in any order. Rows end up in the order of their windows.
    BadInputError when numbered windows meet times. O(rows log rows).
    """
    old, new = snapshot[Windows].window, windows.window
    if len(old) and len(new) and old.dtype.kind != new.dtype.kind:
        raise BadInputError(
            code="windows.mixed",
            what="numbered windows cannot be joined with times",
            where="windows.window",
            got=str(new.dtype),
            expected=str(old.dtype),
        )
    merged = np.union1d(old, new) if len(old) else np.unique(new)
    given = {type(table): table for table in tables}
    assert len(given) == len(tables), "one table of each type"
    changed: list[Table] = [Windows.of(window=merged)]
    for kind in dict.fromkeys([*(type(table) for table in snapshot.tables), *given]):
        for name in _window_columns(kind):
            parts: list[Table] = []
            if kind in snapshot:
                table = snapshot[kind]
                moments = old[table.array(name)]
                stays = ~np.isin(moments, new) if kind in given else np.ones(len(moments), dtype=bool)
                parts.append(_rows(table, stays, name, np.searchsorted(merged, moments)))
            if kind in given:
                table = given[kind]
                everything = np.ones(table.row_count, dtype=bool)
                parts.append(_rows(table, everything, name, np.searchsorted(merged, new[table.array(name)])))
            changed.append(_joined(parts, name))
    return snapshot.replaced(*changed)


def _window_columns(kind: type[Table]) -> list[str]:
    return [
        name for name, spec in kind.declared().items() if spec.kind is Kind.REFERENCE and spec.refers == Windows.name
    ]


def _rows(table: Table, kept: NDArray[np.bool_], window_column: str, placed: NDArray[np.integer]) -> Table:
    arrays = {name: placed if name == window_column else table.array(name) for name in table.declared()}
    return type(table).of(**{name: values[kept] for name, values in arrays.items()})


def _joined(parts: list[Table], window_column: str) -> Table:
    window = np.concatenate([part.array(window_column) for part in parts])
    order = np.argsort(window, kind="stable")
    names = parts[0].declared()
    return type(parts[0]).of(**{name: np.concatenate([part.array(name) for part in parts])[order] for name in names})
