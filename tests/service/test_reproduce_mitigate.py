"""The reproduction on two incidents and few samples; all 57 run outside the tests."""

import json
from typing import Any

import numpy as np
import pytest

import fairlead.service.reproduce_mitigate as room
from fairlead.model import Snapshot
from fairlead.planners.mitigate import COMPARATORS, PRIORITY_FCT
from fairlead.service.mitigate_accuracy import accuracy
from fairlead.service.mitigate_cases import cut_off, healthy_network, incidents
from fairlead.service.mitigate_estimates import KeptEstimates
from fairlead.service.mitigate_paper import PAPER
from fairlead.service.mitigate_summary import FAMILIES
from fairlead.service.mitigate_truth import Course, best_of, certainty, true_metrics

COURSE = Course(trace_count=2, first_seed=5, from_s=2.0, until_s=6.0, horizon_s=8.0)


@pytest.fixture(scope="module")
def healthy() -> Snapshot:
    return healthy_network()


def test_the_truth_is_the_same_again_and_differs_by_trace(healthy: Snapshot) -> None:
    first, again = (true_metrics({"h": healthy}, COURSE)["h"] for _ in range(2))
    assert first.shape == (2, 3)
    assert np.array_equal(first, again)
    assert not np.array_equal(first[0], first[1])


def test_the_best_and_how_sure_that_is() -> None:
    good, bad = np.array([0.1, 20.0, 90.0]), np.array([1.0, 5.0, 80.0])
    assert best_of(np.stack([bad, good]), PRIORITY_FCT) == 1
    clear = np.stack([np.tile(bad, (4, 1)), np.tile(good, (4, 1))])
    assert certainty(clear, PRIORITY_FCT, 1, 0) == 1.0
    assert certainty(clear, PRIORITY_FCT, 0, 0) == 0.0
    torn = np.stack([np.stack([bad, good]), np.stack([good, bad])])
    assert certainty(torn, PRIORITY_FCT, 0, 0) == pytest.approx(0.75, abs=0.05), "ahead or level in three of four"


def test_accuracy_of_what_is_twice_too_large() -> None:
    true = np.arange(1.0, 13.0).reshape(4, 3)
    found = accuracy(2 * true, true)
    assert found["fct_p99_s"]["error_median_percent"] == 100.0
    assert found["throughput_p1_mbps"]["ratio_median"] == 2.0
    assert found["throughput_mean_mbps"]["rank_correlation"] == 1.0


def test_kept_estimates_are_those_of_the_estimator_and_made_once(healthy: Snapshot) -> None:
    asked = room.estimator(3)
    kept = KeptEstimates(estimator=asked, sample_count=2)
    (fresh,) = asked([healthy], range(2))
    (again,) = kept([healthy], range(1, 2))
    assert np.array_equal(again.values, fresh.values[1:])
    known = kept.kept[healthy.basis]
    kept.prepare([healthy, healthy])
    assert kept.kept[healthy.basis] is known
    with pytest.raises(AssertionError):
        kept([healthy], range(3))


@pytest.mark.slow
def test_two_incidents_from_end_to_end(healthy: Snapshot) -> None:
    by_name = {each.name: each for each in incidents(healthy)}
    found = [by_name["high C0-B0 then high C0-B1"], by_name["half B0-A0"]]
    result: dict[str, Any] = room.reproduced(healthy, found, 0, 1, 1, lambda *_: None)
    json.dumps(result, allow_nan=False)
    family = result["families"][FAMILIES[1]]
    assert set(family) == {each.name for each in COMPARATORS}
    for rows in family.values():
        assert rows["netpilot_orig"]["partitioned_count"] == 1, "both uplinks of a t0"
        assert rows["fairlead"]["partitioned_count"] == 0
    for row in result["incidents"]:
        for judge in COMPARATORS:
            assert set(row[judge.name]["penalty_percent"]) >= {"fairlead", "no_action", "corropt_75"}
    assert result["paper"] == dict(PAPER)
    assert not cut_off(healthy)
