"""Epochs far apart are independent: a long demand as stretches of time that are computed apart (SWARM 3.4, "Reducing
the number of epochs").

Each stretch is warmed up by the traffic right before it, answers for the flows that start in it, and runs on as long
as the whole one does. Stretches are plain values, so whatever maps functions over shards may map them.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from fairlead.predict.flows.demand import Demand, Sampling


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Segment:
    """A stretch of time with all flows that matter in it; times count from its own beginning."""

    demand: Demand
    sampling: Sampling


def segments(demand: Demand, sampling: Sampling, count: int) -> tuple[Segment, ...]:
    """The measured time in ``count`` equal parts, each with the warm-up before and the company after it of the whole.

    Each measured flow is measured in one of them. What is computed grows from one warm-up and one company to ``count``
    of each. O(count x flows).
    """
    assert count >= 1
    if count == 1:
        return (Segment(demand=demand, sampling=sampling),)
    warm_s, company_s = sampling.from_s, sampling.horizon_s - sampling.until_s
    edges = np.linspace(sampling.from_s, sampling.until_s, count + 1)
    return tuple(_cut(demand, first, last, warm_s, company_s) for first, last in pairwise(edges.tolist()))


def _cut(demand: Demand, first_s: float, last_s: float, warm_s: float, company_s: float) -> Segment:
    begin_s, end_s = first_s - warm_s, last_s + company_s
    matters = (demand.start_s >= begin_s) & (demand.start_s < end_s)
    return Segment(
        demand=demand.chosen(matters).since(begin_s),
        sampling=Sampling(horizon_s=end_s - begin_s, from_s=first_s - begin_s, until_s=last_s - begin_s),
    )
