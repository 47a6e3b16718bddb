"""Places that are hit become faults: how long, how lossy, how slow (the assumptions of :mod:`faults`)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fairlead.worlds.overlay.faults import Course, Fault, Hit

BLIP_WINDOWS_PROBABILITY = (0.75, 0.17, 0.08)  # 1, 2 or 3 windows
PERSISTENT_WINDOWS_LEAST = 20
PERSISTENT_WINDOWS_MEAN = 60
MILD_LOSS_RANGE = (0.14, 0.4)
HEAVY_LOSS_RANGE = (0.35, 1.0)


def blip(hit: Hit, start_window: int, window_count: int, chance: np.random.Generator) -> Fault:
    """A fault that heals after ``window_count`` windows."""
    mild = chance.random() < 0.8
    inflated = chance.random() < 0.7
    return Fault(
        kind=hit.kind,
        course=Course.BLIP,
        place=hit.place,
        pairs=hit.pairs,
        loss_ratio=_losses(MILD_LOSS_RANGE if mild else HEAVY_LOSS_RANGE, len(hit.pairs), chance),
        rtt_factor=float(chance.uniform(1.4, 3.0) if inflated else chance.uniform(1.0, 1.2)),
        start_window=start_window,
        end_window=start_window + window_count,
    )


def persistent(hit: Hit, start_window: int, chance: np.random.Generator) -> Fault:
    """A fault that lasts: 20 windows and an exponential rest, 60 in the mean."""
    mild = chance.random() < 0.25
    inflated = chance.random() < 0.1
    return Fault(
        kind=hit.kind,
        course=Course.PERSISTENT,
        place=hit.place,
        pairs=hit.pairs,
        loss_ratio=_losses(MILD_LOSS_RANGE if mild else HEAVY_LOSS_RANGE, len(hit.pairs), chance),
        rtt_factor=float(chance.uniform(1.4, 2.5) if inflated else chance.uniform(1.0, 1.2)),
        start_window=start_window,
        end_window=start_window + lasting_windows(chance),
    )


def degradation(hit: Hit, start_window: int, chance: np.random.Generator) -> Fault:
    """A fault whose loss grows over 6 to 20 windows and then lasts."""
    ramp_windows = int(chance.integers(6, 20, endpoint=True))
    return Fault(
        kind=hit.kind,
        course=Course.DEGRADATION,
        place=hit.place,
        pairs=hit.pairs,
        loss_ratio=_losses((0.2, 1.0), len(hit.pairs), chance),
        rtt_factor=float(chance.uniform(1.0, 1.8)),
        start_window=start_window,
        end_window=start_window + ramp_windows + lasting_windows(chance),
        ramp_windows=ramp_windows,
    )


def blip_windows(chance: np.random.Generator) -> int:
    """How long a blip lasts, of all blips."""
    return int(chance.choice(3, p=BLIP_WINDOWS_PROBABILITY)) + 1


def seen_blip_windows(chance: np.random.Generator) -> tuple[int, int]:
    """How long a blip lasts that is seen at one moment, and how many windows it is old then.

    Long ones are met more often than they occur, and every age of theirs is equally likely.
    """
    lengths = np.arange(1, 4) * BLIP_WINDOWS_PROBABILITY
    length = int(chance.choice(3, p=lengths / lengths.sum())) + 1
    return length, int(chance.integers(length))


def lasting_windows(chance: np.random.Generator) -> int:
    """How long a persistent fault lasts."""
    return PERSISTENT_WINDOWS_LEAST + int(chance.exponential(PERSISTENT_WINDOWS_MEAN - PERSISTENT_WINDOWS_LEAST))


def _losses(ratio_range: tuple[float, float], pair_count: int, chance: np.random.Generator) -> NDArray[np.float32]:
    return chance.uniform(*ratio_range, pair_count).astype(np.float32)
