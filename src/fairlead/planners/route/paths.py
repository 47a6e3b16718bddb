"""Step 2 of phase 1 (Panorama 4.1), exactly: the K shortest end-to-end paths of every pair, over all sites.

Departs: the paper searches 4 x 4 candidate sites, because all sites would be too many; factored as in
``kernels/topk.py`` all sites cost less than that (``candidates.py`` is the paper's way).

Pairs are independent: ``best_of_shard`` is a map over shards of them, with the same bits however they are cut.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from fairlead.kernels.topk import best_entries, joined, merged
from fairlead.model import DIRECT, Paths, Sites, Snapshot
from fairlead.predict.routes_grid import Metrics, access_grid, direct_lookup

Reals = NDArray[np.float64]
Int32s = NDArray[np.int32]

SHARD_PAIRS = 250_000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TopPaths(Metrics):
    """The best paths of pairs of user groups, best first: by latency, then row of ``paths``. All [pairs, K].

    source_group, target_group : [pairs] int32
    path                       : int32 row of ``paths``; -1 in a slot not used, whose metrics are NaN
    latency_ms is known for every path, but for the direct one of a pair within one group; jitter and loss may not be
    """

    source_group: Int32s
    target_group: Int32s
    path: Int32s


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PathField:
    """What pairs are joined from: paths through the backbone and the access of every group.

    through_ms, through_path : [ranks, egress, ingress] latency (infinite) and row of ``paths``
    access_ms                : [groups, sites] latency (infinite)
    ingress, egress, jitter_ms, survival : [paths]; access_jitter_ms, access_survival : [groups, sites]; NaN: unknown
    """

    through_ms: Reals
    through_path: Int32s
    access_ms: Reals
    ingress: Int32s
    egress: Int32s
    jitter_ms: Reals
    survival: Reals
    access_jitter_ms: Reals
    access_survival: Reals


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PairShard:
    """Some pairs, and all that their best paths follow from. ``direct`` [pairs] is the plain Internet's metrics."""

    field: PathField
    source_group: Int32s
    target_group: Int32s
    direct: Metrics
    k: int


def path_field(snapshot: Snapshot) -> PathField:
    """Needs Sites, Groups, Access, Paths. O(paths + groups * sites)."""
    paths, access, site_count = snapshot[Paths], access_grid(snapshot), snapshot[Sites].row_count
    shape = (int(paths.rank.max(initial=0)) + 1, site_count, site_count)
    through_ms, through_path = np.full(shape, np.inf), np.full(shape, -1, np.int32)
    overlay = np.arange(DIRECT + 1, paths.row_count, dtype=np.int32)
    at = (paths.rank[overlay], paths.target[overlay], paths.source[overlay])
    through_ms[at], through_path[at] = paths.latency_ms[overlay], overlay
    return PathField(
        through_ms=through_ms,
        through_path=through_path,
        access_ms=infinite(access.latency_ms),
        ingress=paths.source,
        egress=paths.target,
        jitter_ms=paths.jitter_ms.astype(np.float64, copy=False),
        survival=1.0 - paths.loss_ratio,
        access_jitter_ms=access.jitter_ms,
        access_survival=1.0 - access.loss_ratio,
    )


def pair_shards(
    snapshot: Snapshot, source_group: Int32s, target_group: Int32s, k: int = 5, size: int = SHARD_PAIRS
) -> list[PairShard]:
    """The pairs in shards of at most ``size``, in their order; cut best where they are sorted by source."""
    field = path_field(snapshot)
    bounds = [(low, low + size) for low in range(0, len(source_group), size)] or [(0, 0)]
    return [
        PairShard(
            field=field,
            source_group=source_group[low:high],
            target_group=target_group[low:high],
            direct=direct_lookup(snapshot, source_group[low:high], target_group[low:high]),
            k=k,
        )
        for low, high in bounds
    ]


def best_of_shard(shard: PairShard) -> TopPaths:
    """The K shortest paths of every pair of the shard over all sites, and direct where it was measured.

    Exact (Theorem 1 with N_i = N_e = all sites) where ``paths`` holds K or more for every pair of sites that has as
    many. Both ends in one group: direct alone, measured or not (3.3).
    """
    field = shard.field
    asked = np.zeros(len(field.access_ms), np.bool_)
    asked[shard.source_group] = True
    entries = best_entries(field.access_ms[asked], field.through_ms, field.through_path, shard.k)
    entry_row = (np.cumsum(asked) - 1).astype(np.int32)[shard.source_group]
    direct_ms = infinite(shard.direct.latency_ms)
    latency, path = merged(*entries, field.access_ms, entry_row, shard.target_group, direct_ms)
    return top_of(shard, path, latency)


def top_of(shard: PairShard, path: Int32s, latency_ms: Reals) -> TopPaths:
    """Paths [pairs, K] of known latency with their jitter and loss; those of a pair within one group put right."""
    field, direct = shard.field, shard.direct
    same = np.flatnonzero(shard.source_group == shard.target_group)
    path[same], latency_ms[same] = -1, np.nan
    path[same, 0], latency_ms[same, 0] = DIRECT, direct.latency_ms[same]
    jitter, loss = np.empty(path.shape), np.empty(path.shape)
    joined(
        path, shard.source_group, shard.target_group, field.ingress, field.egress,
        field.jitter_ms, field.survival, field.access_jitter_ms, field.access_survival,
        direct.jitter_ms, direct.loss_ratio, jitter, loss,
    )  # fmt: skip
    return TopPaths(
        source_group=shard.source_group,
        target_group=shard.target_group,
        path=path,
        latency_ms=latency_ms,
        jitter_ms=jitter,
        loss_ratio=loss,
    )


def top_paths(snapshot: Snapshot, source_group: Int32s, target_group: Int32s, k: int = 5) -> TopPaths:
    """:func:`best_of_shard` for all these pairs [pairs] in this process. Needs Sites, Groups, Access, Paths; Direct."""
    (shard,) = pair_shards(snapshot, source_group, target_group, k, size=max(1, len(source_group)))
    return best_of_shard(shard)


def stacked(parts: Sequence[TopPaths]) -> TopPaths:
    """The answers for shards as one, in their order."""
    if len(parts) == 1:
        return parts[0]
    return replace(
        parts[0],
        **{
            name: np.concatenate([getattr(part, name) for part in parts])
            for name in ("source_group", "target_group", "path", "latency_ms", "jitter_ms", "loss_ratio")
        },
    )


def infinite(latency_ms: Reals) -> Reals:
    """Latency with infinity for what is not known, which loses every comparison."""
    return np.where(np.isnan(latency_ms), np.inf, latency_ms)
