"""Small splits of demand over paths, and SciPy's own linear programs for them, written from the definition."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import optimize

from fairlead.kernels.flow import FlowProblem

Reals = NDArray[np.float64]


@st.composite
def flow_problems(draw: st.DrawFn, max_commodities: int = 6) -> FlowProblem:
    """Up to five links and six paths (one may take no link), demands of 0, links without limit or in use already."""
    link_count, path_count = draw(st.integers(1, 5)), draw(st.integers(1, 6))
    links = st.lists(st.integers(0, link_count - 1), max_size=link_count, unique=True)
    used = [draw(links) for _ in range(path_count)]
    commodity_count = draw(st.integers(1, max_commodities))
    slots = 3
    path = np.full((commodity_count, slots), -1, np.int32)
    for row in path:
        chosen = draw(st.lists(st.integers(0, path_count - 1), min_size=1, max_size=slots, unique=True))
        places = draw(st.permutations(range(slots)))[: len(chosen)]
        row[list(places)] = chosen
    demand = st.sampled_from([0.0, 0.5, 1.0, 2.0, 7.0, 100.0])
    use = st.sampled_from([0.0, 0.01, 0.5, 1.0, 3.0])
    base = st.sampled_from([0.0, 0.0, 1.0, 4.0])
    return FlowProblem(
        path=path,
        demand=np.array([draw(demand) for _ in range(commodity_count)]),
        start=np.cumsum([0, *map(len, used)]).astype(np.int64),
        used=np.array([link for of_path in used for link in of_path], np.int32),
        use=np.array([draw(use) for _ in range(link_count)]),
        base=np.array([draw(base) for _ in range(link_count)]),
    )


def seeded_flow(
    seed: int, *, commodities: int, sites: int = 8, slots: int = 3, spread: float = 1.0, base: float = 0.0
) -> FlowProblem:
    """A full mesh of sites with network cards: direct and one-relay paths, heavy-tailed demand, uneven capacities.

    spread : of the capacities, as that of a log-normal; 0 makes them equal. base : utilisation of every link before.
    """
    chance = np.random.default_rng(seed)
    link = np.full((sites, sites), -1)
    link[~np.eye(sites, dtype=bool)] = np.arange(sites * (sites - 1))
    ways = [[s, t] for s in range(sites) for t in range(sites) if s != t] + [[s] for s in range(sites)]
    ways += [[s, m, t] for s, m, t in np.ndindex(sites, sites, sites) if len({s, m, t}) == 3]
    cards = sites * (sites - 1)
    used = [[cards + way[0], *link[way[:-1], way[1:]], cards + sites + way[-1]] for way in ways]
    link_count = cards + 2 * sites
    centre = chance.integers(0, len(ways), (commodities, 1))
    path = (centre + chance.integers(0, 3 * sites, (commodities, slots))) % len(ways)
    path[chance.random(path.shape) < 0.15] = -1
    path[:, 0] = centre[:, 0]
    return FlowProblem(
        path=_without_twins(path).astype(np.int32),
        demand=chance.pareto(1.3, commodities) + 0.01,
        start=np.cumsum([0, *map(len, used)]).astype(np.int64),
        used=np.concatenate(used).astype(np.int32),
        use=np.exp(spread * chance.standard_normal(link_count)),
        base=np.full(link_count, base),
    )


def _without_twins(path: NDArray[np.int64]) -> NDArray[np.int64]:
    for slot in range(1, path.shape[1]):
        path[(path[:, :slot] == path[:, slot : slot + 1]).any(axis=1), slot] = -1
    return path


def least_theta(problem: FlowProblem) -> float:
    """The optimum of Panorama Eq. (2)."""
    load, sums = _matrices(problem)
    count = load.shape[1]
    found = optimize.linprog(
        np.append(np.zeros(count), 1.0),
        A_ub=np.column_stack([load, -np.ones(len(load))]),
        b_ub=-problem.base,
        A_eq=np.column_stack([sums, np.zeros(len(sums))]),
        b_eq=np.ones(len(sums)),
        method="highs-ds",
    )
    assert found.status == 0, found.message
    return float(found.fun)


def least_spent(problem: FlowProblem, cost: Reals, cap: float) -> float:
    """The least cost of all demand with no link fuller than the cap; infinite where there is none."""
    load, sums = _matrices(problem)
    open_slot = problem.path >= 0
    found = optimize.linprog(
        (cost * problem.demand[:, None])[open_slot],
        A_ub=load,
        b_ub=cap - problem.base,
        A_eq=sums,
        b_eq=np.ones(len(sums)),
        method="highs-ds",
    )
    return float(found.fun) if found.status == 0 else float("inf")


def _matrices(problem: FlowProblem) -> tuple[Reals, Reals]:
    """[links, used slots] utilisation of a full weight; [commodities, used slots] whose slot it is."""
    open_slot = problem.path >= 0
    commodity = np.nonzero(open_slot)[0]
    load = np.zeros((problem.link_count, len(commodity)))
    sums = np.zeros((len(problem.path), len(commodity)))
    for column, (owner, path) in enumerate(zip(commodity, problem.path[open_slot], strict=True)):
        sums[owner, column] = 1.0
        for link in problem.used[problem.start[path] : problem.start[path + 1]]:
            load[link, column] += problem.use[link] * problem.demand[owner]
    return load, sums
