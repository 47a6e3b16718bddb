"""From prefixes to user groups: what the members of a group say together, and the map that groups are made from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairlead.kernels.windows_stats import medians, middles, runs
from fairlead.telemetry.estimates import LinkEstimates, coded_labels

Names = NDArray[Any]
Reals = NDArray[np.float64]
Rows = NDArray[np.int64]

_TRIM_MEDIAN = 0.5
_TRIM_LOSS = 0.1  # the median of what is rare is nothing


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SiteField:
    """What is known between prefixes and sites, whichever end measured: each [prefixes, sites], NaN where nothing is.

    latency_ms, error_ms, jitter_ms, loss_ratio : one way
    weight : [prefixes] records with a latency; 1 where there is none
    """

    latency_ms: Reals
    error_ms: Reals
    jitter_ms: Reals
    loss_ratio: Reals
    weight: Reals


def group_estimates(estimates: LinkEstimates, member_of: Rows) -> LinkEstimates:
    """What groups measured, from their members: one row a window, source, target and path of the new ends.

    member_of : [ends] the end, in the numbering of groups, that stands for each end: a site for itself, a prefix's
                group for the prefix; -1: none, so its estimates are left out, as is what lies inside one group

    Latency, jitter and throughput are medians over the members, weighted by the records behind each; loss is a mean
    weighted by packets, without a tenth of the weight at each end; counts add up. The uncertainty is what the members
    differ by, or what they state themselves, whichever is larger. O(rows log rows).
    """
    source, target = member_of[estimates.source], member_of[estimates.target]
    inside = (source == target) & (estimates.via == "")
    kept = estimates.kept((source >= 0) & (target >= 0) & ~inside)
    source, target = member_of[kept.source], member_of[kept.target]
    via = coded_labels(kept.via)
    order, starts = runs((kept.window, source, target, via[1]), (kept.source, kept.target))
    kept, first = kept.kept(order), order[starts[:-1]]
    begins = starts[:-1]
    records = np.where(np.isnan(kept.latency_ms), 0.0, kept.count)
    return LinkEstimates(
        window=kept.window[begins],
        source=source[first],
        target=target[first],
        via=kept.via[begins],
        latency_ms=middles(kept.latency_ms, records, starts, _TRIM_MEDIAN),
        uncertainty_ms=_uncertainty(kept, records, starts),
        jitter_ms=middles(kept.jitter_ms, np.maximum(kept.count, 1.0), starts, _TRIM_MEDIAN),
        loss_ratio=middles(kept.loss_ratio, kept.sent_count.astype(np.float64), starts, _TRIM_LOSS),
        throughput_mbps=middles(kept.throughput_mbps, np.maximum(kept.count, 1.0), starts, _TRIM_MEDIAN),
        count=_sums(kept.count, begins),
        sent_count=_sums(kept.sent_count, begins),
        age_s=np.minimum.reduceat(kept.age_s, begins) if len(begins) else np.zeros(0),
    )


def site_field(estimates: LinkEstimates, site_row: Rows, prefix_row: Rows, shape: tuple[int, int]) -> SiteField:
    """Estimates between prefixes and sites as a field; the better measured of both directions counts.

    estimates   : of one window, or the newest
    site_row    : [ends] the site that an end is, -1: none
    prefix_row  : [ends] the prefix that an end is, -1: none
    shape       : prefixes, sites
    """
    turned = (prefix_row[estimates.source] < 0) & (prefix_row[estimates.target] >= 0)
    near = np.where(turned, estimates.target, estimates.source)
    far = np.where(turned, estimates.source, estimates.target)
    prefix, site = prefix_row[near], site_row[far]
    rows = np.flatnonzero((prefix >= 0) & (site >= 0) & (estimates.via == ""))
    prefix, site = prefix[rows], site[rows]
    figures = {}
    for name, behind in (
        ("latency_ms", estimates.count),
        ("uncertainty_ms", estimates.count),
        ("jitter_ms", estimates.count),
        ("loss_ratio", estimates.sent_count),
    ):
        values = getattr(estimates, name)[rows]
        decided_by = estimates.latency_ms[rows] if name == "uncertainty_ms" else values
        figures[name] = np.full(shape, np.nan)
        # the last one written stays: those with a value after those without, and the better measured after the others
        order = np.lexsort((turned[rows], behind[rows], ~np.isnan(decided_by)))
        figures[name][prefix[order], site[order]] = values[order]
    weight = np.bincount(prefix, weights=estimates.count[rows], minlength=shape[0])
    return SiteField(
        latency_ms=figures["latency_ms"],
        error_ms=figures["uncertainty_ms"],
        jitter_ms=figures["jitter_ms"],
        loss_ratio=figures["loss_ratio"],
        weight=np.maximum(weight, 1.0),
    )


def _uncertainty(kept: LinkEstimates, records: Reals, starts: Rows) -> Reals:
    """[groups] ms."""
    _, between, _ = medians(kept.latency_ms, starts)
    stated = np.where(np.isnan(kept.uncertainty_ms) | (records == 0), 0.0, records * kept.uncertainty_ms) ** 2
    weight = np.where(np.isnan(kept.uncertainty_ms), 0.0, records)
    if len(starts) < 2:
        return np.zeros(0)
    total = np.add.reduceat(weight, starts[:-1])
    within = np.sqrt(np.add.reduceat(stated, starts[:-1])) / np.where(total > 0, total, np.nan)
    return np.fmax(between, within)


def _sums(counts: Rows, begins: Rows) -> Rows:
    return np.add.reduceat(counts, begins) if len(begins) else np.zeros(0, np.int64)
