"""Filtered beam search (Ow and Morton 1988): the label maker of Sentry 4.1.1 as a planner of its own, inside quotas.

Level by level, every partial plan is extended by each server that still covers something; the ``WIDTH`` extensions with
the least cost so far plus estimated cost to come survive. Every plan that meets the SLO is stripped of redundant
servers; the cheapest wins.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fairlead.kernels.cover import EPS, CoverProblem, greedy, reverse_delete
from fairlead.model import Budget, Snapshot
from fairlead.planners.drain.failures import Failures
from fairlead.planners.drain.peers.rival import Choice
from fairlead.planners.drain.schedule import by_usefulness

WIDTH = 24

Flags = NDArray[np.bool_]
Reals = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Level:
    """Partial plans of one depth: taken [plans, nodes], cost [plans], used [plans, resources]."""

    taken: Flags
    cost: Reals
    used: Reals


def choose(snapshot: Snapshot, found: Failures, problem: CoverProblem, budget: Budget) -> Choice:
    start, _ = greedy(problem, problem.cost)
    best = start  # also the answer where the quotas allow no complete plan: the greedy's partial one
    finished = problem.uncovered(start) <= problem.slack + EPS
    best_cost = problem.cost[reverse_delete(problem, start)].sum() if finished else np.inf
    best = reverse_delete(problem, start) if finished else start
    rate = float(problem.cost[start].sum()) / max(EPS, float(problem.g.sum()) - problem.uncovered(start))
    level = _Level(
        taken=np.zeros((1, problem.node_count), dtype=bool),
        cost=np.zeros(1),
        used=np.zeros((1, len(problem.quota))),
    )
    incidence = _incidence(problem)
    while len(level.taken):
        level, complete = _extended(problem, incidence, level, rate, best_cost)
        for taken in complete:
            stripped = reverse_delete(problem, taken)
            cost = float(problem.cost[stripped].sum())
            if cost < best_cost - EPS:
                best, best_cost = stripped, cost
    return Choice(nodes=by_usefulness(problem, best))


def _incidence(problem: CoverProblem) -> Reals:
    """[pairs, nodes] weight of the pair at each of its ends. Dense: rivals meet at small sizes."""
    table = np.zeros((len(problem.g), problem.node_count))
    pairs = np.arange(len(problem.g))
    table[pairs, problem.u] = table[pairs, problem.v] = problem.g
    return table


def _extended(
    problem: CoverProblem, incidence: Reals, level: _Level, rate: float, best_cost: float
) -> tuple[_Level, Flags]:
    """The survivors among all one-server extensions, and the extensions that meet the SLO."""
    open_pairs = ~(level.taken[:, problem.u] | level.taken[:, problem.v])
    gain = open_pairs.astype(np.float64) @ incidence
    room = (problem.quota - level.used)[:, problem.resource] >= problem.use - EPS
    plan, node = np.nonzero((gain > EPS) & room.all(axis=2) & ~level.taken)
    cost = level.cost[plan] + problem.cost[node]
    to_come = np.maximum(0.0, (open_pairs @ problem.g)[plan] - gain[plan, node] - problem.slack)
    score = cost + rate * to_come
    hopeful = np.flatnonzero(cost < best_cost - EPS)
    order = hopeful[np.lexsort((node[hopeful], plan[hopeful], score[hopeful]))]
    taken: list[Flags] = []
    kept: list[int] = []
    seen: set[bytes] = set()
    for at in order.tolist():
        grown = level.taken[plan[at]].copy()
        grown[node[at]] = True
        if grown.tobytes() not in seen:
            seen.add(grown.tobytes())
            taken.append(grown)
            kept.append(at)
        if len(kept) == WIDTH:
            break
    if not kept:
        none = np.zeros((0, problem.node_count), dtype=bool)
        return _Level(taken=none, cost=np.zeros(0), used=np.zeros((0, len(problem.quota)))), none
    flags, at = np.array(taken), np.array(kept)
    used = level.used[plan[at]].copy()
    for kind in range(problem.resource.shape[1]):
        used[np.arange(len(at)), problem.resource[node[at], kind]] += problem.use[node[at], kind]
    done = to_come[at] <= EPS
    return _Level(taken=flags[~done], cost=cost[at][~done], used=used[~done]), flags[done]
