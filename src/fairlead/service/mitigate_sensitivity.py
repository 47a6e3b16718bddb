"""`fairlead reproduce mitigate --sensitivity`: where wrong inputs flip the decision, and what the mistake costs.

SWARM D.1 and D.2 on the network of its Figure 1: the planner is told something else than what is true, or looks less
closely; what it chooses then is judged by the reference simulator.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from math import inf
from typing import Any

from fairlead.model import Arrivals, FlowSizes, Snapshot, apply_edits
from fairlead.planners.mitigate.decision import with_arrivals
from fairlead.predict.flows.estimate import Effort, FlowEstimator
from fairlead.predict.flows.sample import Rule
from fairlead.predict.flows.transport import CONGESTION_CONTROLS, Transport, shipped
from fairlead.predict.flows.workload import mean_size_bytes
from fairlead.service.mitigate_cases import broken, choices_of, healthy_network, incidents
from fairlead.service.mitigate_sizes import SizesKnown, known_sizes
from fairlead.service.mitigate_told import Told, Truth, excess, outcome, told_of, true_of
from fairlead.service.mitigate_truth import Course
from fairlead.service.mitigate_yardstick import DEMANDS, SAMPLES, SAMPLING, TRUTH_SEED, without_queueing
from fairlead.service.reproduce import Progress, provenance
from fairlead.worlds.fabric import HIGH_DROP_RATIO, LOW_DROP_RATIO, disabled_link, lossy_link

TRACES = 3
LINK = ("C0", "B0")
NOTHING, DISABLE = "none", "disable"

HALF_DECADES = tuple(5e-6 * 10 ** (step / 2) for step in range(10))
"""True drop ratios: 5e-6 to 1.6e-1."""
DROP_STEPS = {"0.1": -2, "0.3": -1, "1": 0, "3": 1, "10": 2}
"""What the planner is told, as a factor (in half decades) of the true drop ratio."""
RATE_FACTORS = (0.5, 0.75, 1.0, 1.25, 1.5)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Inquiry:
    """One question: truths and what is told, by name, and how the answer is put together from both."""

    truths: Mapping[str, Truth]
    told: Mapping[str, Told]
    answer: Callable[[Mapping[str, Any], Mapping[str, Any]], Any]


def mitigate_sensitivity(seed: int, workers: int, progress: Progress) -> dict[str, Any]:
    """All five inquiries; truth and estimates are computed together, so that all workers have something to do."""
    return answered(inquiries(healthy_network(), seed), seed, workers, progress)


def answered(asked: Mapping[str, Inquiry], seed: int, workers: int, progress: Progress) -> dict[str, Any]:
    """:func:`mitigate_sensitivity` of these inquiries only."""
    truths = {f"{name}/{key}": each for name, one in asked.items() for key, each in one.truths.items()}
    told = {f"{name}/{key}": each for name, one in asked.items() for key, each in one.told.items()}
    course = Course(trace_count=TRACES, first_seed=TRUTH_SEED + seed * 1_000)
    true = true_of(truths, course, workers, partial(progress, "reference simulator"))
    heard = told_of(told, workers, partial(progress, "estimating"))
    result = {
        name: one.answer(
            {key: true[f"{name}/{key}"] for key in one.truths}, {key: heard[f"{name}/{key}"] for key in one.told}
        )
        for name, one in asked.items()
    }
    effort = {
        "traces": TRACES,
        "samples": SAMPLES,
        "measured_s": [course.from_s, course.until_s],
        "arrivals_per_s": float(healthy_network()[Arrivals].arrivals_per_s[0]),
    }
    return result | {"effort": effort, "run": provenance(seed)}


def inquiries(healthy: Snapshot, seed: int) -> dict[str, Inquiry]:
    """The five of SWARM D.1 and D.2."""
    ask = partial(_estimator, seed=seed)
    return {
        "drop_ratio": drop_inquiry(healthy, ask()),
        "arrivals": rate_inquiry(healthy, ask()),
        "flow_sizes": size_inquiry(healthy, ask()),
        "congestion_control": control_inquiry(healthy, ask),
        "design": design_inquiry(healthy, ask),
    }


def _estimator(
    congestion_control: str = "cubic", *, seed: int, effort: Effort | None = None, transport: Transport | None = None
) -> FlowEstimator:
    return FlowEstimator(
        effort=effort or Effort(demand_count=DEMANDS, sampling=SAMPLING),
        transport=transport or shipped(),
        congestion_control=congestion_control,
        seed=seed,
    )


def two_choices(healthy: Snapshot, drop_ratio: float) -> dict[str, Snapshot]:
    """A lossy T0 - T1 link, left alone or disabled."""
    lossy = apply_edits(healthy, lossy_link(healthy, *LINK, drop_ratio))
    return {NOTHING: lossy, DISABLE: apply_edits(lossy, disabled_link(lossy, *LINK))}


def drop_inquiry(healthy: Snapshot, estimator: FlowEstimator) -> Inquiry:
    """The planner is told a wrong drop ratio (D.1, Figure A.2a)."""
    ratios = {step: 5e-6 * 10 ** (step / 2) for step in range(-2, len(HALF_DECADES) + 2)}
    told = {
        str(step): Told(candidates=two_choices(healthy, min(ratio, 0.9)), estimator=estimator, sample_count=SAMPLES)
        for step, ratio in ratios.items()
    }
    truths = {str(step): Truth(candidates=two_choices(healthy, ratio)) for step, ratio in enumerate(HALF_DECADES)}

    def answer(true: Mapping[str, Any], heard: Mapping[str, Any]) -> list[dict[str, Any]]:
        return [
            {
                "drop_ratio": round(ratio, 9),
                "none_over_disable_percent": {
                    "true": excess(true[str(step)], NOTHING, DISABLE),
                    "estimated": excess(heard[str(step)], NOTHING, DISABLE),
                },
                "told": {
                    factor: outcome(heard[str(step + shift)], true[str(step)]) for factor, shift in DROP_STEPS.items()
                },
            }
            for step, ratio in enumerate(HALF_DECADES)
        ]

    return Inquiry(truths=truths, told=told, answer=answer)


def rate_inquiry(healthy: Snapshot, estimator: FlowEstimator) -> Inquiry:
    """The planner is told a wrong arrival rate, at two severities (D.1, Figure A.2b)."""
    levels = {"high": HIGH_DROP_RATIO, "low": LOW_DROP_RATIO}
    cases = {
        f"{level} x{factor:g}": two_choices(with_arrivals(healthy, factor), ratio)
        for level, ratio in levels.items()
        for factor in RATE_FACTORS
    }

    def answer(true: Mapping[str, Any], heard: Mapping[str, Any]) -> dict[str, Any]:
        return {
            level: [
                {
                    "true_factor": factor,
                    "none_over_disable_percent": {
                        "true": excess(true[f"{level} x{factor:g}"], NOTHING, DISABLE),
                        "estimated": excess(heard[f"{level} x{factor:g}"], NOTHING, DISABLE),
                    },
                    "told": {
                        f"{other:g}": outcome(heard[f"{level} x{other:g}"], true[f"{level} x{factor:g}"])
                        for other in RATE_FACTORS
                    },
                }
                for factor in RATE_FACTORS
            ]
            for level in levels
        }

    return Inquiry(
        truths={name: Truth(candidates=each) for name, each in cases.items()},
        told={name: Told(candidates=each, estimator=estimator, sample_count=SAMPLES) for name, each in cases.items()},
        answer=answer,
    )


def size_inquiry(healthy: Snapshot, estimator: FlowEstimator) -> Inquiry:
    """The planner is told another distribution of flow sizes, at as many flows or as many bytes a second."""
    levels = {"high": HIGH_DROP_RATIO, "low": LOW_DROP_RATIO}
    known, missing = known_sizes()
    networks = _told_sizes(healthy, known)
    told = {
        f"{level}, {name}": Told(
            candidates=two_choices(network, ratio), estimator=estimator, sample_count=max(4, SAMPLES // 2)
        )
        for level, ratio in levels.items()
        for name, network in networks.items()
    }

    def answer(true: Mapping[str, Any], heard: Mapping[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = {
            level: {name: outcome(heard[f"{level}, {name}"], true[level]) for name in networks} for level in levels
        }
        return found | ({"missing": missing} if missing else {})

    truths = {level: Truth(candidates=two_choices(healthy, ratio)) for level, ratio in levels.items()}
    return Inquiry(truths=truths, told=told, answer=answer)


def _told_sizes(healthy: Snapshot, known: SizesKnown) -> dict[str, Snapshot]:
    """Web search as it is, other measured ones, and none at all (maximum entropy)."""
    found = {"web search (true)": healthy}
    nothing = FlowSizes.of(size_bytes=(), cdf_ratio=())
    tables = {**known, "maximum entropy": nothing}
    for name, table in tables.items():
        as_many = healthy.replaced(table)
        found[f"{name}, as many flows"] = as_many
        found[f"{name}, as many bytes"] = with_arrivals(as_many, mean_size_bytes(healthy) / mean_size_bytes(as_many))
    return found


def control_inquiry(healthy: Snapshot, ask: Callable[..., FlowEstimator]) -> Inquiry:
    """Servers run another congestion control than the planner was told; two lossy links (D.1, Figure A.3)."""
    first = apply_edits(healthy, lossy_link(healthy, *LINK, LOW_DROP_RATIO))
    both = apply_edits(first, lossy_link(first, "B1", "A2", HIGH_DROP_RATIO))
    choices = choices_of(both)
    told = {name: Told(candidates=choices, estimator=ask(name), sample_count=SAMPLES) for name in CONGESTION_CONTROLS}

    def answer(true: Mapping[str, Any], heard: Mapping[str, Any]) -> dict[str, Any]:
        return {
            f"true {really}": {f"told {name}": outcome(heard[name], true[really]) for name in told}
            for really in CONGESTION_CONTROLS
        }

    truths = {name: Truth(candidates=choices, congestion_control=name) for name in CONGESTION_CONTROLS}
    return Inquiry(truths=truths, told=told, answer=answer)


def design_inquiry(healthy: Snapshot, ask: Callable[..., FlowEstimator]) -> Inquiry:
    """What the parts of the estimator are worth (D.2): epochs, many samples, queueing.

    Two incidents: a T0 - T1 and a T1 - T2 that lose packets at different rates; and D.2's own, C0-B0 disabled for its
    losses when C0-B1 begins to lose as much.
    """
    two = broken(healthy, next(each for each in incidents(healthy) if each.name == "low C0-B0 then high B1-A2"))
    lossy = apply_edits(healthy, lossy_link(healthy, *LINK, HIGH_DROP_RATIO))
    disabled = apply_edits(lossy, disabled_link(lossy, *LINK))
    again = apply_edits(disabled, lossy_link(disabled, "C0", "B1", HIGH_DROP_RATIO))
    cases = {"two lossy links": choices_of(two), "lossy beside a disabled link": choices_of(again)}
    whole = Effort(demand_count=DEMANDS, sampling=SAMPLING)
    single = replace(whole, rule=Rule(epoch_s=inf, turnover_ratio=inf))
    ways: dict[str, tuple[FlowEstimator, int]] = {
        "as shipped": (ask(), SAMPLES),
        "single epoch": (ask(effort=single), SAMPLES),
        "without queueing": (ask(transport=without_queueing(shipped())), SAMPLES),
        **{f"single sample {number}": (replace(ask(), seed=1_000 + number), 1) for number in range(5)},
    }
    told = {
        f"{case}/{way}": Told(candidates=choices, estimator=estimator, sample_count=count)
        for case, choices in cases.items()
        for way, (estimator, count) in ways.items()
    }

    def answer(true: Mapping[str, Any], heard: Mapping[str, Any]) -> dict[str, Any]:
        return {case: {way: outcome(heard[f"{case}/{way}"], true[case]) for way in ways} for case in cases}

    truths = {case: Truth(candidates=choices) for case, choices in cases.items()}
    return Inquiry(truths=truths, told=told, answer=answer)
