"""`fairlead bench drain`: one decision at growing sizes, each beside its peers in the same run."""

from __future__ import annotations

import math
import resource
import statistics
import time
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from fairlead.model import Budget, Plan, Planner, Snapshot
from fairlead.planners.drain import Goal
from fairlead.service.reproduce import Progress, provenance
from fairlead.service.wiring import DRAIN_METHODS, DrainMaker, without_forecast
from fairlead.worlds.overlay import OverlaySpec, scaled_overlay

RUNS = 3
PEERS: Mapping[str, DrainMaker] = MappingProxyType(
    {
        # the same search on the failures as they are: what is left of its gap is the search's own
        "fairlead_without_forecast": without_forecast,
        "heuristic_offline": DRAIN_METHODS["heuristic_offline"],
        "greedy": DRAIN_METHODS["greedy"],
        "sentry": DRAIN_METHODS["sentry"],
    }
)
GROWTH = (
    (1_000, 50_000),
    (2_000, 100_000),
    (5_000, 250_000),
    (10_000, 500_000),
    (20_000, 1_000_000),
    (50_000, 5_000_000),
)
EXACT_SERVERS = 2_000  # branch and bound without limit is a peer only where it ends


def bench_drain(servers: int, pairs: int, seed: int, growth: bool, progress: Progress) -> dict[str, Any]:
    """One size in full with its peers; ``growth`` adds the ladder of sizes, each with its peers."""
    sizes = [size for size in GROWTH if growth]
    steps = len(sizes) + 1
    progress(f"{servers} servers, {pairs} pairs", 0, steps)
    result = measured(servers, pairs, seed)
    ladder = []
    for done, (server_count, pair_count) in enumerate(sizes, start=1):
        progress(f"{server_count} servers, {pair_count} pairs", done, steps)
        ladder.append(measured(server_count, pair_count, seed))
    progress("done", steps, steps)
    return result | ({"growth": ladder} if growth else {}) | {"run": provenance(seed)}


def measured(servers: int, pairs: int, seed: int) -> dict[str, Any]:
    """Median seconds of ``RUNS`` cold decisions of the default planner and of each peer on one generated overlay.

    A decision is everything from the snapshot to the plan: content hash, features, forecast, cover, proof, reasons and
    effects. Compilation is not in it: one decision on a small overlay of the same kind is made first.
    """
    _warm_up(seed)
    started = time.perf_counter()
    snapshot = generated(servers, pairs, seed)
    made_s = time.perf_counter() - started
    before_mb = _rss_mb()
    plan, seconds = _timed(DRAIN_METHODS["fairlead"], snapshot)
    peers: dict[str, Any] = {}
    exact = {"exact": DRAIN_METHODS["exact"]} if servers <= EXACT_SERVERS else {}
    for name, maker in {**PEERS, **exact}.items():
        rival, rival_seconds = _timed(maker, snapshot)
        peers[name] = {"seconds": rival_seconds, **_facts(rival)}
    return {
        "servers": servers,
        "pairs": pairs,
        "seconds": seconds,
        **_facts(plan),
        "rss_mb": _rss_mb(),
        "rss_before_mb": before_mb,
        "world_seconds": round(made_s, 3),
        "peers": peers,
    }


def generated(servers: int, pairs: int, seed: int) -> Snapshot:
    """A scaled overlay with data centers of about 20 servers in up to 40 regions, 0.8 % of its pairs failing."""
    centers = max(10, servers // 20)
    spec = OverlaySpec(
        region_count=min(40, centers // 3),
        data_center_count=centers,
        server_count=servers,
        pair_count=pairs,
        failed_pair_ratio=0.008,
    )
    return scaled_overlay(spec, seed).snapshot


def _facts(plan: Plan) -> dict[str, Any]:
    gap = plan.bound.gap
    return {
        "gap": None if math.isnan(gap) else round(gap, 6),
        "bound_kind": plan.bound.kind.value,
        "status": plan.status.value,
        "cost": round(plan.bound.cost, 2),
        "drained_count": sum(edit.cell_count for edit in plan.edits),
        "success_ratio_after": plan.effect("success_ratio").after,
    }


def _timed(maker: Callable[[Goal], Planner[Any]], snapshot: Snapshot) -> tuple[Plan, float]:
    seconds = []
    for _ in range(RUNS):
        cold = forgotten(snapshot)
        planner = maker(Goal())
        started = time.perf_counter()
        plan, _ = planner.plan(cold, planner.begin(), Budget())
        seconds.append(time.perf_counter() - started)
    return plan, round(statistics.median(seconds), 4)


def forgotten(snapshot: Snapshot) -> Snapshot:
    """The same content in new tables, so that no remembered fact (hash, window, codes) shortens the next decision."""
    return Snapshot(type(table)(**{name: table.array(name) for name in table.declared()}) for table in snapshot.tables)


def _warm_up(seed: int) -> None:
    small = generated(200, 4_000, seed)
    for maker in (DRAIN_METHODS["fairlead"], *PEERS.values()):
        planner = maker(Goal())
        planner.plan(small, planner.begin(), Budget())


def _rss_mb() -> float:
    """Peak resident memory of this process so far."""
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1)
