"""The measured tables of transport as they lie on disk: which there are, their columns, and their rows once read."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from fairlead.model import BadInputError

Reals = NDArray[np.float64]

TABLES: Mapping[str, tuple[str, ...]] = {
    "loss_limited": ("congestion_control", "rtt_ms", "loss_ratio", "level_ratio", "throughput_mbps"),
    "short_rounds": (
        "congestion_control",
        "initial_window",
        "slow_start_threshold",
        "size_bytes",
        "rtt_ms",
        "loss_ratio",
        "level_ratio",
        "rounds",
    ),
    "queue_delay": ("congestion_control", "utilisation_ratio", "flow_count", "level_ratio", "delay_ratio"),
}
"""File (without .parquet) -> columns; one row a point and quantile level."""


def columns(path: Path, name: str) -> dict[str, NDArray[Any]]:
    """Those of TABLES[name], from a Parquet file. BadInputError where it cannot be read, has no row or lacks one."""
    try:
        table = pq.read_table(path)
    except (OSError, pa.ArrowInvalid) as problem:
        raise BadInputError(
            code="transport.unreadable",
            what=f"cannot read the measured table {name}",
            where=str(path),
            got=type(problem).__name__,
            expected="a Parquet file as `fairlead measure transport` writes it",
        ) from problem
    missing = [column for column in TABLES[name] if column not in table.column_names]
    if missing or table.num_rows == 0:
        raise BadInputError(
            code="transport.missing_column",
            what=f"the measured table {name} is empty or lacks a column",
            where=str(path),
            got=", ".join(table.column_names) if table.num_rows else "no rows",
            expected=", ".join(TABLES[name]),
        )
    return {column: table[column].to_numpy(zero_copy_only=False) for column in TABLES[name]}


def by_control(rows: Mapping[str, NDArray[Any]]) -> list[tuple[str, dict[str, Reals]]]:
    """The rows of each congestion control, in order of its name, without that column."""
    control = rows["congestion_control"].astype(str)
    return [
        (
            str(name),
            {
                column: values[control == name].astype(np.float64)
                for column, values in rows.items()
                if column != "congestion_control"
            },
        )
        for name in np.unique(control)
    ]


def from_start(
    short: Mapping[str, NDArray[Any]], initial_window: int, slow_start_threshold: int
) -> dict[str, NDArray[Any]]:
    """Rows of ``short_rounds`` with this initial window and threshold. BadInputError where there is none."""
    asked = (short["initial_window"] == initial_window) & (short["slow_start_threshold"] == slow_start_threshold)
    if not asked.any():
        raise BadInputError(
            code="transport.no_such_start",
            what="the table of short flows has no such start of a connection",
            where="short_rounds",
            got=f"initial window {initial_window}, slow-start threshold {slow_start_threshold}",
            expected=_starts(short),
        )
    return {name: column[asked] for name, column in short.items()}


def _starts(short: Mapping[str, NDArray[Any]]) -> str:
    pairs = sorted(set(zip(short["initial_window"].tolist(), short["slow_start_threshold"].tolist(), strict=True)))
    return "; ".join(f"{window}, {threshold}" for window, threshold in pairs)
