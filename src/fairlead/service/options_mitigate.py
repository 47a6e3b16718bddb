"""Options of the commands about repairs of a datacenter fabric, and their types."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from fairlead.service.options import ratio, seconds
from fairlead.service.options_route import at_least_zero


def open_ratio(text: str) -> float:
    """A number between 0 and 1, neither of both."""
    value = ratio(text)
    if value in (0.0, 1.0):
        raise typer.BadParameter(f"{text!r} is not a number between 0 and 1")
    return value


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
DemandCount = Annotated[
    int | None,
    typer.Option("--demands", min=1, show_default="16", help="Demand matrices drawn from the statistics."),
]
SampleCount = Annotated[
    int | None,
    typer.Option(
        "--samples", min=1, show_default="64", help="Most samples of a repair: demands times draws of the routing."
    ),
]
DistributionError = Annotated[
    float | None,
    typer.Option(
        parser=open_ratio,
        metavar="RATIO",
        show_default=False,
        help="Instead of both: how far from the truth the distribution of the samples may be, with the confidence.",
    ),
]
Measured = Annotated[
    float | None,
    typer.Option(
        parser=seconds,
        metavar="SECONDS",
        show_default="20, less on large fabrics",
        help="Of traffic in a demand, after the warm-up.",
    ),
]
WarmUp = Annotated[
    float | None,
    typer.Option(
        parser=at_least_zero,
        metavar="SECONDS",
        show_default="10, less on large fabrics",
        help="Of traffic before it, which fills the network.",
    ),
]
Settle = Annotated[
    float | None,
    typer.Option(
        parser=at_least_zero,
        metavar="SECONDS",
        show_default="all of it",
        help="Of the warm-up, what each repair sees; the rest runs once, in the network as it is.",
    ),
]
Epoch = Annotated[
    float, typer.Option(parser=seconds, metavar="SECONDS", help="How long the rates of long flows are held.")
]
Parts = Annotated[
    int | None,
    typer.Option(
        min=1,
        show_default="1, more on large fabrics",
        help="Down-scale: each sample takes one part in so many of traffic and capacity.",
    ),
]
SegmentCount = Annotated[
    int,
    typer.Option("--segments", min=1, help="Parts of the measured time that workers compute apart, each warmed up."),
]
SureRatio = Annotated[
    float, typer.Option(parser=ratio, metavar="RATIO", help="Confidence of intervals and of the early stop.")
]
TransportFolder = Annotated[
    Path | None,
    typer.Option("--transport", metavar="DIR", help="Tables of your own servers (measure transport). [those shipped]"),
]
WhatIf = Annotated[bool, typer.Option("--what-if/--no-what-if", help="Also find what would change the decision.")]
