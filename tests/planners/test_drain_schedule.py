"""Order and pace: nobody is lost, no wave empties a region, and no prefix breaks what the whole plan keeps."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracles.networks import network
from oracles.problems import cover_problems

from fairlead.kernels.cover import CoverProblem
from fairlead.model import Servers, apply_edits
from fairlead.planners.drain.schedule import WAVE_INTERVAL_S, WAVE_REGION_RATIO, by_usefulness, waves
from fairlead.predict.overlay import region_up_ratio


@given(cover_problems(), st.data())
def test_most_weight_per_cost_first(problem: CoverProblem, data: st.DataObject) -> None:
    flags = st.lists(st.booleans(), min_size=problem.node_count, max_size=problem.node_count)
    chosen = np.array(data.draw(flags))
    ordered = by_usefulness(problem, chosen).tolist()
    assert sorted(ordered) == np.flatnonzero(chosen).tolist()
    weight = [
        sum(g for u, v, g in zip(problem.u, problem.v, problem.g, strict=True) if node in (u, v)) / problem.cost[node]
        for node in ordered
    ]
    assert all(a >= b - 1e-9 for a, b in pairwise(weight))


@pytest.mark.parametrize("online", [True, False])
@given(data=st.data())
def test_waves_take_every_row_once_in_order_few_of_a_region_at_a_time(online: bool, data: st.DataObject) -> None:
    regions = data.draw(st.lists(st.sampled_from("abc"), min_size=2, max_size=45))
    count = len(regions)
    rows = np.array(data.draw(st.lists(st.integers(0, count - 1), unique=True, max_size=count)), dtype=np.int64)
    world = network(regions=regions, silent=[(a, b) for a in range(count) for b in range(count)], windows=[0])
    edits = waves(world, rows, online)
    assert sorted(row for edit in edits for row in edit.rows.tolist()) == sorted(rows.tolist())
    place = {row: at for at, row in enumerate(rows.tolist())}
    started = {row: edit.start_s for edit in edits for row in edit.rows.tolist()}
    for number, edit in enumerate(edits):
        assert edit.cell_count > 0
        assert (edit.table, edit.column) == ("servers", "online")
        assert edit.action == ("restore" if online else "drain")
        assert edit.after.dtype == bool
        assert (edit.after == online).all()
        assert edit.start_s == number * WAVE_INTERVAL_S
        places = [place[row] for row in edit.rows.tolist()]
        assert places == sorted(places)
        for name in "abc":
            taken = sum(regions[row] == name for row in edit.rows.tolist())
            assert taken <= max(1, int(WAVE_REGION_RATIO * regions.count(name) + 1e-9))
    for name in "abc":
        starts = [started[row] for row in rows.tolist() if regions[row] == name]
        assert starts == sorted(starts)


def test_no_wave_where_nobody_moves() -> None:
    assert waves(network(regions=["a", "b"]), np.empty(0, dtype=np.int64), online=False) == ()


def test_every_prefix_leaves_at_least_what_the_whole_leaves() -> None:
    world = network(regions=["a"] * 20 + ["b"] * 2, windows=[0])
    edits = waves(world, np.array([3, 1, 20, 7, 9, 11]), online=False)
    assert [edit.rows.tolist() for edit in edits] == [[3, 1, 20], [7, 9], [11]]
    final = region_up_ratio(apply_edits(world, edits))
    for length in range(len(edits) + 1):
        assert (region_up_ratio(apply_edits(world, edits[:length])) >= final).all()
    assert apply_edits(world, edits)[Servers].online.sum() == 16
