"""What became of next hops, switch by switch, against the sets themselves."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from ladders_small import routing, switches

from fairlead.kernels.ecmp import Ladder, ladder
from fairlead.kernels.ecmp_changes import GAINED, LOST, SAME, redraw_ways, touched
from fairlead.kernels.ecmp_reach import shares
from fairlead.kernels.ecmp_ways import Routing, draw_ways, ends


def states(rungs: Ladder, data: st.DataObject) -> tuple[Routing, Routing]:
    count = len(rungs.source)
    alive = np.array([data.draw(st.integers(0, 3)) > 0 for _ in range(count)], bool)
    weight = np.array([data.draw(st.sampled_from([0.0, 1.0, 1.0, 2.0])) for _ in range(count)])
    later, heavier = alive.copy(), weight.copy()
    for row in data.draw(st.lists(st.integers(0, count - 1), max_size=3)):
        later[row] = not later[row]
    for row in data.draw(st.lists(st.integers(0, count - 1), max_size=2)):
        heavier[row] = data.draw(st.sampled_from([0.0, 1.0, 5.0]))
    return routing(rungs, alive, weight), routing(rungs, later, heavier)


@given(switches(), st.data())
def test_same_lost_or_gained(rungs: Ladder, data: st.DataObject) -> None:
    before, after = states(rungs, data)
    found = touched(rungs, before, after)
    for destination in range(len(rungs.t0)):
        for switch in range(len(rungs.tier)):
            if switch == rungs.t0[destination]:
                continue
            had, has = (
                {int(link): float(state.weight[link]) for link in shares(rungs, state, destination, switch)[0]}
                for state in (before, after)
            )
            expected = SAME if had == has else LOST if has.items() < had.items() else GAINED
            assert found[destination, switch] == expected


@given(switches(), st.data())
def test_only_touched_flows_are_drawn(rungs: Ladder, data: st.DataObject) -> None:
    """Equal to the full draw; and a flow is drawn anew only if its hop went, a rival gained, or it had no way."""
    before, after = states(rungs, data)
    first = np.flatnonzero(rungs.source < 0)[0]
    last = np.flatnonzero(rungs.target < 0)[0]
    destination = int(np.flatnonzero(rungs.t0 == rungs.source[last])[0])
    keys = np.random.default_rng(0).integers(0, 2**64, 40, dtype=np.uint64)
    flows = ends(*(np.full(40, value, np.int32) for value in (first, last, destination)), keys)
    drawn = draw_ways(rungs, before, flows)
    expected = draw_ways(rungs, after, flows)
    found, anew = redraw_ways(rungs, before, after, flows, drawn)
    assert (found.links == expected.links).all()
    assert (found.length == expected.length).all()
    became = touched(rungs, before, after)
    for flow in range(40):
        inside = drawn.links[flow, 1 : max(drawn.length[flow] - 1, 1)]
        gained = any(became[destination, rungs.source[link]] == GAINED for link in inside)
        gone = any(link not in shares(rungs, after, destination, int(rungs.source[link]))[0] for link in inside)
        assert anew[flow] == (drawn.length[flow] < 0 or gained or gone)


def test_a_lost_hop_moves_its_own_flows_only() -> None:
    """t0 0 to t0 1 over three t1s; when the link to the second goes, exactly its flows are drawn anew."""
    middle = np.arange(2, 5, dtype=np.int32)
    source = np.concatenate([np.zeros(3), middle, [-1, 1]]).astype(np.int32)
    target = np.concatenate([middle, np.ones(3), [0, -1]]).astype(np.int32)
    rungs = ladder(np.array([1, 1, 2, 2, 2], np.int8), source, target)
    alive = np.ones(8, bool)
    before = routing(rungs, alive, np.ones(8))
    alive[1] = False
    after = routing(rungs, alive, np.ones(8))
    keys = np.random.default_rng(0).integers(0, 2**64, 300, dtype=np.uint64)
    flows = ends(*(np.full(300, value, np.int32) for value in (6, 7, 1)), keys)
    drawn = draw_ways(rungs, before, flows)
    found, anew = redraw_ways(rungs, before, after, flows, drawn)
    assert 60 < anew.sum() < 140
    assert (anew == (drawn.links[:, 1] == 1)).all()
    assert (found.links == draw_ways(rungs, after, flows).links).all()
