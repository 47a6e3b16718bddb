"""From where a flow is sure to arrive: against every way that it could draw."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ladders_small import routing, switches

from fairlead.kernels.ecmp import Ladder, ladder
from fairlead.kernels.ecmp_reach import arrives, shares
from fairlead.kernels.ecmp_ways import Routing


def chance_of_arriving(rungs: Ladder, state: Routing, destination: int, switch: int) -> float:
    if switch == rungs.t0[destination]:
        return 1.0
    links, share = shares(rungs, state, destination, switch)
    return sum(
        part * chance_of_arriving(rungs, state, destination, int(rungs.target[link]))
        for link, part in zip(links, share.tolist(), strict=True)
    )


@given(switches(), st.data())
def test_sure_is_probability_one(rungs: Ladder, data: st.DataObject) -> None:
    count = len(rungs.source)
    alive = np.array([data.draw(st.integers(0, 4)) > 0 for _ in range(count)], bool)
    zeros = data.draw(st.booleans())  # without a weight of 0 there is a short cut
    weight = np.array([data.draw(st.sampled_from([0.0 if zeros else 1.0, 1.0, 3.0])) for _ in range(count)])
    state = routing(rungs, alive, weight)
    wanted = np.arange(len(rungs.t0), dtype=np.int32)[::-1]
    found = arrives(rungs, state, wanted)
    for row, destination in enumerate(wanted.tolist()):
        for switch in range(len(rungs.tier)):
            if state.hops[destination, switch] >= 0:
                chance = chance_of_arriving(rungs, state, destination, switch)
                assert found[row, switch] == (chance > 1 - 1e-9)
            else:
                assert not found[row, switch]


def test_a_hole_behind_one_of_two_next_hops() -> None:
    """t0 0 to t0 1 over t1 2 or t1 3; t1 3 has weight 0 towards t0 1: half of the flows fall into it."""
    source = np.array([0, 0, 2, 3], np.int32)
    target = np.array([2, 3, 1, 1], np.int32)
    rungs = ladder(np.array([1, 1, 2, 2], np.int8), source, target)
    state = routing(rungs, np.ones(4, bool), np.array([1.0, 1.0, 1.0, 0.0]))
    assert arrives(rungs, state, np.array([1], np.int32)).tolist() == [[False, True, True, False]]
    links, share = shares(rungs, state, 1, 0)
    assert links.tolist() == [0, 1]
    assert share.tolist() == pytest.approx([0.5, 0.5])
