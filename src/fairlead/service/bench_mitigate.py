"""``fairlead bench mitigate``: eight repairs of a large Clos, what each way of scaling gains, and max-min alone."""

from __future__ import annotations

import resource
import time
from functools import partial
from typing import Any

import numpy as np

from fairlead.model import (
    Budget,
    Candidates,
    FabricLinks,
    Nodes,
    Placements,
    Snapshot,
    apply_edits,
)
from fairlead.planners.mitigate import Mitigate, Ranking
from fairlead.predict.flows.demand import Sampling
from fairlead.predict.flows.estimate import Effort, FlowEstimator
from fairlead.predict.flows.sample import Rule
from fairlead.predict.flows.transport import shipped
from fairlead.service.bench_max_min import max_min_figures
from fairlead.service.bench_route import alone
from fairlead.service.executor import Workers
from fairlead.service.generate_fabric import clos_spec
from fairlead.service.mitigate_effort import Stated, looked
from fairlead.service.reproduce import Progress, provenance
from fairlead.worlds.fabric import HIGH_DROP_RATIO, LOW_DROP_RATIO, clos, lossy_link, lossy_switch

GROWTH = (500, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000)
FULL_SIZES = (64, 128)
SEGMENTS_SERVERS = 2_000
PAPER = {
    "seconds": "less than 300",
    "servers": "16,000",
    "max_min_speedup": 36,
    "with_down_scaling": 74,
    "with_all": 106,
}
"""SWARM Figure 11; the numerals are second-hand."""

DEMANDS, SAMPLES = 8, 32
FULL_SAMPLING = Sampling(horizon_s=2.0, from_s=0.5, until_s=1.5)
FULL_RULE = Rule(epoch_s=float("inf"), turnover_ratio=0.0, bits=53)


def bench_mitigate(servers: int, seed: int, workers: int, growth: bool, progress: Progress) -> dict[str, Any]:
    """One size, the full computation where it can be run, each way of scaling, max-min; ``growth``: a ladder."""
    sizes = [size for size in GROWTH if growth and size != servers]
    steps = len(sizes) + len(FULL_SIZES) + 3
    progress(f"{servers:,} servers", 0, steps)
    result: dict[str, Any] = alone(measured, servers, seed, workers)
    full = {}
    for done, size in enumerate(FULL_SIZES, start=1):
        progress(f"the full computation, {size} servers", done, steps)
        full[f"{size} servers"] = alone(beside_full, size, seed, workers)
    progress("ways of scaling", len(FULL_SIZES) + 1, steps)
    result |= {"same_best_as_full": all(each["same_best"] for each in full.values()), "full": full}
    result["techniques"] = alone(techniques, seed, workers)
    progress("max-min", len(FULL_SIZES) + 2, steps)
    result["peers"] = {"max_min": alone(max_min_figures, seed), "swarm_paper": PAPER}
    ladder = []
    for done, size in enumerate(sizes, start=len(FULL_SIZES) + 3):
        progress(f"{size:,} servers", done, steps)
        ladder.append(alone(measured, size, seed, workers))
    progress("done", steps, steps)
    brief = [{key: value for key, value in row.items() if key in _BRIEF} for row in [*ladder, result]]
    rows = sorted(brief, key=lambda row: row["servers"])
    return result | ({"growth": rows} if growth else {}) | {"run": provenance(seed)}


_BRIEF = ("servers", "seconds", "candidates", "samples", "flows_per_sample", "part_count", "rss_mb", "best")


def sick_clos(servers: int) -> Snapshot:
    """A Clos in which a t1 and one uplink of a t0 lose much and one link to the core a little, with eight repairs."""
    healthy = clos(clos_spec(servers))
    links, node = healthy[FabricLinks], healthy[Nodes].node
    core = str(node[links.target[(links.source == int(np.flatnonzero(node == "B2")[0])) & (_tier(healthy) == "t2")][0]])
    sick = apply_edits(
        healthy,
        [
            *lossy_switch(healthy, "B0", HIGH_DROP_RATIO),
            *lossy_link(healthy, "C0", "B1", HIGH_DROP_RATIO),
            *lossy_link(healthy, "B2", core, LOW_DROP_RATIO),
        ],
    )
    return sick.replaced(_repairs(sick, core))


def _tier(snapshot: Snapshot) -> Any:
    return snapshot[Nodes].tier[snapshot[FabricLinks].target]


def _repairs(sick: Snapshot, core: str) -> Candidates:
    """Each subset of: drain the t1, disable the uplink, disable the link to the core."""
    names = sick[Nodes].node.tolist()
    offers = (
        ("drain B0", "disable_node", "B0", ""),
        ("disable C0-B1", "disable_link", "C0", "B1"),
        (f"disable B2-{core}", "disable_link", "B2", core),
    )
    rows: list[tuple[str, str, int, int]] = [("none", "none", -1, -1)]
    for chosen in range(1, 1 << len(offers)):
        those = [offer for place, offer in enumerate(offers) if chosen >> place & 1]
        name = " + ".join(said for said, *_ in those)
        rows += [(name, do, names.index(one), names.index(two) if two else -1) for _, do, one, two in those]
    candidate, action, source, target = (list(column) for column in zip(*rows, strict=True))
    return Candidates.of(candidate=candidate, action=action, source=np.array(source), target=np.array(target))


def estimator(effort: Effort, seed: int, workers: int = 1) -> FlowEstimator:
    """The estimator of this benchmark."""
    mapper = Workers(count=workers).map
    return FlowEstimator(effort=effort, transport=shipped(), congestion_control="cubic", seed=seed, mapper=mapper)


def ranked(snapshot: Snapshot, estimate: FlowEstimator, seed: int, samples: int = SAMPLES) -> Ranking:
    """The default planner's ranking."""
    planner = Mitigate(estimate=estimate, demand_count=DEMANDS)
    return planner.rank(snapshot, Budget(seed=seed, rounds=samples))


def measured(servers: int, seed: int, workers: int) -> dict[str, Any]:
    """Seconds from a snapshot to the ranking of its eight repairs, cold but compiled, in ``workers`` processes.

    It is looked as closely as ``fairlead mitigate plan`` does by itself, but for the number of samples.
    """
    stated = Stated(demand_count=DEMANDS, sample_count=SAMPLES)
    small = sick_clos(64)
    ranked(small, estimator(looked(stated, small).effort, seed), seed, samples=8)  # compiles, or loads what was
    sick = sick_clos(servers)
    started = time.perf_counter()
    look = looked(stated, sick)
    found = ranked(sick, estimator(look.effort, seed, workers), seed)
    seconds = time.perf_counter() - started
    own, pool = (resource.getrusage(who).ru_maxrss / 1024 for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return {
        "servers": sick[Placements].row_count,
        "links": sick[FabricLinks].row_count,
        "seconds": round(seconds, 2),
        "candidates": len(found.rows),
        "samples": found.sample_count,
        "part_count": look.effort.part_count,
        "measured_s": look.effort.sampling.until_s - look.effort.sampling.from_s,
        "flows_per_sample": round(look.flow_count),
        "workers": workers,
        # each worker at most as large as the largest of them
        "rss_mb": round(own + (workers * pool if workers > 1 else 0.0), 1),
        "best": found.best.candidate.name,
        "decided": found.decided,
        "spared_ratio": round(found.spared_ratio, 3),
        "fct_p99_ms": round(1e3 * float(found.best.metrics[0]), 3),
    }


def beside_full(servers: int, seed: int, workers: int) -> dict[str, Any]:
    """The same decision by the full computation: whole network, exact rates at every arrival and departure."""
    sick = sick_clos(servers)
    timed = partial(_timed, sick, seed, workers)
    timed(1, Rule())  # compiles, or loads what was compiled
    full, full_s = timed(1, FULL_RULE)
    scaled, scaled_s = timed(2, Rule())
    best = full.best.candidate.name
    there = next(row for row in full.rows if row.candidate.name == scaled.best.candidate.name)
    return {
        "best": best,
        "scaled_best": scaled.best.candidate.name,
        "same_best": scaled.best.candidate.name == best or there.within_tie,
        "same_name": scaled.best.candidate.name == best,
        "seconds": round(full_s, 2),
        "scaled_seconds": round(scaled_s, 2),
    }


def _timed(sick: Snapshot, seed: int, workers: int, parts: int, rule: Rule) -> tuple[Ranking, float]:
    started = time.perf_counter()
    effort = Effort(demand_count=DEMANDS, sampling=FULL_SAMPLING, part_count=parts, rule=rule)
    found = ranked(sick, estimator(effort, seed, workers), seed, samples=DEMANDS)
    return found, time.perf_counter() - started


def techniques(seed: int, workers: int) -> dict[str, Any]:
    """Each way of scaling beside the full computation, on one mid-sized network (SWARM Figure 11)."""
    from fairlead.service.bench_mitigate_ways import segments_figures, ways_figures

    found = ways_figures(sick_clos(64), seed, workers)
    return found | {"segments": segments_figures(sick_clos(SEGMENTS_SERVERS), seed, workers)}
