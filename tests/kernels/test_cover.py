"""The cover kernels against all subsets, and the adjacency against networkx."""

from __future__ import annotations

from dataclasses import replace

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracles.brute_force import cost_of, keeps_quotas, least_cost, subsets, uncovered
from oracles.problems import cover_problems, problem_of, seeded_problem

from fairlead.kernels.cover import CoverProblem, adjacency, exchanged, greedy, reverse_delete

UNLIMITED = st.just(np.inf)


@given(st.lists(st.tuples(st.integers(0, 8), st.integers(0, 8)).filter(lambda p: p[0] != p[1]), max_size=20))
def test_adjacency_is_networkx_incidence(pairs: list[tuple[int, int]]) -> None:
    u, v = np.array(pairs, dtype=np.int64).reshape(-1, 2).T.copy()
    indptr, incident = adjacency(u, v, 9)
    graph = nx.MultiGraph()
    graph.add_nodes_from(range(9))
    graph.add_edges_from((a, b, number) for number, (a, b) in enumerate(pairs))
    assert indptr.dtype == incident.dtype == np.int64
    assert len(incident) == 2 * len(pairs)
    for node in range(9):
        expected = sorted(number for _, _, number in graph.edges(node, keys=True))
        assert sorted(incident[indptr[node] : indptr[node + 1]].tolist()) == expected


@given(cover_problems())
def test_uncovered_and_quota_are_their_loops(problem: CoverProblem) -> None:
    for chosen in subsets(problem.node_count):
        assert problem.uncovered(chosen) == pytest.approx(uncovered(problem, chosen), abs=1e-9)
        assert problem.within_quota(chosen) == keeps_quotas(problem, chosen)


@given(cover_problems(), st.data())
def test_greedy_keeps_quotas_and_stops_only_when_it_must(problem: CoverProblem, data: st.DataObject) -> None:
    prices = [problem.cost, np.ones(problem.node_count)]
    price = prices[data.draw(st.integers(0, 1))]
    chosen, order = greedy(problem, price)
    assert sorted(order.tolist()) == np.flatnonzero(chosen).tolist()
    assert keeps_quotas(problem, chosen)
    if uncovered(problem, chosen) > problem.slack + 1e-6:  # then nothing useful fits any more
        for node in np.flatnonzero(~chosen):
            grown = chosen.copy()
            grown[node] = True
            helps = uncovered(problem, grown) < uncovered(problem, chosen) - 1e-6
            assert not (helps and keeps_quotas(problem, grown))
    else:  # and not one server more than needed to get there
        before_last = chosen.copy()
        before_last[order[-1:]] = False
        assert len(order) == 0 or uncovered(problem, before_last) > problem.slack - 1e-6


@given(cover_problems(quotas=UNLIMITED), st.data())
def test_greedy_takes_the_best_ratio_at_every_step(problem: CoverProblem, data: st.DataObject) -> None:
    price = [problem.cost, np.ones(problem.node_count)][data.draw(st.integers(0, 1))]
    _, order = greedy(problem, price)
    taken = np.zeros(problem.node_count, dtype=bool)
    for node in order:
        missing = uncovered(problem, taken) - problem.slack
        ratios = []
        for candidate in range(problem.node_count):
            grown = taken.copy()
            grown[candidate] = True
            useful = min(uncovered(problem, taken) - uncovered(problem, grown), missing)
            ratios.append(useful / price[candidate])
        assert ratios[node] >= max(ratios) * (1 - 1e-6) - 1e-7
        taken[node] = True


@given(cover_problems(), st.data())
def test_greedy_goes_on_from_what_is_already_taken(problem: CoverProblem, data: st.DataObject) -> None:
    start = np.array(data.draw(st.lists(st.booleans(), min_size=problem.node_count, max_size=problem.node_count)))
    before = start.copy()
    chosen, order = greedy(problem, problem.cost, start)
    assert np.array_equal(start, before)
    assert (chosen >= start).all()
    assert set(order.tolist()) == set(np.flatnonzero(chosen & ~start).tolist())
    if keeps_quotas(problem, start):
        assert keeps_quotas(problem, chosen)
    else:  # an overdrawn resource is not drawn on again
        used = np.bincount(problem.resource[start].ravel(), problem.use[start].ravel(), len(problem.quota))
        overdrawn = used > problem.quota + 1e-9
        assert not overdrawn[problem.resource[order]].any()


@given(cover_problems(quotas=UNLIMITED))
def test_reverse_delete_leaves_nothing_to_drop_and_never_the_slack(problem: CoverProblem) -> None:
    for start in subsets(problem.node_count):
        before = start.copy()
        kept = reverse_delete(problem, start)
        assert np.array_equal(start, before)
        assert (kept <= start).all()
        if uncovered(problem, start) > problem.slack + 1e-6:
            continue
        assert uncovered(problem, kept) <= problem.slack + 1e-6
        for node in np.flatnonzero(kept):
            smaller = kept.copy()
            smaller[node] = False
            assert uncovered(problem, smaller) > problem.slack - 1e-6


def test_reverse_delete_drops_the_dearest_first() -> None:
    problem = problem_of([(0, 1, 1.0), (1, 2, 1.0), (0, 2, 0.0)], cost=[5.0, 9.0, 5.0], slack=0)
    assert reverse_delete(problem, np.array([True, True, True])).tolist() == [True, False, True]


def test_reverse_delete_leaves_an_incomplete_cover_alone() -> None:
    problem = problem_of([(0, 1, 1.0), (2, 3, 1.0)], cost=[1.0] * 4, slack=0)
    start = np.array([True, False, False, False])
    assert reverse_delete(problem, start).tolist() == start.tolist()


@given(cover_problems(), st.integers(1, 5))
def test_exchange_is_never_worse_and_keeps_slack_and_quotas(problem: CoverProblem, rounds: int) -> None:
    for start in subsets(problem.node_count):
        if uncovered(problem, start) > problem.slack or not keeps_quotas(problem, start):
            continue
        before = start.copy()
        better = exchanged(problem, start, rounds)
        assert np.array_equal(start, before)
        assert cost_of(problem, better) <= cost_of(problem, start) + 1e-6
        assert uncovered(problem, better) <= problem.slack + 1e-6
        assert keeps_quotas(problem, better)


@given(cover_problems(max_nodes=6))
def test_exchange_finds_every_one_in_all_out_move(problem: CoverProblem) -> None:
    """After it converged, no single outsider can replace all chosen neighbours that it makes redundant together."""
    start, _ = greedy(problem, problem.cost)
    if uncovered(problem, start) > problem.slack:
        return
    settled = exchanged(problem, start, 1_000)
    for node in np.flatnonzero(~settled):
        grown = settled.copy()
        grown[node] = True
        if not keeps_quotas(problem, grown):
            continue
        neighbours = {int(b) for a, b in zip(problem.u, problem.v, strict=True) if a == node}
        neighbours |= {int(a) for a, b in zip(problem.u, problem.v, strict=True) if b == node}
        for other in neighbours:
            if not settled[other]:
                continue
            swapped = grown.copy()
            swapped[other] = False
            improves = problem.cost[other] > problem.cost[node] * (1 + 1e-6) + 1e-5
            assert not (improves and uncovered(problem, swapped) <= problem.slack - 1e-6)


def test_exchange_swaps_a_star_for_its_centre_also_with_parallel_pairs() -> None:
    star = [(0, leaf, 1.0) for leaf in (1, 2, 3)] * 2
    problem = problem_of(star, cost=[10.0, 5.0, 5.0, 5.0], slack=0)
    assert exchanged(problem, np.array([False, True, True, True]), 5).tolist() == [True, False, False, False]
    dear = replace(problem, cost=np.array([15.5, 5.0, 5.0, 5.0]))
    assert exchanged(dear, np.array([False, True, True, True]), 5).tolist() == [False, True, True, True]


def test_exchange_respects_a_full_quota() -> None:
    star = [(0, leaf, 1.0) for leaf in (1, 2, 3)]
    full = problem_of(star, [10.0, 5.0, 5.0, 5.0], slack=0, region=[0, 1, 1, 1], quota=[np.inf, 0.0, 3.0])
    assert exchanged(full, np.array([False, True, True, True]), 5).tolist() == [False, True, True, True]


def test_what_leaves_gives_back_just_what_it_took() -> None:
    """Star 0 frees two places of region 1; of the three stars whose centres need one each, two can be exchanged."""
    stars = [(3 * star, 3 * star + leaf, 1.0) for star in range(4) for leaf in (1, 2)]
    region = [0, 1, 1] + [1, 0, 0] * 3
    problem = problem_of(stars, [10.0, 8.0, 8.0] * 4, slack=0, region=region, quota=[np.inf, np.inf, 2.0])
    leaves = np.array([False, True, True] * 4)
    better = exchanged(problem, leaves, 10)
    assert keeps_quotas(problem, better)
    assert better[[0, 3, 6, 9]].tolist() == [True, True, True, False]
    assert cost_of(problem, better) == 46


def test_zero_weight_pairs_need_no_cover() -> None:
    problem = problem_of([(0, 1, 0.0), (1, 2, 3.0)], cost=[1.0, 10.0, 2.0], slack=0)
    chosen, order = greedy(problem, problem.cost)
    assert order.tolist() == [2]
    assert reverse_delete(problem, np.array([True, True, True])).tolist() == [False, False, True]
    assert least_cost(problem) == cost_of(problem, chosen)


def test_no_pairs_at_all() -> None:
    problem = problem_of([], cost=[1.0, 2.0], slack=0)
    chosen, order = greedy(problem, problem.cost)
    assert not chosen.any()
    assert len(order) == 0
    assert not reverse_delete(problem, np.array([True, True])).any()
    assert exchanged(problem, chosen, 3).tolist() == [False, False]


@pytest.mark.parametrize("fleet", [np.inf, 40.0])
def test_mid_size_problems_stay_valid(fleet: float) -> None:
    for seed in range(4):
        problem = seeded_problem(seed, nodes=200, pairs=1_500, slack_ratio=0.25, fleet=fleet)
        chosen, _ = greedy(problem, problem.cost)
        assert problem.within_quota(chosen)
        if fleet < np.inf:
            continue
        polished = exchanged(problem, reverse_delete(problem, chosen), 20)
        assert problem.uncovered(polished) <= problem.slack + 1e-6
        assert problem.cost[polished].sum() <= problem.cost[chosen].sum()
