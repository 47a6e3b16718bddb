"""Overlays at one moment of failure: shares, kinds, truth."""

from collections import Counter
from itertools import islice

import numpy as np
import pytest

from fairlead.model import Servers, ServerWindows, Streams
from fairlead.worlds.overlay.faults import FaultKind
from fairlead.worlds.overlay.layout import OverlaySpec, overlay_network
from fairlead.worlds.overlay.loss import failed_counts
from fairlead.worlds.overlay.network import Network
from fairlead.worlds.overlay.outbreak import structural_hit, structural_hits
from fairlead.worlds.overlay.scaled import OverlayWorld, scaled_overlay

SPEC = OverlaySpec(failed_pair_ratio=0.02)


@pytest.fixture(scope="module")
def world() -> OverlayWorld:
    return scaled_overlay(SPEC, 4)


@pytest.fixture(scope="module")
def network() -> Network:
    spec = OverlaySpec(region_count=10, data_center_count=60, server_count=400, pair_count=8_000)
    return overlay_network(spec, np.random.default_rng(0))


def test_shape_and_types(world: OverlayWorld) -> None:
    streams = world.snapshot[Streams]
    assert streams.row_count == 300_000
    assert streams.rtt_ms.dtype == streams.loss_ratio.dtype == np.float32
    assert streams.source.dtype == streams.failed_count.dtype == np.int32
    assert world.snapshot[ServerWindows].array("active_users_count").shape == (6_000,)
    assert world.snapshot[Servers].online.all()


def test_the_asked_share_of_pairs_fails(world: OverlayWorld) -> None:
    assert len(world.failing_pairs()) / 100_000 == pytest.approx(0.02, rel=0.02)
    streams = world.snapshot[Streams]
    lossy = streams.loss_ratio.reshape(3, -1) > 0.132
    hidden = np.zeros(100_000, dtype=bool)
    hidden[world.failing_pairs()] = True
    assert not lossy[:, ~hidden].any()
    assert lossy[:, hidden].mean() > 0.95  # the loss wavers: a mild one may pass for a window


def test_failed_streams_follow_eq_2(world: OverlayWorld) -> None:
    streams = world.snapshot[Streams]
    count = streams.failed_count + streams.succeeded_count
    assert np.array_equal(count.reshape(3, -1)[0], world.network.demand_count)
    assert np.array_equal(streams.failed_count, failed_counts(count, streams.loss_ratio))


def test_table_1_proportion(network: Network) -> None:
    chance = np.random.default_rng(5)
    kinds = Counter(structural_hit(network, chance).kind for _ in range(1_500))
    assert kinds[FaultKind.SERVER] / 1_500 == pytest.approx(0.315, abs=0.036)  # three standard errors
    level = 1_500 - kinds[FaultKind.SERVER]
    assert kinds[FaultKind.DATA_CENTER] / level == pytest.approx(0.6, abs=0.05)
    assert kinds[FaultKind.BACKBONE] / level == pytest.approx(0.3, abs=0.05)


def test_structural_hits_keep_their_budget_and_their_proportion(network: Network) -> None:
    chance = np.random.default_rng(6)
    kinds: Counter[FaultKind] = Counter()
    for _ in range(120):
        hits = list(structural_hits(network, 400, chance))
        pairs = np.concatenate([hit.pairs for hit in hits])
        assert len(pairs) == len(np.unique(pairs)) == 400
        kinds.update(hit.kind for hit in hits)
    total = sum(kinds.values())
    assert kinds[FaultKind.SERVER] / total == pytest.approx(0.315, abs=3 * np.sqrt(0.315 * 0.685 / total))


def test_hits_lie_where_their_kind_says(network: Network) -> None:
    chance = np.random.default_rng(7)
    provider, region = network.group("provider"), network.group("region")
    source, target = network.source, network.target
    for hit in islice((structural_hit(network, chance) for _ in range(400)), 400):
        ends = source[hit.pairs], target[hit.pairs]
        match hit.kind:
            case FaultKind.SERVER:
                assert (
                    (network.servers.server[ends[0]] == hit.place) | (network.servers.server[ends[1]] == hit.place)
                ).all()
            case FaultKind.BACKBONE:
                assert len(np.unique(provider[np.concatenate(ends)])) == 1
                assert (region[ends[0]] != region[ends[1]]).all()
                assert len(np.unique(region[np.concatenate(ends)])) == 2
            case FaultKind.REGION:
                assert len(np.unique(provider[np.concatenate(ends)])) == 1
                assert len(np.unique(region[np.concatenate(ends)])) == 1
            case _:
                site = network.servers.data_center
                assert ((site[ends[0]] == hit.place) | (site[ends[1]] == hit.place)).all()


def test_single_paths_are_their_share(world: OverlayWorld) -> None:
    alone = [fault for fault in world.faults if fault.kind is FaultKind.PATH]
    assert len(alone) == 200
    assert {len(fault.pairs) for fault in alone} == {1}


def test_a_seed_decides_everything() -> None:
    small = OverlaySpec(region_count=5, data_center_count=20, server_count=100, pair_count=1_000)
    first, twin, other = (scaled_overlay(small, seed).snapshot for seed in (1, 1, 2))
    assert first == twin
    assert first != other


def test_nothing_fails_where_nothing_is_asked_to() -> None:
    small = OverlaySpec(region_count=5, data_center_count=20, server_count=100, pair_count=1_000, failed_pair_ratio=0)
    healthy = scaled_overlay(small, 1)
    assert healthy.snapshot[Streams].failed_count.sum() == 0
    assert len(healthy.failing_pairs()) == 0


@pytest.mark.slow
def test_fifty_thousand_servers_and_five_million_pairs() -> None:
    spec = OverlaySpec(server_count=50_000, pair_count=5_000_000, data_center_count=1_500, region_count=18)
    world = scaled_overlay(spec, 0)
    assert world.snapshot[Streams].row_count == 15_000_000
    key = world.network.source.astype(np.int64) * 50_000 + world.network.target
    assert (np.diff(key) > 0).all()
    assert len(world.failing_pairs()) / 5_000_000 == pytest.approx(0.008, rel=0.02)
