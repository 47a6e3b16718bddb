"""Intervals against brute force over all prefixes; rows against a dictionary; draws against their weights."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fairlead.kernels import lookup
from fairlead.kernels.lookup import LookupArrays

ONES = (1 << 64) - 1
MAPPED = 0xFFFF << 32


def locked(values: object, dtype: type) -> np.ndarray:
    made = np.ascontiguousarray(np.array(values, dtype=dtype))
    made.flags.writeable = False
    return made


def arrays(**given_arrays: np.ndarray) -> LookupArrays:
    """Two groups, two sites, no prefixes and no session groups, but for what is given."""
    index = np.zeros(lookup.V4_BLOCKS + 1, np.int32)
    empty: dict[str, np.ndarray] = {
        "v4_start": locked([0], np.uint32), "v4_index": locked(index, np.int32), "v4_group": locked([-1], np.int32),
        "v6_high": locked([0], np.uint64), "v6_low": locked([0], np.uint64), "v6_group": locked([-1], np.int32),
        "pair_start": locked([0, 0, 0], np.int64), "pair_key": locked([], np.int64),
        "set_path": locked(np.empty((0, 3)), np.int32), "set_weight": locked(np.empty((0, 3)), np.float64),
        "nearest": locked([-1, -1], np.int32), "best": locked([[-1, -1], [-1, -1]], np.int32),
    }  # fmt: skip
    return LookupArrays(**{**empty, **given_arrays})


def mask(length: int) -> int:
    return ((1 << length) - 1) << (128 - length)


@st.composite
def prefixes(draw: st.DrawFn) -> list[tuple[int, int, int]]:
    """Distinct (first address, length, value), crowded at few places so that they nest."""
    found: dict[tuple[int, int], int] = {}
    for _ in range(draw(st.integers(0, 12))):
        length = draw(st.sampled_from([0, 1, 2, 3, 62, 63, 64, 65, 66, 126, 127, 128]))
        bits = draw(st.sampled_from([0, (1 << 128) - 1, 1 << 64, (1 << 64) - 1, 1 << 127, 1 << 126]))
        found[(bits + draw(st.integers(-3, 3))) % (1 << 128) & mask(length), length] = draw(st.integers(-1, 3))
    return sorted((first, length, value) for (first, length), value in found.items())


def flat(rows: list[tuple[int, int, int]]) -> list[tuple[int, int]]:
    high = locked([first >> 64 for first, _, _ in rows], np.uint64)
    low = locked([first & ONES for first, _, _ in rows], np.uint64)
    length = locked([length for _, length, _ in rows], np.int64)
    value = locked([value for _, _, value in rows], np.int32)
    out_high, out_low, out = lookup.flattened(high, low, length, value)
    return [((h << 64) | lo, v) for h, lo, v in zip(out_high.tolist(), out_low.tolist(), out.tolist(), strict=True)]


def longest_match(rows: list[tuple[int, int, int]], address: int) -> int:
    hits = [(length, value) for first, length, value in rows if address & mask(length) == first]
    return max(hits)[1] if hits else -1


@given(prefixes(), st.lists(st.integers(0, (1 << 128) - 1), max_size=5))
@example([(0, 0, 2)], [])
@example([((1 << 128) - 1, 128, 1)], [])
def test_intervals_are_the_longest_match(rows: list[tuple[int, int, int]], others: list[int]) -> None:
    intervals = flat(rows)
    starts = [start for start, _ in intervals]
    assert starts[0] == 0
    assert starts == sorted(set(starts))
    values = [value for _, value in intervals]
    assert all(one != other for one, other in pairwise(values)), "neighbours differ"
    edges = {first for first, _, _ in rows} | {first | ((1 << 128) - 1) ^ mask(length) for first, length, _ in rows}
    asked = {(edge + step) % (1 << 128) for edge in edges for step in (-1, 0, 1)} | set(others)
    for address in asked:
        at = max(place for place, start in enumerate(starts) if start <= address)
        assert values[at] == longest_match(rows, address), hex(address)


@given(prefixes(), st.lists(st.integers(0, (1 << 128) - 1), max_size=5))
def test_ipv6_group_is_the_longest_match(rows: list[tuple[int, int, int]], others: list[int]) -> None:
    intervals = flat(rows)
    tables = arrays(
        v6_high=locked([start >> 64 for start, _ in intervals], np.uint64),
        v6_low=locked([start & ONES for start, _ in intervals], np.uint64),
        v6_group=locked([value for _, value in intervals], np.int32),
    )
    asked = [a for a in [first for first, _, _ in rows] + others if a >> 32 != 0xFFFF]
    for address in asked:
        got = lookup.group_of(tables, np.uint64(address >> 64), np.uint64(address & ONES))
        assert got == longest_match(rows, address)


@given(st.lists(st.integers(0, (1 << 32) - 1), unique=True, max_size=20), st.integers(0, (1 << 32) - 1))
def test_ipv4_group_is_that_of_the_last_interval_before(starts: list[int], other: int) -> None:
    starts = sorted({0, *starts})
    blocks = np.arange(lookup.V4_BLOCKS, dtype=np.int64) << 16
    index = np.append(np.searchsorted(starts, blocks, side="right") - 1, len(starts) - 1)
    tables = arrays(
        v4_start=locked(starts, np.uint32),
        v4_index=locked(index, np.int32),
        v4_group=locked(np.arange(len(starts)), np.int32),
    )
    asked = {other, 0, (1 << 32) - 1, *starts, *(max(0, start - 1) for start in starts)}
    ordered = sorted(asked)
    got = lookup.groups_of(tables, locked([[0, MAPPED | address] for address in ordered], np.int64))
    expected = np.searchsorted(starts, ordered, side="right") - 1
    np.testing.assert_array_equal(got, expected)


def test_ipv6_is_not_looked_up_among_ipv4() -> None:
    tables = arrays(v4_group=locked([7], np.int32), v6_group=locked([5], np.int32))
    assert lookup.group_of(tables, np.uint64(0), np.uint64(MAPPED | 1)) == 7
    for high, low in ((0, 1), (1, MAPPED | 1), (0, (0x1FFFF << 32) | 1)):
        assert lookup.group_of(tables, np.uint64(high), np.uint64(low)) == 5


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(0, 2)), unique=True, max_size=30),
    st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(0, 2)),
)
def test_session_row_is_the_row_of_the_pair(triples: list[tuple[int, int, int]], other: tuple[int, int, int]) -> None:
    triples = sorted(triples)
    counts = np.bincount([source for source, _, _ in triples], minlength=4)
    tables = arrays(
        pair_start=locked(np.concatenate([[0], np.cumsum(counts)]), np.int64),
        pair_key=locked([target * 3 + which for _, target, which in triples], np.int64),
    )
    rows = {triple: row for row, triple in enumerate(triples)}
    for source, target, which in {*triples, other}:
        assert lookup.session_row(tables, source, target, which, 3) == rows.get((source, target, which), -1)


@pytest.mark.parametrize(
    ("paths", "weights", "expected"),
    [
        ([4, 5, 6], [0.5, 0.25, 0.25], {4: 0.5, 5: 0.25, 6: 0.25}),
        ([4, -1, 6], [0.5, 0.0, 0.5], {4: 0.5, 6: 0.5}),
        ([4, 5, -1], [0.0, 1.0, 0.0], {5: 1.0}),
        ([-1, 5, 6], [0.0, 0.2, 0.6], {5: 0.25, 6: 0.75}),  # weights that do not sum to 1
        ([4, 5, -1], [0.0, 0.0, 0.0], {4: 1.0}),  # paths without weight: the first
        ([-1, 5, -1], [0.9, 0.1, 0.0], {5: 1.0}),  # the weight of an unused slot counts for nothing
        ([-1, -1, -1], [0.0, 0.0, 0.0], {-1: 1.0}),
        ([0, 4, -1], [0.5, 0.5, 0.0], {0: 0.5, 4: 0.5}),  # direct is a path like any other
    ],
)
def test_draws_follow_the_weights(paths: list[int], weights: list[float], expected: dict[int, float]) -> None:
    tables = arrays(set_path=locked([paths], np.int32), set_weight=locked([weights], np.float64))
    uniform = (np.arange(1_000) + 0.5) / 1_000
    drawn = [lookup.drawn(tables, 0, number) for number in uniform]
    shares = {path: drawn.count(path) / 1_000 for path in set(drawn)}
    assert shares == pytest.approx(expected, abs=0.0011)
    assert lookup.drawn(tables, 0, 0.0) in expected
    assert lookup.drawn(tables, 0, np.nextafter(1.0, 0.0)) in expected


def test_a_share_ends_just_before_its_weight() -> None:
    tables = arrays(set_path=locked([[4, 5]], np.int32), set_weight=locked([[0.5, 0.5]], np.float64))
    assert [lookup.drawn(tables, 0, number) for number in (np.nextafter(0.5, 0.0), 0.5)] == [4, 5]


def one_set(**more: np.ndarray) -> LookupArrays:
    """From group 0 to group 1 in class 0 (of one) there is a set of path 3."""
    return arrays(
        pair_start=locked([0, 1, 1], np.int64),
        pair_key=locked([1], np.int64),
        set_path=locked([[3]], np.int32),
        set_weight=locked([[1.0]], np.float64),
        **more,
    )


def test_reasons_in_their_order() -> None:
    near = {"nearest": locked([1, 0], np.int32), "best": locked([[-1, -1], [9, -1]], np.int32)}
    tables = one_set(**near)
    assert lookup.routed(tables, 0, 1, 0, 1, 0.5) == (3, lookup.PLANNED, 0)
    assert lookup.routed(tables, 0, 0, 0, 1, 0.5) == (0, lookup.SAME_GROUP, -1)
    assert lookup.routed(tables, 1, 0, 0, 1, 0.5) == (0, lookup.UNKNOWN, -1)  # best[0, 1] is not known
    assert lookup.routed(arrays(**near), 0, 1, 0, 1, 0.5) == (9, lookup.NEARBY, -1)
    assert lookup.routed(tables, -1, 1, 0, 1, 0.5) == (0, lookup.UNKNOWN, -1)
    assert lookup.routed(tables, 0, -1, 0, 1, 0.5) == (0, lookup.UNKNOWN, -1)
    assert lookup.routed(tables, -1, -1, 0, 1, 0.5) == (0, lookup.UNKNOWN, -1)  # not one group
    for absent in ([-1, 0], [1, -1]):
        blind = arrays(nearest=locked(absent, np.int32), best=near["best"])
        assert lookup.routed(blind, 0, 1, 0, 1, 0.5) == (0, lookup.UNKNOWN, -1)


def test_empty_set_gets_the_nearby_path() -> None:
    tables = arrays(
        pair_start=locked([0, 1, 1], np.int64),
        pair_key=locked([1], np.int64),
        set_path=locked([[-1]], np.int32),
        set_weight=locked([[0.0]], np.float64),
        nearest=locked([0, 0], np.int32),
        best=locked([[8, -1], [-1, -1]], np.int32),
    )
    assert lookup.routed(tables, 0, 1, 0, 1, 0.5) == (8, lookup.NEARBY, 0)


def test_many_are_answered_as_one_by_one() -> None:
    tables = one_set(nearest=locked([1, 0], np.int32), best=locked([[-1, 7], [9, -1]], np.int32))
    rng = np.random.default_rng(0)
    source, target = (locked(rng.integers(-1, 2, 50), np.int32) for _ in range(2))
    zeros, uniform = locked(np.zeros(50), np.int32), locked(rng.random(50), np.float64)
    path, reason, row = lookup.routed_all(tables, source, target, zeros, 1, uniform)
    for at in range(50):
        alone = lookup.routed(tables, int(source[at]), int(target[at]), 0, 1, float(uniform[at]))
        assert (path[at], reason[at], row[at]) == alone
