"""What the paths of a network measure in one window, faults included; the same for the same seed and window."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from fairlead.worlds.overlay.faults import Fault
from fairlead.worlds.overlay.loss import LOSSLESS_UP_TO_RATIO, failed_counts
from fairlead.worlds.overlay.network import Network

LOSS_NOISE_RATIO = 0.05  # standard deviation of a failing path's loss from window to window
SPIKE_RATIO = 0.02  # share of the paths that are slow for a window without any failure
HARMLESS_LOSS_RATIO = 0.002  # share of the paths that lose packets for a window, too few to fail a stream

_PATHS, _FAULT = 1, 2  # streams of chance: one a window, one a window and fault


def path_quality(
    network: Network, faults: Sequence[Fault], seed: int, window: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Round-trip time in ms and loss ratio, both [pairs], without what overload adds.

    A healthy path loses up to 0.001 and varies by 4 % in time. Chance depends on seed, window and the fault's place in
    ``faults`` alone, so what was drained never changes what the network would have done. O(pairs + pairs hit).
    """
    chance = _chance(seed, _PATHS, window)
    pair_count = network.pair_count
    rtt = network.base_rtt_ms * (1 + np.float32(0.04) * chance.standard_normal(pair_count, dtype=np.float32))
    np.maximum(rtt, 0.1, out=rtt)
    slow = _some(SPIKE_RATIO, pair_count, chance)
    rtt[slow] *= chance.uniform(1.2, 2.0, len(slow)).astype(np.float32)
    loss = chance.random(pair_count, dtype=np.float32) * np.float32(0.001)
    harmless = _some(HARMLESS_LOSS_RATIO, pair_count, chance)
    loss[harmless] = chance.uniform(0.01, 0.12, len(harmless)).astype(np.float32)
    for number, fault in enumerate(faults):
        severity = fault.severity_ratio(window)
        if severity <= 0:
            continue
        noise = _chance(seed, _FAULT, window, number).standard_normal(len(fault.pairs), dtype=np.float32)
        lossy = np.clip(np.float32(severity) * fault.loss_ratio + np.float32(LOSS_NOISE_RATIO) * noise, 0, 1)
        loss[fault.pairs] = np.maximum(loss[fault.pairs], lossy)
        rtt[fault.pairs] *= np.float32(1 + severity * (fault.rtt_factor - 1))
    return rtt, loss


def failed_streams(stream_count: NDArray[np.int32], loss_ratio: NDArray[np.float32]) -> NDArray[np.int32]:
    """:func:`failed_counts` for arrays in which few paths are lossy, [pairs]."""
    failed = np.zeros(len(loss_ratio), dtype=np.int32)
    lossy = np.flatnonzero(loss_ratio > LOSSLESS_UP_TO_RATIO)
    failed[lossy] = failed_counts(stream_count[lossy], loss_ratio[lossy])
    return failed


def _some(share: float, count: int, chance: np.random.Generator) -> NDArray[np.int64]:
    """Rows drawn with replacement, ``share`` of ``count`` in the mean."""
    return np.unique(chance.integers(0, count, chance.poisson(share * count)))


def _chance(seed: int, *place: int) -> np.random.Generator:
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=place))
