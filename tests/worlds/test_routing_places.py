"""Sites at real regions, users where people live."""

import numpy as np
import pytest

from fairlead.worlds.overlay.geography import distance_km
from fairlead.worlds.overlay.metros import METROS
from fairlead.worlds.routing.cloud_regions import CLOUD_REGIONS
from fairlead.worlds.routing.places import ACCESS_KINDS, LAST_MILES, placed_sites, placed_users


def test_the_table_of_regions_is_sane() -> None:
    assert len(CLOUD_REGIONS) >= 40
    assert len({region.name for region in CLOUD_REGIONS}) == len(CLOUD_REGIONS)
    areas = {metro.area for metro in METROS}
    for region in CLOUD_REGIONS:
        assert region.area in areas
        assert -60 < region.latitude_deg < 70
        assert -180 < region.longitude_deg < 180
        # the area is the one of a near metropolis: a swapped sign or a slip of the keyboard would show
        near = min(
            float(distance_km(region.latitude_deg, region.longitude_deg, metro.latitude_deg, metro.longitude_deg))
            for metro in METROS
            if metro.area == region.area
        )
        assert near < 1500, region.name


def test_the_first_regions_serve_the_world() -> None:
    for count, farthest in ((12, 5500), (34, 4200)):
        first = CLOUD_REGIONS[:count]
        for metro in METROS:
            near = min(
                float(distance_km(metro.latitude_deg, metro.longitude_deg, region.latitude_deg, region.longitude_deg))
                for region in first
            )
            assert near < farthest, (count, metro.name)


@pytest.mark.parametrize("count", [1, 34, 62, 63, 300, 500])
def test_any_number_of_sites(count: int) -> None:
    sites = placed_sites(count, np.random.default_rng(0))
    assert sites.row_count == count
    assert len(set(sites.site.tolist())) == count
    assert sites.site[0] == "frankfurt"
    assert np.isnan(sites.nic_mbps).all()  # bought later
    assert (np.abs(sites.cost_per_mbps - 1) <= 0.2).all()


def test_users_live_where_people_do() -> None:
    users = placed_users(3000, np.random.default_rng(1))
    people = np.array([metro.population_millions for metro in METROS])
    count = np.bincount(users.metro, minlength=len(METROS))
    assert count.sum() == 3000
    assert count.min() >= 1
    assert np.abs(count - 1 - (3000 - len(METROS)) * people / people.sum()).max() <= 1  # largest remainders
    weight = np.bincount(users.metro, weights=users.weight, minlength=len(METROS))
    assert weight == pytest.approx(people)
    names = users.groups.group
    assert (names[1:] > names[:-1]).all()
    assert [name[:3] for name in names] == [METROS[metro].code for metro in users.metro]
    home = distance_km(
        users.latitude_deg,
        users.longitude_deg,
        np.array([metro.latitude_deg for metro in METROS])[users.metro],
        np.array([metro.longitude_deg for metro in METROS])[users.metro],
    )
    assert np.median(home) < 150
    assert home.max() < 600


@pytest.mark.parametrize("count", [1, 20, len(METROS) - 1, len(METROS)])
def test_few_groups_are_spread_over_the_metros(count: int) -> None:
    users = placed_users(count, np.random.default_rng(1))
    assert len(np.unique(users.metro)) == count


def test_last_miles_differ_by_kind() -> None:
    users = placed_users(5000, np.random.default_rng(2))
    share = np.bincount(users.kind, minlength=len(ACCESS_KINDS)) / 5000
    assert share == pytest.approx([LAST_MILES[kind][3] for kind in ACCESS_KINDS], abs=0.03)
    for kind, name in enumerate(ACCESS_KINDS):
        mine = users.kind == kind
        assert np.median(users.latency_ms[mine]) == pytest.approx(LAST_MILES[name][0], rel=0.15)
        assert np.median(users.jitter_ms[mine]) == pytest.approx(LAST_MILES[name][1], rel=0.2)
        assert np.median(users.loss_ratio[mine]) == pytest.approx(LAST_MILES[name][2], rel=0.3)
    assert users.loss_ratio.max() <= 0.6
