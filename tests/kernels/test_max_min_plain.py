"""The literature's rounds: how many they are. That their rates are right, test_max_min.py holds against them."""

from __future__ import annotations

import numpy as np
from water_small import clos_flows

from fairlead.kernels.max_min import max_min
from fairlead.kernels.max_min_plain import max_min_plain, max_min_rounds


def test_a_round_for_each_level() -> None:
    """A chain of ever wider links, each with a flow of its own and all crossed by one: as many levels as links."""
    count = 5
    links = np.full((count + 1, count), -1, np.int32)
    links[:count, 0] = np.arange(count)
    links[count] = np.arange(count)
    capacity = 10.0 * 2.0 ** np.arange(count)
    rate, rounds = max_min_plain(links, capacity, np.full(count + 1, np.inf))
    assert rate.tolist() == [5.0, *(capacity[1:] - 5.0), 5.0]
    assert rounds == count
    assert max_min_rounds(links, capacity, np.full(count + 1, np.inf))[1] == 2


def test_each_ceiling_is_a_level() -> None:
    """Virtual links (SWARM A.2): flows alone on wide links, each with a ceiling of its own."""
    links = np.arange(7, dtype=np.int32)[:, None]
    ceiling = np.arange(1.0, 8.0)
    rate, rounds = max_min_plain(links, np.full(7, 100.0), ceiling)
    assert rate.tolist() == ceiling.tolist()
    assert rounds == 7
    assert max_min_rounds(links, np.full(7, 100.0), ceiling)[1] == 1


def test_local_rounds_are_fewer() -> None:
    problem = clos_flows(4, 2_000, seed=9)
    _, wide = max_min_plain(*problem)
    _, local = max_min_rounds(*problem)
    assert local * 5 < wide <= np.unique(max_min(*problem).round(9)).size + 1
