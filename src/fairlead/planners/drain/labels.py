"""Weak labels for Sentry's training (Sentry 3.4.1, 4.1.1): the cheapest plan that a beam search finds."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fairlead.kernels.beam import beam_cover
from fairlead.model import Snapshot
from fairlead.predict.overlay import failing_at, last_window, qoe_costs

LABEL_BEAM_WIDTH = 64
"""Finds the exact optimum of all 150 training cases of seed 1; 16 misses two of them, 1 misses twelve. (measured)"""


def weak_labels(snapshot: Snapshot, slo_ratio: float = 0.9999, width: int = LABEL_BEAM_WIDTH) -> NDArray[np.bool_]:
    """True for the servers of the cheapest plan found [servers]; the QoE cost is that of Sentry 4.1.3."""
    window, at, cost = last_window(snapshot), failing_at(snapshot), qoe_costs(snapshot)
    slack = (1.0 - slo_ratio) * window.demand_count
    plan = beam_cover(window.source[at], window.target[at], window.failed_count[at], cost, slack, width)
    labels = np.zeros(len(cost), dtype=bool)
    labels[plan] = True
    return labels
