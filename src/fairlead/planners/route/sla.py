"""Phase 2 (Panorama 4.2): which of its K paths each session group may use, by the SLA of its class.

Stages, each only where the one before leaves nothing: inside all three limits; outside one limit and by the least;
both again by the limits of the next lower class, down to the lowest; the path of lowest latency, with an alarm. No set
is empty. Then the paths of fewest hops, for their price (4.3).

"Lower than the thresholds" is read as not above them. A metric that nobody measured is outside its limit, and farther
than any measured value; a class without a limit on it does not ask. Lower classes are those of the next higher
latency limit (no limit is the highest), then jitter, loss, row.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from fairlead.kernels.sla import filtered
from fairlead.model import Paths, ServiceClasses, Snapshot, Stage
from fairlead.planners.route.paths import PairShard, TopPaths, best_of_shard
from fairlead.predict.routes_grid import Metrics

Reals = NDArray[np.float64]
Int32s = NDArray[np.int32]

_METRICS = ("latency_ms", "jitter_ms", "loss_ratio")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Feasible(Metrics):
    """The paths that each session group keeps, best latency first; all [session groups, kept].

    path  : int32 row of ``paths``, -1 in a slot not used (metrics NaN); never all -1
    stage : uint8 Stage that kept the path; UNREACHABLE in a slot not used
    """

    path: Int32s
    stage: NDArray[np.uint8]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SlaRules:
    """What the filter judges by.

    limits    : [classes, 3] latency, jitter, loss of the classes from the strictest on; NaN: no limit
    level     : [classes] int32 place of each row of ``service_classes`` in that order
    hop_count : [paths] int32
    keep      : paths kept at most
    """

    limits: Reals
    level: Int32s
    hop_count: Int32s
    keep: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SessionShard:
    """Session groups whose pairs lie together: both phases need nothing else.

    demand          : [session groups of the shard] int64 their rows in ``demands``
    pair_of_demand  : int32 row in ``pairs``; class_of_demand: int32 row of ``service_classes``
    """

    pairs: PairShard
    demand: NDArray[np.int64]
    pair_of_demand: Int32s
    class_of_demand: Int32s
    rules: SlaRules


def sla_rules(snapshot: Snapshot, keep: int = 3) -> SlaRules:
    """Needs ServiceClasses and Paths."""
    classes = snapshot[ServiceClasses]
    limits = np.stack([classes.array(name) for name in _METRICS], axis=1).astype(np.float64)
    ranked = np.where(np.isnan(limits), np.inf, limits)
    order = np.lexsort((ranked[:, 2], ranked[:, 1], ranked[:, 0]))
    level = np.empty(len(order), np.int32)
    level[order] = np.arange(len(order))
    return SlaRules(limits=limits[order], level=level, hop_count=snapshot[Paths].hop_count, keep=keep)


def feasible(top: TopPaths, pair_of_demand: Int32s, class_of_demand: Int32s, rules: SlaRules) -> Feasible:
    """What every session group keeps of the best paths of its pair; each follows from its own pair and class alone.

    pair_of_demand, class_of_demand : [session groups] int32 row in ``top`` and in ``service_classes``
    """
    path, stage, (latency, jitter, loss) = filtered(
        top.path,
        (top.latency_ms, top.jitter_ms, top.loss_ratio),
        top.source_group == top.target_group,
        pair_of_demand,
        rules.level[class_of_demand],
        rules.hop_count,
        rules.limits,
        rules.keep,
    )
    return Feasible(path=path, stage=stage, latency_ms=latency, jitter_ms=jitter, loss_ratio=loss)


def feasible_of_shard(shard: SessionShard) -> Feasible:
    """Phases 1 (exact) and 2 for the session groups of the shard, in its order."""
    return feasible(best_of_shard(shard.pairs), shard.pair_of_demand, shard.class_of_demand, shard.rules)


def session_shards(
    pairs: Sequence[PairShard], pair_of_demand: Int32s, class_of_demand: Int32s, rules: SlaRules
) -> list[SessionShard]:
    """The session groups, each with the shard that holds its pair: ``pair_of_demand`` counts through all of them."""
    order = np.argsort(pair_of_demand, kind="stable")
    first_pair = np.cumsum([0, *(len(shard.source_group) for shard in pairs)])
    first = np.searchsorted(pair_of_demand, first_pair, sorter=order)
    return [
        SessionShard(
            pairs=shard,
            demand=(rows := order[first[number] : first[number + 1]]),
            pair_of_demand=(pair_of_demand[rows] - first_pair[number]).astype(np.int32),
            class_of_demand=class_of_demand[rows],
            rules=rules,
        )
        for number, shard in enumerate(pairs)
    ]


def gathered(shards: Sequence[SessionShard], parts: Sequence[Feasible]) -> Feasible:
    """The answers for the shards as one, in the order of ``demands``."""
    back = np.argsort(np.concatenate([shard.demand for shard in shards]))
    return replace(
        parts[0],
        **{
            name: np.concatenate([getattr(part, name) for part in parts])[back] for name in ("path", "stage", *_METRICS)
        },
    )


def stage_counts(path: Int32s, stage: NDArray[np.uint8]) -> dict[Stage, int]:
    """Session groups by the first stage that kept a path of theirs; stages that served nobody are 0.

    path, stage : [session groups, slots]; a slot with path -1 is not used
    """
    stages = np.where(path >= 0, stage, Stage.UNREACHABLE).min(axis=1, initial=Stage.UNREACHABLE)
    counts = np.bincount(stages, minlength=len(Stage))
    return {each: int(counts[each]) for each in Stage}
