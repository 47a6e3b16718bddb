"""The order, the verdict beside the best, and what is printed."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence

import numpy as np
import pytest
from fabrics_for_mitigate import ByTable, figure_1, with_faults

from fairlead.model import Snapshot
from fairlead.planners.mitigate.candidates import Candidate
from fairlead.planners.mitigate.comparators import PRIORITY_FCT, Comparator, Linear
from fairlead.planners.mitigate.race import Entrants, Rules, run
from fairlead.planners.mitigate.ranking import Ranking, ranking_as_json
from fairlead.planners.mitigate.verdicts import ranking
from fairlead.predict.flows.clp import CLP_METRICS, Clp, Estimate

STATES = tuple(with_faults(figure_1(), lossy={"C0-B0": 0.001 * (1 + each)}) for each in range(6))
PLACE = {state.basis: place for place, state in enumerate(STATES)}
HEALTHY = (0.1, 20.0, 90.0)


def ranked(
    estimate: Estimate, count: int, *, comparator: Comparator = PRIORITY_FCT, samples: int = 64, demands: int = 8
) -> Ranking:
    rules = Rules(demand_count=demands, confidence=0.95, sample_count=samples, seed=0, expired=lambda: False)
    competes = np.ones(count + 1, np.bool_)
    competes[0] = False
    who = Entrants(states=STATES[: count + 1], competes=competes, kept=~competes, healthy=0, before=1, first=1)
    candidates = tuple(Candidate(name=f"c{each}", edits=(), state=STATES[each + 1]) for each in range(count))
    return ranking(candidates, who, run(estimate, who, comparator, rules), comparator, rules)


def told(*table: tuple[float, float, float], **other: float) -> ByTable:
    everyone = [HEALTHY, *table]
    return ByTable(told=lambda state: everyone[PLACE[state.basis]], **other)  # type: ignore[arg-type]  # its fields


def names(found: Ranking) -> list[str]:
    return [row.candidate.name for row in found.rows]


def test_best_first_and_the_yardsticks() -> None:
    found = ranked(told((2.0, 5.0, 50.0), (1.0, 10.0, 60.0), (3.0, 1.0, 1.0), noise=0.0), 3)
    assert names(found) == ["c1", "c0", "c2"]
    assert found.best.metrics.tolist() == pytest.approx([1.0, 10.0, 60.0])
    assert found.before.tolist() == pytest.approx([2.0, 5.0, 50.0])
    assert found.healthy.tolist() == pytest.approx(list(HEALTHY))
    assert found.decided
    assert found.spared_ratio == pytest.approx(1 - 8 / 64)


def test_the_best_ties_with_itself() -> None:
    best = ranked(told((1.0, 10.0, 60.0), (2.0, 5.0, 50.0)), 2).best
    assert best.tied_with_best
    assert best.within_tie
    assert not best.indistinct
    assert best.win_ratio == 1.0


def test_worse_for_sure() -> None:
    row = ranked(told((1.0, 10.0, 60.0), (2.0, 5.0, 50.0)), 2).rows[1]
    assert not row.tied_with_best
    assert row.decided_on == 0
    assert row.difference_ratio == pytest.approx(1.0)
    assert row.ahead_ratio == 0.0
    assert row.beaten_ratio == 1.0
    assert row.win_ratio == 0.0


def test_within_ten_percent_on_everything_yet_told_apart() -> None:
    row = ranked(told((1.0, 10.0, 60.0), (1.05, 9.8, 59.0)), 2).rows[1]
    assert row.within_tie
    assert not row.indistinct
    assert row.tied_with_best
    assert row.decided_on == -1
    assert row.difference_ratio == pytest.approx(0.05)


def test_not_within_ten_percent_yet_not_told_apart() -> None:
    row = ranked(told((1.0, 10.0, 60.0), (1.2, 10.0, 60.0), own=1.0), 2).rows[1]
    assert not row.within_tie
    assert row.indistinct
    assert row.tied_with_best
    assert 0.05 < row.ahead_ratio < 0.95
    assert row.difference_margin > 0.2


def test_the_second_metric_decides_inside_a_tie() -> None:
    found = ranked(told((1.0, 10.0, 60.0), (1.05, 20.0, 60.0)), 2)
    assert names(found) == ["c1", "c0"]
    assert found.rows[1].decided_on == 1
    assert found.rows[1].beside == "c1"
    assert found.rows[1].difference_ratio == pytest.approx(1.0)
    assert not found.rows[1].tied_with_best


def test_who_fell_beside_a_third_is_told_so() -> None:
    """c0 keeps c2 out on the first metric, though c2 beats the winner when the two are alone."""
    found = ranked(told((1.0, 10.0, 60.0), (1.08, 12.0, 60.0), (1.16, 14.0, 60.0)), 3)
    third = next(row for row in found.rows if row.candidate.name == "c2")
    assert names(found)[0] == "c1"
    assert third.decided_on == 0
    assert third.beside == "c0"
    assert third.difference_ratio == pytest.approx(0.16)
    assert not third.tied_with_best


def test_a_single_sample_knows_nothing() -> None:
    found = ranked(told((1.0, 10.0, 60.0), (5.0, 5.0, 50.0)), 2, samples=1)
    assert names(found) == ["c0", "c1"]
    assert found.rows[1].indistinct
    assert math.isnan(found.rows[1].win_ratio)
    assert math.isnan(found.rows[0].margin[0])
    assert not found.decided


def test_many_routings_of_one_demand_each_count() -> None:
    found = ranked(told((1.0, 10.0, 60.0), (5.0, 5.0, 50.0), own=0.05), 2, demands=1)
    assert found.decided
    assert not found.rows[1].tied_with_best


def test_intervals_are_of_demands_not_of_samples() -> None:
    of_few = ranked(told((1.0, 10.0, 60.0), noise=0.3, demand_count=2), 1, samples=64, demands=2)
    of_many = ranked(told((1.0, 10.0, 60.0), noise=0.3, demand_count=2), 1, samples=64, demands=64)
    assert of_few.best.margin[0] > 3 * of_many.best.margin[0]


def test_paired_samples_tell_apart_what_varies_together() -> None:
    """Demands vary by 40 %, candidates by 12 %: their intervals overlap, the difference is certain."""
    found = ranked(told((1.0, 10.0, 60.0), (1.15, 10.0, 60.0), noise=0.4), 2)
    first, second = found.rows
    assert first.metrics[0] + first.margin[0] > second.metrics[0] - second.margin[0]
    assert not second.tied_with_best


def test_who_dropped_out_is_moved_as_the_leader_moved() -> None:
    """Later samples are twice as bad for everyone; who has only the first ones must not look better for that."""

    def drifting(states: Sequence[Snapshot], samples: range) -> list[Clp]:
        table = [(0.1, 20.0, 90.0), (1.0, 10.0, 60.0), (1.0, 10.0, 60.0), (3.0, 5.0, 50.0)]
        level = 1.0 if samples.start == 0 else 2.0
        swing = np.where(np.array(samples) % 2, 0.3, -0.3)
        found = []
        for state in states:
            place = PLACE[state.basis]
            values = np.outer(np.ones(len(samples)), np.array(table[place]))
            values[:, 0] += (level - 1) + swing * (0.0, 1.0, -1.0, 0.0)[place]
            found.append(Clp(values=values, cut_off_ratio=np.zeros(len(samples))))
        return found

    found = ranked(drifting, 3)
    last = found.rows[-1]
    assert found.best.sample_count > last.sample_count == 8
    assert last.candidate.name == "c2"
    assert last.metrics[0] - found.best.metrics[0] == pytest.approx(2.0)
    assert last.metrics[0] > 3.8


def test_linear_is_in_units_of_the_healthy_network() -> None:
    found = ranked(told((0.2, 20.0, 90.0), (0.1, 20.0, 40.0), noise=0.0), 2, comparator=Linear())
    assert names(found) == ["c0", "c1"]  # 2 + 1 + 1 beside 1 + 1 + 2.25
    assert found.judge.costs(found.best.metrics).tolist() == [pytest.approx(4.0)]
    assert ranked(told((0.2, 20.0, 90.0), (0.1, 20.0, 40.0), noise=0.0), 2).best.candidate.name == "c1"


def test_no_flows_of_a_kind_is_defined() -> None:
    found = ranked(told((math.nan, 10.0, 60.0), (math.nan, 20.0, 60.0), noise=0.0), 2)
    assert names(found) == ["c1", "c0"]
    assert math.isnan(found.best.metrics[0])
    printed = ranking_as_json(found)
    assert printed[0]["metrics"]["fct_p99_s"] is None
    assert printed[0]["intervals"]["fct_p99_s"] == [None, None]


def test_flows_without_a_path_are_worst_and_printed_as_null() -> None:
    found = ranked(told((math.inf, 0.0, 60.0), (5.0, 1.0, 1.0), noise=0.0), 2)
    assert names(found) == ["c1", "c0"]
    assert ranking_as_json(found)[1]["metrics"]["fct_p99_s"] is None


def test_all_alike_and_nothing_works() -> None:
    found = ranked(told((math.inf, 0.0, 0.0), (math.inf, 0.0, 0.0), noise=0.0), 2)
    assert names(found) == ["c0", "c1"]
    assert found.rows[1].within_tie


def test_printed_rows() -> None:
    found = ranked(told((1.0, 10.0, 60.0), (2.0, 5.0, 50.0)), 2)
    printed = json.loads(json.dumps(ranking_as_json(found)))
    assert [row["candidate"] for row in printed] == ["c0", "c1"]
    for row in printed:
        assert {"candidate", "metrics", "intervals", "tied_with_best"} <= set(row)
        assert tuple(row["metrics"]) == tuple(row["intervals"]) == CLP_METRICS
        for metric in CLP_METRICS:
            low, high = row["intervals"][metric]
            assert low <= row["metrics"][metric] <= high
