"""A routing for people: the outcome in words, what sessions will see, how full the links get, and why."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from rich.console import Console
from rich.table import Table as Grid
from rich.text import Text

from fairlead.model import Demands, Links, Plan, Sites, Snapshot, Status
from fairlead.predict.link_loads import extended_links, priced_utilisation, routed_loads
from fairlead.service.route_plan import RouteAnswer
from fairlead.service.route_plan import as_json as answered_json
from fairlead.service.show import STATUS_STYLES, bound_words, percent
from fairlead.service.terminal import data_console, print_json, warn

FULLEST_COUNT = 5


def print_answer(answer: RouteAnswer, as_json: bool) -> None:
    """On stdout; what a safety rule would refuse is a warning on stderr."""
    if as_json:
        print_json(answered_json(answer))
    else:
        print_routes(data_console(), answer)
    for violation in answer.verdict.violations:
        warn(f"a safety rule would refuse this plan: {violation}")


def print_routes(console: Console, answer: RouteAnswer) -> None:
    """The routing on a console, of at least 80 columns."""
    plan = answer.plan
    console.print(Text(headline(plan), style=f"bold {STATUS_STYLES[plan.status]}"))
    console.print()
    grid = Grid.grid(padding=(0, 2))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    for name, text in _facts(answer):
        grid.add_row(name, text)
    console.print(grid)
    console.print()
    console.print(_fullest(answer.planned))
    if plan.reasons:
        console.print()
    for reason in plan.reasons:
        console.print(Text(f"- {reason.text}"))


def headline(plan: Plan) -> str:
    """The outcome in one sentence."""
    changed = max((edit.cell_count for edit in plan.edits if edit.column == "weight_ratio"), default=0)
    act = f"{changed:,} route slots get other weights" if plan.edits else "no change helps"
    match plan.status:
        case Status.SOLVED:
            return f"Solved: {act}; all demand is inside its SLA and no link is too full."
        case Status.NOTHING_TO_DO:
            return "Nothing to do: all demand is inside its SLA, and the routes are what they would become."
        case Status.BEST_EFFORT:
            return f"Best effort: {act}; the search was cut short."
        case Status.OUT_OF_REACH:
            return f"Out of reach: {act}, to come as close as possible."


def _facts(answer: RouteAnswer) -> Iterator[tuple[str, str]]:
    plan, effects = answer.plan, {effect.metric: effect for effect in answer.plan.effects}
    demands = answer.snapshot[Demands]
    known = np.nansum(demands.demand_mbps)
    yield "demand", f"{known:,.0f} Mbit/s in {demands.row_count:,} session groups"
    for name, metric in (("inside their SLA", "sla_ratio"), ("with a path", "routed_ratio")):
        yield name, f"{percent(effects[metric].before)} -> {percent(effects[metric].after)} of the demand"
    yield "mean latency", _before_after(effects["routed_latency_ms"].before, effects["routed_latency_ms"].after, "ms")
    yield "sites on the way", f"{_number(effects['hops_mean'].after)} on average"
    use = effects["utilisation_max"]
    yield "fullest link", f"{_share(use.before)} -> {_share(use.after)} of its capacity"
    yield "the same, priced", f"{plan.bound.cost:.4f}"
    yield "best possible", bound_words(plan, 4)
    allowed = answer.verdict.allowed
    yield "safety rules", "all content" if allowed else f"{len(answer.verdict.violations)} object (see the warnings)"
    yield "planner", plan.planner
    if answer.written:
        yield "written", str(answer.written)
    if answer.generation:
        yield "published", answer.generation


def _fullest(planned: Snapshot) -> Grid:
    links, load = extended_links(planned), routed_loads(planned)
    use = priced_utilisation(links, load)
    grid = Grid(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
    for name in ("fullest links", "load Mbit/s", "capacity", "price", "priced use"):
        grid.add_column(name, justify="left" if name == "fullest links" else "right", no_wrap=True)
    for row in np.argsort(-use, kind="stable")[:FULLEST_COUNT].tolist():
        if use[row] > 0:
            figures = (load[row], links.capacity_mbps[row], links.price[row], use[row])
            grid.add_row(Text(_link_name(planned, row)), *(f"{value:,.4g}" for value in figures))
    return grid


def _link_name(planned: Snapshot, row: int) -> str:
    links, sites = planned[Links], planned[Sites]
    if row < links.row_count:
        return f"{sites.site[links.source[row]]} -> {sites.site[links.target[row]]}"
    card = row - links.row_count
    if card < sites.row_count:
        return f"users -> {sites.site[card]}"
    return f"{sites.site[card - sites.row_count]} -> users"


def _before_after(before: float, after: float, unit: str) -> str:
    return f"{_number(before)} -> {_number(after)} {unit}"


def _number(value: float) -> str:
    return "not known" if math.isnan(value) else f"{value:.2f}"


def _share(value: float) -> str:
    return "not known" if math.isnan(value) else f"{value:.1%}"
