"""Longest prefix match, a pair's row and a weighted draw: the arithmetic of answering which path a session takes.

An address is two uint64, (high, low) halves of its 128 bits; an IPv4 address is the IPv4-mapped ``::ffff:a.b.c.d``.
Prefixes of any length become disjoint intervals, each with one value: a lookup is one binary search, whatever the
nesting. Absence is -1. Nothing here checks indices: the tables were checked when they were made.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import float64, int8, int32, int64, njit, types, uint32, uint64
from numpy.typing import NDArray

MAPPED = 0xFFFF  # low half of an IPv4-mapped address, without its last 32 bits
V4_BLOCKS = 1 << 16  # the first half of an IPv4 address selects a block of intervals

PLANNED, SAME_GROUP, NEARBY, UNKNOWN = range(4)  # why this answer


class LookupArrays(NamedTuple):
    """The tables as the kernels see them; every array read-only and C-contiguous.

    v4_start   : [intervals] uint32 first address, ascending, from 0; the interval ends before the next one
    v4_index   : [2^16 + 1] int32 the interval that holds the first address of each block
    v4_group   : [intervals] int32 user group
    v6_high, v6_low, v6_group : the same for IPv6
    pair_start : [groups + 1] int64 CSR by source group
    pair_key   : [session groups] int64 target group * classes + class, ascending within a source group
    set_path   : [session groups, slots] int32 path rows
    set_weight : [session groups, slots] float64, 0 in an unused slot
    nearest    : [groups] int32 site of lowest access latency
    best       : [sites, sites] int32 path row of the shortest backbone path
    """

    v4_start: NDArray[np.uint32]
    v4_index: NDArray[np.int32]
    v4_group: NDArray[np.int32]
    v6_high: NDArray[np.uint64]
    v6_low: NDArray[np.uint64]
    v6_group: NDArray[np.int32]
    pair_start: NDArray[np.int64]
    pair_key: NDArray[np.int64]
    set_path: NDArray[np.int32]
    set_weight: NDArray[np.float64]
    nearest: NDArray[np.int32]
    best: NDArray[np.int32]


def _fixed(kind: Any, axes: int = 1) -> Any:
    return types.Array(kind, axes, "C", readonly=True)


_ARRAYS = types.NamedTuple(
    [
        _fixed(uint32), _fixed(int32), _fixed(int32), _fixed(uint64), _fixed(uint64), _fixed(int32), _fixed(int64),
        _fixed(int64), _fixed(int32, 2), _fixed(float64, 2), _fixed(int32), _fixed(int32, 2),
    ],
    LookupArrays,
)  # fmt: skip
_FOUND = types.Tuple((int32, int8, int64))
_ANSWERS = types.Tuple((int32[::1], int8[::1], int64[::1]))
_INTERVALS = types.Tuple((uint64[::1], uint64[::1], int32[::1]))


@njit(types.UniTuple(uint64, 2)(uint64, uint64, int64), cache=True, nogil=True)
def _last(high, low, length):  # type: ignore[no-untyped-def]  # compiled; the signature above is its type
    """The last address of a prefix."""
    ones = np.uint64(0xFFFFFFFFFFFFFFFF)
    if length == 0:
        return ones, ones
    if length < 64:
        return high | (ones >> np.uint64(length)), ones
    if length == 64:
        return high, ones
    return high, (low | (ones >> np.uint64(length - 64)) if length < 128 else low)


@njit(int64(uint64[::1], uint64[::1], int32[::1], int64, uint64, uint64, int32), cache=True, nogil=True)
def _emit(high, low, value, count, at_high, at_low, what):  # type: ignore[no-untyped-def]
    """Start an interval; one that starts at the same address replaces it, one of equal value continues it."""
    if count and high[count - 1] == at_high and low[count - 1] == at_low:
        count -= 1
    if count and value[count - 1] == what:
        return count
    high[count], low[count], value[count] = at_high, at_low, what
    return count + 1


@njit(_INTERVALS(_fixed(uint64), _fixed(uint64), _fixed(int64), _fixed(int32)), cache=True, nogil=True)
def flattened(high, low, length, value):  # type: ignore[no-untyped-def]
    """Disjoint intervals (first address high, low; value) that cover all 128-bit addresses. O(prefixes).

    high, low, length : [prefixes] distinct prefixes without host bits, sorted by (high, low, length)
    value             : [prefixes] what an address gets whose longest match this is; -1 where nothing matches
    """
    room = 2 * len(high) + 1
    out_high, out_low, out = np.empty(room, np.uint64), np.empty(room, np.uint64), np.empty(room, np.int32)
    count = _emit(out_high, out_low, out, 0, np.uint64(0), np.uint64(0), np.int32(-1))
    open_at = np.empty(129, np.int64)  # prefixes that contain the place of the sweep, outermost first
    depth = 0
    for at in range(len(high) + 1):
        while depth > 0:
            top = open_at[depth - 1]
            end_high, end_low = _last(high[top], low[top], length[top])
            inside = at < len(high) and (high[at] < end_high or (high[at] == end_high and low[at] <= end_low))
            if inside:
                break
            depth -= 1
            below = value[open_at[depth - 1]] if depth > 0 else np.int32(-1)
            next_low = end_low + np.uint64(1)
            next_high = end_high + np.uint64(1) if next_low == np.uint64(0) else end_high
            if next_high != np.uint64(0) or next_low != np.uint64(0):  # else the prefix reached the last address
                count = _emit(out_high, out_low, out, count, next_high, next_low, below)
        if at < len(high):
            count = _emit(out_high, out_low, out, count, high[at], low[at], value[at])
            open_at[depth] = at
            depth += 1
    return out_high[:count].copy(), out_low[:count].copy(), out[:count].copy()


@njit(int32(_ARRAYS, uint64, uint64), cache=True, nogil=True)
def group_of(arrays, high, low):  # type: ignore[no-untyped-def]
    """The user group of an address by longest prefix match, or -1."""
    if high == np.uint64(0) and (low >> np.uint64(32)) == np.uint64(MAPPED):
        address = np.uint32(low & np.uint64(0xFFFFFFFF))
        block = np.int64(address >> np.uint32(16))
        first, last = np.int64(arrays.v4_index[block]), np.int64(arrays.v4_index[block + 1])
        while first < last:  # the last interval that starts at or before the address
            middle = (first + last + 1) >> 1
            if arrays.v4_start[middle] <= address:
                first = middle
            else:
                last = middle - 1
        return arrays.v4_group[first]
    first, last = np.int64(0), np.int64(len(arrays.v6_high) - 1)
    while first < last:
        middle = (first + last + 1) >> 1
        start = arrays.v6_high[middle]
        if start < high or (start == high and arrays.v6_low[middle] <= low):
            first = middle
        else:
            last = middle - 1
    return arrays.v6_group[first]


@njit(int64(_ARRAYS, int64, int64, int64, int64), cache=True, nogil=True)
def session_row(arrays, source, target, service_class, class_count):  # type: ignore[no-untyped-def]
    """The row of a session group, or -1. O(log of the session groups of one source group)."""
    key = target * class_count + service_class
    first, last = arrays.pair_start[source], arrays.pair_start[source + 1] - 1
    while first <= last:
        middle = (first + last) >> 1
        if arrays.pair_key[middle] == key:
            return middle
        if arrays.pair_key[middle] < key:
            first = middle + 1
        else:
            last = middle - 1
    return np.int64(-1)


@njit(int32(_ARRAYS, int64, float64), cache=True, nogil=True)
def drawn(arrays, row, uniform):  # type: ignore[no-untyped-def]
    """The path of one set that a number in [0, 1) selects by weight; -1 for a set without paths.

    The weights need not sum to 1. A set that has paths but no weight gives its first path.
    """
    total = 0.0
    path = np.int32(-1)
    for slot in range(arrays.set_path.shape[1]):
        if arrays.set_path[row, slot] >= 0:
            total += arrays.set_weight[row, slot]
            if path < 0:
                path = arrays.set_path[row, slot]
    left = uniform * total
    for slot in range(arrays.set_path.shape[1]):
        weight = arrays.set_weight[row, slot]
        if arrays.set_path[row, slot] >= 0 and weight > 0.0:
            path = arrays.set_path[row, slot]  # the last slot with a weight, should rounding leave a rest
            if left < weight:
                break
            left -= weight
    return path


@njit(_FOUND(_ARRAYS, int64, int64, int64, int64, float64), cache=True, nogil=True)
def routed(arrays, source, target, service_class, class_count, uniform):  # type: ignore[no-untyped-def]
    """(path row, reason, session-group row) between two user groups; path 0 is the plain Internet.

    Same group: direct (Panorama 3.3). No path set: Nearby (3.2). Nothing known of an end: direct.
    """
    if source < 0 or target < 0:
        return np.int32(0), np.int8(UNKNOWN), np.int64(-1)
    if source == target:
        return np.int32(0), np.int8(SAME_GROUP), np.int64(-1)
    row = session_row(arrays, source, target, service_class, class_count)
    if row >= 0:
        path = drawn(arrays, row, uniform)
        if path >= 0:
            return path, np.int8(PLANNED), row
    ingress, egress = arrays.nearest[source], arrays.nearest[target]
    if ingress >= 0 and egress >= 0 and arrays.best[ingress, egress] >= 0:
        return arrays.best[ingress, egress], np.int8(NEARBY), row
    return np.int32(0), np.int8(UNKNOWN), row


@njit(_FOUND(_ARRAYS, int64, int64, int64, int64, int64, int64, float64), cache=True, nogil=True)
def answered(arrays, s_high, s_low, t_high, t_low, service_class, class_count, uniform):  # type: ignore[no-untyped-def]
    """:func:`routed` between two addresses, whose halves come as signed numbers: a call with plain ints is cheapest."""
    source = group_of(arrays, np.uint64(s_high), np.uint64(s_low))
    target = group_of(arrays, np.uint64(t_high), np.uint64(t_low))
    return routed(arrays, source, target, service_class, class_count, uniform)


@njit(int32[::1](_ARRAYS, _fixed(int64, 2)), cache=True, nogil=True)
def groups_of(arrays, addresses):  # type: ignore[no-untyped-def]
    """addresses [n, 2] (high, low), signed -> user group [n] or -1."""
    groups = np.empty(len(addresses), np.int32)
    for at in range(len(addresses)):
        groups[at] = group_of(arrays, np.uint64(addresses[at, 0]), np.uint64(addresses[at, 1]))
    return groups


@njit(
    _ANSWERS(_ARRAYS, _fixed(int32), _fixed(int32), _fixed(int32), int64, _fixed(float64)),
    cache=True,
    nogil=True,
)
def routed_all(arrays, source, target, service_class, class_count, uniform):  # type: ignore[no-untyped-def]
    """:func:`routed` for arrays [n]: (path rows int32, reasons int8, session-group rows int64)."""
    count = len(source)
    path, reason, row = np.empty(count, np.int32), np.empty(count, np.int8), np.empty(count, np.int64)
    for at in range(count):
        path[at], reason[at], row[at] = routed(
            arrays, source[at], target[at], service_class[at], class_count, uniform[at]
        )
    return path, reason, row
