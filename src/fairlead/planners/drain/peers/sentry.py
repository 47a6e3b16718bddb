"""Sentry as published: servers by the learned score, highest first, offline until the SLO is met (Sentry 3.4.2)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fairlead.kernels.cover import CoverProblem
from fairlead.model import Budget, Snapshot
from fairlead.planners.drain.failures import Failures
from fairlead.planners.drain.peers.rival import Choice
from fairlead.planners.drain.ranked import ranked_removal


@dataclass(frozen=True, slots=True)
class ByScore:
    """Ranked removal by a score.

    scores : snapshot -> [servers] offline score in [0, 1], NaN for servers with no failed stream
    """

    scores: Callable[[Snapshot], NDArray[np.float32]]

    def __call__(self, snapshot: Snapshot, found: Failures, problem: CoverProblem, budget: Budget) -> Choice:
        score = self.scores(snapshot)[found.server_rows]
        scored = np.flatnonzero(~np.isnan(score))
        return Choice(nodes=ranked_removal(problem, scored[np.lexsort((scored, -score[scored]))]))
