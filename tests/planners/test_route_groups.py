"""User groups: rankings, ids that stay, tables, session groups; and what measured paths do to them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from fairlead.model import Access, Demands, Groups, Prefixes, ServiceClasses, Sites, Snapshot
from fairlead.planners.route.groups import (
    PrefixMap,
    group_id,
    group_tables,
    nearest_sites,
    session_demands,
    session_groups,
    user_groups,
)
from fairlead.telemetry.estimates import EstimateRule, link_estimates
from fairlead.telemetry.group_estimates import site_field
from fairlead.telemetry.probes import Probes

SITES = Sites.of(site=["fra", "lon", "par", "nyc"])
NAN = np.nan
LATENCY = np.array(
    [
        [4.0, 9.0, 8.0, 90.0],  # fra>par>lon
        [9.0, 4.0, 8.0, 80.0],  # lon>par>fra
        [5.0, 9.5, 8.5, 91.0],  # fra>par>lon
        [NAN, NAN, NAN, NAN],
        [3.0, 9.0, 8.0, 85.0],  # fra>par, dense
        [NAN, 6.0, NAN, NAN],  # lon
    ]
)


def prefixes(count: int) -> np.ndarray:
    return np.array([f"10.{i >> 8 & 255}.{i & 255}.0/24" for i in range(count)])


def measured(latency: np.ndarray, depth: np.ndarray | int = 3) -> PrefixMap:
    return PrefixMap.of_latency(prefixes(len(latency)), latency, depth)


def test_ids_are_rankings() -> None:
    found = user_groups(nearest_sites(measured(LATENCY, np.array([3, 3, 3, 3, 2, 3]))), SITES.site)
    assert found.group_id.tolist() == ["fra>par", "fra>par>lon", "lon", "lon>par>fra"]
    assert found.group.tolist() == [1, 3, 1, -1, 0, 2]


@given(
    hnp.arrays(np.float64, st.tuples(st.integers(0, 12), st.just(4)), elements=st.sampled_from([NAN, 1.0, 2.0, 3.0])),
    st.randoms(use_true_random=False),
)
def test_ids_do_not_depend_on_the_order_of_anything(latency: np.ndarray, rng: object) -> None:
    before = user_groups(nearest_sites(measured(latency)), SITES.site)
    named = before.group_id[before.group] if len(before.group_id) else np.full(len(latency), "")
    rows = np.random.default_rng(7).permutation(len(latency))
    # sites keep their order where they are equally near: shuffle prefixes only, and rename nothing
    after = user_groups(nearest_sites(measured(latency[rows])), SITES.site)
    again = after.group_id[after.group] if len(after.group_id) else np.full(len(latency), "")
    grouped = before.group[rows] >= 0
    assert (after.group >= 0).tolist() == grouped.tolist()
    assert again[grouped].tolist() == named[rows][grouped].tolist()
    assert sorted(before.group_id.tolist()) == before.group_id.tolist() == after.group_id.tolist()


def test_site_order_does_not_matter_without_ties() -> None:
    chance = np.random.default_rng(3)
    latency = chance.permuted(np.tile(np.arange(6.0), (50, 1)), axis=1)
    names = np.array(["a", "b", "c", "d", "e", "f"])
    turned = chance.permutation(6)
    one = user_groups(nearest_sites(measured(latency)), names)
    two = user_groups(nearest_sites(measured(latency[:, turned])), names[turned])
    assert one.group_id.tolist() == two.group_id.tolist()
    assert one.group.tolist() == two.group.tolist()


def test_names_with_arrows_stay_apart() -> None:
    names = np.array(["a>b", "c", "a", "b>c", "a\\", "\\>b"])
    ids = [group_id(np.array(row), names) for row in ([0, 1], [2, 3], [2, 3, -1], [4, 5], [0, 3], [4, 0])]
    assert len(set(ids)) == 5
    assert ids[0] == "a\\>b>c"


def test_more_sites_than_a_number_can_rank() -> None:
    chance = np.random.default_rng(5)
    latency = chance.uniform(1, 9, (40, 500))
    found = user_groups(nearest_sites(measured(np.r_[latency, latency], 12)), np.arange(500))
    assert len(found.group_id) == 40
    assert found.group[:40].tolist() == found.group[40:].tolist()


def test_tables() -> None:
    weight = np.array([1.0, 1.0, 3.0, 1.0, 1.0, 1.0])
    loss = np.where(np.isnan(LATENCY), NAN, 0.0)
    loss[0, 0] = 1.0
    given = PrefixMap(
        prefix=prefixes(6),
        latency_ms=LATENCY,
        error_ms=np.full_like(LATENCY, NAN),
        jitter_ms=LATENCY / 8,
        loss_ratio=loss,
        weight=weight,
        depth=np.full(6, 3),
    )
    grouping = user_groups(nearest_sites(given), SITES.site)
    groups, access, table = group_tables(given, grouping, SITES)
    assert groups.group.tolist() == ["fra>par>lon", "lon", "lon>par>fra"]
    row = np.flatnonzero((access.group == 0) & (access.site == 0)).item()
    # members of weight 1, 3 and 1: half of the weight lies in the second
    assert access.latency_ms[row] == 5.0
    assert access.jitter_ms[row] == access.latency_ms[row] / 8
    assert access.loss_ratio[row] == pytest.approx(0.5 / 4)  # half of one in five is cut off at each end
    assert ((access.group == 1) & (access.site == 0)).sum() == 0
    assert table.group.tolist() == [0, 2, 0, -1, 0, 1]
    Snapshot([SITES, groups, access, table])


def test_every_group_has_access() -> None:
    """Its members keep a group in a run in which nobody measured them."""
    ranking = np.array([[1, 0], [1, 0]], np.int32)
    given = measured(np.full((2, 4), NAN), 2)
    groups, access, _ = group_tables(given, user_groups(ranking, SITES.site), SITES)
    assert groups.group.tolist() == ["lon>fra"]
    assert (access.group.tolist(), access.site.tolist()) == ([0], [1])
    assert np.isnan(access.latency_ms).all()


def test_nobody_measured() -> None:
    given = measured(np.full((3, 4), NAN))
    groups, access, table = group_tables(given, user_groups(nearest_sites(given), SITES.site), SITES)
    assert (groups.row_count, access.row_count) == (0, 0)
    assert table.group.tolist() == [-1, -1, -1]


def test_no_prefix_at_all() -> None:
    given = measured(np.zeros((0, 4)))
    groups, _, table = group_tables(given, user_groups(nearest_sites(given), SITES.site), SITES)
    assert (groups.row_count, table.row_count) == (0, 0)


@given(st.integers(0, 5), st.integers(0, 4))
def test_session_groups_are_the_cross_product(group_count: int, class_count: int) -> None:
    found = session_groups(group_count, class_count)
    expected = [(s, t, c) for s in range(group_count) for t in range(group_count) for c in range(class_count)]
    assert list(zip(found.source_group, found.target_group, found.service_class, strict=True)) == expected
    assert np.isnan(found.demand_mbps).all()


@given(st.lists(st.tuples(*[st.integers(0, 3)] * 3, st.sampled_from([NAN, 0.0, 1.0, 2.5])), max_size=30))
def test_demand_of_session_groups(flows: list[tuple[int, int, int, float]]) -> None:
    group = np.array([1, 0, -1, 1])
    source, target, service_class, rate = (np.array([flow[i] for flow in flows]) for i in range(4))
    whole = [axis.astype(np.int64) for axis in (source, target, service_class)]
    found = session_demands(*whole, rate.astype(np.float64), group)
    expected: dict[tuple[int, int, int], list[float]] = {}
    for s, t, c, mbps in flows:
        if group[s] >= 0 and group[t] >= 0:
            expected.setdefault((int(group[s]), int(group[t]), c), []).append(mbps)
    keys = list(
        zip(found.source_group.tolist(), found.target_group.tolist(), found.service_class.tolist(), strict=True)
    )
    assert keys == sorted(expected)
    for key, demand in zip(keys, found.demand_mbps.tolist(), strict=True):
        known = [mbps for mbps in expected[key] if not np.isnan(mbps)]
        assert demand == pytest.approx(sum(known)) if known else np.isnan(demand)


def test_tables_make_a_network() -> None:
    given = measured(LATENCY)
    groups, access, table = group_tables(given, user_groups(nearest_sites(given), SITES.site), SITES)
    demands = session_groups(groups.row_count, 3)
    found = Snapshot([SITES, groups, access, table, ServiceClasses.of_panorama(), demands])
    assert found[Demands].row_count == 27
    assert (found[Groups].row_count, found[Prefixes].row_count) == (3, 6)
    assert found[Access].row_count == 9


def test_from_records_to_groups() -> None:
    """Probes of prefixes, some of them outliers, make the groups that the true latencies make."""
    chance = np.random.default_rng(12)
    site_count, prefix_count = 4, 40
    kinds = chance.uniform(5, 80, (5, site_count))
    true = kinds[chance.integers(0, 5, prefix_count)]
    rows = np.repeat(np.arange(prefix_count * site_count), 20)
    prefix, site = rows // site_count, rows % site_count
    rtt = 2 * true[prefix, site] + chance.exponential(0.2, len(rows))
    rtt[::10] += chance.uniform(100, 900, len(rtt[::10]))
    records = Probes.of(
        time=np.arange(len(rows)) % 300,
        source=site.astype(np.int32),
        target=(prefix + site_count).astype(np.int32),
        rtt_ms=rtt,
        sent_count=np.full(len(rows), 3, np.int32),
        received_count=np.full(len(rows), 3.0),
    )
    ends = np.arange(site_count + prefix_count)
    field = site_field(
        link_estimates(records, EstimateRule(), 300.0),
        np.where(ends < site_count, ends, -1),
        np.where(ends >= site_count, ends - site_count, -1),
        (prefix_count, site_count),
    )
    given = PrefixMap(
        prefix=prefixes(prefix_count),
        latency_ms=field.latency_ms,
        error_ms=field.error_ms,
        jitter_ms=field.jitter_ms,
        loss_ratio=field.loss_ratio,
        weight=field.weight,
        depth=np.full(prefix_count, 3),
    )
    found = user_groups(nearest_sites(given), SITES.site)
    truth = user_groups(nearest_sites(measured(true)), SITES.site)
    assert found.group_id.tolist() == truth.group_id.tolist()
    assert found.group.tolist() == truth.group.tolist()
    groups, access, _ = group_tables(given, found, SITES)
    first = np.unique(found.group, return_index=True)[1]
    assert access.latency_ms.reshape(groups.row_count, site_count) == pytest.approx(true[first], abs=0.3)
    assert (access.loss_ratio == 0).all()
