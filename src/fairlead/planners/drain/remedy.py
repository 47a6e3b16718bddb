"""The decision: which servers leave, given how likely each failure is to last. Chance becomes a smaller slack."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from fairlead.kernels.cover import Flags
from fairlead.model import Budget, Effect, Reason, Snapshot, Status
from fairlead.planners.drain.arrivals import Arrivals, arrivals
from fairlead.planners.drain.failures import Failures, allowance, cover_problem
from fairlead.planners.drain.forecast import Forecast, chance_within, shortfall_quantile
from fairlead.planners.drain.goal import Goal
from fairlead.planners.drain.schedule import by_usefulness
from fairlead.planners.drain.search import Cover, above, cheapest_cover, tightened

Rows = NDArray[np.int64]

RESERVE_ROUNDS = 3  # tightened covers at most; the last leaves alone only what cannot be expected to fail at all


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Remedy:
    """The servers to take offline and what stays uncovered.

    ordered       : node numbers, most useful first
    open_pairs    : [pairs] failing pairs that keep both ends online
    chance_ratio  : probability that the pairs left alone stay within the objective's slack
    open_count    : streams expected to fail on them
    quantile_count: failed streams on them that are not exceeded at the goal's confidence
    slack_count   : failed streams that the objective tolerates
    reserve_count : the part of the slack kept free for bad luck
    unseen        : the part of the slack kept free for failures that have not begun
    """

    status: Status
    cover: Cover
    ordered: Rows
    open_pairs: Flags
    chance_ratio: float
    open_count: float
    quantile_count: float
    slack_count: float
    reserve_count: float
    unseen: Arrivals


def remedy(snapshot: Snapshot, found: Failures, forecast: Forecast, goal: Goal, budget: Budget) -> Remedy:
    """Cheapest cover whose uncovered failures stay within the slack at the goal's confidence.

    First the cover that meets the objective in expectation: no plan that does so costs less than its floor. Where that
    is not sure enough, a reserve is taken off the slack, grown to what the last cover would have needed. The floor
    stays that of the first cover, so the gap that a plan reports holds the price of caution.
    """
    tolerated = found.slack_count(goal)
    unseen = arrivals(snapshot, goal.confidence_ratio, tolerated)
    growth = forecast.growth_ratio
    slack = (tolerated - unseen.quantile_count) / growth
    left = allowance(snapshot, goal)
    left.quota[0] = min(left.quota[0], budget.edits)
    problem = cover_problem(found, forecast.expected_count, max(0.0, slack), left)
    first = cheapest_cover(problem, budget)
    if not first.reachable and growth > 1.0:  # what has not grown yet may still be within reach
        problem = replace(problem, slack=growth * problem.slack)
        first = cheapest_cover(problem, budget)
    tried = [_tried(found, forecast, first, slack, 0.0)]
    for round_number in range(RESERVE_ROUNDS if first.reachable else 0):
        last = tried[-1]
        if last.chance_ratio >= goal.confidence_ratio or not last.cover.reachable:
            break
        spread = shortfall_quantile(forecast, last.open_pairs, goal.confidence_ratio) - _expected(
            forecast, last.open_pairs
        )
        reserve = slack if round_number == RESERVE_ROUNDS - 1 else max(last.reserve_count, spread)
        eased = replace(problem, slack=max(0.0, slack - reserve))
        tried.append(_tried(found, forecast, tightened(eased, first, budget), slack, reserve))
    chosen = max(tried, key=lambda each: (min(each.chance_ratio, goal.confidence_ratio), -each.cover.cost))
    return Remedy(
        status=_status(chosen, first, goal),
        cover=above(chosen.cover, first),
        ordered=by_usefulness(problem, chosen.cover.chosen),
        open_pairs=chosen.open_pairs,
        chance_ratio=chosen.chance_ratio,
        open_count=growth * _expected(forecast, chosen.open_pairs),
        quantile_count=growth * shortfall_quantile(forecast, chosen.open_pairs, goal.confidence_ratio),
        slack_count=tolerated,
        reserve_count=growth * min(slack, chosen.reserve_count),
        unseen=unseen,
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Tried:
    """A cover, what it leaves alone, and how likely that stays within the slack."""

    cover: Cover
    open_pairs: Flags
    chance_ratio: float
    reserve_count: float


def _tried(found: Failures, forecast: Forecast, cover: Cover, slack: float, reserve: float) -> _Tried:
    open_pairs = ~(cover.chosen[found.u] | cover.chosen[found.v])
    chance = chance_within(forecast, open_pairs, slack)
    return _Tried(cover=cover, open_pairs=open_pairs, chance_ratio=chance, reserve_count=reserve)


def _status(chosen: _Tried, first: Cover, goal: Goal) -> Status:
    """OUT_OF_REACH is proven: not even the expectation can be met. A confidence that no round reached is not proven."""
    if chosen.chance_ratio >= goal.confidence_ratio:
        return Status.SOLVED if chosen.cover.chosen.any() else Status.NOTHING_TO_DO
    return Status.OUT_OF_REACH if first.settled and not first.reachable else Status.BEST_EFFORT


def _expected(forecast: Forecast, open_pairs: Flags) -> float:
    return float(forecast.expected_count[open_pairs].sum())


def promise(found: Failures, forecast: Forecast, chosen: Remedy) -> Effect:
    """The success ratio expected of the coming windows, and how much worse it may be at the confidence."""
    demand, unseen = found.demand_count, chosen.unseen
    return Effect(
        metric="next_success_ratio",
        before=1.0 - (forecast.growth_ratio * float(forecast.expected_count.sum()) + unseen.mean_count) / demand,
        after=1.0 - (chosen.open_count + unseen.mean_count) / demand,
        margin=max(0.0, chosen.quantile_count - chosen.open_count + unseen.quantile_count - unseen.mean_count) / demand,
    )


def remedy_reasons(found: Failures, forecast: Forecast, chosen: Remedy, goal: Goal) -> tuple[Reason, ...]:
    """What was left alone and why, and what stands in the way where the objective is out of reach."""
    reasons = []
    left_count = int(np.count_nonzero(chosen.open_pairs))
    if left_count:
        reasons.append(
            Reason(
                key="drain.left_alone",
                text=f"{left_count} failing pairs ({found.failed_count[chosen.open_pairs].sum():.0f} streams now) are "
                f"left alone: {chosen.open_count:.2f} streams are expected to fail next, {chosen.slack_count:.2f} are "
                f"tolerated, {chosen.unseen.quantile_count:.2f} of them kept for failures that have not begun; "
                f"that holds with probability {chosen.chance_ratio:.3f}",
                numbers={
                    "pairs_count": left_count,
                    "expected_count": chosen.open_count,
                    "slack_count": chosen.slack_count,
                    "reserve_count": chosen.reserve_count,
                    "unseen_count": chosen.unseen.quantile_count,
                    "chance_ratio": chosen.chance_ratio,
                },
            )
        )
    if not chosen.cover.reachable:
        reasons.append(
            Reason(
                key="drain.safety_budget",
                text=f"fleet cap {goal.fleet_cap_ratio:.0%}, region floor {goal.region_floor_ratio:.0%} and surviving "
                f"capacity leave at least {chosen.cover.least_open:.2f} streams expected to fail; "
                f"{goal.slo_ratio:.4%} tolerates {chosen.slack_count:.2f}",
                numbers={
                    "least_open_count": chosen.cover.least_open,
                    "slack_count": chosen.slack_count,
                    "fleet_cap_ratio": goal.fleet_cap_ratio,
                    "region_floor_ratio": goal.region_floor_ratio,
                },
            )
        )
    return tuple(reasons)
