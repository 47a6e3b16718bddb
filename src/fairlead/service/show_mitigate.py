"""Ranked repairs for people: the best in words, all of them beside each other, why, and what would change it."""

from __future__ import annotations

import math

from rich.console import Console
from rich.table import Table as Grid
from rich.text import Text

from fairlead.model import Plan, Status
from fairlead.planners.mitigate import Ranked, Ranking
from fairlead.planners.mitigate.decision import flip_reasons
from fairlead.planners.mitigate.words import told
from fairlead.predict.flows.clp import CLP_METRICS, LOWER_IS_BETTER
from fairlead.service.mitigate_plan import MitigateAnswer
from fairlead.service.mitigate_plan import as_json as answered_json
from fairlead.service.show import STATUS_STYLES
from fairlead.service.terminal import data_console, print_json, warn

SHOWN_COUNT, STEPS_COUNT = 20, 12

_HEADS = ("p99 FCT, ms", "p1, Mbit/s", "mean, Mbit/s")
_SHORT = dict(zip(CLP_METRICS, ("p99 FCT", "p1", "mean"), strict=True))
_SCALES = (1e3, 1.0, 1.0)


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
        console.print(_ranked(ranking))
        console.print(Text(_footnote(ranking), style="dim"))
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


def _ranked(ranking: Ranking) -> Grid:
    grid = Grid(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
    grid.add_column("", justify="right")
    grid.add_column("repair", overflow="fold", min_width=12)
    for name in _HEADS:
        grid.add_column(name, justify="right", no_wrap=True)
    grid.add_column("best?", justify="right", no_wrap=True)
    grid.add_column("beside it", overflow="fold", min_width=8)
    for place, row in enumerate(ranking.rows[:SHOWN_COUNT], start=1):
        numbers = zip(row.metrics.tolist(), row.margin.tolist(), _SCALES, strict=True)
        style = "bold" if row is ranking.best else "" if row.tied_with_best else "dim"
        cells = [between(value * scale, margin * scale) for value, margin, scale in numbers]
        grid.add_row(str(place), row.candidate.name, *cells, _share(row.win_ratio), beside(row, ranking), style=style)
    whole = [between(value * scale, math.nan) for value, scale in zip(ranking.healthy.tolist(), _SCALES, strict=True)]
    grid.add_row("", "(healthy)", *whole, "", "", style="dim")
    return grid


def beside(row: Ranked, ranking: Ranking) -> str:
    """How a repair stands to the best, in a few words: by how much it is worse on what decides."""
    if row is ranking.best:
        return "best"
    if row.within_tie:
        return "tie"
    metric = ranking.judge.criteria[max(0, row.decided_on)]
    more = _in_metric(metric, row.difference_ratio)
    return f"perhaps: {more}" if row.indistinct else more


def _in_metric(criterion: str, difference_ratio: float) -> str:
    """``p99 FCT +13%``, ``p1 -62%``: a cost that is so much higher, said of the metric that the operator knows."""
    if not math.isfinite(difference_ratio):
        return f"{_SHORT.get(criterion, 'cost')} worse"
    if criterion not in _SHORT:
        return f"cost {difference_ratio:+.0%}"
    if LOWER_IS_BETTER[CLP_METRICS.index(criterion)]:
        return f"{_SHORT[criterion]} {difference_ratio:+.0%}"
    return f"{_SHORT[criterion]} {1.0 / (1.0 + difference_ratio) - 1.0:+.0%}"


def _footnote(ranking: Ranking) -> str:
    rest = len(ranking.rows) - SHOWN_COUNT
    more = f"{rest} more repairs are worse. " if rest > 0 else ""
    sure = "no other is surely better" if ranking.decided else "not certain yet"
    decides = ", then ".join(_SHORT.get(each, each) for each in ranking.judge.criteria)
    return (
        f"{more}By {ranking.judge.name}: {decides}; within 10% is a tie. Intervals at {ranking.confidence:.0%} "
        f"over {ranking.sample_count} samples; {sure}. best?: the chance that it is."
    )


def between(value: float, margin: float) -> str:
    """``1,131 ±96``, ``4.40 ±0.29``: as many digits as the margin lets stand; without one four in all."""
    if math.isnan(value):
        return "-"
    if math.isinf(value):
        return "never"
    known = math.isfinite(margin) and margin > 0
    size = margin if known else abs(value) / 100
    digits = min(3, max(0, 1 - math.floor(math.log10(size)))) if size > 0 else 0
    return f"{value:,.{digits}f}" + (f" ±{margin:,.{digits}f}" if known else "")


def _share(ratio: float) -> str:
    return "-" if math.isnan(ratio) else f"{ratio:.0%}"
