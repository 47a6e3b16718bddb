"""The k shortest loop-free paths between all ordered pairs of nodes (Panorama 4.1, step 1).

Yen's deviations in Lawler's order (Yen 1971, Lawler 1972), made cheap by one shortest-path tree for each source
(Feng 2014; Kurz and Mutzel 2016): paths grow backwards from the target, and what is left of the way back to the source
is read from the tree. Only where the tree runs into the part that is fixed already is a search needed, and the tree's
distances lead it (A*). A pair of a full mesh costs a few scans of a node's links.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

from fairlead.kernels.shortest_tree import (
    GRAPH,
    MARKS,
    NEAR,
    NEAR_COUNT,
    NODES,
    TREE,
    Marks,
    Near,
    Tree,
    adjacency,
    detour,
    deviation,
    grow,
    runs_clear,
)

Reals = NDArray[np.float64]
Rows = NDArray[np.int64]
Nodes = NDArray[np.int32]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NodePaths:
    """Paths of every ordered pair (s, t), shortest first, in the order of s, then t.

    count : [nodes, nodes] int64 paths of the pair; 1 on the diagonal (the node alone)
    start : [paths + 1] int64; path ``p`` visits ``node[start[p] : start[p + 1]]`` (int32)
    """

    count: Rows
    start: Rows
    node: Nodes


def shortest_paths(cost: Reals, k: int) -> NodePaths:
    """The at most ``k`` loop-free paths of least cost of every ordered pair.

    cost : [nodes, nodes] >= 0 of the link from the first to the second; NaN where there is none; diagonal not read

    Exact up to the rounding of sums. Of equal cost, those with fewer nodes first; what ties even so follows from the
    node numbers alone. A pair without a path has none. About k * hops * (links of a node) steps a pair where trees run
    clear, never more than k * hops searches of the graph.
    """
    assert cost.ndim == 2 and cost.shape[0] == cost.shape[1], "one row and one column a node"  # noqa: PT018
    assert k >= 1
    exists = ~np.isnan(cost)
    np.fill_diagonal(exists, False)
    assert (cost[exists] >= 0).all(), "a link of negative cost"
    ahead, behind = adjacency(cost, exists), adjacency(cost.T, exists.T)
    count, start, node = _all_pairs(k, np.ascontiguousarray(cost, dtype=np.float64), ahead, behind)
    return NodePaths(count=count, start=start, node=node)


class _Found(NamedTuple):
    """Paths of one pair, backwards: ``node[p, : length[p]]`` from the target to the source."""

    node: NDArray[np.int32]
    length: Rows


class _Open(NamedTuple):
    """Classes of paths not looked into: path ``path`` up to ``place``, then on to ``next``, at no less than ``cost``.

    exact : 1 where the cost is that of a path round the fixed nodes, 0 where it is the tree's; -1 where used up
    """

    cost: Reals
    steps: Rows
    path: Rows
    place: Rows
    next: Rows
    exact: Rows


_F8, _I8 = numba.float64, numba.int64
_INDEX, _REAL = numba.int64[::1], numba.float64[::1]
_DENSE = numba.types.Array(_F8, 2, "C", readonly=True)  # columns of tables, and views of them, are read-only
_FOUND = numba.types.NamedTuple((numba.int32[:, ::1], _INDEX), _Found)
_OPEN = numba.types.NamedTuple((_REAL, _INDEX, _INDEX, _INDEX, _INDEX, _INDEX), _Open)


@numba.njit(_I8(_FOUND, _I8, _I8), cache=True, nogil=True)
def _shared(found, one, other):  # type: ignore[no-untyped-def]  # compiled: typed by its signature
    """Nodes, from the target on, in which two paths agree."""
    place = 0
    while (
        place < found.length[one] and place < found.length[other] and found.node[one, place] == found.node[other, place]
    ):
        place += 1
    return place


@numba.njit(numba.void(_I8, _I8, _I8, _FOUND, MARKS), cache=True, nogil=True)
def _shut(path, place, count, found, marks):  # type: ignore[no-untyped-def]
    """A new stamp: fixes the nodes of ``path`` up to ``place``; bans where the paths found go on from there."""
    marks.clock[0] += 1
    for at in range(place + 1):
        marks.fixed[found.node[path, at]] = marks.clock[0]
    for rival in range(count):
        if _shared(found, path, rival) > place and found.length[rival] > place + 1:
            marks.banned[found.node[rival, place + 1]] = marks.clock[0]


@numba.njit(_I8(_I8, _I8, _I8, _I8, _I8, _DENSE, GRAPH, TREE, NEAR, MARKS, _FOUND, _OPEN), cache=True, nogil=True)
def _open_classes(root, path, first, count, opened, dense, behind, tree, near, marks, found, classes):  # type: ignore[no-untyped-def]
    """A class for every node of ``path`` from ``first`` on where it can go on elsewhere; how many there are."""
    marks.clock[0] += 1
    stamp = marks.clock[0]
    shared = np.empty(count, np.int64)
    for rival in range(count):
        shared[rival] = _shared(found, path, rival)
    spent = 0.0
    for place in range(found.length[path] - 1):
        node = numba.int64(found.node[path, place])
        marks.fixed[node] = stamp
        if place > 0:
            spent += dense[node, found.node[path, place - 1]]
        if place < first:
            continue
        marks.clock[0] += 1
        for rival in range(count):
            if shared[rival] > place and found.length[rival] > place + 1:
                marks.banned[found.node[rival, place + 1]] = marks.clock[0]
        total, steps, after = deviation(root, node, spent, place, behind, tree, near, marks, stamp, marks.clock[0])
        if after >= 0:
            classes.cost[opened] = total
            classes.steps[opened] = steps
            classes.path[opened] = path
            classes.place[opened] = place
            classes.next[opened] = after
            classes.exact[opened] = 0
            opened += 1
    return opened


@numba.njit(_I8(_I8, _OPEN), cache=True, nogil=True)
def _cheapest(opened, classes):  # type: ignore[no-untyped-def]
    """The open class of least cost, then fewest links, then first opened; -1 if none is left."""
    best = -1
    for number in range(opened):
        if classes.exact[number] >= 0 and (
            best < 0 or (classes.cost[number], classes.steps[number]) < (classes.cost[best], classes.steps[best])
        ):
            best = number
    return best


@numba.njit(_F8(_I8, _FOUND, _DENSE), cache=True, nogil=True)
def _forward_cost(path, found, dense):  # type: ignore[no-untyped-def]
    """Sum over the links from the source on, in their order: the same for the same links, however they were found."""
    total = 0.0
    for place in range(found.length[path] - 1, 0, -1):
        total += dense[found.node[path, place], found.node[path, place - 1]]
    return total


@numba.njit(_I8(_I8, _I8, _I8, _DENSE, GRAPH, TREE, NEAR, MARKS, _FOUND, _OPEN, NODES), cache=True, nogil=True)
def _pair(k, root, target, dense, behind, tree, near, marks, found, classes, way):  # type: ignore[no-untyped-def]
    """Fill ``found`` with the k best paths from ``root`` to ``target``, in the order of discovery; how many."""
    if not tree.far[target] < np.inf:
        return 0
    length, node = 0, target
    while node >= 0:
        found.node[0, length] = node
        length += 1
        node = tree.back[node]
    found.length[0] = length
    count, opened = 1, 0
    first = 0
    while count < k:
        opened = _open_classes(root, count - 1, first, count, opened, dense, behind, tree, near, marks, found, classes)
        taken = -1
        while taken < 0:
            best = _cheapest(opened, classes)
            if best < 0:
                return count
            path, place = classes.path[best], classes.place[best]
            _shut(path, place, count, found, marks)
            stamp = marks.clock[0]
            if classes.exact[best] == 0 and runs_clear(classes.next[best], tree, marks, stamp):
                length, node = 0, classes.next[best]
                while node >= 0:
                    way[length] = node
                    length += 1
                    node = tree.back[node]
                taken = best
                continue
            spent = 0.0
            for at in range(1, place + 1):
                spent += dense[found.node[path, at], found.node[path, at - 1]]
            total, steps, length = detour(
                root, found.node[path, place], spent, place, behind, tree, near, marks, stamp, stamp, way
            )
            if length == 0:
                classes.exact[best] = -1
            elif classes.exact[best] == 1:
                taken = best
            else:  # what the tree promised was too good: back among the others with the truth
                classes.cost[best], classes.steps[best] = total, steps
                classes.exact[best] = 0 if runs_clear(way[0], tree, marks, stamp) else 1
                classes.next[best] = way[0]
        path, first = classes.path[taken], classes.place[taken]
        classes.exact[taken] = -1
        found.node[count, : first + 1] = found.node[path, : first + 1]
        found.node[count, first + 1 : first + 1 + length] = way[:length]
        found.length[count] = first + 1 + length
        count += 1
    return count


@numba.njit(numba.void(_I8, _REAL, _FOUND, _DENSE, _INDEX), cache=True, nogil=True)
def _in_order(count, cost, found, dense, order):  # type: ignore[no-untyped-def]
    """Order by (forward cost, nodes, discovery): discovery sums in another order, and may round otherwise."""
    for number in range(count):
        cost[number] = _forward_cost(number, found, dense)
        place = number
        while place > 0 and (cost[number], found.length[number]) < (
            cost[order[place - 1]],
            found.length[order[place - 1]],
        ):
            order[place] = order[place - 1]
            place -= 1
        order[place] = number


@numba.njit(numba.types.Tuple((numba.int64[:, ::1], _INDEX, NODES))(_I8, _DENSE, GRAPH, GRAPH), cache=True, nogil=True)
def _all_pairs(k, dense, ahead, behind):  # type: ignore[no-untyped-def]
    """The arrays of NodePaths."""
    size = len(dense)
    room = max(1, k * size)
    counts = np.zeros((size, size), np.int64)
    start = np.zeros(1 + k * size * size, np.int64)
    node = np.empty(4 * k * size * size + size, np.int32)
    path_count = 0
    tree = Tree(np.empty(size), np.empty(size, np.int64), np.empty(size, np.int64))
    marks = Marks(
        np.zeros(1, np.int64), np.zeros(size, np.int64), np.zeros(size, np.int64),
        np.empty(size), np.empty(size, np.int64), np.empty(size, np.int64),
    )  # fmt: skip
    near = Near(
        np.full(size, -1, np.int64), np.zeros(size, np.int64), np.empty((size, NEAR_COUNT), np.int64),
        np.empty((size, NEAR_COUNT)), np.empty((size, NEAR_COUNT)),
    )  # fmt: skip
    found = _Found(np.empty((k, size), np.int32), np.empty(k, np.int64))
    classes = _Open(
        np.empty(room), np.empty(room, np.int64), np.empty(room, np.int64),
        np.empty(room, np.int64), np.empty(room, np.int64), np.empty(room, np.int64),
    )  # fmt: skip
    way, settled = np.empty(size, np.int32), np.empty(size, np.bool_)
    cost, order = np.empty(k), np.empty(k, np.int64)
    for root in range(size):
        grow(root, ahead, tree, settled)
        for target in range(size):
            count = _pair(k, root, target, dense, behind, tree, near, marks, found, classes, way)
            _in_order(count, cost, found, dense, order)
            counts[root, target] = count
            for rank in range(count):
                path = order[rank]
                length = found.length[path]
                begin = start[path_count]
                if begin + length > len(node):
                    larger = np.empty(2 * len(node) + length, np.int32)
                    larger[:begin] = node[:begin]
                    node = larger
                for place in range(length):
                    node[begin + place] = found.node[path, length - 1 - place]
                path_count += 1
                start[path_count] = begin + length
    return counts, start[: path_count + 1].copy(), node[: start[path_count]].copy()
