"""The safety budget: every number that the guard holds a plan against."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from fairlead.model import UsageError

# 0.3 * 10 is 3.0000000000000004 in floating point; a ratio of a count is rounded only after this much is forgiven
ROUNDING = 1e-9
HOUR_S = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a restrictive edit may not break; the defaults are the safe ones. UsageError for a number without meaning.

    fleet_cap_ratio                : G1 down <= floor(ratio * fleet)
    region_floor_ratio             : G1 up >= ceil(ratio * servers of the region), in every region that loses a server
    drains_per_hour_ratio          : G2 drains in any hour <= floor(ratio * fleet)
    region_drains_per_hour_ratio   : G2 drains in any hour <= floor(ratio * servers of the region)
    server_drains_per_hour_count   : G2 drains of one server in any hour; the next one is a flap
    headroom_ratio                 : G3 load of a region <= ratio * capacity of its survivors
    stale_window_count             : G4 the newest window ended at most this many windows ago
    window_s                       : G4 length of a window, where the snapshot does not tell
    reporting_ratio                : G4 servers that report >= ceil(ratio * online servers of the region)
    persistent_window_count        : G4 windows of the snapshot in which the server had failed streams
    overwhelming_ratio             : G4, G12 share of a server's streams that fail at which one window is enough proof
    witness_count                  : G4 servers with which the server's streams fail
    lone_witness_pairs_count       : G4 pairs that a server may have failing and still be believed alone
    region_kept_count              : G6 servers that every region keeps, whatever the ratios say
    fleet_kept_count               : G6 servers that the fleet keeps, whatever the ratios say
    owner_hold_s                   : G8 how long a planner owns a server that it brought back
    sick_ratio                     : G12 share of servers, or of pairs, that look bad at which nothing may be taken away
    """

    fleet_cap_ratio: float = 0.2
    region_floor_ratio: float = 0.5
    drains_per_hour_ratio: float = 0.2
    region_drains_per_hour_ratio: float = 0.5
    server_drains_per_hour_count: float = 2
    headroom_ratio: float = 0.95
    stale_window_count: float = 2
    window_s: float = 30.0
    reporting_ratio: float = 0.9
    persistent_window_count: float = 2
    overwhelming_ratio: float = 0.5
    witness_count: float = 2
    lone_witness_pairs_count: float = 2
    region_kept_count: int = 1
    fleet_kept_count: int = 1
    owner_hold_s: float = 600.0
    sick_ratio: float = 0.5

    def __post_init__(self) -> None:
        refuse_meaningless(asdict(self), above_zero=("window_s",))


def refuse_meaningless(limits: Mapping[str, float], above_zero: Collection[str] = ()) -> None:
    """UsageError for the first limit that is no number, 0 or more; those ``above_zero`` may not be 0 either.

    A NaN compares false with everything, which would lift the limit without a word.
    """
    for name, value in limits.items():
        if math.isnan(value) or value < 0 or (value == 0 and name in above_zero):
            raise UsageError(
                code="limits.out_of_range",
                what=f"the safety limit {name} has no meaning",
                where=name,
                got=str(value),
                expected="a number above 0" if name in above_zero else "a number, 0 or more",
            )


# The numbers are lifted; what is no number stays: empty edits, the last server of the fleet, observed columns, rows
# that do not exist, a network without demand, another planner's servers.
UNLIMITED = Limits(
    fleet_cap_ratio=1.0,
    region_floor_ratio=0.0,
    drains_per_hour_ratio=math.inf,
    region_drains_per_hour_ratio=math.inf,
    server_drains_per_hour_count=math.inf,
    headroom_ratio=math.inf,
    stale_window_count=math.inf,
    reporting_ratio=0.0,
    persistent_window_count=0,
    witness_count=0,
    region_kept_count=0,
    owner_hold_s=0.0,
    sick_ratio=math.inf,
)


def largest_count(ratio: float, of_count: int | NDArray[np.int64]) -> NDArray[np.float64]:
    """floor(ratio * of_count): how many may; 20 % of 60 are 12, of 64 are 12."""
    return np.asarray(np.floor(ratio * np.asarray(of_count) + ROUNDING), np.float64)


def smallest_count(ratio: float, of_count: int | NDArray[np.int64]) -> NDArray[np.float64]:
    """ceil(ratio * of_count): how many must; half of 3 are 2, 30 % of 10 are 3."""
    return np.asarray(np.ceil(ratio * np.asarray(of_count) - ROUNDING), np.float64)
