"""``fairlead measure compare``: transport tables beside response functions and others' goodputs, by reference."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from fairlead.predict.flows.transport_tables import columns
from fairlead.service.measure_check import Compared, compared
from fairlead.worlds.overlay import data_dir

RARE_LOSS_RATIO = 0.01
"""Up to here time-outs are rare, which the formulas of Mathis and CUBIC do not know."""


def comparison(folder: Path | None) -> dict[str, Any]:
    """A row for each reference, congestion control and side of RARE_LOSS_RATIO, and all points.

    folder : transport tables; None: those shipped. BadInputError where it lacks ``loss_limited``
    """
    goodputs = data_dir() / "swarm"
    with as_file(files("fairlead.predict.flows") / "tables") as shipped:
        measured = columns((folder or shipped) / "loss_limited.parquet", "loss_limited")
    points = compared({"loss_limited": pa.table(dict(measured))}, goodputs if goodputs.is_dir() else None)
    groups: dict[tuple[str, str, str], list[Compared]] = {}
    for point in points:
        side = "at most 1 %" if point.loss_ratio <= RARE_LOSS_RATIO else "more"
        groups.setdefault((point.reference.split(" at ")[0], point.congestion_control, side), []).append(point)
    return {
        "references": [_row(key, group) for key, group in sorted(groups.items())],
        "points": [asdict(point) | {"ratio": float(f"{point.ratio:.3g}")} for point in points],
    }


def _row(key: tuple[str, str, str], points: Sequence[Compared]) -> dict[str, Any]:
    reference, control, loss = key
    ratios = np.array([point.ratio for point in points])
    return {
        "reference": reference,
        "congestion_control": control,
        "loss": loss,
        "points": len(points),
        "measured_over_reference_median": float(f"{np.median(ratios):.3g}"),
        "least": float(f"{ratios.min():.3g}"),
        "most": float(f"{ratios.max():.3g}"),
    }
