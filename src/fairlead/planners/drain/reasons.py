"""Why each server and why not its neighbour: in numbers and in words."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fairlead.kernels.cover import Flags
from fairlead.model import Reason, Servers, Snapshot
from fairlead.planners.drain.failures import Failures

Rows = NDArray[np.int64]
Reals = NDArray[np.float64]


def server_reasons(snapshot: Snapshot, found: Failures, weight: Reals, ordered: Rows) -> tuple[Reason, ...]:
    """One reason a drained server: what it covers, what would fail without it, and its best alternative.

    weight  : [pairs] streams expected to fail
    ordered : node numbers in the order of the plan
    """
    chosen = np.zeros(len(found.server_rows), dtype=bool)
    chosen[ordered] = True
    all_failing = float(found.failed_count.sum())
    covers = _at_nodes(found, found.failed_count, np.ones(found.pair_count, dtype=bool))
    alone = _at_nodes(found, weight, ~(chosen[found.u] & chosen[found.v]))
    rival, rival_share = _largest_open_neighbour(found, weight, chosen)
    ids = snapshot[Servers].server
    reasons = []
    for node in ordered.tolist():
        numbers = {
            "covered_count": float(covers[node]),
            "failing_count": all_failing,
            "needed_count": float(alone[node]),
            "cost": float(found.cost[node]),
        }
        text = (
            f"covers {covers[node]:.0f} of {all_failing:.0f} failed streams at a cost of {found.cost[node]:.1f}; "
            f"without it {alone[node]:.1f} of the streams expected to fail would have no other remedy"
        )
        if rival[node] >= 0:
            other = int(rival[node])
            name = ids[found.server_rows[other]]
            numbers |= {"neighbour_covers_count": float(rival_share[node]), "neighbour_cost": float(found.cost[other])}
            text += (
                f"; its neighbour {name} (cost {found.cost[other]:.1f}) shares only {rival_share[node]:.1f} of them"
                if rival_share[node] < alone[node] - 1e-9
                else f"; its neighbour {name} would do the same for {found.cost[other]:.1f}"
            )
        reasons.append(
            Reason(key="drain.covers", text=text, table=Servers.name, row=int(found.server_rows[node]), numbers=numbers)
        )
    return tuple(reasons)


def _at_nodes(found: Failures, weight: Reals, counted: Flags) -> Reals:
    """[nodes] weight of the counted pairs at each node."""
    size = len(found.server_rows)
    held = np.where(counted, weight, 0.0)
    total = np.bincount(found.u, held, size) + np.bincount(found.v, held, size)
    return total.astype(np.float64)


def _largest_open_neighbour(found: Failures, weight: Reals, chosen: Flags) -> tuple[Rows, Reals]:
    """[nodes] for each chosen node the online neighbour that shares most weight with it (or -1), and how much."""
    size = len(found.server_rows)
    ends = np.concatenate([found.u, found.v])
    others = np.concatenate([found.v, found.u])
    wanted = chosen[ends] & ~chosen[others]
    link = ends[wanted] * size + others[wanted]
    links, place = np.unique(link, return_inverse=True)
    shared = np.bincount(place, np.concatenate([weight, weight])[wanted], len(links))
    order = np.lexsort((links, shared))  # the largest share of each node is written last
    rival, share = np.full(size, -1, dtype=np.int64), np.zeros(size)
    rival[links[order] // size] = links[order] % size
    share[links[order] // size] = shared[order]
    return rival, share
