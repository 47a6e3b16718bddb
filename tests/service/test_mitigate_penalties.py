"""Penalties by hand: small numbers whose per cent anybody can work out."""

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.planners.mitigate import COMPARATORS, PRIORITY_1P_T, PRIORITY_AVG_T, PRIORITY_FCT, Linear
from fairlead.service.mitigate_penalties import PRIORITISED, Verdict, percent, standard_error, summary
from fairlead.service.mitigate_summary import FAMILIES, aims, by_family

BEST = np.array([0.2, 10.0, 80.0])


def verdict(method: str, incident: str, value: float | None, *, family: int = 1, acted: bool = True) -> Verdict:
    rows = None if value is None else dict.fromkeys((PRIORITISED, "fct_p99_s", "throughput_p1_mbps"), value)
    rows = None if rows is None else {**rows, "throughput_mean_mbps": -value}
    return Verdict(
        incident=incident,
        family=family,
        method=method,
        comparator="PriorityFCT",
        acted=acted,
        percent=rows,
        standard_error=0.0,
    )


def test_a_longer_fct_and_a_lower_throughput_are_worse() -> None:
    found = percent(np.array([0.3, 9.0, 88.0]), BEST, PRIORITY_FCT)
    assert found["fct_p99_s"] == pytest.approx(50)
    assert found["throughput_p1_mbps"] == pytest.approx(10)
    assert found["throughput_mean_mbps"] == pytest.approx(-10)


def test_the_prioritised_one_is_the_comparators_first_metric() -> None:
    seen = np.array([0.3, 9.0, 88.0])
    for judge, expected in ((PRIORITY_FCT, 50), (PRIORITY_1P_T, 10), (PRIORITY_AVG_T, -10)):
        assert percent(seen, BEST, judge)[PRIORITISED] == pytest.approx(expected)


def test_of_a_sum_it_is_the_sum() -> None:
    judge = Linear().against(BEST)  # healthy as the best: the best costs 3
    assert percent(np.array([0.4, 5.0, 40.0]), BEST, judge)[PRIORITISED] == pytest.approx(100)


@given(st.lists(st.floats(0.01, 100), min_size=3, max_size=3))
def test_the_best_has_no_penalty(values: list[float]) -> None:
    for judge in COMPARATORS:
        best = np.array(values)
        assert all(abs(each) < 1e-9 for each in percent(best, best, judge.against(best)).values())


def test_the_error_is_that_of_a_ratio_of_means() -> None:
    best = np.tile(BEST, (4, 1))
    seen = best.copy()
    seen[:, 0] = [0.2, 0.3, 0.4, 0.5]
    # a denominator that stands still: the error of a mean, in per cent of 0.2
    expected = 100 * np.std([0.2, 0.3, 0.4, 0.5], ddof=1) / 2 / 0.2
    assert standard_error(seen, best, PRIORITY_FCT) == pytest.approx(expected)
    assert standard_error(best, best, PRIORITY_FCT) == pytest.approx(0)
    assert math.isnan(standard_error(seen[:1], best[:1], PRIORITY_FCT))


def test_a_summary_counts_what_was_cut_off_and_leaves_it_out() -> None:
    rows = [verdict("m", "a", 2.0), verdict("m", "b", 6.0, acted=False), verdict("m", "c", None)]
    found = summary(rows, {"a"})
    assert found["partitioned_count"] == 1
    assert found["no_action_ratio"] == pytest.approx(1 / 3, abs=1e-3)
    assert found["penalty_percent"][PRIORITISED] == {"incidents_count": 2, "median": 4.0, "p90": 5.6, "max": 6.0}
    assert found["where_all_connect"]["max"] == 2.0
    json.dumps(found, allow_nan=False)


def test_where_one_rival_cuts_off_the_incident_is_not_connected() -> None:
    rows = [verdict("fairlead", "a", 1.0), verdict("corropt_50", "a", 5.0)]
    rows += [verdict("fairlead", "b", 3.0), verdict("corropt_50", "b", None)]
    found = by_family(rows)[FAMILIES[1]]["PriorityFCT"]
    assert found["fairlead"]["where_all_connect"] == {"incidents_count": 1, "median": 1.0, "p90": 1.0, "max": 1.0}
    assert found["fairlead"]["penalty_percent"][PRIORITISED]["max"] == 3.0
    assert found["corropt_50"]["in_paper"]


def test_a_rival_that_the_paper_leaves_out_does_not_count_towards_the_aims() -> None:
    rows = [verdict("fairlead", "a", 20.0, family=2), verdict("corropt_50", "a", 1.0, family=2)]
    rows.append(verdict("netpilot_80", "a", 38.0, family=2))
    found = aims(rows)[FAMILIES[2]]["PriorityFCT"]
    assert found["max_of_best_rival_percent"] == 38.0
    assert found["max_not_above_any_rival"]
    assert found["never_worse_than_every_rival"]
    assert not found["max_reached"]


def test_worse_than_every_rival_is_told() -> None:
    rows = [verdict("fairlead", "a", 20.0), verdict("corropt_50", "a", 1.0), verdict("playbook_50", "a", 2.0)]
    rows.append(verdict("no_action", "a", 0.0))
    found = aims(rows)[FAMILIES[1]]["PriorityFCT"]
    assert found["worse_than_every_rival_count"] == 1
    assert not found["never_worse_than_every_rival"]
