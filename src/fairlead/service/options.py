"""Options that several commands share, and their types."""

from __future__ import annotations

import math
from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from fairlead.service.terminal import Output


class Method(Enum):
    """The planner and its rivals."""

    FAIRLEAD = "fairlead"
    SENTRY = "sentry"
    HEURISTIC_OFFLINE = "heuristic_offline"
    NETBOUNCER = "netbouncer"
    BEAM = "beam"
    GREEDY = "greedy"
    EXACT = "exact"


class Restore(Enum):
    """Which offline servers may come back."""

    OWNED = "owned"
    ANY = "any"


class WorldKind(Enum):
    """Where the overlay comes from."""

    SCALED = "scaled"
    PAPER = "paper"
    AWS = "aws"
    PLANETLAB = "planetlab"


class ScenarioName(Enum):
    """What fails (Sentry 4.1.1)."""

    MILD = "mild"
    MODERATE = "moderate"
    SERVER_WIDE = "server_wide"


class Form(Enum):
    """Of the files of a NETWORK."""

    PARQUET = "parquet"
    CSV = "csv"


def ratio(text: str) -> float:
    """A number from 0 to 1; a NaN would compare false with every limit and so lift it without a word."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0.0 <= value <= 1.0:
        raise typer.BadParameter(f"{text!r} is not a number from 0 to 1")
    return value


def seconds(text: str) -> float:
    """A number above 0, also ``inf``."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not value > 0.0:
        raise typer.BadParameter(f"{text!r} is not a number of seconds above 0")
    return value


Json = Annotated[bool, typer.Option("--json", help="Print one JSON object; the same as -o json.")]
Format = Annotated[Output, typer.Option("--output", "-o", help="How to print the data.")]
Seed = Annotated[int, typer.Option(min=0, help="All chance follows from it.")]
Workers = Annotated[int, typer.Option(min=1, help="Processes; the result does not depend on it.")]
NetworkFolder = Annotated[
    Path, typer.Argument(metavar="NETWORK", help="Folder with servers, streams and server_windows, CSV or Parquet.")
]


NetworkOut = Annotated[
    Path, typer.Option("--out", metavar="DIR", help="A new or empty folder, or one that holds only a network.")
]
MethodName = Annotated[Method, typer.Option(help="Planner or rival.")]
Slo = Annotated[
    float | None, typer.Option(parser=ratio, metavar="RATIO", help="Share of streams that must work. [0.9999]")
]
FleetCap = Annotated[
    float | None,
    typer.Option(parser=ratio, metavar="RATIO", help="Largest share of the fleet that may be down. [0.2]"),
]
RegionFloor = Annotated[
    float | None, typer.Option(parser=ratio, metavar="RATIO", help="Smallest share of a region that stays up. [0.5]")
]
Confidence = Annotated[
    float, typer.Option(parser=ratio, metavar="RATIO", help="How sure to be when failures are left alone.")
]
ModelFolder = Annotated[Path | None, typer.Option(metavar="DIR", help="Other weights (fairlead train drain).")]
Restores = Annotated[
    Restore, typer.Option(help="Offline servers that may come back: those the planner drained, or any.")
]
Rounds = Annotated[int, typer.Option(min=1, help="Search budget; keeps plans replayable.")]
Seconds = Annotated[float, typer.Option(parser=seconds, metavar="SECONDS", help="Emergency brake on the search.")]
Now = Annotated[
    str, typer.Option(metavar="TIME", help="UTC time, or seconds on the windows' clock, to judge freshness by.")
]
Strict = Annotated[bool, typer.Option("--strict", help="Exit with 4 if a safety rule would refuse the plan.")]
Kind = Annotated[WorldKind, typer.Option(help="Invented at any size; Sentry's generator; or a measured mesh.")]
FailedRatio = Annotated[float, typer.Option(parser=ratio, metavar="RATIO", help="scaled: pairs that fail.")]


def examples(*lines: str) -> str:
    """The end of a help text: commands that can be copied."""
    return "[bold]Examples[/bold]\n\n" + "\n\n".join(f"  [cyan]$ {line}[/cyan]" for line in lines)
