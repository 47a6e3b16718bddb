"""`fairlead reproduce mitigate`: SWARM's 57 incidents, every method's penalty by the reference simulator (4.2).

The estimator and the truth see different demands. "Best" is the best by the truth, by the comparator's own rule, of
all repairs that the planner ranks after the last failure and of all networks that a method ends in.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairlead.model import BadInputError, Budget, Planner, Snapshot
from fairlead.planners.mitigate import COMPARATORS, Comparator, Mitigate
from fairlead.planners.mitigate.bound import healed
from fairlead.planners.mitigate.peers import RIVALS
from fairlead.predict.flows.clp import CLP_METRICS
from fairlead.predict.flows.estimate import Effort, FlowEstimator
from fairlead.predict.flows.transport import shipped
from fairlead.service.mitigate_accuracy import accuracy, resolution
from fairlead.service.mitigate_cases import (
    CONGESTION_CONTROL,
    Walk,
    broken,
    choices_of,
    cut_off,
    healthy_network,
    incidents,
    walked,
)
from fairlead.service.mitigate_estimates import KeptEstimates
from fairlead.service.mitigate_paper import PAPER
from fairlead.service.mitigate_penalties import Verdict, percent, standard_error
from fairlead.service.mitigate_summary import aims, by_family
from fairlead.service.mitigate_truth import Course, best_of, certainty, true_metrics
from fairlead.service.mitigate_yardstick import DEMANDS, SAMPLES, SAMPLING, TRUTH_SEED
from fairlead.service.packet_level import packet_level
from fairlead.service.reproduce import Progress, provenance
from fairlead.worlds.fabric import Scenario
from fairlead.worlds.overlay import data_dir

Reals = NDArray[np.float64]

FAIRLEAD = "fairlead"
NO_ACTION = "no_action"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Story:
    """One incident: where each method ends, and the networks that could have been chosen, those that change little
    first."""

    incident: Scenario
    ends: Mapping[str, Walk]
    field: tuple[Snapshot, ...]


def reproduce_mitigate(seed: int, workers: int, traces: int, progress: Progress) -> dict[str, Any]:
    """Penalties of every method on the 57 incidents, beside the paper's; ``traces`` demands of the simulator."""
    healthy = healthy_network()
    result = reproduced(healthy, incidents(healthy), seed, workers, traces, progress)
    try:
        return result | {"packet_level": packet_level(data_dir())}
    except BadInputError as missing:
        return result | {"packet_level": {"missing": str(missing)}}


def reproduced(
    healthy: Snapshot, found: Sequence[Scenario], seed: int, workers: int, traces: int, progress: Progress
) -> dict[str, Any]:
    """:func:`reproduce_mitigate` of these incidents only."""
    estimates = KeptEstimates(estimator=estimator(seed), sample_count=SAMPLES, workers=workers)
    stories = told(healthy, found, estimates, seed, progress)
    course = Course(trace_count=traces, first_seed=TRUTH_SEED + seed * 1_000, congestion_control=CONGESTION_CONTROL)
    states = {each.basis: each for each in (healthy, *(state for story in stories for state in story.field))}
    whole = {basis: state for basis, state in states.items() if not cut_off(state)}
    truth = true_metrics(whole, course, workers, partial(progress, "reference simulator"))
    estimates.prepare(whole.values(), partial(progress, "estimating"))
    judges = [each.against(truth[healthy.basis].mean(axis=0)) for each in COMPARATORS]
    verdicts = [row for story in stories for judge in judges for row in judged(story, judge, truth)]
    return {
        "families": by_family(verdicts),
        "aims": aims(verdicts),
        "no_action_ratio": {
            judge.name: _idle(each for each in verdicts if each.method == FAIRLEAD and each.comparator == judge.name)
            for judge in judges
        },
        "truth": resolution(stories_best(stories, judges, truth, seed), truth, course),
        "estimator": accuracy(estimates.means(whole.values()), np.stack([truth[each].mean(axis=0) for each in whole])),
        "incidents": [_incident_row(story, judges, truth, verdicts) for story in stories],
        "effort": {
            "samples": SAMPLES,
            "demands": DEMANDS,
            "sample_s": [SAMPLING.from_s, SAMPLING.until_s, SAMPLING.horizon_s],
            "networks": len(whole),
        },
        "paper": dict(PAPER),
        "run": provenance(seed),
    }


def estimator(seed: int) -> FlowEstimator:
    """The estimator as this reproduction uses it."""
    return FlowEstimator(
        effort=Effort(demand_count=DEMANDS, sampling=SAMPLING),
        transport=shipped(),
        congestion_control=CONGESTION_CONTROL,
        seed=seed,
    )


def told(
    healthy: Snapshot, found: Sequence[Scenario], estimates: KeptEstimates, seed: int, progress: Progress
) -> list[Story]:
    """What every method does in every incident. Ours walks once for each comparator."""
    methods: dict[str, Planner[Any]] = {
        name_of(judge): Mitigate(estimate=estimates, demand_count=DEMANDS, comparator=judge) for judge in COMPARATORS
    }
    methods |= {rival.name: rival for rival in RIVALS}

    def prepare(seen: Sequence[Snapshot]) -> None:
        distinct = {each.basis: each for each in seen}.values()
        states = [
            each for snapshot in distinct for each in (healed(snapshot), snapshot, *choices_of(snapshot).values())
        ]
        estimates.prepare(states, partial(progress, "estimating"))

    walks = walked(healthy, found, methods, Budget(seed=seed, rounds=estimates.sample_count), prepare)
    stories = []
    for each in found:
        idle = broken(healthy, each)
        ends = {name: walks[each.name, name] for name in methods}
        ends[NO_ACTION] = Walk(state=idle, seen=idle, memory=None, acted=False)
        stories.append(Story(incident=each, ends=ends, field=_field(ends)))
    return stories


def name_of(judge: Comparator) -> str:
    """Our planner under a comparator, as a method of its own."""
    return f"{FAIRLEAD} {judge.name}"


def _field(ends: Mapping[str, Walk]) -> tuple[Snapshot, ...]:
    """Networks to choose from, at last: what the planner would rank, and where the methods end."""
    looked_at = {ends[name].seen.basis: ends[name].seen for name in (NO_ACTION, *map(name_of, COMPARATORS))}
    found: dict[str, Snapshot] = {}
    for snapshot in looked_at.values():
        found |= {state.basis: state for state in choices_of(snapshot).values()}
    found |= {walk.state.basis: walk.state for walk in ends.values()}
    return tuple(found.values())


def judged(story: Story, judge: Comparator, truth: Mapping[str, Reals]) -> list[Verdict]:
    """One verdict a method, against the best of the story by this comparator."""
    best = truth[_best(story, judge, truth).basis]
    rows = []
    for name, walk in story.ends.items():
        if name.startswith(FAIRLEAD) and name != name_of(judge):
            continue
        seen = truth.get(walk.state.basis)
        rows.append(
            Verdict(
                incident=story.incident.name,
                family=story.incident.family,
                method=FAIRLEAD if name.startswith(FAIRLEAD) else name,
                comparator=judge.name,
                acted=walk.acted,
                percent=None if seen is None else percent(seen.mean(axis=0), best.mean(axis=0), judge),
                standard_error=float("nan") if seen is None else standard_error(seen, best, judge),
            )
        )
    return rows


def _open(story: Story, truth: Mapping[str, Reals]) -> list[Snapshot]:
    return [each for each in story.field if each.basis in truth]


def _best(story: Story, judge: Comparator, truth: Mapping[str, Reals]) -> Snapshot:
    states = _open(story, truth)
    return states[best_of(np.stack([truth[each.basis].mean(axis=0) for each in states]), judge)]


def stories_best(
    stories: Sequence[Story], judges: Sequence[Comparator], truth: Mapping[str, Reals], seed: int
) -> dict[str, list[float]]:
    """By comparator, how sure the truth is of the best of each story."""
    found: dict[str, list[float]] = defaultdict(list)
    for story in stories:
        states = _open(story, truth)
        values = np.stack([truth[each.basis] for each in states])
        for judge in judges:
            best = best_of(values.mean(axis=1), judge)
            found[judge.name].append(certainty(values, judge, best, seed))
    return found


def _idle(verdicts: Any) -> float:
    return round(float(np.mean([not each.acted for each in verdicts])), 3)


def _incident_row(
    story: Story, judges: Sequence[Comparator], truth: Mapping[str, Reals], verdicts: Sequence[Verdict]
) -> dict[str, Any]:
    """The best and what each method came to, on the metric that the comparator looks at first."""
    row: dict[str, Any] = {"incident": story.incident.name, "family": story.incident.family}
    names = _names(story)
    for judge in judges:
        best = _best(story, judge, truth)
        mine = [each for each in verdicts if (each.incident, each.comparator) == (story.incident.name, judge.name)]
        row[judge.name] = {
            "best": names[best.basis],
            "fairlead": names[story.ends[name_of(judge)].state.basis],
            "best_metrics": dict(zip(CLP_METRICS, truth[best.basis].mean(axis=0).round(4).tolist(), strict=True)),
            "penalty_percent": {
                each.method: None if each.percent is None else round(each.percent["prioritised"], 2) for each in mine
            },
        }
    return row


def _names(story: Story) -> dict[str, str]:
    """Network -> its repair, of that in which nothing was done; else of where we had got; else whose it is."""
    found = {state.basis: name for name, state in choices_of(story.ends[NO_ACTION].seen).items()}
    for method in (each for each in story.ends if each.startswith(FAIRLEAD)):
        for name, state in choices_of(story.ends[method].seen).items():
            found.setdefault(state.basis, f"{name}, after {method}")
    for method, walk in story.ends.items():
        found.setdefault(walk.state.basis, f"as {method} leaves it")
    return found
