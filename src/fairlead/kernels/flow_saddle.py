"""First-order method for :mod:`fairlead.kernels.flow`: primal-dual hybrid gradients with averaging and restarts.

Weights answer prices and prices answer utilisation, each by a gradient step and a projection (Chambolle and Pock); the
steps are preconditioned by row and column sums (Pock and Chambolle); the method starts again from its own average when
that has become good enough, and then balances the two step lengths (Applegate et al., PDLP). A round is one pass over
the commodities. The value and the floor that it tells are evaluated, not estimated.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from fairlead.kernels.flow import FlowProblem, Reals, equal_weights
from fairlead.kernels.flow_walk import Aim, Walk

CHECK_ROUNDS = 20  # rounds between two evaluations of value and floor
THREADS = 2


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Saddle:
    """Where the method stands: weights, prices, what they are worth and what nothing is worth less than."""

    weight: Reals
    price: Reals
    value: float
    floor: float
    round_count: int

    def settled(self, gap: float) -> bool:
        """Whether the proven gap is at most ``gap`` of the value."""
        return self.value - self.floor <= gap * abs(self.value)


def never() -> bool:
    """No emergency brake."""
    return False


def saddle(
    problem: FlowProblem,
    aim: Aim,
    cost: Reals,
    price: Reals,
    *,
    rounds: int,
    gap: float,
    expired: Callable[[], bool] = never,
) -> Saddle:
    """At most ``rounds`` rounds from equal weights and ``price`` [links]; stops at the proven ``gap``.

    cost : [commodities, slots] what a unit of rate costs there. ``expired`` is asked every :data:`CHECK_ROUNDS`.
    The problem must be in normal form (:func:`fairlead.kernels.flow.contested`).
    """
    walk = Walk(problem, aim, cost, price)
    equal = equal_weights(problem.path)
    spent = float(np.sum(equal * cost * problem.demand[:, None]))
    best = Saddle(
        weight=equal, price=price, value=aim.value(problem.utilisation(equal), spent), floor=aim.floor(price),
        round_count=0,
    )  # fmt: skip
    begun, last = math.inf, math.inf
    with ThreadPoolExecutor(THREADS) as pool:
        while walk.round_count < rounds and not best.settled(gap) and not expired():
            for _ in range(min(CHECK_ROUNDS, rounds - walk.round_count)):
                walk.go(pool)
            mean = walk.mean
            at_now = (aim.value(walk.use, walk.spent), aim.floor(walk.price))
            at_mean = (aim.value(mean.use / mean.count, mean.spent / mean.count), aim.floor(mean.price / mean.count))
            best = _better(best, walk, at_now, at_mean)
            distance, mean_wins = min((at_now[0] - at_now[1], False), (at_mean[0] - at_mean[1], True))
            # Applegate et al.: restart on enough progress, on progress that stopped, or on a stretch that is long
            enough = distance <= 0.2 * begun or (distance <= 0.8 * begun and distance > last)
            if enough or mean.count >= 0.36 * walk.round_count:
                walk.restart(mean_wins)
                begun, last = distance, math.inf
            else:
                last = distance
    return best


def _better(best: Saddle, walk: Walk, at_now: tuple[float, float], at_mean: tuple[float, float]) -> Saddle:
    """The best weights and the best prices so far; each may come from another round."""
    count = walk.mean.count
    weight, value = best.weight, best.value
    if at_now[0] < value:
        weight, value = walk.weight.copy(), at_now[0]
    if at_mean[0] < value:
        weight, value = walk.mean.weight / count, at_mean[0]
    price, floor = best.price, best.floor
    if at_now[1] > floor:
        price, floor = walk.price.copy(), at_now[1]
    if at_mean[1] > floor:
        price, floor = walk.mean.price / count, at_mean[1]
    return Saddle(weight=weight, price=price, value=value, floor=floor, round_count=walk.round_count)
