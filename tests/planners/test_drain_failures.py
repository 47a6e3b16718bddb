"""The failure graph and what may still be taken offline."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from oracles.drains import GOALS, allowed_drains, demand, failing_pairs, sick_worlds
from oracles.networks import network

from fairlead.model import Servers, Snapshot
from fairlead.planners.drain import UNLIMITED, Goal
from fairlead.planners.drain.failures import allowance, cover_problem, failures
from fairlead.predict.overlay import last_window, qoe_costs


@given(sick_worlds())
def test_the_graph_is_the_failing_pairs_of_online_servers(world: Snapshot) -> None:
    found = failures(world)
    pairs = failing_pairs(world)
    rows = found.server_rows
    assert [(rows[u], rows[v], bad) for u, v, bad in zip(found.u, found.v, found.failed_count, strict=True)] == pairs
    assert rows.tolist() == sorted({end for s, t, _ in pairs for end in (s, t)})
    assert world[Servers].online[rows].all()
    assert found.cost.tolist() == qoe_costs(world)[rows].tolist()
    assert found.demand_count == demand(world)
    assert last_window(world).failed_count[found.at].tolist() == found.failed_count.tolist()


@given(sick_worlds(), GOALS)
def test_quotas_allow_exactly_what_the_goal_allows(world: Snapshot, goal: Goal) -> None:
    """Every set of candidates, judged by the quotas and by counting servers and Mbit/s."""
    found = failures(world)
    assume(found.pair_count)
    problem = cover_problem(found, found.failed_count, 0.0, allowance(world, goal))
    allowed = set(allowed_drains(world, goal))
    for size in range(len(found.server_rows) + 1):
        for nodes in combinations(range(len(found.server_rows)), size):
            chosen = np.isin(np.arange(len(found.server_rows)), nodes)
            leaving = tuple(found.server_rows[list(nodes)].tolist())
            assert problem.within_quota(chosen) == (leaving in allowed), leaving


@pytest.mark.parametrize(
    ("ratio", "servers", "quota"),
    [(0.3, 10, 3), (0.7, 10, 7), (0.2, 60, 12), (0.29, 100, 29), (0.2, 9, 1), (1.0, 7, 7)],
)
def test_the_fleet_cap_is_exact_in_whole_servers(ratio: float, servers: int, quota: int) -> None:
    goal = Goal(fleet_cap_ratio=ratio, region_floor_ratio=0.0)
    assert allowance(network(regions=["a"] * servers), goal).quota[0] == quota


@pytest.mark.parametrize(
    ("ratio", "servers", "may_leave"), [(0.5, 2, 1), (0.5, 3, 1), (0.3, 10, 7), (1.0, 4, 0), (0.01, 2, 1)]
)
def test_the_region_floor_is_exact_in_whole_servers(ratio: float, servers: int, may_leave: int) -> None:
    goal = Goal(fleet_cap_ratio=1.0, region_floor_ratio=ratio)
    assert allowance(network(regions=["a"] * servers), goal).quota[1] == may_leave


def test_what_is_down_already_counts_and_never_goes_negative() -> None:
    world = network(regions=["a"] * 4 + ["b"] * 4, offline=[0, 1, 2])
    quota = allowance(world, Goal(fleet_cap_ratio=0.25, region_floor_ratio=0.5)).quota
    assert quota.tolist() == [0, 0, 2, np.inf, np.inf]


def test_unlimited_is_no_limit(star_of_six: Snapshot) -> None:
    quota = allowance(star_of_six, UNLIMITED).quota
    assert quota.tolist() == [6, 2, 2, 2, np.inf, np.inf, np.inf]


@given(st.sampled_from([0.9, 0.95, 0.99, 0.995, 0.999, 0.9999, 0.99999]), st.integers(1, 10**7))
def test_the_slack_agrees_with_the_success_ratio(slo_ratio: float, thousand: int) -> None:
    """Exactly as many failed streams as the objective tolerates are, by both, whatever binary fractions say."""
    streams = thousand * 10_000
    tolerated = round(streams * (1 - slo_ratio))
    world = network(regions=["a", "a"], failed={(0, 1): 1}, streams_count=2)
    found = failures(world)
    slack = type(found)(
        server_rows=found.server_rows, at=found.at, u=found.u, v=found.v, failed_count=found.failed_count,
        cost=found.cost, demand_count=streams,
    ).slack_count(Goal(slo_ratio=slo_ratio))  # fmt: skip
    assert (1 - tolerated / streams >= slo_ratio) == (tolerated <= slack * (1 + 1e-9) + 1e-9)
    assert not 1 - (tolerated + 1) / streams >= slo_ratio
    assert tolerated + 1 > slack


@pytest.mark.parametrize("name", ["slo_ratio", "fleet_cap_ratio", "region_floor_ratio", "confidence_ratio"])
@pytest.mark.parametrize("value", [-0.01, 1.01, float("nan")])
def test_a_goal_is_made_of_ratios(name: str, value: float) -> None:
    with pytest.raises(AssertionError):
        Goal(**{name: value})
