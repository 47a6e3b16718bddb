"""One pass over rows (window, one end, other end, counts, measures) that tallies by end, by pair and by groups of ends.

The rows may be in any order. ``slot_of_window`` maps a row's window to its place among those that count, or -1.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import boolean, float32, int32, int64, njit, types, uint64

_INT32S = types.Array(int32, 1, "C", readonly=True)
_INT64S = types.Array(int64, 1, "C", readonly=True)
_FLOAT32S = types.Array(float32, 1, "C", readonly=True)
_BOOLS = types.Array(boolean, 1, "C", readonly=True)
_CELLS = float32[:, ::1]
_TABLE = types.Tuple((int64[:, ::1], uint64[::1]))

_FILTER_BITS_PER_KEY = 64  # most rows are asked for by nobody; one bit in a small array says so without a probe


@njit(int64(int64), cache=True, nogil=True, inline="always")
def _mixed(key: Any) -> Any:
    # Fibonacci hashing: the high bits of the product are well mixed
    return np.int64((np.uint64(key) * np.uint64(11400714819323198485)) >> np.uint64(32))


@njit(_TABLE(_INT64S), cache=True, nogil=True)
def _hashed(keys: Any) -> Any:
    """Open-addressing table of distinct keys, a quarter full: ([slots, 2] key or -1 and its place, bit filter)."""
    size = 64
    while size < 4 * len(keys):
        size *= 2
    slots = np.full((size, 2), -1, dtype=np.int64)
    bits = np.zeros(size * _FILTER_BITS_PER_KEY // 4 // 64, dtype=np.uint64)
    for place in range(len(keys)):
        mixed = _mixed(keys[place])
        bits[(mixed >> 6) & (len(bits) - 1)] |= np.uint64(1) << np.uint64(mixed & 63)
        slot = mixed & (size - 1)
        while slots[slot, 0] >= 0:
            slot = (slot + 1) & (size - 1)
        slots[slot, 0], slots[slot, 1] = keys[place], place
    return slots, bits


@njit(int64(int64, _TABLE), cache=True, nogil=True, inline="always")
def _place(key: Any, table: Any) -> Any:
    """Where the key stands among the keys of the table, or -1."""
    slots, bits = table
    mixed = _mixed(key)
    if not (bits[(mixed >> 6) & (len(bits) - 1)] >> np.uint64(mixed & 63)) & np.uint64(1):
        return -1
    slot = mixed & (len(slots) - 1)
    while slots[slot, 0] >= 0:
        if slots[slot, 0] == key:
            return slots[slot, 1]
        slot = (slot + 1) & (len(slots) - 1)
    return -1


@njit(int64(int32, int32, int64), cache=True, nogil=True, inline="always")
def _key(one: Any, other: Any, count: Any) -> Any:
    return min(one, other) * count + max(one, other)


@njit(cache=True, nogil=True, inline="always")
def _tally(cell: Any, when: Any, newest: Any, fails: Any, rtt_ms: Any) -> None:
    """cell [windows + 3]: failing pairs of every window, then of the newest: pairs, sum and count of healthy rtt."""
    if fails:
        cell[when] += 1
    if when == newest:
        cell[newest + 1] += 1
        if not fails and not np.isnan(rtt_ms):
            cell[newest + 2] += rtt_ms
            cell[newest + 3] += 1


@njit(
    types.Tuple((float32[:, :, ::1], _CELLS, float32[::1], _CELLS, _CELLS))(
        *(_INT32S, _INT32S, _INT32S, _INT32S, _INT32S, _FLOAT32S, _FLOAT32S, _BOOLS, _INT32S, _INT32S),
        *(_INT64S, _INT64S, _INT64S, _INT32S, int64),
    ),
    cache=True,
    nogil=True,
)
def pair_tallies(
    window: Any,
    source: Any,
    target: Any,
    succeeded: Any,
    failed: Any,
    rtt_ms: Any,
    loss_ratio: Any,
    online: Any,
    site: Any,
    group: Any,
    pair_keys: Any,
    site_keys: Any,
    group_keys: Any,
    slot_of_window: Any,
    window_count: Any,
) -> Any:
    """What is asked about some pairs of ends, of their sites and of their groups, over rows with both ends online.

    pair_keys, site_keys, group_keys : the pairs that are asked for, each as smaller * ends + larger, distinct
    site, group : [ends] the site and the group of every end

    -> pairs       : [pair_keys, windows, 5] carries streams (0 or 1), failed, all, rtt (NaN where absent), loss
       end_failing : [ends, windows] rows that fail; end_pairs [ends] rows that carry streams in the newest window
       site_pairs, group_pairs : [keys, windows + 3] rows that fail in each window; then of the newest window: rows that
                     carry streams, sum of rtt over those of them that do not fail, their number

    Most rows of older windows cost no more than a look into the filter: what does not fail is counted in the newest
    window only.
    """
    pairs = np.zeros((len(pair_keys), window_count, 5), dtype=np.float32)
    pairs[:, :, 3] = np.nan
    end_failing = np.zeros((len(online), window_count), dtype=np.float32)
    end_pairs = np.zeros(len(online), dtype=np.float32)
    site_pairs = np.zeros((len(site_keys), window_count + 3), dtype=np.float32)
    group_pairs = np.zeros((len(group_keys), window_count + 3), dtype=np.float32)
    pair_table, site_table, group_table = _hashed(pair_keys), _hashed(site_keys), _hashed(group_keys)
    count, newest = len(online), window_count - 1
    for row in range(len(window)):
        when = slot_of_window[window[row]]
        one, other = source[row], target[row]
        if when < 0 or not (online[one] and online[other]):
            continue
        streams = succeeded[row] + failed[row]
        place = _place(_key(one, other, count), pair_table)
        if place >= 0:
            pairs[place, when, 0] = streams > 0
            pairs[place, when, 1] = failed[row]
            pairs[place, when, 2] = streams
            pairs[place, when, 3] = rtt_ms[row]
            pairs[place, when, 4] = loss_ratio[row]
        fails = failed[row] > 0
        if streams == 0 or not (fails or when == newest):
            continue
        if fails:
            end_failing[one, when] += 1
            end_failing[other, when] += 1
        if when == newest:
            end_pairs[one] += 1
            end_pairs[other] += 1
        place = _place(_key(site[one], site[other], count), site_table)
        if place >= 0:
            _tally(site_pairs[place], when, newest, fails, rtt_ms[row])
        place = _place(_key(group[one], group[other], count), group_table)
        if place >= 0:
            _tally(group_pairs[place], when, newest, fails, rtt_ms[row])
    return pairs, end_failing, end_pairs, site_pairs, group_pairs


@njit(
    float32[:, :, ::1](_INT32S, _INT32S, _INT32S, _INT32S, _INT32S, _FLOAT32S, _FLOAT32S, _BOOLS, _INT32S, int64),
    cache=True,
    nogil=True,
)
def end_sums(
    window: Any,
    source: Any,
    target: Any,
    succeeded: Any,
    failed: Any,
    rtt_ms: Any,
    loss_ratio: Any,
    online: Any,
    slot_of_window: Any,
    window_count: Any,
) -> Any:
    """[ends, windows, 6]: failed, all, sum of rtt, rows with an rtt, sum of loss, rows; with both ends online.

    All columns are [rows] but ``online`` [ends] and ``slot_of_window`` [windows].
    """
    sums = np.zeros((len(online), window_count, 6), dtype=np.float32)
    for row in range(len(window)):
        slot = slot_of_window[window[row]]
        if slot < 0 or not (online[source[row]] and online[target[row]]):
            continue
        for end in range(2):
            cell = sums[source[row] if end == 0 else target[row], slot]
            cell[0] += failed[row]
            cell[1] += failed[row] + succeeded[row]
            if not np.isnan(rtt_ms[row]):
                cell[2] += rtt_ms[row]
                cell[3] += 1
            cell[4] += loss_ratio[row]
            cell[5] += 1
    return sums
