"""The one door to linear and mixed-integer programming (HiGHS). Every answer comes with a proven bound."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

import highspy
import numpy as np
from numpy.typing import NDArray
from scipy import sparse

Reals = NDArray[np.float64]


class Outcome(Enum):
    """What the solver proved."""

    OPTIMAL = "optimal"
    INFEASIBLE = "infeasible"
    LIMIT = "limit"  # stopped at a node or time limit; ``x`` is the best point found, if any


class Method(Enum):
    """How a linear program is solved; the optimum does not depend on it."""

    CHOOSE = "choose"  # as the solver thinks best
    SIMPLEX = "simplex"
    INTERIOR = "ipm"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Program:
    """Minimise ``cost @ x`` with ``row_low <= matrix @ x <= row_high`` and ``low <= x <= high``.

    cost, low, high : [columns]; row_low, row_high : [rows]; infinite where open
    matrix          : sparse [rows, columns]
    whole           : [columns] true where x must be an integer; all false is a plain LP
    """

    cost: Reals
    low: Reals
    high: Reals
    matrix: sparse.csr_array
    row_low: Reals
    row_high: Reals
    whole: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Solution:
    """``x`` is NaN where no point was found; ``bound`` is a proven floor under the optimum (infinite if infeasible).

    row_price : [rows] what one more unit of a row's limit changes the optimum by; empty unless a linear program was
                solved to the end
    """

    outcome: Outcome
    x: Reals
    value: float
    bound: float
    row_price: Reals = field(default_factory=lambda: np.empty(0))


def solve(
    program: Program,
    *,
    gap: float = 0.0,
    node_count: int = 1_000_000,
    seconds: float = np.inf,
    start: Reals | None = None,
    method: Method = Method.CHOOSE,
) -> Solution:
    """Solve to the relative ``gap`` (integers only), at most ``node_count`` branch-and-bound nodes.

    One thread and a fixed seed: the same program gives the same answer, unless ``seconds`` cuts it.
    """
    solver = highspy.Highs()
    options = {
        "output_flag": False,
        "threads": 1,
        "random_seed": 0,
        "mip_rel_gap": gap,
        "mip_abs_gap": 1e-7,
        "mip_max_nodes": min(node_count, 2**31 - 1),
        "solver": method.value,
    }
    for name, value in options.items():
        solver.setOptionValue(name, value)
    if np.isfinite(seconds):
        solver.setOptionValue("time_limit", seconds)
    integral = bool(program.whole.any())
    solver.passModel(_highs_model(program, integral))
    if start is not None and integral:
        point = highspy.HighsSolution()
        point.col_value = list(start)
        solver.setSolution(point)
    solver.run()
    return _solution(solver, integral, program)


def _highs_model(program: Program, integral: bool) -> highspy.HighsLp:
    model = highspy.HighsLp()
    model.num_row_, model.num_col_ = program.matrix.shape
    model.col_cost_, model.col_lower_, model.col_upper_ = program.cost, program.low, program.high
    model.row_lower_, model.row_upper_ = program.row_low, program.row_high
    model.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    model.a_matrix_.start_ = program.matrix.indptr
    model.a_matrix_.index_ = program.matrix.indices
    model.a_matrix_.value_ = program.matrix.data
    if integral:
        kinds = (highspy.HighsVarType.kContinuous, highspy.HighsVarType.kInteger)
        model.integrality_ = [kinds[int(flag)] for flag in program.whole]
    return model


def _solution(solver: highspy.Highs, integral: bool, program: Program) -> Solution:
    status, info = solver.getModelStatus(), solver.getInfo()
    column_count = len(program.cost)
    # "unbounded or infeasible" is infeasible only where the box itself keeps the cost finite
    boxed = np.isfinite(np.where(program.cost > 0, program.low, program.high)[program.cost != 0]).all()
    undecided = status == highspy.HighsModelStatus.kUnboundedOrInfeasible
    if status == highspy.HighsModelStatus.kInfeasible or (undecided and boxed):
        return Solution(
            outcome=Outcome.INFEASIBLE, x=np.full(column_count, np.nan), value=float("inf"), bound=float("inf")
        )
    if undecided or status == highspy.HighsModelStatus.kUnbounded:
        return Solution(outcome=Outcome.LIMIT, x=np.full(column_count, np.nan), value=float("inf"), bound=float("-inf"))
    done = status == highspy.HighsModelStatus.kOptimal
    found = info.primal_solution_status == 2  # a feasible point
    x = np.array(solver.getSolution().col_value) if found else np.full(column_count, np.nan)
    value = float(info.objective_function_value) if found else float("inf")
    proven = (
        float(info.mip_dual_bound) if integral else value if done else float("-inf")
    )  # an LP cut short proves nothing
    priced = done and found and not integral
    return Solution(
        outcome=Outcome.OPTIMAL if done and found else Outcome.LIMIT,
        x=x,
        value=value,
        bound=min(proven, value),
        row_price=np.array(solver.getSolution().row_dual) if priced else np.empty(0),
    )
