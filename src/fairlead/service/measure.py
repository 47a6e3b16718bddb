"""What `fairlead measure transport` does: the three transport tables of the estimator, from real kernel TCP.

SWARM appendix B measures them in a small testbed once and for all; here the testbed is network namespaces on this
machine, so that anybody can measure the kernel that serves them. Nothing outside the namespaces is touched.
"""

from __future__ import annotations

import json
import os
import platform
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from fairlead.model import UsageError
from fairlead.service.measure_campaign import NOT_LIMITED
from fairlead.service.measure_long import LongGrid, loss_limited
from fairlead.service.measure_queue import QueueGrid, queue_delay
from fairlead.service.measure_short import ShortGrid, short_rounds
from fairlead.service.measure_tables import LEVELS, TABLE_COLUMNS, write_table
from fairlead.worlds.testbed.laboratory import Variant
from fairlead.worlds.testbed.namespaces import require_testbed

PROVENANCE_FILE = "provenance.json"
CONGESTION_CONTROLS = ("cubic", "reno", "bbr")

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasureOptions:
    """What is measured, and how often.

    short_repeats: flows a point of `short_rounds`; long_samples: windows a point of `loss_limited`;
    queue_probes: packets a point of `queue_delay`; tables: which of the three.
    """

    congestion_controls: tuple[str, ...] = CONGESTION_CONTROLS
    tables: tuple[str, ...] = tuple(TABLE_COLUMNS)
    short_grid: ShortGrid = field(default_factory=ShortGrid)
    long_grid: LongGrid = field(default_factory=LongGrid)
    queue_grid: QueueGrid = field(default_factory=QueueGrid)
    short_repeats: int = 300
    long_samples: int = 120
    queue_probes: int = 210
    seed: int = 0


FULL = MeasureOptions()
"""What the shipped tables were measured with; about half an hour."""

QUICK = MeasureOptions(
    short_grid=ShortGrid(
        sizes_bytes=(1_448, 10_000, 50_000, 150_000),
        loss_ratios=(0.0, 5e-5, 5e-3, 5e-2),
        delays_ms=(0.5, 5.0),
        variants=(Variant(),),
    ),
    long_grid=LongGrid(delays_ms=(0.5, 5.0), loss_ratios=(0.0, 5e-5, 1e-3, 1e-2, 5e-2)),
    queue_grid=QueueGrid(utilisation_ratios=(0.3, 0.6, 0.9, 1.0), flow_counts=(1, 4, 16)),
    short_repeats=40,
    long_samples=16,
    queue_probes=30,
)
"""A look, in some three minutes: a coarse grid and few repeats."""


def measure_transport(out: Path, options: MeasureOptions, progress: Progress) -> dict[str, Any]:
    """Measure, write ``NAME.parquet`` for each table and provenance.json into ``out``; what the provenance says.

    Tables that are not asked for stay as they are, with their part of the provenance. progress (label, done, total).
    Errors: MissingExtraError where root, a program, a kernel part is missing; UsageError where the options ask for
    something that is not there or ``out`` is no folder. Each file appears whole when its table is done.
    """
    _check(out, options)
    require_testbed(options.congestion_controls)
    out.mkdir(parents=True, exist_ok=True)
    told = _told_before(out)
    for name in options.tables:
        begun, begun_s = datetime.now(UTC), time.monotonic()
        rows, evidence = _measured(name, options, partial(progress, name))
        _appear(out, name, rows)
        told["tables"][name] = {
            **_circumstances(options, begun, time.monotonic() - begun_s),
            "rows": len(rows),
            **evidence,
        }
        _written(out / PROVENANCE_FILE, json.dumps(told, indent=1, ensure_ascii=False) + "\n")
    return told


def _check(out: Path, options: MeasureOptions) -> None:
    if out.exists() and not out.is_dir():
        raise UsageError(code="measure.out", what="the place for the tables is no folder", where=str(out))
    unknown = sorted(set(options.tables) - set(TABLE_COLUMNS))
    if unknown or not options.tables:
        raise UsageError(
            code="measure.tables",
            what="no such transport table",
            got=", ".join(unknown),
            expected=", ".join(TABLE_COLUMNS),
        )
    if not options.congestion_controls:
        raise UsageError(code="measure.congestion_control", what="no congestion control to measure")
    if min(options.short_repeats, options.long_samples, options.queue_probes) < 4:
        raise UsageError(code="measure.repeats", what="fewer than four repeats make no distribution")


def _measured(
    name: str, options: MeasureOptions, watch: Callable[[int, int], None]
) -> tuple[list[tuple[str | float | int, ...]], dict[str, Any]]:
    controls = options.congestion_controls
    if name == "short_rounds":
        short = short_rounds(options.short_grid, controls, options.short_repeats, options.seed, watch)
        return short.rows, short.evidence
    if name == "queue_delay":
        queue = queue_delay(options.queue_grid, controls, options.queue_probes, options.seed, watch)
        return queue.rows, queue.evidence
    assert name == "loss_limited"
    long = loss_limited(options.long_grid, controls, options.long_samples, watch)
    return long.rows, long.evidence


def _circumstances(options: MeasureOptions, begun: datetime, took_s: float) -> dict[str, Any]:
    return {
        "date": begun.strftime("%Y-%m-%d"),
        "took_s": round(took_s),
        "kernel": f"{platform.system()} {platform.release().split('-')[0]}",  # without what names a machine
        "cores": os.cpu_count(),
        "command": "fairlead measure transport",
        "options": asdict(options),
        "load_before": round(os.getloadavg()[0], 2),
    }


def _told_before(out: Path) -> dict[str, Any]:
    path = out / PROVENANCE_FILE
    told: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return {"notes": NOTES, "levels": list(LEVELS), "tables": told.get("tables", {})}


def _appear(out: Path, name: str, rows: list[tuple[str | float | int, ...]]) -> None:
    part = out / f".{name}.part"
    write_table(part, name, rows)
    part.replace(out / f"{name}.parquet")


def _written(path: Path, text: str) -> None:
    part = path.with_name(f".{path.name}.part")
    part.write_text(text, encoding="utf-8")
    part.replace(path)


NOTES = {
    "method": "SWARM appendix B with network namespaces: veth links, loss by nftables (numgen random, steps of 1e-6), "
    "delay by a relay on TUN devices, rate by tbf; no segmentation offload on the links, so that a loss is one packet",
    "loss": "on the way of the data alone; acknowledgements are not lost, but the handshake's first packet can be",
    "chance": "nftables draws its losses from the kernel's own generator, which takes no seed; the seed orders the "
    "flows and the probes",
    "clock": "flows are timed from connect() to the receiver's last byte in one thread; rtt_ms is the median handshake "
    "of lossless flows as that thread sees it",
    "settings": "the kernel's defaults but for tcp_no_metrics_save=1, tcp_rmem up to 64 MiB and tcp_wmem up "
    "to 64 MiB from 512 KiB; initial window and slow-start threshold by ip route",
    "levels": "a quantile is the smallest sample with at least this share at or below it",
    "controls": "short_rounds is shuffled, so all points share whatever disturbs, and its lossless flows are compared "
    "by fifths of the campaign; loss_limited and queue_delay repeat their lossless or idle points at the end",
    "left_out": f"loss_limited has no row where the median is at least {NOT_LIMITED:.0%} of the least lossless "
    "throughput of the campaign, nor for smaller losses than such a one: there the laboratory limits, not the loss; "
    "BBR has no rows with a slow-start threshold, which it does not use",
}
