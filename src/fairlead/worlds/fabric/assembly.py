"""Nodes and cables as a snapshot: what every generator of fabrics ends with."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fairlead.model import (
    Arrivals,
    Candidates,
    DestinationWeights,
    FabricLinks,
    Flows,
    FlowSizes,
    Nodes,
    Pairs,
    Placements,
    Snapshot,
    Table,
)

Reals = NDArray[np.float64]
Rows = NDArray[np.int32]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Cables:
    """Links as they are laid: one row a cable, which carries the same in both directions.

    one, other    : [cables] rows of the nodes at its ends
    capacity_mbps : [cables] of each direction
    """

    one: Rows
    other: Rows
    capacity_mbps: Reals


def fabric_snapshot(
    nodes: Nodes, cables: Cables, delay_ms: float, flow_sizes: FlowSizes, arrivals_per_s: float
) -> Snapshot:
    """The snapshot of a healthy fabric: ECMP, every workload at home, pairs all alike. O(nodes + cables)."""
    servers = np.flatnonzero(nodes.tier == "server").astype(np.int32)
    links = FabricLinks.of(
        # both directions of a cable stand side by side
        source=np.stack([cables.one, cables.other], axis=1).reshape(-1),
        target=np.stack([cables.other, cables.one], axis=1).reshape(-1),
        capacity_mbps=np.repeat(cables.capacity_mbps, 2),
        delay_ms=np.full(2 * len(cables.one), delay_ms),
    )
    return Snapshot(
        (
            nodes,
            links,
            Placements.of(server=servers, host=servers.copy()),
            flow_sizes,
            Arrivals.of(arrivals_per_s=[arrivals_per_s]),
            *(_empty(kind) for kind in (DestinationWeights, Flows, Pairs, Candidates)),
        )
    )


def _empty(kind: type[Table]) -> Table:
    return kind.of(**dict.fromkeys(kind.declared(), ()))
