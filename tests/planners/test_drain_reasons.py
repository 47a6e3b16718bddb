"""Every number in a reason against the definition in a loop."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from oracles.drains import failing_pairs, sick_worlds
from oracles.networks import network

from fairlead.model import Snapshot
from fairlead.planners.drain.failures import failures
from fairlead.planners.drain.reasons import server_reasons


@given(sick_worlds(), st.data())
def test_numbers_are_what_they_say(world: Snapshot, data: st.DataObject) -> None:
    pairs = failing_pairs(world)
    assume(pairs)
    found = failures(world)
    rows = found.server_rows.tolist()
    leaving = data.draw(st.lists(st.integers(0, len(rows) - 1), unique=True))
    weight = np.array(data.draw(st.lists(st.floats(0, 20), min_size=len(pairs), max_size=len(pairs))))
    reasons = server_reasons(world, found, weight, np.array(leaving, dtype=np.int64))
    assert [reason.row for reason in reasons] == [rows[node] for node in leaving]
    gone = {rows[node] for node in leaving}
    for reason in reasons:
        mine = [
            ({s, t} - {reason.row}, bad, w)
            for (s, t, bad), w in zip(pairs, weight, strict=True)
            if reason.row in (s, t)
        ]
        shared: dict[int, float] = {}
        for others, _, w in mine:
            (other,) = others
            if other not in gone:
                shared[other] = shared.get(other, 0.0) + w
        numbers = reason.numbers
        assert numbers["covered_count"] == sum(bad for _, bad, _ in mine)
        assert numbers["failing_count"] == sum(bad for _, _, bad in pairs)
        assert numbers["needed_count"] == pytest.approx(sum(shared.values()))
        assert numbers["cost"] == found.cost[rows.index(reason.row)]
        assert ("neighbour_cost" in numbers) == bool(shared)
        if shared:
            assert numbers["neighbour_covers_count"] == pytest.approx(max(shared.values()))
            rivals = [other for other, w in shared.items() if w == pytest.approx(max(shared.values()))]
            assert numbers["neighbour_cost"] in [found.cost[rows.index(other)] for other in rivals]


def test_the_words_of_a_star(star_of_six: Snapshot) -> None:
    found = failures(star_of_six)
    (reason,) = server_reasons(star_of_six, found, found.failed_count, np.array([0]))
    assert reason.key == "drain.covers"
    assert (reason.table, reason.row) == ("servers", 0)
    assert "covers 25 of 25 failed streams at a cost of 60.0" in reason.text
    assert "without it 25.0 of the streams" in reason.text
    assert "shares only 5.0 of them" in reason.text


def test_a_neighbour_that_would_do_the_same_is_named_with_its_cost() -> None:
    world = network(regions=["a", "a"], failed={(0, 1): 5}, users=[10, 20], ids=[7, 8])
    found = failures(world)
    (reason,) = server_reasons(world, found, found.failed_count, np.array([0]))
    assert reason.text.endswith("its neighbour 8 would do the same for 70.0")


def test_a_server_whose_neighbours_all_leave_has_no_rival() -> None:
    world = network(regions=["a"] * 3, failed={(0, 1): 5, (0, 2): 5})
    found = failures(world)
    reasons = server_reasons(world, found, found.failed_count, np.array([0, 1, 2]))
    assert [reason.numbers["needed_count"] for reason in reasons] == [0, 0, 0]
    assert all("neighbour" not in reason.text for reason in reasons)
