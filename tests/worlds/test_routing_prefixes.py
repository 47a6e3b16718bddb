"""Address blocks, and how far sites are from them."""

import ipaddress

import numpy as np
import pytest

from fairlead.worlds.routing import SMALL_WORLD, RoutingSpec, RoutingWorld, prefix_latencies, routing_world
from fairlead.worlds.routing.prefixes import block_names, shared_prefixes


@pytest.fixture(scope="module")
def world() -> RoutingWorld:
    return routing_world(RoutingSpec(site_count=8, group_count=150, demand_count=100, prefix_count=1_000), 2)


def test_blocks_are_distinct_networks_one_after_the_other() -> None:
    names = block_names(70_000)
    for row in (0, 1, 255, 256, 65_535, 65_536, 69_999):
        block = ipaddress.ip_network(names[row])
        assert int(block.network_address) - int(ipaddress.ip_address("10.0.0.0")) == 256 * row
    assert len(set(names.tolist())) == 70_000
    assert all(name.endswith(".0/24") for name in names[::5_000])


def test_more_blocks_than_addresses_is_our_own_mistake() -> None:
    with pytest.raises(AssertionError):
        block_names(1 << 24)


def test_blocks_are_shared_out_by_people(world: RoutingWorld) -> None:
    prefixes, users = shared_prefixes(10_000, world.internet.users), world.internet.users
    count = np.bincount(prefixes.group, minlength=150)
    assert np.abs(count - 10_000 * users.weight / users.weight.sum()).max() <= 1
    assert (np.diff(prefixes.group) >= 0).all()
    assert routing_world(SMALL_WORLD, 0).prefixes.row_count == SMALL_WORLD.prefix_count


def test_latencies_are_those_of_the_group(world: RoutingWorld) -> None:
    found = prefix_latencies(world.internet, 5_000, 1)
    assert found.latency_ms.shape == (5_000, 8)
    assert found.latency_ms.dtype == np.float32
    ratio = found.latency_ms / world.internet.access.latency_ms[found.group]
    assert np.std(np.log(ratio)) == pytest.approx(np.hypot(0.05, 0.01), rel=0.05)
    assert 0.05 < found.dense.mean() < 0.95


def test_windows_measure_the_same_blocks_again(world: RoutingWorld) -> None:
    first, again, later, other = (
        prefix_latencies(world.internet, 2_000, seed, window=window).latency_ms
        for seed, window in ((1, 0), (1, 0), (1, 1), (2, 0))
    )
    assert np.array_equal(first, again)
    assert np.std(np.log(later / first)) == pytest.approx(0.01 * np.sqrt(2), rel=0.05)
    assert np.std(np.log(other / first)) > 0.04


def test_unmeasured_is_not_a_number(world: RoutingWorld) -> None:
    found = prefix_latencies(world.internet, 2_000, 1, unmeasured_ratio=0.1)
    assert np.isnan(found.latency_ms).mean() == pytest.approx(0.1, abs=0.01)
    assert not np.isnan(prefix_latencies(world.internet, 10, 1).latency_ms).any()
