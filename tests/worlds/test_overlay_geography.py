"""The globe, its metros and its regions."""

import numpy as np
import pytest

from fairlead.worlds.overlay.geography import distance_km, metro_distances_km, round_trip_ms, service_regions
from fairlead.worlds.overlay.metros import METROS


def test_metros_are_well_formed() -> None:
    assert 80 <= len(METROS) <= 130
    assert len({metro.code for metro in METROS}) == len(METROS)
    assert all(abs(m.latitude_deg) <= 60.5 and abs(m.longitude_deg) <= 180 for m in METROS)
    assert all(1 <= m.population_millions <= 40 for m in METROS)


def test_known_distances() -> None:
    assert distance_km(51.5, -0.1, 40.7, -74.0) == pytest.approx(5570, rel=0.01)  # London, New York
    assert distance_km(1.3, 103.8, -33.9, 151.2) == pytest.approx(6300, rel=0.01)  # Singapore, Sydney
    assert distance_km(0, 0, 0, 180) == pytest.approx(20015, rel=0.001)
    assert distance_km(10, 20, 10, 20) == 0


def test_light_in_fibre() -> None:
    assert round_trip_ms(10_000, 1.0) == pytest.approx(100)
    assert round_trip_ms(10_000, 1.5) == pytest.approx(150)


@pytest.mark.parametrize("region_count", [1, 4, 10, 18, 30, len(METROS)])
def test_any_number_of_regions_each_with_metros_and_a_name_of_its_own(region_count: int) -> None:
    region, names = service_regions(region_count)
    assert len(names) == len(set(names)) == region_count
    assert np.unique(region).tolist() == list(range(region_count))


def test_regions_hold_together() -> None:
    region, _ = service_regions(18)
    between = metro_distances_km()
    together = region[:, None] == region
    assert between[together].mean() < 0.25 * between[~together].mean()
