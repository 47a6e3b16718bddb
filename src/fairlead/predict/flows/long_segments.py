"""Epochs far apart are independent: a long horizon as segments that are computed apart (SWARM 3.4, "Reducing the
number of epochs").

Each segment is warmed up by the traffic right before it, answers for the flows that start in it, and runs on until
those have had time to finish. Segments are plain values, and ``segment_outcome`` a plain function of one, so whatever
maps functions over shards may map it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from fairlead.predict.flows.long import LongFlows, LongOutcome, LongRule, long_flows

Rows = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Segment:
    """A part of the time, with all flows that matter in it.

    flows        : those that start between ``begin_s`` and ``until_s``; its probes are those that it answers for
    rows, probes : their rows in the whole
    own          : [flows] it answers for this one
    """

    flows: LongFlows
    rule: LongRule
    rows: Rows
    probes: Rows
    own: NDArray[np.bool_]
    begin_s: float
    until_s: float


def segments(
    flows: LongFlows, rule: LongRule, from_s: float, until_s: float, *, count: int, warm_s: float, tail_s: float
) -> tuple[Segment, ...]:
    """[from_s, until_s) in ``count`` equal parts, each with ``warm_s`` before it and ``tail_s`` after.

    A warm-up shorter than flows last leaves out the oldest ones, a tail shorter than that cuts the last ones off: they
    have the throughput that they had until then. O(count x flows).
    """
    assert count >= 1
    assert min(warm_s, tail_s) >= 0
    edges = np.linspace(from_s, until_s, count + 1)
    found = []
    for first, last in pairwise(edges.tolist()):
        begin, end = max(first - warm_s, 0.0), last + tail_s
        rows = np.flatnonzero((flows.start_s >= begin) & (flows.start_s < end))
        probes = np.flatnonzero((flows.probe_s >= first) & (flows.probe_s < last))
        part = replace(
            flows,
            links=flows.links[rows],
            start_s=flows.start_s[rows],
            startup_s=flows.startup_s[rows],
            size_bytes=flows.size_bytes[rows],
            ceiling_mbps=flows.ceiling_mbps[rows],
            probe_links=flows.probe_links[probes],
            probe_s=flows.probe_s[probes],
        )
        own = (part.start_s >= first) & (part.start_s < last)
        found.append(Segment(flows=part, rule=rule, rows=rows, probes=probes, own=own, begin_s=begin, until_s=end))
    return tuple(found)


def segment_outcome(segment: Segment) -> LongOutcome:
    """What becomes of the flows of a segment, those that it does not answer for included."""
    return long_flows(segment.flows, segment.rule, segment.begin_s, segment.until_s)


def stitch(flows: LongFlows, parts: Sequence[Segment], outcomes: Sequence[LongOutcome]) -> LongOutcome:
    """The outcome of the whole: of each flow and probe from the segment that answers for it.

    Flows that no segment answers for have NaN, such probes 0. The order of the parts does not matter.
    """
    throughput, finish = np.full(len(flows.start_s), np.nan), np.full(len(flows.start_s), np.nan)
    utilisation, count = np.zeros(flows.probe_links.shape), np.zeros(flows.probe_links.shape)
    for part, outcome in zip(parts, outcomes, strict=True):
        rows = part.rows[part.own]
        throughput[rows], finish[rows] = outcome.throughput_mbps[part.own], outcome.finish_s[part.own]
        utilisation[part.probes], count[part.probes] = outcome.utilisation_ratio, outcome.flow_count
    return LongOutcome(throughput_mbps=throughput, finish_s=finish, utilisation_ratio=utilisation, flow_count=count)
