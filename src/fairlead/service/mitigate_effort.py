"""How closely ``fairlead mitigate plan`` looks: what the command line states, and what it leaves to the size of the
network, so that a fabric of any size is ranked in a minute or two.

A sample of one second of a large fabric has more flows than one of a minute of a small one, and its percentiles are as
well known. So the time is shortened first: it costs little as long as it is many times the life of a flow. Parts come
last, for they distort: a flow that is alone on a link has but a part of it (``predict.flows.downscaling``).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from fairlead.model import Arrivals, FabricLinks, Flows, Nodes, Snapshot, UsageError
from fairlead.predict.flows.confidence import dkw_error, routing_counts, sample_counts
from fairlead.predict.flows.demand import Sampling
from fairlead.predict.flows.estimate import Effort, demand_count
from fairlead.predict.flows.sample import Rule
from fairlead.predict.flows.uncertain import arrivals_at_load
from fairlead.predict.flows.workload import mean_size_bytes

DEMANDS, SAMPLES = 16, 64
MEASURED_S, WARM_UP_S = 20.0, 10.0
SAMPLE_FLOWS = 40_000
"""Flows of a sample, warm-up included, that are not exceeded unless the command line says so. On a Clos of 16,000
servers one state takes some 0.2 s for a sample of so many."""

LEAST_LIVES = 50.0
"""The measured time is not shortened below so many times the time that a flow of mean size takes on a server's link."""

_LIKELY_LOAD = 0.5  # where the arrivals are not known: the mean of the loads that demands draw


@dataclass(frozen=True, slots=True, kw_only=True)
class Stated:
    """What the command line states; None: it follows from the network, or is as usual.

    measured_s, warm_up_s    : of each demand; as much again as the warm-up follows, to keep the last flows company
    settle_s                 : of the warm-up, what each repair sees by itself (warm start); infinite: all of it
    distribution_error_ratio : how far from the true distribution that of the samples may be; instead of the counts
    confidence_ratio         : with which that holds
    """

    demand_count: int | None = None
    sample_count: int | None = None
    distribution_error_ratio: float | None = None
    confidence_ratio: float = 0.95
    measured_s: float | None = None
    warm_up_s: float | None = None
    settle_s: float = math.inf
    epoch_s: float = 0.2
    part_count: int | None = None
    segment_count: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """How closely it is looked, and why.

    sample_count : samples of a repair at most
    flow_count   : flows that a sample is expected to have, warm-up included
    because      : what the network's size has decided, in sentences; empty: nothing
    """

    effort: Effort
    sample_count: int
    flow_count: float
    because: tuple[str, ...]


def looked(stated: Stated, snapshot: Snapshot) -> Looked:
    """The effort for this network. UsageError where a distribution error and a count are stated both."""
    demands, samples = _counts(stated, snapshot)
    pinned = Flows in snapshot and snapshot[Flows].row_count > 0
    arrivals_per_s = 0.0 if pinned else _arrivals_per_s(snapshot)
    share = 1.0
    if stated.measured_s is None and stated.warm_up_s is None and not pinned:
        share = _share_of_time(snapshot, arrivals_per_s)
    measured_s = MEASURED_S * share if stated.measured_s is None else stated.measured_s
    warm_up_s = WARM_UP_S * share if stated.warm_up_s is None else stated.warm_up_s
    until_s = warm_up_s + measured_s
    sampling = Sampling(horizon_s=until_s + warm_up_s, from_s=warm_up_s, until_s=until_s)
    flows = arrivals_per_s * sampling.horizon_s
    if pinned:
        flows = float((snapshot[Flows].start_s < sampling.horizon_s).sum())
    parts = max(1, math.ceil(flows / SAMPLE_FLOWS)) if stated.part_count is None else stated.part_count
    because = []
    if share < 1.0:
        because.append(
            f"at {_rounded(arrivals_per_s)} flows a second {measured_s:.2g} s of traffic after a warm-up of "
            f"{warm_up_s:.2g} s say as much as a minute of a small network; --measured and --warm-up take more"
        )
    if parts > 1 and stated.part_count is None:
        because.append(
            f"a sample would have {_rounded(flows)} flows, so each takes one part in {parts} of traffic and capacity: "
            "throughputs are those of slower links, and compare repairs with each other; --parts 1 takes all"
        )
    effort = Effort(
        demand_count=demands,
        sampling=sampling,
        part_count=parts,
        rule=Rule(epoch_s=stated.epoch_s),
        settle_s=stated.settle_s,
        segment_count=stated.segment_count,
    )
    return Looked(effort=effort, sample_count=samples, flow_count=flows / parts, because=tuple(because))


def _counts(stated: Stated, snapshot: Snapshot) -> tuple[int, int]:
    """Demands, and samples at most."""
    if stated.distribution_error_ratio is None:
        demands, samples = stated.demand_count, stated.sample_count
        return DEMANDS if demands is None else demands, SAMPLES if samples is None else samples
    if stated.demand_count is not None or stated.sample_count is not None:
        raise UsageError(
            code="mitigate.two_counts",
            what="a distribution error says how many samples there are",
            where="--distribution-error",
            expected="either it, or --demands and --samples",
        )
    if not 0.0 < stated.confidence_ratio < 1.0:
        raise UsageError(
            code="mitigate.confidence",
            what="a number of samples follows from a confidence between 0 and 1",
            where="--confidence",
            got=f"{stated.confidence_ratio:g}",
            expected="neither 0 nor 1 beside --distribution-error",
        )
    counted = routing_counts if demand_count(snapshot, Effort(demand_count=2)) == 1 else sample_counts
    found = counted(stated.distribution_error_ratio, stated.confidence_ratio)
    return found.demands, found.demands * found.routings


def _arrivals_per_s(snapshot: Snapshot) -> float:
    if Arrivals in snapshot and snapshot[Arrivals].row_count:
        return float(snapshot[Arrivals].arrivals_per_s[0])
    return arrivals_at_load(snapshot, mean_size_bytes(snapshot), _LIKELY_LOAD)


def _share_of_time(snapshot: Snapshot, arrivals_per_s: float) -> float:
    """Of the usual times, so that a sample has no more than SAMPLE_FLOWS, but no less than LEAST_LIVES."""
    links, tier = snapshot[FabricLinks], snapshot[Nodes].tier
    uplinks = links.capacity_mbps[tier[links.source] == "server"]
    if not len(uplinks) or arrivals_per_s <= 0:
        return 1.0
    life_s = 8e-6 * mean_size_bytes(snapshot) / float(np.median(uplinks))
    fitting = SAMPLE_FLOWS / (arrivals_per_s * (MEASURED_S + 2 * WARM_UP_S))
    return min(1.0, max(fitting, LEAST_LIVES * life_s / MEASURED_S))


def _rounded(count: float) -> str:
    """``3,100``: two digits are enough."""
    size = 10 ** max(0, math.floor(math.log10(max(count, 1.0))) - 1)
    return f"{round(count / size) * size:,}"


def as_json(found: Looked, confidence_ratio: float, sample_count: int) -> dict[str, Any]:
    """What was looked at. ``sample_count``: of the best repair, in the end.

    The distribution error is that of as many independent samples as demands took part (several routings of one demand
    make it no worse); null where the confidence is 0 or 1.
    """
    effort, sampling = found.effort, found.effort.sampling
    stated = 0.0 < confidence_ratio < 1.0
    error = dkw_error(min(sample_count, effort.demand_count), confidence_ratio) if stated else None
    return {
        "demand_count": effort.demand_count,
        "sample_count": sample_count,
        "most_samples_count": found.sample_count,
        "distribution_error_ratio": error,
        "measured_s": round(sampling.until_s - sampling.from_s, 6),
        "warm_up_s": round(sampling.from_s, 6),
        "settle_s": round(min(effort.settle_s, sampling.from_s), 6),
        "part_count": effort.part_count,
        "segment_count": effort.segment_count,
        "flows_per_sample_count": round(found.flow_count),
        "because": list(found.because),
    }
