"""The forecast of which failures last: parity, range, the paper's cases, calibration."""

from __future__ import annotations

import numpy as np
import pytest

from fairlead.model import BadInputError, Servers
from fairlead.planners.drain import persistence
from fairlead.planners.drain.failures import failures
from fairlead.planners.drain.pair_features import failed_pair_features
from fairlead.planners.drain.persistence import Learned, expected_failures, probabilities
from fairlead.planners.drain.weights import bundled_model, scaled
from fairlead.predict.overlay import failing_at, last_window
from fairlead.service.calibration import average_precision, persistence_measures, reliability
from fairlead.worlds.overlay import Scenario, TimelineSpec, observed, paper_case, paper_cases, timeline_case


def test_the_model_that_ships_is_served_as_it_was_trained() -> None:
    torch = pytest.importorskip("torch")
    from fairlead.planners.drain.net import PersistenceNet

    model = bundled_model("persistence")
    net = PersistenceNet()
    net.load_state_dict({name: torch.from_numpy(values.copy()) for name, values in model.weights.items()})
    world = observed(*timeline_case(TimelineSpec(), 4))
    inputs = [scaled(failed_pair_features(world), model.manifest.features)]
    inputs.append(np.random.default_rng(0).uniform(-2, 2, (500, 5, inputs[0].shape[2])).astype(np.float32))
    for sequence in inputs:
        with torch.no_grad():
            expected = torch.sigmoid(net(torch.from_numpy(sequence))).numpy()
        served = 1 / (1 + np.exp(-persistence.served_logits(sequence, model.weights)))
        np.testing.assert_allclose(served, expected, atol=1e-5)


def test_expected_failures_are_one_for_each_failed_pair_in_order() -> None:
    snapshot = observed(*timeline_case(TimelineSpec(), 5))
    found, at = expected_failures(snapshot), failing_at(snapshot)
    assert len(found.probability) == len(found.expected_count) == len(at)
    assert found.probability.min() >= 0.02
    assert found.probability.max() <= 1.0
    np.testing.assert_allclose(found.expected_count, found.probability * last_window(snapshot).failed_count[at])


def test_the_forecaster_of_the_planner_says_the_same() -> None:
    snapshot = paper_case(1, Scenario.MODERATE, 70).snapshot
    graph = failures(snapshot)
    forecast, found = Learned()(snapshot, graph), expected_failures(snapshot)
    np.testing.assert_array_equal(forecast.probability, found.probability)
    np.testing.assert_allclose(forecast.expected_count, found.expected_count)
    assert Learned().name.startswith("persistence@")


def test_without_failures_there_is_nothing_to_forecast() -> None:
    snapshot = paper_case(1, Scenario.MILD, 70).snapshot
    offline = np.zeros(snapshot[Servers].row_count, dtype=bool)
    dark = snapshot.replaced(snapshot[Servers].with_column("online", offline))
    assert expected_failures(dark).probability.shape == (0,)


def test_failures_of_the_papers_cases_last() -> None:
    every = np.concatenate([expected_failures(case.snapshot).probability for case in paper_cases(77, "test")])
    assert len(every) > 3_000
    assert np.mean(every >= 0.9) >= 0.998
    assert every.min() >= 0.3  # far above what a plan that is 90 % sure may leave alone without slack


def test_a_model_of_another_kind_is_refused() -> None:
    with pytest.raises(BadInputError, match=r"model\.reading"):
        probabilities(paper_case(1, Scenario.MILD, 70).snapshot, bundled_model("sentry"))


@pytest.mark.slow
def test_the_forecast_is_calibrated_and_beats_simple_rules() -> None:
    measured = persistence_measures(
        bundled_model("persistence"), 77_000_000, 60, 77, lambda _label, _done, _total: None
    )
    precision, brier = measured["auc_pr"], measured["brier"]
    assert precision["learned"] >= 0.97
    assert precision["learned"] >= max(precision.values())
    assert brier["learned"] <= 0.6 * min(value for name, value in brier.items() if name != "learned")
    for tenth in measured["reliability"]:
        if tenth["pairs"] >= 1_000:
            assert abs(tenth["forecast"] - tenth["came_true"]) <= 0.12, tenth


def test_average_precision_of_known_rankings() -> None:
    truth = np.array([True, True, False, False])
    assert average_precision(np.array([0.9, 0.8, 0.2, 0.1]), truth) == 1.0
    assert average_precision(np.array([0.5, 0.5, 0.5, 0.5]), truth) == 0.5
    assert average_precision(np.array([0.9, 0.7, 0.8, 0.1]), truth) == pytest.approx(0.5 + 0.5 * 2 / 3)


def test_reliability_counts_every_forecast_once() -> None:
    table = reliability(np.array([0.05, 0.95, 1.0, 0.91]), np.array([0.0, 1.0, 1.0, 0.0]))
    assert [row["pairs"] for row in table] == [1, 3]
    assert table[1]["came_true"] == pytest.approx(2 / 3)
