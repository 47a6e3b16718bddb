"""The Internet map (Panorama 3.1): what was measured of backbone links, of access and of the plain Internet, as tables.

Segments that nobody measured are solved for from the paths that cross them, where these determine them; else they are
not known.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fairlead.model import Access, Direct, Groups, Links, Sites
from fairlead.telemetry.estimates import LinkEstimates
from fairlead.telemetry.path_segments import Segments, Steps, steps
from fairlead.telemetry.tomography import PathSums, segment_values

Reals = NDArray[np.float64]
Rows = NDArray[np.int64]
Flags = NDArray[np.bool_]

_METRICS = ("latency_ms", "jitter_ms", "loss_ratio")
_LARGEST_LOSS = 1 - 1e-9  # a path on which nothing survives has no logarithm


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MeasuredMap:
    """The tables, and how each of their latencies came about.

    links_error_ms, access_error_ms : [rows] standard error of the latency, NaN: not known
    links_solved, access_solved     : [rows] whether the latency was solved for, and not measured
    unknown_path_count              : measured paths over a segment or a site that there is not: left out
    too_large_count                 : segments left unknown because too many hang together (tomography.LARGEST_COUNT)
    """

    links: Links
    access: Access
    direct: Direct
    links_error_ms: Reals
    access_error_ms: Reals
    links_solved: Flags
    access_solved: Flags
    unknown_path_count: int
    too_large_count: int


@dataclass(frozen=True, slots=True, eq=False)
class _Known:
    """Sums of what was measured [segments]: latency and jitter in ms, loss as minus the logarithm of survival."""

    value: Reals
    error: Reals


def measured_map(sites: Sites, groups: Groups, links: Links, believed: LinkEstimates) -> MeasuredMap:
    """The map that these estimates draw; ``believed`` is of one window, or the newest of several.

    Ends are numbered as sites, then groups: end ``i`` is site ``i`` as long as there is one, else group ``i - sites``.
    ``links`` says which backbone links there are, their capacity and their price. What it says of latency, jitter and
    loss is replaced: a link that nobody measured and no path determines is not known. A round trip crosses both
    directions, so it counts for the other one where that was not measured itself; access is the same both ways, the
    mean by records where both ends measured.

    Access has the pairs that were measured or that a path crosses, and one row without a latency for every other group.
    Direct has the ordered pairs of different groups that were measured, either way.
    """
    straight, paths = believed.kept(believed.via == ""), believed.kept(believed.via != "")
    walk = steps(paths, sites.site)
    segments = _segments(straight, walk, links, sites.row_count, groups.row_count)
    segment = segments.between(walk.one, walk.other)
    lost = walk.lost.copy()
    lost[walk.path[segment < 0]] = True
    values: dict[str, Reals] = {}
    errors, solved, too_large = np.full(segments.count, np.nan), np.zeros(segments.count, bool), 0
    for metric in _METRICS:
        known = _known(straight, segments, metric)
        sums = PathSums(
            path=walk.path[~lost[walk.path]],
            segment=segment[~lost[walk.path]],
            value=np.where(lost, np.nan, _as_sum(getattr(paths, metric), metric)),
            error=_sum_error(paths, metric),
        )
        found = segment_values(sums, known.value, known.error)
        values[metric] = _from_sum(found.value, metric)
        if metric == "latency_ms":
            errors, solved, too_large = found.error, found.solved, found.too_large_count
    split = links.row_count
    return MeasuredMap(
        links=_with(links, {metric: values[metric][:split] for metric in _METRICS}),
        access=Access.of(
            group=segments.access_group,
            site=segments.access_site,
            **{metric: values[metric][split:] for metric in _METRICS},
        ),
        direct=_direct(straight, sites.row_count),
        links_error_ms=errors[:split],
        access_error_ms=errors[split:],
        links_solved=solved[:split],
        access_solved=solved[split:],
        unknown_path_count=int(np.count_nonzero(lost)),
        too_large_count=too_large,
    )


def _segments(straight: LinkEstimates, walk: Steps, links: Links, site_count: int, group_count: int) -> Segments:
    """The links there are, and the access that was measured, that a path crosses, or that stands for nothing known."""
    one = np.concatenate([straight.source, walk.one])
    other = np.concatenate([straight.target, walk.other])
    site, user = np.minimum(one, other), np.maximum(one, other)
    is_access = (site < site_count) & (user >= site_count)
    pairs = np.unique((user[is_access] - site_count) * site_count + site[is_access])
    absent = np.setdiff1d(np.arange(group_count), pairs // max(site_count, 1))
    pairs = np.sort(np.concatenate([pairs, absent * site_count]))
    return Segments(
        site_count=site_count,
        link_source=links.source.astype(np.int64),
        link_target=links.target.astype(np.int64),
        access_group=pairs // max(site_count, 1),
        access_site=pairs % max(site_count, 1),
    )


def _known(straight: LinkEstimates, segments: Segments, metric: str) -> _Known:
    value, error = _as_sum(getattr(straight, metric), metric), _sum_error(straight, metric)
    own = _pooled(segments.between(straight.source, straight.target), value, error, straight.count, segments.count)
    turned = _pooled(segments.between(straight.target, straight.source), value, error, straight.count, segments.count)
    lacks = np.isnan(own.value)
    return _Known(np.where(lacks, turned.value, own.value), np.where(lacks, turned.error, own.error))


def _pooled(segment: Rows, value: Reals, error: Reals, count: Rows, segment_count: int) -> _Known:
    """The mean of each segment's values, weighted by records; access may have been measured from both ends."""
    rows = np.flatnonzero((segment >= 0) & ~np.isnan(value))
    segment, weight = segment[rows], np.maximum(count[rows], 1).astype(np.float64)
    total = np.bincount(segment, weights=weight, minlength=segment_count)
    total = np.where(total > 0, total, np.nan)
    mean = np.bincount(segment, weights=weight * value[rows], minlength=segment_count) / total
    spread = np.bincount(segment, weights=(weight * error[rows]) ** 2, minlength=segment_count)
    return _Known(mean, np.sqrt(spread) / total)


def _as_sum(values: Reals, metric: str) -> Reals:
    """What adds up along a path."""
    return -np.log1p(-np.minimum(values, _LARGEST_LOSS)) if metric == "loss_ratio" else values


def _from_sum(values: Reals, metric: str) -> Reals:
    if metric != "loss_ratio":
        return values
    loss = -np.expm1(-values)
    return np.where(loss >= _LARGEST_LOSS, 1.0, loss)


def _sum_error(estimates: LinkEstimates, metric: str) -> Reals:
    """Standard error of what adds up; that of the jitter is not known."""
    if metric == "latency_ms":
        return estimates.uncertainty_ms
    if metric == "jitter_ms":
        return np.full(len(estimates.count), np.nan)
    # one packet more, half of it lost: no loss among few packets is not known without error
    packets = np.maximum(estimates.sent_count, 1).astype(np.float64)
    loss = np.minimum((estimates.loss_ratio * packets + 0.5) / (packets + 1), _LARGEST_LOSS)
    error: Reals = np.sqrt(loss / (packets * (1 - loss)))
    return error


def _with(links: Links, columns: Mapping[str, Reals]) -> Links:
    for name, values in columns.items():
        links = links.with_column(name, values)
    return links


def _direct(straight: LinkEstimates, site_count: int) -> Direct:
    rows = np.flatnonzero(
        (straight.source >= site_count) & (straight.target >= site_count) & (straight.source != straight.target)
    )
    one, other = straight.source[rows] - site_count, straight.target[rows] - site_count
    source, target = np.concatenate([one, other]), np.concatenate([other, one])
    estimate = np.concatenate([rows, rows])
    # as measured before the other way round, so that the first of equal pairs is the pair's own
    order = np.lexsort((np.arange(len(source)), target, source))
    source, target, estimate = source[order], target[order], estimate[order]
    first = np.ones(len(source), bool)
    first[1:] = (source[1:] != source[:-1]) | (target[1:] != target[:-1])
    own = estimate[first]
    spare = estimate[np.minimum(np.flatnonzero(first) + 1, max(len(first) - 1, 0))]
    has_spare = np.append(~first, False)[np.flatnonzero(first) + 1]
    columns = {}
    for metric in _METRICS:
        values = getattr(straight, metric)
        columns[metric] = np.where(np.isnan(values[own]) & has_spare, values[spare], values[own])
    return Direct.of(source_group=source[first], target_group=target[first], **columns)
