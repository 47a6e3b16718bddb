"""What the workers of a route server have counted, together: each counts in its own row of one shared file.

A row belongs to the worker that holds a lock on its first byte; the lock falls with the worker, and the one that
replaces it counts on where it stopped.
"""

from __future__ import annotations

import fcntl
import mmap
import os
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from fairlead.model import BadInputError

ENDPOINTS = ("path", "paths", "batch", "status", "healthz", "metrics", "other")
RESULTS = ("answered", "refused")
REASONS = ("planned", "same_group", "nearby", "unknown")  # in the order of Why

NAMES = (
    *(f'fairlead_route_requests_total{{endpoint="{end}",result="{how}"}}' for end in ENDPOINTS for how in RESULTS),
    *(f'fairlead_route_answers_total{{reason="{reason}"}}' for reason in REASONS),
    "fairlead_route_swaps_total",
    "fairlead_route_refused_generations_total",
)
SWAPS, REFUSALS = len(NAMES) - 2, len(NAMES) - 1
_ANSWERS = len(ENDPOINTS) * len(RESULTS)
_ROW_BYTES = 8 * len(NAMES)


REQUEST_CELLS = MappingProxyType(
    {(end, how): place for place, (end, how) in enumerate((end, how) for end in ENDPOINTS for how in (True, False))}
)
"""The cell that counts requests, by endpoint and whether they were answered."""


def answer_cell(reason: int) -> int:
    """The cell that counts answers for this reason (a :class:`Why`)."""
    return _ANSWERS + reason


class RouteCounts:
    """Counters: ``counts.own[cell] += 1`` in one worker, ``counts.totals()`` over all."""

    def __init__(self, path: Path, rows: int) -> None:
        """Takes a free row of the file, which is made if it is not there. BadInputError where all are taken."""
        self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        if os.fstat(self._file).st_size < rows * _ROW_BYTES:
            os.ftruncate(self._file, rows * _ROW_BYTES)
        self._rows = rows
        self._cells = memoryview(mmap.mmap(self._file, rows * _ROW_BYTES)).cast("Q")
        row = self._free_row(path)
        self.own = self._cells[row * len(NAMES) : (row + 1) * len(NAMES)]

    def _free_row(self, path: Path) -> int:
        for row in range(self._rows):
            try:
                fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, row * _ROW_BYTES)
            except OSError:
                continue
            return row
        raise BadInputError(
            code="route_counts.full", what="more workers than rows to count in", where=str(path), got=str(self._rows)
        )

    def totals(self) -> Mapping[str, int]:
        """Sum over the workers by the name of the Prometheus series."""
        return {name: sum(self._cells[cell :: len(NAMES)].tolist()) for cell, name in enumerate(NAMES)}


def prometheus_text(totals: Mapping[str, int], gauges: Mapping[str, float]) -> str:
    """The text format of Prometheus: one TYPE line for every family, then its series."""
    lines: list[str] = []
    seen = ""
    for kind, series in (("counter", totals), ("gauge", gauges)):
        for name, value in series.items():
            family = name.partition("{")[0]
            if family != seen:
                lines.append(f"# TYPE {family} {kind}")
                seen = family
            lines.append(f"{name} {value}")
    return "\n".join(lines) + "\n"
