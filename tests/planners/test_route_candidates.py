"""The paper's heuristic against its own sentences, and beside the exact answer."""

from __future__ import annotations

import pickle
from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from oracles.routes_brute_force import access_ms, all_pairs, discounted, overlay, whole_graph

from fairlead.model import DIRECT, Access, Paths, Snapshot
from fairlead.planners.route.backbone import with_paths
from fairlead.planners.route.candidates import (
    CandidateMemory,
    best_of_candidates,
    candidate_paths,
    candidate_shards,
    gathered,
)
from fairlead.planners.route.paths import top_paths

Ends = tuple[NDArray[np.int32], NDArray[np.int32]]


def cycles(snapshot: Snapshot, ends: Ends, count: int, size: int = 4) -> CandidateMemory | None:
    memory = None
    for _ in range(count):
        _, memory = candidate_paths(snapshot, *ends, memory, size=size)
    return memory


def same_bits(one: object, other: object) -> bool:
    return all(
        np.array_equal(a, b, equal_nan=a.dtype.kind == "f")
        for a, b in ((getattr(one, f.name), getattr(other, f.name)) for f in fields(one))  # type: ignore[arg-type]
    )


@given(st.integers(0, 10**6), st.integers(0, 3))
def test_with_all_sites_as_candidates_it_is_exact(seed: int, before: int) -> None:
    """Theorem 1 as the paper states it: N_i = N_e = all sites, K' >= K, whatever has been learned."""
    snapshot = with_paths(overlay(seed, sites=4, groups=3, whole=False))
    ends = all_pairs(snapshot)
    top, _ = candidate_paths(snapshot, *ends, cycles(snapshot, ends, before, 4), size=4)
    assert same_bits(top, top_paths(snapshot, *ends))


@given(st.integers(0, 10**6), st.integers(0, 5))
def test_it_never_beats_the_exact_answer_and_finds_real_paths(seed: int, before: int) -> None:
    snapshot = with_paths(overlay(seed, sites=6, groups=3))
    ends = all_pairs(snapshot)
    top, _ = candidate_paths(snapshot, *ends, cycles(snapshot, ends, before, 2), size=2)
    exact = top_paths(snapshot, *ends)
    worse = top.latency_ms >= exact.latency_ms
    assert (worse | np.isnan(top.latency_ms)).all()
    assert not (np.isnan(exact.latency_ms) & ~np.isnan(top.latency_ms)).any()


def test_the_first_cycle_tries_the_nearest_sites() -> None:
    snapshot = with_paths(overlay(31, sites=7, groups=4, whole=False, absent_ratio=0.1))
    ends = all_pairs(snapshot)
    memory = cycles(snapshot, ends, 1, 3)
    assert memory is not None
    assert (memory.cycle == 1).all()
    for pair in range(16):
        for end in (0, 1):
            near = access_ms(snapshot, int(ends[end][pair]))
            nearest = sorted(near, key=lambda site: near[site])[:3]
            assert np.flatnonzero(memory.count[end, pair]).tolist() == sorted(nearest)


def test_rewards_of_a_cycle_are_shares_of_the_paths_found() -> None:
    """Few sites and many gaps: fewer than K paths, direct among them or not. The shares are of those there are."""
    snapshot = with_paths(overlay(13, sites=2, groups=6, absent_ratio=0.5))
    source, target = all_pairs(snapshot)
    top, memory = candidate_paths(snapshot, source, target, None)
    other = np.flatnonzero(source != target)  # within a group the answer is direct, whatever was found
    found, relayed = (top.path >= 0).sum(axis=1)[other], (top.path > DIRECT).sum(axis=1)[other]
    assert len(np.unique(found)) > 3
    shares = relayed / np.maximum(found, 1)
    for end in (0, 1):
        np.testing.assert_allclose(memory.reward[end].sum(axis=1)[other], shares, atol=1e-6)


def test_memory_is_eq_1_over_the_cycles() -> None:
    """Twelve cycles over a network that changes, replayed from the paths found with the formula as written."""
    ends = (np.array([0], np.int32), np.array([1], np.int32))
    history: list[list[tuple[list[int], list[float]]]] = [[], []]
    memory = None
    for cycle in range(12):
        calm = overlay(40 + cycle // 4, sites=6, groups=2, absent_ratio=0.0, whole=False)
        snapshot = with_paths(calm)
        before = None if memory is None else memory.count
        top, memory = candidate_paths(snapshot, *ends, memory, size=4, discount=0.8)
        used = top.path[0][top.path[0] >= 0]
        for end, site in enumerate((snapshot[Paths].source, snapshot[Paths].target)):
            now = memory.count[end, 0] - (0.0 if before is None else 0.8 * before[end, 0])
            tried = np.flatnonzero(now > 0.5).tolist()
            assert len(tried) == 4
            assert tried == sorted(expected_arms(history[end], calm, int(ends[end][0])))
            history[end].append((tried, [float((site[used] == arm).mean()) for arm in range(6)]))
            for arm in range(6):
                mean, _ = discounted(history[end], arm, 0.8)
                count = memory.count[end, 0, arm]
                assert (memory.reward[end, 0, arm] / count if count else -1.0) == pytest.approx(mean, abs=1e-5)
    assert memory is not None
    assert memory.cycle.tolist() == [12]


def expected_arms(history: list[tuple[list[int], list[float]]], snapshot: Snapshot, group: int) -> list[int]:
    near = access_ms(snapshot, group)
    scores = {arm: discounted(history, arm, 0.8) for arm in near}
    arms: list[int] = []
    for by in (0, 0, 1, 1):
        rest = [arm for arm in near if arm not in arms]
        arms.append(min(rest, key=lambda arm: (-round(scores[arm][by], 5), near[arm])))
    return arms


def test_new_pairs_begin_anew_and_old_ones_are_remembered() -> None:
    snapshot = with_paths(overlay(5, sites=5, groups=4))
    source, target = all_pairs(snapshot)
    memory = cycles(snapshot, (source[:10], target[:10]), 3)
    _, grown = candidate_paths(snapshot, source[5:], target[5:], memory)
    assert grown.cycle.tolist() == [4] * 5 + [1] * 6
    whole = cycles(snapshot, (source, target), 4)
    assert whole is not None
    assert np.array_equal(grown.reward[:, :5], whole.reward[:, 5:10])
    assert np.array_equal(grown.count[:, :5], whole.count[:, 5:10])


def test_memory_of_another_number_of_sites_is_of_no_use() -> None:
    five, six = (with_paths(overlay(5, sites=sites, groups=3)) for sites in (5, 6))
    ends = all_pairs(five)
    memory = cycles(five, ends, 2)
    assert same_bits(candidate_paths(six, *ends, memory)[1], candidate_paths(six, *ends, None)[1])


@pytest.mark.parametrize("size", [1, 5, 16])
def test_shards_give_the_same_bits(size: int) -> None:
    snapshot = with_paths(overlay(9, sites=6, groups=4, whole=False))
    ends = all_pairs(snapshot)
    memory = cycles(snapshot, ends, 2)
    whole = candidate_paths(snapshot, *ends, memory)
    shards = pickle.loads(pickle.dumps(candidate_shards(snapshot, *ends, memory, shard_pairs=size)))
    assert len(shards) == -(-16 // size)
    for one, other in zip(gathered([best_of_candidates(shard) for shard in shards]), whole, strict=True):
        assert same_bits(one, other)


def test_the_memory_given_is_not_written() -> None:
    snapshot = with_paths(overlay(9))
    ends = all_pairs(snapshot)
    memory = cycles(snapshot, ends, 2)
    before = pickle.dumps(memory)
    candidate_paths(snapshot, *ends, memory)
    assert pickle.dumps(memory) == before


def test_it_settles_on_the_best_sites() -> None:
    """The best ingress is the farthest site: unknown to the first cycle, and a candidate for good once it was tried."""
    snapshot = overlay(3, sites=12, groups=2, absent_ratio=0.0, whole=False)
    access = snapshot[Access]
    far = access.latency_ms + np.where(access.site == 11, 5.0, 0.0)
    backbone = 0.01 * np.ones(12 * 11)
    links = overlay(3, sites=12, absent_ratio=0.0).named("links")
    touching = (links.array("source") == 11) | (links.array("target") == 11)
    snapshot = with_paths(
        snapshot.replaced(
            access.with_column("latency_ms", np.where(access.site == 11, far, far + 30.0)),
            links.with_column("latency_ms", np.where(touching, backbone, 40.0)),
        )
    )
    ends = (np.array([0], np.int32), np.array([1], np.int32))
    exact = top_paths(snapshot, *ends).latency_ms[0, 0]
    memory, above = None, []
    for _ in range(30):
        top, memory = candidate_paths(snapshot, *ends, memory)
        above.append(top.latency_ms[0, 0] - exact)
    assert max(above[12:]) == 0


def test_pairs_must_be_in_order() -> None:
    snapshot = with_paths(overlay(1))
    source, target = all_pairs(snapshot)
    with pytest.raises(AssertionError, match="in order"):
        candidate_paths(snapshot, source[::-1].copy(), target, None)
    with pytest.raises(AssertionError):
        candidate_paths(snapshot, source, target, None, discount=1.0)


def test_direct_competes_with_the_candidates() -> None:
    snapshot = with_paths(overlay(17, groups=4, sites=4))
    source, target = all_pairs(snapshot)
    top, _ = candidate_paths(snapshot, source, target, None, size=1)
    for pair in np.flatnonzero(source != target):
        direct = any(way == () for _, way in whole_graph(snapshot, int(source[pair]), int(target[pair])))
        if (top.path[pair] == -1).any():
            assert (DIRECT in top.path[pair]) == direct
