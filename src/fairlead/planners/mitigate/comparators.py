"""Which of two outcomes is better (SWARM 4.1 and D.3): priorities among the metrics with 10 % ties, or a weighted sum.

A comparator looks at metric values only: ``values`` [.., candidates, metrics of CLP_METRICS]. What is absent (NaN: no
such flows) is worse than any value, as an objective over no flows is not met; where it is absent for all, it is a tie.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from fairlead.predict.flows.clp import CLP_METRICS, LOWER_IS_BETTER

Reals = NDArray[np.float64]
Flags = NDArray[np.bool_]
Rows = NDArray[np.int64]

TIE_RATIO = 0.1
"""Two values within this share of the better one are tied (SWARM 4.1)."""

SAME_RATIO = 0.01
"""Among those tied on everything, what differs by less than this is the same; then the one that changes less wins."""

_ROUNDING = 1e-12


class Comparator(Protocol):
    """Decides who is best, and in what order the others follow."""

    @property
    def name(self) -> str: ...

    @property
    def criteria(self) -> tuple[str, ...]:
        """What decides, the most important first."""

    @property
    def ties(self) -> Reals:
        """[criteria] how many times the best cost still ties with it."""

    def costs(self, values: Reals) -> Reals:
        """[.., criteria] lower is better, first criterion first; infinite where a value is absent or nothing works.

        values : [.., metrics]
        """

    def against(self, healthy: Reals) -> Comparator:
        """The comparator that knows the metrics [3] of the network without failures."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Priority:
    """The first metric decides; among those tied on it the second, and so on (SWARM 4.1).

    order : names of CLP_METRICS, the most important first
    """

    name: str
    order: tuple[str, ...]

    @property
    def criteria(self) -> tuple[str, ...]:
        """The metrics in their order."""
        return self.order

    @property
    def ties(self) -> Reals:
        """An FCT ties up to 1.1 of the shortest, a throughput down to 0.9 of the highest."""
        lower = np.array([LOWER_IS_BETTER[CLP_METRICS.index(metric)] for metric in self.order])
        return np.where(lower, 1.0 + TIE_RATIO, 1.0 / (1.0 - TIE_RATIO)) + _ROUNDING

    def costs(self, values: Reals) -> Reals:
        """[.., metrics in order] a metric that should be high costs its reciprocal."""
        return np.stack([_cost(values, CLP_METRICS.index(metric)) for metric in self.order], axis=-1)

    def against(self, healthy: Reals) -> Priority:
        """Itself: it compares candidates with each other only."""
        return self


@dataclass(frozen=True, slots=True, kw_only=True)
class Linear:
    """The weighted sum of what each metric costs in units of what it cost when the network was healthy (SWARM D.3).

    weights : one a metric of CLP_METRICS; the paper shows all 1
    healthy : [3] the metrics of the healthy network; NaN: not known (yet), 1 in the metric's own unit
    """

    weights: tuple[float, float, float] = (1.0, 1.0, 1.0)
    healthy: tuple[float, float, float] = (np.nan, np.nan, np.nan)
    name: str = "Linear"

    @property
    def criteria(self) -> tuple[str, ...]:
        """There is but one."""
        return ("weighted sum of the metrics",)

    @property
    def ties(self) -> Reals:
        """A sum ties up to 1.1 of the least. There is nothing to break the tie, so the least is best all the same."""
        return np.array([1.0 + TIE_RATIO]) + _ROUNDING

    def costs(self, values: Reals) -> Reals:
        """[.., 1] the sum. A metric of weight 0 is not looked at, be it absent or not."""
        total = np.zeros(values.shape[:-1])
        for place, weight in enumerate(self.weights):
            if weight:
                unit = float(_cost(np.array(self.healthy), place))
                total = total + weight * _cost(values, place) / (unit if np.isfinite(unit) and unit > 0 else 1.0)
        return total[..., None]

    def against(self, healthy: Reals) -> Linear:
        """The same weights, in units of these metrics."""
        fct, first, mean = (float(each) for each in healthy)
        return Linear(weights=self.weights, healthy=(fct, first, mean), name=self.name)


PRIORITY_FCT = Priority(name="PriorityFCT", order=("fct_p99_s", "throughput_p1_mbps", "throughput_mean_mbps"))
PRIORITY_AVG_T = Priority(name="PriorityAvgT", order=("throughput_mean_mbps", "fct_p99_s", "throughput_p1_mbps"))
PRIORITY_1P_T = Priority(name="Priority1pT", order=("throughput_p1_mbps", "throughput_mean_mbps", "fct_p99_s"))

COMPARATORS: tuple[Comparator, ...] = (PRIORITY_FCT, PRIORITY_AVG_T, PRIORITY_1P_T, Linear())
"""The paper's four."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sieve:
    """What becomes of candidates [.., candidates] when the best and those tied with it are kept, by each criterion.

    kept      : tied with the best on every criterion
    fallen_on : criterion on which it was not among them any more; -1: kept
    yardstick : the best of those still in on that criterion, or on the first one
    """

    kept: Flags
    fallen_on: Rows
    yardstick: Rows


def sieved(costs: Reals, ties: Reals) -> Sieve:
    """The comparator's rule on ``costs`` [.., candidates, criteria] (SWARM 4.1).

    Of all, those that tie with the best on the first criterion stay; of these, those that tie with the best of them on
    the second; and so on. Ties hold relative to the best of those still in, so no chain of ties leads away from it.
    """
    shape = costs.shape[:-1]
    kept, fallen_on = np.ones(shape, np.bool_), np.full(shape, -1, np.int64)
    yardstick = np.broadcast_to(costs[..., 0].argmin(axis=-1)[..., None], shape)
    for criterion, tie in enumerate(ties.tolist()):
        value = np.where(kept, costs[..., criterion], np.inf)
        stays = kept & (value <= value.min(axis=-1, keepdims=True) * tie)
        fallen_on = np.where(kept & ~stays, criterion, fallen_on)
        yardstick = np.where(kept & ~stays, value.argmin(axis=-1)[..., None], yardstick)
        kept = stays
    return Sieve(kept=kept, fallen_on=fallen_on, yardstick=yardstick)


def winners(costs: Reals, ties: Reals) -> Rows:
    """[..] who is best by ``costs`` [.., candidates, criteria]; candidates stand in order of how little they change.

    Of those that the sieve keeps, those that a second one with SAME_RATIO for a tie keeps; of these the first.
    """
    kept = sieved(costs, ties).kept
    fine = sieved(np.where(kept[..., None], costs, np.inf), np.full_like(ties, 1.0 + SAME_RATIO)).kept & kept
    found: Rows = fine.argmax(axis=-1)
    return found


def ranked(costs: Reals, ties: Reals, keys: Sequence[tuple[int, str]]) -> list[int]:
    """All candidates, best first: the winner, then the winner of the others, and so on. costs [candidates, criteria].

    A pairwise rule with ties is not transitive (1.00, 1.08 and 1.16 tie only with their neighbours), so it gives no
    order; taking winners does, and the same one whatever the order of the input: ``keys`` (how much a candidate
    changes, its name) put them in order first. O(candidates^2 x criteria).
    """
    left = sorted(range(len(keys)), key=lambda each: keys[each])
    order = []
    while left:
        order.append(left.pop(int(winners(costs[left], ties))))
    return order


def beats(first: Reals, second: Reals, ties: Reals) -> bool:
    """Whether ``first`` [criteria] is better than ``second`` by more than a tie, were there no others.

    The first criterion on which the two are not tied decides.
    """
    return not bool(sieved(np.stack([second, first]), ties).kept[0])


def _cost(values: Reals, place: int) -> Reals:
    """[..] one metric as a cost: lower is better, infinite where absent or where nothing gets through."""
    value = values[..., place]
    if LOWER_IS_BETTER[place]:
        return np.where(np.isnan(value), np.inf, value)
    with np.errstate(divide="ignore"):
        return np.where(value > 0, 1.0 / np.where(value > 0, value, 1.0), np.inf)
