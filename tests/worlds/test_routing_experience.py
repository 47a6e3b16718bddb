"""What sessions go through, against sums by hand and a walk over every path in plain Python."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairlead.model import DIRECT, Access, Demands, Direct, Hops, Links, Paths, Routes, Sites, Snapshot
from fairlead.worlds.routing import RoutingSpec, routing_world
from fairlead.worlds.routing.experience import experienced, unlimited
from fairlead.worlds.routing.queues import FULL_RATIO, JITTER_SHARE, QUEUE_MS, queued
from tests.worlds.routing_small import NAN, PATHS, routed, tiny_truth

METRICS = ("latency_ms", "jitter_ms", "loss_ratio")


def test_figures_by_hand_without_queues() -> None:
    truth = tiny_truth()
    lived = experienced(truth, routed(truth, [[2, 3], [DIRECT, -1]], [[0.75, 0.25], [1.0, 0.0]]))
    # 1 in, 10 over the link a-b, 2 out; over c: 20 + 10
    assert lived.latency_ms == pytest.approx([13.0, 33.0, 70.0, NAN], nan_ok=True)
    assert lived.jitter_ms == pytest.approx([2.0, 3.0, 7.0, NAN], nan_ok=True)
    assert lived.loss_ratio == pytest.approx([1 - 0.9 * 0.5, 1 - 0.81 * 0.5, 0.2, NAN], nan_ok=True)
    assert lived.rate_mbps == pytest.approx([7.5, 2.5, 20.0, 0.0])
    assert lived.hop_count.tolist() == [2, 3, 0, -1]
    assert lived.site_mbps == pytest.approx([10.0, 10.0, 2.5])
    assert np.isnan(lived.link_utilisation).all()
    assert np.isnan(lived.inward_utilisation).all()


def test_one_site_takes_in_and_lets_out() -> None:
    truth = tiny_truth(nic_mbps=100.0, capacity_mbps=100.0)
    lived = experienced(truth, routed(truth, [[1], [4]], [[1.0], [1.0]]))
    queue = queued(np.array([0.1, 0.2]))
    assert lived.latency_ms == pytest.approx([1 + 40 + 2 * queue.latency_ms[0], 20 + 2 + 2 * queue.latency_ms[1]])
    assert lived.inward_utilisation == pytest.approx([0.1, 0.2, 0.0])
    assert lived.outward_utilisation == pytest.approx([0.1, 0.2, 0.0])
    assert (lived.link_utilisation == 0).all()


def test_what_is_not_known_is_not_zero() -> None:
    truth = tiny_truth()
    to_nowhere = Demands.of(
        source_group=np.array([0, 0], dtype=np.int32),
        target_group=np.array([2, 2], dtype=np.int32),
        service_class=np.array([0, 1], dtype=np.int32),
        demand_mbps=np.array([1.0, np.nan]),
    )
    truth = truth.replaced(to_nowhere)
    lived = experienced(truth, routed(truth, [[2], [DIRECT]], [[1.0], [1.0]]))
    assert np.isnan(lived.latency_ms).all()
    assert lived.rate_mbps.tolist() == [1.0, 0.0]  # unknown demand weighs nothing
    without = Snapshot(table for table in truth.tables if not isinstance(table, Direct))
    assert np.isnan(experienced(without, routed(without, [[DIRECT], [-1]], [[1.0], [0.0]])).latency_ms).all()


def test_an_overfull_link_delays_and_loses() -> None:
    truth = tiny_truth(capacity_mbps=15.0, demand_mbps=(10.0, 20.0))
    lived = experienced(truth, routed(truth, [[2], [2]], [[1.0], [1.0]]))
    full = QUEUE_MS * FULL_RATIO / (1 - FULL_RATIO)
    assert lived.link_utilisation.max() == pytest.approx(2.0)
    assert lived.latency_ms == pytest.approx([13 + full] * 2)
    assert lived.jitter_ms == pytest.approx([2 + JITTER_SHARE * full] * 2)
    assert lived.loss_ratio == pytest.approx([1 - 0.5 * 0.9 * 0.5] * 2)
    rest = experienced(unlimited(truth), routed(truth, [[2], [2]], [[1.0], [1.0]]))
    assert rest.latency_ms == pytest.approx([13.0, 13.0])


@given(st.lists(st.floats(0, 5), min_size=2, max_size=20))
def test_queues_only_grow(loads: list[float]) -> None:
    ordered = queued(np.sort(np.array(loads)))
    for values in (ordered.latency_ms, ordered.jitter_ms, ordered.loss_ratio):
        assert (np.diff(values) >= 0).all()
        assert (values >= 0).all()
    assert (ordered.loss_ratio < 1).all()
    nothing = queued(np.array([0.0, np.nan]))
    assert (nothing.latency_ms == 0).all()
    assert (nothing.loss_ratio == 0).all()


def walked(truth: Snapshot, plan: Snapshot) -> list[list[float]]:
    """The same physics, one slot and one hop at a time."""
    links, sites, demands, routes = truth[Links], truth[Sites], truth[Demands], plan[Routes]
    row = {(int(a), int(b)): n for n, (a, b) in enumerate(zip(links.source, links.target, strict=True))}
    hops: list[list[int]] = [[] for _ in range(plan[Paths].row_count)]
    for path, site in zip(plan[Hops].path, plan[Hops].site, strict=True):
        hops[path].append(int(site))
    load = np.zeros(links.row_count + 2 * sites.row_count)
    uses = []
    for demand, path, weight in zip(routes.demand, routes.path, routes.weight_ratio, strict=True):
        way = hops[path] if path > 0 else []
        used = [row[pair] for pair in itertools.pairwise(way)]
        if way:
            used += [links.row_count + way[0], links.row_count + sites.row_count + way[-1]]
        uses.append(used)
        for each in used:
            load[each] += demands.demand_mbps[demand] * weight
    capacity = np.concatenate([links.capacity_mbps, sites.nic_mbps, sites.nic_mbps])
    access = {(int(g), int(s)): n for n, (g, s) in enumerate(zip(truth[Access].group, truth[Access].site, strict=True))}
    direct = {
        (int(a), int(b)): n
        for n, (a, b) in enumerate(zip(truth[Direct].source_group, truth[Direct].target_group, strict=True))
    }
    found = []
    for demand, path, used in zip(routes.demand, routes.path, uses, strict=True):
        ends = int(demands.source_group[demand]), int(demands.target_group[demand])
        if path < 0:
            found.append([NAN, NAN, NAN])
            continue
        if path == DIRECT:
            place = direct[ends]
            found.append([float(truth[Direct].array(name)[place]) for name in METRICS])
            continue
        way = hops[path]
        legs = [access[ends[0], way[0]], access[ends[1], way[-1]]]
        latency = sum(truth[Access].latency_ms[leg] for leg in legs)
        jitter = sum(truth[Access].jitter_ms[leg] for leg in legs)
        kept = np.prod([1 - truth[Access].loss_ratio[leg] for leg in legs])
        for each in used:
            busy = load[each] / capacity[each]
            wait = QUEUE_MS * min(busy, FULL_RATIO) / (1 - min(busy, FULL_RATIO))
            latency, jitter = latency + wait, jitter + JITTER_SHARE * wait
            kept *= 1 / max(1.0, busy)
            if each < links.row_count:
                latency, jitter = latency + links.latency_ms[each], jitter + links.jitter_ms[each]
                kept *= 1 - links.loss_ratio[each]
        found.append([float(latency), float(jitter), float(1 - kept)])
    return found


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 1000))
def test_against_a_walk_over_every_path(seed: int) -> None:
    world = routing_world(RoutingSpec(site_count=4, group_count=6, demand_count=40, prefix_count=0), seed)
    truth, chance = world.truth(1), np.random.default_rng(seed)
    ways = [(), *((s,) for s in range(4)), (0, 1), (1, 0), (2, 0, 3), (3, 1, 2, 0)]
    count = np.array([len(way) for way in ways], dtype=np.int32)
    blank = np.full(len(ways), np.nan)
    plan = truth.replaced(
        Paths.of(
            source=np.array([way[0] if way else -1 for way in ways], dtype=np.int32),
            target=np.array([way[-1] if way else -1 for way in ways], dtype=np.int32),
            rank=np.arange(len(ways), dtype=np.int32),
            latency_ms=blank.copy(),
            jitter_ms=blank.copy(),
            loss_ratio=blank.copy(),
            hop_count=count,
        ),
        Hops.of(
            path=np.repeat(np.arange(len(ways), dtype=np.int32), count),
            position=np.concatenate([np.arange(n) for n in count]).astype(np.int32),
            site=np.array([site for way in ways for site in way], dtype=np.int32),
        ),
        Routes.of(
            demand=np.repeat(np.arange(40, dtype=np.int32), 2),
            rank=np.tile(np.arange(2, dtype=np.int32), 40),
            path=chance.integers(-1, len(ways), 80).astype(np.int32),
            weight_ratio=np.full(80, 0.5),
            stage=np.zeros(80, dtype=np.int32),
        ),
    )
    weight = np.where(plan[Routes].path < 0, 0.0, 0.5)
    plan = plan.replaced(plan[Routes].with_column("weight_ratio", weight))
    lived = experienced(truth, plan)
    wanted = np.array(walked(truth, plan))
    assert np.stack([lived.latency_ms, lived.jitter_ms, lived.loss_ratio], axis=1) == pytest.approx(wanted, nan_ok=True)


def test_a_path_over_no_link_is_our_own_mistake() -> None:
    truth = tiny_truth()
    plan = routed(truth, [[2], [2]], [[1.0], [1.0]])
    cut = Links.of(
        source=np.array([0], dtype=np.int32), target=np.array([2], dtype=np.int32), latency_ms=np.array([1.0])
    )
    assert PATHS[2] == (0, 1)
    with pytest.raises(AssertionError, match="link"):
        experienced(truth.replaced(cut), plan)
