"""Session groups that join the same two user groups share their paths: the pairs, and which is whose."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fairlead.model import Demands, Groups, Snapshot

Rows = NDArray[np.int32]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pairs:
    """Distinct ordered pairs of user groups, by source, then target; ``of_demand`` [session groups] is its pair."""

    source_group: Rows
    target_group: Rows
    of_demand: Rows


def session_pairs(snapshot: Snapshot) -> Pairs:
    """The pairs that the demands name. One sort of the session groups."""
    demands, groups = snapshot[Demands], max(snapshot[Groups].row_count, 1)
    key = demands.source_group.astype(np.int64) * groups + demands.target_group
    distinct, place = np.unique(key, return_inverse=True)
    return Pairs(
        source_group=(distinct // groups).astype(np.int32),
        target_group=(distinct % groups).astype(np.int32),
        of_demand=place.astype(np.int32),
    )
