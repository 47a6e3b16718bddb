"""Sentry's offline scores (Sentry 3.3), served without a learning framework."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from fairlead.kernels import nn
from fairlead.model import Snapshot
from fairlead.planners.drain.features import SERVER_FEATURES, server_features, state_graph
from fairlead.planners.drain.weights import Feature, Model, bundled_model, check_fit, refusal, scaled
from fairlead.predict.overlay import failing_at, last_window

HIDDEN, STRUCTURE, DECISION = 32, 64, 32
"""Widths of the GRU, GraphSAGE and MLP layers (Sentry 3.4.2)."""

SENTRY_FEATURES = tuple(
    Feature(name=name, unit=unit, low=0.0, high=high, scale=scale)
    for name, unit, high, scale in zip(
        SERVER_FEATURES,
        ("ratio", "ms", "ratio", "count per fleet mean", "ratio"),
        (1.0, 2_000.0, 1.0, 20.0, 1.0),
        (1.0, 200.0, 1.0, 2.0, 1.0),
        strict=True,
    )
)
"""How the features are scaled, which the paper leaves open: to about [0, 1] on its own cases.

Users count relative to the mean of the servers that report, so that a network with more users is not another world.
"""


class Reading(Enum):
    """How the update rule of Sentry 3.3 is read; docs/papers.md has what each measures."""

    NEIGHBOURS = "neighbours only, over all pairs with streams"  # as the formula is printed
    OWN_TERM = "neighbours and the server itself, over all pairs with streams"  # GraphSAGE as commonly implemented
    FAILED_PAIRS = "neighbours and the server itself, over pairs with failed streams"  # Departs: not what 3.2 draws


def sentry_scores(snapshot: Snapshot, model: Model | None = None) -> NDArray[np.float32]:
    """Offline score in [0, 1] of every server with failed streams, NaN for the others [servers].

    Failed streams of offline servers do not count. ``model`` defaults to the one that ships. BadInputError if the model
    does not fit this code. O(rows + pairs x 64).
    """
    model = model or bundled_model("sentry")
    reading = reading_of(model)
    weights = model.weights
    inputs = sentry_inputs(snapshot, model.manifest.window_count, model.manifest.features)
    first, second = message_edges(snapshot, reading)
    starts, neighbours = nn.neighbour_lists(first, second, len(inputs))
    embedding = nn.gru_last(inputs, *(weights[f"temporal.{name}"] for name in _GRU_ARRAYS))
    for layer in ("structure_1", "structure_2"):
        means = nn.mean_of_neighbours(embedding, starts, neighbours)
        mixed = nn.linear(means, weights[f"{layer}.lin_l.weight"], weights[f"{layer}.lin_l.bias"])
        if reading is not Reading.NEIGHBOURS:
            mixed = mixed + embedding @ weights[f"{layer}.lin_r.weight"].T
        embedding = nn.relu(mixed)
    concerned = servers_with_failures(snapshot)
    decision = nn.relu(nn.linear(embedding[concerned], weights["decision_1.weight"], weights["decision_1.bias"]))
    scores = np.full(len(inputs), np.nan, dtype=np.float32)
    scores[concerned] = nn.sigmoid(nn.linear(decision, weights["decision_2.weight"], weights["decision_2.bias"]))[:, 0]
    return scores


def sentry_inputs(snapshot: Snapshot, window_count: int, features: tuple[Feature, ...]) -> NDArray[np.float32]:
    """What the network is fed [servers, windows, 5]."""
    raw = server_features(snapshot, window_count)
    reported = ~np.isnan(raw[:, :, 3])
    users = raw[:, :, 3].sum(axis=0, where=reported, dtype=np.float64)
    mean = users / np.maximum(reported.sum(axis=0), 1)
    raw[:, :, 3] /= np.where(mean > 0, mean, 1.0).astype(np.float32)
    return scaled(raw, features)


def message_edges(snapshot: Snapshot, reading: Reading) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Both ends [pairs] of the edges over which GraphSAGE averages."""
    if reading is not Reading.FAILED_PAIRS:
        return state_graph(snapshot)
    window, at = last_window(snapshot), failing_at(snapshot)
    return window.source[at], window.target[at]


def servers_with_failures(snapshot: Snapshot) -> NDArray[np.int64]:
    """Rows of the servers that have failed streams to another online server, ascending."""
    window, at = last_window(snapshot), failing_at(snapshot)
    return np.unique(np.concatenate([window.source[at], window.target[at]])).astype(np.int64)


def reading_of(model: Model) -> Reading:
    """The reading that the manifest names; BadInputError if the model does not fit this code."""
    known = {reading.value: reading for reading in Reading}
    if model.manifest.reading not in known:
        expected = " | ".join(known)
        raise refusal("reading", "no such reading of Sentry", model.label, model.manifest.reading, expected)
    reading = known[model.manifest.reading]
    check_fit(model, SENTRY_FEATURES, _shapes(reading))
    return reading


_GRU_ARRAYS = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")


def _shapes(reading: Reading) -> Mapping[str, tuple[int, ...]]:
    shapes: dict[str, tuple[int, ...]] = {
        "temporal.weight_ih_l0": (3 * HIDDEN, len(SERVER_FEATURES)),
        "temporal.weight_hh_l0": (3 * HIDDEN, HIDDEN),
        "temporal.bias_ih_l0": (3 * HIDDEN,),
        "temporal.bias_hh_l0": (3 * HIDDEN,),
        "decision_1.weight": (DECISION, STRUCTURE),
        "decision_1.bias": (DECISION,),
        "decision_2.weight": (1, DECISION),
        "decision_2.bias": (1,),
    }
    for layer, width in (("structure_1", HIDDEN), ("structure_2", STRUCTURE)):
        shapes[f"{layer}.lin_l.weight"] = (STRUCTURE, width)
        shapes[f"{layer}.lin_l.bias"] = (STRUCTURE,)
        if reading is not Reading.NEIGHBOURS:
            shapes[f"{layer}.lin_r.weight"] = (STRUCTURE, width)
    return shapes
