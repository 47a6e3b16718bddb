"""Distributions of flow sizes that were measured elsewhere, where the data is at hand."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from fairlead.model import FlowSizes
from fairlead.worlds.overlay import data_dir

SizesKnown = Mapping[str, FlowSizes]

FILES: Mapping[str, str] = {
    "hadoop": "flowsize_cdf_hadoop-all.txt",
    "web servers": "flowsize_cdf_webserver-all.txt",
    "cache followers": "flowsize_cdf_cachefollower-all.txt",
}
"""Facebook's (Roy et al. 2015), one line a point: bytes, and per cent of flows of at most that size."""


def known_sizes(folder: Path | None = None) -> tuple[SizesKnown, str]:
    """The distributions found, and what is missing; nothing is said of those that are there."""
    place = (data_dir() if folder is None else folder) / "swarm"
    found = {name: _read(place / file) for name, file in FILES.items() if (place / file).exists()}
    missing = [file for name, file in FILES.items() if name not in found]
    return found, f"not in {place}: {', '.join(missing)}" if missing else ""


def _read(path: Path) -> FlowSizes:
    points = np.loadtxt(path)
    # two points of one size are a jump; the table wants ascending sizes, so the upper one stands for both
    keep = np.append(np.diff(points[:, 0]) > 0, True)
    return FlowSizes.of(size_bytes=points[keep, 0], cdf_ratio=np.minimum(points[keep, 1] / 100.0, 1.0))
