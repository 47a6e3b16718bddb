"""NetBouncer as Sentry adapts it (4.1.2): a server that has lost all its paths of success rate 1 is faulty and leaves.

The success rate of a path is that of its loss, Eq. (2): it is below 1 where loss is above 0.132, whether or not one of
its few streams happened to fail. Judging by drawn failures instead would miss servers whose light paths failed nothing.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from fairlead.kernels.cover import CoverProblem
from fairlead.model import Budget, Servers, Snapshot, Streams
from fairlead.planners.drain.failures import Failures
from fairlead.planners.drain.peers.rival import Choice
from fairlead.planners.drain.ranked import ranked_removal
from fairlead.predict.overlay import FAILING_LOSS_RATIO, last_window


def choose(snapshot: Snapshot, found: Failures, problem: CoverProblem, budget: Budget) -> Choice:
    """All faulty servers leave, in the order of the fleet, whether the SLO needs it or not, inside the quotas."""
    window, online = last_window(snapshot), snapshot[Servers].online
    stays = online[window.source] & online[window.target]
    loss = snapshot[Streams].loss_ratio[window.rows]
    healthy = stays & (loss <= FAILING_LOSS_RATIO) & (window.failed_count == 0)
    count = snapshot[Servers].row_count
    good = np.bincount(window.source, healthy, count) + np.bincount(window.target, healthy, count)
    faulty = np.flatnonzero(good[found.server_rows] == 0)
    never_enough = replace(problem, slack=-1.0)  # no success ends the removal
    return Choice(nodes=ranked_removal(never_enough, faulty))
