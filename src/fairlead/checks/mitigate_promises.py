"""Whether a repair keeps what it promises: its effects estimated anew, on samples that the planner has not seen."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from fairlead.checks.case import Violation
from fairlead.checks.promises import Better, kept_towards
from fairlead.model import Effect, Plan, Snapshot, apply_edits
from fairlead.predict.flows.clp import CLP_METRICS, LOWER_IS_BETTER, Estimate

MITIGATE_DIRECTIONS: Mapping[str, Better] = MappingProxyType(
    {name: Better.LOWER if lower else Better.HIGHER for name, lower in zip(CLP_METRICS, LOWER_IS_BETTER, strict=True)}
)

STANDARD_ERRORS = 2.0
"""By how many of its own standard errors the new estimate may be wrong."""


def promise_violations(
    snapshot: Snapshot, plan: Plan, slack_ratio: float, estimate: Estimate, samples: range
) -> tuple[Violation, ...]:
    """G7: every effect is a metric of CLP_METRICS, and the edited network, estimated anew, keeps ``after``.

    A promise is broken where it is surely broken: beyond its own margin, ``slack_ratio`` of its value, and
    STANDARD_ERRORS of the new estimate, because two estimates of one network on different samples differ, and a gate
    that cries wolf is switched off. ``before`` is told, not promised. Costs these samples of one state.
    """
    unknown = [effect.metric for effect in plan.effects if effect.metric not in CLP_METRICS]
    if unknown:
        what, where = "the plan promises a metric that nobody can measure", f"effect {unknown[0]}"
        return (Violation(rule="G7", what=what, where=where, got=0, limit=1),)
    if not plan.effects:
        return ()
    (planned,) = estimate([apply_edits(snapshot, plan.edits)], samples)
    return tuple(
        found
        for effect in plan.effects
        for found in _broken(effect, planned.values[:, CLP_METRICS.index(effect.metric)], slack_ratio)
    )


def _broken(effect: Effect, values: NDArray[np.float64], slack_ratio: float) -> Iterator[Violation]:
    where, better = f"effect {effect.metric}", MITIGATE_DIRECTIONS[effect.metric]
    if math.isinf(effect.after) and better is Better.LOWER:
        return  # the worst there is: nothing is promised
    if not (math.isfinite(effect.margin) and effect.margin >= 0):
        what = "the plan does not say how sure its promise is"
        yield Violation(rule="G7", what=what, where=where, got=effect.margin, limit=0)
        return
    found, error = _mean_and_error(values)
    slack = slack_ratio * abs(effect.after) + STANDARD_ERRORS * error
    wider = Effect(metric=effect.metric, before=effect.before, after=effect.after, margin=effect.margin + slack)
    if not kept_towards(wider, found, better):
        what = "the plan promises more than a new estimate of its edits gives"
        yield Violation(rule="G7", what=what, where=where, got=found, limit=effect.after)


def _mean_and_error(values: NDArray[np.float64]) -> tuple[float, float]:
    """Mean of the samples that say anything (NaN: none does), and its standard error (0 where it has none)."""
    said = values[~np.isnan(values)]
    if not len(said):
        return math.nan, 0.0
    mean = float(said.mean())
    if len(said) < 2 or not math.isfinite(mean):
        return mean, 0.0
    return mean, float(said.std(ddof=1)) / math.sqrt(len(said))
