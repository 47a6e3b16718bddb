"""The exact K shortest end-to-end paths against every path of the whole graph (Panorama Theorem 1)."""

from __future__ import annotations

import pickle
from dataclasses import fields, replace
from itertools import islice, pairwise

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracles.routes_brute_force import all_pairs, end_to_end, overlay, whole_graph

from fairlead.model import DIRECT, Access, Direct, Groups, Hops, Links, Paths, Sites, Snapshot, Table
from fairlead.planners.route.backbone import with_paths
from fairlead.planners.route.paths import TopPaths, best_of_shard, pair_shards, stacked, top_paths
from fairlead.worlds.overlay.meshes import data_dir

METRICS = ("latency_ms", "jitter_ms", "loss_ratio")


def way_of(snapshot: Snapshot, path: int) -> tuple[int, ...]:
    return tuple(snapshot[Hops].site[snapshot[Hops].path == path].tolist())


def same_bits(one: TopPaths, other: TopPaths) -> bool:
    return all(
        np.array_equal(getattr(one, f.name), getattr(other, f.name), equal_nan=f.name in METRICS) for f in fields(one)
    )


@given(st.integers(0, 10**6), st.integers(1, 5), st.integers(1, 4), st.integers(0, 3), st.booleans())
def test_theorem_1(seed: int, sites: int, k: int, spare: int, whole: bool) -> None:
    """With K' >= K the K best over all sites are the K best of the whole graph, in which users are nodes."""
    snapshot = with_paths(overlay(seed, sites=sites, groups=3, whole=whole), k + spare)
    source, target = all_pairs(snapshot)
    top = top_paths(snapshot, source, target, k)
    for pair, (s, t) in enumerate(zip(source.tolist(), target.tolist(), strict=True)):
        if s == t:
            continue
        found = [way_of(snapshot, path) for path in top.path[pair] if path >= 0]
        expected = whole_graph(snapshot, s, t)
        assert len(set(found)) == len(found)
        assert set(found) <= {way for _, way in expected}
        latency = top.latency_ms[pair, : len(found)].tolist()
        assert latency == pytest.approx([ms for ms, _ in expected[:k]], abs=1e-9)
        if whole:  # sums are exact: equal latency is ordered by the row of the path
            choices = list(zip(latency, top.path[pair].tolist(), strict=False))
            assert choices == sorted(choices)
            tied = {way for ms, way in expected if ms == latency[-1]} if latency else set()
            assert {way for ms, way in expected if latency and ms < latency[-1]} <= set(found) | tied


@given(st.integers(0, 10**6))
def test_ties_go_to_the_smaller_row_among_all_paths(seed: int) -> None:
    """Latencies of 0 to 2 ms: nearly everything ties; and the table holds all paths there are."""
    snapshot = with_paths(overlay(seed, sites=3, groups=3, latest_ms=2), 5)
    source, target = all_pairs(snapshot)
    top, paths = top_paths(snapshot, source, target, 3), snapshot[Paths]
    for pair, (s, t) in enumerate(zip(source.tolist(), target.tolist(), strict=True)):
        if s != t:
            every = [(end_to_end(snapshot, s, t, way_of(snapshot, row))[0], row)
                     for row in range(paths.row_count) if usable(snapshot, s, t, row)]  # fmt: skip
            assert top.path[pair][top.path[pair] >= 0].tolist() == [row for _, row in sorted(every)[:3]]


def usable(snapshot: Snapshot, source: int, target: int, row: int) -> bool:
    return any(way == way_of(snapshot, row) for _, way in whole_graph(snapshot, source, target))


def test_fewer_backbone_paths_than_asked_for_can_miss_the_optimum() -> None:
    """Why Theorem 1 wants K' >= K: the second best path of this pair is the second of its sites."""
    access = Access.of(group=[0, 1], site=[0, 2], latency_ms=[1.0, 1.0])
    links = Links.of(source=[0, 0, 1], target=[2, 1, 2], latency_ms=[5.0, 3.0, 3.0])
    network = Snapshot([Sites.of(site=["a", "b", "c"]), Groups.of(group=["x", "y"]), links, access])
    ends = np.zeros(1, np.int32), np.ones(1, np.int32)
    assert top_paths(with_paths(network, 2), *ends, 2).latency_ms.tolist() == [[7.0, 8.0]]
    assert np.isnan(top_paths(with_paths(network, 1), *ends, 2).latency_ms[0, 1])


@given(st.integers(0, 10**6))
def test_metrics_are_summed_link_by_link(seed: int) -> None:
    snapshot = with_paths(overlay(seed, sites=3, groups=3))
    source, target = all_pairs(snapshot)
    top = top_paths(snapshot, source, target)
    for pair, (s, t) in enumerate(zip(source.tolist(), target.tolist(), strict=True)):
        for slot, path in enumerate(top.path[pair].tolist()):
            got = [getattr(top, name)[pair, slot] for name in METRICS]
            expected = end_to_end(snapshot, s, t, way_of(snapshot, path)) if path >= 0 else [np.nan] * 3
            assert got == pytest.approx(expected, nan_ok=True, abs=1e-12)


def test_one_group_goes_direct_measured_or_not() -> None:
    snapshot = with_paths(overlay(12, groups=6))
    ends = np.arange(6, dtype=np.int32)
    top, direct = top_paths(snapshot, ends, ends), snapshot[Direct]
    assert (top.path[:, 0] == DIRECT).all()
    assert (top.path[:, 1:] == -1).all()
    known = {
        int(s): ms
        for s, t, ms in zip(direct.source_group, direct.target_group, direct.latency_ms, strict=True)
        if s == t
    }
    assert 0 < len(known) < 6
    assert top.latency_ms[:, 0].tolist() == pytest.approx([known.get(g, np.nan) for g in range(6)], nan_ok=True)


@pytest.mark.parametrize("size", [1, 7, 36])
def test_shards_give_the_same_bits(size: int) -> None:
    snapshot = with_paths(overlay(8, sites=5, groups=6, whole=False))
    source, target = all_pairs(snapshot)
    order = np.random.default_rng(1).permutation(36)
    whole = top_paths(snapshot, source[order], target[order])
    shards = pickle.loads(pickle.dumps(pair_shards(snapshot, source[order], target[order], size=size)))
    assert len(shards) == -(-36 // size)
    assert same_bits(stacked([best_of_shard(shard) for shard in shards]), whole)
    in_order = top_paths(snapshot, source, target)
    assert np.array_equal(in_order.path[order], whole.path)


def test_no_pairs_no_direct_no_links() -> None:
    snapshot = with_paths(overlay(2))
    none = np.empty(0, np.int32)
    assert top_paths(snapshot, none, none).path.shape == (0, 5)
    assert len(pair_shards(snapshot, none, none)) == 1
    bare = Snapshot(
        [*(table for table in snapshot.tables if not isinstance(table, Direct | Links | Paths | Hops)),
         Links.of(source=none, target=none, latency_ms=[])]
    )  # fmt: skip
    top = top_paths(with_paths(bare), *all_pairs(bare))
    hops = with_paths(bare)[Paths].hop_count
    assert set(hops[top.path[(top.path >= 0) & (top.source_group != top.target_group)[:, None]]].tolist()) == {1}


def test_relabelled_sites_give_the_same_latencies() -> None:
    snapshot = overlay(21, sites=5, groups=5, whole=False)
    new = np.random.default_rng(2).permutation(5).astype(np.int32)
    links, access = snapshot[Links], snapshot[Access]
    moved = snapshot.replaced(
        replace_columns(links, source=new[links.source], target=new[links.target]),
        replace_columns(access, site=new[access.site]),
    )
    one, other = (top_paths(with_paths(each), *all_pairs(each)) for each in (snapshot, moved))
    np.testing.assert_allclose(one.latency_ms, other.latency_ms, rtol=1e-12)


def replace_columns(table: Table, **columns: np.ndarray[tuple[int], np.dtype[np.int32]]) -> Table:
    return type(table).of(**{name: table.array(name) for name in table.declared()} | columns)


def test_the_inputs_stay_as_they_were() -> None:
    snapshot = with_paths(overlay(3))
    (shard,) = pair_shards(snapshot, *all_pairs(snapshot))
    before = pickle.dumps(shard)
    best_of_shard(shard)
    assert pickle.dumps(replace(shard)) == before


def test_planetlab_as_yen_on_the_whole_graph() -> None:
    """34 measured nodes as sites, others as users: the five shortest paths are those of networkx."""
    path = data_dir() / "common" / "planetlab490_rtt_ms.npz"
    if not path.is_file():
        pytest.skip("no measured meshes: set FAIRLEAD_DATA")
    ms = np.full((490, 490), np.nan)
    ms[np.triu_indices(490, 1)] = np.load(path)["rtt_upper"][0] / 2.0
    ms = np.fmax(ms, ms.T)
    sites, users = np.arange(0, 34 * 14, 14), np.arange(7, 490, 60)
    source, target = (ends.astype(np.int32) for ends in np.nonzero(~np.eye(34, dtype=bool)))
    group, site = (ends.astype(np.int32) for ends in np.nonzero(np.ones((len(users), 34), dtype=bool)))
    ends = [end.astype(np.int32) for end in np.nonzero(~np.eye(len(users), dtype=bool))]
    snapshot = with_paths(
        Snapshot(
            [
                Sites.of(site=sites),
                Links.of(source=source, target=target, latency_ms=ms[sites[source], sites[target]]),
                Groups.of(group=users),
                Access.of(group=group, site=site, latency_ms=ms[users[group], sites[site]]),
                Direct.of(source_group=ends[0], target_group=ends[1], latency_ms=ms[users[ends[0]], users[ends[1]]]),
            ]
        )
    )
    top = top_paths(snapshot, ends[0], ends[1])
    assert (top.path >= 0).all()
    for pair in range(0, len(ends[0]), 9):
        ends_of_pair = users[[ends[0][pair], ends[1][pair]]].tolist()
        graph = nx.Graph()
        nodes = [*sites.tolist(), *ends_of_pair]
        graph.add_weighted_edges_from((a, b, ms[a, b]) for a in nodes for b in nodes if a < b)
        expected = [
            sum(ms[link] for link in pairwise(way))
            for way in islice(nx.shortest_simple_paths(graph, *ends_of_pair, weight="weight"), 5)
        ]
        assert top.latency_ms[pair].tolist() == pytest.approx(expected, abs=1e-9)
