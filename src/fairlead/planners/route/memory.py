"""What a routing remembers from cycle to cycle; the caller keeps it."""

from __future__ import annotations

from dataclasses import dataclass

from fairlead.planners.route.candidates import CandidateMemory


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteMemory:
    """``candidates`` is the bandits' memory, of the paper's way to find paths only; None before the first cycle."""

    candidates: CandidateMemory | None = None
