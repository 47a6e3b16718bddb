"""The cheapest cover we can find and its proof: exact where that is fast, else bound, round and polish."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from fairlead.kernels.cover import CoverProblem, Flags, Reals, exchanged, greedy, reverse_delete
from fairlead.kernels.lp import Outcome
from fairlead.model import BoundKind, Budget
from fairlead.planners.drain.bound import least_uncovered, optimum, relaxation

EXACT_PAIRS = 1_500  # branch and bound settles problems of this size in well under a second
EXACT_QUOTA_PAIRS = 300  # with quotas in the way, of this size
TIGHT_RATIO = 1e-6  # a relaxation this close to a cover proves it optimal


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Cover:
    """A set of nodes and its proof.

    chosen    : [nodes]
    best      : proven floor under the cost of any cover of this problem (of the ``problem`` as stated below)
    reachable : the slack and the quotas can both be kept; if not, ``chosen`` leaves the least weight uncovered that
                was found, ``least_open`` is a proven floor under that weight, and ``best`` holds for covers that leave
                no more
    settled   : neither claim above depends on a search limit
    """

    chosen: Flags
    cost: float
    best: float
    kind: BoundKind
    reachable: bool
    least_open: float
    settled: bool


def cheapest_cover(problem: CoverProblem, budget: Budget) -> Cover:
    """Least cost within slack and quotas; where that is impossible, least uncovered weight first, then least cost."""
    empty = np.zeros(problem.node_count, dtype=bool)
    if problem.uncovered(empty) <= problem.slack:
        return Cover(
            chosen=empty, cost=0.0, best=0.0, kind=BoundKind.EXACT, reachable=True, least_open=0.0, settled=True
        )
    if _small(problem):
        return _by_branch_and_bound(problem, budget)
    return _by_rounding(problem, budget)


def tightened(problem: CoverProblem, wider: Cover, budget: Budget) -> Cover:
    """A cover of the same problem with less slack, from a cover ``wider`` that is known: nothing new is proven.

    Small problems are solved afresh; large ones add to the wider cover and polish, beside a greedy start.
    """
    if _small(problem):
        return cheapest_cover(problem, budget)
    found = []
    for start in (wider.chosen, np.zeros(problem.node_count, dtype=bool)):
        chosen, _ = greedy(problem, problem.cost, start)
        if problem.uncovered(chosen) <= problem.slack + 1e-9:
            found.append(_polished(problem, chosen, budget))
    if not found:
        return replace(_partial(problem, budget), settled=False)
    return _proven(problem, found, wider.best, settled=False)


def above(cover: Cover, first: Cover) -> Cover:
    """The cover with the floor of a wider problem, which is a floor under it too."""
    best = min(first.best, cover.cost)
    exact = first.kind is BoundKind.EXACT and cover.cost - best <= TIGHT_RATIO * max(1.0, cover.cost)
    return replace(cover, best=best, kind=BoundKind.EXACT if exact else BoundKind.DUAL)


def _small(problem: CoverProblem) -> bool:
    return len(problem.g) <= (EXACT_QUOTA_PAIRS if problem.quotas_may_bind() else EXACT_PAIRS)


def _by_branch_and_bound(problem: CoverProblem, budget: Budget) -> Cover:
    start, _ = greedy(problem, problem.cost)
    feasible = problem.uncovered(start) <= problem.slack
    if feasible:
        start = _polished(problem, start, budget)
    solved = optimum(problem, node_count=budget.rounds, seconds=budget.seconds, start=start if feasible else None)
    if solved.outcome is Outcome.INFEASIBLE:
        return _partial(problem, budget)
    found = [start] if feasible else []
    if np.isfinite(solved.value):
        found.append(_kept(problem, solved.x[: problem.node_count] > 0.5))
    if not found:
        return replace(_partial(problem, budget), settled=False)
    return _proven(problem, found, solved.bound, solved.outcome is Outcome.OPTIMAL)


def _by_rounding(problem: CoverProblem, budget: Budget) -> Cover:
    relaxed = relaxation(problem)
    if relaxed.outcome is Outcome.INFEASIBLE:
        return _partial(problem, budget)
    share = relaxed.x[: problem.node_count]
    starts = [_rounded(problem, share), np.zeros(problem.node_count, dtype=bool)]
    found = []
    for start in starts:
        chosen, _ = greedy(problem, problem.cost, start)
        if problem.uncovered(chosen) <= problem.slack + 1e-9:
            found.append(_polished(problem, chosen, budget))
    if not found and len(problem.g) <= EXACT_PAIRS:
        return _by_branch_and_bound(problem, budget)
    if not found:  # the relaxation can be met, rounding it could not: not proven either way
        return replace(_partial(problem, budget), settled=False)
    return _proven(problem, found, relaxed.bound, settled=True)


def _rounded(problem: CoverProblem, share: Reals) -> Flags:
    """Nodes of at least one half, largest share first, as long as the quotas hold."""
    chosen = share >= 0.5 - 1e-9
    if problem.within_quota(chosen):
        return chosen
    left = problem.quota.copy()
    kept = np.zeros(problem.node_count, dtype=bool)
    for node in np.lexsort((problem.cost, -share)):
        if not chosen[node]:
            continue
        if np.all(problem.use[node] <= left[problem.resource[node]] + 1e-9):
            kept[node] = True
            left[problem.resource[node]] -= problem.use[node]
    return kept


def _polished(problem: CoverProblem, chosen: Flags, budget: Budget) -> Flags:
    """Reverse delete and exchange in turn until neither saves anything."""
    cost = np.inf
    for _ in range(min(budget.rounds, 20)):
        chosen = exchanged(problem, reverse_delete(problem, chosen), min(budget.rounds, 20))
        if problem.cost[chosen].sum() >= cost:
            break
        cost = problem.cost[chosen].sum()
    return reverse_delete(problem, chosen)


def _kept(problem: CoverProblem, chosen: Flags) -> Flags:
    """A solver's rounded point, without redundant nodes of no cost to the proof."""
    return reverse_delete(problem, chosen) if problem.uncovered(chosen) <= problem.slack + 1e-6 else chosen


def _proven(problem: CoverProblem, found: list[Flags], bound: float, settled: bool) -> Cover:
    costs = [float(problem.cost[chosen].sum()) for chosen in found]
    place = int(np.argmin(costs))
    best = min(bound, costs[place])
    exact = settled and costs[place] - best <= TIGHT_RATIO * max(1.0, costs[place])
    return Cover(
        chosen=found[place],
        cost=costs[place],
        best=costs[place] if exact else best,
        kind=BoundKind.EXACT if exact else BoundKind.DUAL,
        reachable=True,
        least_open=0.0,
        settled=settled or exact,
    )


def _partial(problem: CoverProblem, budget: Budget) -> Cover:
    """Inside the quotas: the least uncovered weight, then the least cost that leaves no more than that."""
    small = len(problem.g) <= EXACT_PAIRS
    floor = least_uncovered(problem, integral=small, node_count=budget.rounds)
    covered_all = replace(problem, slack=0.0)
    by_weight, _ = greedy(covered_all, np.ones(problem.node_count))
    starts = [by_weight]
    if np.isfinite(floor.value):
        starts.append(
            greedy(covered_all, np.ones(problem.node_count), _rounded(problem, floor.x[: problem.node_count]))[0]
        )
    least = min(problem.uncovered(chosen) for chosen in starts)
    eased = replace(problem, slack=least + 1e-9)
    found = [_polished(eased, chosen, budget) for chosen in starts if problem.uncovered(chosen) <= eased.slack]
    solved = (
        optimum(eased, node_count=budget.rounds, seconds=budget.seconds, start=found[0]) if small else relaxation(eased)
    )
    if small and np.isfinite(solved.value):
        found.append(_kept(eased, solved.x[: problem.node_count] > 0.5))
    settled = small and floor.outcome is Outcome.OPTIMAL and least <= floor.value + 1e-6
    proven = _proven(eased, found, solved.bound, solved.outcome is Outcome.OPTIMAL)
    return replace(proven, reachable=False, least_open=max(0.0, floor.bound), settled=settled)
