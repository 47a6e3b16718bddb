"""The exact split by the linear program, against SciPy's and against its own proof."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from oracles.flow_lp import flow_problems, least_theta, seeded_flow
from scipy import sparse

from fairlead.kernels.flow import FlowProblem
from fairlead.kernels.flow_program import exact_utilisation
from fairlead.kernels.flow_split import least_utilisation
from fairlead.kernels.lp import Method, Outcome, Program, solve


@settings(max_examples=60)
@given(flow_problems())
def test_is_the_optimum_and_proves_it(problem: FlowProblem) -> None:
    found, best = exact_utilisation(problem), least_theta(problem)
    assert found is not None
    assert found.value == pytest.approx(best, rel=1e-7, abs=1e-9)
    assert found.floor == pytest.approx(best, rel=1e-7, abs=1e-9)
    assert found.value == pytest.approx(problem.utilisation(found.weight).max(), rel=1e-12)
    assert np.abs(found.weight.sum(axis=1) - 1).max() <= 1e-12
    assert (found.weight >= 0).all()
    assert (found.weight[problem.path < 0] == 0).all()


@pytest.mark.parametrize("method", list(Method))
def test_every_method_agrees_on_a_mesh(method: Method) -> None:
    problem = seeded_flow(1, commodities=800, base=0.2)
    found, other = exact_utilisation(problem, method=method), least_utilisation(problem, gap=1e-7)
    assert found is not None
    assert found.value == pytest.approx(other.value, rel=1e-6)
    assert found.floor == pytest.approx(found.value, rel=1e-7)


def test_out_of_time_is_none() -> None:
    assert exact_utilisation(seeded_flow(2, commodities=5_000), seconds=0.0) is None


def test_prices_of_rows_are_what_a_limit_is_worth() -> None:
    """Two parallel links of one and three units and a demand of 4: see how theta changes with what is there already."""

    def theta(base: np.ndarray) -> float:
        problem = FlowProblem(
            path=np.array([[0, 1]], np.int32),
            demand=np.array([4.0]),
            start=np.array([0, 1, 2]),
            used=np.array([0, 1], np.int32),
            use=np.array([1.0, 1 / 3]),
            base=base,
        )
        found = exact_utilisation(problem)
        assert found is not None
        assert found.price == pytest.approx([0.25, 0.75])
        return found.value

    assert theta(np.array([0.0, 0.1])) - theta(np.zeros(2)) == pytest.approx(0.075)
    assert theta(np.array([0.1, 0.0])) - theta(np.zeros(2)) == pytest.approx(0.025)


def test_no_prices_of_rows_without_a_solved_linear_program() -> None:
    program = Program(
        cost=np.array([1.0]),
        low=np.zeros(1),
        high=np.ones(1),
        matrix=sparse.csr_array(np.ones((1, 1))),
        row_low=np.array([2.0]),
        row_high=np.array([3.0]),
        whole=np.zeros(1, dtype=bool),
    )
    assert solve(program).outcome is Outcome.INFEASIBLE
    assert len(solve(program).row_price) == 0
