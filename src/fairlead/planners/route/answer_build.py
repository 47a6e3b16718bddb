"""From a routed snapshot to the tables of the fast door."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fairlead.kernels import lookup
from fairlead.kernels.prefixes import FAULT_NONE, prefix_numbers
from fairlead.model import (
    DIRECT,
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
from fairlead.model.table import Array
from fairlead.planners.route.answer_tables import RouteTables
from fairlead.planners.route.nearest import best_backbone, nearest_site

_MAPPED = lookup.MAPPED << 32


def route_tables(snapshot: Snapshot) -> RouteTables:
    """The tables of a routed snapshot. O(session groups log + prefixes log).

    Needs Sites, Groups, Access, Demands, Paths, Hops, Routes and ServiceClasses; Prefixes where addresses are known.
    A prefix without a group says nothing: the prefix around it decides. Session groups are sorted, so the order of
    ``demands`` does not matter. BadInputError for an unreadable or repeated prefix.
    """
    demands, classes = snapshot[Demands], snapshot[ServiceClasses]
    group_count, class_count = snapshot[Groups].row_count, classes.row_count
    source = demands.source_group.astype(np.int64)
    key = demands.target_group.astype(np.int64) * class_count + demands.service_class
    order = np.argsort(source * (group_count * class_count) + key, kind="stable")
    routes = snapshot[Routes]
    assert demands.row_count == 0 or routes.row_count % demands.row_count == 0, "an equal number of slots for each"
    form = (demands.row_count, routes.row_count // max(1, demands.row_count))
    path_start, path_site = _pool(snapshot)
    return RouteTables(
        **_intervals(snapshot),
        pair_start=np.concatenate([[0], np.cumsum(np.bincount(source, minlength=group_count))]).astype(np.int64),
        pair_key=key[order],
        set_path=routes.path.reshape(form)[order],
        set_weight=routes.weight_ratio.reshape(form)[order].astype(np.float64),
        nearest=nearest_site(snapshot),
        best=best_backbone(snapshot),
        path_start=path_start,
        path_site=path_site,
        site_name=snapshot[Sites].site,
        class_name=classes.service_class,
    )


def _pool(snapshot: Snapshot) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    paths, hops = snapshot[Paths], snapshot[Hops]
    assert bool(np.all(np.diff(hops.path) >= 0)), "the sites of path 0 first, then those of path 1"
    lengths = np.bincount(hops.path, minlength=paths.row_count)
    assert lengths[DIRECT] == 0, "the direct path has no site"
    return np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64), hops.site.astype(np.int32)


def _intervals(snapshot: Snapshot) -> dict[str, Array]:
    """The prefixes as the arrays v4_* and v6_*."""
    table = snapshot[Prefixes] if Prefixes in snapshot else Prefixes.of(prefix=np.empty(0, "U1"), group=[])
    numbers = prefix_numbers(*_joined(table.prefix))
    bad = np.flatnonzero(numbers.fault != FAULT_NONE)
    if len(bad):
        raise _bad_prefix(table, int(bad[0]), "not a prefix in CIDR form without host bits")
    # an IPv4-mapped prefix is a prefix of IPv4 addresses
    mapped = (numbers.family == 6) & (numbers.high == 0) & (numbers.low >> 32 == lookup.MAPPED) & (numbers.length >= 96)
    short = numbers.family == 4
    low = np.where(short, numbers.low | np.uint64(_MAPPED), numbers.low)
    length = numbers.length.astype(np.int64) + np.where(short, 96, 0)
    order = np.lexsort((length, low, numbers.high))
    same = (np.diff(numbers.high[order]) == 0) & (np.diff(low[order]) == 0) & (np.diff(length[order]) == 0)
    if same.any():
        raise _bad_prefix(table, int(order[1:][same][0]), "the prefix is there twice")
    order = order[table.group[order] >= 0]
    in_v4 = (short | mapped)[order]
    _, v4_low, v4_group = _flat(numbers.high, low, length, table.group, order[in_v4])
    v6_high, v6_low, v6_group = _flat(numbers.high, low, length, table.group, order[~in_v4])
    starts, groups = _v4_intervals(v4_low, v4_group)
    blocks = np.arange(lookup.V4_BLOCKS, dtype=np.uint32) << np.uint32(16)
    index = np.searchsorted(starts, blocks, side="right") - 1
    return {
        "v4_start": starts,
        "v4_index": np.append(index, len(starts) - 1).astype(np.int32),
        "v4_group": groups,
        "v6_high": v6_high,
        "v6_low": v6_low,
        "v6_group": v6_group,
    }


def _joined(texts: Array) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Texts one behind the other, and where each begins; what is not ASCII becomes a question mark."""
    plain = np.ascontiguousarray(texts.astype(str))
    letters = plain.view(np.uint32).reshape(len(plain), plain.itemsize // 4)
    present = letters != 0
    joined = np.where(letters[present] < 128, letters[present], ord("?")).astype(np.uint8)
    return joined, np.concatenate([[0], np.cumsum(present.sum(axis=1))]).astype(np.int64)


def _flat(high: Array, low: Array, length: Array, group: Array, rows: Array) -> tuple[Array, Array, Array]:
    found: tuple[Array, Array, Array] = lookup.flattened(high[rows], low[rows], length[rows], group[rows])
    return found


def _v4_intervals(low: Array, group: Array) -> tuple[NDArray[np.uint32], NDArray[np.int32]]:
    """The intervals inside ``::ffff:0:0/96``, by the last 32 bits; the first starts at 0.0.0.0."""
    inside = low >> np.uint64(32) == lookup.MAPPED
    starts, groups = low[inside].astype(np.uint32), group[inside]  # keeps the last 32 bits
    if not len(starts) or starts[0] != 0:
        starts, groups = np.concatenate([[0], starts]), np.concatenate([[-1], groups])
    return starts.astype(np.uint32), groups.astype(np.int32)


def _bad_prefix(table: Prefixes, row: int, what: str) -> BadInputError:
    return BadInputError(
        code="route.prefix", what=what, where=f"prefixes.prefix, row {row}", got=str(table.prefix[row])[:60]
    )
