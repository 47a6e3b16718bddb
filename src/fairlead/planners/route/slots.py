"""The slots that a routing fills: how they are laid out, and how last cycle's routes move to this cycle's paths."""

from __future__ import annotations

import numpy as np
import xxhash
from numpy.typing import NDArray

from fairlead.model import DIRECT, Demands, Hops, Paths, Routes, Snapshot, Stage
from fairlead.model.table import Array

Rows = NDArray[np.int64]


def with_routes(snapshot: Snapshot, slots: int, previous: Snapshot | None = None) -> Snapshot:
    """The snapshot with ``slots`` route slots for every session group: those of ``previous`` where it had them.

    A session group is the same when its ids are; a path is the same when its sites are, so a path that is no longer
    among the candidates leaves its slot empty, and the weights that remain are scaled up to 1. Needs Paths and Hops,
    in ``previous`` too. O(session groups + hops), and one sort of the ids when the demands differ.
    """
    count = snapshot[Demands].row_count
    path = np.full(count * slots, -1, np.int32)
    weight = np.zeros(count * slots)
    stage = np.full(count * slots, Stage.UNREACHABLE.value, np.int32)
    if previous is not None:
        _carry(snapshot, previous, slots, path, weight, stage)
    routes = Routes.of(
        demand=np.repeat(np.arange(count, dtype=np.int32), slots),
        rank=np.tile(np.arange(slots, dtype=np.int32), count),
        path=path,
        weight_ratio=weight,
        stage=stage,
    )
    return snapshot.replaced(routes)


def slot_count(snapshot: Snapshot) -> int:
    """Slots of every session group; 0 where there is none."""
    count = snapshot[Demands].row_count
    return snapshot[Routes].row_count // count if count else 0


def path_names(snapshot: Snapshot) -> NDArray[np.uint64]:
    """A content hash for every path [paths]: equal exactly when the sites are the same by name and order."""
    paths, hops = snapshot[Paths], snapshot[Hops]
    names = [str(name).encode() for name in snapshot.named("sites").array("site").tolist()]
    site_hash = np.array([xxhash.xxh3_64_intdigest(name) for name in names] or [0], np.uint64)
    # position by position, so that order counts: a polynomial hash modulo 2**64 with an odd base
    base = np.uint64(0x9E3779B97F4A7C15)
    powers = np.cumprod(np.full(int(hops.position.max(initial=0)) + 1, base, np.uint64))
    term = (site_hash[hops.site] | np.uint64(1)) * powers[hops.position]
    total = np.zeros(paths.row_count, np.uint64)
    np.add.at(total, hops.path, term)
    return total


def _carry(snapshot: Snapshot, previous: Snapshot, slots: int, path: Array, weight: Array, stage: Array) -> None:
    """Writes what ``previous`` routed into the slots, for the session groups that it knew."""
    old_row = _same_demand(snapshot, previous)
    known = np.flatnonzero(old_row >= 0)
    old_slots = slot_count(previous)
    if not len(known) or not old_slots:
        return
    routes = previous[Routes]
    moved = _same_path(snapshot, previous)
    kept = min(slots, old_slots)
    old = old_row[known, None] * old_slots + np.arange(kept)
    old_path = routes.path[old]
    new_path = np.where(old_path >= 0, moved[old_path], -1).astype(np.int32)
    share = np.where(new_path >= 0, routes.weight_ratio[old], 0.0)
    total = share.sum(axis=1, keepdims=True)
    alive = total > 0
    new_path = np.where(alive, new_path, -1)
    share = np.divide(share, total, out=np.zeros_like(share), where=alive)
    new = known[:, None] * slots + np.arange(kept)
    path[new], weight[new] = new_path, share
    stage[new] = np.where(new_path >= 0, routes.stage[old], Stage.UNREACHABLE.value)


def _same_demand(snapshot: Snapshot, previous: Snapshot) -> Rows:
    """[session groups] the row of the same ids in ``previous``, or -1."""
    mine, theirs = snapshot[Demands], previous[Demands]
    same_ids = all(snapshot.named(name) == previous.named(name) for name in ("groups", "service_classes"))
    if same_ids and all(mine.digest(column) == theirs.digest(column) for column in Demands.key):
        return np.arange(mine.row_count)
    keys = np.concatenate([_demand_keys(previous), _demand_keys(snapshot)])
    _, code = np.unique(keys, return_inverse=True)
    row_of = np.full(int(code.max(initial=-1)) + 1, -1)
    row_of[code[: theirs.row_count]] = np.arange(theirs.row_count)
    return row_of[code[theirs.row_count :]]


def _demand_keys(snapshot: Snapshot) -> NDArray[np.uint64]:
    """A content hash of the ids of each session group."""
    demands = snapshot[Demands]
    groups, classes = (
        np.array(
            [xxhash.xxh3_64_intdigest(str(each).encode()) for each in snapshot.named(table).array(column).tolist()],
            np.uint64,
        )
        for table, column in (("groups", "group"), ("service_classes", "service_class"))
    )
    base = np.uint64(0x9E3779B97F4A7C15)
    key = groups[demands.source_group] * base + groups[demands.target_group]
    return np.asarray(key * base + classes[demands.service_class], np.uint64)


def _same_path(snapshot: Snapshot, previous: Snapshot) -> NDArray[np.int32]:
    """[paths of previous] the row of the same sites in ``snapshot``, or -1."""
    new, old = path_names(snapshot), path_names(previous)
    order = np.argsort(new, kind="stable")
    place = np.clip(np.searchsorted(new[order], old), 0, max(len(new) - 1, 0))
    found = np.where(new[order][place] == old, order[place], -1).astype(np.int32)
    found[DIRECT] = DIRECT
    return found
