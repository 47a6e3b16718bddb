"""Distances of up-down routing against their definition, and repaired ones against those made anew."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from ladders_small import distances, switches

from fairlead.kernels.ecmp import Ladder, hops, ladder, read_only, repaired_hops


@given(switches(), st.data())
def test_distances_as_defined(rungs: Ladder, data: st.DataObject) -> None:
    alive = np.array([data.draw(st.integers(0, 4)) > 0 for _ in rungs.source], bool)
    assert hops(rungs, alive).tolist() == distances(rungs, alive).tolist()


@given(switches(), st.data())
def test_repaired_as_made_anew(rungs: Ladder, data: st.DataObject) -> None:
    """Links that go and links that come, several at once; the table before stays as it was."""
    count = len(rungs.source)
    alive = np.array([data.draw(st.integers(0, 3)) > 0 for _ in range(count)], bool)
    before = hops(rungs, alive)
    kept = before.copy()
    changed = np.array(data.draw(st.lists(st.integers(0, count - 1), unique=True, max_size=4)), np.int64)
    later = alive.copy()
    later[changed] = ~later[changed]
    assert repaired_hops(rungs, later, before, changed).tolist() == hops(rungs, later).tolist()
    assert (before == kept).all()


def test_a_valley_is_no_way() -> None:
    """t1 number 2 could reach t0 1 by going down to t0 0 and up again; that is forbidden, so it has no way."""
    #      0: t0, 1: t0, 2: t1 above 0, 3: t1 above both
    source = np.array([0, 2, 0, 3, 1, 3], np.int32)
    target = np.array([2, 0, 3, 0, 3, 1], np.int32)
    rungs = ladder(np.array([1, 1, 2, 2], np.int8), source, target)
    assert hops(rungs, np.ones(6, bool)).tolist() == [[0, 2, 1, 1], [2, 0, -1, 1]]


def test_links_that_belong_to_no_way_are_left_out() -> None:
    """Inside a tier, past a tier, to a server: not in the ladder."""
    source = np.array([0, 1, 0, 2, -1, 0], np.int32)
    target = np.array([1, 0, 2, 0, 0, -1], np.int32)
    rungs = ladder(np.array([1, 1, 3], np.int8), source, target)
    assert len(rungs.up_link) == len(rungs.down_link) == len(rungs.fed_link) == 0
    assert hops(rungs, np.ones(6, bool)).tolist() == [[0, -1, -1], [-1, 0, -1]]


def test_arrays_cannot_be_written_through() -> None:
    mine = np.arange(3)
    view = read_only(mine)
    assert not view.flags.writeable
    mine[0] = 7  # the caller's array is left as it is
    assert read_only(mine[::2]).flags.c_contiguous
