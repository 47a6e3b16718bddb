"""Ranked repairs for people: the best in words, all of them beside each other, why, and what would change it."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table as Grid
from rich.text import Text

from fairlead.model import Plan, Status
from fairlead.planners.mitigate import Ranking
from fairlead.planners.mitigate.decision import flip_reasons
from fairlead.planners.mitigate.words import told
from fairlead.service.mitigate_answer import MitigateAnswer
from fairlead.service.mitigate_answer import as_json as answered_json
from fairlead.service.show import STATUS_STYLES
from fairlead.service.show_ranking import footnote, ranked
from fairlead.service.terminal import data_console, print_json, warn

STEPS_COUNT = 12


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
    plan, ranking = answer.plan, answer.ranking
    console.print(Text(headline(plan, ranking), style=f"bold {STATUS_STYLES[plan.status]}"))
    steps = told(answer.snapshot, plan.edits)
    _items(console, "", steps[:STEPS_COUNT])
    if len(steps) > STEPS_COUNT:
        console.print(Text(f"  and {len(steps) - STEPS_COUNT} steps more (all of them with --json)"))
    if ranking is not None:
        console.print()
        console.print(ranked(ranking))
        console.print(Text(footnote(ranking), style="dim"))
    apart = [each.text for each in plan.reasons if ranking is None or each.key not in _SHOWN_ALREADY]
    because = () if answer.looked is None else answer.looked.because
    _items(console, "To know", [*apart, *because, *(note.what for note in answer.verdict.notes)])
    if answer.flips and ranking is not None:
        flips = flip_reasons(answer.flips, ranking.best.candidate.name)
        _items(console, "What would change this", [each.text for each in flips])


_SHOWN_ALREADY = ("mitigate.best", "mitigate.worse", "mitigate.tied", "mitigate.indistinct", "mitigate.samples")


def _items(console: Console, head: str, lines: list[str] | tuple[str, ...]) -> None:
    """Lines that hang behind a dash, below a heading where there is one; nothing where there are none."""
    if not lines:
        return
    if head:
        console.print()
        console.print(Text(head, style="bold"))
    grid = Grid(box=None, show_header=False, pad_edge=False, padding=(0, 1, 0, 0))
    for line in lines:
        grid.add_row("-", Text(line, overflow="fold"))
    console.print(grid)


def headline(plan: Plan, ranking: Ranking | None) -> str:
    """The outcome in one sentence."""
    name = ranking.best.candidate.name if ranking is not None else f"what {plan.planner.partition('/')[0]} does"
    match plan.status:
        case Status.SOLVED:
            return f"Repair: {name}."
        case Status.NOTHING_TO_DO:
            return "Nothing to do: no repair is better than none."
        case Status.BEST_EFFORT:
            return f"Best effort: {name}; the time ran out before it was certain."
        case Status.OUT_OF_REACH:
            return f"Out of reach: some servers stay cut off whatever is done; {name} comes closest."
