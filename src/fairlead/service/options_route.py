"""Options of the commands about routes, and their types."""

from __future__ import annotations

import math
from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from fairlead.service.options import Form, ratio, seconds


class RouteMethod(Enum):
    """The planner and its rivals."""

    FAIRLEAD = "fairlead"
    PANORAMA = "panorama"
    NEARBY = "nearby"
    DIRECT = "direct"
    ORACLE = "oracle"
    YEN = "yen"


class RouteObjective(Enum):
    """What the split minimises."""

    UTILISATION = "utilisation"
    LATENCY = "latency"


class RoutingKind(Enum):
    """Where the routed overlay comes from."""

    SCALED = "scaled"
    PLANETLAB = "planetlab"
    SHADOW = "shadow"


def at_least_zero(text: str) -> float:
    """A number, 0 or more."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0.0 <= value < math.inf:
        raise typer.BadParameter(f"{text!r} is not a number, 0 or more")
    return value


RoutingFolder = Annotated[
    Path, typer.Argument(metavar="NETWORK", help="Folder with sites, links, access, demands ..., CSV or Parquet.")
]
RouteMethodName = Annotated[RouteMethod, typer.Option(help="Planner or rival.")]
ObjectiveName = Annotated[
    RouteObjective, typer.Option(help="Least priced utilisation, or least latency under a cap on it (--slack).")
]
Slack = Annotated[
    float,
    typer.Option(parser=ratio, metavar="RATIO", help="latency: the cap is this much above the least utilisation."),
]
Cap = Annotated[
    float | None,
    typer.Option(parser=at_least_zero, metavar="NUMBER", help="latency: the cap itself, instead of --slack."),
]
Headroom = Annotated[
    float, typer.Option(parser=ratio, metavar="RATIO", help="A link fuller than this breaks the promise.")
]
ActiveMbps = Annotated[
    float | None,
    typer.Option(
        parser=at_least_zero, metavar="MBPS", help="panorama: demand above which a group is active. [10,000 largest]"
    ),
]
PathCount = Annotated[int, typer.Option("--paths", min=1, max=32, help="K: paths found for a pair of user groups.")]
BackboneCount = Annotated[
    int, typer.Option("--backbone-paths", min=1, max=32, help="K': paths found for a pair of sites.")
]
KeptCount = Annotated[int, typer.Option("--keep", min=1, max=8, help="Paths of fewest hops that share the traffic.")]
RoutesOut = Annotated[
    Path | None, typer.Option("--out", metavar="DIR", help="Folder for the table routes; made if it is not there.")
]
Previous = Annotated[
    Path | None,
    typer.Option("--previous", metavar="DIR", help="Folder of the routes that are in use (an earlier --out)."),
]
StoreOut = Annotated[
    Path | None, typer.Option("--store", metavar="STORE", help="Also publish a generation for route servers.")
]
RouteForm = Annotated[Form | None, typer.Option(help="Of the file. [that of the network]")]
AllPairs = Annotated[
    bool, typer.Option("--all-pairs", help="Plan all pairs of groups in all classes; so it is without demands.")
]
Cluster = Annotated[
    str, typer.Option(metavar="ADDRESS", help="Dask scheduler to work on, host:port; the result is the same.")
]
Brake = Annotated[float, typer.Option("--seconds", parser=seconds, metavar="SECONDS", help="Emergency brake.")]
