"""One round of the first-order method: every weight and every price moves once; and what a restart changes."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from fairlead.kernels.flow import FlowProblem, Reals, equal_weights
from fairlead.kernels.flow_sweep import sweep

CHUNK = 1 << 14  # commodities a thread takes at a time; fixed, so that sums do not depend on the number of threads
MOST_BALANCE = 1e4
TINY = 1e-12


class Aim(Protocol):
    """What is minimised, as far as the method must know it."""

    def prices(self, aim: Reals, step: Reals) -> Reals:
        """The admissible prices nearest to ``aim + step * utilisation``, in the metric of the steps."""
        ...

    def value(self, utilisation: Reals, spent: float) -> float:
        """What weights with this utilisation and cost are worth, once made admissible."""
        ...

    def floor(self, price: Reals) -> float:
        """What no weights are worth less than, by these prices."""
        ...


@dataclass(slots=True, eq=False)
class Mean:
    """Sums over the rounds since the last restart."""

    weight: Reals
    price: Reals
    use: Reals
    spent: float = 0.0
    count: int = 0


class Walk:
    """The moving parts: weights and prices now, their mean since the last restart, and the steps."""

    def __init__(self, problem: FlowProblem, aim: Aim, cost: Reals, price: Reals) -> None:
        self.problem, self.aim, self.cost = problem, aim, cost
        along = np.add.reduceat(np.append(problem.use[problem.used], 0.0), problem.start[:-1])
        along[problem.start[:-1] == problem.start[1:]] = 0.0
        steepest = np.where(problem.path >= 0, along[problem.path], 0.0).max(axis=1)
        self.step = 1.0 / np.maximum(steepest, steepest.max() * 1e-9 + TINY)
        reach = problem.rates(np.ones(problem.path.shape))  # every demand on all of its paths at once
        self.price_step = 1.0 / np.maximum(problem.use * problem.on_links(reach), TINY)
        self.balance = 1.0
        self.weight, self.price = equal_weights(problem.path), price
        self.round_count = 0
        self.begin()

    def begin(self) -> None:
        """Forget the mean; remember where this stretch began."""
        self.first_weight, self.first_price = self.weight.copy(), self.price.copy()
        self.mean = Mean(np.zeros_like(self.weight), np.zeros_like(self.price), np.zeros_like(self.price))

    def go(self, pool: ThreadPoolExecutor) -> None:
        """One round."""
        problem = self.problem
        path_price, step = problem.path_prices(self.price), self.step / self.balance
        starts = range(0, len(problem.demand), CHUNK)
        rate = np.zeros((len(starts), 2, problem.path_count))

        def part_of_round(k: int) -> float:
            part = slice(starts[k], starts[k] + CHUNK)
            mine, total = self.weight[part], self.mean.weight[part]
            path, demand, cost = problem.path[part], problem.demand[part], self.cost[part]
            return float(sweep(path, demand, cost, step[part], path_price, mine, total, rate[k, 0], rate[k, 1]))

        each = map(part_of_round, range(1)) if len(starts) == 1 else pool.map(part_of_round, range(len(starts)))
        spent = sum(each)
        now, ahead = rate.sum(axis=0)
        self.use, self.spent = problem.base + problem.use * problem.on_links(now), spent
        leading = problem.base + problem.use * problem.on_links(ahead)
        price_step = self.price_step * self.balance
        self.price = self.aim.prices(self.price + price_step * leading, price_step)
        mean = self.mean
        mean.price += self.price
        mean.use += self.use
        mean.spent += spent
        mean.count += 1
        self.round_count += 1

    def restart(self, at_mean: bool) -> None:
        """Begin a new stretch, and balance the steps by how far weights and prices went in this one."""
        if at_mean:
            self.weight, self.price = self.mean.weight / self.mean.count, self.mean.price / self.mean.count
        moved = (self.weight - self.first_weight) ** 2 / self.step[:, None] * self.problem.demand[:, None]
        went, rose = (
            math.sqrt(moved.sum()),
            math.sqrt(float(((self.price - self.first_price) ** 2 / self.price_step).sum())),
        )
        if went > 1e-10 and rose > 1e-10:
            self.balance = min(MOST_BALANCE, max(1 / MOST_BALANCE, math.sqrt(self.balance * rose / went)))
        self.begin()
