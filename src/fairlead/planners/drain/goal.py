"""What a drain plan must reach and the safety budget it must stay in."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """The objective and the limits of a drain plan; the defaults are the safe ones.

    slo_ratio          : share of the demanded relay streams that must work (Sentry: 0.9999)
    fleet_cap_ratio    : largest share of the fleet that may be down; 1 = no cap
    region_floor_ratio : smallest share of every region's servers that stays up; 0 = no floor
    headroom_ratio     : largest load over surviving capacity that a region may be left with
    confidence_ratio   : how sure a plan that leaves failures alone must be that the objective holds without them
    """

    slo_ratio: float = 0.9999
    fleet_cap_ratio: float = 0.2
    region_floor_ratio: float = 0.5
    headroom_ratio: float = 0.95
    confidence_ratio: float = 0.99

    def __post_init__(self) -> None:
        for name in ("slo_ratio", "fleet_cap_ratio", "region_floor_ratio", "confidence_ratio"):
            value = getattr(self, name)
            assert 0.0 <= value <= 1.0, f"{name} = {value}"


UNLIMITED = Goal(fleet_cap_ratio=1.0, region_floor_ratio=0.0, headroom_ratio=float("inf"))
