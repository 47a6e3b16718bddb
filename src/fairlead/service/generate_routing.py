"""``fairlead world generate routing``: a NETWORK folder of an overlay that routes sessions, invented or measured."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from fairlead.model import Demands, Groups, Links, Sites, Snapshot, UsageError
from fairlead.telemetry import write_routing
from fairlead.worlds.overlay import data_dir
from fairlead.worlds.routing import RoutingSpec, routing_world
from fairlead.worlds.routing.measured import planetlab_routing, shadow_routing


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutingRequest:
    """What the command line asks for. Sizes are for ``scaled``; ``window`` is a moment, or a slice of the mesh."""

    kind: Literal["scaled", "planetlab", "shadow"]
    site_count: int
    group_count: int
    session_group_count: int
    window: int
    seed: int


def generated(request: RoutingRequest) -> Snapshot:
    """The network that was asked for; it follows from the request alone. UsageError for a size that cannot be."""
    if request.kind == "scaled":
        return routing_world(_spec(request), request.seed).at(request.window)
    mesh = planetlab_routing(data_dir()) if request.kind == "planetlab" else shadow_routing(data_dir())
    if request.window >= mesh.window_count:
        raise UsageError(
            code="world.window",
            what=f"the {request.kind} mesh has no such window",
            got=str(request.window),
            expected=f"0 to {mesh.window_count - 1}",
        )
    return mesh.at(request.window)


def written(request: RoutingRequest, folder: Path, form: Literal["csv", "parquet"]) -> dict[str, Any]:
    """Writes the network; what was written, as plain data."""
    snapshot = generated(request)
    write_routing(snapshot, folder, form)
    return {
        "folder": str(folder),
        "kind": request.kind,
        "seed": request.seed,
        "basis": snapshot.basis,
        "sites": snapshot[Sites].row_count,
        "links": snapshot[Links].row_count,
        "groups": snapshot[Groups].row_count,
        "session_groups": snapshot[Demands].row_count,
        "demand_mbps": float(snapshot[Demands].demand_mbps.sum()),
    }


def _spec(request: RoutingRequest) -> RoutingSpec:
    spec = RoutingSpec()
    most = request.group_count**2 * len(spec.class_share)
    if request.session_group_count > most:
        raise UsageError(
            code="world.size",
            what=f"{request.group_count} user groups do not make so many session groups",
            where="--session-groups",
            got=str(request.session_group_count),
            expected=f"at most {most}",
        )
    return replace(
        spec,
        site_count=request.site_count,
        group_count=request.group_count,
        demand_count=request.session_group_count,
        prefix_count=max(4 * request.group_count, 1),
    )
