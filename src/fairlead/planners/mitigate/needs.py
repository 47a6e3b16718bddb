"""The tables that repairs are chosen from."""

from __future__ import annotations

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
    Table,
)

FABRIC_NEEDS: tuple[type[Table], ...] = (
    Nodes,
    FabricLinks,
    DestinationWeights,
    Placements,
    Flows,
    FlowSizes,
    Pairs,
    Arrivals,
)
"""The fabric and its traffic: all that rivals look at."""

MITIGATE_NEEDS: tuple[type[Table], ...] = (*FABRIC_NEEDS, Candidates)
