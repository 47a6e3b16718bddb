"""Phase 3 (Panorama 4.3): weights on the feasible paths of every session group, as each planner wants them."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from fairlead.model import BoundKind, Budget, Demands, Reason, ServiceClasses, Snapshot
from fairlead.planners.route.bound import joint_theta_floor
from fairlead.planners.route.demand import active_groups, forecast
from fairlead.planners.route.goal import Objective, RouteGoal
from fairlead.planners.route.memory import RouteMemory
from fairlead.planners.route.outcome import Choice
from fairlead.planners.route.sla import Feasible
from fairlead.planners.route.split import Split, SplitCase, Turn, split_active, split_all, split_together
from fairlead.planners.route.split_latency import split_latency
from fairlead.predict.link_loads import extended_links

Expired = Callable[[], bool]
Splitter = Callable[[Snapshot, Feasible, RouteGoal, RouteMemory, Budget, Expired], tuple[Choice, RouteMemory]]


def over_all_groups(
    snapshot: Snapshot, found: Feasible, goal: RouteGoal, memory: RouteMemory, budget: Budget, expired: Expired
) -> tuple[Choice, RouteMemory]:
    """All session groups, with a proven gap; by the objective of the goal."""
    case, memory = split_case(snapshot, found, memory)
    if goal.objective is Objective.LATENCY:
        return _by_latency(snapshot, case, found, goal, budget, expired), memory
    split = split_all(case, gap=goal.gap_ratio, rounds=budget.rounds, expired=expired)
    return _choice(snapshot, found, split, goal, budget), memory


def _by_latency(
    snapshot: Snapshot, case: SplitCase, found: Feasible, goal: RouteGoal, budget: Budget, expired: Expired
) -> Choice:
    """The least mean latency under the cap; the cap is met whenever that is possible at all."""
    gap, rounds = goal.gap_ratio, budget.rounds
    safe = split_together(case, gap=gap, rounds=rounds, expired=expired)
    # what must go over a link without capacity is infinitely full; that is no reason to let go of all the others
    reached = safe.utilisation[np.isfinite(safe.utilisation)].max(initial=0.0)
    cap = (1.0 + goal.slack_ratio) * float(reached) if math.isnan(goal.cap) else goal.cap
    fastest = split_latency(case, found.latency_ms, safe, cap, gap=gap, rounds=rounds, expired=expired)
    reason = Reason(
        key="route.latency",
        text=f"mean latency {fastest.latency_ms:.3f} ms, proven to be at least {fastest.floor_ms:.3f} ms "
        f"where no priced utilisation is above {fastest.cap:.4g}",
        numbers={"latency_ms": fastest.latency_ms, "floor_ms": fastest.floor_ms, "cap": fastest.cap},
    )
    return replace(_choice(snapshot, found, fastest.split, goal, budget), reasons=(reason,))


def over_active_groups(
    snapshot: Snapshot, found: Feasible, goal: RouteGoal, memory: RouteMemory, budget: Budget, expired: Expired
) -> tuple[Choice, RouteMemory]:
    """The paper's: a linear program over the active session groups, equal shares for the others."""
    case, memory = split_case(snapshot, found, memory)
    active = active_groups(case.demand_mbps, goal.active_mbps, goal.active_count)
    return _choice(snapshot, found, split_active(case, active, seconds=budget.seconds), goal, budget), memory


def split_case(snapshot: Snapshot, found: Feasible, memory: RouteMemory) -> tuple[SplitCase, RouteMemory]:
    demands = snapshot[Demands]
    rate, rates = forecast(demands, memory.rates)
    case = SplitCase(
        path=found.path,
        demand_mbps=rate,
        priority=snapshot[ServiceClasses].priority[demands.service_class],
        links=extended_links(snapshot),
    )
    return case, replace(memory, rates=rates)


def _choice(snapshot: Snapshot, found: Feasible, split: Split, goal: RouteGoal, budget: Budget) -> Choice:
    """With a floor under any split of these paths, priorities or not, for the demands as they were measured."""
    demand = snapshot[Demands].demand_mbps.astype(np.float64)
    best = joint_theta_floor(extended_links(snapshot), found.path, demand, gap=goal.gap_ratio, rounds=budget.rounds)
    return Choice(
        path=found.path,
        weight=split.weight,
        stage=found.stage,
        best=best,
        kind=BoundKind.DUAL,
        reasons=tuple(_turn_reason(turn) for turn in split.turns),
        replayable=split.replayable,
    )


def _turn_reason(turn: Turn) -> Reason:
    """What is proven of one priority in the room that it found."""
    return Reason(
        key="route.turn",
        text=f"priority {turn.priority}: highest priced utilisation {turn.theta:.4g}, "
        f"at most {turn.gap:.2%} above the least possible",
        numbers={"priority": turn.priority, "theta": turn.theta, "floor": turn.floor, "gap_ratio": turn.gap},
    )
