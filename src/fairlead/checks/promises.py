"""When a promise is kept: which way is better for each metric of ``predict.metrics.METRICS``."""

from __future__ import annotations

import math
from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType

from fairlead.model import Effect
from fairlead.predict.metrics import METRICS


class Better(Enum):
    """The direction in which a metric improves."""

    HIGHER = 1.0
    LOWER = -1.0


DIRECTIONS: Mapping[str, Better] = MappingProxyType(
    {
        "success_ratio": Better.HIGHER,
        "served_ratio": Better.HIGHER,
        "qoe_cost": Better.LOWER,
        "offline_count": Better.LOWER,
        "region_up_ratio_min": Better.HIGHER,
        "region_utilisation_max": Better.LOWER,
    }
)

# A forecast promises what a metric will be in the windows to come, not what the edits make of the newest one. Only the
# audit can hold it against the truth.
FORECASTS: Mapping[str, str] = MappingProxyType({"next_success_ratio": "success_ratio"})

# sums over the same numbers in another order differ by this much and mean the same
RELATIVE_ROUNDING = 1e-9


def metric_of(effect: Effect) -> str:
    """The registered metric that an effect is measured with; empty when nobody can measure it."""
    name = FORECASTS.get(effect.metric, effect.metric)
    return name if name in METRICS and name in DIRECTIONS else ""


def same(first: float, second: float) -> bool:
    """Equal but for rounding; absence equals absence."""
    if math.isnan(first) or math.isnan(second):
        return math.isnan(first) and math.isnan(second)
    return math.isclose(first, second, rel_tol=RELATIVE_ROUNDING, abs_tol=RELATIVE_ROUNDING)


def kept(effect: Effect, measured: float) -> bool:
    """Measured is as good as promised, less the margin. A number that is absent keeps no promise of one."""
    return kept_towards(effect, measured, DIRECTIONS[metric_of(effect)])


def kept_towards(effect: Effect, measured: float, direction: Better) -> bool:
    """:func:`kept` for a metric that improves in this direction."""
    if math.isnan(effect.after) or math.isnan(measured):
        return math.isnan(effect.after) and math.isnan(measured)
    worst = effect.after - direction.value * effect.margin
    return same(measured, worst) or direction.value * measured > direction.value * worst


def better(effect: Effect, value: float, than: float) -> bool:
    """Strictly better in the direction of the effect's metric, beyond rounding."""
    sign = DIRECTIONS[metric_of(effect)].value
    return sign * value > sign * than and not same(value, than)
