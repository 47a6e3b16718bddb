"""Which servers may leave at once, and what that would do, by trying every set: tiny worlds only."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import combinations

import numpy as np
from hypothesis import strategies as st
from oracles.brute_force import chance_at_most
from oracles.networks import Pair, network

from fairlead.model import Servers, Snapshot, Streams, Windows
from fairlead.planners.drain import Goal
from fairlead.predict.overlay import active_users, qoe_costs

Rows = tuple[int, ...]


def allowed_drains(snapshot: Snapshot, goal: Goal) -> Iterator[Rows]:
    """Sets of online servers that leave the fleet cap, every region's floor and every region's capacity kept.

    Resources that are overdrawn already are not drawn on further; unknown capacities limit nothing.
    """
    servers = snapshot[Servers]
    count, users = servers.row_count, active_users(snapshot)
    online = np.flatnonzero(servers.online).tolist()
    cap = math.floor(goal.fleet_cap_ratio * count + 1e-9)
    for size in range(len(online) + 1):
        for leaving in combinations(online, size):
            if leaving and count - len(online) + size > cap:
                continue
            if all(_region_keeps(servers, users, set(leaving), name, goal) for name in set(servers.region.tolist())):
                yield leaving


def _region_keeps(servers: Servers, users: np.ndarray, leaving: set[int], name: str, goal: Goal) -> bool:
    members = [row for row in range(servers.row_count) if servers.region[row] == name]
    if not leaving & set(members):
        return True
    staying = [row for row in members if servers.online[row] and row not in leaving]
    if len(staying) < goal.region_floor_ratio * len(members) - 1e-9:
        return False
    before = sum(float(servers.capacity_mbps[row]) for row in members if servers.online[row])
    needed = sum(2.0 * users[row] for row in members) / goal.headroom_ratio
    left = sum(float(servers.capacity_mbps[row]) for row in staying)
    return math.isnan(before) or math.isinf(goal.headroom_ratio) or left >= needed - 1e-6


def failing_pairs(snapshot: Snapshot) -> list[tuple[int, int, int]]:
    """(source, target, failed streams) of the newest window between online servers, in the order of the table."""
    streams, online = snapshot[Streams], snapshot[Servers].online
    newest = snapshot[Windows].row_count - 1
    return [
        (int(s), int(t), int(bad))
        for w, s, t, bad in zip(streams.window, streams.source, streams.target, streams.failed_count, strict=True)
        if w == newest and bad and online[s] and online[t]
    ]


def demand(snapshot: Snapshot) -> int:
    streams, newest = snapshot[Streams], snapshot[Windows].row_count - 1
    now = streams.window == newest
    return int(streams.succeeded_count[now].sum() + streams.failed_count[now].sum())


def still_failing(snapshot: Snapshot, leaving: Rows) -> int:
    return sum(bad for s, t, bad in failing_pairs(snapshot) if s not in leaving and t not in leaving)


def cost(snapshot: Snapshot, leaving: Rows) -> float:
    return float(sum(qoe_costs(snapshot)[list(leaving)])) if leaving else 0.0


def cheapest_that_keeps(snapshot: Snapshot, goal: Goal, limit: float) -> float:
    """Least cost of an allowed drain that leaves at most ``limit`` failing streams; infinite where there is none."""
    return min(
        (
            cost(snapshot, leaving)
            for leaving in allowed_drains(snapshot, goal)
            if still_failing(snapshot, leaving) <= limit + 1e-7
        ),
        default=math.inf,
    )


def chance_of(snapshot: Snapshot, leaving: Rows, probability: Sequence[float], limit: float) -> float:
    """Probability that at most ``limit`` streams fail on the pairs that keep both ends."""
    left = [
        (p, bad)
        for (s, t, bad), p in zip(failing_pairs(snapshot), probability, strict=True)
        if s not in leaving and t not in leaving
    ]
    return chance_at_most([p for p, _ in left], [bad for _, bad in left], limit + 1e-9)


@st.composite
def sick_worlds(draw: st.DrawFn, max_servers: int = 6, max_failing: int = 8) -> Snapshot:
    """Two or three regions, 20 streams a pair, some pairs failing now, perhaps a server down, perhaps capacities."""
    count = draw(st.integers(3, max_servers))
    regions = draw(st.lists(st.sampled_from(["ams", "fra", "lon"]), min_size=count, max_size=count))
    server = st.integers(0, count - 1)
    pair = st.tuples(server, server).filter(lambda p: p[0] < p[1])
    failed: dict[Pair, int] = draw(st.dictionaries(pair, st.integers(1, 20), min_size=1, max_size=max_failing))
    users = draw(st.lists(st.integers(0, 50), min_size=count, max_size=count))
    known = draw(st.booleans())
    capacity = draw(st.lists(st.integers(50, 300).map(float), min_size=count, max_size=count)) if known else np.nan
    offline = draw(st.lists(server, max_size=1))
    return network(
        regions=regions, failed=failed, streams_count=20, users=users, capacity_mbps=capacity, offline=offline
    )


GOALS = st.builds(
    Goal,
    slo_ratio=st.sampled_from([0.8, 0.9, 0.95, 0.99, 0.9999]),
    fleet_cap_ratio=st.sampled_from([0.0, 0.2, 0.5, 1.0]),
    region_floor_ratio=st.sampled_from([0.0, 0.3, 0.5, 1.0]),
    headroom_ratio=st.sampled_from([0.5, 0.95, float("inf")]),
)
