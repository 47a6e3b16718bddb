"""Paths taken apart, what they put on links and cards, and what waiting there adds: the physics of load."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fairlead.model import Hops, Links, Paths, Sites, Snapshot
from fairlead.worlds.routing.places import Reals, Rows
from fairlead.worlds.routing.routes import Segments, joined_loss

QUEUE_MS = 0.6  # of bursts, at half load
FULL_RATIO = 0.98  # beyond, buffers are full: delay stays, packets go
JITTER_SHARE = 0.5  # of the queueing delay


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ways:
    """The paths taken apart. first, last: [paths] -1 for direct; after: [hops] whether a hop follows another;
    link: [hops] row of the link that leads to it, -1 at the ingress.
    """

    path: Rows
    site: Rows
    link: Rows
    first: Rows
    last: Rows
    hop_count: Rows


def queued(utilisation: Reals) -> Segments:
    """What a link adds at a utilisation: delay as of one queue, ``u / (1 - u)``, until buffers are full; then
    ``1 - 1 / u`` of all packets are lost. A link of unknown capacity (NaN) has no queue.
    """
    utilisation = np.nan_to_num(utilisation, posinf=np.inf)
    busy = np.minimum(utilisation, FULL_RATIO)
    delay = QUEUE_MS * busy / (1 - busy)
    return Segments(latency_ms=delay, jitter_ms=JITTER_SHARE * delay, loss_ratio=1 - 1 / np.maximum(1.0, utilisation))


def ways_of(truth: Snapshot, routed: Snapshot) -> Ways:
    """The paths of ``routed`` over the links of ``truth``. O(hops)."""
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
    return Ways(path=path, site=site, link=link, first=first, last=last, hop_count=hop_count)


def utilisation_of(truth: Snapshot, ways: Ways, on_path: Reals) -> tuple[Reals, Reals, Reals, Reals]:
    """[links], [sites] inward, [sites] outward, and Mbit/s through each site, when paths carry ``on_path`` [paths]."""
    links, sites = truth[Links], truth[Sites]
    follows, overlay = ways.link >= 0, ways.first >= 0
    on_link = summed(ways.link[follows], on_path[ways.path[follows]], links.row_count)
    into = summed(ways.first[overlay], on_path[overlay], sites.row_count)
    out = summed(ways.last[overlay], on_path[overlay], sites.row_count)
    passing = summed(ways.site, on_path[ways.path], sites.row_count)
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


def loaded_paths(truth: Snapshot, ways: Ways, links: Reals, inward: Reals, outward: Reals) -> Segments:
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
        kept = summed(path, np.log1p(-on_links.loss_ratio[link]), count)
    added = [
        np.where(ways.first >= 0, getattr(cards[0], name)[ways.first] + getattr(cards[1], name)[ways.last], 0.0)
        for name in ("latency_ms", "jitter_ms")
    ]
    lost = np.where(ways.first >= 0, joined_loss(cards[0].loss_ratio[ways.first], cards[1].loss_ratio[ways.last]), 0.0)
    return Segments(
        latency_ms=summed(path, on_links.latency_ms[link], count) + added[0],
        jitter_ms=summed(path, on_links.jitter_ms[link], count) + added[1],
        loss_ratio=joined_loss(1 - np.exp(kept), lost),
    )


def summed(row: NDArray[np.integer], values: Reals, count: int) -> Reals:
    """[count] sum of the values of each row."""
    return np.bincount(row, weights=values, minlength=count).astype(np.float64)


def _with(segments: Segments, utilisation: Reals) -> Segments:
    queue = queued(utilisation)
    return Segments(
        latency_ms=segments.latency_ms + queue.latency_ms,
        jitter_ms=segments.jitter_ms + queue.jitter_ms,
        loss_ratio=joined_loss(segments.loss_ratio, queue.loss_ratio),
    )
