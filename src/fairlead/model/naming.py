"""Rows and cells in the network's own ids: what people and other programs know them by, never row numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairlead.model.snapshot import Snapshot
from fairlead.model.table import Array, Kind

JOINT = "->"
"""Between the ids that tell a row of a table whose key has several columns: ``C0->B0``, both ends of a link."""


def row_ids(snapshot: Snapshot, table_name: str, rows: Sequence[int] | NDArray[np.integer]) -> list[Any]:
    """What the key of the table says of each row: an id as it is, several as one text; the row number without a key.

    Ids that rows of other tables go by stand for them. O(rows).
    """
    table, chosen = snapshot.named(table_name), np.asarray(rows, np.int64)
    parts = [own_words(snapshot, table_name, name, table.array(name)[chosen]) for name in table.key]
    if len(parts) < 2:
        return parts[0] if parts else list(chosen.tolist())
    return [JOINT.join(map(str, each)) for each in zip(*parts, strict=True)]


def own_words(snapshot: Snapshot, table_name: str, column: str, values: Array) -> list[Any]:
    """Values of a column as plain data: of rows of another table their ids, null where it is none or not a number."""
    spec = snapshot.named(table_name).declared()[column]
    if spec.kind is not Kind.REFERENCE:
        return [None if isinstance(each, float) and not math.isfinite(each) else each for each in values.tolist()]
    known = values >= 0
    ids = iter(row_ids(snapshot, spec.refers, values[known]))
    return [next(ids) if each else None for each in known.tolist()]
