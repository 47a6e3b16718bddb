"""Performance penalties: how much worse connections fare than under the best repair (SWARM 4.1)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairlead.planners.mitigate.comparators import Comparator, Priority
from fairlead.predict.flows.clp import CLP_METRICS, LOWER_IS_BETTER

Reals = NDArray[np.float64]

PRIORITISED = "prioritised"
"""The criterion that the comparator looks at first: a metric, or the weighted sum."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a method came to in one incident under one comparator.

    family        : of the incident
    acted         : its last decision changed something
    percent       : by metric and PRIORITISED, how much worse than the best; None: it cut servers off from each other
    standard_error : standard error of the prioritised one over the traces
    """

    incident: str
    family: int
    method: str
    comparator: str
    acted: bool
    percent: Mapping[str, float] | None
    standard_error: float


def percent(found: Reals, best: Reals, comparator: Comparator) -> dict[str, float]:
    """By metric and PRIORITISED: how many per cent worse ``found`` [metrics] is than ``best``; below 0: better.

    An FCT is worse by what it is longer, a throughput by what it lacks, both as share of the best.
    """
    rows: dict[str, float] = {}
    for place, (metric, lower) in enumerate(zip(CLP_METRICS, LOWER_IS_BETTER, strict=True)):
        more = 100.0 * (float(found[place]) / float(best[place]) - 1.0)
        rows[metric] = more if lower else -more
    if isinstance(comparator, Priority):
        rows[PRIORITISED] = rows[comparator.order[0]]
    else:
        costs = comparator.costs(np.stack([found, best]))[:, 0]
        rows[PRIORITISED] = 100.0 * (float(costs[0]) / float(costs[1]) - 1.0)
    return rows


def standard_error(found: Reals, best: Reals, comparator: Comparator) -> float:
    """Standard error of the prioritised penalty, from the differences trace by trace: [traces, metrics] each."""
    count = len(found)
    if count < 2:
        return float("nan")
    # leave one trace out at a time: the penalty is a ratio of means, so its error is not that of a mean (jack-knife)
    left = [
        percent(np.delete(found, row, 0).mean(0), np.delete(best, row, 0).mean(0), comparator)[PRIORITISED]
        for row in range(count)
    ]
    return float(np.sqrt((count - 1) * np.var(left)))


def summary(verdicts: Sequence[Verdict], connected: Iterable[str]) -> dict[str, Any]:
    """Median, 90th percentile and maximum over the incidents in which the method keeps the network in one piece.

    connected : incidents in which every method does; figures of these alone stand beside, as the paper reports them
    """
    whole = [each for each in verdicts if each.percent is not None]
    everywhere = set(connected)
    errors = [each.standard_error for each in whole if np.isfinite(each.standard_error)]
    return {
        "incidents_count": len(verdicts),
        "partitioned_count": len(verdicts) - len(whole),
        "no_action_ratio": round(float(np.mean([not each.acted for each in verdicts])), 3) if verdicts else None,
        "penalty_percent": {name: _spread(whole, name) for name in (PRIORITISED, *CLP_METRICS)},
        "where_all_connect": _spread([each for each in whole if each.incident in everywhere], PRIORITISED),
        "error_percent": round(float(np.median(errors)), 2) if errors else None,
    }


def _spread(verdicts: Sequence[Verdict], name: str) -> dict[str, float | int | None]:
    values = np.array([each.percent[name] for each in verdicts if each.percent is not None])
    if not len(values):
        return {"incidents_count": 0, "median": None, "p90": None, "max": None}
    return {
        "incidents_count": len(values),
        "median": round(float(np.median(values)), 2),
        "p90": round(float(np.quantile(values, 0.9)), 2),
        "max": round(float(values.max()), 2),
    }
