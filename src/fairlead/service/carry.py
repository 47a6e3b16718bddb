"""An edit counts rows of the snapshot it was made from; servers may have come or gone in a newer one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from fairlead.model import Edit, Snapshot, StaleError


def carried(edit: Edit, made_from: Snapshot, newer: Snapshot) -> Edit:
    """The same edit on the rows that have the same ids in ``newer``. StaleError when one of them is gone."""
    old, new = made_from.named(edit.table), newer.named(edit.table)
    key = old.key[0]
    if old.digest(key) == new.digest(key):
        return edit
    row_of = {own_id: row for row, own_id in enumerate(new.array(key).tolist())}
    ids = old.array(key)[edit.rows].tolist()
    gone = [own_id for own_id in ids if own_id not in row_of]
    if gone:
        raise StaleError(
            code="turn.row_gone",
            what=f"the {edit.action} cannot be carried over to the newest snapshot",
            where=edit.table,
            got=f"no {key} {gone[0]}" + (f" (and {len(gone) - 1} more)" if len(gone) > 1 else ""),
            hint="make a new plan",
        )
    return replace(edit, rows=np.array([row_of[own_id] for own_id in ids], dtype=np.int64))
