"""Quantile tables of what was measured: levels, how sure they are, Parquet files."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

Reals = NDArray[np.float64]

_STEPS = [step / 20 for step in range(1, 18)] + [step / 100 for step in range(90, 100)]
LEVELS = (0.0, 0.01, 0.02, *_STEPS, 0.995, 1.0)
"""Levels of the quantiles: steps of 0.05, finer in the tails; 0 and 1 are the smallest and the largest seen."""

TABLE_COLUMNS = {
    "loss_limited": ("congestion_control", "rtt_ms", "loss_ratio", "level_ratio", "throughput_mbps"),
    "short_rounds": (
        "congestion_control", "initial_window", "slow_start_threshold", "size_bytes", "rtt_ms", "loss_ratio",
        "level_ratio", "rounds",
    ),
    "queue_delay": ("congestion_control", "utilisation_ratio", "flow_count", "level_ratio", "delay_ratio"),
}  # fmt: skip
"""The three tables that `fairlead measure transport` writes, and their columns."""

Column = Sequence[str] | Sequence[float] | Sequence[int]
Point = tuple[str | float | int, ...]


def quantile_rows(samples: Mapping[Point, Reals]) -> list[tuple[str | float | int, ...]]:
    """One row a point and level: the point's own columns, the level, the smallest sample with at least that share."""
    rows = []
    for point, values in samples.items():
        quantiles = np.quantile(values, LEVELS, method="inverted_cdf")
        rows += [(*point, level, float(value)) for level, value in zip(LEVELS, quantiles, strict=True)]
    return rows


def write_table(path: Path, name: str, rows: Iterable[tuple[str | float | int, ...]]) -> None:
    """The table of this name as a Parquet file; columns of TABLE_COLUMNS in their order."""
    columns = list(zip(*rows, strict=True))
    table = pa.table({title: list(column) for title, column in zip(TABLE_COLUMNS[name], columns, strict=True)})
    pq.write_table(table, path, compression="zstd")


def dkw_error(sample_count: int) -> float:
    """Within this of the true share of values at most x, for all x at once, in 95 of 100 campaigns (SWARM 3.3: DKW)."""
    return math.sqrt(math.log(2 / 0.05) / (2 * sample_count))
