"""The fast door against the meaning of its tables: `ipaddress` finds the prefix, Python finds the rest."""

from __future__ import annotations

import dataclasses
import ipaddress

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairlead.kernels import lookup
from fairlead.model import (
    Access,
    BadInputError,
    Demands,
    Groups,
    Hops,
    Paths,
    Prefixes,
    Routes,
    ServiceClasses,
    Sites,
    Snapshot,
)
from fairlead.planners.route.answer import (
    RouteTables,
    Why,
    answer,
    answers,
    packed,
    packed_all,
    path_set,
    route_tables,
)

NAN = float("nan")
PREFIXES = {
    "10.0.0.0/8": 0,
    "10.1.0.0/16": 1,
    "10.1.2.0/24": 2,
    "10.1.2.128/25": -1,  # not grouped yet
    "10.1.3.7/32": 3,
    "2001:db8::/32": 1,
    "2001:db8:1::/48": 2,
    "2001:db8:1::1/128": 0,
    "::ffff:b00:0/104": 3,
}


def routed(order: list[int] | None = None, **replaced: object) -> Snapshot:
    """Three sites, five groups (the last without access). Sets: 0->1 70:30, 0->2 direct or relay, 1->0 empty."""
    demands = [(0, 1, 0), (0, 2, 0), (1, 0, 1), (2, 0, 2)]
    sets = [
        ([2, 3, -1], [0.7, 0.3, 0.0]),
        ([0, 4, -1], [0.5, 0.5, 0.0]),
        ([-1] * 3, [0.0] * 3),
        ([5, -1, -1], [1, 0, 0]),
    ]
    order = list(range(4)) if order is None else order
    hops = [[], [0], [0, 1], [0, 2, 1], [0, 2], [2, 0], [1], [2]]
    tables = {
        "sites": Sites.of(site=np.array(["ams", "fra", "lon"])),
        "groups": Groups.of(group=np.array(list("abcde"))),
        "access": Access.of(
            group=[0, 0, 0, 1, 1, 2, 3, 3], site=[0, 1, 2, 1, 2, 2, 1, 0],
            latency_ms=[5.0, 9.0, NAN, 7.0, 7.0, 1.0, 3.0, 3.0],
        ),
        "prefixes": Prefixes.of(prefix=np.array(list(PREFIXES)), group=list(PREFIXES.values())),
        "classes": ServiceClasses.of_panorama(),
        "demands": Demands.of(
            source_group=[demands[d][0] for d in order], target_group=[demands[d][1] for d in order],
            service_class=[demands[d][2] for d in order], demand_mbps=[1.0] * 4,
        ),
        "paths": Paths.of(
            source=[-1, 0, 0, 0, 0, 2, 1, 2], target=[-1, 0, 1, 1, 2, 0, 1, 2], rank=[0, 0, 0, 1, 0, 0, 0, 0],
            latency_ms=[NAN, 0, 8, 9, 4, 4, 0, 0], jitter_ms=[NAN] * 8, loss_ratio=[NAN] * 8,
            hop_count=[len(sites) for sites in hops],
        ),
        "hops": Hops.of(
            path=[path for path, sites in enumerate(hops) for _ in sites],
            position=[place for sites in hops for place in range(len(sites))],
            site=[site for sites in hops for site in sites],
        ),
        "routes": Routes.of(
            demand=np.repeat(np.arange(4), 3).astype(np.int32), rank=np.tile(np.arange(3), 4),
            path=[path for d in order for path in sets[d][0]],
            weight_ratio=[float(weight) for d in order for weight in sets[d][1]], stage=[0] * 12,
        ),
    }  # fmt: skip
    return Snapshot({**tables, **replaced}.values())  # type: ignore[arg-type]


def group_by_ipaddress(address: str) -> int:
    found = ipaddress.ip_address(address)
    matches = []
    for text, group in PREFIXES.items():
        net = ipaddress.ip_network(text)
        if text.startswith("::ffff:"):
            net = ipaddress.ip_network("11.0.0.0/8")
        if group >= 0 and net.version == found.version and found in net:
            matches.append((net.prefixlen, group))
    return max(matches)[1] if matches else -1


@pytest.fixture(scope="module")
def tables() -> RouteTables:
    return route_tables(routed())


def test_addresses_find_their_group(tables: RouteTables) -> None:
    nets = [ipaddress.ip_network(text) for text in PREFIXES if not text.startswith("::ffff:")]
    edges = [net.network_address for net in nets] + [net.broadcast_address for net in nets]
    texts = [str(edge + step) for edge in edges for step in (-1, 0, 1)]
    texts += ["11.0.0.0", "11.9.9.9", "11.255.255.255", "12.0.0.0", "255.255.255.255", "0.0.0.0", "::", "2001:db9::"]
    got = lookup.groups_of(tables.lookup, packed_all(texts))
    assert dict(zip(texts, got.tolist(), strict=True)) == {text: group_by_ipaddress(text) for text in texts}


def test_mapped_addresses_are_ipv4() -> None:
    assert packed("::ffff:10.1.2.3") == packed("10.1.2.3")
    assert packed("0.0.0.1") != packed("::1")


@pytest.mark.parametrize(
    "text", ["", "1.2.3", "1.2.3.4.5", "256.1.1.1", "01.2.3.4", "::g", "1::2::3", "a\0b", "ä", "1.2.3.4/24", " 1.2.3.4"]
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(BadInputError, match=r"^route\.address"):
        packed(text)


def test_answers_with_their_reasons(tables: RouteTables) -> None:
    a, b, c, d = (packed(text) for text in ("10.0.0.1", "10.1.0.1", "10.1.2.1", "10.1.3.7"))
    assert answer(tables, a, b, 0, 0.69)[:2] == (2, Why.PLANNED)
    assert answer(tables, a, b, 0, 0.71)[:2] == (3, Why.PLANNED)
    assert answer(tables, a, c, 0, 0.1)[:2] == (0, Why.PLANNED)  # direct by plan
    assert answer(tables, a, a, 0, 0.1)[:2] == (0, Why.SAME_GROUP)
    assert answer(tables, a, b, 1, 0.1)[:2] == (2, Why.NEARBY)  # another class: ams to fra, the shortest path
    assert answer(tables, b, a, 1, 0.1)[:2] == (0, Why.UNKNOWN)  # empty set, and no path from fra to ams
    assert answer(tables, c, a, 1, 0.1)[:2] == (5, Why.NEARBY)
    assert answer(tables, d, a, 0, 0.1)[:2] == (1, Why.NEARBY)  # ams and fra are equally near: the smaller row
    assert answer(tables, packed("203.0.113.1"), a, 0, 0.1)[:2] == (0, Why.UNKNOWN)
    assert tables.sites_of(3) == ["ams", "lon", "fra"]
    assert tables.sites_of(0) == []
    assert tables.class_row == {"premium": 0, "standard": 1, "default": 2}


def test_whole_sets(tables: RouteTables) -> None:
    a, b = packed("10.0.0.1"), packed("10.1.0.1")
    found = path_set(tables, a, b, 0)
    assert (found.paths, found.why) == ((2, 3), Why.PLANNED)
    assert found.weights == pytest.approx((0.7, 0.3))
    assert path_set(tables, a, b, 1)[:3] == ((2,), (1.0,), Why.NEARBY)
    assert path_set(tables, a, a, 0)[:3] == ((0,), (1.0,), Why.SAME_GROUP)
    halved = dataclasses.replace(tables, set_weight=tables.set_weight / 2)
    assert sum(path_set(halved, a, b, 0).weights) == pytest.approx(1.0)
    idle = dataclasses.replace(tables, set_weight=np.zeros_like(tables.set_weight))
    assert path_set(idle, a, b, 0)[:2] == ((2,), (1.0,))


def test_unused_slots_and_idle_paths_are_not_in_the_set(tables: RouteTables) -> None:
    a, b = packed("10.0.0.1"), packed("10.1.0.1")
    row = path_set(tables, a, b, 0).row
    paths, weights = tables.set_path.copy(), tables.set_weight.copy()
    paths[row], weights[row] = [2, -1, 3], [0.5, 0.5, 0.0]  # the weight of an unused slot counts for nothing
    found = path_set(dataclasses.replace(tables, set_path=paths, set_weight=weights), a, b, 0)
    assert (found.paths, found.weights) == ((2,), (1.0,))


def test_a_path_of_unknown_latency_is_not_nearby() -> None:
    known = routed()
    paths = known[Paths]
    latency_ms = np.where(np.arange(8) == 2, np.nan, paths.latency_ms)
    blind = route_tables(known.replaced(paths.with_column("latency_ms", latency_ms)))
    assert answer(blind, packed("10.0.0.1"), packed("10.1.0.1"), 1, 0.1)[:2] == (0, Why.UNKNOWN)


def test_a_drawn_path_is_always_in_the_set(tables: RouteTables) -> None:
    a, b = packed("10.0.0.1"), packed("10.1.0.1")
    for uniform in np.linspace(0, 1, 50, endpoint=False):
        assert answer(tables, a, b, 0, float(uniform)).path in path_set(tables, a, b, 0).paths


@given(st.lists(st.tuples(*[st.integers(0, 7)] * 2, st.integers(0, 2), st.floats(0, 1, exclude_max=True)), max_size=20))
@settings(max_examples=30)
def test_a_batch_is_answered_as_one_by_one(asked: list[tuple[int, int, int, float]]) -> None:
    tables = route_tables(routed())
    texts = [
        "10.0.0.1", "10.1.0.1", "10.1.2.1", "10.1.2.200", "10.1.3.7", "2001:db8:1::5", "2001:db8::5", "192.0.2.1",
    ]  # fmt: skip
    found = answers(
        tables,
        packed_all(texts[s] for s, _, _, _ in asked),
        packed_all(texts[t] for _, t, _, _ in asked),
        np.array([c for _, _, c, _ in asked], np.int32),
        np.array([u for _, _, _, u in asked], np.float64),
    )
    for at, (s, t, c, u) in enumerate(asked):
        alone = answer(tables, packed(texts[s]), packed(texts[t]), c, u)
        assert (found.path[at], found.why[at], found.row[at]) == alone


def test_equal_routing_gives_an_equal_hash_whatever_the_order(tables: RouteTables) -> None:
    other = route_tables(routed(order=[2, 0, 3, 1]))
    assert other == tables
    assert other.content_hash == tables.content_hash
    assert len({tables, other}) == 1


def test_every_array_counts_in_the_hash(tables: RouteTables) -> None:
    seen = {tables.content_hash}
    for name, values in tables.arrays().items():
        changed = np.array(values)
        if changed.dtype.kind == "U":
            changed[-1] = "other"
        elif name in ("v4_start", "pair_start", "path_start", "v6_high", "v6_low", "v4_index"):
            continue  # a change of those alone is not a table any more
        else:
            changed.flat[-1] = 0 if changed.flat[-1] else 1
        seen.add(dataclasses.replace(tables, **{name: changed}).content_hash)
    assert len(seen) == 1 + 10


def test_arrays_are_read_only(tables: RouteTables) -> None:
    for values in tables.arrays().values():
        with pytest.raises(ValueError, match="read-only"):
            values[0:0] = values[0:0]


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("set_path", lambda v: np.where(v == 2, 99, v)),
        ("set_path", lambda v: np.where(v == 2, -2, v)),
        ("set_weight", lambda v: np.where(v == 1, np.nan, v)),
        ("set_weight", lambda v: -v),
        ("set_weight", lambda v: v[:, :1]),
        ("nearest", lambda v: v + 3),
        ("best", lambda v: v[:2]),
        ("path_site", lambda v: v + 1),
        ("path_start", lambda v: v[::-1]),
        ("pair_start", lambda v: v + 1),
        ("pair_start", lambda v: np.where(np.arange(len(v)) == 1, v[-1], v)),
        ("pair_key", lambda v: v + 15),
        ("v4_index", lambda v: v + 1000),
        ("v4_index", lambda v: v[1:]),
        ("v4_start", lambda v: v + 1),
        ("v4_group", lambda v: v + 5),
        ("v6_group", lambda v: v[1:]),
        ("v6_group", lambda v: v - 1),
        ("v6_high", lambda v: v + 1),
        ("v6_low", lambda v: v[1:]),
        ("nearest", lambda v: v.astype(np.int64)),
    ],
)
def test_tables_that_do_not_fit_together_are_refused(tables: RouteTables, name: str, change: object) -> None:
    changed = np.ascontiguousarray(change(tables.arrays()[name]))  # type: ignore[operator]
    with pytest.raises(BadInputError, match=r"^route_tables\.form"):
        dataclasses.replace(tables, **{name: changed.astype(changed.dtype)})


@pytest.mark.parametrize(
    ("texts", "bad"),
    [
        (["10.0.0.0/8", "10.0.0.1/8"], "10.0.0.1/8"),
        (["10.0.0.0/33"], "10.0.0.0/33"),
        (["10.0.0.0"], "10.0.0.0"),
        (["ä/8"], "ä/8"),
        (["2001:db8::/32", "2001:0db8::/32"], "2001:0db8::/32"),
        (["10.0.0.0/8", "::ffff:a00:0/104"], "::ffff:a00:0/104"),
    ],
)
def test_bad_prefixes_are_refused(texts: list[str], bad: str) -> None:
    prefixes = Prefixes.of(prefix=np.array(texts), group=[0] * len(texts))
    with pytest.raises(BadInputError, match=r"^route\.prefix") as caught:
        route_tables(routed(prefixes=prefixes))
    assert bad in str(caught.value)


def test_nothing_planned_and_no_prefixes() -> None:
    empty = Demands.of(source_group=[], target_group=[], service_class=[], demand_mbps=[])
    none = Routes.of(demand=[], rank=[], path=[], weight_ratio=[], stage=[])
    full = routed(demands=empty, routes=none)
    bare = Snapshot(table for table in full.tables if not isinstance(table, Prefixes))
    assert answer(route_tables(bare), packed("10.0.0.1"), packed("::1"), 0, 0.5).why is Why.UNKNOWN
    assert answer(route_tables(full), packed("10.0.0.1"), packed("10.1.0.1"), 0, 0.5).why is Why.NEARBY
