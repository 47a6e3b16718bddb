"""Phase 2 on whole snapshots: classes in order, the model's metrics, shards, and the share of every stage."""

from __future__ import annotations

import math
import pickle
from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from oracles.routes_brute_force import Metrics3, all_pairs, direct_of, overlay, sla_filter

from fairlead.model import DIRECT, Access, Direct, Groups, Links, Paths, ServiceClasses, Snapshot, Stage
from fairlead.planners.route.backbone import with_paths
from fairlead.planners.route.paths import pair_shards, top_paths
from fairlead.planners.route.sla import (
    Feasible,
    feasible,
    feasible_of_shard,
    gathered,
    session_shards,
    sla_rules,
    stage_counts,
)

METRICS = ("latency_ms", "jitter_ms", "loss_ratio")
Int32s = NDArray[np.int32]


def classes(seed: int) -> ServiceClasses:
    rng = np.random.default_rng(seed)
    limit = {
        name: rng.integers(0, high, 3).astype(np.float64) for name, high in (("latency_ms", 25), ("jitter_ms", 30))
    }
    limit["loss_ratio"] = rng.choice([0.2, 0.4, 1.0], 3)
    for values in limit.values():
        values[rng.random(3) < 0.2] = np.nan
    return ServiceClasses.of(service_class=["a", "b", "c"], priority=[0, 0, 0], **limit)


def demands(snapshot: Snapshot) -> tuple[Int32s, Int32s, Int32s, Int32s]:
    """All pairs of groups, and every class for each: source, target, pair and class of every session group."""
    source, target = all_pairs(snapshot)
    pair, service_class = np.divmod(np.arange(3 * len(source), dtype=np.int32), np.int32(3))
    return source, target, pair, service_class


def levels(table: ServiceClasses, own: int) -> list[Metrics3]:
    """Limits of a class and of those below it."""

    def rank(row: int) -> tuple[float, ...]:
        return (*(math.inf if math.isnan(limit) else limit for limit in limits[row]), row)

    limits = [tuple(float(table.array(name)[row]) for name in METRICS) for row in range(table.row_count)]
    return [limits[row] for row in sorted(range(len(limits)), key=rank) if rank(row) >= rank(own)]  # type: ignore[misc]


@given(st.integers(0, 10**6))
def test_every_session_group_keeps_what_the_stages_say(seed: int) -> None:
    snapshot = with_paths(overlay(seed, sites=3, groups=3, absent_ratio=0.2).replaced(classes(seed)))
    source, target, pair, service_class = demands(snapshot)
    top = top_paths(snapshot, source, target)
    found = feasible(top, pair, service_class, sla_rules(snapshot, keep=9))
    for demand in range(len(pair)):
        at = pair[demand]
        kept = [(int(p), Stage(int(s))) for p, s in zip(found.path[demand], found.stage[demand], strict=True) if p >= 0]
        paths = [int(path) for path in top.path[at] if path >= 0]
        if source[at] == target[at]:
            expected = [(DIRECT, Stage.SAME_GROUP)]
        elif not paths:
            expected = [(DIRECT, Stage.UNREACHABLE)]
        else:
            metrics = [tuple(float(getattr(top, name)[at, slot]) for name in METRICS) for slot in range(len(paths))]
            own = levels(snapshot[ServiceClasses], int(service_class[demand]))
            expected = [(paths[slot], stage) for slot, stage in sla_filter(metrics, own)]  # type: ignore[arg-type]
        assert kept == expected


@given(st.integers(0, 10**6), st.integers(1, 3))
def test_no_set_is_empty_or_longer_than_asked_and_carries_its_own_metrics(seed: int, keep: int) -> None:
    snapshot = with_paths(overlay(seed, sites=4, groups=3).replaced(classes(seed)))
    source, target, pair, service_class = demands(snapshot)
    top = top_paths(snapshot, source, target)
    rules = sla_rules(snapshot, keep)
    found, everything = (
        feasible(top, pair, service_class, rules),
        feasible(top, pair, service_class, sla_rules(snapshot, 9)),
    )
    hops = snapshot[Paths].hop_count
    for demand in range(len(pair)):
        used = found.path[demand] >= 0
        assert 1 <= used.sum() <= keep
        assert used.sum() == min(keep, (everything.path[demand] >= 0).sum())
        dropped = set(everything.path[demand]) - set(found.path[demand]) - {-1}
        assert all(hops[found.path[demand][used]].max() <= hops[path] for path in dropped)
        for slot in np.flatnonzero(used):
            at = np.flatnonzero(top.path[pair[demand]] == found.path[demand, slot])
            if len(at):
                for name in METRICS:
                    expected = getattr(top, name)[pair[demand], at[0]]
                    assert getattr(found, name)[demand, slot] == pytest.approx(expected, nan_ok=True)


def test_downgrades_follow_the_latency_limits_wherever_the_rows_stand() -> None:
    table = ServiceClasses.of(
        service_class=["free", "none", "gold", "lossy", "silver", "twin"],
        priority=[0, 0, 1, 0, 0, 0],
        latency_ms=[400.0, math.nan, 200.0, 400.0, 400.0, 400.0],
        jitter_ms=[50.0, 1.0, 40.0, 40.0, math.nan, 50.0],
        loss_ratio=[0.1, 0.1, 0.1, 0.2, 0.1, 0.05],
    )
    rules = sla_rules(with_paths(overlay(1).replaced(table)), keep=2)
    assert rules.level.tolist() == [3, 5, 0, 1, 4, 2]
    assert rules.limits[:, 0].tolist() == pytest.approx([200, 400, 400, 400, 400, math.nan], nan_ok=True)
    assert rules.keep == 2


def test_the_metrics_of_a_group_with_itself_are_the_measured_ones() -> None:
    snapshot = with_paths(overlay(12, groups=6))
    ends = np.arange(6, dtype=np.int32)
    found = feasible(top_paths(snapshot, ends, ends), ends, np.zeros(6, np.int32), sla_rules(snapshot))
    assert (found.stage[:, 0] == Stage.SAME_GROUP).all()
    for group in range(6):
        expected = direct_of(snapshot, group, group) or (math.nan,) * 3
        assert [getattr(found, name)[group, 0] for name in METRICS] == pytest.approx(expected, nan_ok=True)


def test_nothing_measured_is_direct_and_unreachable() -> None:
    snapshot = overlay(4, groups=2)
    access = snapshot.named("access")
    dark = with_paths(
        snapshot.replaced(
            access.with_column("latency_ms", np.full(access.row_count, np.nan)),
            Direct.of(source_group=[0], target_group=[1], latency_ms=[math.nan], jitter_ms=[1.0]),
        )
    )
    ends = np.array([0], np.int32), np.array([1], np.int32)
    found = feasible(top_paths(dark, *ends), np.zeros(1, np.int32), np.zeros(1, np.int32), sla_rules(dark))
    assert found.path.tolist() == [[DIRECT, -1, -1]]
    assert found.stage[0, 0] == Stage.UNREACHABLE
    assert all(np.isnan(getattr(found, name)).all() for name in METRICS)


@pytest.mark.parametrize("size", [1, 5, 25])
def test_shards_give_the_same_bits_in_the_order_of_the_demands(size: int) -> None:
    snapshot = with_paths(overlay(6, sites=5, groups=5).replaced(classes(3)))
    source, target, pair, service_class = demands(snapshot)
    order = np.random.default_rng(0).permutation(len(pair))[:50]  # some pairs have no session group
    pair, service_class = pair[order], service_class[order]
    rules = sla_rules(snapshot)
    whole = feasible(top_paths(snapshot, source, target), pair, service_class, rules)
    shards = session_shards(pair_shards(snapshot, source, target, size=size), pair, service_class, rules)
    assert sum(len(shard.demand) for shard in shards) == 50
    shards = pickle.loads(pickle.dumps(shards))
    together = gathered(shards, [feasible_of_shard(shard) for shard in shards])
    for field in fields(Feasible):
        one, other = getattr(whole, field.name), getattr(together, field.name)
        assert np.array_equal(one, other, equal_nan=one.dtype.kind == "f")


@given(st.integers(0, 10**6))
def test_stage_counts_are_session_groups_by_their_first_stage(seed: int) -> None:
    snapshot = with_paths(overlay(seed, sites=3, groups=3).replaced(classes(seed)))
    source, target, pair, service_class = demands(snapshot)
    found = feasible(top_paths(snapshot, source, target), pair, service_class, sla_rules(snapshot))
    counts = stage_counts(found.path, found.stage)
    assert list(counts) == list(Stage)
    assert sum(counts.values()) == len(pair)
    assert counts[Stage.SAME_GROUP] == 3 * snapshot[Groups].row_count
    for stage in Stage:
        first = [
            min(s for p, s in zip(*row, strict=True) if p >= 0) for row in zip(found.path, found.stage, strict=True)
        ]
        assert counts[stage] == first.count(stage)


def test_panorama_table_3_in_a_quiet_network_keeps_the_sla() -> None:
    snapshot = overlay(14, sites=5, groups=4, absent_ratio=0.0)
    for kind in (Links, Access, Direct):
        snapshot = snapshot.replaced(snapshot[kind].with_column("loss_ratio", np.zeros(snapshot[kind].row_count)))
    snapshot = with_paths(snapshot)
    source, target, pair, service_class = demands(snapshot)
    found = feasible(top_paths(snapshot, source, target), pair, service_class, sla_rules(snapshot))
    counts = stage_counts(found.path, found.stage)
    assert counts[Stage.SAME_GROUP] == 12
    assert counts[Stage.SLA] == 36
