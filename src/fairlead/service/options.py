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


def examples(*lines: str) -> str:
    """The end of a help text: commands that can be copied."""
    return "[bold]Examples[/bold]\n\n" + "\n\n".join(f"  [cyan]$ {line}[/cyan]" for line in lines)
