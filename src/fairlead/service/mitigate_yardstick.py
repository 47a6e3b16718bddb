"""How closely the reproductions look: samples of the estimator, seeds of the truth; and an estimator without queues."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from fairlead.predict.flows.demand import Sampling
from fairlead.predict.flows.quantile_grid import QuantileGrid
from fairlead.predict.flows.queues import Queues
from fairlead.predict.flows.transport import Transport

SAMPLES = 16
DEMANDS = 16
SAMPLING = Sampling(horizon_s=60.0, from_s=10.0, until_s=50.0)
"""The same times as those of the truth: where a link is overloaded, queues grow with time."""

TRUTH_SEED = 1_000_000
"""Far from the estimator's: the truth never sees its demands."""


def without_queueing(known: Transport) -> Transport:
    """Tables in which no packet ever waits, or finds a queue full (SWARM D.2)."""
    return replace(known, queues={name: _empty(each) for name, each in known.queues.items()})


def _empty(queues: Queues) -> Queues:
    return Queues(grid=_nothing(queues.grid), overflow=_nothing(queues.overflow))


def _nothing(grid: QuantileGrid) -> QuantileGrid:
    return replace(grid, values=np.zeros_like(grid.values))
