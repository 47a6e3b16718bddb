"""Ranked removal against a recount of everything after every step."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from oracles.brute_force import keeps_quotas, uncovered
from oracles.problems import cover_problems, problem_of

from fairlead.kernels.cover import CoverProblem
from fairlead.planners.drain.ranked import ranked_removal


def recounted(problem: CoverProblem, ranking: list[int]) -> list[int]:
    offline = np.zeros(problem.node_count, dtype=bool)
    removed = []
    for node in ranking:
        if uncovered(problem, offline) <= problem.slack + 1e-9:
            break
        grown = offline.copy()
        grown[node] = True
        if keeps_quotas(problem, grown):
            offline = grown
            removed.append(node)
    return removed


@given(cover_problems(max_nodes=9), st.data())
def test_incremental_counting_is_the_recount(problem: CoverProblem, data: st.DataObject) -> None:
    ranking = data.draw(st.permutations(range(problem.node_count)))
    ranking = ranking[: data.draw(st.integers(0, problem.node_count))]
    assert ranked_removal(problem, np.array(ranking, dtype=np.int64)).tolist() == recounted(problem, ranking)


def test_redundant_servers_leave_too_and_the_rest_stays() -> None:
    path = problem_of([(0, 1, 2.0), (1, 2, 2.0), (3, 4, 1.0)], [1.0] * 5, slack=0)
    assert ranked_removal(path, np.array([0, 2, 1, 3, 4])).tolist() == [0, 2, 1, 3]


def test_a_server_that_does_not_fit_is_passed_over() -> None:
    path = problem_of([(0, 1, 2.0), (1, 2, 2.0)], [1.0] * 3, slack=0, region=[0, 1, 0], quota=[np.inf, np.inf, 0.0])
    assert ranked_removal(path, np.array([1, 0, 2])).tolist() == [0, 2]


def test_inputs_are_left_alone() -> None:
    problem = problem_of([(0, 1, 1.0)], [1.0, 1.0], slack=0, quota=[1.0, 1.0])
    ranked_removal(problem, np.array([0, 1]))
    assert problem.quota.tolist() == [1.0, 1.0]
