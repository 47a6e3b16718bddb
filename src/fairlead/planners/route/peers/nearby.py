"""Nearby: closest site, best backbone path, closest site (Panorama 2.3, as Agora SD-RTN, AWS GA and others do it)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fairlead.model import DIRECT, Demands, Snapshot
from fairlead.planners.route.goal import RouteGoal
from fairlead.planners.route.nearest import best_backbone, nearest_site
from fairlead.planners.route.outcome import Choice, single_choice


def nearby_paths(
    snapshot: Snapshot, source_group: NDArray[np.int32], target_group: NDArray[np.int32]
) -> NDArray[np.int32]:
    """Path row [pairs] that Nearby takes; direct where an end has no site or no backbone path joins the two sites."""
    nearest = nearest_site(snapshot)
    ingress, egress = nearest[source_group], nearest[target_group]
    row = np.where((ingress < 0) | (egress < 0), -1, best_backbone(snapshot)[ingress, egress])
    return np.where(row < 0, DIRECT, row).astype(np.int32)


def choose(snapshot: Snapshot, goal: RouteGoal) -> Choice:
    """Each end enters at its closest site; sessions inside one group stay direct."""
    demands = snapshot[Demands]
    path = nearby_paths(snapshot, demands.source_group, demands.target_group)
    return single_choice(
        snapshot, np.where(demands.source_group == demands.target_group, DIRECT, path).astype(np.int32)
    )
