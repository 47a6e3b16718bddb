"""How likely each failed pair goes on failing: the temporal part of the default planner, served without torch.

Sentry's motivation (3.3 (1)), taken to where it decides something: a GRU over the last windows of every failed *pair*
tells failures that will last from blips, and the planner need not pay for what heals by itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from fairlead.kernels import nn
from fairlead.model import Snapshot
from fairlead.planners.drain.failures import Failures
from fairlead.planners.drain.forecast import Forecast
from fairlead.planners.drain.pair_features import PAIR_FEATURES, failed_pair_features
from fairlead.planners.drain.weights import Feature, Model, bundled_model, check_fit, refusal, scaled
from fairlead.predict.overlay import failing_at, last_window

HIDDEN, DECISION = 32, 16
LEAST_PROBABILITY = 0.02  # nothing that fails now is certain to heal
READING = "gru over windows of failed pairs"

PERSISTENCE_FEATURES = tuple(
    Feature(
        name=name,
        unit="log2 ratio" if "inflation" in name else "log count" if "log_" in name else "ratio",
        low=-2.0 if "inflation" in name else 0.0,
        high=2.0,
    )
    for name in PAIR_FEATURES
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Persistence:
    """What becomes of every failed pair; [failed pairs] in the order of ``predict.overlay.failing_at``.

    probability    : expected share of its failed streams that fails in the worst of the next 3 windows, in [0.02, 1]
    expected_count : that share of the streams that fail now
    """

    probability: NDArray[np.float64]
    expected_count: NDArray[np.float64]


def expected_failures(snapshot: Snapshot, model: Model | None = None) -> Persistence:
    """The learned forecast for every failed pair, if nothing is drained; ``model`` defaults to the one that ships.

    BadInputError if the model does not fit this code. O(rows of ``streams``), once.
    """
    window, at = last_window(snapshot), failing_at(snapshot)
    probability = probabilities(snapshot, model or bundled_model("persistence"))
    return Persistence(probability=probability, expected_count=probability * window.failed_count[at])


def probabilities(snapshot: Snapshot, model: Model) -> NDArray[np.float64]:
    """[failed pairs] clipped to [0.02, 1]."""
    if model.manifest.reading != READING:
        raise refusal("reading", "no such design", model.label, model.manifest.reading, READING)
    check_fit(model, PERSISTENCE_FEATURES, _SHAPES)
    raw = failed_pair_features(snapshot, model.manifest.window_count)
    logits = served_logits(scaled(raw, model.manifest.features), model.weights)
    return np.clip(nn.sigmoid(logits).astype(np.float64), LEAST_PROBABILITY, 1.0)


def served_logits(inputs: NDArray[np.float32], weights: Mapping[str, NDArray[np.float32]]) -> NDArray[np.float32]:
    """inputs [pairs, windows, features], scaled -> [pairs]; ``net.PersistenceNet`` in NumPy."""
    gru = [weights[f"temporal.{name}"] for name in ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")]
    embedding = nn.gru_last(inputs, *gru)
    decision = nn.relu(nn.linear(embedding, weights["decision_1.weight"], weights["decision_1.bias"]))
    return nn.linear(decision, weights["decision_2.weight"], weights["decision_2.bias"])[:, 0]


GROWTH_RATIO = 1.1
"""Failed streams in the worst of the next three windows over those now, on pairs that go on failing.

Measured on 80 moments in worlds of 400 servers (1.09) and 12 in worlds of 2,000 (1.09); 1.1 to 1.2 on isolated pairs.
"""


@dataclass(frozen=True, slots=True)
class Learned:
    """The learned forecaster of the default planner (``forecast.Forecaster``)."""

    model: Model = field(default_factory=lambda: bundled_model("persistence"))

    @property
    def name(self) -> str:
        """With the hash of the weights."""
        return self.model.label

    def __call__(self, snapshot: Snapshot, found: Failures) -> Forecast:
        """A failure that lasts fails a little more in its worst coming window than it does now."""
        return Forecast(
            probability=probabilities(snapshot, self.model), count=found.failed_count, growth_ratio=GROWTH_RATIO
        )


_SHAPES: Mapping[str, tuple[int, ...]] = {
    "temporal.weight_ih_l0": (3 * HIDDEN, len(PAIR_FEATURES)),
    "temporal.weight_hh_l0": (3 * HIDDEN, HIDDEN),
    "temporal.bias_ih_l0": (3 * HIDDEN,),
    "temporal.bias_hh_l0": (3 * HIDDEN,),
    "decision_1.weight": (DECISION, HIDDEN),
    "decision_1.bias": (DECISION,),
    "decision_2.weight": (1, DECISION),
    "decision_2.bias": (1,),
}
