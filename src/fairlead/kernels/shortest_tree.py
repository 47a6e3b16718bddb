"""One search of a graph: the tree of shortest paths from a root, and the way back to it round some nodes.

What the k shortest paths between all pairs are made of (``shortest.py``). Costs are >= 0; of equal cost, fewer links.
"""

from __future__ import annotations

import heapq
from typing import NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

Reals = NDArray[np.float64]
Rows = NDArray[np.int64]
Nodes = NDArray[np.int32]

NEAR_COUNT = 8  # next nodes kept in order: enough that a full scan of a node's links is rare
_ROUNDING = 1.0 + 1e-12  # sums of the same links in another order


class Graph(NamedTuple):
    """CSR of links: those of node v are ``start[v] : start[v + 1]``, with the other end and the cost of each."""

    start: Rows
    other: Nodes
    cost: Reals


class Tree(NamedTuple):
    """Shortest paths from a root: distance, links on the way, and the node before (-1 at the root) [nodes]."""

    far: Reals
    hops: Rows
    back: Rows


class Near(NamedTuple):
    """For a node, its best ways on towards a root, best first [nodes, NEAR_COUNT]; filled when first asked for.

    root : [nodes] root that the row was filled for; -1 before
    kept : [nodes] how many there are
    """

    root: Rows
    kept: Rows
    node: Rows
    cost: Reals
    far: Reals


class Marks(NamedTuple):
    """Stamps [nodes]: a node is fixed (or banned as the next one) where its stamp is the clock's; and room to work."""

    clock: Rows
    fixed: Rows
    banned: Rows
    reach: Reals
    reach_steps: Rows
    towards: Rows


def adjacency(cost: Reals, exists: NDArray[np.bool_]) -> Graph:
    """CSR of the links in the rows of ``exists`` [nodes, nodes]."""
    start = np.concatenate([[0], np.cumsum(exists.sum(axis=1))]).astype(np.int64)
    return Graph(start, np.nonzero(exists)[1].astype(np.int32), cost[exists].astype(np.float64))


_F8, _I8 = numba.float64, numba.int64
_INDEX, _REAL, NODES = numba.int64[::1], numba.float64[::1], numba.int32[::1]
_INDEXES, _REALS = numba.int64[:, ::1], numba.float64[:, ::1]
GRAPH = numba.types.NamedTuple((_INDEX, NODES, _REAL), Graph)
TREE = numba.types.NamedTuple((_REAL, _INDEX, _INDEX), Tree)
NEAR = numba.types.NamedTuple((_INDEX, _INDEX, _INDEXES, _REALS, _REALS), Near)
MARKS = numba.types.NamedTuple((_INDEX, _INDEX, _INDEX, _REAL, _INDEX, _INDEX), Marks)
_BEST = numba.types.Tuple((_F8, _I8, _I8))


@numba.njit(numba.void(_I8, GRAPH, TREE, numba.boolean[::1]), cache=True, nogil=True)
def grow(root, graph, tree, settled):  # type: ignore[no-untyped-def]  # compiled; the signature above is its type
    """Dijkstra: the tree of the shortest paths from ``root``, with the fewest links among equals."""
    tree.far[:] = np.inf
    tree.hops[:] = 0
    settled[:] = False
    tree.far[root] = 0.0
    tree.back[root] = -1
    for _ in range(len(settled)):
        node = -1
        for rival in range(len(settled)):
            if settled[rival] or tree.far[rival] == np.inf:
                continue
            if node < 0 or (tree.far[rival], tree.hops[rival]) < (tree.far[node], tree.hops[node]):
                node = rival
        if node < 0:
            break
        settled[node] = True
        for at in range(graph.start[node], graph.start[node + 1]):
            end = graph.other[at]
            reached, steps = tree.far[node] + graph.cost[at], tree.hops[node] + 1
            if not settled[end] and (reached, steps) < (tree.far[end], tree.hops[end]):
                tree.far[end] = reached
                tree.hops[end] = steps
                tree.back[end] = node


@numba.njit(numba.void(_I8, _I8, GRAPH, TREE, NEAR), cache=True, nogil=True)
def _look_round(root, node, behind, tree, near):  # type: ignore[no-untyped-def]
    """Fill the row of ``near``: the nodes before ``node`` by (cost + distance from the root, links, number)."""
    kept = 0
    for at in range(behind.start[node], behind.start[node + 1]):
        end = numba.int64(behind.other[at])
        far = behind.cost[at] + tree.far[end]
        if far == np.inf or (kept == NEAR_COUNT and far > near.far[node, kept - 1]):
            continue
        place = kept
        while place > 0 and (far, tree.hops[end]) < (near.far[node, place - 1], tree.hops[near.node[node, place - 1]]):
            if place < NEAR_COUNT:
                near.far[node, place] = near.far[node, place - 1]
                near.cost[node, place] = near.cost[node, place - 1]
                near.node[node, place] = near.node[node, place - 1]
            place -= 1
        if place < NEAR_COUNT:
            near.far[node, place], near.cost[node, place], near.node[node, place] = far, behind.cost[at], end
            kept = min(kept + 1, NEAR_COUNT)
    near.root[node], near.kept[node] = root, kept


@numba.njit(_BEST(_I8, _I8, _F8, _I8, GRAPH, TREE, NEAR, MARKS, _I8, _I8), cache=True, nogil=True)
def deviation(root, node, spent, steps, behind, tree, near, marks, fixed, banned):  # type: ignore[no-untyped-def]
    """The next node that the tree says is cheapest: (cost of the whole path, its links, node), node -1 if none."""
    if near.root[node] != root:
        _look_round(root, node, behind, tree, near)
    for slot in range(near.kept[node]):
        end = near.node[node, slot]
        if marks.fixed[end] != fixed and marks.banned[end] != banned:
            return spent + near.far[node, slot], steps + 1 + tree.hops[end], end
    best, best_steps, best_node = np.inf, 0, -1
    if near.kept[node] < NEAR_COUNT:
        return best, best_steps, best_node
    for at in range(behind.start[node], behind.start[node + 1]):
        end = numba.int64(behind.other[at])
        total = spent + (behind.cost[at] + tree.far[end])
        if total <= best and total < np.inf and marks.fixed[end] != fixed and marks.banned[end] != banned:
            total_steps = steps + 1 + tree.hops[end]
            if total < best or total_steps < best_steps:
                best, best_steps, best_node = total, total_steps, end
    return best, best_steps, best_node


@numba.njit(numba.boolean(_I8, TREE, MARKS, _I8), cache=True, nogil=True)
def runs_clear(node, tree, marks, fixed):  # type: ignore[no-untyped-def]
    """Whether the tree leads from ``node`` back to its root past no fixed node."""
    while node >= 0 and marks.fixed[node] != fixed:
        node = tree.back[node]
    return node < 0


@numba.njit(_BEST(_I8, _I8, _F8, _I8, GRAPH, TREE, NEAR, MARKS, _I8, _I8, NODES), cache=True, nogil=True)
def detour(root, node, spent, steps, behind, tree, near, marks, fixed, banned, way):  # type: ignore[no-untyped-def]
    """A* from ``node`` back to ``root`` round the fixed nodes: (cost, links, nodes on the way; 0 if there is none).

    ``way`` gets the nodes after ``node``, the root last.
    """
    marks.reach[:] = np.inf
    heap = [(spent + tree.far[node], steps + tree.hops[node], steps, spent, node)]
    enough = np.inf  # cost of some way round: whatever cannot beat it is not looked at
    while len(heap) > 0:
        total, total_steps, taken, so_far, at_node = heapq.heappop(heap)
        if at_node == root:
            for place in range(taken - steps - 1, -1, -1):
                way[place] = at_node
                at_node = marks.towards[at_node]
            return total, total_steps, taken - steps
        if at_node != node and (so_far, taken) > (marks.reach[at_node], marks.reach_steps[at_node]):
            continue  # reached more cheaply since
        if near.root[at_node] != root:
            _look_round(root, at_node, behind, tree, near)
        nearest = near.kept[at_node]
        all_near = nearest < NEAR_COUNT or so_far + near.far[at_node, nearest - 1] > enough
        first = behind.start[at_node]
        for number in range(nearest if all_near else behind.start[at_node + 1] - first):
            if all_near:
                end, cost, far = near.node[at_node, number], near.cost[at_node, number], near.far[at_node, number]
            else:
                end, cost = numba.int64(behind.other[first + number]), behind.cost[first + number]
                far = cost + tree.far[end]
            bound = so_far + far
            if bound > enough or bound == np.inf or marks.fixed[end] == fixed:
                continue
            if at_node == node and marks.banned[end] == banned:
                continue
            if (so_far + cost, taken + 1) < (marks.reach[end], marks.reach_steps[end]):
                marks.reach[end], marks.reach_steps[end], marks.towards[end] = so_far + cost, taken + 1, at_node
                heapq.heappush(heap, (bound, taken + 1 + tree.hops[end], taken + 1, so_far + cost, end))
                if bound * _ROUNDING < enough and runs_clear(end, tree, marks, fixed):
                    enough = bound * _ROUNDING
    return np.inf, 0, 0
