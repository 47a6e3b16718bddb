"""Candidates race over the same samples: whoever is hopeless stops early, and all stop when the best is certain.

Departs: the paper spends the same samples on every candidate. Samples are paired (common random numbers), so a
difference is certain long before the values are, and most candidates are out after a few demands.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fairlead.model import Snapshot
from fairlead.planners.mitigate.certainty import demand_means, means, plausible_means
from fairlead.planners.mitigate.comparators import Comparator, sieved, winners
from fairlead.predict.flows.clp import CLP_METRICS, Estimate

Reals = NDArray[np.float64]
Flags = NDArray[np.bool_]

FIRST_SAMPLES = 8
"""Nothing is decided on fewer."""

DRAWS = 4_000
"""Plausible truths that are looked at to say how sure a ranking is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """How a race is run.

    demand_count : sample i has demand ``i % demand_count``, as the estimator was made
    confidence   : how sure to be that the winner ties at least with whoever is best
    sample_count : samples of each state, at most
    seed         : of the chance in :func:`plausible_means`
    expired      : whether the wall clock has run out
    """

    demand_count: int
    confidence: float
    sample_count: int
    seed: int
    expired: Callable[[], bool]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Entrants:
    """Who is sampled.

    states   : the networks to be estimated
    competes : [states] may win; the others are yardsticks
    kept     : [states] sampled to the end whatever happens: yardsticks, and what is in place
    healthy  : number of the state without failures
    before   : number of the state as it is
    first    : number of the first candidate; they follow each other
    """

    states: tuple[Snapshot, ...]
    competes: Flags
    kept: Flags
    healthy: int
    before: int
    first: int


@dataclass(slots=True, kw_only=True, eq=False)
class Race:
    """What has been sampled so far.

    values, cut_off : of each state, [samples, metrics] and [samples]
    racing          : [states] still sampled
    sample_count    : samples of the states that are still racing
    decided         : the winner is certain up to ties
    interrupted     : the wall clock ended it
    """

    values: list[Reals]
    cut_off: list[Reals]
    racing: Flags
    sample_count: int = 0
    decided: bool = False
    interrupted: bool = False

    @property
    def estimated_count(self) -> int:
        """Samples that were estimated, over all states."""
        return sum(len(each) for each in self.values)


def run(estimate: Estimate, entrants: Entrants, comparator: Comparator, rules: Rules) -> Race:
    """Samples in growing batches until the winner among those who compete is certain, or the samples are spent.

    The chance of a wrong verdict is shared out over looks and rivals (Bonferroni), so all of them hold together.
    """
    count = len(entrants.states)
    race = Race(
        values=[np.empty((0, len(CLP_METRICS))) for _ in range(count)],
        cut_off=[np.empty(0) for _ in range(count)],
        racing=np.ones(count, np.bool_),
    )
    ends = batches(rules.sample_count, rules.demand_count)
    for end in ends:
        if race.sample_count and rules.expired():
            race.interrupted = True
            break
        _sample(race, entrants, estimate, end)
        race.decided = _judge(race, entrants, comparator, rules, (1.0 - rules.confidence) / len(ends))
        if race.decided:
            break
    return race


def batches(sample_count: int, demand_count: int) -> list[int]:
    """Sample counts at which to look: doubling, whole rounds over the demands once there is one, and the last one."""
    found, size = [], FIRST_SAMPLES
    if 1 < demand_count < FIRST_SAMPLES:
        size = -(-FIRST_SAMPLES // demand_count) * demand_count
    while size < sample_count:
        found.append(size)
        size *= 2
        if 1 < demand_count < size:
            size = -(-size // demand_count) * demand_count
    return [*found, max(1, sample_count)]


def _sample(race: Race, entrants: Entrants, estimate: Estimate, end: int) -> None:
    numbers = np.flatnonzero(race.racing).tolist()
    found = estimate([entrants.states[each] for each in numbers], range(race.sample_count, end))
    assert len(found) == len(numbers), "one distribution a state"
    for number, clp in zip(numbers, found, strict=True):
        race.values[number] = np.concatenate([race.values[number], clp.values])
        race.cut_off[number] = np.concatenate([race.cut_off[number], clp.cut_off_ratio])
    race.sample_count = end


def _judge(race: Race, entrants: Entrants, comparator: Comparator, rules: Rules, doubt: float) -> bool:
    """Drops who is out, and says whether the winner is certain: kept by the sieve, so that none is surely better."""
    numbers = np.flatnonzero(race.racing & entrants.competes)
    if len(numbers) == 1:
        return True
    demands = demand_means(np.stack([race.values[each] for each in numbers], axis=1), rules.demand_count)
    if len(demands) < 2:
        return False
    judge = comparator.against(means(demand_means(race.values[entrants.healthy], rules.demand_count)))
    leader = int(winners(judge.costs(means(demands)), judge.ties))
    chance = np.random.default_rng([rules.seed, race.sample_count])
    sieve = sieved(judge.costs(plausible_means(demands, DRAWS, chance)), judge.ties)
    # Out is only who is no rival on the first criterion: such a one can neither win nor decide who ties with whom
    # among the others, so the winner of the rest is the winner of all.
    out = (sieve.fallen_on == 0).mean(axis=0) >= 1.0 - doubt / max(1, len(numbers) - 1)
    out[leader] = False
    race.racing[numbers[out]] = False
    race.racing |= entrants.kept
    return bool(sieve.kept[:, leader].mean() >= 1.0 - doubt)
