"""Panorama's Table 1 and Figure 5: how many sites the best paths use, and what the paper's heuristic loses."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairlead.model import Demands, Direct, Paths, Snapshot
from fairlead.planners.route.backbone import with_paths
from fairlead.planners.route.candidates import candidate_paths
from fairlead.planners.route.goal import RouteGoal
from fairlead.planners.route.pairs import session_pairs
from fairlead.planners.route.paths import TopPaths, top_paths
from fairlead.service.route_figures import weighted_quantile

Reals = NDArray[np.float64]
Int32s = NDArray[np.int32]
COUNTED_K = (3, 5, 7, 9, 10)  # of Table 1


def path_figures(cycles: Iterable[Snapshot], goal: RouteGoal) -> dict[str, Any]:
    """Both on the last of the ``cycles``; the heuristic's bandit learns from all of them, in their order.

    Pairs of groups count by their demand. Direct paths are left out, as the paper's K paths are overlay paths.
    """
    memory, seen = None, None
    for network in cycles:
        if seen is not network:
            seen, snapshot = network, with_paths(_overlay_only(network), goal.backbone_count)
            pairs, weight = _pairs_and_weight(snapshot)
        found, memory = candidate_paths(snapshot, *pairs, memory, k=goal.path_count, size=goal.candidate_count)
    assert seen is not None, "at least one cycle"
    exact = top_paths(snapshot, *pairs, goal.path_count)
    return {
        "sites_in_optimum": _sites_in_optimum(with_paths(snapshot, max(COUNTED_K)), pairs, weight),
        "heuristic_above_exact": _excess(found, exact, weight),
    }


def _sites_in_optimum(snapshot: Snapshot, pairs: tuple[Int32s, Int32s], weight: Reals) -> dict[str, dict[str, float]]:
    """Mean number of different sites at either end of the K best paths, by K (Table 1)."""
    path, paths = top_paths(snapshot, *pairs, max(COUNTED_K)).path, snapshot[Paths]
    return {
        side: {str(k): round(_mean_distinct(end[path[:, :k]], weight), 3) for k in COUNTED_K}
        for side, end in (("ingress_mean", paths.source), ("egress_mean", paths.target))
    }


def _overlay_only(snapshot: Snapshot) -> Snapshot:
    """Without any direct path."""
    nothing = np.empty(0, dtype=np.int32)
    return snapshot.replaced(Direct.of(source_group=nothing, target_group=nothing, latency_ms=np.empty(0)))


def _pairs_and_weight(snapshot: Snapshot) -> tuple[tuple[Int32s, Int32s], Reals]:
    """Sources and targets of the pairs of different groups, and the demand of each."""
    demands, pairs = snapshot[Demands], session_pairs(snapshot)
    demand = np.bincount(pairs.of_demand, weights=np.nan_to_num(demands.demand_mbps), minlength=len(pairs.source_group))
    apart = pairs.source_group != pairs.target_group
    return (pairs.source_group[apart], pairs.target_group[apart]), demand[apart]


def _mean_distinct(site: Int32s, weight: Reals) -> float:
    """Mean number of different sites in each row [pairs, k]; -1 is none."""
    ordered = np.sort(site, axis=1)
    fresh = (ordered >= 0) & (np.diff(ordered, axis=1, prepend=-1) != 0)
    return float(np.average(fresh.sum(axis=1), weights=weight))


def _excess(found: TopPaths, exact: TopPaths, weight: Reals) -> dict[str, float]:
    """How much longer the heuristic's K paths are, in the mean over the K of a pair (Figure 5)."""
    with np.errstate(invalid="ignore"):
        mean = [np.where(np.isnan(top.latency_ms), 0, top.latency_ms).sum(axis=1) for top in (found, exact)]
        count = [np.maximum(1, (top.path >= 0).sum(axis=1)) for top in (found, exact)]
    ours, best = mean[0] / count[0], mean[1] / count[1]
    both = (mean[0] > 0) & (mean[1] > 0)
    more = (ours - best)[both]
    return {
        "mean_ms": round(float(np.average(more, weights=weight[both])), 4),
        "mean_ratio": round(float(np.average(more / best[both], weights=weight[both])), 6),
        "p90_ms": round(weighted_quantile(more, weight[both], 0.9), 4),
        "missing_path_ratio": round(float(np.average(found.path[:, -1] < 0, weights=weight)), 6),
    }
