"""Labels and training: right, repeatable, and interruptible between epochs."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from fairlead.model import UsageError
from fairlead.planners.drain.labels import weak_labels
from fairlead.planners.drain.scores import Reading, sentry_scores
from fairlead.planners.drain.weights import model_in
from fairlead.predict.overlay import failing_at, last_window, qoe_costs
from fairlead.service.training import Effort, train_drain
from fairlead.worlds.overlay import Scenario, TimelineSpec, future_failures, observed, paper_case, timeline_case

pytest.importorskip("torch")
pytest.importorskip("torch_geometric")

from fairlead.planners.drain import train

TINY = Effort(
    sentry_epochs=2,
    persistence_epochs=2,
    sentry_cases=6,
    large_worlds=1,
    small_worlds=2,
    paper_seeds=1,
    test_worlds=1,
)


def _watch(_label: str, _done: int, _total: int) -> None:
    """Nobody watches."""


def test_weak_labels_meet_the_slo_and_no_label_can_be_dropped() -> None:
    for scenario in Scenario:
        snapshot = paper_case(2, scenario, 7).snapshot
        window, at = last_window(snapshot), failing_at(snapshot)
        labels = weak_labels(snapshot)
        slack = 1e-4 * window.demand_count
        first, second, failed = window.source[at], window.target[at], window.failed_count[at]
        assert failed[~labels[first] & ~labels[second]].sum() <= slack
        for server in np.flatnonzero(labels):
            without = labels.copy()
            without[server] = False
            assert failed[~without[first] & ~without[second]].sum() > slack


def test_a_wider_beam_does_not_find_cheaper_labels_often() -> None:
    costs = np.array(
        [
            [qoe_costs(snapshot)[weak_labels(snapshot, width=width)].sum() for width in (64, 256)]
            for snapshot in (paper_case(9, scenario, number).snapshot for scenario in Scenario for number in range(10))
        ]
    )
    assert costs[:, 0].sum() <= 1.001 * costs[:, 1].sum()


def _examples(reading: Reading) -> list[train.SentryExample]:
    return [train.sentry_example(paper_case(4, Scenario.MODERATE, number).snapshot, reading) for number in range(4)]


@pytest.mark.parametrize("reading", Reading)
def test_training_sentry_is_repeatable_and_depends_on_the_seed(reading: Reading) -> None:
    examples = _examples(reading)
    once, again = (train.train_sentry(examples, 3, reading, 2) for _ in range(2))
    other = train.train_sentry(examples, 4, reading, 2)
    assert once.keys() == again.keys()
    for name, values in once.items():
        np.testing.assert_array_equal(values, again[name])
    assert any(not np.array_equal(values, other[name]) for name, values in once.items())


def test_training_leaves_the_callers_chance_alone() -> None:
    import torch

    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    train.train_sentry(_examples(Reading.OWN_TERM), 3, Reading.OWN_TERM, 1)
    assert torch.equal(torch.rand(3), expected)


def test_the_loss_falls() -> None:
    losses = [epoch.loss for epoch in train.sentry_epochs(_examples(Reading.OWN_TERM), 0, Reading.OWN_TERM, 40)]
    assert losses[-1] < losses[0] - 0.05


def test_persistence_labels_are_the_worst_share_of_the_coming_windows() -> None:
    world, state = timeline_case(TimelineSpec(), 8)
    snapshot, future = observed(world, state), future_failures(world, state, 3)
    example = train.persistence_example(snapshot, future)
    window, at = last_window(snapshot), failing_at(snapshot)
    for place in range(0, len(at), 7):
        now = int(window.failed_count[at[place]])
        assert example.label[place] == pytest.approx(max(min(1.0, int(f) / now) for f in future[:, at[place]]))
    assert ((example.kept > 0) & (example.kept <= 1)).all()
    assert example.kept.min() < example.kept.max()


def test_training_persistence_is_repeatable_and_learns_what_lasts() -> None:
    rng = np.random.default_rng(0)
    inputs = rng.uniform(0, 1, (600, 3, len(train.PERSISTENCE_FEATURES))).astype(np.float32)
    label = (inputs[:, 2, 1] > 0.5).astype(np.float32)
    examples = [train.PersistenceExample(inputs=inputs, label=label, kept=np.ones(600))]
    once, again = (train.train_persistence(examples, 1, 40) for _ in range(2))
    for name, values in once.items():
        np.testing.assert_array_equal(values, again[name])
    from fairlead.planners.drain.persistence import served_logits

    assert np.mean((served_logits(inputs, once) > 0) == (label > 0)) > 0.8


def test_train_drain_writes_models_that_are_served(tmp_path: Path) -> None:
    told: list[str] = []
    out = tmp_path / "new" / "models"
    summary = train_drain(out, 3, lambda label, _done, _total: told.append(label), TINY)
    assert summary["complete"]
    assert sorted(path.name for path in out.iterdir()) == sorted(
        f"{model}.{form}" for model in ("sentry", "persistence") for form in ("json", "safetensors")
    )
    for name in ("sentry", "persistence"):
        model = model_in(out, name)
        assert model.manifest.complete
        assert model.manifest.seed == 3
        assert model.manifest.sha256 == summary[name]["sha256"]
    snapshot = paper_case(1, Scenario.MILD, 70).snapshot
    assert np.nanmax(sentry_scores(snapshot, model_in(out, "sentry"))) <= 1.0
    assert {label.split(":")[0] for label in told} == {"sentry", "persistence"}
    json.dumps(summary)


def test_interrupted_training_keeps_the_last_finished_epoch(tmp_path: Path) -> None:
    def interrupting(label: str, done: int, _total: int) -> None:
        if label == "sentry: epochs" and done == 1:
            raise KeyboardInterrupt

    summary = train_drain(tmp_path, 3, interrupting, TINY)
    assert not summary["complete"]
    manifest = model_in(tmp_path, "sentry").manifest
    assert not manifest.complete
    assert manifest.epoch_count == 1
    assert not (tmp_path / "persistence.json").exists()


def test_training_interrupted_before_the_first_epoch_writes_nothing(tmp_path: Path) -> None:
    def interrupting(_label: str, _done: int, _total: int) -> None:
        raise KeyboardInterrupt

    summary = train_drain(tmp_path, 3, interrupting, TINY)
    assert not summary["complete"]
    assert summary["sentry"] == {"complete": False, "epochs": 0}
    assert list(tmp_path.iterdir()) == []


def test_a_file_in_the_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match=r"train\.out"):
        train_drain(tmp_path / "file", 0, _watch, TINY)
