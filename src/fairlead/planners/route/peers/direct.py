"""Direct: everything over the plain Internet, without the overlay (Panorama 5.1)."""

from __future__ import annotations

import numpy as np

from fairlead.model import DIRECT, Demands, Snapshot
from fairlead.planners.route.goal import RouteGoal
from fairlead.planners.route.outcome import Choice, single_choice


def choose(snapshot: Snapshot, goal: RouteGoal) -> Choice:
    """The direct path for every session group, measured or not."""
    return single_choice(snapshot, np.full(snapshot[Demands].row_count, DIRECT, np.int32))
