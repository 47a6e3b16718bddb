"""Max-min fair rates on a large Clos: the fast filling beside the exact one and the literature's k-waterfilling."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from fairlead.kernels.max_min import max_min
from fairlead.kernels.max_min_fast import max_min_fast
from fairlead.kernels.max_min_plain import max_min_plain, max_min_rounds
from fairlead.model import Arrivals
from fairlead.predict.flows.demand import Sampling, demands
from fairlead.predict.flows.fabric import fabric
from fairlead.predict.flows.routing import draw
from fairlead.service.generate_fabric import clos_spec
from fairlead.worlds.fabric import clos

Reals = NDArray[np.float64]
F = TypeVar("F")
SIZES = ((1_000, 6_000), (4_000, 25_000), (16_000, 100_000))
"""Servers, and flows at once; the last is the one whose plain filling was measured before."""

LOSS_LIMITED_RATIO = 0.1
"""Share of the flows that has a ceiling of its own; each ceiling is a virtual link, so a round of the plain filling."""
RUNS = 3


def max_min_figures(seed: int) -> dict[str, Any]:
    """Seconds, speed-up and error of each way, at growing sizes."""
    return {f"{servers:,} servers, {flows:,} flows": _compared(servers, flows, seed) for servers, flows in SIZES}


def _compared(servers: int, flow_count: int, seed: int) -> dict[str, Any]:
    links, capacity, ceiling = _case(servers, flow_count, seed)
    exact_s, exact = _best_of(RUNS, lambda: max_min(links, capacity, ceiling))
    fast_s, fast = _best_of(RUNS, lambda: max_min_fast(links, capacity, ceiling))
    local_s, (_, local_rounds) = _best_of(RUNS, lambda: max_min_rounds(links, capacity, ceiling))
    plain_s, (plain, plain_rounds) = _best_of(1, lambda: max_min_plain(links, capacity, ceiling))
    assert np.allclose(plain, exact, rtol=1e-6), "two exact ways agree"
    error = np.abs(fast - exact) / exact
    first = [float(np.quantile(rates, 0.01, method="inverted_cdf")) for rates in (fast, exact)]
    return {
        "plain_s": round(plain_s, 3),
        "plain_rounds": plain_rounds,
        "k_waterfilling_rounds": local_rounds,
        "k_waterfilling_s": round(local_s, 4),
        "exact_s": round(exact_s, 4),
        "fast_s": round(fast_s, 4),
        "fast_speedup_over_plain": round(plain_s / fast_s, 1),
        "fast_speedup_over_k_waterfilling": round(local_s / fast_s, 1),
        "exact_speedup_over_plain": round(plain_s / exact_s, 1),
        "error_mean_ratio": float(f"{error.mean():.3g}"),
        "error_of_mean_ratio": float(f"{abs(fast.mean() / exact.mean() - 1):.3g}"),
        "error_of_p1_ratio": float(f"{abs(first[0] / first[1] - 1):.3g}"),
    }


def _case(servers: int, flow_count: int, seed: int) -> tuple[NDArray[np.int32], Reals, Reals]:
    """Flows between chance pairs over their drawn ways; some with a ceiling, log-uniform around a fair share."""
    snapshot = clos(clos_spec(servers))
    state = fabric(snapshot)
    horizon_s = flow_count / float(snapshot[Arrivals].arrivals_per_s[0])
    (demand,) = demands(snapshot, Sampling(horizon_s=1.05 * horizon_s, from_s=0, until_s=horizon_s), seed, range(1))
    demand = demand.chosen(np.arange(min(flow_count, demand.flow_count)))
    ways = draw(state, demand.source, demand.target, demand.key)
    chance = np.random.default_rng(seed)
    count = demand.flow_count
    ceiling = np.where(chance.random(count) < LOSS_LIMITED_RATIO, 10.0 ** chance.uniform(0, 4, count), np.inf)
    return ways.links, state.capacity_mbps, ceiling


def _best_of(runs: int, fn: Callable[[], F]) -> tuple[float, F]:
    """Least seconds of some runs. The kernels are compiled when they are imported."""
    started = time.perf_counter()
    found = fn()
    least = time.perf_counter() - started
    for _ in range(runs - 1):
        started = time.perf_counter()
        fn()
        least = min(least, time.perf_counter() - started)
    return least, found
