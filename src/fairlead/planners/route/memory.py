"""What a routing remembers from cycle to cycle; the caller keeps it."""

from __future__ import annotations

from dataclasses import dataclass, field

from fairlead.planners.route.candidates import CandidateMemory
from fairlead.planners.route.demand import RateMemory


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteMemory:
    """Empty before the first cycle.

    candidates : the bandits' memory, of the paper's way to find paths only
    rates      : the last known rate of every session group
    """

    candidates: CandidateMemory | None = None
    rates: RateMemory = field(default_factory=RateMemory)
