"""What a routing must achieve, and how much choice it gets; values, never behaviour."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum

from fairlead.model import UsageError


class Objective(Enum):
    """What the split minimises."""

    UTILISATION = "utilisation"  # the highest priced link utilisation (Panorama Eq. 2)
    LATENCY = "latency"  # the mean latency of the demand, with a cap on that utilisation


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteGoal:
    """The numbers of Panorama section 4, with its values as defaults. UsageError for one without meaning.

    backbone_count  : K', loop-free backbone paths of every pair of sites
    path_count      : K, end-to-end paths of every pair of user groups
    kept_count      : paths of fewest hops that share the traffic of a session group (4.3)
    candidate_count : N_i = N_e, ingress and egress candidates of the paper's heuristic
    active_mbps     : demand above which a session group is active: the paper's linear program sees only those.
                      NaN: the threshold that leaves the ``active_count`` largest
    active_count    : see ``active_mbps``
    gap_ratio       : proven gap at which the split of all session groups stops
    objective       : what the split minimises
    slack_ratio     : with Objective.LATENCY, the cap is (1 + slack) times the least priced utilisation
    cap             : the cap itself, instead of that; NaN: by the slack
    headroom_ratio  : a link fuller than this share of its capacity breaks the promise
    """

    backbone_count: int = 5
    path_count: int = 5
    kept_count: int = 3
    candidate_count: int = 4
    active_mbps: float = math.nan
    active_count: int = 10_000
    gap_ratio: float = 0.005
    objective: Objective = Objective.UTILISATION
    slack_ratio: float = 0.1
    cap: float = math.nan
    headroom_ratio: float = 1.0

    def __post_init__(self) -> None:
        for name in ("backbone_count", "path_count", "kept_count", "candidate_count", "active_count"):
            self._check(name, getattr(self, name) >= 1, "1 or more")
        self._check("active_mbps", not self.active_mbps < 0, "0 or more Mbit/s")
        for name in ("gap_ratio", "slack_ratio"):
            self._check(name, getattr(self, name) >= 0, "0 or more")
        self._check("cap", not self.cap < 0, "0 or more")
        self._check("headroom_ratio", self.headroom_ratio > 0, "above 0")

    def _check(self, name: str, good: bool, expected: str) -> None:
        if not good:
            raise UsageError(
                code="route.goal",
                what=f"{name} has no meaning",
                where=name,
                got=str(getattr(self, name)),
                expected=expected,
            )
