"""Answers by trying everything: too slow for any use but to say what the right answer is. Plain loops on purpose."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import product

import numpy as np
from numpy.typing import NDArray

from fairlead.kernels.cover import CoverProblem

Flags = NDArray[np.bool_]
TOLERANCE = 1e-7


def subsets(node_count: int) -> Iterator[Flags]:
    for flags in product((False, True), repeat=node_count):
        yield np.array(flags, dtype=bool)


def uncovered(problem: CoverProblem, chosen: Flags) -> float:
    """Weight of the pairs of which no end is chosen."""
    total = 0.0
    for u, v, g in zip(problem.u, problem.v, problem.g, strict=True):
        if not chosen[u] and not chosen[v]:
            total += g
    return total


def keeps_quotas(problem: CoverProblem, chosen: Flags) -> bool:
    used = [0.0] * len(problem.quota)
    for node in range(problem.node_count):
        if chosen[node]:
            for kind in range(problem.resource.shape[1]):
                used[problem.resource[node, kind]] += problem.use[node, kind]
    return all(u <= q + TOLERANCE for u, q in zip(used, problem.quota, strict=True))


def cost_of(problem: CoverProblem, chosen: Flags) -> float:
    return float(sum(problem.cost[node] for node in range(problem.node_count) if chosen[node]))


def least_cost(problem: CoverProblem) -> float:
    """Of all covers within slack and quotas; infinite where there is none."""
    return min(
        (
            cost_of(problem, chosen)
            for chosen in subsets(problem.node_count)
            if keeps_quotas(problem, chosen) and uncovered(problem, chosen) <= problem.slack + TOLERANCE
        ),
        default=math.inf,
    )


def least_open(problem: CoverProblem) -> tuple[float, float]:
    """The least uncovered weight inside the quotas, and the least cost that leaves no more than that."""
    allowed = [chosen for chosen in subsets(problem.node_count) if keeps_quotas(problem, chosen)]
    least = min(uncovered(problem, chosen) for chosen in allowed)
    return least, min(cost_of(problem, chosen) for chosen in allowed if uncovered(problem, chosen) <= least + TOLERANCE)


def total_distribution(probability: Sequence[float], count: Sequence[int]) -> dict[int, float]:
    """total -> probability, over all outcomes of independent failures that last or heal."""
    mass: dict[int, float] = {}
    for outcome in product((False, True), repeat=len(count)):
        chance, total = 1.0, 0
        for lasts, p, n in zip(outcome, probability, count, strict=True):
            chance *= p if lasts else 1.0 - p
            total += n if lasts else 0
        mass[total] = mass.get(total, 0.0) + chance
    return mass


def chance_at_most(probability: Sequence[float], count: Sequence[int], limit: float) -> float:
    return math.fsum(chance for total, chance in total_distribution(probability, count).items() if total <= limit)
