"""Distances on the globe, light in fibre, and metropolitan areas grouped into service regions."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fairlead.worlds.overlay.metros import METROS

EARTH_RADIUS_KM = 6371.0
FIBRE_KM_PER_MS = 200.0  # two thirds of the speed of light


def distance_km(
    latitude_deg: ArrayLike, longitude_deg: ArrayLike, other_latitude_deg: ArrayLike, other_longitude_deg: ArrayLike
) -> NDArray[np.float64]:
    """Great-circle distance; the four arrays broadcast."""
    latitude, longitude, other_latitude, other_longitude = (
        np.radians(np.asarray(degrees, dtype=np.float64))
        for degrees in (latitude_deg, longitude_deg, other_latitude_deg, other_longitude_deg)
    )
    half_chord = (
        np.sin((latitude - other_latitude) / 2) ** 2
        + np.cos(latitude) * np.cos(other_latitude) * np.sin((longitude - other_longitude) / 2) ** 2
    )
    distance: NDArray[np.float64] = 2 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(np.clip(half_chord, 0, 1)))
    return distance


def round_trip_ms(distance: ArrayLike, detour_factor: ArrayLike) -> NDArray[np.float64]:
    """Round-trip time over ``distance`` km of fibre that runs ``detour_factor`` times as far as the great circle."""
    fibre_km = np.asarray(distance, dtype=np.float64) * np.asarray(detour_factor, dtype=np.float64)
    round_trip: NDArray[np.float64] = 2 * fibre_km / FIBRE_KM_PER_MS
    return round_trip


def service_regions(region_count: int) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """Metros grouped into service regions: the region of each metro [metros], and the regions' names.

    The areas of :data:`METROS` are merged (the smallest population into its nearest neighbour) or split (the largest
    population in two, round the two metros farthest apart) until there are ``region_count``. A region is named after
    the area of its largest metro, and after that metro too where the area holds several. 1 to len(METROS) regions.
    """
    assert 1 <= region_count <= len(METROS), f"1 to {len(METROS)} regions"
    between = metro_distances_km()
    groups = [np.flatnonzero([m.area == area for m in METROS]) for area in dict.fromkeys(m.area for m in METROS)]
    while len(groups) > region_count:
        smallest = groups.pop(int(np.argmin([_population(group) for group in groups])))
        nearest = int(np.argmin([between[np.ix_(smallest, group)].mean() for group in groups]))
        groups[nearest] = np.union1d(groups[nearest], smallest)
    while len(groups) < region_count:
        largest = int(np.argmax([_population(group) if len(group) > 1 else -1.0 for group in groups]))
        groups[largest : largest + 1] = _halves(groups[largest], between)
    region = np.empty(len(METROS), dtype=np.int64)
    for number, group in enumerate(groups):
        region[group] = number
    return region, _names(groups)


def metro_distances_km() -> NDArray[np.float64]:
    """[metros, metros] great-circle distances."""
    latitude = np.array([metro.latitude_deg for metro in METROS])
    longitude = np.array([metro.longitude_deg for metro in METROS])
    return distance_km(latitude[:, None], longitude[:, None], latitude, longitude)


def _population(group: NDArray[np.int64]) -> float:
    return sum((METROS[int(metro)].population_millions for metro in group), 0.0)


def _halves(group: NDArray[np.int64], between: NDArray[np.float64]) -> list[NDArray[np.int64]]:
    apart = between[np.ix_(group, group)]
    first, second = np.unravel_index(int(np.argmax(apart)), apart.shape)
    nearer_first = apart[first] <= apart[second]
    return [group[nearer_first], group[~nearer_first]]


def _names(groups: list[NDArray[np.int64]]) -> tuple[str, ...]:
    heads = [METROS[max(group, key=lambda metro: METROS[metro].population_millions)] for group in groups]
    areas = [head.area for head in heads]
    return tuple(head.area if areas.count(head.area) == 1 else f"{head.area} ({head.name})" for head in heads)
