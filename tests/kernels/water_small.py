"""Small sharing problems, any that hypothesis thinks of; a random Clos; and slow, obvious solvers of both."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st
from scipy.optimize import linprog

Problem = tuple[np.ndarray, np.ndarray, np.ndarray]


@st.composite
def problems(draw: st.DrawFn, flow_limit: int = 9, link_limit: int = 6) -> Problem:
    """links [flows, 3], capacity [links], ceiling [flows]: with ties, with zeros, with flows that have no link."""
    link_count = draw(st.integers(1, link_limit))
    flow_count = draw(st.integers(1, flow_limit))
    ways = st.lists(st.integers(0, link_count - 1), max_size=3, unique=True)
    links = np.full((flow_count, 3), -1, np.int32)
    for flow in range(flow_count):
        way = draw(ways)
        links[flow, : len(way)] = way
    amounts = st.one_of(st.integers(0, 4).map(float), st.floats(0.01, 100))
    capacity = np.array(draw(st.lists(amounts, min_size=link_count, max_size=link_count)))
    ceilings = st.one_of(st.just(np.inf), amounts)
    ceiling = np.array(draw(st.lists(ceilings, min_size=flow_count, max_size=flow_count)))
    return links, capacity, ceiling


def naive_rates(links: np.ndarray, capacity: np.ndarray, ceiling: np.ndarray) -> np.ndarray:
    """Raise all rates together; who meets a full link or the ceiling stays."""
    uses = uses_of(links, len(capacity))
    rate, going = np.zeros(len(links)), np.ones(len(links), bool)
    while going.any():
        free, active = np.maximum(capacity - uses @ rate, 0.0), uses[:, going].sum(axis=1)
        shared = active > 0
        step = min((ceiling - rate)[going].min(), (free[shared] / active[shared]).min(initial=np.inf))
        rate[going] += step
        full = shared & (free - active * min(step, 1e9) <= 1e-9 * np.maximum(capacity, 1e-9))
        going &= (rate < ceiling * (1 - 1e-12)) & ~uses[full].any(axis=0)
    return rate


def uses_of(links: np.ndarray, link_count: int) -> np.ndarray:
    """[links, flows] 1 where the flow crosses the link."""
    uses = np.zeros((link_count, len(links)))
    flow, hop = np.nonzero(links >= 0)
    uses[links[flow, hop], flow] = 1.0
    return uses


def lexicographic_rates(links: np.ndarray, capacity: np.ndarray, ceiling: np.ndarray) -> np.ndarray:
    """By definition: the least rate as large as can be, then the next, each by a linear program."""
    flow_count = len(links)
    rate = np.full(flow_count, np.nan)
    uses = uses_of(links, len(capacity))
    for _ in range(flow_count):
        going = np.flatnonzero(np.isnan(rate))
        if not len(going):
            break
        least = _program(uses, capacity, ceiling, rate, going, np.zeros(flow_count), 1.0)
        # of those that share the least, who cannot have more while the others keep it
        for flow in going:
            aim = np.zeros(flow_count)
            aim[flow] = 1.0
            if _program(uses, capacity, ceiling, rate, going, aim, 0.0, floor=least) <= least + 1e-6:
                rate[flow] = least
    return rate


def _program(
    uses: np.ndarray,
    capacity: np.ndarray,
    ceiling: np.ndarray,
    rate: np.ndarray,
    going: np.ndarray,
    aim: np.ndarray,
    aim_least: float,
    floor: float = 0.0,
) -> float:
    """Largest ``aim`` of the rates plus ``aim_least`` of the least rate among those still going."""
    count = len(rate)
    cost = -np.append(aim, aim_least)
    rows = [np.append(row, 0.0) for row in uses]
    right = list(capacity)
    for flow in going:
        row = np.zeros(count + 1)
        row[flow], row[count] = -1.0, 1.0
        rows.append(row)
        right.append(0.0)
    low = np.where(np.isnan(rate), floor, rate)
    high = np.where(np.isnan(rate), ceiling, rate)
    bounds = [(max(a - 1e-9, 0.0), None if b == np.inf else b) for a, b in zip(low, high, strict=True)]
    found = linprog(cost, A_ub=np.array(rows), b_ub=np.array(right), bounds=[*bounds, (0, None)])
    assert found.status == 0, found.message
    return -float(found.fun)


def clos_flows(half: int, flow_count: int, seed: int, limited_ratio: float = 0.2) -> Problem:
    """Flows between random servers of a fat tree of ``2 * half`` ports over random ways; some with a low ceiling."""
    chance = np.random.default_rng(seed)
    server_count, t0_count = 2 * half**3, 2 * half**2
    source = chance.integers(0, server_count, flow_count)
    target = (source + chance.integers(1, server_count, flow_count)) % server_count
    up, core = chance.integers(0, half, flow_count), chance.integers(0, half, flow_count)
    a, b = source // half, target // half
    first = np.cumsum([0, server_count, server_count, *[t0_count * half] * 4])
    links = np.stack(
        [
            first[0] + source,
            first[2] + a * half + up,
            first[4] + (a // half * half + up) * half + core,
            first[5] + (b // half * half + up) * half + core,
            first[3] + b * half + up,
            first[1] + target,
        ],
        axis=1,
    ).astype(np.int32)
    links[a // half == b // half, 2:4] = -1
    links[a == b, 1:5] = -1
    ceiling = np.where(chance.random(flow_count) < limited_ratio, np.exp(chance.uniform(0, 6, flow_count)), np.inf)
    return links, np.full(first[-1], 1000.0 / 3), ceiling


def copied(problem: Problem, times: np.ndarray) -> tuple[Problem, np.ndarray]:
    """Each flow ``times`` over, its ceiling dealt out among the copies; and which flow each copy is of."""
    links, capacity, ceiling = problem
    flow = np.repeat(np.arange(len(links)), times)
    return (links[flow], capacity, (ceiling / times)[flow]), flow
