"""Ranked repairs for people: the best in words, all of them beside each other, why, and what would change it."""

from __future__ import annotations

import math

from rich.console import Console
from rich.table import Table as Grid
from rich.text import Text

from fairlead.model import Plan, Status
from fairlead.planners.mitigate import Ranked, Ranking
from fairlead.planners.mitigate.decision import flip_reasons
from fairlead.service.mitigate_plan import MitigateAnswer
from fairlead.service.mitigate_plan import as_json as answered_json
from fairlead.service.show import STATUS_STYLES
from fairlead.service.terminal import data_console, print_json, warn

SHOWN_COUNT = 20


def print_answer(answer: MitigateAnswer, as_json: bool) -> None:
    """On stdout; what a safety rule would refuse is a warning on stderr."""
    if as_json:
        print_json(answered_json(answer))
    else:
        print_repair(data_console(), answer)
    for violation in answer.verdict.violations:
        warn(f"a safety rule would refuse this plan: {violation}")


def print_repair(console: Console, answer: MitigateAnswer) -> None:
    """The ranking on a console, of at least 80 columns."""
    plan = answer.plan
    console.print(Text(headline(plan, answer.ranking), style=f"bold {STATUS_STYLES[plan.status]}"))
    console.print()
    if answer.ranking is not None:
        console.print(_ranked(answer.ranking))
        console.print(Text(_footnote(answer.ranking), style="dim"))
        console.print()
    for reason in plan.reasons:
        if reason.key not in _IN_THE_TABLE or answer.ranking is None:
            console.print(Text(f"- {reason.text}"))
    if answer.flips and answer.ranking is not None:
        console.print()
        console.print(Text("What would change this", style="bold"))
        for reason in flip_reasons(answer.flips, answer.ranking.best.candidate.name):
            console.print(Text(f"- {reason.text}"))


_IN_THE_TABLE = ("mitigate.worse", "mitigate.tied", "mitigate.indistinct", "mitigate.samples")


def headline(plan: Plan, ranking: Ranking | None) -> str:
    """The outcome in one sentence."""
    name = ranking.best.candidate.name if ranking is not None else f"{len(plan.edits)} edits"
    match plan.status:
        case Status.SOLVED:
            return f"Repair: {name}."
        case Status.NOTHING_TO_DO:
            return "Nothing to do: no repair is better than none."
        case Status.BEST_EFFORT:
            return f"Best effort: {name}; the time ran out before it was certain."
        case Status.OUT_OF_REACH:
            return f"Out of reach: some servers stay cut off whatever is done; {name} comes closest."


def _ranked(ranking: Ranking) -> Grid:
    grid = Grid(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
    grid.add_column("repair", overflow="fold")
    for name in ("p99 FCT, ms", "p1, Mbit/s", "mean, Mbit/s", "chance best", "against the best"):
        grid.add_column(name, justify="right")
    for row in ranking.rows[:SHOWN_COUNT]:
        fct, first, mean = (
            _between(value, margin, scale)
            for value, margin, scale in zip(row.metrics.tolist(), row.margin.tolist(), (1e3, 1.0, 1.0), strict=True)
        )
        style = "" if row.tied_with_best else "dim"
        grid.add_row(row.candidate.name, fct, first, mean, _share(row.win_ratio), _beside(row, ranking), style=style)
    return grid


def _beside(row: Ranked, ranking: Ranking) -> str:
    if row is ranking.best:
        return "best"
    if row.within_tie:
        return "tie"
    if row.indistinct:
        return "not to be told apart"
    return f"{row.difference_ratio:+.0%} of cost" if math.isfinite(row.difference_ratio) else "worse"


def _footnote(ranking: Ranking) -> str:
    rest = len(ranking.rows) - SHOWN_COUNT
    more = f"{rest} more repairs are worse. " if rest > 0 else ""
    sure = "certain up to ties" if ranking.decided else "not certain yet"
    return (
        f"{more}Intervals at {ranking.confidence:.0%}; {ranking.sample_count} samples; the best is {sure}. "
        f"By {ranking.judge.name}; the cost is of {ranking.judge.criteria[0]} first."
    )


def _between(value: float, margin: float, scale: float) -> str:
    if math.isnan(value):
        return "-"
    if math.isinf(value):
        return "never"
    return f"{value * scale:.4g}" + (f" ± {margin * scale:.2g}" if math.isfinite(margin) else "")


def _share(ratio: float) -> str:
    return "-" if math.isnan(ratio) else f"{ratio:.0%}"
