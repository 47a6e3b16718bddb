"""What is chosen on what was told, and what that costs in truth: by hand, and on a network that is hardly used."""

from __future__ import annotations

import json

import numpy as np
import pytest

from fairlead.model import Snapshot, apply_edits
from fairlead.planners.mitigate import PRIORITY_1P_T, PRIORITY_AVG_T, PRIORITY_FCT, Linear
from fairlead.planners.mitigate.bound import healed
from fairlead.predict.flows.demand import Sampling
from fairlead.predict.flows.estimate import Effort, FlowEstimator
from fairlead.predict.flows.transport import shipped
from fairlead.service.executor import silent
from fairlead.service.mitigate_told import HEALTHY, Told, Truth, decision, excess, outcome, told_of, true_of
from fairlead.service.mitigate_truth import Course, true_metrics
from fairlead.worlds.fabric import disabled_link, figure_1, lossy_link

COURSE = Course(trace_count=2, first_seed=9, from_s=1.0, until_s=5.0, horizon_s=6.0)
# p99 FCT, 1st percentile and mean of throughput
BEST = np.array([0.1, 20.0, 100.0])
FAST = {"none": np.array([0.2, 20.0, 80.0]), "disable": np.array([0.1, 10.0, 40.0]), HEALTHY: BEST}
SLOW = {"none": np.array([0.2, 10.0, 40.0]), "disable": np.array([0.4, 20.0, 80.0]), HEALTHY: BEST}


@pytest.fixture(scope="module")
def choices() -> dict[str, Snapshot]:
    lossy = apply_edits(figure_1(30.0), lossy_link(figure_1(30.0), "C0", "B0", 0.05))
    return {"none": lossy, "disable": apply_edits(lossy, disabled_link(lossy, "C0", "B0"))}


@pytest.mark.parametrize(
    ("judge", "fast", "slow"),
    [(PRIORITY_FCT, "disable", "none"), (PRIORITY_1P_T, "none", "disable"), (PRIORITY_AVG_T, "none", "disable")],
)
def test_the_decision_is_the_comparators(judge: object, fast: str, slow: str) -> None:
    assert decision(FAST, judge) == fast  # type: ignore[arg-type]  # a comparator
    assert decision(SLOW, judge) == slow  # type: ignore[arg-type]  # a comparator


def test_a_tie_is_broken_by_the_next_metric_and_the_same_by_the_smaller_change() -> None:
    level = {"none": np.array([0.105, 25.0, 100.0]), "disable": BEST, HEALTHY: BEST}
    assert decision(level, PRIORITY_FCT) == "none"
    assert decision({**level, "none": np.array([0.115, 25.0, 100.0])}, PRIORITY_FCT) == "disable"
    assert decision({**level, "none": BEST}, PRIORITY_FCT) == "none"


def test_a_sum_is_of_shares_of_the_healthy_network() -> None:
    """Beside a healthy network of 10 s, seconds hardly count; beside one of 10 ms they are all that does."""
    rows = {"none": np.array([2.0, 20.0, 100.0]), "disable": np.array([1.0, 10.0, 50.0])}
    assert decision({**rows, HEALTHY: np.array([10.0, 20.0, 100.0])}, Linear()) == "none"
    assert decision({**rows, HEALTHY: np.array([0.01, 20.0, 100.0])}, Linear()) == "disable"


def test_the_cost_of_a_mistake_is_counted_in_truth() -> None:
    found = outcome(told=FAST, true=SLOW)
    assert found[PRIORITY_FCT.name] == {"chosen": "disable", "best": "none", "penalty_percent": 100.0}
    assert found[PRIORITY_1P_T.name] == {"chosen": "none", "best": "disable", "penalty_percent": 50.0}
    json.dumps(found, allow_nan=False)


def test_who_is_told_the_truth_pays_nothing() -> None:
    for metrics in (FAST, SLOW):
        for row in outcome(metrics, metrics).values():
            assert row["chosen"] == row["best"]
            assert row["penalty_percent"] == 0.0


def test_excess_is_in_per_cent_of_the_other() -> None:
    found = excess(SLOW, "none", "disable")
    assert found == {"fct_p99_s": -50.0, "throughput_p1_mbps": -50.0, "throughput_mean_mbps": -50.0}


def test_truth_is_the_mean_of_the_traces_under_the_own_control_of_each(choices: dict[str, Snapshot]) -> None:
    truths = {
        "cubic": Truth(candidates=choices),
        "bbr": Truth(candidates={"none": choices["none"]}, congestion_control="bbr"),
    }
    found = true_of(truths, COURSE, 1, silent)
    assert {name: set(rows) for name, rows in found.items()} == {
        "cubic": {"none", "disable", HEALTHY},
        "bbr": {"none", HEALTHY},
    }
    states = {"none": choices["none"], "disable": choices["disable"], HEALTHY: healed(choices["none"])}
    alone = true_metrics(states, COURSE)
    for name, rows in found["cubic"].items():
        assert rows == pytest.approx(alone[name].mean(axis=0))
    assert found["cubic"]["none"][0] > found["cubic"][HEALTHY][0]
    assert not np.allclose(found["bbr"]["none"], found["cubic"]["none"])


def test_what_is_told_is_what_the_estimator_says(choices: dict[str, Snapshot]) -> None:
    sampling = Sampling(horizon_s=3.0, from_s=0.5, until_s=2.5)
    estimator = FlowEstimator(
        effort=Effort(demand_count=2, sampling=sampling), transport=shipped(), congestion_control="cubic", seed=4
    )
    few, more = (Told(candidates=choices, estimator=estimator, sample_count=count) for count in (1, 3))
    steps: list[tuple[int, int]] = []
    found = told_of({"few": few, "more": more}, 1, lambda done, total: steps.append((done, total)))
    assert steps == [(1, 2), (2, 2)]
    assert list(found["few"]) == ["none", "disable", HEALTHY]
    states = [*choices.values(), healed(choices["none"])]
    for name, count in (("few", 1), ("more", 3)):
        expected = [each.values.mean(axis=0) for each in estimator(states, range(count))]
        assert np.array_equal(np.stack(list(found[name].values())), np.stack(expected))
    assert not np.array_equal(found["few"]["none"], found["more"]["none"])
