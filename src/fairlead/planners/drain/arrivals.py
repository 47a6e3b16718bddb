"""Failures that nobody has seen yet: the share of the slack that the coming windows will need for themselves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import pdtr

from fairlead.model import Servers, Snapshot, Streams, Windows
from fairlead.predict.overlay import HEALTHY_LOSS_RATIO

Rows = NDArray[np.integer]

LARGEST_SHARE = 0.5  # of the slack: where new failures alone spend it, draining more cannot help


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrivals:
    """Streams that will fail on paths which are healthy now, in each coming window.

    mean_count     : expected
    quantile_count : not exceeded at the asked confidence
    """

    mean_count: float
    quantile_count: float


def arrivals(snapshot: Snapshot, confidence_ratio: float, slack_count: float) -> Arrivals:
    """What heals from one window to the next is what arrives, as long as the network is in its usual state.

    A pair that failed in a window has healed when the next window shows it neither failing nor lossy (a lossy path
    with few streams fails some windows and not others; it is not new when it fails again). The healed pairs of the
    snapshot's windows are taken as Poisson, of their mean size. Without a second window nothing is assumed. O(streams).
    """
    window_count = snapshot[Windows].row_count
    window, key, count = _sick(snapshot)
    healed_pairs, healed_streams = 0, 0
    for later in range(1, window_count):
        before = (window == later - 1) & (count > 0)
        gone = ~np.isin(key[before], key[window == later])
        healed_pairs += int(np.count_nonzero(gone))
        healed_streams += int(count[before][gone].sum())
    if not healed_pairs:
        return Arrivals(mean_count=0.0, quantile_count=0.0)
    pairs_mean, size_mean = healed_pairs / (window_count - 1), healed_streams / healed_pairs
    return Arrivals(
        mean_count=pairs_mean * size_mean,
        quantile_count=min(LARGEST_SHARE * slack_count, _poisson_quantile(confidence_ratio, pairs_mean) * size_mean),
    )


def _poisson_quantile(confidence_ratio: float, mean: float) -> int:
    """Smallest count that is not exceeded with this confidence."""
    count = 0
    while pdtr(count, mean) < min(confidence_ratio, 1 - 1e-9):
        count += 1
    return count


def _sick(snapshot: Snapshot) -> tuple[Rows, Rows, Rows]:
    """Window, undirected key and failed streams of the pairs between online servers that fail or are lossy."""
    streams, online = snapshot[Streams], snapshot[Servers].online
    at = np.flatnonzero((streams.failed_count > 0) | (streams.loss_ratio > HEALTHY_LOSS_RATIO))
    at = at[online[streams.source[at]] & online[streams.target[at]]]
    low = np.minimum(streams.source[at], streams.target[at]).astype(np.int64)
    high = np.maximum(streams.source[at], streams.target[at])
    return streams.window[at], low * len(online) + high, streams.failed_count[at]
