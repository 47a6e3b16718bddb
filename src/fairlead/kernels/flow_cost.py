"""The second objective: the cheapest weights (say, the lowest latency) under which no link is fuller than a cap.

    min  sum over c, s of demand[c] weight[c, s] cost[c, s]     with  utilisation[e] <= cap

Its floor by duality, for any prices >= 0 (they need not sum to 1):

    sum_e price[e] (base[e] - cap) + sum_c demand[c] min_s (cost[c, s] + sum over e in path[c, s] of price[e] use[e])

The first-order method's weights keep the cap only in the limit, so they are blended with weights that keep it: the
least share of those that does is taken, and what is reported is what the blend costs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from fairlead.kernels.flow import FlowProblem, Reals
from fairlead.kernels.flow_reduce import contested
from fairlead.kernels.flow_saddle import Saddle, never, saddle
from fairlead.kernels.flow_split import FlowSplit
from fairlead.kernels.flow_sweep import least_spent

SCREENS = 5  # passes that look for commodities that no link can keep from their cheapest path
KEPT = 1e-9  # how much fuller than the cap, relatively, counts as keeping it


@dataclass(frozen=True, slots=True, eq=False)
class _Cheapest:
    """Aim: the cost under the cap, in units of ``scale``; ``fixed`` is the cost of what every weights pay."""

    problem: FlowProblem
    cost: Reals
    cap: float
    fixed: float
    safe_use: Reals
    safe_cost: float

    def prices(self, aim: Reals, step: Reals) -> Reals:
        """No price is below 0."""
        return np.maximum(0.0, aim - step * self.cap)

    def blend(self, utilisation: Reals) -> float:
        """The least share of the safe weights under which no link is fuller than the cap."""
        over = utilisation > self.cap
        room = utilisation[over] - self.safe_use[over]
        return float(np.clip(((utilisation[over] - self.cap) / room).max(initial=0.0), 0.0, 1.0))

    def value(self, utilisation: Reals, spent: float) -> float:
        """The cost of the blend."""
        share = self.blend(utilisation)
        return self.fixed + (1 - share) * spent + share * self.safe_cost

    def floor(self, price: Reals) -> float:
        """By duality."""
        problem = self.problem
        spent = least_spent(problem.path, problem.demand, self.cost, problem.path_prices(price))
        return self.fixed + float(price @ (problem.base - self.cap)) + float(spent)


def least_cost(
    problem: FlowProblem,
    cost: Reals,
    cap: float,
    safe: Reals,
    *,
    gap: float,
    rounds: int = 1_000,
    expired: Callable[[], bool] = never,
) -> FlowSplit:
    """Weights within the cap whose cost is proven to be at most ``1 / (1 - gap)`` times the least there is.

    cost : [commodities, slots] of a unit of rate; read in used slots only, where it is finite and >= 0
    safe : [commodities, slots] weights that keep the cap (those of ``least_utilisation``)

    ``value`` and ``floor`` are of the whole demand; ``price`` is of a unit of utilisation. O(commodities) a round.
    """
    assert problem.utilisation(safe).max(initial=0.0) <= cap * (1 + KEPT), "the safe weights do not keep the cap"
    open_slot = problem.path >= 0
    dear = np.where(open_slot, cost, np.inf)
    weight = _single(np.argmin(dear, axis=1), problem.path.shape) * open_slot
    free = _screened(problem, weight, cap)
    price, rounds_taken, cut = np.zeros(problem.link_count), 0, False
    if free.any():
        extra = np.where(open_slot, cost - dear.min(axis=1, keepdims=True), 0.0)[free]
        least = float(problem.demand @ np.where(open_slot.any(axis=1), dear.min(axis=1), 0.0))
        rest = replace(problem, path=problem.path[~free], demand=problem.demand[~free])
        held = replace(
            problem, path=problem.path[free], demand=problem.demand[free], base=rest.utilisation(weight[~free])
        )
        found, weight[free], price = _solved(held, extra, least, cap, safe[free], rounds, gap, expired)
        rounds_taken, cut = found.round_count, not found.settled(gap) and found.round_count < rounds
    spent = np.where(open_slot, cost, 0.0)
    value = float(np.sum(problem.demand[:, None] * weight * spent))
    floor = float(price @ (problem.base - cap)) + float(
        least_spent(problem.path, problem.demand, spent, problem.path_prices(price))
    )
    return FlowSplit(weight=weight, value=value, floor=min(value, floor), price=price, rounds=rounds_taken, cut=cut)


def _solved(
    problem: FlowProblem,
    extra: Reals,
    least: float,
    cap: float,
    safe: Reals,
    rounds: int,
    gap: float,
    expired: Callable[[], bool],
) -> tuple[Saddle, Reals, Reals]:
    """Where the method ended, the weights within the cap, and the prices in the problem's own units.

    extra : [commodities, slots] cost above that of the commodity's cheapest path; ``least`` is what those would cost
    """
    core = contested(problem)  # keeps all: who has no choice was never free
    total = float(problem.demand.sum())
    scale = float((extra.max(axis=1) @ problem.demand) / total) or 1.0
    cost = np.ascontiguousarray(extra / scale)
    small = core.problem
    aim = _Cheapest(
        small,
        cost,
        cap / core.unit,
        least / (total * scale),
        small.utilisation(safe),
        float(np.sum(small.demand[:, None] * safe * cost)),
    )
    found = saddle(small, aim, cost, np.zeros(problem.link_count), rounds=rounds, gap=gap, expired=expired)
    share = aim.blend(small.utilisation(found.weight))
    return found, (1 - share) * found.weight + share * safe, found.price * (scale * total / core.unit)


def _single(slot: NDArray[np.int64], shape: tuple[int, ...]) -> Reals:
    weight = np.zeros(shape)
    weight[np.arange(shape[0]), slot] = 1.0
    return weight


def _screened(problem: FlowProblem, cheapest: Reals, cap: float) -> NDArray[np.bool_]:
    """[commodities] false where the cheapest path takes only links that stay within the cap whatever the others do.

    Such a path's links have price 0 in every optimum, so it is the commodity's best: exact. The more commodities are
    settled, the less the others can do, hence a few passes.
    """
    free = (problem.demand > 0) & ((problem.path >= 0).sum(axis=1) > 1)
    everywhere = np.where(problem.path >= 0, 1.0, 0.0)
    best_path = np.take_along_axis(problem.path, cheapest.argmax(axis=1)[:, None], axis=1)[:, 0]
    for _ in range(SCREENS):
        # a commodity can at most put all of its demand on each of its paths; settled ones do what they do
        worst = problem.utilisation(np.where(free[:, None], everywhere, cheapest))
        tight = (worst > cap).astype(np.float64)
        at_risk = replace(problem, use=np.ones(problem.link_count)).path_prices(tight) > 0.5
        still = free & at_risk[np.maximum(best_path, 0)]
        if np.array_equal(still, free):
            break
        free = still
    return np.asarray(free)
