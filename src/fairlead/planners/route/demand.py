"""What each session group will send (Panorama 4.3): the average rate over the last cycle; and who is active."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from fairlead.model import Demands

Reals = NDArray[np.float64]
Flags = NDArray[np.bool_]

HELD_COUNT = 3
"""Cycles for which the last known rate of a session group stands in for one that was not measured."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RateMemory:
    """The last known rate of every session group; the caller keeps it.

    groups    : content hash of the list of session groups that the arrays are of
    rate_mbps : [session groups] NaN where none was ever known
    age_count : [session groups] int32 cycles since it was measured; 0 is the last cycle
    """

    groups: bytes = b""
    rate_mbps: Reals = field(default_factory=lambda: np.empty(0))
    age_count: NDArray[np.int32] = field(default_factory=lambda: np.empty(0, np.int32))


def forecast(demands: Demands, memory: RateMemory, held_count: int = HELD_COUNT) -> tuple[Reals, RateMemory]:
    """Expected rate [session groups] in Mbit/s, NaN where nothing is known, and what to remember. O(session groups).

    Departs: the paper has a measurement of every session group in every cycle. Here a rate that is not known this time
    is the last known one for ``held_count`` cycles; after that the group is inactive. A memory of another list of
    session groups is forgotten.
    """
    measured = demands.demand_mbps.astype(np.float64)
    groups = b"".join(demands.digest(name) for name in Demands.key)
    last, age = memory.rate_mbps, memory.age_count
    if memory.groups != groups:
        last, age = np.full(len(measured), np.nan), np.zeros(len(measured), np.int32)
    known = ~np.isnan(measured)
    age = np.where(known, 0, np.minimum(age, held_count) + 1).astype(np.int32)
    rate = np.where(known, measured, last)
    rate = np.where(age > held_count, np.nan, rate)
    return rate, RateMemory(groups=groups, rate_mbps=rate, age_count=age)


def active_groups(rate_mbps: Reals, threshold_mbps: float, count: int) -> Flags:
    """[session groups] those with a rate over the threshold (4.3); a NaN threshold means the ``count`` largest.

    A group of no known or no positive rate is never active. Of equal rates the earlier row is taken.
    """
    rate = np.nan_to_num(rate_mbps)
    active: Flags = rate > (0.0 if np.isnan(threshold_mbps) else max(0.0, threshold_mbps))
    if np.isnan(threshold_mbps) and np.count_nonzero(active) > count:
        active = np.zeros(len(rate), dtype=bool)
        active[np.argsort(-rate, kind="stable")[:count]] = True
    return active
