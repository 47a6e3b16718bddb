"""What goes wrong on the way, where and from when to when: hidden from whoever plans."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np

from fairlead.worlds.overlay.metros import METROS
from fairlead.worlds.routing.spec import RoutingSpec


class Place(Enum):
    """What a degradation touches."""

    LINK = "link"  # between two sites, both ways
    ACCESS = "access"  # between the users of a metro and a site
    SITE = "site"  # everything that goes through a site
    DIRECT = "direct"  # the plain Internet between two metros, both ways


PLACE_SHARE = {Place.LINK: 0.45, Place.ACCESS: 0.3, Place.SITE: 0.05, Place.DIRECT: 0.2}


@dataclass(frozen=True, slots=True, kw_only=True)
class Degradation:
    """One spell of bad quality in windows ``begin_window <= w < end_window``.

    first, second : rows of sites or metros, as the place says; a site alone has second -1
    latency_ms, jitter_ms, loss_ratio : what it adds to each segment
    """

    place: Place
    first: int
    second: int
    begin_window: int
    end_window: int
    latency_ms: float
    jitter_ms: float
    loss_ratio: float

    def lasts_in(self, window: int) -> bool:
        """Whether it can be felt in this window."""
        return self.begin_window <= window < self.end_window


def drawn_degradations(spec: RoutingSpec, chance: np.random.Generator) -> tuple[Degradation, ...]:
    """Every degradation of a world, by the window in which it begins; some have begun before window 0.

    Lengths are geometric; half of them mostly delay, half mostly lose packets.
    """
    early = int(3 * spec.degradation_windows)
    count = int(chance.poisson(spec.degradation_mean * (spec.window_count + early)))
    begin = np.sort(chance.integers(-early, spec.window_count, count))
    places = chance.choice(len(PLACE_SHARE), count, p=list(PLACE_SHARE.values()))
    found = []
    for start, place_number in zip(begin.tolist(), places.tolist(), strict=True):
        place = tuple(PLACE_SHARE)[place_number]
        first, second = _ends(place, spec.site_count, chance)
        length = int(chance.geometric(1 / max(1.0, spec.degradation_windows)))
        delays = chance.random() < 0.5
        degradation = Degradation(
            place=place,
            first=first,
            second=second,
            begin_window=start,
            end_window=start + length,
            latency_ms=float(chance.exponential(80.0 if delays else 10.0)),
            jitter_ms=float(chance.exponential(40.0 if delays else 10.0)),
            loss_ratio=float(chance.uniform(0.0, 0.01) if delays else chance.uniform(0.02, 0.5)),
        )
        if place is not Place.LINK or spec.site_count > 1:  # a lone site has no links to degrade
            found.append(degradation)
    return tuple(found)


def _ends(place: Place, site_count: int, chance: np.random.Generator) -> tuple[int, int]:
    site = int(chance.integers(site_count))
    match place:
        case Place.LINK:
            return site, int(site + 1 + chance.integers(max(1, site_count - 1))) % site_count
        case Place.ACCESS:
            return int(chance.integers(len(METROS))), site
        case Place.SITE:
            return site, -1
        case Place.DIRECT:
            first, second = chance.choice(len(METROS), 2, replace=False)
            return int(first), int(second)
