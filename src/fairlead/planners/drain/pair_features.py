"""What tells a failure that will last from a blip: features of every failed pair in each of the last T windows.

Not of the paper, whose features describe servers only. All of them are the same whichever end of a pair is named first
and whatever the servers are called.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairlead.kernels.tally import pair_tallies
from fairlead.model import Servers, Snapshot, Streams, Windows
from fairlead.planners.drain.features import window_slots
from fairlead.predict.overlay import failing_at, last_window

PAIR_FEATURES = (
    "carried",
    "failed_ratio",
    "loss_ratio",
    "rtt_inflation",
    "rtt_base_quality",
    "log_streams",
    "worse_end_failing_ratio",
    "better_end_failing_ratio",
    "worse_end_log_failing",
    "better_end_log_failing",
    "worse_end_loss",
    "better_end_loss",
    "worse_end_inflation",
    "better_end_inflation",
    "worse_data_center_failing_ratio",
    "better_data_center_failing_ratio",
    "worse_data_center_log_failing",
    "better_data_center_log_failing",
    "worse_data_center_loss",
    "better_data_center_loss",
    "worse_data_center_inflation",
    "better_data_center_inflation",
    "data_center_pair_failing_ratio",
    "group_pair_failing_ratio",
    "group_pair_log_failing",
    "group_pair_loss",
    "group_pair_inflation",
    "fleet_log_failing",
)

QUIET_LOSS_RATIO = 0.05  # above it a pair's round-trip times may be those of a failure that has not failed streams yet


def failed_pair_features(snapshot: Snapshot, window_count: int = 3) -> NDArray[np.float32]:
    """[failed pairs, windows, features], windows oldest first; pairs in the order of ``predict.overlay.failing_at``.

    Failed pairs have failed streams in the newest window and both ends online; pairs of offline servers count nowhere.
    "Others" below leaves out the pair itself. The group of a server is its provider in its region.

    carried, failed_ratio, loss_ratio : of the pair; 0 where it does not appear in the window
    rtt_inflation     : log2(rtt / base), in [-2, 2], 0 where either is unknown. Base: the pair's own mean over windows
                        in which it neither failed nor lost more than 5 % of its packets, else that of the pairs that do
                        not fail in the newest window between the same data centers, else between the same groups
    rtt_base_quality  : 1, 0.5 or 0.25 for these three, 0 for none
    log_streams       : ln(1 + streams) / 5
    *_failing_ratio   : others that fail over the others that carry streams in the newest window: at an end, in its data
                        center beside it, between the two data centers, between the two groups
    *_log_failing     : ln(1 + others that fail) / 5: in the same places, and in the fleet
    *_loss, *_inflation : means over the others that fail now and failed in that window; 0 without any
    worse_, better_   : larger and smaller value of the two ends, each feature by itself

    A snapshot with fewer windows repeats its oldest. One pass over the rows, then O(failed pairs).
    """
    tallies = _tallies(snapshot, window_count)
    inflation, quality = _inflation(tallies)
    columns = [*_own(tallies, inflation, quality), *_of_ends(tallies, inflation), *_of_structure(tallies, inflation)]
    features = np.stack(columns, axis=-1).astype(np.float32)
    missing = window_count - snapshot[Windows].row_count
    if missing > 0:
        features[:, :missing] = features[:, missing : missing + 1]
    return features


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Places:
    """Data centers, or pairs of them, or pairs of groups: which failed pairs belong there, and their tallies.

    of            : [failed] the place of each failed pair
    failing_count : [places, windows] pairs that fail
    pair_count    : [places] pairs that carry streams in the newest window
    healthy_rtt_ms : [places] mean over the pairs that do not fail in the newest window; NaN without any
    """

    of: NDArray[np.int64]
    failing_count: NDArray[np.float32]
    pair_count: NDArray[np.float32]
    healthy_rtt_ms: NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Tallies:
    """What one pass over the streams counts.

    ends, data_centers : [2, failed] servers of the failed pairs, and their data centers
    pairs          : [failed, windows, 5] carried (0 or 1), failed, streams, rtt ms (NaN), loss
    server_failing, data_center_failing : [servers, windows], [data centers, windows] pairs that fail
    server_pairs, data_center_pairs     : [servers], [data centers] pairs that carry streams in the newest window
    """

    ends: NDArray[np.int32]
    data_centers: NDArray[np.int32]
    pairs: NDArray[np.float32]
    server_failing: NDArray[np.float32]
    server_pairs: NDArray[np.float32]
    data_center_failing: NDArray[np.float32]
    data_center_pairs: NDArray[np.float32]
    between_data_centers: Places
    between_groups: Places


def _tallies(snapshot: Snapshot, window_count: int) -> Tallies:
    streams, servers = snapshot[Streams], snapshot[Servers]
    window, at = last_window(snapshot), failing_at(snapshot)
    ends = np.stack([window.source[at], window.target[at]])
    labels, data_center = servers.codes("data_center")
    group = _groups(servers)
    pair_keys = _keys(ends, servers.row_count)
    data_center_keys, data_center_pair = np.unique(_keys(data_center[ends], servers.row_count), return_inverse=True)
    group_keys, group_pair = np.unique(_keys(group[ends], servers.row_count), return_inverse=True)
    pairs, server_failing, server_pairs, between_data_centers, between_groups = pair_tallies(
        np.ascontiguousarray(streams.window),
        np.ascontiguousarray(streams.source),
        np.ascontiguousarray(streams.target),
        np.ascontiguousarray(streams.succeeded_count),
        np.ascontiguousarray(streams.failed_count),
        np.ascontiguousarray(streams.rtt_ms, dtype=np.float32),
        np.ascontiguousarray(streams.loss_ratio, dtype=np.float32),
        np.ascontiguousarray(servers.online),
        data_center,
        group,
        pair_keys,
        data_center_keys,
        group_keys,
        window_slots(snapshot[Windows].row_count, window_count),
        window_count,
    )
    data_center_failing = np.zeros((len(labels), window_count), dtype=np.float32)
    np.add.at(data_center_failing, data_center, server_failing)
    return Tallies(
        ends=ends,
        data_centers=data_center[ends],
        pairs=pairs,
        server_failing=server_failing,
        server_pairs=server_pairs,
        data_center_failing=data_center_failing,
        data_center_pairs=np.bincount(data_center, server_pairs, len(labels)).astype(np.float32),
        between_data_centers=_places(data_center_pair, between_data_centers),
        between_groups=_places(group_pair, between_groups),
    )


def _places(of: NDArray[np.int64], cells: NDArray[np.float32]) -> Places:
    """cells [places, windows + 3]: failing pairs of every window, then pairs, sum and count of healthy rtt."""
    return Places(
        of=of,
        failing_count=cells[:, :-3],
        pair_count=cells[:, -3],
        healthy_rtt_ms=_ratio(cells[:, -2], cells[:, -1], np.nan),
    )


def _groups(servers: Servers) -> NDArray[np.int32]:
    """Number of every server's (region, provider) [servers]."""
    (_, region), (providers, provider) = servers.codes("region"), servers.codes("provider")
    _, group = np.unique(region.astype(np.int64) * len(providers) + provider, return_inverse=True)
    groups: NDArray[np.int32] = group.astype(np.int32)
    return groups


def _keys(ends: NDArray[np.int32], count: int) -> NDArray[np.int64]:
    """One number for an unordered pair of numbers below ``count``; ends [2, pairs]."""
    keys: NDArray[np.int64] = ends.min(axis=0).astype(np.int64) * count + ends.max(axis=0)
    return keys


Columns = list[NDArray[np.floating[Any]]]  # each [failed, windows]


def _own(tallies: Tallies, inflation: NDArray[np.float32], quality: NDArray[np.float32]) -> Columns:
    cells = tallies.pairs
    ratio = cells[:, :, 1] / np.maximum(cells[:, :, 2], 1)
    return [cells[:, :, 0], ratio, cells[:, :, 4], inflation, quality, np.log1p(cells[:, :, 2]) / 5]


def _inflation(tallies: Tallies) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """log2(rtt / base) and the quality of the base, both [failed, windows]."""
    rtt = tallies.pairs[:, :, 3]
    healthy = (tallies.pairs[:, :, 1] == 0) & (tallies.pairs[:, :, 4] <= QUIET_LOSS_RATIO) & ~np.isnan(rtt)
    own = _ratio(np.where(healthy, rtt, 0).sum(axis=1), healthy.sum(axis=1), np.nan)
    base, quality = own, np.where(np.isnan(own), 0.0, 1.0)
    for places, worth in ((tallies.between_data_centers, 0.5), (tallies.between_groups, 0.25)):
        mean = places.healthy_rtt_ms[places.of]
        quality = np.where(np.isnan(base) & ~np.isnan(mean), worth, quality)
        base = np.where(np.isnan(base), mean, base)
    known = ~np.isnan(rtt) & ~np.isnan(base)[:, None] & (rtt > 0) & (base > 0)[:, None]
    ratio = np.divide(rtt, base[:, None], out=np.ones(rtt.shape), where=known)
    inflation = np.clip(np.log2(ratio), -2, 2)
    return inflation.astype(np.float32), np.where(known, quality[:, None], 0.0).astype(np.float32)


def _of_ends(tallies: Tallies, inflation: NDArray[np.float32]) -> Columns:
    """Larger and smaller of what the two ends, and their data centers, say."""
    fails = tallies.pairs[:, :, 1] > 0
    loss = tallies.pairs[:, :, 4]
    both: list[Columns] = []
    for end in range(2):
        server, data_center = tallies.ends[end], tallies.data_centers[end]
        failing_others = np.maximum(tallies.server_failing[server] - fails, 0)
        beside_failing = tallies.data_center_failing[data_center] - tallies.server_failing[server]
        beside_pairs = tallies.data_center_pairs[data_center] - tallies.server_pairs[server]
        both.append(
            [
                _share(failing_others, tallies.server_pairs[server] - 1),
                np.log1p(failing_others) / 5,
                _mean_of_others(tallies.ends, end, loss, fails),
                _mean_of_others(tallies.ends, end, inflation, fails),
                _share(beside_failing, beside_pairs),
                np.log1p(np.maximum(beside_failing, 0)) / 5,
                _mean_of_others(tallies.data_centers, end, loss, fails),
                _mean_of_others(tallies.data_centers, end, inflation, fails),
            ]
        )
    return [extreme(one, other) for one, other in zip(*both, strict=True) for extreme in (np.maximum, np.minimum)]


def _of_structure(tallies: Tallies, inflation: NDArray[np.float32]) -> Columns:
    """What the two data centers, the two groups and the fleet say."""
    fails = tallies.pairs[:, :, 1] > 0
    shares = [
        _share(places.failing_count[places.of] - fails, places.pair_count[places.of] - 1)
        for places in (tallies.between_data_centers, tallies.between_groups)
    ]
    group = tallies.between_groups.of[None, :]
    group_failing = tallies.between_groups.failing_count[tallies.between_groups.of] - fails
    fleet_failing = tallies.server_failing.sum(axis=0) / 2  # every pair was counted at both of its ends
    return [
        *shares,
        np.log1p(np.maximum(group_failing, 0)) / 5,
        _mean_of_others(group, 0, tallies.pairs[:, :, 4], fails),
        _mean_of_others(group, 0, inflation, fails),
        np.broadcast_to(np.log1p(fleet_failing) / 5, fails.shape),
    ]


def _share(part: NDArray[Any], whole: NDArray[Any]) -> NDArray[np.float64]:
    """part [failed, windows] over whole [failed], in [0, 1]; 0 where there is no whole."""
    return np.clip(_ratio(part, np.broadcast_to(whole[:, None], part.shape), 0.0), 0, 1)


def _mean_of_others(
    places: NDArray[Any], end: int, values: NDArray[np.float32], fails: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Mean of ``values`` [failed, windows] over the other failed pairs that touch the place of this end; 0 without any.

    places [ends, failed]; only windows in which a pair ``fails`` count.
    """
    place_count = int(places.max(initial=-1)) + 1
    means = np.zeros(values.shape)
    weight = fails.astype(np.float64)
    for window in range(values.shape[1]):
        seen, total = weight[:, window], weight[:, window] * values[:, window]
        count = sum((np.bincount(row, seen, place_count) for row in places), np.zeros(place_count))
        sums = sum((np.bincount(row, total, place_count) for row in places), np.zeros(place_count))
        # a pair inside one place touches it with both ends
        touches = (places == places[end]).sum(axis=0)
        others = count[places[end]] - touches * seen
        means[:, window] = _ratio(np.where(others > 0.5, sums[places[end]] - touches * total, 0.0), others, 0.0)
    return means


def _ratio(part: NDArray[Any], whole: NDArray[Any], empty: float) -> NDArray[np.float64]:
    """part / whole, ``empty`` where there is no whole."""
    ratio: NDArray[np.float64] = np.divide(part, whole, out=np.full(np.shape(whole), empty), where=whole > 0)
    return ratio
