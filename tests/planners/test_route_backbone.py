"""The tables of backbone paths against enumeration, metric by metric."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracles.routes_brute_force import loop_free, overlay, square

from fairlead.model import DIRECT, Hops, Links, Paths, Sites, Snapshot
from fairlead.planners.route.backbone import with_paths


def ways(snapshot: Snapshot) -> list[list[int]]:
    """The sites of every path, as the table of hops says."""
    hops, paths = snapshot[Hops], snapshot[Paths]
    found: list[list[int]] = [[] for _ in range(paths.row_count)]
    for path, position, site in zip(hops.path, hops.position, hops.site, strict=True):
        assert position == len(found[path])
        found[path].append(int(site))
    return found


@given(st.integers(0, 10**6), st.integers(1, 5), st.integers(1, 6))
def test_paths_are_the_shortest_of_every_pair_with_their_metrics(seed: int, sites: int, k: int) -> None:
    snapshot = with_paths(overlay(seed, sites=sites), k)
    paths, way = snapshot[Paths], ways(snapshot)
    latency, jitter, loss = (square(snapshot, name) for name in ("latency_ms", "jitter_ms", "loss_ratio"))
    row = 1
    for source in range(sites):
        for target in range(sites):
            expected = loop_free(latency, source, target)[:k]
            for rank, (ms, _) in enumerate(expected):
                assert (paths.source[row], paths.target[row], paths.rank[row]) == (source, target, rank)
                assert (way[row][0], way[row][-1], paths.hop_count[row]) == (source, target, len(way[row]))
                links = list(pairwise(way[row]))
                assert paths.latency_ms[row] == sum(latency[link] for link in links) == ms
                assert paths.jitter_ms[row] == pytest.approx(sum(jitter[link] for link in links), nan_ok=True)
                survival = math.prod(1 - loss[link] for link in links)
                assert paths.loss_ratio[row] == pytest.approx(1 - survival, nan_ok=True)
                row += 1
    assert row == paths.row_count


def test_the_first_row_is_the_plain_internet() -> None:
    paths = with_paths(overlay(1))[Paths]
    assert (paths.source[DIRECT], paths.target[DIRECT], paths.rank[DIRECT], paths.hop_count[DIRECT]) == (-1, -1, 0, 0)
    assert all(math.isnan(paths.array(name)[DIRECT]) for name in ("latency_ms", "jitter_ms", "loss_ratio"))


def test_a_site_alone_costs_nothing_and_loses_nothing() -> None:
    links = Links.of(source=[], target=[], latency_ms=[])
    snapshot = with_paths(Snapshot([Sites.of(site=["a", "b"]), links]))
    assert ways(snapshot) == [[], [0], [1]]
    paths = snapshot[Paths]
    assert paths.latency_ms[1:].tolist() == paths.jitter_ms[1:].tolist() == paths.loss_ratio[1:].tolist() == [0, 0]


def test_unknown_latency_is_no_link_and_unknown_jitter_is_no_zero() -> None:
    links = Links.of(
        source=[0, 0, 1],
        target=[1, 2, 2],
        latency_ms=[1.0, math.nan, 1.0],
        jitter_ms=[math.nan, 1.0, 2.0],
        loss_ratio=[0.5, 0, 0.5],
    )
    snapshot = with_paths(Snapshot([Sites.of(site=["a", "b", "c"]), links]))
    paths, way = snapshot[Paths], ways(snapshot)
    assert [0, 2] not in way
    row = way.index([0, 1, 2])
    assert math.isnan(paths.jitter_ms[row])
    assert paths.loss_ratio[row] == 0.75
    assert paths.jitter_ms[way.index([1, 2])] == 2


def test_paths_follow_from_the_links_and_are_found_once() -> None:
    snapshot = overlay(5)
    one, other = with_paths(snapshot), with_paths(with_paths(snapshot))
    assert one[Paths] is other[Paths]
    assert with_paths(snapshot, 1)[Paths].rank.max() == 0
    links = snapshot[Links]
    slower = snapshot.replaced(links.with_column("latency_ms", links.latency_ms * 2))
    assert np.nansum(with_paths(slower)[Paths].latency_ms) == 2 * np.nansum(one[Paths].latency_ms) > 0


def test_many_sites() -> None:
    """120 sites in the plane, all linked: sorted, loop-free, first the straight link or a shorter way round."""
    points = np.random.default_rng(0).random((120, 2))
    source, target = (ends.astype(np.int32) for ends in np.nonzero(~np.eye(120, dtype=bool)))
    ms = np.linalg.norm(points[source] - points[target], axis=1) ** 1.5
    snapshot = with_paths(
        Snapshot([Sites.of(site=np.arange(120)), Links.of(source=source, target=target, latency_ms=ms)])
    )
    paths, hops = snapshot[Paths], snapshot[Hops]
    assert paths.row_count == 1 + 120 + 120 * 119 * 5
    again = (np.diff(paths.rank[1:]) > 0).nonzero()[0] + 1
    assert (paths.latency_ms[again + 1] >= paths.latency_ms[again]).all()
    assert len(np.unique(hops.path.astype(np.int64) * 120 + hops.site)) == hops.row_count
    first = (paths.rank == 0) & (paths.hop_count > 1)
    assert (paths.latency_ms[first] <= ms).all()
    assert (paths.latency_ms[first] < ms).any()
