"""Penalties by family of incidents, comparator and method; and whether they are what was aimed at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from fairlead.service.mitigate_penalties import PRIORITISED, Verdict, summary

FAMILIES: Mapping[int, str] = {
    1: "packet corruption above the t0",
    2: "congestion",
    3: "packet corruption at a t0",
}

IN_PAPER: Mapping[int, tuple[str, ...]] = {
    1: ("netpilot_80", "netpilot_99", "corropt", "playbook"),
    2: ("netpilot",),
    3: ("playbook",),
}
"""Whom the paper compares with, by the beginning of their names (SWARM 4.2)."""

OURS, IDLE = "fairlead", "no_action"
MEDIAN_AIM_PERCENT = 1.0
MAX_AIM_PERCENT: Mapping[int, float] = {1: 9.0, 2: 9.0, 3: 29.0}


def by_family(verdicts: Sequence[Verdict]) -> dict[str, Any]:
    """Family -> comparator -> method -> its summary; rivals that the paper leaves out there are marked."""
    found: dict[str, Any] = {}
    for family, title in FAMILIES.items():
        mine = [each for each in verdicts if each.family == family]
        for comparator in dict.fromkeys(each.comparator for each in mine):
            here = [each for each in mine if each.comparator == comparator]
            cut = {each.incident for each in here if each.percent is None and _compared(family, each.method)}
            connected = {each.incident for each in here} - cut
            found.setdefault(title, {})[comparator] = {
                method: {
                    "in_paper": _compared(family, method),
                    **summary([each for each in here if each.method == method], connected),
                }
                for method in dict.fromkeys(each.method for each in here)
            }
    return found


def aims(verdicts: Sequence[Verdict]) -> dict[str, Any]:
    """Family -> comparator -> what our planner reaches on the prioritised metric, and whether that was the aim.

    worse_than_every_rival_count : incidents in which every rival that the paper compares with does better than ours,
                                   by more than twice the error of the truth
    """
    found: dict[str, Any] = {}
    for family, title in FAMILIES.items():
        mine = [each for each in verdicts if each.family == family]
        for comparator in dict.fromkeys(each.comparator for each in mine):
            here = [each for each in mine if each.comparator == comparator]
            found.setdefault(title, {})[comparator] = _reached(here, family)
    return found


def _reached(verdicts: Sequence[Verdict], family: int) -> dict[str, Any]:
    ours = {each.incident: each for each in verdicts if each.method == OURS}
    values = np.array([_prioritised(each) for each in ours.values()])
    rivals = [each for each in verdicts if each.method not in (OURS, IDLE) and _compared(family, each.method)]
    beaten = sum(_beaten(each, [one for one in rivals if one.incident == name]) for name, each in ours.items())
    least = min((_worst(rivals, method) for method in {each.method for each in rivals}), default=float("inf"))
    return {
        "median_percent": round(float(np.median(values)), 2),
        "max_percent": round(float(values.max()), 2),
        "median_reached": bool(np.median(values) <= MEDIAN_AIM_PERCENT),
        "max_reached": bool(values.max() <= MAX_AIM_PERCENT[family]),
        "max_of_best_rival_percent": round(least, 2) if np.isfinite(least) else None,
        "max_not_above_any_rival": bool(values.max() <= least + 1e-9),
        "worse_than_every_rival_count": int(beaten),
        "never_worse_than_every_rival": beaten == 0,
    }


def _compared(family: int, method: str) -> bool:
    return method in (OURS, IDLE) or method.startswith(IN_PAPER[family])


def _prioritised(verdict: Verdict) -> float:
    return float("inf") if verdict.percent is None else verdict.percent[PRIORITISED]


def _worst(verdicts: Sequence[Verdict], method: str) -> float:
    return max(_prioritised(each) for each in verdicts if each.method == method)


def _beaten(ours: Verdict, rivals: Sequence[Verdict]) -> bool:
    noise = 2 * np.nan_to_num(ours.standard_error)
    return bool(rivals) and all(_prioritised(each) < _prioritised(ours) - noise for each in rivals)
