"""`fairlead reproduce drain --temporal`: blips and failures that last, judged by what the next windows really bring.

Every case is a moment in a generated world (worlds/overlay/cases.py) at which the objective is broken. Each method
plans from what an operator sees; then the world goes on with its plan applied, users reconnecting and all, and the
success of the next windows over the original demand is counted. The oracle alone is told the future.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from fairlead.kernels import lp
from fairlead.model import Budget, Servers, Snapshot
from fairlead.planners.drain import Goal
from fairlead.planners.drain.failures import allowance
from fairlead.predict.overlay import qoe_costs
from fairlead.service.executor import map_shards
from fairlead.service.reproduce import Progress, provenance
from fairlead.service.wiring import DRAIN_METHODS, DrainMaker, without_forecast
from fairlead.worlds.overlay import BUSY_WORLD, State, World, future_failures, judged, observed, timeline_case

Reals = NDArray[np.float64]
Rows = NDArray[np.int64]

HORIZON_WINDOWS = 3  # 90 s: what a decision has to answer for before the next ones can correct it
FIRST_TEST_SEED = 1_000_000  # far from the seeds that the models were trained on
ORACLE_GAP = 0.01  # so the oracle may pay up to 1 % too much; it is no rival, it marks what knowing the future is worth
ORACLE_NODES = 1
ORACLE_RESERVE = 0.1  # of the slack, for the failures that its own drains move onto other pairs
RESAMPLES = 2_000
METHODS: Mapping[str, DrainMaker] = MappingProxyType(
    {
        "fairlead": DRAIN_METHODS["fairlead"],
        "fairlead_without_forecast": without_forecast,
        "sentry": DRAIN_METHODS["sentry"],
        "heuristic_offline": DRAIN_METHODS["heuristic_offline"],
    }
)
MEASURES = ("slo_windows_ratio", "slo_all_windows_ratio", "qoe_cost", "servers")


def reproduce_temporal(cases: int, seed: int, workers: int, progress: Progress) -> dict[str, Any]:
    """Means with 95 % bootstrap intervals over the cases, and paired differences between the default and the others."""
    seeds = [FIRST_TEST_SEED + seed * 100_000 + number for number in range(cases)]
    rows = map_shards(compared, seeds, workers, lambda done, total: progress("cases", done, total))
    names = tuple(rows[0])
    table = {name: np.array([row[name] for row in rows]) for name in names}
    chance = np.random.default_rng(seed)
    draws = chance.integers(0, cases, (RESAMPLES, cases))
    return {
        "cases": cases,
        "horizon_windows": HORIZON_WINDOWS,
        "methods": {name: _described(table[name], draws) for name in names},
        "fairlead_minus": {
            name: _described(table["fairlead"] - table[name], draws) for name in names if name != "fairlead"
        },
        "run": provenance(seed),
    }


def compared(case_seed: int) -> Mapping[str, tuple[float, ...]]:
    """One case: method -> (share of windows in the objective, all windows in it, QoE cost, servers)."""
    world, state = timeline_case(BUSY_WORLD, case_seed)
    snapshot = observed(world, state)
    goal = Goal()
    cost = qoe_costs(snapshot)
    chosen: dict[str, Rows] = {}
    for name, maker in METHODS.items():
        planner = maker(goal)
        plan, _ = planner.plan(snapshot, planner.begin(), Budget())
        chosen[name] = np.concatenate([edit.rows for edit in plan.edits] or [np.empty(0, dtype=np.int64)])
    chosen["oracle"] = _oracle(world, state, snapshot, cost, goal)
    return {name: _outcome(world, state, rows, cost, goal) for name, rows in chosen.items()}


def _outcome(world: World, state: State, rows: Rows, cost: Reals, goal: Goal) -> tuple[float, ...]:
    met = judged(world, state, rows, HORIZON_WINDOWS) >= goal.slo_ratio
    return float(met.mean()), float(met.all()), float(cost[rows].sum()), float(len(rows))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Future:
    """Pairs that will fail: ends u, v [pairs] (rows of servers), failed streams [windows, pairs]."""

    u: Rows
    v: Rows
    failed_count: Reals


def _oracle(world: World, state: State, snapshot: Snapshot, cost: Reals, goal: Goal) -> Rows:
    """Least cost with the objective met in each coming window, the future known, inside the same safety budget.

    Where the budget forbids that, the least sum of failed streams above what each window tolerates, at a price that no
    server is worth. Solved to 1 % or one node. It knows the failures of the network as it is, not those
    that its own drains move, for which it keeps a tenth of the slack.
    """
    failing = future_failures(world, state, HORIZON_WINDOWS)
    pairs = np.flatnonzero(failing.any(axis=0))
    future = _Future(
        u=world.network.source[pairs].astype(np.int64),
        v=world.network.target[pairs].astype(np.int64),
        failed_count=failing[:, pairs].astype(np.float64),
    )
    slack = (1.0 - ORACLE_RESERVE) * (1.0 - goal.slo_ratio) * world.network.total_demand_count
    solved = lp.solve(_oracle_program(future, snapshot, cost, goal, slack), gap=ORACLE_GAP, node_count=ORACLE_NODES)
    return np.flatnonzero(solved.x[: snapshot[Servers].row_count] > 0.5)


def _oracle_program(future: _Future, snapshot: Snapshot, cost: Reals, goal: Goal, slack: float) -> lp.Program:
    """Columns: servers, pairs left alone, excess [windows]. Rows: pairs, windows, quotas."""
    servers, pair_count, windows = len(cost), len(future.u), len(future.failed_count)
    left = allowance(snapshot, goal)
    pair = np.arange(pair_count)
    columns = servers + pair_count + windows
    cover = sparse.csr_array(
        (
            np.ones(3 * pair_count),
            (np.tile(pair, 3), np.concatenate([future.u, future.v, servers + pair])),
        ),
        shape=(pair_count, columns),
    )
    window_rows = sparse.hstack(
        [sparse.csr_array((windows, servers)), sparse.csr_array(future.failed_count), -sparse.eye_array(windows)]
    )
    finite = np.flatnonzero(np.isfinite(left.quota))
    server = np.repeat(np.arange(servers), left.resource.shape[1])
    usage = sparse.csr_array((left.use.ravel(), (left.resource.ravel(), server)), shape=(len(left.quota), columns))[
        finite
    ]
    whole = np.zeros(columns, dtype=bool)
    involved = np.unique(np.concatenate([future.u, future.v]))
    whole[involved] = True
    high = np.concatenate([np.zeros(servers), np.ones(pair_count), np.full(windows, np.inf)])
    high[involved] = snapshot[Servers].online[involved]
    return lp.Program(
        cost=np.concatenate([cost, np.zeros(pair_count), np.full(windows, float(cost.sum()))]),
        low=np.zeros(columns),
        high=high,
        matrix=sparse.csr_array(sparse.vstack([cover, window_rows, usage])),
        row_low=np.concatenate([np.ones(pair_count), np.full(windows + len(finite), -np.inf)]),
        row_high=np.concatenate([np.full(pair_count, np.inf), np.full(windows, slack), left.quota[finite]]),
        whole=whole,
    )


def _described(values: Reals, draws: NDArray[np.int64]) -> dict[str, dict[str, Any]]:
    """[cases, measures] -> measure -> mean and 95 % interval (percentile bootstrap over cases)."""
    means = values[draws].mean(axis=1)
    low, high = np.percentile(means, (2.5, 97.5), axis=0)
    return {
        measure: {
            "mean": round(float(values[:, at].mean()), 4),
            "interval": [round(float(low[at]), 4), round(float(high[at]), 4)],
        }
        for at, measure in enumerate(MEASURES)
    }
