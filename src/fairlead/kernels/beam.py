"""Least-cost vertex cover with slack by beam search.

A cover takes nodes until the weight of the edges without a taken end is within the slack. The search walks the binary
tree of vertex cover (of an uncovered edge, one end is taken, or it stays and the other end is), extended by a third
branch while there is slack (the edge is left), and keeps the ``width`` most promising partial covers of every depth.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import boolean, float64, int32, int64, njit, types
from numpy.typing import NDArray

_OPEN, _TAKEN, _KEPT = 0, 1, 2  # what a partial cover says of a node: undecided, taken, stays
_TAKE_FIRST, _TAKE_SECOND, _LEAVE = 0, 1, 2  # the branches at an edge
_INT32S = types.Array(int32, 1, "C", readonly=True)
_FLOAT64S = types.Array(float64, 1, "C", readonly=True)


def beam_cover(
    first: NDArray[np.int32],
    second: NDArray[np.int32],
    weight: NDArray[Any],
    cost: NDArray[Any],
    slack: float,
    width: int,
) -> NDArray[np.int64]:
    """Nodes to take so that the edges without a taken end weigh at most ``slack``; ascending.

    first, second : [edges] ends
    weight        : [edges], above 0
    cost          : [nodes], at least 0
    width         : partial covers kept of every depth; 1 is a greedy walk

    No node of the result can be put back (reverse delete, dearest first). Partial covers are ranked by cost plus a dual
    lower bound of what is still to pay. O(depth x width x edges), depth at most nodes + edges. Deterministic.
    """
    assert width >= 1, width
    assert len(first) == len(second) == len(weight), "one entry an edge"
    concerned, places = np.unique(np.concatenate([first, second]), return_inverse=True)
    if not len(concerned) or np.sum(weight) <= slack:
        return np.empty(0, dtype=np.int64)
    one, other = np.split(places.astype(np.int32), 2)
    taken = _beam_cover(
        np.ascontiguousarray(one),
        np.ascontiguousarray(other),
        np.ascontiguousarray(weight, dtype=np.float64),
        np.ascontiguousarray(cost, dtype=np.float64)[concerned],
        float(slack) + 1e-9 * max(1.0, float(slack)),
        width,
    )
    rows: NDArray[np.int64] = concerned[taken].astype(np.int64)
    return rows


@njit(cache=True, nogil=True)
def _incidence(first: Any, second: Any, node_count: int) -> Any:
    """Edges of every node as compressed rows: (starts [nodes + 1], edges [2 edges])."""
    starts = np.zeros(node_count + 1, dtype=np.int32)
    for edge in range(len(first)):
        starts[first[edge] + 1] += 1
        starts[second[edge] + 1] += 1
    for node in range(node_count):
        starts[node + 1] += starts[node]
    free = starts[:-1].copy()
    edges = np.empty(2 * len(first), dtype=np.int32)
    for edge in range(len(first)):
        for node in (first[edge], second[edge]):
            edges[free[node]] = edge
            free[node] += 1
    return starts, edges


@njit(cache=True, nogil=True)
def _still_to_pay(
    first: Any, second: Any, weight: Any, cost: Any, slack: float, state: Any, left: Any, residual: Any
) -> Any:
    """(estimate of the cost still to pay, weight not covered yet, weight of the edges left) of a partial cover.

    The estimate is a dual ascent over the open edges, a lower bound of covering them all, scaled by the share of them
    that the slack does not excuse.
    """
    bound = 0.0
    open_weight = 0.0
    left_weight = 0.0
    for node in range(len(cost)):
        residual[node] = np.inf if state[node] == _KEPT else cost[node]
    for edge in range(len(first)):
        one, other = first[edge], second[edge]
        if state[one] == _TAKEN or state[other] == _TAKEN:
            continue
        if left[edge]:
            left_weight += weight[edge]
            continue
        open_weight += weight[edge]
        rise = min(residual[one], residual[other])
        bound += rise
        residual[one] -= rise
        residual[other] -= rise
    excused = (slack - left_weight) / open_weight if open_weight > 0 else 1.0
    return bound * max(0.0, 1.0 - excused), open_weight + left_weight, left_weight


@njit(cache=True, nogil=True)
def _branching_edge(first: Any, second: Any, weight: Any, cost: Any, state: Any, left: Any, gain: Any) -> int:
    """The open edge to decide next: at a node that stays up if there is one, else at the best gain for its cost."""
    for node in range(len(cost)):
        gain[node] = 0.0
    for edge in range(len(first)):
        one, other = first[edge], second[edge]
        if left[edge] or state[one] == _TAKEN or state[other] == _TAKEN:
            continue
        if state[one] == _KEPT or state[other] == _KEPT:
            return edge
        gain[one] += weight[edge]
        gain[other] += weight[edge]
    chosen, chosen_gain = -1, -1.0
    for edge in range(len(first)):
        one, other = first[edge], second[edge]
        if left[edge] or state[one] == _TAKEN or state[other] == _TAKEN:
            continue
        worth = max(gain[one] / (cost[one] + 1e-9), gain[other] / (cost[other] + 1e-9))
        if worth > chosen_gain:
            chosen, chosen_gain = edge, worth
    return chosen


@njit(cache=True, nogil=True)
def _reverse_delete(starts: Any, edges: Any, ends: Any, weight: Any, cost: Any, spare: float, state: Any) -> float:
    """Puts back, dearest first, every taken node whose weight the spare slack can bear; returns the cost."""
    total = 0.0
    for node in np.argsort(-cost, kind="mergesort"):
        if state[node] != _TAKEN:
            continue
        returning = 0.0
        for place in range(starts[node], starts[node + 1]):
            edge = edges[place]
            if state[ends[edge] - node] != _TAKEN:
                returning += weight[edge]
        if returning <= spare:
            state[node] = _OPEN
            spare -= returning
        else:
            total += cost[node]
    return total


@njit(cache=True, nogil=True)
def _child(first: Any, second: Any, edge: int, branch: int, state: Any, left: Any) -> Any:
    """Makes the partial cover of one branch at an edge; the node that it takes, -1 for none, -2 if it cannot be."""
    if branch == _LEAVE:
        left[edge] = True
        return -1
    goes, other = (first[edge], second[edge]) if branch == _TAKE_FIRST else (second[edge], first[edge])
    if state[goes] == _KEPT:
        return -2
    state[goes] = _TAKEN
    if branch == _TAKE_SECOND and state[other] == _OPEN:
        state[other] = _KEPT
    return goes


@njit(types.Array(boolean, 1, "C")(_INT32S, _INT32S, _FLOAT64S, _FLOAT64S, float64, int64), cache=True, nogil=True)
def _beam_cover(first: Any, second: Any, weight: Any, cost: Any, slack: Any, width: Any) -> Any:
    node_count, edge_count = len(cost), len(first)
    starts, edges = _incidence(first, second, node_count)
    ends = first + second  # the other end of an edge is this less the one
    gain, residual = np.empty(node_count), np.empty(node_count)
    states = np.zeros((width, node_count), dtype=np.int8)
    lefts = np.zeros((width, edge_count), dtype=np.bool_)
    costs = np.zeros(width)
    child_states = np.empty((3 * width, node_count), dtype=np.int8)
    child_lefts = np.empty((3 * width, edge_count), dtype=np.bool_)
    child_costs, child_scores = np.empty(3 * width), np.empty(3 * width)
    best = np.zeros(node_count, dtype=np.bool_)
    best_cost = np.inf
    alive = 1
    while alive:
        child_count = 0
        for parent in range(alive):
            edge = _branching_edge(first, second, weight, cost, states[parent], lefts[parent], gain)
            for branch in range(3):
                state, left = child_states[child_count], child_lefts[child_count]
                state[:] = states[parent]
                left[:] = lefts[parent]
                goes = _child(first, second, edge, branch, state, left)
                spent = costs[parent] + (cost[goes] if goes >= 0 else 0.0)
                to_pay, uncovered, excused = _still_to_pay(first, second, weight, cost, slack, state, left, residual)
                if goes == -2 or excused > slack or spent + to_pay >= best_cost:
                    continue
                if uncovered <= slack:
                    total = _reverse_delete(starts, edges, ends, weight, cost, slack - uncovered, state)
                    if total < best_cost:
                        best_cost = total
                        best = state == _TAKEN
                    continue
                child_costs[child_count] = spent
                child_scores[child_count] = spent + to_pay
                child_count += 1
        kept = np.argsort(child_scores[:child_count], kind="mergesort")[:width]
        alive = len(kept)
        for place in range(alive):
            states[place] = child_states[kept[place]]
            lefts[place] = child_lefts[kept[place]]
            costs[place] = child_costs[kept[place]]
    return best
