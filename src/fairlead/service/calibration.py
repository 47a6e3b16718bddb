"""What the learned parts are worth, on cases that they were not trained on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairlead.model import Servers, Snapshot
from fairlead.planners.drain.failures import allowance, cover_problem, failures
from fairlead.planners.drain.features import server_features
from fairlead.planners.drain.goal import UNLIMITED
from fairlead.planners.drain.pair_features import PAIR_FEATURES, failed_pair_features
from fairlead.planners.drain.persistence import probabilities
from fairlead.planners.drain.ranked import ranked_removal
from fairlead.planners.drain.scores import sentry_scores
from fairlead.planners.drain.weights import Model
from fairlead.predict.overlay import failing_at, last_window
from fairlead.worlds.overlay import TimelineSpec, future_failures, observed, paper_cases, timeline_case

Reals = NDArray[np.float64]
Progress = Callable[[str, int, int], None]

HORIZON_WINDOWS = 3


def sentry_measures(model: Model, seed: int, progress: Progress) -> dict[str, Any]:
    """Ranked removal by the model's score beside HeuristicOffline, over the 150 test cases of the paper's generator."""
    cases = paper_cases(seed, "test")
    rows = []
    for number, case in enumerate(cases, start=1):
        fail_ratio = server_features(case.snapshot, 1)[:, 0, 0]
        rows.append(
            [*_removal(case.snapshot, sentry_scores(case.snapshot, model)), *_removal(case.snapshot, fail_ratio)]
        )
        progress("sentry: test cases", number, len(cases))
    success, servers, qoe, _, heuristic_servers, heuristic_qoe = np.mean(rows, axis=0).tolist()
    return {
        "test_cases": len(cases),
        "success_ratio": success,
        "servers_mean": servers,
        "qoe_mean": qoe,
        "heuristic_offline": {"servers_mean": heuristic_servers, "qoe_mean": heuristic_qoe},
        "qoe_over_heuristic": qoe / heuristic_qoe,
    }


def _removal(snapshot: Snapshot, score: NDArray[np.float32]) -> tuple[float, float, float]:
    """(1 if the SLO is met, servers taken offline, QoE cost) of removal in descending order of score."""
    found = failures(snapshot)
    slack = found.slack_count(UNLIMITED)
    problem = cover_problem(found, found.failed_count, slack, allowance(snapshot, UNLIMITED))
    taken = ranked_removal(problem, np.argsort(-score[found.server_rows], kind="stable"))
    offline = np.zeros(snapshot[Servers].row_count, dtype=bool)
    offline[found.server_rows[taken]] = True
    window, at = last_window(snapshot), failing_at(snapshot)
    left = window.failed_count[at][~offline[window.source[at]] & ~offline[window.target[at]]].sum()
    return float(left <= slack), float(len(taken)), float(found.cost[taken].sum())


def persistence_measures(
    model: Model, first_seed: int, world_count: int, paper_seed: int, progress: Progress
) -> dict[str, Any]:
    """The forecast beside simple rules, over moments whose future is known, and what it says of the paper's test cases.

    AUC-PR: of telling the pairs of which at least half the failed streams fail in a coming window.
    """
    probability, label, run_length = [], [], []
    for number in range(world_count):
        world, state = timeline_case(TimelineSpec(), first_seed + number)
        snapshot = observed(world, state)
        window, at = last_window(snapshot), failing_at(snapshot)
        future = future_failures(world, state, HORIZON_WINDOWS)[:, at]
        label.append(np.minimum(future / window.failed_count[at], 1.0).max(axis=0))
        probability.append(probabilities(snapshot, model))
        failed = failed_pair_features(snapshot, HORIZON_WINDOWS)[:, :, PAIR_FEATURES.index("failed_ratio")] > 0
        run_length.append(np.cumprod(failed[:, ::-1], axis=1).sum(axis=1))
        progress("persistence: test worlds", number + 1, world_count)
    paper = np.concatenate([probabilities(case.snapshot, model) for case in paper_cases(paper_seed, "test")])
    truth, learned, windows = (np.concatenate(parts).astype(np.float64) for parts in (label, probability, run_length))
    forecasts = {
        "learned": learned,
        "all_last": np.ones(len(truth)),
        "failing_2_windows": (windows >= 2).astype(np.float64),
        "share_of_windows": windows / HORIZON_WINDOWS,
    }
    return {
        "test_worlds": world_count,
        "test_pairs": len(truth),
        "label_mean": float(truth.mean()),
        "auc_pr": {name: average_precision(forecast, truth >= 0.5) for name, forecast in forecasts.items()},
        "brier": {name: float(np.mean((forecast - truth) ** 2)) for name, forecast in forecasts.items()},
        "reliability": reliability(learned, truth),
        "paper_cases": {
            "pairs": len(paper),
            "probability_min": float(paper.min()),
            "at_least_0.9_ratio": float(np.mean(paper >= 0.9)),
        },
    }


def average_precision(score: Reals, positive: NDArray[np.bool_]) -> float:
    """Area under the precision-recall curve, as the mean of precision over recall steps; equal scores step together."""
    order = np.argsort(-score, kind="stable")
    hits, ranks = np.cumsum(positive[order]), np.arange(1, len(order) + 1)
    steps = np.append(np.flatnonzero(np.diff(score[order])), len(order) - 1)
    recall = hits[steps] / max(1, int(hits[-1]))
    return float(np.sum(np.diff(recall, prepend=0.0) * hits[steps] / ranks[steps]))


def reliability(forecast: Reals, truth: Reals, bin_count: int = 10) -> list[dict[str, float]]:
    """For each tenth of the range of forecasts: how many, their mean, and what came true. Empty tenths are left out."""
    place = np.minimum((forecast * bin_count).astype(int), bin_count - 1)
    return [
        {
            "pairs": int(np.count_nonzero(place == row)),
            "forecast": float(forecast[place == row].mean()),
            "came_true": float(truth[place == row].mean()),
        }
        for row in range(bin_count)
        if np.any(place == row)
    ]
