"""Tables of transport in closed form, in the format of the measured ones."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.stats import norm

LEVELS = np.array([0.0, 0.02, *np.arange(1, 20) / 20, 0.97, 0.98, 0.99, 1.0])
MATHIS = np.sqrt(1.5) * 1448 * 8e-3  # Mbit/s at a round trip of 1 ms and a loss of 1
TIME_OUT_MS = 200.0


def spread(level: np.ndarray) -> np.ndarray:
    return np.exp(0.2 * norm.ppf(np.clip(level, 0.01, 0.99)))


def mathis_mbps(loss: float, rtt_ms: float, level: np.ndarray) -> np.ndarray:
    return MATHIS / rtt_ms / np.sqrt(loss) * spread(level)


def columns(names: tuple[str, ...], rows: list[tuple[Any, ...]]) -> dict[str, np.ndarray]:
    return {name: np.array(column) for name, column in zip(names, zip(*rows, strict=True), strict=True)}


def loss_limited(fastest_mbps: float = 600.0) -> dict[str, np.ndarray]:
    """Mathis with a spread; a flow that would be faster than ``fastest_mbps`` is not limited by loss, so left out."""
    rows = [
        ("reno", rtt, loss, float(level), float(value))
        for rtt in (0.2, 1.0, 10.0)
        for loss in (1e-4, 1e-3, 1e-2, 1e-1)
        if mathis_mbps(loss, rtt, np.array(0.5)) < fastest_mbps
        for level, value in zip(LEVELS, mathis_mbps(loss, rtt, LEVELS), strict=True)
    ]
    return columns(("congestion_control", "rtt_ms", "loss_ratio", "level_ratio", "throughput_mbps"), rows)


def struck(loss: float, size_bytes: float) -> float:
    """Share of the flows that lose something that costs a time-out: exact for one packet, and mild for more."""
    return 1 - (1 - loss) ** np.ceil(size_bytes / 1448)


def short_rounds() -> dict[str, np.ndarray]:
    """A flow takes its rounds, and one time-out if it is struck."""
    rows = []
    for size, lossless in ((1448, 1.5), (14_480, 1.5), (20_000, 2.5), (43_440, 2.5), (101_360, 3.5), (150_000, 4.5)):
        for rtt in (0.5, 1.0, 5.0):
            for loss in (0.0, 0.01, 0.1):
                hit = struck(loss, size) > 1 - LEVELS
                taken = lossless + np.where(hit, TIME_OUT_MS / rtt, 0.0)
                rows += [
                    ("reno", 10, 0, size, rtt, loss, float(v), float(t)) for v, t in zip(LEVELS, taken, strict=True)
                ]
    rows += [("reno", 4, 0, 1448, 1.0, 0.0, 0.5, 1.5)]
    names = ("congestion_control", "initial_window", "slow_start_threshold", "size_bytes", "rtt_ms", "loss_ratio")
    return columns((*names, "level_ratio", "rounds"), rows)


def queue_delay() -> dict[str, np.ndarray]:
    """Waits up to 0.8 of a queue in proportion to the load; with many flows a full link drops a tenth."""
    rows = []
    for utilisation in (0.5, 1.0):
        for flows in (1, 4, 16):
            ratio = 0.8 * LEVELS * utilisation
            if utilisation == 1.0 and flows == 16:
                ratio = np.where(LEVELS > 0.9, 1.0, LEVELS / 0.9 * 0.999)
            rows += [("reno", utilisation, flows, float(v), float(r)) for v, r in zip(LEVELS, ratio, strict=True)]
    return columns(("congestion_control", "utilisation_ratio", "flow_count", "level_ratio", "delay_ratio"), rows)


def tables() -> dict[str, dict[str, np.ndarray]]:
    """All three."""
    return {"loss_limited": loss_limited(), "short_rounds": short_rounds(), "queue_delay": queue_delay()}
