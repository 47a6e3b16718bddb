"""Worlds in time: nothing is made or lost, faults take their course, a bad drain hurts its neighbours."""

from dataclasses import replace

import numpy as np
import pytest

from fairlead.model import Servers, ServerWindows, Streams, Windows
from fairlead.worlds.overlay.cases import TimelineSpec, timeline_case
from fairlead.worlds.overlay.courses import blip, degradation, persistent, seen_blip_windows
from fairlead.worlds.overlay.demo import demo_world
from fairlead.worlds.overlay.faults import Course, Fault, FaultKind, Hit, path_hit, server_hit
from fairlead.worlds.overlay.layout import OverlaySpec, overlay_network
from fairlead.worlds.overlay.network import Network
from fairlead.worlds.overlay.reconnect import carried_streams
from fairlead.worlds.overlay.timeline import (
    State,
    World,
    begin,
    future_failures,
    judged,
    observed,
    step,
    success_ratio_of,
)


@pytest.fixture(scope="module")
def network() -> Network:
    spec = OverlaySpec(region_count=6, data_center_count=24, server_count=72, pair_count=1_200, stream_mean=20)
    return overlay_network(spec, np.random.default_rng(3))


@pytest.fixture(scope="module")
def calm(network: Network) -> World:
    return World(network=network, faults=(), seed=1)


@pytest.fixture(scope="module")
def case() -> tuple[World, State]:
    return timeline_case(TimelineSpec(), 11)


def _advanced(world: World, state: State, online: np.ndarray, count: int) -> State:
    for _ in range(count):
        state = step(world, state, online)
    return state


def _busy_region(network: Network, region: int) -> Network:
    """The same network at a time when it is 20 h in the region."""
    longitude = float(network.servers.longitude_deg[network.group("region") == region].mean())
    return replace(network, start_utc_hour=(20 - longitude / 15) % 24)


def _users_kept(world: World, state: State) -> None:
    region = world.network.group("region")
    home = np.bincount(region, world.network.home_users_count(state.window))
    attached = np.bincount(region, state.last.users_count + state.attachment.unserved_count)
    assert np.array_equal(attached, home)


def test_a_calm_world_fails_nothing(calm: World) -> None:
    state = _advanced(calm, begin(calm), np.ones(72, dtype=bool), 10)
    assert success_ratio_of(calm, state) == 1
    assert not future_failures(calm, state, 5).any()


def test_steps_are_pure_and_deterministic(case: tuple[World, State]) -> None:
    world, state = case
    online = np.array(state.online)
    online[:5] = False
    before = observed(world, state).basis
    twins = [step(world, state, online) for _ in range(2)]
    assert observed(world, twins[0]) == observed(world, twins[1])
    assert observed(world, state).basis == before


def test_what_is_observed(case: tuple[World, State]) -> None:
    world, state = case
    snapshot = observed(world, state, window_count=3)
    assert snapshot[Windows].window.tolist() == [3, 4, 5]
    assert snapshot[Streams].row_count == 60_000
    assert snapshot[ServerWindows].row_count == 1_200
    last = snapshot[Streams].window == 2
    assert np.array_equal(snapshot[Streams].failed_count[last], state.last.failed_count)
    assert observed(world, begin(world))[Windows].row_count == 1


@pytest.mark.parametrize("drained_count", [1, 7, 30, 71, 72])
def test_users_and_demand_are_neither_made_nor_lost(calm: World, drained_count: int) -> None:
    chance = np.random.default_rng(drained_count)
    state, network = begin(calm), calm.network
    online = np.ones(72, dtype=bool)
    online[chance.choice(72, drained_count, replace=False)] = False
    region = network.group("region")
    served = np.bincount(region[online], minlength=6) > 0
    for flags in (online, online, np.ones(72, dtype=bool), np.ones(72, dtype=bool)):
        state = step(calm, state, flags)
        _users_kept(calm, state)
        ends = network.source, network.target
        alive = flags[ends[0]] & flags[ends[1]]
        assert not state.last.stream_count[~alive].any()
        assert not state.last.users_count[~flags].any()
        if flags.all() or (served.all() and alive.any()):
            assert state.last.stream_count.sum() == network.total_demand_count
            assert not state.attachment.unserved_count.any()


def test_an_emptied_region_is_no_success(calm: World) -> None:
    region = calm.network.group("region")
    ends = region[calm.network.source], region[calm.network.target]
    lost = calm.network.demand_count[(ends[0] == 2) | (ends[1] == 2)].sum()
    success = judged(calm, begin(calm), np.flatnonzero(region == 2), 2)
    assert success.max() <= 1 - lost / calm.network.total_demand_count
    everything = judged(calm, begin(calm), range(72), 1)
    assert everything.tolist() == [0]


def test_drained_pairs_stay_as_probes(calm: World) -> None:
    online = np.ones(72, dtype=bool)
    online[10] = False
    state = _advanced(calm, begin(calm), online, 3)
    snapshot = observed(calm, state)
    streams = snapshot[Streams]
    probes = (streams.source == 10) | (streams.target == 10)
    assert probes.any()
    assert not (streams.succeeded_count + streams.failed_count)[probes].any()
    assert np.isfinite(streams.rtt_ms[probes]).all()
    assert (streams.rtt_ms[probes] > 0).all()
    assert snapshot[Servers].online.tolist() == online.tolist()


def test_users_come_back_by_and_by(calm: World) -> None:
    everyone = np.ones(72, dtype=bool)
    online = everyone.copy()
    online[10] = False
    state = _advanced(calm, begin(calm), online, 2)
    seen = []
    for _ in range(7):
        state = step(calm, state, everyone)
        seen.append(int(state.last.users_count[10]))
    home = calm.network.home_users_count(state.window)[10]
    assert 0.4 * home < seen[0] < 0.6 * home
    assert seen == sorted(seen)
    assert seen[-1] == home
    assert not state.attachment.guest_count.any()


def test_draining_too_much_of_a_busy_region_overloads_the_rest(network: Network) -> None:
    region = network.group("region")
    world = World(network=_busy_region(network, 1), faults=(), seed=1)
    servers = np.flatnonzero(region == 1)
    third, most = servers[: len(servers) // 4], servers[: int(0.75 * len(servers))]
    assert judged(world, begin(world), third, 3).tolist() == [1, 1, 1]
    assert judged(world, begin(world), most, 3).max() < 0.99
    online = np.ones(72, dtype=bool)
    online[most] = False
    overloaded = step(world, begin(world), online).last
    calm_rtt = step(world, begin(world), np.ones(72, dtype=bool)).last.rtt_ms
    survivors = np.setdiff1d(servers, most)
    touched = np.isin(network.source, survivors) | np.isin(network.target, survivors)
    assert overloaded.loss_ratio[touched].min() > 0.132
    assert overloaded.loss_ratio[~touched & online[network.source] & online[network.target]].max() < 0.132
    assert (overloaded.rtt_ms[touched] > 1.5 * calm_rtt[touched]).all()


def test_blips_heal(network: Network) -> None:
    chance = np.random.default_rng(1)
    faults = tuple(blip(path_hit(network, pair), 2, 2, chance) for pair in range(40))
    world = World(network=network, faults=faults, seed=1)
    state, lossy = begin(world), []
    for _ in range(6):
        lossy.append(float((state.last.loss_ratio[:40] > 0.132).mean()))
        state = step(world, state, state.online)
    assert lossy[:2] == lossy[4:] == [0, 0]
    assert min(lossy[2:4]) > 0.8


def test_persistent_faults_last_and_then_recover(network: Network) -> None:
    fault = persistent(server_hit(network, 5), 1, np.random.default_rng(2))
    assert fault.end_window - fault.start_window >= 20
    world = World(network=network, faults=(replace(fault, end_window=25),), seed=1)
    state, failing = begin(world), []
    for _ in range(27):
        failing.append(int(state.last.failed_count.sum()))
        state = step(world, state, state.online)
    assert failing[0] == failing[25] == failing[26] == 0
    assert min(failing[1:25]) > 0


def test_degradations_grow(network: Network) -> None:
    fault = degradation(server_hit(network, 5), 1, np.random.default_rng(2))
    world = World(network=network, faults=(fault,), seed=1)
    state, failing = begin(world), []
    for _ in range(fault.start_window + fault.ramp_windows + 2):
        failing.append(int((state.last.failed_count > 0).sum()))
        state = step(world, state, state.online)
    assert failing[0] == 0
    first, middle, last = (np.mean(part) for part in np.array_split(failing[1 : 1 + fault.ramp_windows], 3))
    assert first < 0.5 * last
    assert first < middle < 0.95 * last
    assert failing[-1] > 0.8 * len(fault.pairs)


def test_what_tells_a_blip_from_a_failure_is_a_matter_of_degree() -> None:
    chance = np.random.default_rng(4)
    hit = Hit(kind=FaultKind.PATH, place="x", pairs=np.arange(20, dtype=np.int32))
    blips = [blip(hit, 0, 1, chance) for _ in range(400)]
    lasting = [persistent(hit, 0, chance) for _ in range(400)]

    def share(faults: list[Fault], mild: float, slow: float) -> tuple[float, float]:
        means = np.array([fault.loss_ratio.mean() for fault in faults])
        return float((means < mild).mean()), float((np.array([f.rtt_factor for f in faults]) > slow).mean())

    assert share(blips, 0.4, 1.3) == pytest.approx((0.8, 0.7), abs=0.06)
    assert share(lasting, 0.4, 1.3) == pytest.approx((0.25, 0.1), abs=0.06)


def test_blips_are_met_by_length_and_at_every_age() -> None:
    chance = np.random.default_rng(5)
    seen = np.array([seen_blip_windows(chance) for _ in range(6_000)])
    mass = np.array([0.75, 0.34, 0.24])
    assert np.bincount(seen[:, 0], minlength=4)[1:] / 6_000 == pytest.approx(mass / mass.sum(), abs=0.02)
    assert (seen[:, 1] < seen[:, 0]).all()


@pytest.mark.parametrize("seed", range(4))
def test_a_case_is_a_broken_slo_with_both_courses(seed: int) -> None:
    world, state = timeline_case(TimelineSpec(), seed)
    assert world.network.total_demand_count >= 100_000
    assert state.window == 5
    assert success_ratio_of(world, state) < 0.9999
    failing = state.last.failed_count > 0
    future = future_failures(world, state, 4)
    assert future.shape == (4, 20_000)
    acting = [fault for fault in world.faults if fault.severity_ratio(5) > 0 and failing[fault.pairs].any()]
    assert {fault.course for fault in acting} >= {Course.BLIP}
    assert any(fault.course is not Course.BLIP for fault in acting)
    lasting = np.zeros(20_000, dtype=bool)
    for fault in world.faults:
        if fault.course is not Course.BLIP:
            lasting[fault.pairs] = True
    healed = failing & ~lasting
    assert healed.any()
    assert future[3][healed].sum() < 0.2 * state.last.failed_count[healed].sum()
    assert future[3][failing & lasting].sum() > 0.7 * state.last.failed_count[failing & lasting].sum()


def test_the_future_is_what_then_happens(case: tuple[World, State]) -> None:
    world, state = case
    promised = future_failures(world, state, 3)
    for row in promised:
        state = step(world, state, state.online)
        assert np.array_equal(state.last.failed_count, row)


def test_judged_without_a_drain_is_the_future(case: tuple[World, State]) -> None:
    world, state = case
    failed = future_failures(world, state, 3).sum(axis=1)
    assert judged(world, state, [], 3) == pytest.approx(1 - failed / world.network.total_demand_count)


def test_moved_streams_avoid_paths_that_fail(case: tuple[World, State]) -> None:
    world, state = case
    online = np.array(state.online)
    online[[3, 50, 200]] = False
    after = step(world, state, online)
    gained = after.last.stream_count > state.last.stream_count
    assert gained.any()
    assert state.last.loss_ratio[gained].max() <= 0.132
    assert after.last.stream_count.sum() == world.network.total_demand_count


def test_streams_without_a_good_path_of_their_own_go_over_others(network: Network) -> None:
    region = network.group("region")
    ends = network.source, network.target
    joins = (np.minimum(region[ends[0]], region[ends[1]]) == 0) & (np.maximum(region[ends[0]], region[ends[1]]) == 1)
    online = np.ones(72, dtype=bool)
    online[ends[0][joins][0]] = False
    carried = carried_streams(network, online, lossy=joins)
    assert carried.sum() == network.total_demand_count
    assert (carried[joins] <= network.demand_count[joins]).all()
    nowhere = carried_streams(network, online, lossy=np.ones(1_200, dtype=bool))
    alive = online[ends[0]] & online[ends[1]]
    assert np.array_equal(nowhere, np.where(alive, network.demand_count, 0))


def test_cases_depend_on_their_seed(case: tuple[World, State]) -> None:
    again, other = timeline_case(TimelineSpec(), 11), timeline_case(TimelineSpec(), 12)
    assert observed(*again) == observed(*case)
    assert observed(*other) != observed(*case)


@pytest.mark.parametrize("seed", range(5))
def test_the_demo_fails_blips_recovers_and_can_be_saved(seed: int) -> None:
    world = demo_world(seed)
    network, state, success = world.network, begin(world), []
    assert np.bincount(network.group("region")).tolist() == [6] * 10
    decision = state
    for window in range(18):
        success.append(success_ratio_of(world, state))
        decision = state if window == 6 else decision
        state = step(world, state, state.online)
    assert set(success[:4] + success[16:]) == {1.0}
    assert max(success[4:16]) < 0.98
    names = {fault.place for fault in world.faults}
    guilty = np.flatnonzero(
        np.isin(network.servers.data_center, list(names)) | np.isin(network.servers.server, list(names))
    )
    assert len(guilty) == 3
    assert np.bincount(network.group("region")[guilty]).max() <= 3
    assert judged(world, decision, guilty, 4).min() >= 0.9999
    blipping = world.faults[2]
    assert blipping.course is Course.BLIP
    assert blipping.end_window == blipping.start_window + 1
