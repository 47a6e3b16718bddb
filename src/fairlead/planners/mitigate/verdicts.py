"""From what a race has sampled to the ranking: the order, and a verdict on each candidate beside the best."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fairlead.planners.mitigate.candidates import Candidate
from fairlead.planners.mitigate.certainty import demand_means, margins, means, plausible_means
from fairlead.planners.mitigate.comparators import Comparator, ranked, sieved, winners
from fairlead.planners.mitigate.race import DRAWS, Entrants, Race, Rules
from fairlead.planners.mitigate.ranking import Ranked, Ranking

Reals = NDArray[np.float64]


def ranking(
    candidates: tuple[Candidate, ...], entrants: Entrants, race: Race, comparator: Comparator, rules: Rules
) -> Ranking:
    """The ranking that a race gives; ``candidates`` are its entrants from ``entrants.first`` on, in order of
    how little they change.

    Who dropped out early has fewer samples. Its metrics are those, moved by as much as the winner's moved since: the
    samples are paired, so the difference is what was measured.
    """
    demand_count, first = rules.demand_count, entrants.first
    own = [means(demand_means(each, demand_count)) for each in race.values]
    judge = comparator.against(own[entrants.healthy])
    racing = [first + each for each in range(len(candidates)) if race.racing[first + each]]
    keys = {first + place: each.key for place, each in enumerate(candidates)}
    leader = _order(racing, own, judge, keys)[0]
    level = [_level(own[each], race, each, leader, demand_count) for each in range(len(own))]
    order = [leader, *_order([each for each in keys if each != leader], level, judge, keys)]
    verdicts = _verdicts(np.stack([level[each] for each in order]), judge)
    chances = _chances(race, racing, judge, rules)
    rows = []
    for place, number in enumerate(order):
        verdict = verdicts[place]
        beside = order[verdict.beside]
        rows.append(
            Ranked(
                candidate=candidates[number - first],
                metrics=level[number],
                margin=margins(demand_means(race.values[number], demand_count), rules.confidence),
                within_tie=verdict.decided_on < 0,
                indistinct=number != leader and not chances.ahead(number, leader) <= 1.0 - rules.confidence,
                ahead_ratio=chances.ahead(number, leader),
                beaten_ratio=chances.beaten.get(number, 1.0),
                win_ratio=chances.won.get(number, 0.0),
                decided_on=verdict.decided_on,
                beside=candidates[beside - first].name,
                difference_ratio=verdict.difference_ratio,
                difference_margin=_spread(race, number, beside, max(0, verdict.decided_on), judge, rules),
                sample_count=len(race.values[number]),
                cut_off_ratio=float(np.mean(race.cut_off[number])),
            )
        )
    return Ranking(
        rows=tuple(rows),
        before=level[entrants.before],
        healthy=own[entrants.healthy],
        judge=judge,
        confidence=rules.confidence,
        decided=race.decided,
        interrupted=race.interrupted,
        sample_count=race.sample_count,
        spared_ratio=1.0 - race.estimated_count / (rules.sample_count * len(entrants.states)),
    )


def _order(numbers: list[int], values: list[Reals], judge: Comparator, keys: dict[int, tuple[int, str]]) -> list[int]:
    """These states, best first."""
    if not numbers:
        return []
    costs = judge.costs(np.stack([values[each] for each in numbers]))
    return [numbers[each] for each in ranked(costs, judge.ties, [keys[each] for each in numbers])]


def _level(own: Reals, race: Race, number: int, leader: int, demand_count: int) -> Reals:
    """[3] the metrics as they would stand with as many samples as the leader had."""
    count, values = len(race.values[number]), race.values[leader]
    if count == len(values):
        return own
    moved = means(demand_means(values, demand_count)) - means(demand_means(values[:count], demand_count))
    return np.where(np.isfinite(moved), own + moved, own)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Verdict:
    """See the fields of Ranked; ``beside`` is a place in the order."""

    decided_on: int
    beside: int
    difference_ratio: float


def _verdicts(values: Reals, judge: Comparator) -> list[_Verdict]:
    """What the comparator's rule does to each of the candidates: ``values`` [candidates, metrics], best first."""
    costs = judge.costs(values)
    sieve = sieved(costs, judge.ties)
    found = []
    for place, (on, beside) in enumerate(zip(sieve.fallen_on.tolist(), sieve.yardstick.tolist(), strict=True)):
        criterion = max(0, on)
        difference = _relative(float(costs[place, criterion]), float(costs[beside, criterion]))
        found.append(_Verdict(decided_on=on, beside=beside, difference_ratio=difference))
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class _Chances:
    """Of those who raced to the end, by number: chance to win, and not to tie with the winner. NaN: not known."""

    won: dict[int, float]
    beaten: dict[int, float]

    def ahead(self, number: int, leader: int) -> float:
        """Of the chance that either wins, the part of this one; 0 for the leader itself."""
        if number == leader:
            return 0.0
        own, other = self.won.get(number, 0.0), self.won[leader]
        return own / (own + other) if own + other > 0 else math.nan


def _chances(race: Race, racing: list[int], judge: Comparator, rules: Rules) -> _Chances:
    demands = demand_means(np.stack([race.values[each] for each in racing], axis=1), rules.demand_count)
    if len(demands) < 2:
        unknown = dict.fromkeys(racing, math.nan)
        return _Chances(won=unknown, beaten=unknown)
    chance = np.random.default_rng([rules.seed, race.sample_count])
    costs = judge.costs(plausible_means(demands, DRAWS, chance))
    won = np.bincount(winners(costs, judge.ties), minlength=len(racing)) / DRAWS
    beaten = 1.0 - sieved(costs, judge.ties).kept.mean(axis=0)
    return _Chances(
        won=dict(zip(racing, won.tolist(), strict=True)), beaten=dict(zip(racing, beaten.tolist(), strict=True))
    )


def _spread(race: Race, number: int, beside: int, criterion: int, judge: Comparator, rules: Rules) -> float:
    """Half the width of the interval of how much more one costs than the other, on the samples that both had."""
    if number == beside:
        return 0.0
    count = min(len(race.values[number]), len(race.values[beside]))
    demands = demand_means(
        np.stack([race.values[each][:count] for each in (number, beside)], axis=1), rules.demand_count
    )
    if len(demands) < 2:
        return math.nan
    drawn = judge.costs(plausible_means(demands, DRAWS, np.random.default_rng([rules.seed, count])))[..., criterion]
    known = np.isfinite(drawn).all(axis=1) & (drawn[:, 1] > 0)
    if not known.any():
        return math.nan
    edges = [(1 - rules.confidence) / 2, (1 + rules.confidence) / 2]
    low, high = np.quantile(drawn[known, 0] / drawn[known, 1], edges)
    return float(high - low) / 2


def _relative(cost: float, best: float) -> float:
    if cost == best:
        return 0.0
    return cost / best - 1.0 if best > 0 and math.isfinite(best) else math.nan
