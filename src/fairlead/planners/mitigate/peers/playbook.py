"""The operator's playbook as SWARM 2 and 4.1 tell it: local rules with a threshold.

Above the t0s, a link that corrupts packets is disabled if a share of the uplinks of its switch stays in service, the
worst link of a switch first. Loss of more than DRAIN_LOSS at a t0 or below drains the t0: its traffic moves away and it
is taken out of service. Else, and for congestion, nothing.

Departs: both drop ratios are missing in the paper's text. A link corrupts above LOSS_FLOOR; DRAIN_LOSS is the smallest
loss of CorrOpt's worst class of links, which operators treat as an outage of the servers behind it. An uplink that is
itself lossy still counts as in service.
"""

from __future__ import annotations

from functools import partial

import numpy as np

from fairlead.model import Snapshot
from fairlead.planners.mitigate.actions import Action
from fairlead.planners.mitigate.cables import T0, tiers
from fairlead.planners.mitigate.failures import failures, in_service, tor_drop_ratio
from fairlead.planners.mitigate.peers.rival import MitigateRival

DRAIN_LOSS = 1e-3


def choose(snapshot: Snapshot, kept_ratio: float) -> tuple[Action, ...]:
    """What the book says of each failure; at least ``kept_ratio`` of a switch's uplinks stay."""
    wrong, tier, loss = failures(snapshot), tiers(snapshot), tor_drop_ratio(snapshot)
    found = wrong.cables
    uplinks = np.bincount(found.low, minlength=len(tier))
    left = np.bincount(found.low[in_service(snapshot, found)], minlength=len(tier))
    actions: list[Action] = []
    for cable in wrong.lossy.tolist():
        low, high = int(found.low[cable]), int(found.high[cable])
        if left[low] - 1 >= kept_ratio * uplinks[low]:
            left[low] -= 1
            actions.append(Action(kind="disable_link", source=low, target=high))
    drained = [tor for tor in wrong.tors.tolist() if loss[tor] > DRAIN_LOSS]
    if len(drained) < int(np.count_nonzero(tier == T0)):  # where all would be drained, nobody is left to take traffic
        for tor in drained:
            actions += [Action(kind="move_traffic", source=tor), Action(kind="disable_node", source=tor)]
    return tuple(actions)


VARIANTS = tuple(
    MitigateRival(name=f"playbook_{percent}", choose=partial(choose, kept_ratio=percent / 100))
    for percent in (25, 50, 75)
)
"""The paper's three, there called Operator-25, -50 and -75."""
