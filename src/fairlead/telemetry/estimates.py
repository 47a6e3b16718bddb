"""Records of measurements -> what is believed of each segment and path, window by window.

Every figure is one that outliers do not move: a median, a middle, a quantile. What too few records say is not known:
NaN, with the count that there was.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from fairlead.kernels.windows_stats import medians, middles, quantiles, runs, successive_changes
from fairlead.model import BadInputError
from fairlead.telemetry.probes import Probes
from fairlead.telemetry.rules import folded_key
from fairlead.telemetry.texts import coded

Names = NDArray[Any]
Reals = NDArray[np.float64]
Rows = NDArray[np.int64]

_JITTER_TRIM = 0.25  # one outlying round trip makes two outlying differences


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundTrip:
    """From what a round trip says to one direction, where the two cannot be told apart.

    latency_ratio : half of the time is spent each way
    jitter_ratio  : differences of both ways add up as independent errors do
    loss_exponent : a packet survives each way with the same chance, so survival is the square root
    """

    latency_ratio: float = 0.5
    jitter_ratio: float = 0.5**0.5
    loss_exponent: float = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class EstimateRule:
    """How records become estimates.

    window_s         : length of a window; window ``k`` covers [k L, (k + 1) L) on the records' own clock
    least_count      : records with a value (packets sent, for loss) below which a figure is not known
    throughput_share : the throughput that this share of the records did not reach
    round_trip       : the way from a round trip to one direction
    """

    window_s: float = 300.0  # Panorama 3.1: routes are computed every 5 minutes
    least_count: int = 3
    throughput_share: float = 0.25
    round_trip: RoundTrip = RoundTrip()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LinkEstimates:
    """One row a window, source, target and path between them, in that order; every array [rows]. One way.

    window          : number of the window; -1: the newest of several
    source, target  : rows of the ends
    via             : sites in between; empty: one segment
    latency_ms      : median
    uncertainty_ms  : standard error of the latency; NaN below two records
    jitter_ms       : middle half of the differences of successive round trips, or of the jitter that records state
    loss_ratio      : lost over sent
    throughput_mbps : lower quantile
    count           : records with a round-trip time
    sent_count      : packets of the records that say how many came back
    age_s           : time since the newest of its records
    """

    window: Rows
    source: Rows
    target: Rows
    via: Names
    latency_ms: Reals
    uncertainty_ms: Reals
    jitter_ms: Reals
    loss_ratio: Reals
    throughput_mbps: Reals
    count: Rows
    sent_count: Rows
    age_s: Reals

    def kept(self, rows: NDArray[np.integer] | NDArray[np.bool_]) -> LinkEstimates:
        """Only these rows."""
        return replace(self, **{part.name: getattr(self, part.name)[rows] for part in fields(self)})


def link_estimates(probes: Probes, rule: EstimateRule, now_s: float) -> LinkEstimates:
    """Estimates of every window, pair of ends and path that some record measured.

    ``now_s`` is the present on the clock of the records, for ages. Any order of the same records gives the same
    estimates, bit for bit. O(records log records).
    """
    if not rule.window_s > 0:
        raise BadInputError(
            code="records.window_length",
            what="a window must last some time",
            where="window_s",
            got=f"{rule.window_s:g}",
            expected="more than 0 s",
        )
    seconds = _seconds(probes.time)
    window = np.floor(seconds / rule.window_s).astype(np.int64)
    via = coded_labels(probes.via)
    key = folded_key([window - window.min(initial=0), probes.source, probes.target, via[1]])  # one sort for four
    order, starts = runs((key,), (seconds, probes.rtt_ms, probes.received_count))
    first = order[starts[:-1]]
    latency, error, count = medians(probes.rtt_ms[order], starts)
    loss, sent = _loss(probes, order, starts, rule)
    throughput, reached = quantiles(probes.throughput_mbps[order], starts, rule.throughput_share)
    known = count >= rule.least_count
    half = rule.round_trip.latency_ratio
    return LinkEstimates(
        window=window[first],
        source=probes.source[first].astype(np.int64),
        target=probes.target[first].astype(np.int64),
        via=via[0][via[1][first]],
        latency_ms=np.where(known, half * latency, np.nan),
        uncertainty_ms=np.where(known, half * error, np.nan),
        jitter_ms=_jitter(probes, order, starts, rule),
        loss_ratio=loss,
        throughput_mbps=np.where(reached >= rule.least_count, throughput, np.nan),
        count=count,
        sent_count=sent,
        age_s=now_s - np.maximum.reduceat(seconds[order], starts[:-1]) if len(first) else np.zeros(0),
    )


def newest(estimates: LinkEstimates, max_age_s: float) -> LinkEstimates:
    """For each pair of ends and path the newest figure that is known, each figure for itself: one row a pair and path.

    What is older than ``max_age_s`` is not believed any more. The age is that of the latency, or of the newest record
    where no latency is known; the counts are those of the latency and of the loss. O(rows log rows).
    """
    kept = estimates.kept(estimates.age_s <= max_age_s)
    via = coded_labels(kept.via)
    order, starts = runs((kept.source, kept.target, via[1]), (-kept.window,))
    first = order[starts[:-1]]

    def row_of(values: Reals) -> Rows:
        """[pairs] the newest row with a value, the newest of all where there is none."""
        place = np.where(np.isnan(values[order]), len(order), np.arange(len(order)))
        found = np.minimum.reduceat(place, starts[:-1]) if len(first) else np.zeros(0, np.int64)
        return np.where(found < starts[1:], order[np.minimum(found, len(order) - 1)], first)

    latency, loss = row_of(kept.latency_ms), row_of(kept.loss_ratio)
    return LinkEstimates(
        window=np.full(len(first), -1, np.int64),
        source=kept.source[first],
        target=kept.target[first],
        via=kept.via[first],
        latency_ms=kept.latency_ms[latency],
        uncertainty_ms=kept.uncertainty_ms[latency],
        jitter_ms=kept.jitter_ms[row_of(kept.jitter_ms)],
        loss_ratio=kept.loss_ratio[loss],
        throughput_mbps=kept.throughput_mbps[row_of(kept.throughput_mbps)],
        count=kept.count[latency],
        sent_count=kept.sent_count[loss],
        age_s=kept.age_s[latency],
    )


def coded_labels(labels: Names) -> tuple[Names, NDArray[np.int32]]:
    """The distinct labels, ascending, and for each row which. Hashing: O(rows + distinct log distinct)."""
    if not len(labels):
        return np.empty(0, "U1"), np.empty(0, np.int32)
    cells = coded(pa.chunked_array([pa.array(labels)]))
    texts = np.asarray(cells.distinct.to_pylist(), dtype=np.str_)
    order = np.argsort(texts, kind="stable")
    place = np.empty(len(order), np.int32)
    place[order] = np.arange(len(order), dtype=np.int32)
    return texts[order], place[cells.codes]


def _seconds(time: Names) -> Reals:
    if time.dtype.kind == "M":
        return time.astype("M8[ms]").astype(np.int64) / 1000
    return time.astype(np.float64)


def _jitter(probes: Probes, order: Rows, starts: Rows, rule: EstimateRule) -> Reals:
    """Of the records that state their own; else from one record to the next."""
    change = successive_changes(probes.rtt_ms[order], starts)
    stated = probes.jitter_ms[order]
    # n round trips have n - 1 differences, and one needs two
    changed = _middle(change, starts, max(1, rule.least_count - 1))
    own = _middle(stated, starts, max(1, rule.least_count))
    return rule.round_trip.jitter_ratio * np.where(np.isnan(own), changed, own)


def _middle(values: Reals, starts: Rows, least_count: int) -> Reals:
    """The middle half of each set, where it has enough values: [sets]."""
    if len(starts) < 2:
        return np.zeros(0)
    enough = np.add.reduceat((~np.isnan(values)).astype(np.int64), starts[:-1]) >= least_count
    return np.where(enough, middles(values, np.ones(len(values)), starts, _JITTER_TRIM), np.nan)


def _loss(probes: Probes, order: Rows, starts: Rows, rule: EstimateRule) -> tuple[Reals, Rows]:
    """Loss one way [sets], and packets sent by the records that say how many came back."""
    told = ~np.isnan(probes.received_count)
    sent = np.where(told, probes.sent_count, 0).astype(np.int64)[order]
    received = np.where(told, probes.received_count, 0.0)[order]
    if len(starts) < 2:
        return np.zeros(0), np.zeros(0, np.int64)
    total = np.add.reduceat(sent, starts[:-1])
    with np.errstate(invalid="ignore"):
        survived = np.add.reduceat(received, starts[:-1]) / np.where(total > 0, total, np.nan)
    loss = 1.0 - survived**rule.round_trip.loss_exponent
    return np.where(total >= max(1, rule.least_count), loss, np.nan), total
