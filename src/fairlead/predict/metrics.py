"""METRICS: one definition each. The planner promises with it, the gate limits it, the audit measures it.

Every metric is a pure function of a snapshot; what an edit does to it is the metric of the edited snapshot.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np

from fairlead.model import Servers, Snapshot
from fairlead.predict.overlay import failing_at, last_window, qoe_costs, region_load, region_up_ratio


def success_ratio(snapshot: Snapshot) -> float:
    """Share of the original demand that does not fail (Sentry Eq. 1, newest window).

    Departs: Eq. 1 divides by the streams that are left, so it improves as traffic is removed and is undefined when all
    is gone. Here the demand is that of all pairs, also of offline servers, whose streams re-home; NaN without demand,
    because an objective over no streams is not met.
    """
    window = last_window(snapshot)
    if window.demand_count == 0:
        return float("nan")
    failing = int(window.failed_count[failing_at(snapshot)].sum(dtype=np.int64))
    return 1.0 - failing / window.demand_count


def served_ratio(snapshot: Snapshot) -> float:
    """Share of the original demand that works where it is: neither failed nor moved because an end went offline."""
    window = last_window(snapshot)
    if window.demand_count == 0:
        return float("nan")
    online = snapshot[Servers].online
    stays = online[window.source] & online[window.target]
    return float(window.succeeded_count[stays].sum(dtype=np.int64)) / window.demand_count


def qoe_cost(snapshot: Snapshot) -> float:
    """QoE degradation score (Sentry 4.1.3) summed over all servers that are offline."""
    return float(qoe_costs(snapshot)[~snapshot[Servers].online].sum())


def offline_count(snapshot: Snapshot) -> float:
    """Servers that are offline."""
    return float(np.count_nonzero(~snapshot[Servers].online))


def region_up_ratio_min(snapshot: Snapshot) -> float:
    """Share of servers online in the region that has the smallest."""
    return float(region_up_ratio(snapshot).min(initial=1.0))


def region_utilisation_max(snapshot: Snapshot) -> float:
    """Load over surviving capacity in the worst region whose capacity is known; NaN when none is."""
    ratios = region_load(snapshot).utilisation_ratio
    return float(np.nanmax(ratios)) if not np.isnan(ratios).all() else float("nan")


METRICS: Mapping[str, Callable[[Snapshot], float]] = MappingProxyType(
    {
        metric.__name__: metric
        for metric in (
            success_ratio,
            served_ratio,
            qoe_cost,
            offline_count,
            region_up_ratio_min,
            region_utilisation_max,
        )
    }
)
