"""Smaller problems that say the same."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracles.flow_lp import flow_problems, least_theta, seeded_flow

from fairlead.kernels.flow import FlowProblem, equal_weights
from fairlead.kernels.flow_reduce import contested, merged, unmerged


@given(flow_problems(max_commodities=12))
def test_merging_is_exact(problem: FlowProblem) -> None:
    small, group, place = merged(problem)
    assert small.demand.sum() == pytest.approx(problem.demand.sum())
    assert least_theta(small) == pytest.approx(least_theta(problem))
    sets = [frozenset(row[row >= 0].tolist()) for row in problem.path]
    merged_sets = [frozenset(row[row >= 0].tolist()) for row in small.path]
    assert len(set(merged_sets)) == len(merged_sets) == len(set(sets))
    assert [merged_sets[g] for g in group] == sets
    weight = np.where(small.path >= 0, np.random.default_rng(0).exponential(1.0, small.path.shape), 0.0)
    back = unmerged(weight, group, place)
    assert (back[problem.path < 0] == 0).all()
    assert problem.utilisation(back) == pytest.approx(small.utilisation(weight))


@given(flow_problems(max_commodities=12), st.randoms(use_true_random=False))
def test_slots_may_be_in_any_order(problem: FlowProblem, chance: np.random.Generator) -> None:
    shuffled = problem.path.copy()
    for row in shuffled:
        chance.shuffle(row)
    twins = replace(problem, path=np.concatenate([problem.path, shuffled]), demand=np.tile(problem.demand, 2))
    small, group, _ = merged(twins)
    count = len(problem.path)
    assert (group[:count] == group[count:]).all()
    assert small.demand.sum() == pytest.approx(2 * problem.demand.sum())


@pytest.mark.parametrize("slots", [1, 3, 5, 7])
def test_many_slots_and_many_paths_do_not_overflow(slots: int) -> None:
    """With two million paths, seven path numbers do not fit into one 64-bit number."""
    chance = np.random.default_rng(slots)
    few = chance.integers(0, 2_000_000, (20, slots))
    path = few[chance.integers(0, 20, 500)].astype(np.int32)
    problem = FlowProblem(
        path=path,
        demand=np.ones(500),
        start=np.zeros(2_000_001, np.int64),
        used=np.empty(0, np.int32),
        use=np.ones(1),
        base=np.zeros(1),
    )
    small, group, _ = merged(problem)
    assert len(small.path) == len(np.unique(np.sort(path, axis=1), axis=0))
    assert (small.path[group] == np.sort(path, axis=1)).all()


@given(flow_problems())
def test_what_is_contested_decides_theta(problem: FlowProblem) -> None:
    core = contested(problem)
    expected = (problem.demand > 0) & ((problem.path >= 0).sum(axis=1) > 1)
    assert (core.kept == expected).all()
    if core.kept.any():
        assert core.problem.demand.sum() == pytest.approx(1.0)
        assert core.unit * least_theta(core.problem) == pytest.approx(least_theta(problem))
    weight = equal_weights(problem.path)
    mine = weight[core.kept]
    assert core.unit * core.problem.utilisation(mine) == pytest.approx(problem.utilisation(weight))


def test_a_seeded_mesh_shrinks() -> None:
    problem = seeded_flow(1, commodities=5_000, sites=4)
    small, _, _ = merged(problem)
    assert len(small.path) < 4_000
    assert contested(small).kept.sum() < len(small.path)
