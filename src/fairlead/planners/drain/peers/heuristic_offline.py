"""HeuristicOffline: servers by fail_ratio, highest first, offline one by one until the SLO is met (Sentry 4.1.2)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fairlead.kernels.cover import CoverProblem
from fairlead.model import Budget, Servers, Snapshot
from fairlead.planners.drain.failures import Failures
from fairlead.planners.drain.peers.rival import Choice
from fairlead.planners.drain.ranked import ranked_removal
from fairlead.predict.overlay import last_window


def fail_ratio(snapshot: Snapshot, found: Failures) -> NDArray[np.float64]:
    """[nodes] failed streams over all streams of the server in the newest window; static, as published."""
    window, online = last_window(snapshot), snapshot[Servers].online
    stays = online[window.source] & online[window.target]
    streams = np.where(stays, window.succeeded_count + window.failed_count, 0)
    count = snapshot[Servers].row_count
    total = np.bincount(window.source, streams, count) + np.bincount(window.target, streams, count)
    size = len(found.server_rows)
    failed = np.bincount(found.u, found.failed_count, size) + np.bincount(found.v, found.failed_count, size)
    return failed / total[found.server_rows]


def choose(snapshot: Snapshot, found: Failures, problem: CoverProblem, budget: Budget) -> Choice:
    ratio = fail_ratio(snapshot, found)
    ranking = np.lexsort((np.arange(len(ratio)), -ratio))
    return Choice(nodes=ranked_removal(problem, ranking))
