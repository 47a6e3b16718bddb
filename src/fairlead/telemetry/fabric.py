"""A datacenter fabric as a folder: its NETWORK tables, each a CSV or a Parquet file."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np

from fairlead.model import (
    Arrivals,
    BadInputError,
    Candidates,
    DestinationWeights,
    FabricLinks,
    Flows,
    FlowSizes,
    Nodes,
    Pairs,
    Placements,
    Snapshot,
)
from fairlead.telemetry.fabric_rules import fabric_rules
from fairlead.telemetry.offence import shown
from fairlead.telemetry.reader import read_tables
from fairlead.telemetry.writer import write_tables

FABRIC_TABLES = (
    Nodes,
    FabricLinks,
    DestinationWeights,
    Placements,
    Flows,
    FlowSizes,
    Pairs,
    Arrivals,
    Candidates,
)
"""The tables of such a folder, a table after those that it refers to. Arrivals is a setting of network.toml."""


def read_fabric(folder: Path) -> Snapshot:
    """The fabric in a folder; nothing is written. BadInputError names the first thing that is wrong.

    ``nodes`` and ``links`` must be there. ``flows`` pins one demand; else ``flow_sizes``, ``pairs`` and
    ``arrivals_per_s`` of network.toml say how demands are drawn, and what of these is absent is drawn with the least
    assumption. Without ``candidates`` repairs are generated from the failures. Rows keep the order of the files, but
    for ``placements``, which in memory has every server, in the order of ``nodes``.
    """
    folder = Path(folder)
    found = read_tables(folder, FABRIC_TABLES, fabric_rules())
    _check_attachment(found, folder)
    return found.replaced(_every_placement(found))


def write_fabric(snapshot: Snapshot, folder: Path, form: Literal["csv", "parquet"]) -> None:
    """Writes the NETWORK tables so that :func:`read_fabric` gives the same snapshot back; other tables are left out.

    That is checked before the folder appears, as a whole or not at all. BadInputError where it cannot be written or
    holds anything but a network already; then nothing is touched.
    """
    write_tables(snapshot.restricted(FABRIC_TABLES), Path(folder), form, read_fabric)


def _every_placement(found: Snapshot) -> Placements:
    nodes, said = found[Nodes], found[Placements]
    servers = np.flatnonzero(nodes.tier == "server").astype(np.int32)
    host = np.arange(nodes.row_count, dtype=np.int32)
    host[said.server] = said.host
    return Placements.of(server=servers, host=host[servers])


def _check_attachment(found: Snapshot, folder: Path) -> None:
    """Every server hangs on exactly one t0, in both directions; every link has its way back."""
    nodes, links = found[Nodes], found[FabricLinks]
    count = nodes.row_count
    forth = links.source.astype(np.int64) * count + links.target
    back = links.target.astype(np.int64) * count + links.source
    alone = np.flatnonzero(~np.isin(forth, back))
    if len(alone):
        ends = [nodes.node[end[alone[0]]] for end in (links.target, links.source)]
        raise BadInputError(
            code="links.one_way",
            what="a link has no row for its other direction",
            where=f"{folder}, table links",
            got=f"no row from {shown(str(ends[0]))} to {shown(str(ends[1]))}",
            expected="one row a direction",
        )
    switches = np.bincount(links.source, minlength=count)
    wrong = np.flatnonzero((nodes.tier == "server") & (switches != 1))
    if len(wrong):
        raise BadInputError(
            code="links.server_attachment",
            what=f"server {shown(str(nodes.node[wrong[0]]))} does not hang on exactly one t0",
            where=f"{folder}, table links",
            got=f"{switches[wrong[0]]} links",
            expected="one link from each server, to its t0",
        )
