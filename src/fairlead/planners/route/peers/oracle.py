"""Oracle: the path of lowest latency over all sites for every session group, whatever it costs or carries (5.1)."""

from __future__ import annotations

import numpy as np

from fairlead.model import DIRECT, Demands, Snapshot
from fairlead.planners.route.goal import RouteGoal
from fairlead.planners.route.outcome import Choice, single_choice
from fairlead.planners.route.paths import top_paths


def choose(snapshot: Snapshot, goal: RouteGoal) -> Choice:
    """Exact; direct where no path is known."""
    demands = snapshot[Demands]
    best = top_paths(snapshot, demands.source_group, demands.target_group, 1).path[:, 0]
    return single_choice(snapshot, np.where(best < 0, DIRECT, best).astype(np.int32))
