"""How large a routed world is, and how it behaves; every number an assumption of this generator."""

from __future__ import annotations

from dataclasses import dataclass

from fairlead.model import UsageError

MOST_SITES = 500
MOST_GROUPS = 50_000
MOST_PREFIXES = 10_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutingSpec:
    """An overlay that routes sessions between user groups. The default is Panorama's size (3.3, 5.1).

    site_count             : 1 to 500; beyond the cloud regions, sites are put into metropolitan areas
    group_count            : user groups, spread over the metropolitan areas by population
    demand_count           : session groups: distinct (source group, target group, service class), drawn by gravity
    prefix_count           : /24 blocks, shared out among the groups
    class_share            : probability of the premium, standard and default class
    direct_measured_ratio  : share of the pairs with demand whose direct path is in the table; the rest is unmeasured
    utilisation_ratio      : what the busiest links reach when demand is spread over the nearest sites
    mean_rate_mbps         : mean demand of a session group
    start_hour             : UTC hour of window 0
    window_minutes         : length of a window: one scheduling cycle
    window_count           : windows in which degradations begin; later ones are quiet
    degradation_mean       : expected number of degradations that begin in a window
    degradation_windows    : mean length of a degradation in windows
    noise_ratio            : relative error of a measured latency; jitter and loss are seven times as uncertain
    """

    site_count: int = 34
    group_count: int = 3_000
    demand_count: int = 1_000_000
    prefix_count: int = 12_000
    class_share: tuple[float, float, float] = (0.2, 0.3, 0.5)
    direct_measured_ratio: float = 1.0
    utilisation_ratio: float = 0.9
    mean_rate_mbps: float = 2.0
    start_hour: float = 12.0
    window_minutes: float = 5.0
    window_count: int = 288
    degradation_mean: float = 0.75
    degradation_windows: float = 12.0
    noise_ratio: float = 0.02

    def __post_init__(self) -> None:
        possible = self.group_count**2 * len(self.class_share)
        for name, value, low, high in (
            ("site_count", self.site_count, 1, MOST_SITES),
            ("group_count", self.group_count, 1, MOST_GROUPS),
            ("demand_count", self.demand_count, 1, max(1, possible)),
            ("prefix_count", self.prefix_count, 0, MOST_PREFIXES),
            ("direct_measured_ratio", self.direct_measured_ratio, 0, 1),
        ):
            if not low <= value <= high:
                raise UsageError(
                    code="world.size",
                    what=f"{name} does not fit the rest of the world",
                    where=name,
                    got=f"{value:,}",
                    expected=f"{low:,} to {high:,}",
                )
        assert abs(sum(self.class_share) - 1) < 1e-9, "shares of one"


SMALL_WORLD = RoutingSpec(site_count=6, group_count=20, demand_count=300, prefix_count=60, mean_rate_mbps=5.0)
"""For tests and demonstrations."""
