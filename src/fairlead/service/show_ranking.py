"""The table of ranked repairs for people: figures with as many digits as are known, and how each stands to the best."""

from __future__ import annotations

import math

from rich.table import Table as Grid

from fairlead.planners.mitigate import Ranked, Ranking
from fairlead.predict.flows.clp import CLP_METRICS, LOWER_IS_BETTER

SHOWN_COUNT = 20

_HEADS = ("p99 FCT, ms", "p1, Mbit/s", "mean, Mbit/s")
_SHORT = dict(zip(CLP_METRICS, ("p99 FCT", "p1", "mean"), strict=True))
_SCALES = (1e3, 1.0, 1.0)


def ranked(ranking: Ranking) -> Grid:
    """The first SHOWN_COUNT repairs, best first, and what the network would see were it whole."""
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


def footnote(ranking: Ranking) -> str:
    """What is left out, what decides, and how sure the figures are."""
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
