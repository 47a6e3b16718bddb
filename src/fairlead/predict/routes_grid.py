"""Dense views of an overlay that routes sessions: backbone, access, and what the plain Internet measures for a pair.

Each view follows from its table alone and is made once for it. Absence is NaN, a link that does not exist row -1.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fairlead.model import Access, BadInputError, Direct, Groups, Links, Sites, Snapshot

Reals = NDArray[np.float64]
Rows = NDArray[np.int64]
Int32s = NDArray[np.int32]

_DENSE_CELLS = 1 << 22  # a square of row numbers this small is worth it, however few of its pairs are measured


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Metrics:
    """Latency (ms), jitter (ms) and loss (ratio) of the same things; equal shapes, float64, NaN where not known."""

    latency_ms: Reals
    jitter_ms: Reals
    loss_ratio: Reals


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BackboneGrid(Metrics):
    """[sites, sites] from a site (first axis) to a site.

    row : [sites, sites] int32 row of ``links``, -1 where there is none. A link of unknown latency has a row, and is not
          to be used; the diagonal is empty
    """

    row: Int32s


def backbone_grid(snapshot: Snapshot) -> BackboneGrid:
    """The links as square arrays [sites, sites]; a pair that stands twice counts with its last row. O(sites^2 + links).

    BadInputError for a link from a site to itself.
    """
    links, site_count = snapshot[Links], snapshot[Sites].row_count
    return links.memo(("backbone_grid", site_count), lambda: _backbone(links, site_count))


def access_grid(snapshot: Snapshot) -> Metrics:
    """What lies between the users of each group and each site, [groups, sites]. O(groups * sites)."""
    access = snapshot[Access]
    shape = (snapshot[Groups].row_count, snapshot[Sites].row_count)
    return access.memo(("access_grid", shape), lambda: _filled(access, (access.group, access.site), shape))


def direct_lookup(snapshot: Snapshot, source_group: Int32s, target_group: Int32s) -> Metrics:
    """The plain Internet of these pairs of groups, [pairs]: NaN where nobody measured it, or without the table.

    A square of row numbers where that is small or most pairs are measured, so O(pairs); else a search in sorted keys,
    O(pairs log rows). The last row of a pair counts.
    """
    if Direct not in snapshot or snapshot[Direct].row_count == 0:
        absent = np.full(len(source_group), np.nan)
        return _locked(Metrics(latency_ms=absent, jitter_ms=absent, loss_ratio=absent))
    direct, group_count = snapshot[Direct], snapshot[Groups].row_count
    if group_count * group_count <= max(_DENSE_CELLS, 4 * direct.row_count):
        row = _row_square(direct, group_count)[source_group, target_group]
    else:
        row = _row_searched(direct, group_count, source_group, target_group).astype(np.int32)
    found = row >= 0
    return _locked(
        Metrics(
            **{
                name: np.where(found, direct.array(name)[row], np.nan).astype(
                    np.float64, copy=False
                )  # row -1 reads the last row, and is dropped
                for name in ("latency_ms", "jitter_ms", "loss_ratio")
            }
        )
    )


def _backbone(links: Links, site_count: int) -> BackboneGrid:
    loops = np.flatnonzero(links.source == links.target)
    if len(loops):
        raise BadInputError(
            code="links.loop",
            what="a link leads from a site to itself",
            where=f"links, row {loops[0]}",
            got=f"source and target both site {links.source[loops[0]]}",
            expected="two different sites",
        )
    shape, at = (site_count, site_count), (links.source, links.target)
    row = np.full(shape, -1, np.int32)
    row[at] = np.arange(links.row_count, dtype=np.int32)
    row.flags.writeable = False
    metrics = _filled(links, at, shape)
    return BackboneGrid(
        latency_ms=metrics.latency_ms, jitter_ms=metrics.jitter_ms, loss_ratio=metrics.loss_ratio, row=row
    )


def _filled(table: Links | Access, at: tuple[Int32s, Int32s], shape: tuple[int, int]) -> Metrics:
    grids = {name: np.full(shape, np.nan) for name in ("latency_ms", "jitter_ms", "loss_ratio")}
    for name, grid in grids.items():
        grid[at] = table.array(name)
    return _locked(Metrics(**grids))


def _locked(metrics: Metrics) -> Metrics:
    for values in (metrics.latency_ms, metrics.jitter_ms, metrics.loss_ratio):
        values.flags.writeable = False
    return metrics


def _row_square(direct: Direct, group_count: int) -> Int32s:
    def square() -> Int32s:
        rows = np.full((group_count, group_count), -1, np.int32)
        rows[direct.source_group, direct.target_group] = np.arange(direct.row_count, dtype=np.int32)
        return rows

    return direct.memo(("row_square", group_count), square)


def _row_searched(direct: Direct, group_count: int, source: Int32s, target: Int32s) -> Rows:
    def by_key() -> tuple[Rows, Rows]:
        key = direct.source_group.astype(np.int64) * group_count + direct.target_group
        order = np.argsort(key, kind="stable")
        return key[order], order

    sorted_key, order = direct.memo(("row_keys", group_count), by_key)
    wanted = source.astype(np.int64) * group_count + target
    place = np.searchsorted(sorted_key, wanted, side="right") - 1
    return np.where((place >= 0) & (sorted_key[place] == wanted), order[place], -1)
