"""How near the estimator is to the reference simulator, and how well that itself is resolved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import spearmanr

from fairlead.predict.flows.clp import CLP_METRICS
from fairlead.service.mitigate_truth import Course

Reals = NDArray[np.float64]

SURE = 0.95


def accuracy(estimated: Reals, true: Reals) -> dict[str, Any]:
    """Of each metric over networks [networks, metrics]: relative errors, and Spearman's rank correlation."""
    found: dict[str, Any] = {}
    for place, metric in enumerate(CLP_METRICS):
        ours, theirs = estimated[:, place], true[:, place]
        usable = np.isfinite(ours) & np.isfinite(theirs) & (theirs > 0)
        error = np.abs(ours[usable] / theirs[usable] - 1.0)
        found[metric] = {
            "error_median_percent": round(100 * float(np.median(error)), 1),
            "error_p90_percent": round(100 * float(np.quantile(error, 0.9)), 1),
            "ratio_median": round(float(np.median(ours[usable] / theirs[usable])), 3),
            "rank_correlation": round(float(spearmanr(ours[usable], theirs[usable]).statistic), 3),
        }
    return found


def resolution(certain: Mapping[str, Sequence[float]], truth: Mapping[str, Reals], course: Course) -> dict[str, Any]:
    """What the truth was looked at with, and its noise; ``certain``: by comparator, how sure it is of each best."""
    error = {}
    if course.trace_count > 1:
        values = np.stack(list(truth.values()))
        relative = values.std(axis=1, ddof=1) / np.sqrt(course.trace_count) / values.mean(axis=1)
        error = {
            metric: round(100 * float(np.median(relative[:, place])), 2) for place, metric in enumerate(CLP_METRICS)
        }
    return {
        "traces": course.trace_count,
        "measured_s": [course.from_s, course.until_s],
        "standard_error_percent": error,
        "best_is_sure_ratio": {
            name: round(float(np.mean(np.array(rows) >= SURE)), 3) for name, rows in certain.items()
        },
    }
