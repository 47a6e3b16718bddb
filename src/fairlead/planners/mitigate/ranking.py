"""The candidates in order, what is known of each, and how sure that is (SWARM 3.2, Outputs)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairlead.planners.mitigate.candidates import Candidate
from fairlead.planners.mitigate.comparators import Comparator
from fairlead.predict.flows.clp import CLP_METRICS

Reals = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ranked:
    """One candidate.

    metrics           : [3] of CLP_METRICS, the mean over demands
    margin            : [3] half the width of their intervals; NaN where nothing is known about it
    within_tie        : it ties with the best on every criterion, by the comparator's own rule
    indistinct        : the samples do not tell which of the two is better
    ahead_ratio       : chance that it wins, of the chance that either of it and the best does; NaN: not known
    beaten_ratio      : chance that it does not tie with the winner, so is worse by more than a tie; NaN: not known
    win_ratio         : chance that it is the best of all; NaN: not known
    decided_on        : criterion on which it ties no more with the best of those still in; -1: none
    beside            : name of that best one, which need not win in the end
    difference_ratio  : how much more it costs than that one, there or on the first criterion, as share
    difference_margin : half the width of that difference's interval
    sample_count      : samples it was given
    cut_off_ratio     : share of flows without a path
    """

    candidate: Candidate
    metrics: Reals
    margin: Reals
    within_tie: bool
    indistinct: bool
    ahead_ratio: float
    beaten_ratio: float
    win_ratio: float
    decided_on: int
    beside: str
    difference_ratio: float
    difference_margin: float
    sample_count: int
    cut_off_ratio: float

    @property
    def tied_with_best(self) -> bool:
        """It cannot be told from the best: by the comparator's rule, or by what was sampled."""
        return self.within_tie or self.indistinct


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ranking:
    """All candidates, best first, and the yardsticks.

    before, healthy : [3] metrics of the network as it is, and were every failure repaired
    judge           : the comparator, with the healthy metrics that it may need
    confidence      : of all intervals and verdicts
    decided         : the best ties at least with whoever is best, at this confidence
    interrupted     : the wall clock ended the sampling
    sample_count    : samples of those that raced to the end
    spared_ratio    : share of the samples that racing and stopping early saved
    """

    rows: tuple[Ranked, ...]
    before: Reals
    healthy: Reals
    judge: Comparator
    confidence: float
    decided: bool
    interrupted: bool
    sample_count: int
    spared_ratio: float

    @property
    def best(self) -> Ranked:
        """The first."""
        return self.rows[0]


def ranking_as_json(found: Ranking) -> list[dict[str, Any]]:
    """The ranking as commands print it, best first. What is not a number becomes null."""
    return [
        {
            "candidate": row.candidate.name,
            "metrics": {name: _number(value) for name, value in zip(CLP_METRICS, row.metrics.tolist(), strict=True)},
            "intervals": {
                name: [_number(value - margin), _number(value + margin)]
                for name, value, margin in zip(CLP_METRICS, row.metrics.tolist(), row.margin.tolist(), strict=True)
            },
            "tied_with_best": row.tied_with_best,
            "within_tie": row.within_tie,
            "indistinct": row.indistinct,
            "win_ratio": _number(row.win_ratio),
            "sample_count": row.sample_count,
            "cut_off_ratio": _number(row.cut_off_ratio),
        }
        for row in found.rows
    ]


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None
