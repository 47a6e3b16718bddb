"""Networks of any size: exact counts, ranges, gravity, an evening peak."""

import numpy as np
import pytest

from fairlead.model import UsageError
from fairlead.worlds.overlay.geography import distance_km
from fairlead.worlds.overlay.gravity import DENSE_LIMIT, gravity_pairs
from fairlead.worlds.overlay.layout import OverlaySpec, overlay_network
from fairlead.worlds.overlay.network import Network


@pytest.fixture(scope="module")
def network() -> Network:
    return overlay_network(OverlaySpec(), np.random.default_rng(1))


def test_counts_are_exact(network: Network) -> None:
    servers = network.servers
    assert servers.row_count == 2_000
    assert len(servers.codes("region")[0]) == 18
    assert len(servers.codes("data_center")[0]) == 200
    assert len(servers.codes("provider")[0]) == 4
    assert np.bincount(servers.codes("data_center")[1]).min() >= 2
    assert network.pair_count == 100_000
    assert len(np.unique(servers.server)) == 2_000


def test_a_data_center_lies_in_one_region_with_one_provider(network: Network) -> None:
    data_center = network.group("data_center")
    for column in ("region", "provider"):
        joined = np.unique(np.stack([data_center, network.group(column)]), axis=1)
        assert joined.shape[1] == 200


def test_pairs_are_distinct_and_never_of_one_server(network: Network) -> None:
    assert (network.source < network.target).all()
    key = network.source.astype(np.int64) * network.server_count + network.target
    assert (np.diff(key) > 0).all()


def test_pairs_beyond_the_dense_limit_are_distinct_too() -> None:
    server_count = 6_600
    assert server_count * (server_count - 1) // 2 > DENSE_LIMIT
    site = np.sort(np.random.default_rng(0).integers(0, 5, server_count))
    weight = np.array([30.0, 1, 1, 1, 1])
    far = 5_000.0 * (1 - np.eye(5))
    source, target = gravity_pairs(site, weight, far, 400_000, np.random.default_rng(2))
    assert len(source) == 400_000
    assert (source < target).all()
    assert (np.diff(source.astype(np.int64) * server_count + target) > 0).all()
    assert ((site[source] == 0) | (site[target] == 0)).mean() > 0.95  # most people live at site 0


def test_gravity_follows_people_and_distance() -> None:
    site = np.repeat(np.arange(3), 100)
    far = np.array([[0, 500, 16_000], [500, 0, 16_000], [16_000, 16_000, 0]], dtype=float)
    source, target = gravity_pairs(site, np.array([10.0, 10, 10]), far, 2_000, np.random.default_rng(3))
    near = ((site[source] == 0) & (site[target] == 1)).sum()
    distant = ((site[source] == 0) & (site[target] == 2)).sum()
    assert near / distant == pytest.approx(np.sqrt(9 / 1.25), rel=0.2)


def test_round_trips_follow_distance_and_never_beat_light(network: Network) -> None:
    servers = network.servers
    ends = network.source, network.target
    apart = distance_km(*(column[end] for end in ends for column in (servers.latitude_deg, servers.longitude_deg)))
    assert (network.base_rtt_ms > 2 * apart / 300).all()
    assert np.corrcoef(apart, network.base_rtt_ms)[0, 1] > 0.95
    assert network.base_rtt_ms.max() < 550


def test_streams_are_heavy_tailed_round_the_mean(network: Network) -> None:
    assert network.demand_count.mean() == pytest.approx(5, rel=0.03)
    assert np.percentile(network.demand_count, 99) > 4 * network.demand_count.mean()


def test_users_peak_in_their_own_evening_and_fit(network: Network) -> None:
    longitude = network.servers.longitude_deg
    windows_a_day = 24 * 120
    share = np.stack([network.home_users_count(w) for w in range(0, windows_a_day, 60)]) / network.peak_users_count
    busiest_utc_hour = network.start_utc_hour + share.argmax(axis=0) / 2
    off = (busiest_utc_hour + longitude / 15 - 20 + 12) % 24 - 12
    assert np.abs(off).mean() < 0.6
    assert share.min() < 0.25
    assert share.max() < 1.1
    utilisation = network.peak_users_count / network.capacity_users_count
    assert utilisation.min() > 0.48
    assert utilisation.max() < 0.62


def test_a_seed_decides_everything() -> None:
    spec = OverlaySpec(server_count=200, data_center_count=40, pair_count=1_000)
    twins = [overlay_network(spec, np.random.default_rng(seed)) for seed in (7, 7, 8)]
    assert twins[0].servers == twins[1].servers
    assert np.array_equal(twins[0].base_rtt_ms, twins[1].base_rtt_ms)
    assert not np.array_equal(twins[0].source, twins[2].source)


@pytest.mark.parametrize(
    "wrong",
    [
        {"region_count": 0},
        {"region_count": 1_000},
        {"data_center_count": 3},
        {"server_count": 100, "data_center_count": 101},
        {"server_count": 200, "pair_count": 19_901},
        {"failed_pair_ratio": 1.5},
        {"window_count": 0},
    ],
)
def test_impossible_sizes_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(UsageError, match="no overlay has this"):
        OverlaySpec(**wrong)
