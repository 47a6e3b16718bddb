"""What would change the decision, and what a mistake would cost (SWARM 4.3 and D.1, Sensitivity analysis)."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from fairlead.model import Arrivals, FabricLinks, Flows, FlowSizes, Nodes, Reason, Snapshot, apply_edits
from fairlead.planners.mitigate.bound import healed
from fairlead.planners.mitigate.candidates import Candidate
from fairlead.planners.mitigate.certainty import demand_means, means
from fairlead.planners.mitigate.comparators import Comparator, sieved, winners
from fairlead.planners.mitigate.ranking import Ranked, Ranking
from fairlead.predict.flows.clp import CLP_METRICS, Estimate

Reals = NDArray[np.float64]
Scaled = Callable[[Snapshot, float], Snapshot]

DROP_FACTORS = (0.1, 0.3, 3.0, 10.0)
TRAFFIC_FACTORS = (0.5, 0.8, 1.25, 1.6)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunnerUp:
    """Who comes second, and by how much: see ``Ranked``. ``criterion`` is the one it falls on, or the first."""

    candidate: str
    criterion: str
    difference_ratio: float
    difference_margin: float
    tied_with_best: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Flip:
    """What happens to the decision if one input is wrong by a factor.

    dimension     : which input
    factor        : the truth over what was believed
    winner        : the best candidate then; the one chosen today as long as it ties with it
    penalty_ratio : how much more the one chosen today costs then than that one, as share, on the criterion it falls on
    """

    dimension: str
    factor: float
    winner: str
    penalty_ratio: float


def runner_up(found: Ranking) -> RunnerUp | None:
    """The second of the ranking; None where there is no other candidate."""
    if len(found.rows) < 2:
        return None
    row: Ranked = found.rows[1]
    return RunnerUp(
        candidate=row.candidate.name,
        criterion=found.judge.criteria[max(0, row.decided_on)],
        difference_ratio=row.difference_ratio,
        difference_margin=row.difference_margin,
        tied_with_best=row.tied_with_best,
    )


def with_drop(snapshot: Snapshot, factor: float) -> Snapshot:
    """Every drop ratio times a factor, at most just under 1; what loses everything still does."""
    links, nodes = snapshot[FabricLinks], snapshot[Nodes]
    return snapshot.replaced(
        links.with_column("drop_ratio", _scaled_drop(links.drop_ratio, factor)),
        nodes.with_column("drop_ratio", _scaled_drop(nodes.drop_ratio, factor)),
    )


def with_arrivals(snapshot: Snapshot, factor: float) -> Snapshot:
    """So many times as many flows: arrivals, or the starts of pinned flows closer together. Unknown stays unknown."""
    if Flows in snapshot and snapshot[Flows].row_count:
        flows = snapshot[Flows]
        return snapshot.replaced(flows.with_column("start_s", flows.start_s / factor))
    if Arrivals not in snapshot or not snapshot[Arrivals].row_count:
        return snapshot
    arrivals = snapshot[Arrivals]
    return snapshot.replaced(arrivals.with_column("arrivals_per_s", arrivals.arrivals_per_s * factor))


def with_sizes(snapshot: Snapshot, factor: float) -> Snapshot:
    """Flows so many times as large; unknown stays unknown."""
    if Flows in snapshot and snapshot[Flows].row_count:
        flows = snapshot[Flows]
        return snapshot.replaced(flows.with_column("size_bytes", np.maximum(1.0, flows.size_bytes * factor)))
    if FlowSizes not in snapshot or not snapshot[FlowSizes].row_count:
        return snapshot
    sizes = snapshot[FlowSizes]
    return snapshot.replaced(sizes.with_column("size_bytes", sizes.size_bytes * factor))


DIMENSIONS: Mapping[str, tuple[Scaled, tuple[float, ...]]] = MappingProxyType(
    {
        "drop_ratio": (with_drop, DROP_FACTORS),
        "arrivals": (with_arrivals, TRAFFIC_FACTORS),
        "flow_sizes": (with_sizes, TRAFFIC_FACTORS),
    }
)
"""What is varied, how, and by which factors."""

_SAID: Mapping[str, str] = MappingProxyType(
    {"drop_ratio": "drop ratios", "arrivals": "arrivals of flows", "flow_sizes": "sizes of flows"}
)


def sensitivity(
    estimate: Estimate,
    snapshot: Snapshot,
    candidates: Sequence[Candidate],
    comparator: Comparator,
    samples: range,
    demand_count: int,
) -> tuple[Flip, ...]:
    """Who would be best were an input wrong, for each of DIMENSIONS, by its factors from 1 outwards until that changes.

    ``candidates[0]`` is the one chosen today, so it wins at a factor of 1. An input that is not known is left out.
    A factor costs as much as a ranking of these candidates without racing.
    """

    def flip(dimension: str, factor: float, state: Snapshot) -> Flip:
        winner, penalty = _judged(estimate, state, candidates, comparator, samples, demand_count)
        return Flip(dimension=dimension, factor=factor, winner=candidates[winner].name, penalty_ratio=penalty)

    known = [name for name, (scaled, _) in DIMENSIONS.items() if scaled(snapshot, 2.0).basis != snapshot.basis]
    if not known:
        return ()
    today = Flip(dimension=known[0], factor=1.0, winner=candidates[0].name, penalty_ratio=0.0)
    found: list[Flip] = []
    for dimension in known:
        scaled, factors = DIMENSIONS[dimension]
        tried = [replace(today, dimension=dimension)]
        for outwards in (sorted(f for f in factors if f > 1), sorted((f for f in factors if f < 1), reverse=True)):
            for factor in outwards:
                tried.append(flip(dimension, factor, scaled(snapshot, factor)))
                if tried[-1].winner != today.winner:
                    break
        found += sorted(tried, key=lambda each: each.factor)
    return tuple(found)


def nearest_flips(flips: Iterable[Flip]) -> tuple[Flip, ...]:
    """Of each dimension and direction, the factor nearest to 1 at which another candidate wins; none: not in reach."""
    found: dict[tuple[str, bool], Flip] = {}
    flips = tuple(flips)
    today = {each.dimension: each.winner for each in flips if each.factor == 1.0}
    for each in sorted(flips, key=lambda flip: abs(math.log(flip.factor))):
        if each.winner != today[each.dimension]:
            found.setdefault((each.dimension, each.factor > 1), each)
    return tuple(found.values())


def flip_reasons(flips: Sequence[Flip], chosen: str) -> tuple[Reason, ...]:
    """In words: what would change the decision, or that nothing in reach does."""
    reasons = []
    for each in nearest_flips(flips):
        text = f"were {_SAID[each.dimension]} {each.factor:g} times what is believed, {each.winner} would be best"
        cost = "" if math.isnan(each.penalty_ratio) else f"; {chosen} would then cost {each.penalty_ratio:.0%} more"
        numbers = {"factor_ratio": each.factor, "penalty_ratio": each.penalty_ratio}
        reasons.append(Reason(key="mitigate.would_change", text=text + cost, numbers=numbers))
    steady = sorted({each.dimension for each in flips} - {each.dimension for each in nearest_flips(flips)})
    for dimension in steady:
        factors = [each.factor for each in flips if each.dimension == dimension]
        between = f"between {min(factors):g} and {max(factors):g} times what is believed"
        text = f"the decision stands for {_SAID[dimension]} {between}"
        numbers = {"low_ratio": min(factors), "high_ratio": max(factors)}
        reasons.append(Reason(key="mitigate.steady", text=text, numbers=numbers))
    return tuple(reasons)


def _judged(
    estimate: Estimate,
    snapshot: Snapshot,
    candidates: Sequence[Candidate],
    comparator: Comparator,
    samples: range,
    demand_count: int,
) -> tuple[int, float]:
    """Place of the best candidate, and how much more the first of them costs than it where it ties no more.

    The first is the best as long as it ties with whoever is: a decision that a mistake would not make worse stands, and
    few samples cannot tell more.
    """
    states = [apply_edits(snapshot, each.edits) for each in candidates]
    if comparator.against(np.full(len(CLP_METRICS), np.nan)) != comparator:  # a priority needs no healthy network
        states.append(healed(snapshot))
    values = [means(demand_means(clp.values, demand_count)) for clp in estimate(states, samples)]
    judge = comparator.against(values[-1])
    order = sorted(range(len(candidates)), key=lambda each: candidates[each].key)
    costs = judge.costs(np.stack(values[: len(candidates)]))
    fallen_on = int(sieved(costs, judge.ties).fallen_on[0])
    if fallen_on < 0:
        return 0, 0.0
    best = order[int(winners(costs[order], judge.ties))]
    chosen_cost, best_cost = float(costs[0, fallen_on]), float(costs[best, fallen_on])
    return best, chosen_cost / best_cost - 1.0 if 0 < best_cost < math.inf else math.nan


def _scaled_drop(drop: Reals, factor: float) -> Reals:
    scaled = np.minimum(drop * factor, 0.999)
    return np.where(drop >= 1, drop, scaled).astype(drop.dtype)
