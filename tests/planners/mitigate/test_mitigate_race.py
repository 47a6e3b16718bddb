"""A race ends early where that is safe, drops only who cannot matter, and finds the winner of the full computation."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
import pytest
from fabrics_for_mitigate import ByTable, figure_1, with_faults
from hypothesis import given, settings
from hypothesis import strategies as st

from fairlead.model import Snapshot
from fairlead.planners.mitigate.certainty import demand_means, means
from fairlead.planners.mitigate.comparators import PRIORITY_AVG_T, PRIORITY_FCT, Comparator, Linear, winners
from fairlead.planners.mitigate.race import FIRST_SAMPLES, Entrants, Race, Rules, batches, run
from fairlead.predict.flows.clp import Clp

STATES = tuple(with_faults(figure_1(), lossy={"C0-B0": 0.001 * (1 + each)}) for each in range(6))
PLACE = {state.basis: place for place, state in enumerate(STATES)}


def entrants(count: int = 6, kept: Sequence[int] = (0,)) -> Entrants:
    competes, stays = np.ones(count, np.bool_), np.zeros(count, np.bool_)
    competes[0] = False
    stays[list(kept)] = True
    return Entrants(states=STATES[:count], competes=competes, kept=stays, healthy=0, before=1, first=1)


def rules(**other: object) -> Rules:
    given: dict[str, object] = {
        "demand_count": 8,
        "confidence": 0.95,
        "sample_count": 64,
        "seed": 0,
        "expired": lambda: False,
        **other,
    }
    return Rules(**given)  # type: ignore[arg-type]  # the fields of Rules


def told(table: list[tuple[float, float, float]], **other: float) -> ByTable:
    return ByTable(told=lambda state: table[PLACE[state.basis]], **other)  # type: ignore[arg-type]  # its fields


def winner(race: Race, who: Entrants, judge: Comparator, demand_count: int) -> int:
    numbers = np.flatnonzero(race.racing & who.competes)
    values = np.stack([means(demand_means(race.values[each], demand_count)) for each in numbers])
    judge = judge.against(means(demand_means(race.values[0], demand_count)))
    return int(numbers[int(winners(judge.costs(values), judge.ties))])


@pytest.mark.parametrize(
    ("samples", "demands", "expected"),
    [
        (64, 8, [8, 16, 32, 64]),
        (64, 1, [8, 16, 32, 64]),
        (100, 32, [8, 16, 32, 64, 100]),
        (50, 12, [8, 24, 48, 50]),
        (40, 5, [10, 20, 40]),
        (3, 8, [3]),
        (8, 8, [8]),
        (0, 8, [1]),
    ],
)
def test_looks_are_at_whole_rounds_over_the_demands(samples: int, demands: int, expected: list[int]) -> None:
    assert batches(samples, demands) == expected
    assert FIRST_SAMPLES == 8


def test_a_clear_winner_ends_the_race_at_the_first_look() -> None:
    estimate = told(
        [(0.1, 20.0, 90.0), (1.0, 5.0, 50.0), (0.2, 15.0, 80.0), (2.0, 3.0, 30.0), (3.0, 2.0, 20.0), (4.0, 1.0, 10.0)]
    )
    race = run(estimate, entrants(), PRIORITY_FCT, rules())
    assert race.decided
    assert race.sample_count == 8
    assert race.racing.tolist() == [True, False, True, False, False, False]
    assert estimate.calls == [(6, 8)]


def test_who_is_kept_is_sampled_to_the_end() -> None:
    estimate = told([(0.1, 20.0, 90.0), (1.0, 5.0, 50.0), (0.2, 15.0, 80.0), (0.2, 15.0, 80.0)], own=1.5)
    race = run(estimate, entrants(4, kept=(0, 1)), PRIORITY_FCT, rules())
    assert [len(each) for each in race.values][:3] == [race.sample_count] * 3
    assert race.sample_count > 8


def test_doubt_is_sampled_to_the_end_of_the_budget() -> None:
    estimate = told([(0.1, 20.0, 90.0), (0.20, 10.0, 50.0), (0.21, 15.0, 50.0)], own=1.5)
    race = run(estimate, entrants(3), PRIORITY_FCT, rules())
    assert not race.decided
    assert race.sample_count == 64
    assert sum(samples for _, samples in estimate.calls) == 64


def test_equal_candidates_are_decided_because_it_does_not_matter() -> None:
    estimate = told([(0.1, 20.0, 90.0), *[(0.2, 10.0, 50.0)] * 3])
    race = run(estimate, entrants(4), PRIORITY_FCT, rules())
    assert race.decided
    assert race.racing.all()


def test_the_clock_stops_it_between_batches_never_before_the_first() -> None:
    ticks = itertools.count()
    estimate = told([(0.1, 20.0, 90.0), (0.20, 10.0, 50.0), (0.21, 15.0, 50.0)], own=1.5)
    race = run(estimate, entrants(3), PRIORITY_FCT, rules(expired=lambda: next(ticks) >= 1))
    assert race.interrupted
    assert race.sample_count == 16
    at_once = run(estimate, entrants(3), PRIORITY_FCT, rules(expired=lambda: True))
    assert at_once.sample_count == 8
    assert at_once.interrupted


def test_the_anchor_of_a_tie_is_not_dropped() -> None:
    """A is best on FCT; B ties with it and wins on throughput; C ties with B, not with A, and would beat B.

    A loses for sure, yet while it is there C is out: dropping A for its defeat would make C win.
    """
    a, b, c = (1.00, 10.0, 10.0), (1.08, 20.0, 10.0), (1.17, 40.0, 10.0)
    estimate = told([(0.1, 20.0, 90.0), a, b, c], noise=0.05)
    race = run(estimate, entrants(4), PRIORITY_FCT, rules(confidence=0.9))
    assert race.racing[1]
    assert not race.racing[3]
    assert winner(race, entrants(4), PRIORITY_FCT, 8) == 2


def test_one_sample_decides_nothing() -> None:
    estimate = told([(0.1, 20.0, 90.0), (1.0, 10.0, 50.0), (9.0, 1.0, 5.0)])
    race = run(estimate, entrants(3), PRIORITY_FCT, rules(sample_count=1))
    assert not race.decided
    assert race.racing.all()


def test_a_single_candidate_is_decided_at_once() -> None:
    race = run(told([(0.1, 20.0, 90.0), (1.0, 10.0, 50.0)]), entrants(2), PRIORITY_FCT, rules())
    assert race.decided
    assert race.sample_count == 8


def test_whoever_cuts_flows_off_is_out() -> None:
    estimate = told([(0.1, 20.0, 90.0), (np.inf, 10.0, 50.0), (1.0, 1.0, 1.0)])
    race = run(estimate, entrants(3), PRIORITY_FCT, rules())
    assert race.decided
    assert race.racing.tolist() == [True, False, True]


METRIC = st.sampled_from([1.0, 1.05, 1.15, 1.3, 2.0, 4.0])


@settings(max_examples=40)
@given(
    table=st.lists(st.tuples(METRIC, METRIC, METRIC), min_size=3, max_size=6),
    judge=st.sampled_from([PRIORITY_FCT, PRIORITY_AVG_T, Linear()]),
    own=st.sampled_from([0.0, 0.02, 0.2]),
)
def test_racing_finds_what_sampling_everything_finds(
    table: list[tuple[float, float, float]], judge: Comparator, own: float
) -> None:
    who = entrants(len(table))
    race = run(told(table, own=own), who, judge, rules(sample_count=32))
    full = full_race(told(table, own=own), who, 32)
    mine, theirs = winner(race, who, judge, 8), winner(full, who, judge, 8)
    values = [means(demand_means(full.values[each], 8)) for each in range(len(table))]
    known = judge.against(values[0])
    costs = known.costs(np.stack([values[mine], values[theirs]]))
    # stopped early or not: nothing that full sampling finds is better on the first criterion by more than a tie
    # twice over (that of the rule, and that of the noise between 8 samples and 32)
    assert costs[0, 0] <= costs[1, 0] * known.ties[0] * (1 + own)
    if race.sample_count == 32:
        assert mine == theirs


def full_race(estimate: ByTable, who: Entrants, count: int) -> Race:
    found: list[Clp] = estimate(list(who.states), range(count))
    return Race(
        values=[each.values for each in found],
        cut_off=[each.cut_off_ratio for each in found],
        racing=np.ones(len(found), np.bool_),
        sample_count=count,
    )


def test_states_are_asked_for_in_one_call_and_samples_once() -> None:
    asked: list[tuple[list[str], range]] = []

    def recording(states: Sequence[Snapshot], samples: range) -> list[Clp]:
        asked.append(([state.basis for state in states], samples))
        return told([(0.1, 20.0, 90.0), (0.20, 10.0, 50.0), (0.21, 15.0, 50.0)], own=1.5)(states, samples)

    run(recording, entrants(3), PRIORITY_FCT, rules())
    assert [each.start for _, each in asked] == [0, 8, 16, 32]
    assert [each.stop for _, each in asked] == [8, 16, 32, 64]
    assert all(names == [state.basis for state in STATES[:3]] for names, _ in asked)
