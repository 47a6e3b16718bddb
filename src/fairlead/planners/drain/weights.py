"""Learned weights on their way from training to serving: a safetensors file and a JSON manifest that must agree.

The manifest says what the weights were made for: the features, their order, units, ranges and scaling, the windows,
what they were trained on, and the SHA-256 of the weights. Whatever does not fit is refused, never served. No pickle.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from types import MappingProxyType
from typing import Any

import numpy as np
import safetensors.numpy
from numpy.typing import NDArray
from safetensors import SafetensorError

from fairlead.model import BadInputError

FORMAT_VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    """One input of a network: ``(clip(x, low, high) - centre) / scale``; ``absent`` stands in for NaN before that."""

    name: str
    unit: str
    low: float
    high: float
    centre: float = 0.0
    scale: float = 1.0
    absent: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a weights file is.

    model        : which network: ``sentry`` or ``persistence``
    reading      : which reading of the paper, or design, the network follows
    window_count : windows of a sequence, oldest first
    trained_on   : generator, seed and number of cases, in words
    complete     : False if training was interrupted
    sha256       : of the weights file, hexadecimal
    """

    format_version: int
    model: str
    reading: str
    window_count: int
    features: tuple[Feature, ...]
    trained_on: str
    seed: int
    epoch_count: int
    complete: bool
    sha256: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Model:
    """Weights that fit their manifest; arrays are float32 and read-only."""

    manifest: Manifest
    weights: Mapping[str, NDArray[np.float32]]

    @property
    def label(self) -> str:
        """Name and the first digits of the hash, for ``Plan.planner``."""
        return f"{self.manifest.model}@{self.manifest.sha256[:12]}"


def scaled(raw: NDArray[np.float32], features: tuple[Feature, ...]) -> NDArray[np.float32]:
    """raw [..., features] in their units, NaN where absent -> what a network is fed, float32, same shape."""
    assert raw.shape[-1] == len(features), f"{raw.shape[-1]} features for {len(features)}"
    low, high, centre, scale, absent = (
        np.array([getattr(feature, field) for feature in features], dtype=np.float32)
        for field in ("low", "high", "centre", "scale", "absent")
    )
    present = np.where(np.isnan(raw), absent, raw)
    return ((np.clip(present, low, high) - centre) / scale).astype(np.float32)


def packed(manifest: Manifest, weights: Mapping[str, NDArray[np.float32]]) -> tuple[bytes, bytes, Model]:
    """(weights file, manifest file, the model that they hold); the manifest gets the hash. Same weights, same bytes."""
    content = safetensors.numpy.save({name: np.ascontiguousarray(weights[name]) for name in sorted(weights)})
    sealed = dataclasses.replace(manifest, sha256=hashlib.sha256(content).hexdigest())
    described = json.dumps(dataclasses.asdict(sealed), indent=2) + "\n"
    return content, described.encode(), Model(manifest=sealed, weights=_locked(weights))


def unpacked(content: bytes, described: bytes, where: str) -> Model:
    """The model of a weights file and its manifest; BadInputError at ``where`` unless the two agree."""
    manifest = _manifest(described, f"{where}.json")
    digest = hashlib.sha256(content).hexdigest()
    if digest != manifest.sha256:
        raise refusal("hash", "the weights are not those of the manifest", where, digest, manifest.sha256)
    try:
        weights = safetensors.numpy.load(content)
    except SafetensorError as error:
        raise refusal("unreadable", "the weights file cannot be read", where, str(error), "safetensors") from error
    for name, values in weights.items():
        if values.dtype != np.float32 or not np.isfinite(values).all():
            raise refusal("values", f"weights {name} cannot be used", where, str(values.dtype), "finite float32")
    return Model(manifest=manifest, weights=_locked(weights))


def model_in(folder: Traversable, model: str) -> Model:
    """``MODEL.safetensors`` and ``MODEL.json`` of a folder (a ``Path`` will do); BadInputError if they do not agree."""
    paths = [folder / f"{model}{suffix}" for suffix in (".safetensors", ".json")]
    for path in paths:
        if not path.is_file():
            raise refusal("missing", f"the folder has no {path.name}", str(folder), "no such file", path.name)
    found = unpacked(paths[0].read_bytes(), paths[1].read_bytes(), str(folder / model))
    if found.manifest.model != model:
        raise refusal("other_model", "the manifest is of another model", str(paths[1]), found.manifest.model, model)
    return found


@cache
def bundled_model(model: str) -> Model:
    """The model that ships with the package."""
    return model_in(resources.files("fairlead.planners.drain") / "models", model)


def check_fit(model: Model, features: tuple[Feature, ...], shapes: Mapping[str, tuple[int, ...]]) -> None:
    """BadInputError unless the model takes these features, in this order and these units, and has exactly these arrays.

    Ranges and scales may differ: they are the model's own.
    """
    manifest, where = model.manifest, model.manifest.model
    if manifest.format_version != FORMAT_VERSION:
        got, expected = str(manifest.format_version), str(FORMAT_VERSION)
        raise refusal("format", "the manifest has another format", where, got, expected)
    given = [f"{feature.name} [{feature.unit}]" for feature in manifest.features]
    wanted = [f"{feature.name} [{feature.unit}]" for feature in features]
    if given != wanted:
        different = next((pair for pair in zip(given, wanted, strict=False) if pair[0] != pair[1]), ("", ""))
        got, expected = different if different[0] else (f"{len(given)} features", f"{len(wanted)} features")
        raise refusal("features", "the model was trained on other features", where, got, expected)
    found = {name: values.shape for name, values in model.weights.items()}
    for name in sorted(found.keys() | shapes.keys()):
        if found.get(name) != shapes.get(name):
            got, expected = str(found.get(name, "absent")), str(shapes.get(name, "absent"))
            raise refusal("shape", f"array {name} does not fit the network", where, got, expected)


def refusal(reason: str, what: str, where: str, got: str, expected: str) -> BadInputError:
    """Why a model cannot be served, as an error with the code ``model.REASON``."""
    hint = "train the model again (fairlead train drain) or leave the option out to use the model that ships"
    return BadInputError(code=f"model.{reason}", what=what, where=where, got=got, expected=expected, hint=hint)


def _locked(weights: Mapping[str, NDArray[np.float32]]) -> Mapping[str, NDArray[np.float32]]:
    locked = {name: np.array(weights[name], dtype=np.float32, order="C") for name in sorted(weights)}
    for values in locked.values():
        values.flags.writeable = False
    return MappingProxyType(locked)


def _manifest(described: bytes, where: str) -> Manifest:
    try:
        fields = json.loads(described)
        features = tuple(Feature(**feature) for feature in fields.pop("features"))
        manifest = Manifest(features=features, **fields)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise refusal("manifest", "the manifest cannot be read", where, str(error), "the fields of Manifest") from error
    _check_types(manifest, where)
    for feature in features:
        _check_types(feature, where)
        numbers = (feature.low, feature.high, feature.centre, feature.scale, feature.absent)
        if not all(map(math.isfinite, numbers)) or feature.scale <= 0 or feature.low > feature.high:
            raise refusal("range", f"feature {feature.name} has no usable range", where, str(numbers), "low <= high")
    if manifest.window_count < 1:
        raise refusal("windows", "no windows", where, str(manifest.window_count), "1 or more")
    return manifest


_JSON_TYPES: Mapping[str, tuple[type, ...]] = {"str": (str,), "int": (int,), "float": (int, float), "bool": (bool,)}


def _check_types(entry: Any, where: str) -> None:
    for field in dataclasses.fields(entry):
        value, wanted = getattr(entry, field.name), _JSON_TYPES.get(str(field.type), (object,))
        if not isinstance(value, wanted) or (isinstance(value, bool) and bool not in wanted and object not in wanted):
            raise refusal("manifest", f"field {field.name} has the wrong type", where, repr(value), str(field.type))
