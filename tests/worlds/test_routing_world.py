"""The generated world: the same from a seed, what is hidden stays hidden, and it looks like what it imitates."""

import dataclasses

import numpy as np
import pytest

from fairlead.model import (
    Access,
    Demands,
    Direct,
    Groups,
    Links,
    Prefixes,
    Sites,
    Snapshot,
    UsageError,
)
from fairlead.worlds.routing import SMALL_WORLD, RoutingSpec, RoutingWorld, routing_world
from fairlead.worlds.routing.degradations import Degradation, Place

MEDIUM = RoutingSpec(group_count=600, demand_count=60_000, prefix_count=2_000)


@pytest.fixture(scope="module")
def world() -> RoutingWorld:
    return routing_world(MEDIUM, 7)


def weighted_share(hit: np.ndarray, weight: np.ndarray) -> float:
    return float(weight[hit].sum() / weight.sum())


def test_everything_follows_from_the_seed() -> None:
    first, again, other = (routing_world(SMALL_WORLD, seed) for seed in (1, 1, 2))
    for window in (0, 3, 200):
        assert first.at(window) == again.at(window)
        assert first.truth(window) == again.truth(window)
    assert first.at(0) == first.snapshot
    assert first.snapshot != other.snapshot
    assert first.at(0) != first.at(1)


def test_windows_can_be_asked_in_any_order() -> None:
    world = routing_world(SMALL_WORLD, 3)
    late = world.at(9)
    world.at(2)
    assert world.at(9) == late


def test_sizes_and_order(world: RoutingWorld) -> None:
    snapshot = world.snapshot
    assert snapshot[Sites].row_count == 34
    assert snapshot[Links].row_count == 34 * 33
    assert snapshot[Access].row_count == 600 * 34
    assert snapshot[Prefixes].row_count == 2_000
    demands = snapshot[Demands]
    key = (demands.source_group.astype(np.int64) * 600 + demands.target_group) * 3 + demands.service_class
    assert len(key) == 60_000
    assert (np.diff(key) > 0).all()
    names = snapshot[Groups].group
    assert (names[1:] > names[:-1]).all()  # as they are read back from a folder
    pairs = np.unique(demands.source_group.astype(np.int64) * 600 + demands.target_group)
    direct = snapshot[Direct]
    assert np.array_equal(direct.source_group.astype(np.int64) * 600 + direct.target_group, pairs)


def test_measurements_are_near_the_truth_and_not_it(world: RoutingWorld) -> None:
    seen, truth = world.at(4), world.truth(4)
    for table in (Links, Access, Direct):
        error = seen[table].latency_ms / truth[table].latency_ms - 1
        assert np.std(error) == pytest.approx(MEDIUM.noise_ratio, rel=0.15)
        assert abs(np.median(error)) < 0.005
        assert (seen[table].loss_ratio <= 1).all()
    assert seen[Demands] == truth[Demands]
    assert seen[Links].capacity_mbps == pytest.approx(truth[Links].capacity_mbps)


def test_what_nobody_measures_is_not_shown_but_true() -> None:
    world = routing_world(dataclasses.replace(MEDIUM, direct_measured_ratio=0.4), 5)
    seen, truth = world.at(0)[Direct], world.truth(0)[Direct]
    assert seen.row_count / truth.row_count == pytest.approx(0.4, abs=0.02)
    later = world.at(1)[Direct]
    assert np.array_equal(seen.source_group, later.source_group)  # the same ones all the time
    none = routing_world(dataclasses.replace(SMALL_WORLD, direct_measured_ratio=0.0), 5)
    assert none.snapshot[Direct].row_count == 0
    assert none.truth(0)[Direct].row_count > 0


def test_direct_looks_like_the_papers() -> None:
    """Within a factor of about two of Panorama Fig. 9, in the mean over a few worlds."""
    shares = []
    for seed in range(4):
        snapshot = routing_world(MEDIUM, seed).truth(0)
        demands, direct = snapshot[Demands], snapshot[Direct]
        key = direct.source_group.astype(np.int64) * 600 + direct.target_group
        row = np.searchsorted(key, demands.source_group.astype(np.int64) * 600 + demands.target_group)
        rate = demands.demand_mbps
        shares.append(
            [
                weighted_share(direct.latency_ms[row] > 200, rate),
                weighted_share(direct.latency_ms[row] > 300, rate),
                weighted_share(direct.loss_ratio[row] > 0.2, rate),
                weighted_share(direct.jitter_ms[row] > 50, rate),
            ]
        )
    mean = np.mean(shares, axis=0)
    paper = np.array([0.2774, 0.0303, 0.0872, 0.0413])
    assert (mean < 2.6 * paper).all(), mean
    assert (mean > paper / 2).all(), mean


def best_overlay_ms(snapshot: Snapshot) -> tuple[np.ndarray, np.ndarray]:
    """Lowest latency over at most two sites, and direct, of every demand."""
    sites, groups = snapshot[Sites].row_count, snapshot[Groups].row_count
    access = snapshot[Access].latency_ms.reshape(groups, sites)
    hop = np.zeros((sites, sites))
    hop[snapshot[Links].source, snapshot[Links].target] = snapshot[Links].latency_ms
    demands, direct = snapshot[Demands], snapshot[Direct]
    into = (access[:, :, None] + hop).min(axis=1)
    best = (into[demands.source_group] + access[demands.target_group]).min(axis=1)
    key = direct.source_group.astype(np.int64) * groups + direct.target_group
    row = np.searchsorted(key, demands.source_group.astype(np.int64) * groups + demands.target_group)
    return best, direct.latency_ms[row]


def test_an_overlay_helps_and_cannot_do_wonders(world: RoutingWorld) -> None:
    best, direct = best_overlay_ms(world.truth(0))
    assert 0.6 < np.mean(best < direct) < 0.98
    assert np.mean(best > 200) < 0.5 * np.mean(direct > 200)
    assert np.median(best) > 0.6 * np.median(direct)


def test_demand_follows_the_sun(world: RoutingWorld) -> None:
    west = world.internet.users.longitude_deg < -30
    rows = world.sessions
    both = west[rows.source] & west[rows.target]
    share = []
    for window in (0, 144):  # noon and midnight in Greenwich
        rate = world.at(window)[Demands].demand_mbps
        share.append(rate[both].sum() / rows.rate_mbps[both].sum())
    assert share[1] > 1.2 * share[0]
    assert world.hour_utc(0) == 12.0
    assert world.hour_utc(150) == pytest.approx(0.5)


def test_degradations_show_while_they_last() -> None:
    world = routing_world(dataclasses.replace(SMALL_WORLD, degradation_mean=0.0), 1)
    assert not world.degradations
    hit = {
        place: Degradation(
            place=place,
            first=first,
            second=second,
            begin_window=5,
            end_window=7,
            latency_ms=500.0,
            jitter_ms=50.0,
            loss_ratio=0.5,
        )
        for place, first, second in (
            (Place.LINK, 0, 1),
            (Place.SITE, 2, -1),
            (Place.ACCESS, int(world.internet.users.metro[0]), 3),
        )
    }
    bad = dataclasses.replace(world, degradations=tuple(hit.values()))
    for window in (4, 7):
        assert bad.truth(window) == world.truth(window)
    before, after = world.truth(5), bad.truth(6)
    links = after[Links]
    slow = links.latency_ms - world.truth(6)[Links].latency_ms
    pair = np.minimum(links.source, links.target) * 10 + np.maximum(links.source, links.target)
    assert slow[pair == 1] == pytest.approx([500.0, 500.0])
    touches = (links.source == 2) | (links.target == 2)
    assert slow[touches] == pytest.approx(np.full(touches.sum(), 500.0))
    assert slow[~touches & (pair != 1)] == pytest.approx(np.zeros((~touches & (pair != 1)).sum()))
    assert (links.loss_ratio[touches] >= 0.5).all()
    access = (after[Access].latency_ms - world.truth(6)[Access].latency_ms).reshape(20, 6)
    in_metro = world.internet.users.metro == world.internet.users.metro[0]
    wanted = np.zeros((20, 6))
    wanted[:, 2] += 500.0
    wanted[in_metro, 3] += 500.0
    assert access == pytest.approx(wanted, abs=1e-9)
    assert before != after


def test_direct_degrades_both_ways() -> None:
    world = routing_world(dataclasses.replace(SMALL_WORLD, degradation_mean=0.0), 1)
    metro = world.internet.users.metro
    first, second = metro[world.direct_source[0]], metro[world.direct_target[-1]]
    hit = Degradation(
        place=Place.DIRECT,
        first=int(first),
        second=int(second),
        begin_window=0,
        end_window=1,
        latency_ms=300.0,
        jitter_ms=0.0,
        loss_ratio=0.0,
    )
    bad = dataclasses.replace(world, degradations=(hit,))
    more = bad.truth(0)[Direct].latency_ms - world.truth(0)[Direct].latency_ms
    ends = np.sort(np.stack([metro[world.direct_source], metro[world.direct_target]]), axis=0)
    struck = (ends == np.sort([first, second])[:, None]).all(axis=0)
    assert (more[struck] > 200).all()
    assert (np.abs(more[~struck]) < 1e-3).all()


@pytest.mark.parametrize(
    "wrong",
    [
        {"site_count": 0},
        {"site_count": 501},
        {"group_count": 0},
        {"demand_count": 0},
        {"demand_count": 20 * 20 * 3 + 1},
        {"direct_measured_ratio": 1.5},
        {"prefix_count": -1},
    ],
)
def test_a_world_that_cannot_be_is_one_clear_line(wrong: dict[str, float]) -> None:
    with pytest.raises(UsageError, match=next(iter(wrong))):
        dataclasses.replace(SMALL_WORLD, **wrong)  # type: ignore[arg-type]  # wrong on purpose


def test_every_session_group_there_can_be() -> None:
    spec = dataclasses.replace(SMALL_WORLD, group_count=5, demand_count=5 * 5 * 3)
    demands = routing_world(spec, 0).snapshot[Demands]
    assert demands.row_count == 75


def test_the_smallest_world() -> None:
    spec = RoutingSpec(site_count=1, group_count=1, demand_count=1, prefix_count=0)
    snapshot = routing_world(spec, 0).snapshot
    assert snapshot[Links].row_count == 0
    assert snapshot[Demands].row_count == 1


def test_a_negative_window_is_our_own_mistake() -> None:
    with pytest.raises(AssertionError):
        routing_world(SMALL_WORLD, 0).at(-1)
