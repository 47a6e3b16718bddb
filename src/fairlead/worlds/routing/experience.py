"""What sessions go through on the paths that they were given: segments as they truly are, and queues where links fill.

This is the world's own physics, made without the predictor that planners promise with, so that promises can be tested.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fairlead.model import DIRECT, Access, Demands, Direct, Groups, Hops, Links, Paths, Routes, Sites, Snapshot
from fairlead.worlds.routing.places import Reals, Rows
from fairlead.worlds.routing.routes import Segments, joined_loss

QUEUE_MS = 0.6  # of bursts, at half load
FULL_RATIO = 0.98  # beyond, buffers are full: delay stays, packets go
JITTER_SHARE = 0.5  # of the queueing delay


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


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Ways:
    """The paths taken apart. first, last: [paths] -1 for direct; after: [hops] whether a hop follows another;
    link: [hops] row of the link that leads to it, -1 at the ingress.
    """

    path: Rows
    site: Rows
    link: Rows
    first: Rows
    last: Rows
    hop_count: Rows


def experienced(truth: Snapshot, routed: Snapshot) -> Experience:
    """``routed`` says which sessions take which paths (Paths, Hops, Routes); ``truth`` what links, access and the plain
    Internet really are and what is really demanded. Both count the same sites, links, groups and session groups.

    A path over a link, or from or to a group, of which the truth knows no latency has none: NaN. O(hops + slots).
    """
    ways = _ways(truth, routed)
    routes, demands = routed[Routes], truth[Demands]
    used = routes.path >= 0
    path = np.where(used, routes.path, DIRECT)
    rate = np.where(used, np.nan_to_num(demands.demand_mbps.astype(np.float64))[routes.demand] * routes.weight_ratio, 0)
    on_path = _summed(path, rate, len(ways.first))
    links, inward, outward, passing = _utilisation(truth, ways, on_path)
    backbone = _path_metrics(truth, ways, links, inward, outward)
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


def queued(utilisation: Reals) -> Segments:
    """What a link adds at a utilisation: delay as of one queue, ``u / (1 - u)``, until buffers are full; then
    ``1 - 1 / u`` of all packets are lost. A link of unknown capacity (NaN) has no queue.
    """
    utilisation = np.nan_to_num(utilisation, posinf=np.inf)
    busy = np.minimum(utilisation, FULL_RATIO)
    delay = QUEUE_MS * busy / (1 - busy)
    return Segments(latency_ms=delay, jitter_ms=JITTER_SHARE * delay, loss_ratio=1 - 1 / np.maximum(1.0, utilisation))


def _ways(truth: Snapshot, routed: Snapshot) -> _Ways:
    links, hops, paths = truth[Links], routed[Hops], routed[Paths]
    site_count = truth[Sites].row_count
    row = np.full((site_count, site_count), -1)
    row[links.source, links.target] = np.arange(links.row_count)
    site, path = hops.site.astype(np.int64), hops.path.astype(np.int64)
    follows = np.flatnonzero(hops.position > 0)
    link = np.full(len(site), -1)
    link[follows] = row[site[follows - 1], site[follows]]
    assert (link[follows] >= 0).all(), "a path uses a link that does not exist"
    hop_count = np.bincount(path, minlength=paths.row_count)
    first, last = np.full(paths.row_count, -1), np.full(paths.row_count, -1)
    start = np.cumsum(hop_count) - hop_count
    overlay = np.flatnonzero(hop_count)
    first[overlay], last[overlay] = site[start[overlay]], site[start[overlay] + hop_count[overlay] - 1]
    return _Ways(path=path, site=site, link=link, first=first, last=last, hop_count=hop_count)


def _utilisation(truth: Snapshot, ways: _Ways, on_path: Reals) -> tuple[Reals, Reals, Reals, Reals]:
    links, sites = truth[Links], truth[Sites]
    follows, overlay = ways.link >= 0, ways.first >= 0
    on_link = _summed(ways.link[follows], on_path[ways.path[follows]], links.row_count)
    into = _summed(ways.first[overlay], on_path[overlay], sites.row_count)
    out = _summed(ways.last[overlay], on_path[overlay], sites.row_count)
    passing = _summed(ways.site, on_path[ways.path], sites.row_count)
    return (
        _ratio(on_link, links.capacity_mbps),
        _ratio(into, sites.nic_mbps),
        _ratio(out, sites.nic_mbps),
        passing,
    )


def _ratio(load: Reals, capacity: NDArray[np.floating]) -> Reals:
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = load / capacity
    return np.where(np.isnan(capacity), np.nan, np.where(load > 0, ratio, 0.0))


def _path_metrics(truth: Snapshot, ways: _Ways, links: Reals, inward: Reals, outward: Reals) -> Segments:
    """[paths] between the access segments: links with their queues, and the cards of ingress and egress."""
    table, count = truth[Links], len(ways.first)
    on_links = _with(
        Segments(latency_ms=table.latency_ms, jitter_ms=table.jitter_ms, loss_ratio=table.loss_ratio), links
    )
    follows = ways.link >= 0
    path, link = ways.path[follows], ways.link[follows]
    cards = queued(inward), queued(outward)
    # log of what is kept: losing everything is minus infinity, and stays so
    with np.errstate(divide="ignore"):
        kept = _summed(path, np.log1p(-on_links.loss_ratio[link]), count)
    added = [
        np.where(ways.first >= 0, getattr(cards[0], name)[ways.first] + getattr(cards[1], name)[ways.last], 0.0)
        for name in ("latency_ms", "jitter_ms")
    ]
    lost = np.where(ways.first >= 0, joined_loss(cards[0].loss_ratio[ways.first], cards[1].loss_ratio[ways.last]), 0.0)
    return Segments(
        latency_ms=_summed(path, on_links.latency_ms[link], count) + added[0],
        jitter_ms=_summed(path, on_links.jitter_ms[link], count) + added[1],
        loss_ratio=joined_loss(1 - np.exp(kept), lost),
    )


def _summed(row: NDArray[np.integer], values: Reals, count: int) -> Reals:
    """[count] sum of the values of each row."""
    return np.bincount(row, weights=values, minlength=count).astype(np.float64)


def _with(segments: Segments, utilisation: Reals) -> Segments:
    queue = queued(utilisation)
    return Segments(
        latency_ms=segments.latency_ms + queue.latency_ms,
        jitter_ms=segments.jitter_ms + queue.jitter_ms,
        loss_ratio=joined_loss(segments.loss_ratio, queue.loss_ratio),
    )


def _end_to_end(
    truth: Snapshot, ways: _Ways, backbone: Segments, path: NDArray[np.integer], ends: tuple[Rows, Rows]
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
