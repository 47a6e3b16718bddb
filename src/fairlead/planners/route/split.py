"""Weights on the paths of every session group (Panorama 4.3): the fullest link, by its price, as empty as can be.

``split_active`` is the paper's: a linear program over the active session groups, equal shares for the others.
``split_all`` goes beyond it: all session groups, with a proven gap. Both take the priorities in turn; the paper's on
the capacity that the higher ones left, the other on top of their load. ``split_together`` takes all priorities at
once: the least there is over all.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fairlead.kernels.flow import FlowProblem, equal_weights
from fairlead.kernels.flow_program import exact_utilisation
from fairlead.kernels.flow_saddle import never
from fairlead.kernels.flow_split import FlowSplit, least_utilisation
from fairlead.predict.link_loads import ExtendedLinks, link_loads, priced_utilisation

Reals = NDArray[np.float64]
Flags = NDArray[np.bool_]
Solver = Callable[[FlowProblem], FlowSplit]
Room = Callable[[ExtendedLinks, Reals], tuple[Reals, Reals]]
"""Links and what higher priorities took [links] -> utilisation a Mbit/s adds, and utilisation there is [links]."""

LEFT_RATIO = 1e-3
"""What a link that higher priorities fill keeps of its capacity."""
STOPGAP_ROUNDS = 60
"""Rounds of the first-order method whose weights stand in for a linear program that ran out of time."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SplitCase:
    """What is to be split.

    path        : [session groups, slots] int32 row of ``paths``; -1 in a slot not used
    demand_mbps : [session groups] expected rate; NaN: not known, so inactive
    priority    : [session groups] int32; higher ones first
    links       : the links of the extended graph and which of them each path takes
    """

    path: NDArray[np.int32]
    demand_mbps: Reals
    priority: NDArray[np.int32]
    links: ExtendedLinks


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One priority's turn: Eq. (2) in the room that was left, and what is proven of it. ``rounds`` were taken."""

    priority: int
    theta: float
    floor: float
    rounds: int

    @property
    def gap(self) -> float:
        """(theta - floor) / theta; 0 where nothing is loaded, or where a link without capacity cannot be avoided."""
        return max(0.0, 1.0 - self.floor / self.theta) if 0 < self.theta < np.inf else 0.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Split:
    """The weights and what they do.

    weight      : [session groups, slots] sums to 1 in every row with a path
    utilisation : [links] price * load / capacity of all priorities together; infinite where load meets no capacity
    turns       : one of each priority, highest first
    replayable  : false where the clock cut a search
    """

    weight: Reals
    utilisation: Reals
    turns: tuple[Turn, ...]
    replayable: bool = True

    @property
    def theta(self) -> float:
        """C-MLU of all priorities together."""
        return float(self.utilisation.max(initial=0.0))

    @property
    def gap(self) -> float:
        """The largest proven gap of any turn."""
        return max((turn.gap for turn in self.turns), default=0.0)


def split_all(
    case: SplitCase, *, gap: float = 0.005, rounds: int = 1_000, expired: Callable[[], bool] = never
) -> Split:
    """All session groups, first-order with a proven ``gap`` a turn. ``expired`` is the emergency brake.

    Departs: a lower priority is split on top of the load of the higher ones, not on the capacity that they left. To a
    program that sees only what is left, a link that is nearly full looks as good as an empty one of the same remainder.

    A group of no known demand shares as those with its set of paths do, or equally where there are none.
    """
    return _in_turn(case, np.ones(len(case.path), dtype=bool), _first_order(gap, rounds, expired), on_top)


def split_together(
    case: SplitCase, *, gap: float = 0.005, rounds: int = 1_000, expired: Callable[[], bool] = never
) -> Split:
    """As ``split_all``, without priorities: one turn, told as that of the lowest one."""
    lowest = int(case.priority.min(initial=0))
    level = SplitCase(
        path=case.path, demand_mbps=case.demand_mbps, priority=np.full_like(case.priority, lowest), links=case.links
    )
    return split_all(level, gap=gap, rounds=rounds, expired=expired)


def split_active(case: SplitCase, active: Flags, *, seconds: float = np.inf) -> Split:
    """The paper's: a linear program over the ``active`` [session groups], equal shares for the others.

    A turn that is not solved after ``seconds`` gets a fixed number of rounds of the first-order method instead: always
    an answer, better than equal shares, proven all the same, but not replayable.

    Departs: the load of inactive session groups counts; the paper's program does not see it, so that it would call a
    link empty that they fill.
    """

    def solver(problem: FlowProblem) -> FlowSplit:
        exact = exact_utilisation(problem, seconds=seconds)
        return exact or _stopgap(problem)

    return _in_turn(case, active, solver, on_what_is_left)


def _first_order(gap: float, rounds: int, expired: Callable[[], bool]) -> Solver:
    return lambda problem: least_utilisation(problem, gap=gap, rounds=rounds, expired=expired)


def _stopgap(problem: FlowProblem) -> FlowSplit:
    found = least_utilisation(problem, gap=0.0, rounds=STOPGAP_ROUNDS)
    return FlowSplit(
        weight=found.weight, value=found.value, floor=found.floor, price=found.price, rounds=found.rounds, cut=True
    )


def on_what_is_left(links: ExtendedLinks, taken: Reals) -> tuple[Reals, Reals]:
    """The paper's (4.3): the load of higher priorities is taken from the capacity.

    Departs: never the whole capacity: what has no other way is still spread well where nothing is left.
    """
    left = np.maximum(links.capacity_mbps - taken, LEFT_RATIO * links.capacity_mbps)
    return np.divide(links.price, left, out=np.zeros(len(left)), where=left > 0), np.zeros(len(left))


def on_top(links: ExtendedLinks, taken: Reals) -> tuple[Reals, Reals]:
    """All of the capacity, with the load of higher priorities on it."""
    capacity = links.capacity_mbps
    use = np.divide(links.price, capacity, out=np.zeros(len(capacity)), where=capacity > 0)
    return use, use * taken


def _in_turn(case: SplitCase, active: Flags, solver: Solver, room: Room) -> Split:
    """Highest priority first; those that follow make do with what it leaves."""
    rate = np.nan_to_num(case.demand_mbps)
    weight = equal_weights(case.path)
    taken = np.zeros(case.links.row_count)
    turns, replayable = [], True
    for priority in np.unique(case.priority)[::-1].tolist():
        rows = np.flatnonzero(case.priority == priority)
        mine, turn, cut = _turn(case, rows, rate, active, room(case.links, taken), solver)
        weight[rows] = mine
        taken = taken + link_loads(case.links, case.path[rows], mine * rate[rows, None])
        turns.append(Turn(priority=priority, theta=turn.value, floor=turn.floor, rounds=turn.rounds))
        replayable = replayable and not cut
    return Split(
        weight=weight, utilisation=priced_utilisation(case.links, taken), turns=tuple(turns), replayable=replayable
    )


def _turn(
    case: SplitCase,
    rows: NDArray[np.int64],
    rate: Reals,
    active: Flags,
    room: tuple[Reals, Reals],
    solver: Solver,
) -> tuple[Reals, FlowSplit, bool]:
    """Weights of the session groups ``rows`` in the ``room`` that is left, and what is proven of them."""
    use, there = room
    path, demand = usable(case.links, case.path[rows]), rate[rows]
    weight = equal_weights(path)
    stuck = ((path >= 0) & _blocked(case.links)[np.maximum(path, 0)]).any(axis=1)  # only where nothing else is usable
    solved = active[rows] & ~stuck
    others = np.where(solved, 0.0, demand)[:, None] * weight
    problem = FlowProblem(
        path=np.ascontiguousarray(path[solved]),
        demand=demand[solved],
        start=case.links.start,
        used=case.links.used,
        use=use,
        base=there + use * link_loads(case.links, path, others),
    )
    found = solver(problem)
    weight[solved] = found.weight
    if demand[stuck].any():  # a link without capacity that nothing avoids: no weights are any better
        found = FlowSplit(
            weight=found.weight, value=np.inf, floor=np.inf, price=found.price, rounds=found.rounds, cut=found.cut
        )
    return weight, found, found.cut


def usable(links: ExtendedLinks, path: NDArray[np.int32]) -> NDArray[np.int32]:
    """The paths without those over a link of no capacity, unless a session group has no others (Nothing is emptied)."""
    passable = np.where((path >= 0) & ~_blocked(links)[np.maximum(path, 0)], path, -1).astype(np.int32)
    return np.where((passable >= 0).any(axis=1, keepdims=True), passable, path)


def _blocked(links: ExtendedLinks) -> Flags:
    """[paths] over a link that carries nothing, whatever it costs."""
    shut = links.capacity_mbps == 0
    met = np.concatenate([[0], np.cumsum(shut[links.used])])
    return np.asarray(met[links.start[1:]] > met[links.start[:-1]])
