"""The two objectives of splitting demands over paths, for all commodities, with a proven gap.

First the problem is made small, exactly: commodities with one set of paths are one, what has no choice is part of the
base. Then the first-order method runs; where it has not reached the gap in its rounds and the links are not too many,
the interior-point method finishes (measured: equal capacities make the first need thousands of rounds, while the other
never needed more than 30 steps).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from fairlead.kernels.flow import FlowProblem, Reals, equal_weights
from fairlead.kernels.flow_interior import interior
from fairlead.kernels.flow_pairs import choices
from fairlead.kernels.flow_reduce import contested, merged, unmerged
from fairlead.kernels.flow_saddle import Saddle, never, saddle

FIRST_ROUNDS = 200  # of the first-order method before the interior-point method takes over
ROW_LIMIT = 2_500  # links in the interior-point method's dense system


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FlowSplit:
    """Weights and what is proven of them.

    weight : [commodities, slots] sums to 1 in every row
    value  : what the weights reach, evaluated on the whole problem
    floor  : what no weights are below
    price  : [links] the prices that prove the floor; they sum to 1
    rounds : rounds and steps taken
    cut    : the emergency brake ended the search
    """

    weight: Reals
    value: float
    floor: float
    price: Reals
    rounds: int
    cut: bool = False


class _Fullest:
    """Aim: the utilisation of the fullest link. Prices are a distribution over links."""

    def __init__(self, problem: FlowProblem) -> None:
        self.problem = problem

    def prices(self, aim: Reals, step: Reals) -> Reals:
        """Projection on the simplex in the metric of the steps: ``max(0, aim - step * level)`` that sums to 1."""
        order = np.argsort(-aim / step, kind="stable")
        level = (np.cumsum(aim[order]) - 1.0) / np.cumsum(step[order])
        last = int(np.flatnonzero(aim[order] / step[order] >= level)[-1])
        return np.asarray(np.maximum(0.0, aim - step * level[last]))

    def value(self, utilisation: Reals, spent: float) -> float:
        """The largest; what is spent does not matter."""
        return float(utilisation.max())

    def floor(self, price: Reals) -> float:
        """By duality."""
        return self.problem.floor(price)


def least_utilisation(
    problem: FlowProblem, *, gap: float, rounds: int = 1_000, expired: Callable[[], bool] = never
) -> FlowSplit:
    """Weights whose fullest link is at most ``1 / (1 - gap)`` times as full as it must be (Panorama Eq. 2).

    At most ``rounds`` rounds of both methods together. O(commodities) a round.
    """
    small, group, place = merged(problem)
    core = contested(small)
    weight = equal_weights(small.path)
    rounds_taken, cut, price = 0, False, np.zeros(problem.link_count)
    if core.kept.any():
        found = _solved(core.problem, gap, rounds, expired)
        weight[core.kept] = found.weight
        rounds_taken, price = found.round_count, found.price
        cut = not found.settled(gap) and found.round_count < rounds and expired()
    weight = unmerged(weight, group, place)
    value = float(problem.utilisation(weight).max(initial=0.0))
    price, floor = proof(problem, price, core.problem.base)
    return FlowSplit(weight=weight, value=value, floor=min(value, floor), price=price, rounds=rounds_taken, cut=cut)


def proof(problem: FlowProblem, price: Reals, forced: Reals) -> tuple[Reals, float]:
    """Prices that sum to 1, and the floor that they prove: those given, or all on the link that is fullest by force.

    forced : [links] utilisation of what has no choice, in any unit. It is part of the base while the rest is solved,
    where it proves itself without a price; before the whole problem it needs one.
    """
    if not problem.link_count:
        return price, 0.0
    alone = np.zeros(problem.link_count)
    alone[forced.argmax()] = 1.0
    given = price / price.sum() if price.sum() > 0 else alone
    floors = problem.floor(given), problem.floor(alone)
    return (given, floors[0]) if floors[0] >= floors[1] else (alone, floors[1])


def _solved(problem: FlowProblem, gap: float, rounds: int, expired: Callable[[], bool]) -> Saddle:
    """The contested problem by the first-order method, and by the other where that is needed and affordable."""
    use = problem.utilisation(equal_weights(problem.path))
    start = np.exp(20.0 * (use - use.max()))  # the fullest links matter most
    aim, cost = _Fullest(problem), np.zeros(problem.path.shape)
    pairs = choices(problem)
    both = len(pairs.rows) <= ROW_LIMIT
    first = min(rounds, FIRST_ROUNDS) if both else rounds
    found = saddle(problem, aim, cost, start / start.sum(), rounds=first, gap=gap, expired=expired)
    if found.settled(gap) or not both or found.round_count >= rounds or expired():
        return found
    return interior(problem, pairs, found, rounds=rounds - found.round_count, gap=gap, expired=expired)
