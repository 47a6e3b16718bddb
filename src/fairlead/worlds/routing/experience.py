"""What sessions go through on the paths that they were given: segments as they truly are, and queues where links fill.

This is the world's own physics, made without the predictor that planners promise with, so that promises can be tested.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fairlead.model import DIRECT, Access, Demands, Direct, Groups, Links, Routes, Sites, Snapshot
from fairlead.worlds.routing.places import Reals, Rows
from fairlead.worlds.routing.queues import Ways, loaded_paths, summed, utilisation_of, ways_of
from fairlead.worlds.routing.routes import Segments, joined_loss


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Experience:
    """One entry a slot of ``routes`` [slots]; NaN where the slot is unused or the truth not known.

    rate_mbps : what the slot carries
    hop_count : sites on the way; 0 is direct, -1 not used
    link_utilisation, inward_utilisation, outward_utilisation : [links], [sites], [sites]; NaN: not known
    site_mbps : [sites] what passes through each site, once however it comes and goes
    """

    latency_ms: Reals
    jitter_ms: Reals
    loss_ratio: Reals
    rate_mbps: Reals
    hop_count: Rows
    link_utilisation: Reals
    inward_utilisation: Reals
    outward_utilisation: Reals
    site_mbps: Reals


def experienced(truth: Snapshot, routed: Snapshot) -> Experience:
    """``routed`` says which sessions take which paths (Paths, Hops, Routes); ``truth`` what links, access and the plain
    Internet really are and what is really demanded. Both count the same sites, links, groups and session groups.

    A path over a link, or from or to a group, of which the truth knows no latency has none: NaN. O(hops + slots).
    """
    ways = ways_of(truth, routed)
    routes, demands = routed[Routes], truth[Demands]
    used = routes.path >= 0
    path = np.where(used, routes.path, DIRECT)
    rate = np.where(used, np.nan_to_num(demands.demand_mbps.astype(np.float64))[routes.demand] * routes.weight_ratio, 0)
    on_path = summed(path, rate, len(ways.first))
    links, inward, outward, passing = utilisation_of(truth, ways, on_path)
    backbone = loaded_paths(truth, ways, links, inward, outward)
    ends = (demands.source_group[routes.demand].astype(np.int64), demands.target_group[routes.demand].astype(np.int64))
    metrics = _end_to_end(truth, ways, backbone, path, ends)
    return Experience(
        latency_ms=np.where(used, metrics.latency_ms, np.nan),
        jitter_ms=np.where(used, metrics.jitter_ms, np.nan),
        loss_ratio=np.where(used, metrics.loss_ratio, np.nan),
        rate_mbps=rate,
        hop_count=np.where(used, ways.hop_count[path], -1),
        link_utilisation=links,
        inward_utilisation=inward,
        outward_utilisation=outward,
        site_mbps=passing,
    )


def unlimited(truth: Snapshot) -> Snapshot:
    """The same network with room for everything: no queues."""
    links, sites = truth[Links], truth[Sites]
    return truth.replaced(
        links.with_column("capacity_mbps", np.full(links.row_count, np.nan)),
        sites.with_column("nic_mbps", np.full(sites.row_count, np.nan)),
    )


def _end_to_end(
    truth: Snapshot, ways: Ways, backbone: Segments, path: NDArray[np.integer], ends: tuple[Rows, Rows]
) -> Segments:
    access = _access_grid(truth)
    first, last = ways.first[path], ways.last[path]
    overlay = Segments(
        latency_ms=access.latency_ms[ends[0], first] + backbone.latency_ms[path] + access.latency_ms[ends[1], last],
        jitter_ms=access.jitter_ms[ends[0], first] + backbone.jitter_ms[path] + access.jitter_ms[ends[1], last],
        loss_ratio=joined_loss(
            access.loss_ratio[ends[0], first], backbone.loss_ratio[path], access.loss_ratio[ends[1], last]
        ),
    )
    direct = _direct(truth, *ends)
    plain = first < 0
    return Segments(
        latency_ms=np.where(plain, direct.latency_ms, overlay.latency_ms),
        jitter_ms=np.where(plain, direct.jitter_ms, overlay.jitter_ms),
        loss_ratio=np.where(plain, direct.loss_ratio, overlay.loss_ratio),
    )


def _access_grid(truth: Snapshot) -> Segments:
    """[groups, sites]; NaN where nothing is known."""
    table, shape = truth[Access], (truth[Groups].row_count, truth[Sites].row_count)
    grids = [np.full(shape, np.nan) for _ in range(3)]
    for grid, values in zip(grids, (table.latency_ms, table.jitter_ms, table.loss_ratio), strict=True):
        grid[table.group, table.site] = values
    return Segments(latency_ms=grids[0], jitter_ms=grids[1], loss_ratio=grids[2])


def _direct(truth: Snapshot, source: Rows, target: Rows) -> Segments:
    """[slots] of the plain Internet between two groups; NaN where nothing is known."""
    nothing = np.full(len(source), np.nan)
    if Direct not in truth or not truth[Direct].row_count:
        return Segments(latency_ms=nothing, jitter_ms=nothing, loss_ratio=nothing)
    table, group_count = truth[Direct], truth[Groups].row_count
    key = table.source_group.astype(np.int64) * group_count + table.target_group
    order = np.argsort(key, kind="stable")
    wanted = source * group_count + target
    place = np.minimum(np.searchsorted(key[order], wanted), len(key) - 1)
    row = order[place]
    found = key[row] == wanted
    return Segments(
        latency_ms=np.where(found, table.latency_ms[row], np.nan),
        jitter_ms=np.where(found, table.jitter_ms[row], np.nan),
        loss_ratio=np.where(found, table.loss_ratio[row], np.nan),
    )
