"""In which order and how fast servers leave: the most useful first, few of one region at a time (Sentry section 5)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fairlead.kernels.cover import CoverProblem, Flags
from fairlead.model import Edit, Servers, Snapshot

Rows = NDArray[np.int64]

WAVE_INTERVAL_S = 5.0  # users of one wave have reconnected before the next one leaves
WAVE_REGION_RATIO = 0.1  # of a region's servers in one wave, at least one


def by_usefulness(problem: CoverProblem, chosen: Flags) -> Rows:
    """Chosen nodes, most failed weight per cost first: a plan that is interrupted has done the most it could.

    Any prefix keeps every quota that the whole set keeps, because quotas only count what is taken.
    """
    weight = np.bincount(problem.u, problem.g, problem.node_count) + np.bincount(
        problem.v, problem.g, problem.node_count
    )
    nodes = np.flatnonzero(chosen)
    ordered: Rows = nodes[np.lexsort((nodes, -weight[nodes] / problem.cost[nodes]))]
    return ordered


def waves(snapshot: Snapshot, rows: Rows, online: bool) -> tuple[Edit, ...]:
    """One edit a wave: rows of ``servers`` in order, at most a tenth of a region (at least one server) in each wave."""
    servers = snapshot[Servers]
    _, region = servers.codes("region")
    per_wave = np.maximum(1, np.floor(WAVE_REGION_RATIO * np.bincount(region))).astype(np.int64)
    of_region = region[rows]
    # place of each row among the rows of its own region, in the given order
    order = np.argsort(of_region, kind="stable")
    grouped = of_region[order]
    first = np.searchsorted(grouped, grouped)
    place = np.empty(len(rows), dtype=np.int64)
    place[order] = np.arange(len(rows)) - first
    wave = place // per_wave[of_region]
    return tuple(
        Edit(
            action="restore" if online else "drain",
            table=Servers.name,
            column="online",
            rows=rows[wave == number],
            after=np.full(np.count_nonzero(wave == number), online),
            start_s=float(number * WAVE_INTERVAL_S),
        )
        for number in range(int(wave.max(initial=-1)) + 1)
    )
