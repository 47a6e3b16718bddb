"""The proof must fail where it should."""

from __future__ import annotations

import numpy as np
from water_small import clos_flows

from fairlead.kernels.max_min import max_min
from fairlead.kernels.max_min_proof import overload_ratio, unfairness_ratio


def test_sees_what_is_too_much() -> None:
    links, capacity, ceiling = clos_flows(2, 60, seed=3)
    rate = max_min(links, capacity, ceiling)
    worst = int(np.argmax(np.where(np.isinf(ceiling), rate, 0)))
    assert overload_ratio(links, capacity, rate) <= 1e-12
    rate[worst] *= 1.1
    assert overload_ratio(links, capacity, rate) > 0.01


def test_sees_each_flow_that_has_too_little() -> None:
    links, capacity, ceiling = clos_flows(2, 60, seed=4)
    fair = max_min(links, capacity, ceiling)
    assert unfairness_ratio(links, capacity, ceiling, fair) < 1e-9
    for flow in range(len(fair)):
        rate = fair.copy()
        rate[flow] *= 0.9
        assert unfairness_ratio(links, capacity, ceiling, rate) > 0.005


def test_sees_a_share_that_is_not_equal() -> None:
    """A full link, but one flow took from the other: the poorer has no bottleneck."""
    links = np.zeros((2, 1), np.int32)
    no_ceiling = np.full(2, np.inf)
    assert unfairness_ratio(links, np.array([4.0]), no_ceiling, np.array([2.0, 2.0])) == 0.0
    assert unfairness_ratio(links, np.array([4.0]), no_ceiling, np.array([1.0, 3.0])) > 0.5
