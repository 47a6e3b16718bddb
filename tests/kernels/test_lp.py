"""HiGHS through our door against SciPy's own calls, and its bounds against the optimum."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize, sparse

from fairlead.kernels.lp import Outcome, Program, solve


@st.composite
def programs(draw: st.DrawFn, *, whole: bool) -> Program:
    """Small dense programs with box bounds, some infeasible."""
    columns, rows = draw(st.integers(1, 5)), draw(st.integers(0, 5))
    number = st.integers(-4, 4).map(float)
    table = draw(st.lists(st.lists(number, min_size=columns, max_size=columns), min_size=rows, max_size=rows))
    low = draw(st.lists(st.integers(-3, 0).map(float), min_size=columns, max_size=columns))
    high = [a + draw(st.integers(0, 5)) for a in low]
    row_low = draw(st.lists(st.one_of(number, st.just(-np.inf)), min_size=rows, max_size=rows))
    row_high = [
        draw(st.one_of(st.integers(0, 9).map(lambda x, a=a: max(a, -9.0) + x), st.just(np.inf))) for a in row_low
    ]
    return Program(
        cost=np.array(draw(st.lists(number, min_size=columns, max_size=columns))),
        low=np.array(low),
        high=np.array(high),
        matrix=sparse.csr_array(np.array(table, dtype=np.float64).reshape(rows, columns)),
        row_low=np.array(row_low, dtype=np.float64),
        row_high=np.array(row_high, dtype=np.float64),
        whole=np.array([whole and draw(st.booleans()) for _ in range(columns)], dtype=bool),
    )


def _valid(program: Program, x: np.ndarray) -> bool:
    rows = program.matrix @ x
    return bool(
        np.all(x >= program.low - 1e-6)
        and np.all(x <= program.high + 1e-6)
        and np.all(rows >= program.row_low - 1e-6)
        and np.all(rows <= program.row_high + 1e-6)
        and np.allclose(x[program.whole], np.round(x[program.whole]), atol=1e-6)
    )


def _by_linprog(program: Program) -> float | None:
    """SciPy's linprog (as inequalities): the optimum, or None where infeasible."""
    dense = program.matrix.toarray()
    upper, lower = np.isfinite(program.row_high), np.isfinite(program.row_low)
    result = optimize.linprog(
        program.cost,
        A_ub=np.concatenate([dense[upper], -dense[lower]]),
        b_ub=np.concatenate([program.row_high[upper], -program.row_low[lower]]),
        bounds=np.stack([program.low, program.high], axis=1),
        method="highs-ds",
    )
    return float(result.fun) if result.status == 0 else None


def _by_enumeration(program: Program) -> float | None:
    """Every whole point of the box, with linprog for the rest."""
    places = np.flatnonzero(program.whole)
    ranges = [np.arange(program.low[at], program.high[at] + 1) for at in places]
    best: float | None = None
    for point in np.array(np.meshgrid(*ranges)).T.reshape(-1, len(places)):
        low, high = program.low.copy(), program.high.copy()
        low[places] = high[places] = point
        fixed = Program(
            cost=program.cost, low=low, high=high, matrix=program.matrix,
            row_low=program.row_low, row_high=program.row_high, whole=np.zeros_like(program.whole),
        )  # fmt: skip
        value = _by_linprog(fixed)
        best = value if best is None or (value is not None and value < best) else best
    return best


@given(programs(whole=False))
def test_linear_programs_agree_with_linprog(program: Program) -> None:
    expected, found = _by_linprog(program), solve(program)
    if expected is None:
        assert found.outcome is Outcome.INFEASIBLE
        assert np.isnan(found.x).all()
        assert found.value == found.bound == np.inf
        return
    assert found.outcome is Outcome.OPTIMAL
    assert found.value == pytest.approx(expected, abs=1e-6)
    assert found.bound == pytest.approx(expected, abs=1e-6)
    assert _valid(program, found.x)
    assert float(program.cost @ found.x) == pytest.approx(found.value, abs=1e-6)


@settings(max_examples=30)
@given(programs(whole=True).filter(lambda p: 0 < p.whole.sum() <= 2))
def test_integer_programs_agree_with_enumeration(program: Program) -> None:
    expected, found = _by_enumeration(program), solve(program)
    if expected is None:
        assert found.outcome is Outcome.INFEASIBLE
        return
    assert found.outcome is Outcome.OPTIMAL
    assert found.value == pytest.approx(expected, abs=1e-6)
    assert found.bound <= found.value
    assert found.bound == pytest.approx(expected, abs=1e-5)
    assert _valid(program, found.x)


def _knapsack(seed: int, size: int) -> Program:
    """Knapsack of four rows: small, yet it needs branching."""
    chance = np.random.default_rng(seed)
    weight = chance.integers(10, 100, (4, size)).astype(np.float64)
    return Program(
        cost=-chance.integers(20, 80, size).astype(np.float64),
        low=np.zeros(size),
        high=np.ones(size),
        matrix=sparse.csr_array(weight),
        row_low=np.full(4, -np.inf),
        row_high=np.floor(weight.sum(axis=1) / 2),
        whole=np.ones(size, dtype=bool),
    )


def test_milp_agrees_with_scipys_milp() -> None:
    for seed in range(3):
        program = _knapsack(seed, 20)
        other = optimize.milp(
            program.cost,
            integrality=np.ones(20),
            bounds=optimize.Bounds(0, 1),
            constraints=optimize.LinearConstraint(program.matrix, program.row_low, program.row_high),
        )
        assert solve(program).value == pytest.approx(float(other.fun), abs=1e-6)


@pytest.mark.parametrize("node_count", [0, 1, 2, 10])
def test_a_node_limit_leaves_a_bound_that_holds(node_count: int) -> None:
    limited = 0
    for seed in range(2):
        program = _knapsack(seed, 25)
        optimum = solve(program).value
        cut = solve(program, node_count=node_count)
        assert cut.bound <= optimum + 1e-6
        if np.isfinite(cut.value):
            assert cut.value >= optimum - 1e-6
            assert _valid(program, cut.x)
        else:
            assert np.isnan(cut.x).all()
        limited += cut.outcome is Outcome.LIMIT
    assert limited > 0 or node_count > 2


def test_a_gap_is_kept_and_told() -> None:
    program = _knapsack(1, 25)
    optimum, rough = solve(program).value, solve(program, gap=0.05)
    assert rough.bound <= optimum + 1e-6
    assert rough.value - rough.bound <= 0.05 * abs(rough.value) + 1e-6


def test_a_start_is_used_and_does_not_change_the_answer() -> None:
    program = _knapsack(2, 25)
    cold = solve(program)
    warm = solve(program, start=np.round(cold.x))
    assert warm.value == pytest.approx(cold.value)
    kept = solve(program, node_count=0, start=np.round(cold.x))
    assert kept.value == pytest.approx(cold.value)


def test_an_impossible_start_is_not_believed() -> None:
    program = _knapsack(2, 15)
    assert solve(program, start=np.ones(15)).value == pytest.approx(solve(program).value)


def test_the_same_program_gives_the_same_point() -> None:
    program = _knapsack(3, 25)
    first, second = solve(program, node_count=5), solve(program, node_count=5)
    assert np.array_equal(first.x, second.x, equal_nan=True)
    assert (first.value, first.bound, first.outcome) == (second.value, second.bound, second.outcome)


@pytest.mark.parametrize("whole", [False, True])
def test_an_unbounded_program_is_not_called_infeasible(whole: bool) -> None:
    program = Program(
        cost=np.array([-1.0, 0.0]),
        low=np.zeros(2),
        high=np.full(2, np.inf),
        matrix=sparse.csr_array(np.array([[0.0, 1.0]])),
        row_low=np.array([-np.inf]),
        row_high=np.array([1.0]),
        whole=np.full(2, whole),
    )
    found = solve(program)
    assert found.outcome is not Outcome.INFEASIBLE
    assert found.bound == -np.inf


def test_a_program_stopped_at_once_proves_nothing_false() -> None:
    program = _knapsack(0, 25)
    optimum = solve(program).value
    cut = solve(program, seconds=0.0)
    assert cut.outcome is Outcome.LIMIT
    assert cut.bound <= optimum + 1e-6
