"""Where sites and users are, and what the last mile of a user group is like."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fairlead.model import Groups, Sites
from fairlead.worlds.overlay.apportion import apportioned
from fairlead.worlds.overlay.metros import METROS
from fairlead.worlds.routing.cloud_regions import CLOUD_REGIONS

Reals = NDArray[np.float64]
Rows = NDArray[np.int64]

# median round trip and jitter in ms, median loss, share of the groups: assumptions, no statistics to quote
LAST_MILES = {
    "fibre": (4.0, 0.6, 0.0004, 0.42),
    "cable": (11.0, 2.0, 0.0015, 0.30),
    "mobile": (26.0, 6.0, 0.004, 0.20),
    "poor": (42.0, 14.0, 0.12, 0.08),
}
ACCESS_KINDS = tuple(LAST_MILES)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class UserPlaces:
    """User groups and their last miles.

    metro                         : [groups] row of METROS, groups of a metro together
    latitude_deg, longitude_deg   : [groups]
    weight                        : [groups] people, in millions
    kind                          : [groups] row of ACCESS_KINDS
    latency_ms, jitter_ms, loss_ratio : [groups] what the last mile adds to every path, round trip
    """

    groups: Groups
    metro: Rows
    latitude_deg: Reals
    longitude_deg: Reals
    weight: Reals
    kind: Rows
    latency_ms: Reals
    jitter_ms: Reals
    loss_ratio: Reals


def placed_sites(site_count: int, chance: np.random.Generator) -> Sites:
    """The first cloud regions, then metropolitan areas by population, round after round; capacity not yet known."""
    metros = sorted(METROS, key=lambda metro: -metro.population_millions)
    rows = [(region.name, region.area, region.latitude_deg, region.longitude_deg) for region in CLOUD_REGIONS]
    spare = max(0, site_count - len(rows))
    shift = chance.uniform(-0.6, 0.6, (spare, 2))  # another building, not the same one
    for number in range(spare):
        metro = metros[number % len(metros)]
        name = f"{metro.code}-{number // len(metros) + 1}"
        latitude, longitude = metro.latitude_deg + shift[number, 0], metro.longitude_deg + shift[number, 1]
        rows.append((name, metro.area, float(latitude), float(longitude)))
    names, areas, latitude_deg, longitude_deg = zip(*rows[:site_count], strict=True)
    return Sites.of(
        site=np.array(names),
        region=np.array(areas),
        latitude_deg=np.array(latitude_deg),
        longitude_deg=np.array(longitude_deg),
        cost_per_mbps=np.round(chance.uniform(0.8, 1.2, site_count), 3),
    )


def placed_users(group_count: int, chance: np.random.Generator) -> UserPlaces:
    """``group_count`` groups shared out among the metros by population, in the order of their names.

    The people of a metro spread unevenly over its groups (log-normal), and its groups over about a degree. Fewer groups
    than metros: metros are drawn by population, each at most once.
    """
    codes = np.array([metro.code for metro in METROS])
    people = np.array([metro.population_millions for metro in METROS])
    by_code = np.argsort(codes)
    if group_count < len(METROS):
        chosen = chance.choice(len(METROS), group_count, replace=False, p=people / people.sum())
        count = np.isin(np.arange(len(METROS)), chosen).astype(np.int64)
    else:
        rest = np.array([group_count - len(METROS)])
        count = 1 + apportioned(rest, np.zeros(len(METROS), dtype=np.int32), people)
    metro = np.repeat(by_code, count[by_code])
    number = np.arange(group_count) - np.repeat(np.cumsum(count[by_code]) - count[by_code], count[by_code])
    share = np.exp(chance.normal(0, 0.8, group_count))
    share /= np.bincount(metro, weights=share, minlength=len(METROS))[metro]
    latitude = np.array([m.latitude_deg for m in METROS])[metro] + chance.normal(0, 0.7, group_count)
    longitude = np.array([m.longitude_deg for m in METROS])[metro] + chance.normal(0, 0.7, group_count)
    kind, latency, jitter, loss = _last_miles(group_count, chance)
    names = np.array([f"{codes[m]}-{n:05d}" for m, n in zip(metro.tolist(), number.tolist(), strict=True)])
    return UserPlaces(
        groups=Groups.of(group=names),
        metro=metro.astype(np.int64),
        latitude_deg=latitude,
        longitude_deg=longitude,
        weight=people[metro] * share,
        kind=kind,
        latency_ms=latency,
        jitter_ms=jitter,
        loss_ratio=loss,
    )


def _last_miles(group_count: int, chance: np.random.Generator) -> tuple[Rows, Reals, Reals, Reals]:
    figures = np.array(list(LAST_MILES.values()))
    kind = chance.choice(len(figures), group_count, p=figures[:, 3])
    spread = np.exp(chance.normal(0, [0.35, 0.5, 0.8], (group_count, 3)))
    latency, jitter, loss = (figures[kind, :3] * spread).T
    return kind.astype(np.int64), latency, jitter, np.minimum(loss, 0.6)
