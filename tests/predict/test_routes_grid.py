"""Dense views against the rows of their tables."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracles.routes_brute_force import access_ms, all_pairs, direct_of, overlay, square

from fairlead.model import BadInputError, Direct, Groups, Links, Sites, Snapshot
from fairlead.predict import routes_grid
from fairlead.predict.routes_grid import access_grid, backbone_grid, direct_lookup

METRICS = ("latency_ms", "jitter_ms", "loss_ratio")


@given(st.integers(0, 10**6), st.integers(1, 5))
def test_backbone_holds_every_link_once(seed: int, sites: int) -> None:
    snapshot = overlay(seed, sites=sites)
    grid, links = backbone_grid(snapshot), snapshot[Links]
    for name in METRICS:
        assert np.array_equal(getattr(grid, name), square(snapshot, name), equal_nan=True)
    assert grid.row.dtype == np.int32
    assert (grid.row >= 0).sum() == links.row_count
    for row in range(links.row_count):
        assert grid.row[links.source[row], links.target[row]] == row


@given(st.integers(0, 10**6))
def test_access_holds_what_was_measured(seed: int) -> None:
    snapshot = overlay(seed, sites=3, groups=5)
    latency = access_grid(snapshot).latency_ms
    assert latency.shape == (5, 3)
    for group in range(5):
        known = {site: ms for site, ms in enumerate(latency[group].tolist()) if not math.isnan(ms)}
        assert known == access_ms(snapshot, group)


@given(st.integers(0, 10**6), st.integers(1, 6))
def test_direct_is_its_row_or_nothing(seed: int, groups: int) -> None:
    snapshot = overlay(seed, groups=groups, absent_ratio=0.6)
    source, target = (end[np.random.default_rng(seed).permutation(groups * groups)] for end in all_pairs(snapshot))
    found = direct_lookup(snapshot, source, target)
    for pair, ends in enumerate(zip(source.tolist(), target.tolist(), strict=True)):
        expected = direct_of(snapshot, *ends) or (math.nan,) * 3
        assert [getattr(found, name)[pair] for name in METRICS] == pytest.approx(expected, nan_ok=True, abs=0)


def test_a_search_in_many_groups_finds_what_the_square_finds() -> None:
    """Few rows among 3,000 groups are searched for; the same rows among few groups are read from a square."""
    rng = np.random.default_rng(4)
    key = rng.choice(40 * 40, 500, replace=False)
    direct = Direct.of(
        source_group=(key // 40).astype(np.int32),
        target_group=(key % 40).astype(np.int32),
        latency_ms=rng.random(500),
        loss_ratio=rng.random(500),
    )
    few, many = (Snapshot([Sites.of(site=[0]), Groups.of(group=np.arange(count)), direct]) for count in (40, 3000))
    assert max(routes_grid._DENSE_CELLS, 4 * 500) < 3000 * 3000
    ends = tuple(rng.integers(0, 40, (2, 4000)).astype(np.int32))
    one, other = direct_lookup(few, *ends), direct_lookup(many, *ends)
    assert 0 < np.isnan(one.latency_ms).sum() < 4000
    for name in METRICS:
        assert np.array_equal(getattr(one, name), getattr(other, name), equal_nan=True)
    edge = np.array([0, 2999], np.int32)
    assert np.isnan(direct_lookup(many, edge, edge[::-1].copy()).latency_ms).all()


def test_without_the_table_nothing_is_known() -> None:
    snapshot = overlay(1)
    without = Snapshot(table for table in snapshot.tables if not isinstance(table, Direct))
    empty = without.replaced(Direct.of(source_group=[], target_group=[], latency_ms=[]))
    for each in (without, empty):
        found = direct_lookup(each, *all_pairs(each))
        assert all(np.isnan(getattr(found, name)).all() for name in METRICS)


def test_views_are_made_once_and_cannot_be_written() -> None:
    snapshot = overlay(2)
    assert backbone_grid(snapshot) is backbone_grid(snapshot)
    assert access_grid(snapshot) is access_grid(snapshot)
    direct = direct_lookup(snapshot, *all_pairs(snapshot))
    views = [
        getattr(view, name) for view in (backbone_grid(snapshot), access_grid(snapshot), direct) for name in METRICS
    ]
    for values in (*views, backbone_grid(snapshot).row):
        with pytest.raises(ValueError, match="read-only"):
            values[...] = 0


def test_a_link_to_itself_is_bad_input() -> None:
    snapshot = overlay(3).replaced(Links.of(source=[0, 1], target=[1, 1], latency_ms=[1.0, 2.0]))
    with pytest.raises(BadInputError, match=r"links\.loop.*row 1.*site 1"):
        backbone_grid(snapshot)
