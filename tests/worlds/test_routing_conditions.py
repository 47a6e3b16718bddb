"""Segments in one window: what the hour and chance add, and that degradations work both ways."""

import numpy as np
import pytest

from fairlead.worlds.overlay.metros import METROS
from fairlead.worlds.routing import RoutingSpec, RoutingWorld, routing_world
from fairlead.worlds.routing.conditions import (
    BUSY_DIRECT,
    BUSY_JITTER,
    BUSY_LATENCY,
    access_conditions,
    direct_conditions,
    link_conditions,
)
from fairlead.worlds.routing.degradations import Degradation, Place

QUIET, BUSY = np.zeros(len(METROS)), np.ones(len(METROS))


@pytest.fixture(scope="module")
def world() -> RoutingWorld:
    return routing_world(RoutingSpec(site_count=5, group_count=120, demand_count=500, degradation_mean=0.0), 9)


def every_pair(world: RoutingWorld) -> tuple[np.ndarray, np.ndarray]:
    count = len(world.internet.provider)
    source, target = np.indices((count, count)).reshape(2, -1).astype(np.int32)
    return source, target


@pytest.mark.parametrize("busy", [QUIET, BUSY])
def test_direct_goes_over_both_last_miles(world: RoutingWorld, busy: np.ndarray) -> None:
    source, target = every_pair(world)
    users, between, provider = world.internet.users, world.internet.direct, world.internet.provider
    seen = direct_conditions(world.internet, source, target, (), busy, np.random.default_rng(0))
    wander = np.exp(np.random.default_rng(0).normal(0, 0.03, len(source)))
    level = busy[0]
    last = users.latency_ms * (1 + BUSY_LATENCY * level)
    ends = provider[source], provider[target]
    assert seen.latency_ms == pytest.approx(
        between.latency_ms[ends] * wander * (1 + BUSY_DIRECT * level) + last[source] + last[target]
    )
    assert seen.jitter_ms == pytest.approx(
        (between.jitter_ms[ends] + users.jitter_ms[source] + users.jitter_ms[target]) * (1 + BUSY_JITTER * level)
    )
    kept = (1 - between.loss_ratio[ends]) * (1 - users.loss_ratio[source]) * (1 - users.loss_ratio[target])
    assert seen.loss_ratio == pytest.approx(1 - kept)


def test_busy_hours_lengthen_the_last_mile(world: RoutingWorld) -> None:
    quiet, busy = (access_conditions(world.internet, (), level, np.random.default_rng(0)) for level in (QUIET, BUSY))
    more = BUSY_LATENCY * world.internet.users.latency_ms[:, None]
    assert busy.latency_ms - quiet.latency_ms == pytest.approx(np.broadcast_to(more, quiet.latency_ms.shape))
    assert busy.jitter_ms == pytest.approx(quiet.jitter_ms * (1 + BUSY_JITTER))
    assert np.array_equal(busy.loss_ratio, quiet.loss_ratio)


def test_a_direct_degradation_strikes_both_ways(world: RoutingWorld) -> None:
    source, target = every_pair(world)
    metro = world.internet.users.metro
    first, second = int(metro[0]), int(metro[-1])
    hit = Degradation(
        place=Place.DIRECT, first=first, second=second, begin_window=0, end_window=1,
        latency_ms=300.0, jitter_ms=30.0, loss_ratio=0.5,
    )  # fmt: skip
    before, after = (
        direct_conditions(world.internet, source, target, active, QUIET, np.random.default_rng(0))
        for active in ((), (hit,))
    )
    more = after.jitter_ms - before.jitter_ms
    there = (metro[source] == first) & (metro[target] == second)
    back = (metro[source] == second) & (metro[target] == first)
    assert there.any()
    assert back.any()
    assert more == pytest.approx(np.where(there | back, 30.0, 0.0), abs=1e-9)
    assert (1 - after.loss_ratio)[back] == pytest.approx(0.5 * (1 - before.loss_ratio)[back])


def test_the_base_is_untouched(world: RoutingWorld) -> None:
    base = world.internet.backbone.metrics.latency_ms.copy()
    hit = Degradation(
        place=Place.SITE, first=0, second=-1, begin_window=0, end_window=1,
        latency_ms=300.0, jitter_ms=30.0, loss_ratio=0.5,
    )  # fmt: skip
    link_conditions(world.internet, (hit,), np.random.default_rng(0))
    access = world.internet.access.latency_ms.copy()
    access_conditions(world.internet, (hit,), BUSY, np.random.default_rng(0))
    assert np.array_equal(world.internet.backbone.metrics.latency_ms, base)
    assert np.array_equal(world.internet.access.latency_ms, access)


def test_windows_wander_and_are_measured_each_on_its_own(world: RoutingWorld) -> None:
    links = [np.log(world.truth(window).named("links").array("latency_ms")) for window in (0, 1)]
    errors = [np.log(world.at(window).named("links").array("latency_ms")) - truth for window, truth in enumerate(links)]
    assert np.abs(links[0] - links[1]).max() > 0.01
    assert abs(np.corrcoef(*errors)[0, 1]) < 0.9
    assert not np.allclose(*errors)
