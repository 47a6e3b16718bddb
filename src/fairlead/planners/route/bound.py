"""How good could any split be: floors under its goals from link prices, and the least C-MLU there is for small cases.

Nothing here looks at how the weights were found. A floor is one evaluation of the dual of Panorama Eq. (2): whatever
the prices, no weights on these paths do better.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from fairlead.kernels.flow import FlowProblem
from fairlead.kernels.flow_split import least_utilisation
from fairlead.kernels.lp import Outcome, Program, solve
from fairlead.predict.link_loads import ExtendedLinks

Reals = NDArray[np.float64]
PathRows = NDArray[np.int32]


def theta_floor(links: ExtendedLinks, path: PathRows, demand_mbps: Reals, price: Reals) -> float:
    """Floor under the C-MLU of any weights on ``path`` [session groups, slots], by link prices >= 0 [links].

    NaN demand is none. Infinite where demand has only paths over links without capacity; 0 without prices.
    O(session groups).
    """
    demand, use = np.nan_to_num(demand_mbps), _use(links)
    shut = np.isinf(use)
    weighed = np.where(shut | (use == 0), 0.0, price)
    total = weighed.sum()
    at = _along(links, np.where(shut, np.inf, weighed * np.where(shut, 0.0, use)))
    least = _cheapest(path, np.zeros(path.shape), at)
    if np.isinf(least[demand > 0]).any():
        return float("inf")
    return float((demand * np.where(np.isinf(least), 0.0, least)).sum() / total) if total > 0 else 0.0


def latency_floor(
    links: ExtendedLinks, path: PathRows, demand_mbps: Reals, latency_ms: Reals, cap: float, price: Reals
) -> float:
    """Floor in ms under the demand's mean latency of any weights whose C-MLU is at most ``cap``.

    latency_ms : [session groups, slots], known in every used slot; price : [links] >= 0, Mbit/s ms of a unit of C-MLU.
    NaN without demand. O(session groups).
    """
    demand, use = np.nan_to_num(demand_mbps), _use(links)
    at = _along(links, price * np.where(np.isinf(use), 0.0, use))
    least = _cheapest(path, latency_ms, at)
    counted = demand > 0
    total = demand.sum()
    return float((demand[counted] @ least[counted] - cap * price.sum()) / total) if total > 0 else float("nan")


def joint_theta_floor(
    links: ExtendedLinks, path: PathRows, demand_mbps: Reals, *, gap: float = 0.005, rounds: int = 1_000
) -> float:
    """Floor under the C-MLU of all priorities together, by prices found for them all at once: how much of a plan's
    C-MLU is the price of serving some first. At least ``1 - gap`` of the least there is, if the rounds suffice."""
    use = _use(links)
    problem = FlowProblem(
        path=_passable(links, path, use),
        demand=np.nan_to_num(demand_mbps),
        start=links.start,
        used=links.used,
        use=np.where(np.isinf(use), 0.0, use),
        base=np.zeros(len(use)),
    )
    found = least_utilisation(problem, gap=gap, rounds=rounds)
    return theta_floor(links, path, demand_mbps, found.price)


def least_theta(links: ExtendedLinks, path: PathRows, demand_mbps: Reals, *, seconds: float = np.inf) -> float:
    """The least C-MLU of any weights, by a linear program over every session group: exact, for some 10^3 of them.

    Infinite where demand has only paths over links without capacity; NaN when ``seconds`` did not suffice.
    """
    demand, use = np.nan_to_num(demand_mbps), _use(links)
    group, slot = np.nonzero((path >= 0) & (demand[:, None] > 0))
    over = path[group, slot].astype(np.int64)
    uses = sparse.csr_array((np.ones(len(links.used)), links.used, links.start), shape=(len(links.start) - 1, len(use)))
    taken = uses[over].T.tocsr()  # [links, columns]
    shut = np.asarray(taken[np.isinf(use)].sum(axis=0)).ravel() > 0
    with_demand, row = np.unique(group, return_inverse=True)
    if not len(group):
        return 0.0
    finite = sparse.diags_array(np.where(np.isinf(use), 0.0, use)) @ taken @ sparse.diags_array(demand[group])
    sums = sparse.csr_array((np.ones(len(row)), (row, np.arange(len(row)))), shape=(len(with_demand), len(row)))
    program = Program(
        cost=np.append(np.zeros(len(row)), 1.0),
        low=np.zeros(len(row) + 1),
        high=np.append(np.where(shut, 0.0, 1.0), np.inf),
        matrix=sparse.block_array([[finite, -np.ones((len(use), 1))], [sums, None]]).tocsr(),
        row_low=np.append(np.full(len(use), -np.inf), np.ones(len(with_demand))),
        row_high=np.append(np.zeros(len(use)), np.ones(len(with_demand))),
        whole=np.zeros(len(row) + 1, dtype=bool),
    )
    found = solve(program, seconds=seconds)
    return float("nan") if found.outcome is Outcome.LIMIT else found.value


def _use(links: ExtendedLinks) -> Reals:
    """[links] price / capacity: infinite without capacity, else 0 where the link costs nothing or is not limited."""
    shut = np.full(len(links.price), np.inf)
    return np.asarray(np.divide(links.price, links.capacity_mbps, out=shut, where=links.capacity_mbps > 0))


def _along(links: ExtendedLinks, at: Reals) -> Reals:
    """[paths] sum over the links of each path."""
    owner = np.repeat(np.arange(len(links.start) - 1), np.diff(links.start))
    return np.bincount(owner, weights=at[links.used], minlength=len(links.start) - 1).astype(np.float64)


def _cheapest(path: PathRows, cost: Reals, at: Reals) -> Reals:
    """[session groups] cost and price of the best slot; 0 without any path."""
    total = np.where(path >= 0, cost + at[np.maximum(path, 0)], np.inf)
    return np.where((path >= 0).any(axis=1), total.min(axis=1, initial=np.inf), 0.0)


def _passable(links: ExtendedLinks, path: PathRows, use: Reals) -> PathRows:
    """The paths without those over links of no capacity, where a session group has others."""
    shut = _along(links, np.where(np.isinf(use), 1.0, 0.0)) > 0
    good = np.where((path >= 0) & ~shut[np.maximum(path, 0)], path, -1)
    return np.where((good >= 0).any(axis=1, keepdims=True), good, path).astype(np.int32)
