"""``fairlead world generate overlay``: a NETWORK folder of a network that does not exist, or of a measured mesh."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from fairlead.model import Servers, Snapshot, Streams, Windows
from fairlead.predict.metrics import METRICS
from fairlead.telemetry import write_network
from fairlead.worlds.overlay import (
    OverlaySpec,
    Scenario,
    aws_mesh,
    data_dir,
    paper_case,
    planetlab_mesh,
    scaled_overlay,
    with_injected_failures,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class WorldRequest:
    """What the command line asks for. Sizes are for ``scaled``, the scenario for the other kinds.

    number : which of the paper's 100 cases of the scenario
    """

    kind: Literal["scaled", "paper", "aws", "planetlab"]
    servers: int
    pairs: int
    regions: int
    data_centers: int
    windows: int
    failed_ratio: float
    scenario: Scenario
    number: int
    seed: int


def generated(request: WorldRequest) -> Snapshot:
    """The snapshot that was asked for; it follows from the request alone. UsageError for a size that cannot be."""
    chance = np.random.default_rng(np.random.SeedSequence(request.seed, spawn_key=(5,)))
    match request.kind:
        case "scaled":
            return scaled_overlay(_spec(request), request.seed).snapshot
        case "paper":
            return paper_case(request.seed, request.scenario, request.number).snapshot
        case "aws":
            return with_injected_failures(aws_mesh(data_dir()), request.scenario, chance)
        case "planetlab":
            return with_injected_failures(planetlab_mesh(data_dir()), request.scenario, chance)


def written(request: WorldRequest, folder: Path, form: Literal["csv", "parquet"]) -> dict[str, Any]:
    """Writes the network; what was written, as plain data."""
    snapshot = generated(request)
    write_network(snapshot, folder, form)
    return {
        "folder": str(folder),
        "kind": request.kind,
        "seed": request.seed,
        "basis": snapshot.basis,
        "servers": snapshot[Servers].row_count,
        "windows": snapshot[Windows].row_count,
        "stream_rows": snapshot[Streams].row_count,
        "success_ratio": METRICS["success_ratio"](snapshot),
    }


def _spec(request: WorldRequest) -> OverlaySpec:
    return OverlaySpec(
        region_count=request.regions,
        data_center_count=request.data_centers,
        server_count=request.servers,
        pair_count=request.pairs,
        window_count=request.windows,
        failed_pair_ratio=request.failed_ratio,
    )
