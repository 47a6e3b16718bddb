"""Phase 1 as the paper does it (Panorama 4.1): K shortest paths among few ingress and egress candidates a pair.

Candidates are arms of a discounted bandit, Eq. (1), half by mean and half by bound: UCB alone can leave out every
optimal site. Ingress and egress learn apart, in the same way. The reward of a site is the fraction of the K paths found
that use it. None of this depends on the service class, so memory is kept for a pair of user groups: the session groups
of a pair would all learn the same.

Eq. (1) leaves open, and is read here: an arm never tried has an infinite bound and the lowest mean; equal scores go to
the nearer site, so the first cycle tries the nearest; t counts the cycles of the pair. The paper names no discount.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fairlead.kernels.bandit import learned, picked
from fairlead.kernels.topk import searched
from fairlead.model import Groups, Snapshot
from fairlead.planners.route.paths import SHARD_PAIRS, PairShard, TopPaths, infinite, pair_shards, stacked, top_of

Singles = NDArray[np.float32]
Int32s = NDArray[np.int32]

DISCOUNT = 0.95  # gamma: half of what is known is from the last 13 cycles; the best sites last tens of cycles (4.1)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CandidateMemory:
    """What the bandits of some pairs have seen; 16 bytes a pair and site.

    source_group, target_group : [pairs] int32, by source, then target
    cycle                      : [pairs] int32 cycles of the pair (t)
    reward, count              : [2, pairs, sites] float32 discounted sums over the cycles of the rewards, and of the
                                 times tried; ingress first, then egress
    """

    source_group: Int32s
    target_group: Int32s
    cycle: Int32s
    reward: Singles
    count: Singles


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CandidateShard:
    """Some pairs, what is remembered of them, how many candidates to try at each end, and the discount a cycle."""

    pairs: PairShard
    memory: CandidateMemory
    size: int
    discount: float


def candidate_shards(
    snapshot: Snapshot,
    source_group: Int32s,
    target_group: Int32s,
    memory: CandidateMemory | None,
    *,
    k: int = 5,
    size: int = 4,
    discount: float = DISCOUNT,
    shard_pairs: int = SHARD_PAIRS,
) -> list[CandidateShard]:
    """The distinct pairs, by source, then target, in shards. Pairs that the memory does not know begin anew.

    memory   : of the cycle before, with the same rows of groups and sites; ``None`` before the first. Pairs that are
               not asked for now are forgotten
    discount : gamma of Eq. (1), in (0, 1)
    """
    assert 0 < discount < 1
    key = source_group.astype(np.int64) * snapshot[Groups].row_count + target_group
    assert (np.diff(key) > 0).all(), "pairs are distinct, and in order"
    pairs = pair_shards(snapshot, source_group, target_group, k, shard_pairs)
    return [
        CandidateShard(pairs=shard, memory=_of_pairs(memory, shard), size=size, discount=discount) for shard in pairs
    ]


def best_of_candidates(shard: CandidateShard) -> tuple[TopPaths, CandidateMemory]:
    """The K shortest paths between the candidates of every pair, and direct; and what was learned."""
    pairs, memory, field = shard.pairs, shard.memory, shard.pairs.field
    ends = (pairs.source_group, pairs.target_group)
    tried_in, tried_out = tried = [
        picked(memory.reward[end], memory.count[end], memory.cycle, field.access_ms, ends[end], shard.size)
        for end in (0, 1)
    ]
    latency, path = searched(
        field.access_ms, field.through_ms, field.through_path, tried_in, tried_out, pairs.source_group,
        pairs.target_group, infinite(pairs.direct.latency_ms), pairs.k,
    )  # fmt: skip
    grown = CandidateMemory(
        source_group=pairs.source_group,
        target_group=pairs.target_group,
        cycle=memory.cycle + np.int32(1),
        reward=np.empty_like(memory.reward),
        count=np.empty_like(memory.count),
    )
    for end, site in enumerate((field.ingress, field.egress)):
        learned(
            memory.reward[end], memory.count[end], tried[end], _used(site, path), shard.discount,
            grown.reward[end], grown.count[end],
        )  # fmt: skip
    return top_of(pairs, path, latency), grown


def candidate_paths(
    snapshot: Snapshot,
    source_group: Int32s,
    target_group: Int32s,
    memory: CandidateMemory | None,
    *,
    k: int = 5,
    size: int = 4,
    discount: float = DISCOUNT,
) -> tuple[TopPaths, CandidateMemory]:
    """:func:`best_of_candidates` for all these pairs in this process, shard by shard."""
    shards = candidate_shards(snapshot, source_group, target_group, memory, k=k, size=size, discount=discount)
    return gathered([best_of_candidates(shard) for shard in shards])


def gathered(parts: Sequence[tuple[TopPaths, CandidateMemory]]) -> tuple[TopPaths, CandidateMemory]:
    """The answers for shards as one, in their order."""
    if len(parts) == 1:
        return parts[0]
    tops, memories = [top for top, _ in parts], [memory for _, memory in parts]
    return stacked(tops), CandidateMemory(
        source_group=np.concatenate([memory.source_group for memory in memories]),
        target_group=np.concatenate([memory.target_group for memory in memories]),
        cycle=np.concatenate([memory.cycle for memory in memories]),
        reward=np.concatenate([memory.reward for memory in memories], axis=1),
        count=np.concatenate([memory.count for memory in memories], axis=1),
    )


def _used(site: Int32s, path: Int32s) -> Int32s:
    """[pairs, K] the site where each path enters (or leaves): -1 for direct, -2 in an empty slot."""
    return np.where(path >= 0, site[path], -2).astype(np.int32)


def _of_pairs(memory: CandidateMemory | None, shard: PairShard) -> CandidateMemory:
    """The memory of the shard's pairs, in its order."""
    pair_count, site_count = len(shard.source_group), shard.field.access_ms.shape[1]
    cycle, place, found = np.zeros(pair_count, np.int32), np.empty(0, np.int64), np.empty(0, np.int64)
    if memory is not None and memory.reward.shape[2] == site_count and len(memory.cycle):
        groups = len(shard.field.access_ms)
        known = memory.source_group.astype(np.int64) * groups + memory.target_group
        wanted = shard.source_group.astype(np.int64) * groups + shard.target_group
        place = np.minimum(np.searchsorted(known, wanted), len(known) - 1)
        found = np.flatnonzero(known[place] == wanted)
        cycle[found] = memory.cycle[place[found]]
        if len(found) == pair_count and pair_count and place[-1] - place[0] == pair_count - 1:
            rows = slice(int(place[0]), int(place[-1]) + 1)  # as in the cycle before: nothing to copy
            reward, count = memory.reward[:, rows], memory.count[:, rows]
            return _memory(shard, cycle, reward, count)
    reward, count = (np.zeros((2, pair_count, site_count), np.float32) for _ in range(2))
    if memory is not None and len(found):
        reward[:, found] = memory.reward[:, place[found]]
        count[:, found] = memory.count[:, place[found]]
    return _memory(shard, cycle, reward, count)


def _memory(shard: PairShard, cycle: Int32s, reward: Singles, count: Singles) -> CandidateMemory:
    return CandidateMemory(
        source_group=shard.source_group, target_group=shard.target_group, cycle=cycle, reward=reward, count=count
    )
