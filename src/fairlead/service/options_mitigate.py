"""Options of the commands about repairs of a datacenter fabric, and their types."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from fairlead.service.options import ratio, seconds
from fairlead.service.options_route import at_least_zero


class MitigateMethod(Enum):
    """The planner and its rivals."""

    FAIRLEAD = "fairlead"
    NETPILOT_ORIG = "netpilot_orig"
    NETPILOT_80 = "netpilot_80"
    NETPILOT_99 = "netpilot_99"
    CORROPT_25 = "corropt_25"
    CORROPT_50 = "corropt_50"
    CORROPT_75 = "corropt_75"
    PLAYBOOK_25 = "playbook_25"
    PLAYBOOK_50 = "playbook_50"
    PLAYBOOK_75 = "playbook_75"


class ComparatorName(Enum):
    """What is compared first (SWARM 4.1, appendix D.3)."""

    PRIORITY_FCT = "PriorityFCT"
    PRIORITY_AVG_T = "PriorityAvgT"
    PRIORITY_1P_T = "Priority1pT"
    LINEAR = "Linear"


class CongestionControl(Enum):
    """What the servers run."""

    CUBIC = "cubic"
    RENO = "reno"
    BBR = "bbr"


class FabricKind(Enum):
    """Where the fabric comes from."""

    FIGURE_1 = "figure-1"
    TESTBED = "testbed"
    CLOS = "clos"
    FAT_TREE = "fat-tree"


FabricFolder = Annotated[
    Path, typer.Argument(metavar="NETWORK", help="Folder with nodes, links, traffic, candidates ..., CSV or Parquet.")
]
MitigateMethodName = Annotated[MitigateMethod, typer.Option(help="Planner or rival.")]
Comparator = Annotated[ComparatorName, typer.Option(help="Which metric decides, and which break ties.")]
Control = Annotated[CongestionControl, typer.Option("--congestion-control", help="What the servers run.")]
DemandCount = Annotated[int, typer.Option("--demands", min=1, help="Demand matrices drawn from the statistics.")]
SampleCount = Annotated[
    int, typer.Option("--samples", min=1, help="Most samples of a repair: demands times draws of the routing.")
]
Measured = Annotated[
    float, typer.Option(parser=seconds, metavar="SECONDS", help="Of traffic in a demand, after the warm-up.")
]
WarmUp = Annotated[
    float, typer.Option(parser=at_least_zero, metavar="SECONDS", help="Of traffic before it, which fills the network.")
]
Epoch = Annotated[
    float, typer.Option(parser=seconds, metavar="SECONDS", help="How long the rates of long flows are held.")
]
Parts = Annotated[
    int, typer.Option(min=1, help="Down-scale: each sample takes one part in so many of traffic and capacity.")
]
SureRatio = Annotated[
    float, typer.Option(parser=ratio, metavar="RATIO", help="Confidence of intervals and of the early stop.")
]
TransportFolder = Annotated[
    Path | None,
    typer.Option("--transport", metavar="DIR", help="Tables of your own servers (measure transport). [those shipped]"),
]
