"""Demand matrices: what is drawn has the distribution that was given, and follows from seed and number alone."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path

import numpy as np
import pytest
from fabrics_small import figure_1, snapshot_of
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chisquare, kstest

from fairlead.model import Arrivals, FabricLinks, Flows, FlowSizes, Nodes, Pairs, Placements, Snapshot
from fairlead.predict.flows.demand import Demand, Sampling, demands
from fairlead.predict.flows.uncertain import LARGEST_BYTES, SMALLEST_BYTES
from fairlead.predict.flows.workload import mean_size_bytes

SHORTLY = Sampling(horizon_s=20.0, from_s=5.0, until_s=15.0)
SMALL = figure_1().snapshot


def data_file(name: str) -> Path:
    beside = Path(__file__).resolve().parents[4] / "shared" / "data"
    path = Path(os.environ.get("FAIRLEAD_DATA", beside)) / "swarm" / name
    if not path.exists():
        pytest.skip("no measured traffic: set FAIRLEAD_DATA")
    return path


def the(snapshot: Snapshot, sampling: Sampling = SHORTLY, seed: int = 1, number: int = 0) -> Demand:
    return demands(snapshot, sampling, seed, range(number, number + 1))[0]


def same(one: Demand, other: Demand) -> bool:
    return all(
        np.array_equal(getattr(one, name), getattr(other, name))
        for name in ("start_s", "source", "target", "size_bytes", "key")
    )


def without(snapshot: Snapshot, *kinds: type) -> Snapshot:
    return Snapshot(table for table in snapshot.tables if type(table) not in kinds)


def test_a_number_follows_from_seed_and_number() -> None:
    first, second, third = demands(SMALL, SHORTLY, 7, range(3))
    assert same(demands(SMALL, SHORTLY, 7, range(1, 2))[0], second)
    assert not same(first, second)
    assert not same(the(SMALL, seed=8), first)
    assert not np.intersect1d(first.key, third.key).size


def test_columns_are_in_order_and_locked() -> None:
    demand = the(SMALL)
    assert (np.diff(demand.start_s) >= 0).all()
    assert (demand.source != demand.target).all()
    assert demand.start_s[0] > 0
    assert demand.start_s[-1] < 20
    with pytest.raises(ValueError, match="read-only"):
        demand.size_bytes[0] = 1.0
    part = demand.chosen(demand.size_bytes > 1e5)
    assert part.flow_count == (demand.size_bytes > 1e5).sum()


def test_arrivals_are_poisson() -> None:
    """Counts have mean and variance of the rate; starts are uniform; gaps exponential."""
    many = demands(SMALL, SHORTLY, 3, range(300))
    counts = np.array([demand.flow_count for demand in many])
    assert counts.mean() == pytest.approx(2000, abs=4 * np.sqrt(2000 / 300))
    assert counts.var() == pytest.approx(2000, rel=0.25)
    assert kstest(np.concatenate([d.start_s for d in many[:10]]) / 20, "uniform").pvalue > 0.001
    gaps = np.concatenate([np.diff(d.start_s) for d in many[:10]])
    assert kstest(gaps, "expon", args=(0, 0.01)).pvalue > 0.001


def test_sizes_between_points_and_at_an_atom() -> None:
    """The first point holds 10 % of the flows; between the points the distribution is a straight line."""
    sizes = np.concatenate([d.size_bytes for d in demands(SMALL, SHORTLY, 3, range(10))])
    count = len(sizes)
    assert (sizes == 1_000).mean() == pytest.approx(0.1, abs=4 * np.sqrt(0.09 / count))
    for size, share in ((50_500.0, 0.35), (100_000.0, 0.6), (5_050_000.0, 0.8), (10_000_000.0, 1.0)):
        assert (sizes <= size).mean() == pytest.approx(share, abs=4 * np.sqrt(0.25 / count))
    assert sizes.mean() == pytest.approx(mean_size_bytes(SMALL), rel=0.03)
    assert mean_size_bytes(SMALL) == pytest.approx(0.1 * 1_000 + 0.5 * 50_500 + 0.4 * 5_050_000)


def test_no_flow_is_empty() -> None:
    tiny = SMALL.replaced(FlowSizes.of(size_bytes=[0.0, 2.0], cdf_ratio=[0.0, 1.0]))
    assert the(tiny).size_bytes.min() == 1.0


def test_pairs_as_given() -> None:
    """Probabilities need not add up; rows of 0 never occur, at either end of the table."""
    source, target = np.array([0, 1, 2, 3, 4], np.int32), np.array([1, 2, 3, 4, 5], np.int32)
    pairs = Pairs.of(source=source, target=target, probability=[0.0, 3.0, 1.0, 4.0, 0.0])
    demand = the(Snapshot([*SMALL.tables, pairs]))
    counts = np.bincount(demand.source, minlength=5)
    assert counts[[0, 4]].tolist() == [0, 0]
    assert chisquare(counts[1:4], demand.flow_count * np.array([3, 1, 4]) / 8).pvalue > 0.001
    assert (demand.target == demand.source + 1).all()


def test_without_pairs_all_alike() -> None:
    demand = the(SMALL, Sampling(horizon_s=100.0, from_s=0.0, until_s=100.0))
    cells = np.zeros((8, 8))
    np.add.at(cells, (demand.source, demand.target), 1)
    assert np.trace(cells) == 0
    assert chisquare(cells[~np.eye(8, dtype=bool)]).pvalue > 0.001


def test_without_sizes_the_logarithm_is_uniform() -> None:
    sizes = the(without(SMALL, FlowSizes), Sampling(horizon_s=100.0, from_s=0.0, until_s=100.0)).size_bytes
    place = np.log(sizes / SMALLEST_BYTES) / np.log(LARGEST_BYTES / SMALLEST_BYTES)
    assert kstest(place, "uniform").pvalue > 0.001
    exact = (LARGEST_BYTES - SMALLEST_BYTES) / np.log(LARGEST_BYTES / SMALLEST_BYTES)
    assert mean_size_bytes(without(SMALL, FlowSizes)) == pytest.approx(exact, rel=1e-6)


def test_without_arrivals_each_demand_has_its_own_load() -> None:
    """Uniform between nothing and what the busiest tier carries: by hand for figure 1.

    A server reaches 7 others: 1 under its own t0, 2 in its pod, 4 in the other. So 6/7 of the
    flows climb to a t1 and 4/7 to a t2. Tiers offer 8, 8 and 8 links of 333.33 Mbit/s upwards: the servers' are the
    busiest, and carry 8 x 333.33e6 / 8 / mean size flows a second.
    """
    most = 8 * 333.33e6 / 8 / mean_size_bytes(SMALL)
    free = without(SMALL, Arrivals)
    rates = np.array([d.flow_count / 20 for d in demands(free, SHORTLY, 5, range(200))])
    assert kstest(rates / most, "uniform").pvalue > 0.001
    thin = free[FabricLinks]
    capacity = thin.capacity_mbps.copy()
    nodes = free[Nodes].node
    core = np.char.startswith(nodes[thin.source], "B") & np.char.startswith(nodes[thin.target], "A")
    capacity[core] /= 10  # now the core is the busiest tier: a tenth of the capacity, 4/7 of the flows
    slow = free.replaced(thin.with_column("capacity_mbps", capacity))
    fewer = np.array([d.flow_count / 20 for d in demands(slow, SHORTLY, 5, range(200))])
    assert fewer.max() == pytest.approx(rates.max() * 0.1 * 7 / 4, rel=0.1)


def test_pairs_decide_what_the_load_climbs() -> None:
    """Traffic that stays under one t0 loads servers' links only."""
    free = without(SMALL, Arrivals)
    local = Pairs.of(source=np.array([0], np.int32), target=np.array([1], np.int32), probability=[1.0])
    links = free[FabricLinks]
    capacity = np.where(links.source < 8, links.capacity_mbps, 1e-3)
    choked = Snapshot([*free.replaced(links.with_column("capacity_mbps", capacity)).tables, local])
    plain = Snapshot([*free.tables, local])
    assert [d.flow_count for d in demands(choked, SHORTLY, 5, range(5))] == [
        d.flow_count for d in demands(plain, SHORTLY, 5, range(5))
    ]


@given(st.lists(st.floats(0, 40), max_size=20), st.integers(0, 5))
def test_a_pinned_demand_is_that_demand(starts: list[float], number: int) -> None:
    count = len(starts)
    flows = Flows.of(
        start_s=np.array(starts, np.float64),
        source=np.arange(count, dtype=np.int32) % 8,
        target=(np.arange(count, dtype=np.int32) + 1) % 8,
        size_bytes=np.arange(count) + 1.0,
    )
    snapshot = Snapshot([*SMALL.tables, flows])
    if count == 0:  # an empty table pins nothing
        assert the(snapshot, number=number).flow_count > 0
        return
    demand = the(snapshot, number=number)
    kept = sorted((start, row + 1.0) for row, start in enumerate(starts) if start < 20)
    assert [*zip(demand.start_s.tolist(), demand.size_bytes.tolist(), strict=True)] == kept
    assert (demand.target == (demand.source + 1) % 8).all()
    longer = the(snapshot, Sampling(horizon_s=30.0, from_s=0.0, until_s=1.0), number=number)
    assert longer.key[: demand.flow_count].tolist() == demand.key.tolist()


def test_samplings_in_order() -> None:
    with pytest.raises(AssertionError):
        Sampling(horizon_s=10.0, from_s=5.0, until_s=15.0)


@pytest.mark.parametrize("name", ["websearch", "cachefollower-all", "hadoop-all", "webserver-all"])
def test_measured_sizes_are_reproduced(name: str) -> None:
    points = np.loadtxt(data_file(f"flowsize_cdf_{name}.txt"))
    sizes = FlowSizes.of(size_bytes=points[:, 0].copy(), cdf_ratio=points[:, 1] / 100)
    snapshot = SMALL.replaced(sizes, Arrivals.of(arrivals_per_s=[2_000.0]))
    drawn = the(snapshot).size_bytes
    bound = np.sqrt(np.log(2 / 1e-4) / (2 * len(drawn)))  # DKW, wrong once in 10,000
    for size, share in points:
        if size >= 1:
            assert (drawn <= size).mean() == pytest.approx(share / 100, abs=bound)


@pytest.mark.parametrize("name", ["fb_rack_matrix_cluster_a_32racks.json", "fb_rack_matrix_cluster_a.json.gz"])
def test_measured_rack_matrix_is_reproduced(name: str) -> None:
    """Facebook's rack-to-rack weights, one server a rack: the sampled shares are the measured ones."""
    path = data_file(name)
    text = gzip.decompress(path.read_bytes()) if name.endswith("gz") else path.read_bytes()
    weights = np.array(json.loads(text)["matrix"]["inner"], np.float64)
    np.fill_diagonal(weights, 0.0)  # traffic within the rack is of one server with itself here
    racks = len(weights)
    names = [f"H{n}" for n in range(racks)] + [f"C{n}" for n in range(racks)]
    ends = [(f"H{n}", f"C{n}") for n in range(racks)]
    base = snapshot_of(names, ["server"] * racks + ["t0"] * racks, ends)
    source, target = np.nonzero(weights)
    pairs = Pairs.of(
        source=source.astype(np.int32), target=target.astype(np.int32), probability=weights[source, target]
    )
    snapshot = Snapshot([*base.replaced(Arrivals.of(arrivals_per_s=[20_000.0])).tables, pairs])
    demand = the(snapshot)
    cells = np.zeros((racks, racks))
    np.add.at(cells, (demand.source, demand.target), 1)
    assert not cells[weights == 0].any()
    expected = weights / weights.sum() * demand.flow_count
    often = expected >= 5
    rest = expected[~often].sum()
    seen, wanted = [*cells[often], cells[~often].sum()], [*expected[often], rest]
    assert often.sum() > 100
    assert chisquare(seen, wanted).pvalue > 0.001


def test_the_state_does_not_matter() -> None:
    """Where workloads run, and what is broken, changes no drawn demand (with arrivals given)."""
    placements = SMALL[Placements]
    moved = SMALL.replaced(placements.with_column("host", np.full(8, placements.server[0], np.int32)))
    assert same(the(moved), the(SMALL))
