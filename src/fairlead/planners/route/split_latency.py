"""The second objective: the lowest mean latency of the demand under which no link is fuller than a cap.

Departs: the paper knows only Eq. (2), which has many optima and picks any; sessions feel the difference. All priorities
are split together: the cap is on all of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from fairlead.kernels.flow import FlowProblem
from fairlead.kernels.flow_cost import KEPT, least_cost
from fairlead.kernels.flow_saddle import never
from fairlead.planners.route.split import Reals, Split, SplitCase, Turn, usable
from fairlead.predict.link_loads import link_loads, priced_utilisation

UNKNOWN_MS = 1e4
"""What a path of unknown latency is taken to cost: it is used only where the cap leaves nothing else."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LatencySplit:
    """The weights, and what is proven of their mean latency.

    split      : weights and utilisation; one turn, which tells what they reach and no floor of its own (0)
    latency_ms : mean over the demand; a path of unknown latency counts as :data:`UNKNOWN_MS`
    floor_ms   : no weights within the cap have a lower one
    price      : [links] Mbit/s ms of a unit of C-MLU: what relaxing the cap there would save
    cap        : on C-MLU; the given weights' own where those were already fuller than what was asked for
    """

    split: Split
    latency_ms: float
    floor_ms: float
    price: Reals
    cap: float

    @property
    def gap(self) -> float:
        """(latency - floor) / latency; 0 without demand."""
        return max(0.0, 1.0 - self.floor_ms / self.latency_ms) if self.latency_ms > 0 else 0.0


def split_latency(
    case: SplitCase,
    latency_ms: Reals,
    safe: Split,
    cap: float,
    *,
    gap: float = 0.005,
    rounds: int = 1_000,
    expired: Callable[[], bool] = never,
) -> LatencySplit:
    """Weights of the lowest mean latency with a C-MLU of at most ``cap`` (absolute), to a proven ``gap``.

    latency_ms : [session groups, slots]; safe : a split, best that of the least C-MLU (``split_together``). Where it is
    fuller than the cap asks for, the cap is what it reaches. Links without capacity are left out of the cap, and their
    paths are not used where others are. O(session groups) a round.
    """
    rate, links = np.nan_to_num(case.demand_mbps), case.links
    path = np.ascontiguousarray(usable(links, case.path))
    open_capacity = links.capacity_mbps > 0
    problem = FlowProblem(
        path=path,
        demand=rate,
        start=links.start,
        used=links.used,
        use=np.divide(links.price, links.capacity_mbps, out=np.zeros(links.row_count), where=open_capacity),
        base=np.zeros(links.row_count),
    )
    reached = float(problem.utilisation(safe.weight).max(initial=0.0))
    kept_cap = cap if reached <= cap * (1 + KEPT) else reached
    cost = np.where(np.isnan(latency_ms), UNKNOWN_MS, latency_ms)
    found = least_cost(problem, cost, kept_cap, safe.weight, gap=gap, rounds=rounds, expired=expired)
    utilisation = priced_utilisation(links, link_loads(links, path, found.weight * rate[:, None]))
    theta = float(utilisation.max(initial=0.0))
    turn = Turn(priority=int(case.priority.min(initial=0)), theta=theta, floor=0.0, rounds=found.rounds)
    total = float(rate.sum())
    return LatencySplit(
        split=Split(
            weight=found.weight, utilisation=utilisation, turns=(turn,), replayable=safe.replayable and not found.cut
        ),
        latency_ms=found.value / total if total > 0 else float("nan"),
        floor_ms=found.floor / total if total > 0 else float("nan"),
        price=found.price,
        cap=kept_cap,
    )
