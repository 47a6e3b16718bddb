"""From a ranking to a plan: status, effects, bound, and a reason for every candidate that was not taken."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from fairlead.model import Effect, Plan, Reason, Snapshot, Status
from fairlead.planners.mitigate.bound import ideal_bound
from fairlead.planners.mitigate.candidates import Candidate, Field
from fairlead.planners.mitigate.comparators import beats
from fairlead.planners.mitigate.ranking import Ranked, Ranking
from fairlead.planners.mitigate.words import told
from fairlead.predict.flows.clp import CLP_METRICS


def mitigation_plan(
    who: str, snapshot: Snapshot, field: Field, open_to: Sequence[Candidate], found: Ranking, chosen: Ranked
) -> Plan:
    """The plan that makes the chosen repair.

    Effects promise the three metrics of CLP; the margin is that of the interval, infinite where nothing is known. The
    bound is of the comparator's first criterion as a cost: seconds, or the reciprocal of a throughput.
    """
    cost, healthy = (float(found.judge.costs(each)[0]) for each in (chosen.metrics, found.healthy))
    return Plan(
        planner=who,
        basis=snapshot.basis,
        status=_status(field, found, chosen),
        edits=chosen.candidate.edits,
        effects=tuple(_effects(found, chosen)),
        bound=ideal_bound(cost, healthy),
        reasons=(
            _best_reason(snapshot, found, chosen),
            *(_row_reason(row, found, chosen) for row in found.rows if row is not chosen),
            *_field_reasons(field, open_to),
            *_doubts(found, chosen, cost, healthy),
        ),
        replayable=not found.interrupted,
    )


def _status(field: Field, found: Ranking, chosen: Ranked) -> Status:
    """OUT_OF_REACH: whatever is done, some servers cannot reach each other; the edits come closest."""
    if field.partitions:
        return Status.OUT_OF_REACH
    if found.interrupted:
        return Status.BEST_EFFORT
    return Status.SOLVED if chosen.candidate.edits else Status.NOTHING_TO_DO


def _effects(found: Ranking, chosen: Ranked) -> Iterator[Effect]:
    rows = zip(CLP_METRICS, found.before.tolist(), chosen.metrics.tolist(), chosen.margin.tolist(), strict=True)
    for metric, before, after, margin in rows:
        yield Effect(metric=metric, before=before, after=after, margin=math.inf if math.isnan(margin) else margin)


def _best_reason(snapshot: Snapshot, found: Ranking, chosen: Ranked) -> Reason:
    lines = told(snapshot, chosen.candidate.edits)
    what = "; ".join(lines[:_LINES]) + (f"; and {len(lines) - _LINES} more" if len(lines) > _LINES else "")
    text = f"{chosen.candidate.name}: {_metrics(chosen)}" + (f" ({what})" if what else "")
    if chosen is found.best:
        return Reason(key="mitigate.best", text=text, numbers=_numbers(chosen))
    why = f"kept, as {found.best.candidate.name} is not surely better by more than a tie, or was left before"
    return Reason(key="mitigate.kept", text=f"{text}; {why}", numbers=_numbers(chosen))


def _row_reason(row: Ranked, found: Ranking, chosen: Ranked) -> Reason:
    """Why not this one, beside the best."""
    if row is found.best:  # another one was kept
        return Reason(
            key="mitigate.not_surely_better", text=f"{row.candidate.name}: {_metrics(row)}", numbers=_numbers(row)
        )
    name, best = row.candidate.name, found.best.candidate.name
    if row.within_tie:
        return Reason(key="mitigate.tied", text=f"{name} ties with {best}: {_metrics(row)}", numbers=_numbers(row))
    more = "" if math.isnan(row.difference_ratio) else f", where it costs {row.difference_ratio:+.0%}"
    beside = f"{row.beside} on {found.judge.criteria[row.decided_on]}{more}: {_metrics(row)}"
    if row.indistinct:
        text = f"{name} is not surely worse than {best}; it falls behind {beside}"
        return Reason(key="mitigate.indistinct", text=text, numbers=_numbers(row))
    return Reason(key="mitigate.worse", text=f"{name} falls behind {beside}", numbers=_numbers(row))


def _field_reasons(field: Field, open_to: Sequence[Candidate]) -> Iterator[Reason]:
    """Who did not take part, and why."""
    if not field.failures.count:
        yield Reason(key="mitigate.no_failure", text="no link or switch loses packets, capacity or is out of service")
    if field.partitions:
        yield Reason(
            key="mitigate.all_partition",
            text="alarm: under every candidate, doing nothing included, some servers cannot reach each other",
            numbers={"candidates_count": float(len(field.allowed))},
        )
    for each in field.refused:
        text = f"{each.name} would cut servers off from each other"
        yield Reason(key="mitigate.partitions", text=text)
    taking_part = {each.name for each in open_to}
    for each in field.allowed:
        if each.name not in taking_part:
            text = f"{each.name} writes more cells than the budget allows"
            yield Reason(key="mitigate.too_large", text=text, numbers={"cells_count": float(each.cell_count)})
    if field.left_out_count:
        text = f"{field.left_out_count:,} more combinations of the choices were not tried"
        yield Reason(key="mitigate.left_out", text=text, numbers={"combinations_count": float(field.left_out_count)})


def _doubts(found: Ranking, chosen: Ranked, cost: float, healthy: float) -> Iterator[Reason]:
    """What a reader should know about the ranking as a whole."""
    if not found.decided:
        why = "the time ran out" if found.interrupted else "the samples are spent"
        text = f"{why} before it was {found.confidence:.0%} certain that no other is better by more than a tie"
        yield Reason(key="mitigate.undecided", text=text, numbers={"samples_count": float(found.sample_count)})
    if healthy > cost:
        text = "the network without failures is estimated to do worse than this repair, so nothing is claimed as ideal"
        yield Reason(key="mitigate.no_ideal", text=text, numbers={"cost": cost, "healthy_cost": healthy})
    if beats(found.judge.costs(found.before), found.judge.costs(chosen.metrics), found.judge.ties):
        text = "doing nothing is better than every candidate that may be chosen"
        yield Reason(key="mitigate.nothing_is_better", text=text, numbers=_named(found.before.tolist()))
    text = f"racing and stopping early spared {found.spared_ratio:.0%} of the samples"
    yield Reason(
        key="mitigate.samples",
        text=text,
        numbers={"samples_count": float(found.sample_count), "spared_ratio": found.spared_ratio},
    )


_LINES = 4
_UNITS = (("p99 FCT", "s"), ("p1 throughput", "Mbit/s"), ("mean throughput", "Mbit/s"))


def _metrics(row: Ranked) -> str:
    parts = zip(_UNITS, row.metrics.tolist(), row.margin.tolist(), strict=True)
    return ", ".join(
        f"{name} {value:.4g}" + (f" ± {margin:.2g} {unit}" if math.isfinite(margin) else f" {unit}")
        for (name, unit), value, margin in parts
    )


def _named(values: list[float]) -> dict[str, float]:
    return dict(zip(CLP_METRICS, values, strict=True))


def _numbers(row: Ranked) -> dict[str, float]:
    return {
        **_named(row.metrics.tolist()),
        "difference_ratio": row.difference_ratio,
        "difference_margin_ratio": row.difference_margin,
        "ahead_ratio": row.ahead_ratio,
        "win_ratio": row.win_ratio,
        "samples_count": float(row.sample_count),
    }
