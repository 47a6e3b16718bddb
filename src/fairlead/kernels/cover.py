"""Weighted partial vertex cover under group quotas: the arithmetic of taking servers offline.

Given pairs (u, v) of weight g and nodes of cost c, choose nodes so that the weight of the pairs with no chosen end is
at most ``slack``, at least cost, with at most ``quota[k]`` units of resource k used. Node x uses ``use[x, j]`` units of
resource ``resource[x, j]``. Weight zero is allowed; parallel pairs are allowed; a pair is never a loop.

Searches here only ever return what they were asked for or less; how good that is, is proven elsewhere (an LP bound).
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass

import numba
import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.int64]
Reals = NDArray[np.float64]
Flags = NDArray[np.bool_]

EPS = 1e-9  # weights are sums of at most some 10^6 terms of order 1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CoverProblem:
    """The arrays of one problem.

    u, v     : [pairs] int64 node numbers
    g        : [pairs] weight
    cost     : [nodes] > 0
    slack    : weight that may stay uncovered
    resource : [nodes, kinds] int64 resource numbers
    use      : [nodes, kinds] units that choosing the node takes
    quota    : [resources] units there are; infinite where unlimited
    """

    u: Rows
    v: Rows
    g: Reals
    cost: Reals
    slack: float
    resource: Rows
    use: Reals
    quota: Reals

    @property
    def node_count(self) -> int:
        return len(self.cost)

    def adjacency(self) -> tuple[Rows, Rows]:
        """CSR over nodes: pair numbers at each node. O(pairs)."""
        return adjacency(self.u, self.v, self.node_count)

    def uncovered(self, chosen: Flags) -> float:
        """Weight of the pairs with no chosen end."""
        return float(self.g[~(chosen[self.u] | chosen[self.v])].sum())

    def demanded(self) -> Reals:
        """[resources] units that choosing every node would take."""
        return np.bincount(self.resource.ravel(), self.use.ravel(), len(self.quota)).astype(np.float64)

    def quotas_may_bind(self) -> bool:
        """Whether some choice of nodes breaks a quota."""
        return bool(np.any(self.demanded() > self.quota + EPS))

    def within_quota(self, chosen: Flags) -> bool:
        used = np.bincount(self.resource[chosen].ravel(), self.use[chosen].ravel(), len(self.quota))
        return bool(np.all(used <= self.quota + EPS))


def adjacency(u: Rows, v: Rows, node_count: int) -> tuple[Rows, Rows]:
    """CSR (indptr [nodes + 1], pair numbers [2 * pairs]) of an undirected multigraph."""
    ends = np.concatenate([u, v])
    order = np.argsort(ends, kind="stable")
    indptr = np.concatenate([[0], np.cumsum(np.bincount(ends, minlength=node_count))]).astype(np.int64)
    return indptr, (order % max(1, len(u))).astype(np.int64)


_INDEX = numba.int64[::1]
_TABLE = numba.int64[:, ::1]
_REAL = numba.float64[::1]
_REALS = numba.float64[:, ::1]
_FLAG = numba.boolean[::1]


@numba.njit(numba.boolean(numba.int64, _TABLE, _REALS, _REAL), cache=True, nogil=True)
def _fits(node, resource, use, left):  # type: ignore[no-untyped-def]  # compiled; the signature above is its type
    fits = True
    for kind in range(resource.shape[1]):
        fits = fits and use[node, kind] <= left[resource[node, kind]] + EPS
    return fits


@numba.njit(numba.void(numba.int64, _TABLE, _REALS, _REAL, numba.float64), cache=True, nogil=True)
def _take(node, resource, use, left, sign):  # type: ignore[no-untyped-def]
    for kind in range(resource.shape[1]):
        left[resource[node, kind]] -= sign * use[node, kind]


@numba.njit(
    numba.int64(_INDEX, _INDEX, _REAL, _INDEX, _INDEX, _REAL, numba.float64, _TABLE, _REALS, _REAL, _FLAG, _INDEX),
    cache=True,
    nogil=True,
)
def _greedy(u, v, g, indptr, incident, price, slack, resource, use, left, chosen, order):  # type: ignore[no-untyped-def]
    """Best (weight still uncovered at the node) / price first, recomputed lazily; fills ``chosen`` and ``order``."""
    gain = np.zeros(len(price))
    open_weight = 0.0
    for pair in range(len(g)):
        if not (chosen[u[pair]] or chosen[v[pair]]):
            gain[u[pair]] += g[pair]
            gain[v[pair]] += g[pair]
            open_weight += g[pair]
    heap = [(-gain[node] / price[node], node) for node in range(len(price)) if not chosen[node] and gain[node] > EPS]
    heapq.heapify(heap)
    taken = 0
    while open_weight > slack + EPS and len(heap) > 0:
        key, node = heapq.heappop(heap)
        # gains only fall, so a key that is out of date is too good: put it back with its true value
        useful = min(gain[node], open_weight - slack)
        if useful <= EPS:
            continue
        now = -useful / price[node]
        if now > key + EPS * abs(key) and len(heap) > 0 and now > heap[0][0]:
            heapq.heappush(heap, (now, node))
            continue
        if not _fits(node, resource, use, left):
            continue  # what is left of a quota only shrinks
        chosen[node] = True
        _take(node, resource, use, left, 1.0)
        order[taken] = node
        taken += 1
        open_weight -= gain[node]
        for at in range(indptr[node], indptr[node + 1]):
            pair = incident[at]
            other = u[pair] + v[pair] - node
            if not chosen[other]:
                gain[other] -= g[pair]
        gain[node] = 0.0
    return taken


def greedy(problem: CoverProblem, price: Reals, chosen: Flags | None = None) -> tuple[Flags, Rows]:
    """Greedy with recomputation, from the nodes already ``chosen`` (counted against the quotas).

    price : [nodes] what a node is taken to cost (its cost: cheapest cover; all ones: fewest servers)
    Returns the flags of all chosen nodes and the order in which the new ones were taken. O((pairs + nodes) log nodes).
    """
    indptr, incident = problem.adjacency()
    flags = np.zeros(problem.node_count, dtype=bool) if chosen is None else chosen.copy()
    left = problem.quota - np.bincount(problem.resource[flags].ravel(), problem.use[flags].ravel(), len(problem.quota))
    order = np.empty(problem.node_count, dtype=np.int64)
    taken = _greedy(
        problem.u, problem.v, problem.g, indptr, incident, np.ascontiguousarray(price, dtype=np.float64),
        float(problem.slack), problem.resource, problem.use, left, flags, order,
    )  # fmt: skip
    return flags, order[:taken]


@numba.njit(
    numba.float64(_INDEX, _INDEX, _REAL, _INDEX, _INDEX, _INDEX, numba.float64, numba.float64, _FLAG),
    cache=True,
    nogil=True,
)
def _reverse_delete(u, v, g, indptr, incident, visit, slack, open_weight, chosen):  # type: ignore[no-untyped-def]
    """Drop chosen nodes, in the order of ``visit``, while the uncovered weight stays within the slack."""
    for node in visit:
        if not chosen[node]:
            continue
        alone = 0.0
        for at in range(indptr[node], indptr[node + 1]):
            pair = incident[at]
            if not chosen[u[pair] + v[pair] - node]:
                alone += g[pair]
        if open_weight + alone <= slack + EPS:
            chosen[node] = False
            open_weight += alone
    return open_weight


def reverse_delete(problem: CoverProblem, chosen: Flags) -> Flags:
    """The chosen nodes without the redundant ones, dearest first: no remaining node can be dropped alone. O(pairs)."""
    indptr, incident = problem.adjacency()
    flags = chosen.copy()
    nodes = np.flatnonzero(flags)
    visit = nodes[np.lexsort((nodes, -problem.cost[nodes]))]
    open_weight = problem.uncovered(flags)
    _reverse_delete(problem.u, problem.v, problem.g, indptr, incident, visit, problem.slack, open_weight, flags)
    return flags


@numba.njit(
    numba.float64(_INDEX, _INDEX, _REAL, _INDEX, _INDEX, numba.int64, _FLAG, _REAL, numba.boolean),
    cache=True,
    nogil=True,
)
def _move(u, v, g, indptr, incident, node, chosen, alone, enter):  # type: ignore[no-untyped-def]
    """Choose or release one node and keep ``alone`` true; returns the weight only this node covers (after / before)."""
    weight = 0.0
    for at in range(indptr[node], indptr[node + 1]):
        pair = incident[at]
        other = u[pair] + v[pair] - node
        if chosen[other]:
            alone[other] += -g[pair] if enter else g[pair]
        else:
            weight += g[pair]
    chosen[node] = enter
    alone[node] = weight if enter else 0.0
    return weight


@numba.njit(
    numba.float64(
        _INDEX, _INDEX, _REAL, _INDEX, _INDEX, _REAL, numba.float64, _TABLE, _REALS, _REAL, _FLAG, numba.int64
    ),
    cache=True,
    nogil=True,
)
def _exchange(u, v, g, indptr, incident, cost, slack, resource, use, left, chosen, rounds):  # type: ignore[no-untyped-def]
    """Take one node in if that lets dearer chosen neighbours out; repeat until nothing improves. Returns cost saved."""
    alone = np.zeros(len(cost))  # weight that only this chosen node covers
    open_weight = 0.0
    for pair in range(len(g)):
        a, b = u[pair], v[pair]
        if chosen[a] and not chosen[b]:
            alone[a] += g[pair]
        elif chosen[b] and not chosen[a]:
            alone[b] += g[pair]
        elif not chosen[a]:
            open_weight += g[pair]
    shared = np.zeros(len(cost))  # weight of the pairs between the candidate and a neighbour
    leaving = np.empty(len(cost), dtype=np.int64)
    saved_in_all = 0.0
    for _ in range(rounds):
        improved = False
        for node in range(len(cost)):
            if chosen[node] or not _fits(node, resource, use, left):
                continue
            gain = 0.0
            for at in range(indptr[node], indptr[node + 1]):
                pair = incident[at]
                other = u[pair] + v[pair] - node
                shared[other] += g[pair]
                gain += 0.0 if chosen[other] else g[pair]
            room = slack - (open_weight - gain)
            hoped = 0.0
            candidates = 0
            for at in range(indptr[node], indptr[node + 1]):
                other = u[incident[at]] + v[incident[at]] - node
                if chosen[other] and shared[other] >= 0.0 and alone[other] - shared[other] <= room + EPS:
                    hoped += cost[other]
                    leaving[candidates] = other
                    candidates += 1
                    shared[other] = -1.0  # counted once, also with parallel pairs
            for at in range(indptr[node], indptr[node + 1]):
                shared[u[incident[at]] + v[incident[at]] - node] = 0.0
            if hoped <= cost[node] * (1 + EPS) + 1e-7:
                continue
            open_weight -= _move(u, v, g, indptr, incident, node, chosen, alone, True)
            saved = -cost[node]
            gone = 0
            for at in range(candidates):  # neighbours may share pairs: each is judged as the others have left it
                other = leaving[at]
                if open_weight + alone[other] <= slack + EPS:
                    open_weight += _move(u, v, g, indptr, incident, other, chosen, alone, False)
                    saved += cost[other]
                    leaving[gone] = other
                    gone += 1
            if saved > 1e-7:
                improved = True
                saved_in_all += saved
                _take(node, resource, use, left, 1.0)
                for at in range(gone):
                    _take(leaving[at], resource, use, left, -1.0)
            else:
                for at in range(gone):
                    open_weight -= _move(u, v, g, indptr, incident, leaving[at], chosen, alone, True)
                open_weight += _move(u, v, g, indptr, incident, node, chosen, alone, False)
        if not improved:
            break
    return saved_in_all


def exchanged(problem: CoverProblem, chosen: Flags, rounds: int) -> Flags:
    """Local search: one node in, its redundant neighbours out, while that saves cost; at most ``rounds`` sweeps.

    O(pairs) a sweep. Never leaves the slack or a quota that was kept before.
    """
    indptr, incident = problem.adjacency()
    flags = chosen.copy()
    left = problem.quota - np.bincount(problem.resource[flags].ravel(), problem.use[flags].ravel(), len(problem.quota))
    _exchange(
        problem.u, problem.v, problem.g, indptr, incident, problem.cost, float(problem.slack),
        problem.resource, problem.use, left, flags, rounds,
    )  # fmt: skip
    return flags
