"""Sentry's scores: served without torch as trained with it; weights and manifests that do not fit are refused."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy

from fairlead.model import BadInputError, Snapshot
from fairlead.planners.drain import scores, weights
from fairlead.planners.drain.features import server_features
from fairlead.planners.drain.scores import Reading, sentry_inputs, sentry_scores, servers_with_failures
from fairlead.planners.drain.weights import Feature, Manifest, Model, bundled_model, model_in, packed, scaled
from fairlead.service.calibration import sentry_measures
from fairlead.worlds.overlay import Scenario, TimelineSpec, observed, paper_case, timeline_case


def _cases() -> list[Snapshot]:
    paper = [paper_case(3, scenario, 60).snapshot for scenario in Scenario]
    return [*paper, observed(*timeline_case(TimelineSpec(), 4))]


def _model(reading: Reading, arrays: dict[str, np.ndarray]) -> Model:
    manifest = Manifest(
        format_version=weights.FORMAT_VERSION,
        model="sentry",
        reading=reading.value,
        window_count=3,
        features=scores.SENTRY_FEATURES,
        trained_on="nothing",
        seed=0,
        epoch_count=0,
        complete=True,
    )
    return packed(manifest, arrays)[2]


@pytest.mark.parametrize("reading", Reading)
def test_served_scores_are_those_of_the_trained_network(reading: Reading) -> None:
    torch = pytest.importorskip("torch")
    from fairlead.planners.drain.net import SentryNet

    torch.manual_seed(1)
    net = SentryNet(reading)
    arrays = {name: 2.0 * values.detach().numpy() for name, values in net.named_parameters()}
    net.load_state_dict({name: torch.from_numpy(values) for name, values in arrays.items()})
    model = _model(reading, arrays)
    for snapshot in _cases():
        served = sentry_scores(snapshot, model)
        first, second = scores.message_edges(snapshot, reading)
        edges = torch.from_numpy(np.stack([np.r_[first, second], np.r_[second, first]]).astype(np.int64))
        with torch.no_grad():
            inputs = torch.from_numpy(sentry_inputs(snapshot, 3, scores.SENTRY_FEATURES))
            expected = torch.sigmoid(net(inputs, edges)).numpy()
        concerned = servers_with_failures(snapshot)
        np.testing.assert_allclose(served[concerned], expected[concerned], atol=1e-5)
        assert np.isnan(np.delete(served, concerned)).all()
        assert len(concerned) > 0


def test_the_model_that_ships_is_served_as_it_was_trained() -> None:
    torch = pytest.importorskip("torch")
    from fairlead.planners.drain.net import SentryNet

    model = bundled_model("sentry")
    reading = scores.reading_of(model)
    net = SentryNet(reading)
    net.load_state_dict({name: torch.from_numpy(values.copy()) for name, values in model.weights.items()})
    for snapshot in _cases():
        first, second = scores.message_edges(snapshot, reading)
        edges = torch.from_numpy(np.stack([np.r_[first, second], np.r_[second, first]]).astype(np.int64))
        with torch.no_grad():
            inputs = torch.from_numpy(sentry_inputs(snapshot, 3, model.manifest.features))
            expected = torch.sigmoid(net(inputs, edges)).numpy()
        concerned = servers_with_failures(snapshot)
        np.testing.assert_allclose(sentry_scores(snapshot)[concerned], expected[concerned], atol=1e-5)


def test_the_model_that_ships_meets_the_papers_figures() -> None:
    measured = sentry_measures(bundled_model("sentry"), 2025, lambda _label, _done, _total: None)
    assert measured["success_ratio"] == 1.0
    assert measured["qoe_over_heuristic"] <= 0.92  # paper: 0.898
    assert measured["servers_mean"] <= 1.1 * measured["heuristic_offline"]["servers_mean"]  # paper: 1.03
    assert bundled_model("sentry").manifest.complete
    assert bundled_model("sentry").manifest.epoch_count == 10


def test_scores_do_not_depend_on_how_many_users_there_are_in_all() -> None:
    snapshot = _cases()[0]
    raw = server_features(snapshot, 3)
    inputs = sentry_inputs(snapshot, 3, scores.SENTRY_FEATURES)
    np.testing.assert_allclose(inputs[:, :, 3], raw[:, :, 3] / raw[:, :, 3].mean(axis=0) / 2, rtol=1e-5)
    assert inputs[:, :, 3].mean() == pytest.approx(0.5, abs=1e-5)


def test_scaling_clips_and_stands_in_for_what_is_absent() -> None:
    features = (Feature(name="a", unit="ms", low=0, high=100, centre=50, scale=50, absent=25),)
    raw = np.array([[0.0], [100.0], [1e9], [-5.0], [np.nan]], dtype=np.float32)
    assert scaled(raw, features)[:, 0].tolist() == [-1.0, 1.0, 1.0, -1.0, -0.5]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    model = bundled_model("sentry")
    content, described, _ = packed(model.manifest, model.weights)
    (tmp_path / "sentry.safetensors").write_bytes(content)
    (tmp_path / "sentry.json").write_bytes(described)
    return tmp_path


def _changed(folder: Path, change: object) -> None:
    path = folder / "sentry.json"
    fields = json.loads(path.read_text())
    change(fields)  # type: ignore[operator]
    path.write_text(json.dumps(fields))


def test_a_folder_of_ones_own_is_served(folder: Path) -> None:
    model = model_in(folder, "sentry")
    snapshot = _cases()[1]
    np.testing.assert_array_equal(sentry_scores(snapshot, model), sentry_scores(snapshot))
    assert model.label == bundled_model("sentry").label
    assert model.manifest == bundled_model("sentry").manifest


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda f: f["features"].reverse(), "model.features"),
        (lambda f: f["features"].pop(), "model.features"),
        (lambda f: f["features"][1].update(unit="s"), "model.features"),
        (lambda f: f["features"][1].update(scale=0.0), "model.range"),
        (lambda f: f["features"][1].update(low=5.0, high=1.0), "model.range"),
        (lambda f: f["features"][1].update(high=float("inf")), "model.range"),
        (lambda f: f["features"][1].update(extra=1), "model.manifest"),
        (lambda f: f.update(sha256="0" * 64), "model.hash"),
        (lambda f: f.update(reading="another"), "model.reading"),
        (lambda f: f.update(reading=Reading.NEIGHBOURS.value), "model.shape"),
        (lambda f: f.update(format_version=99), "model.format"),
        (lambda f: f.update(window_count=0), "model.windows"),
        (lambda f: f.update(window_count="3"), "model.manifest"),
        (lambda f: f.update(seed=True), "model.manifest"),
        (lambda f: f.update(model="persistence"), "model.other_model"),
        (lambda f: f.pop("complete"), "model.manifest"),
        (lambda f: f.update(extra=1), "model.manifest"),
        (lambda f: f.update(features=3), "model.manifest"),
    ],
)
def test_a_manifest_that_does_not_fit_is_refused(folder: Path, change: object, code: str) -> None:
    _changed(folder, change)
    with pytest.raises(BadInputError) as caught:
        sentry_scores(_cases()[0], model_in(folder, "sentry"))
    assert caught.value.code == code
    assert "\n" not in str(caught.value)


def test_other_weights_under_the_same_manifest_are_refused(folder: Path) -> None:
    path = folder / "sentry.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(BadInputError, match=r"model\.hash"):
        model_in(folder, "sentry")


@pytest.mark.parametrize("text", ["", "[]", "{", "null", '{"features": [3]}'])
def test_what_is_no_manifest_is_refused(folder: Path, text: str) -> None:
    (folder / "sentry.json").write_text(text)
    with pytest.raises(BadInputError, match=r"model\.manifest"):
        model_in(folder, "sentry")


def test_missing_files_are_named(folder: Path) -> None:
    (folder / "sentry.json").unlink()
    with pytest.raises(BadInputError, match=r"model\.missing.*sentry\.json"):
        model_in(folder, "sentry")
    shutil.rmtree(folder)
    with pytest.raises(BadInputError, match=r"model\.missing"):
        model_in(folder, "sentry")


def test_unusable_weights_are_refused_even_with_the_right_hash(folder: Path) -> None:
    model = bundled_model("sentry")
    arrays = {name: values.copy() for name, values in model.weights.items()}
    arrays["decision_2.bias"][:] = np.nan
    content, described, _ = packed(model.manifest, arrays)
    with pytest.raises(BadInputError, match=r"model\.values"):
        weights.unpacked(content, described, "x")
    garbage = b"garbage"
    fields = json.loads(described) | {"sha256": __import__("hashlib").sha256(garbage).hexdigest()}
    with pytest.raises(BadInputError, match=r"model\.unreadable"):
        weights.unpacked(garbage, json.dumps(fields).encode(), "x")
    short = {name: values for name, values in model.weights.items() if name != "decision_1.bias"}
    with pytest.raises(BadInputError, match=r"model\.shape"):
        sentry_scores(_cases()[0], packed(model.manifest, short)[2])


def test_served_weights_cannot_be_written_to() -> None:
    with pytest.raises(ValueError, match="read-only"):
        bundled_model("sentry").weights["decision_2.bias"][:] = 0.0


def test_packing_is_deterministic_and_plain_safetensors() -> None:
    model = bundled_model("sentry")
    content, described, again = packed(model.manifest, dict(reversed(model.weights.items())))
    assert again.manifest.sha256 == model.manifest.sha256
    assert (content, described) == packed(model.manifest, model.weights)[:2]
    assert set(safetensors.numpy.load(content)) == set(model.weights)
