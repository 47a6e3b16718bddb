"""Round trips, jitter and loss of segments of the invented Internet, before anything happens on it.

Latency is light in fibre over the great circle, times how far the route winds, plus what the ends add. Latencies are
round trips: the limits of Panorama Table 3 are, since its measurements echo packets (5.2).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fairlead.worlds.overlay.geography import round_trip_ms

Reals = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteKind:
    """How routes of one kind behave; assumptions.

    winding, winding_spread : median and log-spread of route length over great circle
    circuitous_ratio        : share of the routes that take a much longer way, 1.25 to 1.75 times as far
    fixed_ms                : devices and queues at the ends
    jitter_ms, loss_ratio   : means of exponential draws for a route of 5,000 km
    bad_ratio               : share of the routes that are congested: jitter times 15, loss plus up to 40 %
    """

    winding: float
    winding_spread: float
    circuitous_ratio: float
    fixed_ms: float
    jitter_ms: float
    loss_ratio: float
    bad_ratio: float


ACCESS_ROUTE = RouteKind(
    winding=1.54,
    winding_spread=0.26,
    circuitous_ratio=0.15,
    fixed_ms=2.0,
    jitter_ms=1.0,
    loss_ratio=0.002,
    bad_ratio=0.015,
)
DIRECT_ROUTE = RouteKind(
    winding=1.78,
    winding_spread=0.14,
    circuitous_ratio=0.10,
    fixed_ms=4.0,
    jitter_ms=4.0,
    loss_ratio=0.006,
    bad_ratio=0.04,
)
PRIVATE_LINK = RouteKind(
    winding=1.25,
    winding_spread=0.05,
    circuitous_ratio=0.0,
    fixed_ms=0.6,
    jitter_ms=0.1,
    loss_ratio=0.00005,
    bad_ratio=0.0,
)
INTERNET_LINK = RouteKind(
    winding=1.7,
    winding_spread=0.15,
    circuitous_ratio=0.10,
    fixed_ms=1.0,
    jitter_ms=1.0,
    loss_ratio=0.002,
    bad_ratio=0.02,
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Segments:
    """Metrics of many segments, arrays of equal shape: ms, ms, ratio."""

    latency_ms: Reals
    jitter_ms: Reals
    loss_ratio: Reals


def drawn_segments(kind: RouteKind, distance_km: Reals, chance: np.random.Generator) -> Segments:
    """Segments of one kind over ``distance_km`` [any shape], each drawn on its own. O(segments)."""
    shape = distance_km.shape
    winding = np.maximum(1.05, kind.winding * np.exp(chance.normal(0, kind.winding_spread, shape)))
    circuitous = chance.random(shape) < kind.circuitous_ratio
    winding = np.where(circuitous, winding * chance.uniform(1.25, 1.75, shape), winding)
    bad = chance.random(shape) < kind.bad_ratio
    length = 0.3 + distance_km / 7000.0
    jitter = kind.jitter_ms * length * chance.standard_exponential(shape) * np.where(bad, 15.0, 1.0)
    loss = kind.loss_ratio * length * chance.standard_exponential(shape)
    loss = np.minimum(loss + np.where(bad, chance.uniform(0.02, 0.4, shape), 0.0), 0.9)
    return Segments(latency_ms=kind.fixed_ms + round_trip_ms(distance_km, winding), jitter_ms=jitter, loss_ratio=loss)


def joined_loss(*loss_ratio: Reals) -> Reals:
    """1 - product of (1 - loss): what is lost on the way through all of them; the arrays broadcast."""
    kept: Reals = np.ones(1)
    for each in loss_ratio:
        kept = kept * (1 - each)
    return 1 - kept
