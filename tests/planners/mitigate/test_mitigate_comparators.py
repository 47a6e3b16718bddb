"""Comparators against their definition in plain Python; the order does not depend on the order of the input."""

from __future__ import annotations

import math
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.planners.mitigate.comparators import (
    COMPARATORS,
    PRIORITY_1P_T,
    PRIORITY_AVG_T,
    PRIORITY_FCT,
    SAME_RATIO,
    Linear,
    Priority,
    beats,
    ranked,
    sieved,
    winners,
)
from fairlead.predict.flows.clp import CLP_METRICS, LOWER_IS_BETTER

VALUE = st.one_of(st.sampled_from([0.0, 1.0, 1.05, 1.1, 1.2, math.inf, math.nan]), st.floats(0.5, 2.0))
FIELD = st.lists(st.tuples(VALUE, VALUE, VALUE), min_size=1, max_size=6)


def worth(value: float, metric: str) -> float:
    """Higher is better; absent is worst."""
    if math.isnan(value):
        return -math.inf
    return -value if LOWER_IS_BETTER[CLP_METRICS.index(metric)] else value


def ties(value: float, best: float, metric: str, share: float) -> bool:
    """Within a share of the best, as the paper says it: on the metric itself."""
    if worth(value, metric) == worth(best, metric):
        return True
    if math.isnan(value) or math.isinf(value):
        return False
    lower = LOWER_IS_BETTER[CLP_METRICS.index(metric)]
    if share == SAME_RATIO and not lower:  # the last sieve is one of costs
        return value > 0 and 1 / value <= (1 / best) * (1 + share) * (1 + 1e-9)
    if not lower and value <= 0:
        return False
    return value <= best * (1 + share) * (1 + 1e-9) if lower else value >= best * (1 - share) * (1 - 1e-9)


def first_by_definition(field: list[tuple[float, float, float]], order: tuple[str, ...]) -> int:
    left = list(range(len(field)))
    for share in (0.1, SAME_RATIO):
        for metric in order:
            place = CLP_METRICS.index(metric)
            best = max((field[each][place] for each in left), key=lambda value: worth(value, metric))
            left = [each for each in left if ties(field[each][place], best, metric, share)]
    return left[0]


@given(FIELD, st.sampled_from([PRIORITY_FCT, PRIORITY_AVG_T, PRIORITY_1P_T]))
def test_the_winner_is_that_of_the_definition(field: list[tuple[float, float, float]], judge: Priority) -> None:
    # a throughput of 0 and one that is absent cost the same: infinitely much
    cleaned = [tuple(0.0 if math.isnan(v) and i else v for i, v in enumerate(row)) for row in field]
    cleaned = [(math.inf if math.isnan(row[0]) else row[0], row[1], row[2]) for row in cleaned]
    costs = judge.costs(np.array(field))
    assert int(winners(costs, judge.ties)) == first_by_definition(cleaned, judge.order)  # type: ignore[arg-type]  # rows of three


@given(FIELD, st.sampled_from(COMPARATORS), st.randoms(use_true_random=False))
def test_the_order_of_the_input_does_not_matter(
    field: list[tuple[float, float, float]], judge: object, luck: object
) -> None:
    names = [(each % 2, f"c{each}") for each in range(len(field))]
    costs = judge.costs(np.array(field))  # type: ignore[attr-defined]  # one of COMPARATORS
    order = [names[each] for each in ranked(costs, judge.ties, names)]  # type: ignore[attr-defined]
    shuffled = list(range(len(field)))
    luck.shuffle(shuffled)  # type: ignore[attr-defined]  # a Random
    other = ranked(costs[shuffled], judge.ties, [names[each] for each in shuffled])  # type: ignore[attr-defined]
    assert [names[shuffled[each]] for each in other] == order
    assert sorted(order) == sorted(names)


def test_a_chain_of_ties_leads_nowhere() -> None:
    """1.00, 1.08 and 1.16 s: the last would win on throughput against its neighbour, but does not tie with the best."""
    field = np.array([[1.00, 10.0, 10.0], [1.08, 12.0, 10.0], [1.16, 14.0, 10.0]])
    judge = PRIORITY_FCT
    costs = judge.costs(field)
    assert beats(costs[2], costs[1], judge.ties)
    assert beats(costs[1], costs[0], judge.ties)
    assert beats(costs[0], costs[2], judge.ties)  # a cycle, pair by pair
    for order in permutations(range(3)):
        found = ranked(costs[list(order)], judge.ties, [(0, str(each)) for each in order])
        assert [order[each] for each in found] == [1, 0, 2]  # the others do not tie with each other


@pytest.mark.parametrize(
    ("judge", "first"),
    [(PRIORITY_FCT, 0), (PRIORITY_AVG_T, 1), (PRIORITY_1P_T, 2)],
    ids=lambda each: getattr(each, "name", each),
)
def test_each_looks_at_its_own_metric_first(judge: Priority, first: int) -> None:
    field = np.array([[1.0, 10.0, 10.0], [2.0, 10.0, 20.0], [2.0, 20.0, 10.0]])
    assert int(winners(judge.costs(field), judge.ties)) == first
    assert judge.criteria[0] == CLP_METRICS[(0, 2, 1)[first]]


def test_ten_percent_of_a_throughput_is_of_the_higher_one() -> None:
    judge = PRIORITY_AVG_T
    at, below = (judge.costs(np.array([[1.0, 1.0, 100.0], [1.0, 1.0, low]])) for low in (90.0, 89.9))
    assert not beats(at[0], at[1], judge.ties)
    assert beats(below[0], below[1], judge.ties)
    assert not beats(below[1], below[0], judge.ties)


def test_among_those_tied_on_everything_less_change_wins_only_below_one_percent() -> None:
    judge = PRIORITY_FCT
    same = judge.costs(np.array([[1.009, 10.0, 10.0], [1.0, 10.0, 10.0]]))
    apart = judge.costs(np.array([[1.011, 10.0, 10.0], [1.0, 10.0, 10.0]]))
    assert ranked(same, judge.ties, [(0, "none"), (2, "disable")]) == [0, 1]
    assert ranked(apart, judge.ties, [(0, "none"), (2, "disable")]) == [1, 0]


def test_absent_is_worse_than_anything_and_ties_with_itself() -> None:
    judge = PRIORITY_FCT
    costs = judge.costs(np.array([[math.nan, 1.0, 1.0], [9.0, 1.0, 1.0]]))
    assert int(winners(costs, judge.ties)) == 1
    all_absent = judge.costs(np.array([[math.nan, 1.0, 1.0], [math.nan, 2.0, 1.0]]))
    assert int(winners(all_absent, judge.ties)) == 1


def test_linear_is_the_weighted_sum_in_units_of_health() -> None:
    judge = Linear(weights=(1.0, 2.0, 3.0)).against(np.array([0.1, 20.0, 200.0]))
    costs = judge.costs(np.array([[0.2, 10.0, 50.0]]))
    assert costs.tolist() == [[pytest.approx(1 * 2.0 + 2 * 2.0 + 3 * 4.0)]]
    assert Linear(weights=(0.0, 1.0, 0.0)).costs(np.array([math.nan, 2.0, math.nan])).tolist() == [0.5]


def test_linear_takes_the_least_sum_even_inside_ten_percent() -> None:
    judge = Linear()
    costs = judge.costs(np.array([[1.0, 1.0, 1.0], [0.94, 1.0, 1.0]]))
    assert int(winners(costs, judge.ties)) == 1
    assert not beats(costs[1], costs[0], judge.ties)
    assert judge.against(np.array([math.nan, 1.0, 1.0])).costs(np.array([2.0, 1.0, 1.0])).tolist() == [4.0]


def test_priorities_do_not_ask_for_health() -> None:
    assert PRIORITY_FCT.against(np.ones(3)) is PRIORITY_FCT


def test_the_sieve_tells_where_each_fell_and_beside_whom() -> None:
    """The best mean keeps one out that the winner would lose to, were the two alone."""
    field = np.array([[9.0, 1.0, 111.0], [5.0, 1.0, 100.0], [1.0, 1.0, 94.0]])
    judge = PRIORITY_AVG_T
    found = sieved(judge.costs(field), judge.ties)
    assert found.kept.tolist() == [False, True, False]
    assert found.fallen_on.tolist() == [1, -1, 0]
    assert found.yardstick.tolist() == [1, 0, 0]
    assert beats(judge.costs(field[2]), judge.costs(field[1]), judge.ties)


@given(FIELD, st.sampled_from(COMPARATORS))
def test_a_batch_is_its_rows(field: list[tuple[float, float, float]], judge: object) -> None:
    costs = judge.costs(np.array([field, field[::-1]]))  # type: ignore[attr-defined]  # one of COMPARATORS
    both, ties = sieved(costs, judge.ties), judge.ties  # type: ignore[attr-defined]
    for place in range(2):
        alone = sieved(costs[place], ties)
        assert alone.kept.any()
        for part in ("kept", "fallen_on", "yardstick"):
            assert getattr(both, part)[place].tolist() == getattr(alone, part).tolist()
    assert winners(costs, ties).tolist() == [int(winners(each, ties)) for each in costs]
    assert both.kept[np.arange(2), winners(costs, ties)].all()
