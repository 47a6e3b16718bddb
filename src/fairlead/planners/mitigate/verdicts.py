"""From what a race has sampled to the ranking: the order, and a verdict on each candidate beside the best."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fairlead.planners.mitigate.candidates import Candidate
from fairlead.planners.mitigate.certainty import demand_means, margins, means, plausible_means
from fairlead.planners.mitigate.comparators import Comparator, deciding, prefers, ranked, winners
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
    won = _win_ratios(race, racing, judge, rules)
    return Ranking(
        rows=tuple(
            _row(candidates[each - first], level[each], race, each, leader, judge, rules, won.get(each, 0.0))
            for each in order
        ),
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


def _win_ratios(race: Race, racing: list[int], judge: Comparator, rules: Rules) -> dict[int, float]:
    demands = demand_means(np.stack([race.values[each] for each in racing], axis=1), rules.demand_count)
    if len(demands) < 2:
        return dict.fromkeys(racing, math.nan)
    won = winners(judge.costs(plausible_means(demands, DRAWS, _chance(rules, race.sample_count))), judge.ties)
    share = np.bincount(won, minlength=len(racing)) / DRAWS
    return dict(zip(racing, share.tolist(), strict=True))


def _row(
    candidate: Candidate,
    level: Reals,
    race: Race,
    number: int,
    leader: int,
    judge: Comparator,
    rules: Rules,
    win_ratio: float,
) -> Ranked:
    count = len(race.values[number])
    pair = np.stack([race.values[number], race.values[leader][:count]], axis=1)
    demands = demand_means(pair, rules.demand_count)
    found = _BEST if number == leader else _beside_best(demands, judge, rules)
    return Ranked(
        candidate=candidate,
        metrics=level,
        margin=margins(demands[:, 0], rules.confidence),
        within_tie=found.decided_on < 0,
        indistinct=not found.ahead_ratio <= 1.0 - rules.confidence,  # NaN: nothing is known
        ahead_ratio=found.ahead_ratio,
        beaten_ratio=found.beaten_ratio,
        win_ratio=win_ratio,
        decided_on=found.decided_on,
        difference_ratio=found.difference_ratio,
        difference_margin=found.difference_margin,
        sample_count=count,
        cut_off_ratio=float(np.mean(race.cut_off[number])),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Verdict:
    """See the fields of Ranked."""

    decided_on: int
    ahead_ratio: float
    beaten_ratio: float
    difference_ratio: float
    difference_margin: float


_BEST = _Verdict(decided_on=-1, ahead_ratio=0.0, beaten_ratio=0.0, difference_ratio=0.0, difference_margin=0.0)


def _beside_best(demands: Reals, judge: Comparator, rules: Rules) -> _Verdict:
    """A candidate and the best on the samples that both had: [demands, 2, metrics]."""
    costs = judge.costs(means(demands))
    decided_on = deciding(costs[0], costs[1], judge.ties)
    on = max(0, decided_on)
    difference = _relative(float(costs[0, on]), float(costs[1, on]))
    if len(demands) < 2:
        return _Verdict(
            decided_on=decided_on,
            ahead_ratio=math.nan,
            beaten_ratio=math.nan,
            difference_ratio=difference,
            difference_margin=math.nan,
        )
    drawn = judge.costs(plausible_means(demands, DRAWS, _chance(rules, len(demands))))
    verdict = prefers(drawn[:, 0], drawn[:, 1], judge.ties)
    lead = winners(drawn[:, ::-1], judge.ties) == 1  # the best stands first, so it keeps what is the same
    return _Verdict(
        decided_on=decided_on,
        ahead_ratio=float(lead.mean()),
        beaten_ratio=float((verdict < 0).mean()),
        difference_ratio=difference,
        difference_margin=_spread(drawn[:, 0, on], drawn[:, 1, on], rules.confidence),
    )


def _spread(cost: Reals, best: Reals, confidence: float) -> float:
    """Half the width of the interval of how much more one costs than the other."""
    known = np.isfinite(cost) & np.isfinite(best) & (best > 0)
    if not known.any():
        return math.nan
    low, high = np.quantile(cost[known] / best[known], [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(high - low) / 2


def _relative(cost: float, best: float) -> float:
    if cost == best:
        return 0.0
    return cost / best - 1.0 if best > 0 and math.isfinite(best) else math.nan


def _chance(rules: Rules, count: int) -> np.random.Generator:
    return np.random.default_rng([rules.seed, count])
