"""``fairlead route map``. Imported by the command line, which runs it."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from fairlead.service.options import Format, Json, NetworkOut, examples, seconds
from fairlead.service.options_route import RouteForm
from fairlead.service.terminal import Output

MAP_EXAMPLES = examples(
    "fairlead route map my-overlay probes.csv --out measured",
    "fairlead route map my-overlay --atlas pings.json --ends ends.csv --out measured --regroup --memory groups.memory",
)


class LatencyKind(Enum):
    """What the latencies of the map are."""

    ONE_WAY = "one-way"
    ROUND_TRIP = "round-trip"


Records = Annotated[Path | None, typer.Argument(metavar="[RECORDS]", help="Measurements, a table probes.")]
Atlas = Annotated[Path | None, typer.Option(metavar="FILE", help="Ping results of RIPE Atlas, JSON.")]
Ends = Annotated[
    Path | None, typer.Option(metavar="FILE", help="What Atlas probes and addresses stand for: kind, label, end.")
]
Regroup = Annotated[bool, typer.Option("--regroup", help="Group the prefixes anew by their nearest sites.")]
Memory = Annotated[
    Path | None, typer.Option(metavar="FILE", help="regroup: what is remembered between runs; made if not there.")
]
Depth = Annotated[int | None, typer.Option(min=1, max=8, help="regroup: sites whose order makes a group. [3]")]
Dense = Annotated[
    Path | None, typer.Option(metavar="FILE", help="regroup: prefixes, one a line, of which two sites are enough.")
]
FlowFile = Annotated[
    Path | None, typer.Option("--flows", metavar="FILE", help="Demand between prefixes, a table flows.")
]
WindowS = Annotated[float, typer.Option(parser=seconds, metavar="SECONDS", help="Length of a window.")]
MaxAgeS = Annotated[
    float, typer.Option(parser=seconds, metavar="SECONDS", help="Estimates that are older are not believed.")
]
LeastCount = Annotated[int, typer.Option(min=1, help="Records in a window below which a figure is not known.")]
MapNow = Annotated[
    str, typer.Option("--now", metavar="TIME", help="UTC time, or seconds on the records' clock. [the newest record]")
]
Latency = Annotated[LatencyKind, typer.Option(help="Half of the round trip, or all of it.")]


def route_map(
    network: Annotated[Path, typer.Argument(metavar="NETWORK", help="Folder with sites, links, prefixes ...")],
    out: NetworkOut,
    records: Records = None,
    atlas: Atlas = None,
    ends: Ends = None,
    regroup: Regroup = False,
    memory: Memory = None,
    depth: Depth = None,
    dense: Dense = None,
    flows: FlowFile = None,
    window_s: WindowS = 300.0,
    max_age_s: MaxAgeS = 1800.0,
    least_count: LeastCount = 3,
    latency: Latency = LatencyKind.ONE_WAY,
    now: MapNow = "",
    form: RouteForm = None,
    output: Format = Output.TABLE,
    as_json: Json = False,
) -> None:
    """The Internet map: what RECORDS say of the links, the users and the plain Internet of NETWORK, as a NETWORK."""
    from fairlead.model import UsageError
    from fairlead.planners.route.groups import DEPTH
    from fairlead.service import route_map as room
    from fairlead.service.figures import print_figures
    from fairlead.service.route_map_records import Sources
    from fairlead.service.terminal import spinner, warn
    from fairlead.telemetry import EstimateRule, RoundTrip

    if not regroup and (memory is not None or dense is not None or depth is not None):
        raise UsageError(
            code="usage.regroup", what="--memory, --depth and --dense are about --regroup", expected="--regroup too"
        )
    anew = room.Regrouping(depth=DEPTH if depth is None else depth, dense=dense, memory=memory)
    whole = RoundTrip(latency_ratio=1.0, jitter_ratio=1.0, loss_exponent=1.0)
    request = room.MapRequest(
        network=network,
        sources=Sources(records=records, atlas=atlas, ends=ends),
        out=out,
        flows=flows,
        regroup=anew if regroup else None,
        rule=EstimateRule(
            window_s=window_s,
            least_count=least_count,
            round_trip=whole if latency is LatencyKind.ROUND_TRIP else RoundTrip(),
        ),
        max_age_s=max_age_s,
        now=now,
        form=None if form is None else form.value,
    )
    with spinner() as say:
        answer = room.mapped(request, say)
    print_figures(answer.facts, as_json or output is Output.JSON)
    for line in answer.warnings:
        warn(line)
