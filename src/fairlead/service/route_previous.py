"""What an earlier plan wrote, as the present routes of a network: what is still there keeps its share."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairlead.model import Demands, Groups, Routes, ServiceClasses, Snapshot, Stage
from fairlead.planners.route.slots import slot_count
from fairlead.service.route_files import path_labels
from fairlead.telemetry.estimates import coded_labels
from fairlead.telemetry.written_routes import WrittenRoutes

Rows = NDArray[np.int64]
_ROUNDING = 1e-9  # shares that sum to 1 but for this stay as they are
_STAGES = np.array([stage.name.lower() for stage in Stage])


def with_written(snapshot: Snapshot, written: WrittenRoutes) -> Snapshot:
    """The snapshot whose route slots hold what was written; groups, classes and paths are found again by name.

    What names something that is gone is dropped, and the weights that remain of a session group are scaled up to 1.
    One hash of each name; O(written rows + route slots).
    """
    slots, demands = slot_count(snapshot), snapshot[Demands]
    row = _demand_rows(snapshot, written)
    path = _places(written.sites, path_labels(snapshot))
    stage = _places(written.stage, _STAGES)
    good = np.flatnonzero((row >= 0) & (path >= 0) & (written.rank < slots))
    at = row[good] * slots + written.rank[good]
    weight = np.zeros(demands.row_count * slots)
    weight[at] = written.weight_ratio[good]
    total = np.repeat(weight.reshape(-1, max(slots, 1)).sum(axis=1), slots)
    paths = np.full(len(weight), -1, np.int32)
    stages = np.full(len(weight), Stage.UNREACHABLE.value, np.int32)
    paths[at], stages[at] = path[good], np.where(stage[good] >= 0, stage[good], Stage.UNREACHABLE.value)
    some_gone = (total > 0) & (np.abs(total - 1.0) > _ROUNDING)
    share = np.divide(weight, total, out=weight.copy(), where=some_gone)
    paths[total <= 0], stages[total <= 0] = -1, Stage.UNREACHABLE.value  # all of its weight is gone
    routes = snapshot[Routes]
    return snapshot.replaced(
        Routes.of(demand=routes.demand, rank=routes.rank, path=paths, weight_ratio=share, stage=stages)
    )


def _demand_rows(snapshot: Snapshot, written: WrittenRoutes) -> Rows:
    """[written rows] the session group of the same names, or -1."""
    demands, groups = snapshot[Demands], snapshot[Groups]
    class_names = snapshot[ServiceClasses].service_class
    source, target = (_places(names, groups.group) for names in (written.source_group, written.target_group))
    service_class = _places(written.service_class, class_names)
    asked = (source * groups.row_count + target) * len(class_names) + service_class
    asked[(source < 0) | (target < 0) | (service_class < 0)] = -1
    known = demands.source_group.astype(np.int64) * groups.row_count + demands.target_group
    known = known * len(class_names) + demands.service_class
    if not len(known):
        return np.full(len(asked), -1)
    order = np.argsort(known, kind="stable")
    place = np.minimum(np.searchsorted(known, asked, sorter=order), len(known) - 1)
    return np.where(known[order[place]] == asked, order[place], -1)


def _places(labels: NDArray[Any], names: NDArray[Any]) -> Rows:
    """[labels] the row of the equal name, as text; -1 where there is none."""
    distinct, code = coded_labels(labels)
    row_of = {str(name): row for row, name in enumerate(names.tolist())}
    return np.array([row_of.get(str(label), -1) for label in distinct.tolist()] or [-1], np.int64)[code]
