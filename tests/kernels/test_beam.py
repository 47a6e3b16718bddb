"""Beam search for covers, against exhaustive search on small graphs."""

from __future__ import annotations

from itertools import combinations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from fairlead.kernels.beam import beam_cover


def _graph(seed: int, node_count: int, edge_count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    all_pairs = np.array(list(combinations(range(node_count), 2)), dtype=np.int32)
    chosen = all_pairs[rng.choice(len(all_pairs), min(edge_count, len(all_pairs)), replace=False)]
    return chosen[:, 0], chosen[:, 1], rng.integers(1, 6, len(chosen)), rng.integers(1, 100, node_count)


def _uncovered(first: np.ndarray, second: np.ndarray, weight: np.ndarray, rows: np.ndarray) -> float:
    return float(weight[~(np.isin(first, rows) | np.isin(second, rows))].sum())


def _cheapest(first: np.ndarray, second: np.ndarray, weight: np.ndarray, cost: np.ndarray, slack: float) -> float:
    subsets = ((np.arange(2 ** len(cost))[:, None] >> np.arange(len(cost))) & 1).astype(bool)
    left = (~(subsets[:, first] | subsets[:, second])) @ weight
    return float((subsets @ cost)[left <= slack].min())


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(2, 10), st.integers(1, 20), st.sampled_from([0.0, 0.4, 3.0, 10.0]))
def test_covers_are_feasible_minimal_and_never_below_the_optimum(
    seed: int, node_count: int, edge_count: int, slack: float
) -> None:
    first, second, weight, cost = _graph(seed, node_count, edge_count)
    rows = beam_cover(first, second, weight, cost, slack, 8)
    assert _uncovered(first, second, weight, rows) <= slack
    assert cost[rows].sum() >= _cheapest(first, second, weight, cost, slack)
    for row in rows:  # none of them can be put back
        assert _uncovered(first, second, weight, np.setdiff1d(rows, row)) > slack
    assert np.array_equal(rows, beam_cover(first, second, weight, cost, slack, 8))


def test_a_wide_beam_finds_the_optimum_without_slack() -> None:
    exact = 0
    for seed in range(40):
        first, second, weight, cost = _graph(seed, 10, 16)
        rows = beam_cover(first, second, weight, cost, 0.0, 64)
        exact += cost[rows].sum() == _cheapest(first, second, weight, cost, 0.0)
    assert exact == 40


def test_a_wide_beam_is_close_to_the_optimum_with_slack() -> None:
    found, best = 0.0, 0.0
    for seed in range(40):
        first, second, weight, cost = _graph(seed, 10, 20)
        found += cost[beam_cover(first, second, weight, cost, 6.0, 64)].sum()
        best += _cheapest(first, second, weight, cost, 6.0)
    assert found <= 1.05 * best


def test_nothing_to_cover_takes_nothing() -> None:
    none = np.empty(0, dtype=np.int32)
    assert beam_cover(none, none, none, np.ones(3), 0.0, 4).tolist() == []
    one = np.array([0], dtype=np.int32)
    assert beam_cover(one, one + 1, np.array([2]), np.ones(3), 2.0, 4).tolist() == []
    assert beam_cover(one, one + 1, np.array([2]), np.array([3.0, 1.0, 1.0]), 1.0, 4).tolist() == [1]


def test_a_greedy_walk_puts_back_what_became_redundant() -> None:
    redundant = 0
    for seed in range(200):
        first, second, weight, cost = _graph(seed, 10, 18)
        rows = beam_cover(first, second, weight, cost, 4.0, 1)
        for row in rows:
            redundant += _uncovered(first, second, weight, np.setdiff1d(rows, row)) <= 4.0
    assert redundant == 0
