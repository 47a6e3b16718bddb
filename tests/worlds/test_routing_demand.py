"""Who talks to whom: both ways of drawing follow the same gravity."""

import dataclasses

import numpy as np
import pytest

from fairlead.worlds.overlay.geography import metro_distances_km
from fairlead.worlds.overlay.metros import METROS
from fairlead.worlds.routing import RoutingSpec
from fairlead.worlds.routing import demand as drawing
from fairlead.worlds.routing.demand import busy_ratio, diurnal_factor, drawn_sessions
from fairlead.worlds.routing.places import placed_users

SPEC = RoutingSpec(group_count=300, demand_count=4_000)


@pytest.mark.parametrize("draw", [drawing._clocked, drawing._rejected])
def test_gravity(draw: object) -> None:
    """Few of many: drawing without replacement is nearly drawing with it, so expected counts are in closed form."""
    assert callable(draw)
    users = placed_users(300, np.random.default_rng(3))
    pull = 1 / (1 + metro_distances_km() / drawing.DECAY_KM)
    spec = dataclasses.replace(SPEC, demand_count=500)
    area = np.unique([metro.area for metro in METROS], return_inverse=True)[1]
    hits, wanted = np.zeros((2, area.max() + 1, area.max() + 1))
    classes = np.zeros(3)
    for seed in range(40):
        key = draw(spec, users, pull, np.random.default_rng(seed))
        assert len(np.unique(key)) == len(key) == 500
        assert (np.diff(key) > 0).all()
        classes += np.bincount(key % 3, minlength=3)
        np.add.at(hits, (area[users.metro[key // 900]], area[users.metro[key // 3 % 300]]), 1)
    people = np.bincount(users.metro, weights=users.weight, minlength=len(METROS))
    np.add.at(wanted, (area[:, None], area), pull * people[:, None] * people)
    wanted *= hits.sum() / wanted.sum()
    # the heaviest session groups a little less than in proportion: none can be drawn twice
    assert np.abs(hits - wanted).sum() < 0.15 * wanted.sum()
    assert np.corrcoef(hits.ravel(), wanted.ravel())[0, 1] > 0.98
    assert classes / classes.sum() == pytest.approx(SPEC.class_share, abs=0.03)


def test_both_ways_of_drawing_agree() -> None:
    users = placed_users(300, np.random.default_rng(3))
    pull = 1 / (1 + metro_distances_km() / drawing.DECAY_KM)
    counts = []
    for draw in (drawing._clocked, drawing._rejected):
        source = np.concatenate([draw(SPEC, users, pull, np.random.default_rng(s)) // 900 for s in range(15)])
        counts.append(np.bincount(users.metro[source], minlength=len(METROS)))
    expected = np.maximum(1, (counts[0] + counts[1]) / 2)
    chi_square = ((counts[0] - counts[1]) ** 2 / (2 * expected)).sum()
    assert chi_square < len(METROS) + 4 * np.sqrt(2 * len(METROS))


def test_rates_have_a_heavy_tail_and_the_mean_asked_for() -> None:
    users = placed_users(300, np.random.default_rng(3))
    rate = np.sort(drawn_sessions(SPEC, users, np.random.default_rng(0)).rate_mbps)[::-1]
    assert rate.mean() == pytest.approx(SPEC.mean_rate_mbps)
    assert 0.15 < rate[: len(rate) // 100].sum() / rate.sum() < 0.6
    assert rate.min() > 0


def test_many_of_few_are_clocked() -> None:
    """Nearly all there are: rejection would never end."""
    users = placed_users(100, np.random.default_rng(3))
    spec = dataclasses.replace(SPEC, group_count=100, demand_count=29_999)
    sessions = drawn_sessions(spec, users, np.random.default_rng(0))
    assert len(sessions.source) == 29_999


def test_large_worlds_are_drawn_by_rejection() -> None:
    groups = 3_400
    assert groups**2 * 3 > drawing.DENSE_LIMIT
    users = placed_users(groups, np.random.default_rng(3))
    sessions = drawn_sessions(RoutingSpec(group_count=groups, demand_count=20_000), users, np.random.default_rng(0))
    assert len(sessions.source) == 20_000
    assert sessions.source.max() < groups


def test_evenings_are_busy_where_they_are() -> None:
    codes = [metro.code for metro in METROS]
    tokyo, london = codes.index("tyo"), codes.index("lon")
    hours = np.arange(0, 24, 0.25)
    peak = {name: hours[np.argmax([busy_ratio(h)[row] for h in hours])] for name, row in (("t", tokyo), ("l", london))}
    assert peak["l"] == pytest.approx(20.0, abs=0.3)
    assert peak["t"] == pytest.approx(20.0 - 139.7 / 15, abs=0.3)
    levels = np.array([diurnal_factor(h) for h in hours])
    assert levels.mean(axis=0) == pytest.approx(np.ones(len(METROS)))
    assert levels.min() / levels.max() == pytest.approx(drawing.QUIET_RATIO, rel=0.01)
