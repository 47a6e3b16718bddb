"""A plan for people: the outcome in words, its cost beside the best possible, the servers wave by wave, and why."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from rich.console import Console
from rich.table import Table as Grid
from rich.text import Text

from fairlead.checks.gate import Verdict
from fairlead.model import BoundKind, Plan, Servers, Snapshot, Status
from fairlead.planners.drain import Goal
from fairlead.predict.overlay import active_users, last_window

STATUS_STYLES = {
    Status.SOLVED: "green",
    Status.NOTHING_TO_DO: "green",
    Status.BEST_EFFORT: "yellow",
    Status.OUT_OF_REACH: "red",
}


def percent(ratio: float) -> str:
    """With as many digits as 99.99 % needs: ``99.9943%``; ``not known`` for NaN."""
    return "not known" if math.isnan(ratio) else f"{ratio:.4%}"


def headline(plan: Plan) -> str:
    """The outcome in one sentence."""
    drained, restored = (
        sum(edit.cell_count for edit in plan.edits if edit.after.all() == online) for online in (False, True)
    )
    moves = [f"take {_servers(drained)} offline"] if drained else []
    moves += [f"bring {_servers(restored)} back"] if restored else []
    act = " and ".join(moves) or "no change helps"
    match plan.status:
        case Status.SOLVED:
            return f"Solved: {act} and the objective holds."
        case Status.NOTHING_TO_DO:
            return "Nothing to do: the objective holds."
        case Status.BEST_EFFORT:
            held = any(reason.key == "turn.held_back" for reason in plan.reasons)
            why = "the rest waits for more evidence" if held else "the search was cut short"
            return f"Best effort: {act}; {why}."
        case Status.OUT_OF_REACH:
            return f"Out of reach inside the safety budget: {act} to come as close as possible."


def print_plan(console: Console, snapshot: Snapshot, plan: Plan, goal: Goal, found: Verdict) -> None:
    """The plan on a console, of at least 80 columns."""
    console.print(Text(headline(plan), style=f"bold {STATUS_STYLES[plan.status]}"))
    console.print()
    console.print(_summary(snapshot, plan, goal, found))
    if plan.edits:
        console.print()
        console.print(_edits(snapshot, plan))
    others = other_reasons(snapshot, plan)
    if others:
        console.print()
    for words in others:
        console.print(Text(f"- {words}"))


def other_reasons(snapshot: Snapshot, plan: Plan) -> list[str]:
    """What is said about no server that the plan changes: what is left alone, what stands in the way."""
    changed = {row for edit in plan.edits for row in edit.rows.tolist()}
    return [
        f"{snapshot[Servers].server[reason.row]}: {reason.text}" if reason.row >= 0 else reason.text
        for reason in plan.reasons
        if reason.row not in changed
    ]


def bound_words(plan: Plan, digits: int = 1) -> str:
    """How far from the best possible, with this many digits behind the point."""
    bound = plan.bound
    match bound.kind:
        case BoundKind.NONE:
            return "nothing is proven about how good this is"
        case BoundKind.EXACT:
            return f"{bound.best:.{digits}f}, proven optimum" + (f", gap {bound.gap:.2%}" if bound.gap > 5e-5 else "")
        case BoundKind.DUAL | BoundKind.IDEAL | BoundKind.CONFIDENCE:
            return f"at least {bound.best:.{digits}f} ({bound.kind.value.lower()} bound), gap {bound.gap:.2%}"


def _summary(snapshot: Snapshot, plan: Plan, goal: Goal, found: Verdict) -> Grid:
    grid = Grid.grid(padding=(0, 2))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    for name, text in _facts(snapshot, plan, goal, found):
        grid.add_row(name, text)
    return grid


def _facts(snapshot: Snapshot, plan: Plan, goal: Goal, found: Verdict) -> Iterator[tuple[str, str]]:
    servers = snapshot[Servers]
    by_metric = {effect.metric: effect for effect in plan.effects}
    success = by_metric["success_ratio"]
    yield "objective", f"{percent(goal.slo_ratio)} of {last_window(snapshot).demand_count:,} streams work"
    yield "now", percent(success.before)
    yield "with the plan", percent(success.after)
    if "next_success_ratio" in by_metric:
        coming = by_metric["next_success_ratio"]
        least = percent(coming.after - coming.margin)
        yield (
            "expected next",
            f"{percent(coming.after)}, and {least} or more with {goal.confidence_ratio:.0%} confidence",
        )
    yield "cost", f"{plan.bound.cost:.1f} (users affected and coverage lost)"
    yield "best possible", bound_words(plan)
    down = by_metric["offline_count"]
    cap = int(np.floor(goal.fleet_cap_ratio * servers.row_count + 1e-9))
    yield "fleet down", f"{down.before:.0f} -> {down.after:.0f} of {servers.row_count}, at most {cap}"
    floor = by_metric["region_up_ratio_min"]
    yield "thinnest region", f"{floor.before:.0%} -> {floor.after:.0%} up, at least {goal.region_floor_ratio:.0%}"
    use = by_metric["region_utilisation_max"]
    if not math.isnan(use.after):
        yield "fullest region", f"{use.before:.0%} -> {use.after:.0%} of surviving capacity"
    yield "safety rules", "all content" if found.allowed else f"{len(found.violations)} object (see the warnings)"
    yield "planner", plan.planner


def _edits(snapshot: Snapshot, plan: Plan) -> Grid:
    servers, users = snapshot[Servers], active_users(snapshot)
    why = {reason.row: reason.text for reason in plan.reasons if reason.row >= 0}
    grid = Grid(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
    grid.add_column("start", justify="right", no_wrap=True)
    grid.add_column("action", no_wrap=True)
    grid.add_column("server", no_wrap=True)
    grid.add_column("region", no_wrap=True)
    grid.add_column("users", justify="right", no_wrap=True)
    grid.add_column("reason", overflow="fold")
    for edit in plan.edits:
        for row in edit.rows.tolist():
            known = "" if math.isnan(users[row]) else f"{users[row]:.0f}"
            grid.add_row(
                f"+{edit.start_s:g} s",
                edit.action,
                Text(str(servers.server[row])),
                Text(str(servers.region[row])),
                known,
                Text(why.get(row, "")),
            )
    return grid


def _servers(count: int) -> str:
    return "1 server" if count == 1 else f"{count} servers"
