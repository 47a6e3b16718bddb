"""A plan as a walk: one step a written row, in the order in which the network will live through it.

What a step does depends on the steps before it: a drain of a server that is down already takes nothing away, and a
restore that comes first makes room for a drain. So every rule that counts, counts along the walk.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fairlead.model import Edit, Servers, Snapshot

Flags = NDArray[np.bool_]
Rows = NDArray[np.int64]
Reals = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Walk:
    """Every write of ``servers.online``.

    row     : [steps] the server
    edit    : [steps] which edit of the plan
    start_s : [steps] earliest start after that of the plan; never before the step ahead of it
    after   : [steps] online from this step on
    change  : [steps] -1 takes capacity away, +1 gives it back, 0 finds the server like that already
    """

    row: Rows
    edit: Rows
    start_s: Reals
    after: Flags
    change: Rows

    @property
    def drains(self) -> Flags:
        """[steps] the restrictive ones: online before, offline after."""
        drains: Flags = self.change < 0
        return drains


def walk(snapshot: Snapshot, edits: Sequence[Edit]) -> Walk:
    """The walk of a plan whose rows exist. O(steps log steps)."""
    online = snapshot[Servers].online
    numbers = [number for number, edit in enumerate(edits) if (edit.table, edit.column) == ("servers", "online")]
    row = np.concatenate([np.empty(0, np.int64), *(edits[number].rows for number in numbers)])
    after = np.concatenate([np.empty(0, np.bool_), *(edits[number].after for number in numbers)])
    cells = [edits[number].cell_count for number in numbers]
    starts = np.maximum.accumulate([edits[number].start_s for number in numbers]) if numbers else np.empty(0)
    # the state ahead of a step is what the step before it on the same server wrote, or the snapshot
    order = np.argsort(row, kind="stable")
    ahead = online[row[order]]
    again = np.flatnonzero(row[order][1:] == row[order][:-1]) + 1
    ahead[again] = after[order][again - 1]
    before = np.empty(len(row), np.bool_)
    before[order] = ahead
    return Walk(
        row=row,
        edit=np.repeat(np.array(numbers, np.int64), cells),
        start_s=np.repeat(starts, cells),
        after=after,
        change=after.astype(np.int64) - before.astype(np.int64),
    )


def running_total(change: NDArray[np.generic], group: Rows, at_start: Reals) -> Reals:
    """[steps] the total of each step's own group once the step is done.

    change [steps] is added to the total of group [steps]; at_start [groups] are the totals before the first step.
    """
    order = np.argsort(group, kind="stable")
    along = np.cumsum(change[order], dtype=np.float64)
    in_order = group[order]
    first = np.searchsorted(in_order, in_order, side="left")
    before_group = np.where(first > 0, along[first - 1], 0.0)
    total = np.empty(len(change))
    total[order] = along - before_group + at_start[in_order]
    return total
