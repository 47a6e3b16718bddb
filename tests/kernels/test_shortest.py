"""The k shortest loop-free paths against enumeration, and against networkx where there are too many to enumerate."""

from __future__ import annotations

from itertools import islice, pairwise

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from oracles.routes_brute_force import loop_free

from fairlead.kernels.shortest import shortest_paths

Reals = NDArray[np.float64]
Ways = dict[tuple[int, int], list[tuple[int, ...]]]


def graph(seed: int, size: int, *, present_ratio: float, whole: bool) -> Reals:
    rng = np.random.default_rng(seed)
    cost = rng.integers(0, 5, (size, size)).astype(np.float64) if whole else rng.random((size, size))
    cost[rng.random((size, size)) >= present_ratio] = np.nan
    return cost


def ways(cost: Reals, k: int) -> Ways:
    """Pair -> its paths as tuples of nodes; what holds for every answer is asserted here."""
    found = shortest_paths(cost, k)
    assert found.start[0] == 0
    assert found.start[-1] == len(found.node)
    assert found.count.sum() == len(found.start) - 1
    every = iter(found.node[low:high].tolist() for low, high in pairwise(found.start.tolist()))
    answer = {
        (s, t): [tuple(next(every)) for _ in range(found.count[s, t])]
        for s in range(len(cost))
        for t in range(len(cost))
    }
    for (s, t), paths in answer.items():
        assert len(set(paths)) == len(paths)
        for path in paths:
            assert (path[0], path[-1], len(set(path))) == (s, t, len(path))
            assert not any(np.isnan(cost[link]) for link in pairwise(path))
        costs = [cost_of(cost, path) for path in paths]
        assert costs == sorted(costs)
    return answer


def cost_of(cost: Reals, path: tuple[int, ...]) -> float:
    return sum((float(cost[link]) for link in pairwise(path)), 0.0)


@given(
    st.integers(0, 10**6), st.integers(1, 6), st.integers(1, 8), st.sampled_from([0.2, 0.5, 0.8, 1.0]), st.booleans()
)
def test_every_pair_has_the_cheapest_of_all_its_paths(
    seed: int, size: int, k: int, present_ratio: float, whole: bool
) -> None:
    cost = graph(seed, size, present_ratio=present_ratio, whole=whole)
    for (s, t), paths in ways(cost, k).items():
        expected = loop_free(cost, s, t)[:k]
        assert [cost_of(cost, path) for path in paths] == pytest.approx([route[0] for route in expected], abs=1e-12)
        if whole:  # sums are exact, so ties are ties: fewer nodes first
            assert [len(path) for path in paths] == [len(route[1]) for route in expected]


@pytest.mark.parametrize("present_ratio", [0.25, 0.5, 1.0])
@pytest.mark.parametrize("whole", [True, False])
def test_networkx_agrees_on_larger_graphs(present_ratio: float, whole: bool) -> None:
    """k above the nodes kept in order at a node: also the slow way through all its links is taken."""
    cost, k = graph(7, 12, present_ratio=present_ratio, whole=whole), 14
    peer = nx.DiGraph()
    peer.add_nodes_from(range(12))
    peer.add_weighted_edges_from((s, t, cost[s, t]) for s, t in np.argwhere(~np.isnan(cost)).tolist() if s != t)
    for (s, t), paths in ways(cost, k).items():
        if s == t:
            assert paths == [(s,)]
            continue
        if not nx.has_path(peer, s, t):
            assert paths == []
            continue
        expected = list(islice(nx.shortest_simple_paths(peer, s, t, weight="weight"), k))
        expected_costs = [cost_of(cost, tuple(path)) for path in expected]
        assert [cost_of(cost, path) for path in paths] == pytest.approx(expected_costs, abs=1e-12)


def test_networkx_agrees_where_near_nodes_lead_back() -> None:
    """Points in the plane: the shortest way of a near node is back through the node it is near to, so trees collide."""
    points = np.random.default_rng(5).random((40, 2))
    cost = np.linalg.norm(points[:, None] - points[None], axis=2)
    cost[cost > 0.45] = np.nan
    found = ways(cost, 6)
    peer = nx.DiGraph()
    peer.add_weighted_edges_from((s, t, cost[s, t]) for s, t in np.argwhere(~np.isnan(cost)).tolist() if s != t)
    for s, t in [(0, 1), (5, 39), (17, 3), (20, 21), (38, 2), (9, 30)]:
        expected = [tuple(path) for path in islice(nx.shortest_simple_paths(peer, s, t, weight="weight"), 6)]
        assert found[s, t] == expected


def test_a_ring_has_two_ways_round() -> None:
    size = 9
    cost = np.full((size, size), np.nan)
    for node in range(size):
        cost[node, (node + 1) % size], cost[(node + 1) % size, node] = 1.0, 2.0
    for (s, t), paths in ways(cost, 5).items():
        ahead, back = (t - s) % size, (s - t) % size
        assert len(paths) == (1 if s == t else 2)
        assert [cost_of(cost, path) for path in paths] == sorted([ahead, 2.0 * back])[: len(paths)]


def test_one_way_links_and_islands() -> None:
    cost = np.full((5, 5), np.nan)
    cost[0, 1] = cost[1, 2] = cost[3, 4] = 1.0
    found = ways(cost, 3)
    assert {pair for pair, paths in found.items() if paths} == {
        *((node, node) for node in range(5)), (0, 1), (1, 2), (0, 2), (3, 4),
    }  # fmt: skip
    assert found[0, 2] == [(0, 1, 2)]


def test_free_links_never_make_a_longer_path_first() -> None:
    cost = np.zeros((6, 6))
    for (s, t), paths in ways(cost, 5).items():
        assert [len(path) for path in paths] == ([1] if s == t else [2, 3, 3, 3, 3])


def test_of_equal_cost_the_tree_itself_takes_fewer_links() -> None:
    """Asked for one path only, only the tree decides: 0-1-4, not 0-2-3-4, though 2 and 3 may be settled first."""
    cost = np.full((5, 5), np.nan)
    cost[0, 1] = cost[0, 2] = 1.0
    cost[2, 3] = cost[3, 4] = cost[1, 4] = 0.0
    assert ways(cost, 1)[0, 4] == [(0, 1, 4)]
    mirrored = cost[::-1, ::-1].copy()
    assert ways(mirrored, 1)[4, 0] == [(4, 3, 0)]


def test_more_parallel_ways_than_near_nodes_are_kept() -> None:
    cost = np.full((12, 12), np.nan)
    cost[0, 1:11] = np.arange(10)
    cost[1:11, 11] = 1.0
    assert ways(cost, 12)[0, 11] == [(0, node, 11) for node in range(1, 11)]


def test_the_way_round_may_begin_behind_all_near_nodes() -> None:
    """Eight cheap nodes before 1 are reached through 2 alone, where the path ends: only node 11, dear, leads round."""
    cost = np.full((12, 12), np.nan)
    cost[0, 1] = cost[1, 2] = 1.0
    cost[2, 3:11], cost[3:11, 1] = 0.0, 0.1
    cost[0, 11], cost[11, 1] = 100.0, 5.0
    assert ways(cost, 5)[0, 2] == [(0, 1, 2), (0, 11, 1, 2)]


def test_of_equal_ways_round_the_one_of_fewer_links_comes_first() -> None:
    """From 6 to 1 by 4 and 3, which seem nearer, or by 5: both cost 1. The tree reaches them all through 2 only."""
    cost = np.full((7, 7), np.nan)
    cost[0, 1] = cost[1, 2] = 1.0
    cost[2, 3:7] = 0.0
    cost[3, 1] = cost[4, 3] = cost[6, 5] = 0.0
    cost[6, 4] = cost[5, 1] = 1.0
    cost[0, 6] = 50.0
    assert ways(cost, 2)[0, 2] == [(0, 1, 2), (0, 6, 5, 1, 2)]


def test_no_node_and_a_single_one() -> None:
    assert shortest_paths(np.empty((0, 0)), 3).count.shape == (0, 0)
    assert ways(np.array([[4.0]]), 3) == {(0, 0): [(0,)]}


def test_same_input_same_bits_and_the_input_is_untouched() -> None:
    cost = graph(3, 12, present_ratio=0.9, whole=True)
    cost.flags.writeable = False
    one, other = shortest_paths(cost, 5), shortest_paths(cost.copy(), 5)
    assert np.array_equal(one.node, other.node)
    assert np.array_equal(one.start, other.start)


def test_what_is_not_a_graph_is_our_own_mistake() -> None:
    for cost, k in ((np.zeros((2, 3)), 1), (np.array([[0.0, -1.0], [1.0, 0.0]]), 1), (np.zeros((2, 2)), 0)):
        with pytest.raises(AssertionError):
            shortest_paths(cost, k)
