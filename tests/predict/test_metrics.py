"""Every metric against a loop in plain Python that says the same thing the slow way."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from oracles.demand import newest_rows, users_by_loop
from oracles.networks import network
from oracles.random_overlays import overlays

from fairlead.model import Servers, Snapshot
from fairlead.predict.metrics import METRICS


def expected(snapshot: Snapshot) -> dict[str, float]:
    servers, rows = snapshot[Servers], newest_rows(snapshot)
    online = servers.online.tolist()
    demand = sum(ok + bad for _, _, ok, bad in rows)
    failing = sum(bad for s, t, _, bad in rows if online[s] and online[t])
    works = sum(ok for s, t, ok, _ in rows if online[s] and online[t])
    users = users_by_loop(snapshot)
    dearest = max((u for u in users if not math.isnan(u)), default=1.0)
    regions = sorted(set(servers.region.tolist()))
    members = {r: [row for row in range(servers.row_count) if servers.region[row] == r] for r in regions}
    cost = [(dearest if math.isnan(u) else u) + 100 / len(members[servers.region[row]]) for row, u in enumerate(users)]
    utilisation = []
    for rows_of in members.values():
        load = sum(2.0 * users[row] for row in rows_of)
        capacity = sum(float(servers.capacity_mbps[row]) for row in rows_of if online[row])
        if load == 0 and capacity == 0:
            utilisation.append(0.0)
        elif capacity == 0 and load > 0:
            utilisation.append(math.inf)
        elif not math.isnan(load * capacity):
            utilisation.append(load / capacity)
    return {
        "success_ratio": 1 - failing / demand if demand else math.nan,
        "served_ratio": works / demand if demand else math.nan,
        "qoe_cost": sum(c for c, up in zip(cost, online, strict=True) if not up),
        "offline_count": float(online.count(False)),
        "region_up_ratio_min": min(sum(online[row] for row in m) / len(m) for m in members.values()),
        "region_utilisation_max": max(utilisation, default=math.nan),
    }


@given(overlays())
def test_every_metric_is_its_loop(snapshot: Snapshot) -> None:
    found = {name: metric(snapshot) for name, metric in METRICS.items()}
    assert found == pytest.approx(expected(snapshot), rel=1e-6, nan_ok=True)
    assert all(type(value) is float for value in found.values())


@given(overlays())
def test_metrics_are_judged_over_the_original_demand(snapshot: Snapshot) -> None:
    """Taking one more server offline never changes the demand, never adds failures, never serves more."""
    servers = snapshot[Servers]
    for row in np.flatnonzero(servers.online).tolist():
        online = servers.online.copy()
        online[row] = False
        fewer = snapshot.replaced(servers.with_column("online", online))
        for name, direction in (("success_ratio", 1), ("served_ratio", -1), ("region_up_ratio_min", -1)):
            before, after = METRICS[name](snapshot), METRICS[name](fewer)
            assert (math.isnan(before) and math.isnan(after)) or direction * (after - before) >= 0


def test_the_names_are_registered_once_and_cannot_be_changed() -> None:
    assert set(METRICS) == {
        "success_ratio",
        "served_ratio",
        "qoe_cost",
        "offline_count",
        "region_up_ratio_min",
        "region_utilisation_max",
    }
    with pytest.raises(TypeError):
        METRICS["success_ratio"] = len  # type: ignore[index]  # that it cannot be done is the test


def test_no_streams_is_not_success() -> None:
    nothing = network(regions=["a", "a"], streams_count=0)
    assert math.isnan(METRICS["success_ratio"](nothing))
    assert math.isnan(METRICS["served_ratio"](nothing))
    assert not METRICS["success_ratio"](nothing) >= 0.9999


def test_everything_drained_serves_nobody(star_of_six: Snapshot) -> None:
    empty = star_of_six.replaced(star_of_six[Servers].with_column("online", np.zeros(6, dtype=bool)))
    assert METRICS["served_ratio"](empty) == 0
    assert METRICS["region_up_ratio_min"](empty) == 0
    assert METRICS["offline_count"](empty) == 6
    assert METRICS["qoe_cost"](empty) == 210 + 6 * 50


def test_star_by_hand(star_of_six: Snapshot) -> None:
    assert METRICS["success_ratio"](star_of_six) == pytest.approx(1 - 25 / 1500)
    assert METRICS["served_ratio"](star_of_six) == pytest.approx(1475 / 1500)
    assert METRICS["qoe_cost"](star_of_six) == 0
    assert math.isnan(METRICS["region_utilisation_max"](star_of_six))
    online = np.ones(6, dtype=bool)
    online[0] = False
    drained = star_of_six.replaced(star_of_six[Servers].with_column("online", online))
    assert METRICS["success_ratio"](drained) == 1
    assert METRICS["served_ratio"](drained) == pytest.approx(1000 / 1500)
    assert METRICS["qoe_cost"](drained) == 10 + 50
    assert METRICS["region_up_ratio_min"](drained) == 0.5


def test_utilisation_of_a_region_without_survivors_is_infinite() -> None:
    half = network(regions=["a", "b"], capacity_mbps=100.0, offline=[0], users=[10, 20])
    assert METRICS["region_utilisation_max"](half) == math.inf
    assert METRICS["region_utilisation_max"](network(regions=["a", "b"], capacity_mbps=100.0)) == pytest.approx(0.2)


def test_only_the_newest_window_counts() -> None:
    healed = network(regions=["a", "a"], failed=[{(0, 1): 50}, {(0, 1): 50}, {}])
    broke = network(regions=["a", "a"], failed=[{}, {}, {(0, 1): 50}])
    assert METRICS["success_ratio"](healed) == 1
    assert METRICS["success_ratio"](broke) == 0.5


def test_millions_of_streams_do_not_overflow() -> None:
    world = network(regions=["a"] * 3, failed={(0, 1): 2_000_000_000}, streams_count=2_000_000_000)
    assert METRICS["success_ratio"](world) == pytest.approx(2 / 3)
    assert METRICS["served_ratio"](world) == pytest.approx(2 / 3)
