from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from oracles.routing_networks import routing_network

from fairlead.model import DIRECT, Access, Demands, Direct, Hops, Links, Paths, Routes, ServiceClasses, Sites, Snapshot
from fairlead.planners.route.backbone import with_paths
from fairlead.planners.route.slots import with_routes
from fairlead.predict.route_metrics import ROUTING_METRICS, end_to_end, routed_quality, within_sla


def routed(seed: int) -> Snapshot:
    """Random weights on two random paths of every session group; some slots not used, some groups without a path."""
    snapshot = with_routes(with_paths(routing_network(seed), 3), 2)
    chance, routes = np.random.default_rng(seed + 100), snapshot[Routes]
    count = snapshot[Demands].row_count
    path = chance.integers(0, snapshot[Paths].row_count, (count, 2)).astype(np.int32)
    path[chance.random(count) < 0.2] = -1
    first = chance.random(count)
    weight = np.where(path >= 0, np.stack([first, 1 - first], axis=1), 0.0)
    return snapshot.replaced(routes.with_column("path", path.ravel()).with_column("weight_ratio", weight.ravel()))


def by_hand(snapshot: Snapshot, source: int, target: int, path: int) -> tuple[float, float, float]:
    """Segment by segment, from the rows of the tables."""
    nothing = (math.nan,) * 3
    if path < 0:
        return nothing

    def find(table: object, one: str, other: str, a: int, b: int) -> tuple[float, float, float]:
        hit = np.flatnonzero((getattr(table, one) == a) & (getattr(table, other) == b))
        return tuple(float(getattr(table, n)[hit[0]]) for n in METRICS) if len(hit) else nothing  # type: ignore[return-value]

    if path == DIRECT:
        return find(snapshot[Direct], "source_group", "target_group", source, target)
    sites = snapshot[Hops].site[snapshot[Hops].path == path].tolist()
    parts = [
        find(snapshot[Access], "group", "site", source, sites[0]),
        *(find(snapshot[Links], "source", "target", a, b) for a, b in itertools.pairwise(sites)),
        find(snapshot[Access], "group", "site", target, sites[-1]),
    ]
    survival = math.prod(1 - part[2] for part in parts)
    return sum(part[0] for part in parts), sum(part[1] for part in parts), 1 - survival


METRICS = ("latency_ms", "jitter_ms", "loss_ratio")


@pytest.mark.parametrize("seed", range(8))
def test_end_to_end_is_the_sum_of_what_was_measured(seed: int) -> None:
    snapshot = routed(seed)
    routes, demands = snapshot[Routes], snapshot[Demands]
    found = routed_quality(snapshot)
    for row in range(routes.row_count):
        demand = routes.demand[row]
        wanted = by_hand(snapshot, demands.source_group[demand], demands.target_group[demand], int(routes.path[row]))
        got = tuple(float(getattr(found, name)[row]) for name in METRICS)
        assert got == pytest.approx(wanted, nan_ok=True)


def test_an_overlay_without_sites_has_only_the_direct_path() -> None:
    empty = Snapshot(
        [
            *(t for t in routing_network(1, sites=1).tables if not isinstance(t, Sites | Links | Access)),
            Sites.of(site=np.empty(0, "U1")),
            Links.of(**{name: [] for name in ("source", "target", "latency_ms")}),
            Access.of(**{name: [] for name in ("group", "site", "latency_ms")}),
        ]
    )
    snapshot = with_paths(empty, 3)
    one = np.zeros(1, np.int32)
    assert np.isnan(end_to_end(snapshot, one, one, one - 1).latency_ms).all()
    assert end_to_end(snapshot, one, one, one).latency_ms.shape == (1,)


def test_a_limit_counts_as_met_and_absence_does_not() -> None:
    classes = ServiceClasses.of(
        service_class=["tight", "open"],
        priority=[1, 0],
        latency_ms=[100.0, np.nan],
        jitter_ms=[10.0, np.nan],
        loss_ratio=[0.1, 0.1],
    )
    quality = type(routed_quality(routed(0)))(
        latency_ms=np.array([100.0, 100.1, np.nan, np.nan]),
        jitter_ms=np.array([10.0, 1.0, 1.0, np.nan]),
        loss_ratio=np.array([0.1, 0.0, 0.0, 0.0]),
    )
    assert within_sla(quality, classes, np.array([0, 0, 0, 1], np.int32)).tolist() == [True, False, False, True]


@pytest.mark.parametrize("seed", range(8))
def test_metrics_by_hand(seed: int) -> None:
    snapshot = routed(seed)
    routes, demands, classes = snapshot[Routes], snapshot[Demands], snapshot[ServiceClasses]
    quality, hop_count = routed_quality(snapshot), snapshot[Paths].hop_count
    total = within = has_path = measured_path = latency = measured = hops = 0.0
    for demand in range(demands.row_count):
        rate = float(np.nan_to_num(demands.demand_mbps[demand]))
        total += rate
        for row in np.flatnonzero((routes.demand == demand) & (routes.path >= 0)).tolist():
            share, own = rate * float(routes.weight_ratio[row]), demands.service_class[demand]
            values = [float(getattr(quality, name)[row]) for name in METRICS]
            within += share * all(v <= classes.array(n)[own] for v, n in zip(values, METRICS, strict=True))
            same = demands.source_group[demand] == demands.target_group[demand] and routes.path[row] == DIRECT
            measured_path += share * (same or not math.isnan(values[0]))
            has_path += share
            hops += share * float(hop_count[routes.path[row]])
            if not math.isnan(values[0]):
                latency += share * values[0]
                measured += share
    found = {name: metric(snapshot) for name, metric in ROUTING_METRICS.items()}
    assert found["sla_ratio"] == pytest.approx(within / total)
    assert found["routed_ratio"] == pytest.approx(measured_path / total)
    assert found["routed_latency_ms"] == pytest.approx(latency / measured)
    assert found["hops_mean"] == pytest.approx(hops / has_path)


def test_unknown_demand_weighs_nothing_beside_known_and_the_same_where_none_is_known() -> None:
    snapshot = routed(2)
    demands = snapshot[Demands]
    silent = snapshot.replaced(demands.with_column("demand_mbps", np.full(demands.row_count, np.nan)))
    routes = snapshot[Routes]
    same = (demands.source_group == demands.target_group)[routes.demand] & (routes.path == DIRECT)
    known = same | ~np.isnan(routed_quality(snapshot).latency_ms)
    share = np.bincount(routes.demand, weights=np.where(known, routes.weight_ratio, 0))
    assert ROUTING_METRICS["routed_ratio"](silent) == pytest.approx(share.mean())
    assert ROUTING_METRICS["utilisation_max"](silent) == 0.0


def test_no_session_groups_is_not_success() -> None:
    empty = Demands.of(**{name: [] for name in Demands.declared()})
    snapshot = with_routes(with_paths(routing_network(0).replaced(empty), 2), 3)
    assert math.isnan(ROUTING_METRICS["sla_ratio"](snapshot))
    assert math.isnan(ROUTING_METRICS["routed_latency_ms"](snapshot))
    assert ROUTING_METRICS["priced_utilisation_max"](snapshot) == 0.0


def test_the_plain_internet_counts_as_no_site_on_the_way() -> None:
    """Half over a path, half direct: half of its hops, not all of them."""
    snapshot = with_routes(with_paths(routing_network(0), 3), 2)
    count, longest = snapshot[Demands].row_count, int(snapshot[Paths].hop_count.argmax())
    path = np.tile(np.array([longest, DIRECT], np.int32), count)
    routes = snapshot[Routes].with_column("path", path).with_column("weight_ratio", np.full(2 * count, 0.5))
    hops = snapshot[Paths].hop_count[longest]
    assert ROUTING_METRICS["hops_mean"](snapshot.replaced(routes)) == pytest.approx(hops / 2)
