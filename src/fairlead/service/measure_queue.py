"""`queue_delay`: how long one packet waits at a link, by its utilisation and its flows (SWARM appendix B)."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairlead.service.measure_tables import Point, dkw_error, quantile_rows
from fairlead.worlds.testbed.funnel import Funnel, FunnelSpec, Waited, funnel, waited

Reals = NDArray[np.float64]

_SPEC = FunnelSpec(rate_mbps=100.0, buffer_bytes=150_000.0, round_trip_ms=2.0, senders=32)
"""A bottleneck with a buffer six times what its round trip holds, as 333 Mbit/s, 0.6 ms and 100 packets are."""

_PRIORITY = 50
_WARM_UP_S, _FULL_WARM_UP_S = 1.2, 3.0
_GAP_S = 0.01
_ROUNDS = 3  # flows that are held back keep the rhythm in which they met: some fresh meetings
_FULL_MORE = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueGrid:
    """Conditions to measure, all combinations. From utilisation 1 on nothing holds the flows back; at most 32 flows."""

    utilisation_ratios: tuple[float, ...] = tuple(step / 10 for step in range(1, 11))
    flow_counts: tuple[int, ...] = (1, 2, 4, 8, 16, 32)


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueResult:
    """rows: of the table; evidence: what belongs into the provenance."""

    rows: list[tuple[str | float | int, ...]]
    evidence: dict[str, Any] = field(default_factory=dict)


def queue_delay(
    grid: QueueGrid,
    congestion_controls: tuple[str, ...],
    probes: int,
    seed: int,
    watch: Callable[[int, int], None] | None = None,
) -> QueueResult:
    """Measure it; one funnel for each congestion control, all of them at work together.

    probes: packets for each point, in rounds with fresh flows; three times as many where nothing holds the flows back.
    Takes about 3.6 s + ``probes`` x 10 ms for each load, three times that without hold. Needs root.
    """
    generator = np.random.default_rng(seed)
    answers: dict[Point, list[Waited]] = {}
    with contextlib.ExitStack() as held:
        funnels = [held.enter_context(funnel(_SPEC)) for _ in congestion_controls]
        before_ms = _idle_ms(funnels, congestion_controls, generator)
        loads = [(count, ratio) for ratio in grid.utilisation_ratios for count in grid.flow_counts] * _ROUNDS
        for done, (count, ratio) in enumerate(loads):
            warm_up_s, share = (_WARM_UP_S, 1) if ratio < 1 else (_FULL_WARM_UP_S, _FULL_MORE)
            times_s = (warm_up_s, share * probes * _GAP_S / _ROUNDS, _GAP_S)
            found = waited(funnels, congestion_controls, (count, ratio), times_s, generator, _PRIORITY)
            for control, answer in zip(congestion_controls, found, strict=True):
                answers.setdefault((control, ratio, count), []).append(answer)
            if watch is not None:
                watch(done + 1, len(loads))
        after_ms = _idle_ms(funnels, congestion_controls, generator)
    base_ms = dict(zip(congestion_controls, before_ms, strict=True))
    samples = {
        point: np.concatenate([_ratios(answer, base_ms[str(point[0])]) for answer in answers[point]])
        for point in sorted(answers)
    }
    evidence = {
        "rate_mbps": _SPEC.rate_mbps,
        "buffer_bytes": _SPEC.buffer_bytes,
        "rtt_added_ms": _SPEC.round_trip_ms,
        "rounds": _ROUNDS,
        "probes": {"held back": probes, "not held back": _FULL_MORE * probes},
        "dkw_error": {
            "held back": round(dkw_error(probes), 3),
            "not held back": round(dkw_error(_FULL_MORE * probes), 3),
        },
        "idle_delay_before_ms": [round(base, 3) for base in before_ms],
        "idle_delay_after_ms": [round(base, 3) for base in after_ms],
        "utilisation_reached": {_label(point): _reached(found) for point, found in answers.items()},
        "probes_lost_ratio": {_label(point): _lost(found) for point, found in answers.items() if _lost(found)},
    }
    return QueueResult(rows=quantile_rows(samples), evidence=evidence)


def _label(point: Point) -> str:
    control, ratio, count = point
    return f"{control}, {count} flows, utilisation {ratio}"


def _reached(found: list[Waited]) -> float:
    """Share of the bottleneck that the long flows used, headers included."""
    return round(float(np.mean([answer.carried_mbps for answer in found])) * 1500 / 1448 / _SPEC.rate_mbps, 3)


def _lost(found: list[Waited]) -> float:
    lost = sum(answer.lost_count for answer in found)
    return round(lost / max(1, lost + sum(len(answer.delay_ms) for answer in found)), 4)


def _ratios(answer: Waited, base_ms: float) -> Reals:
    """Wait over the time that a full buffer takes; a probe that found it full counts as all of it."""
    full_ms = _SPEC.buffer_bytes * 8e-3 / _SPEC.rate_mbps
    found = np.clip((answer.delay_ms - base_ms) / full_ms, 0.0, 1.0)
    return np.concatenate([found, np.ones(answer.lost_count)])


def _idle_ms(funnels: list[Funnel], controls: tuple[str, ...], generator: np.random.Generator) -> list[float]:
    idle = waited(funnels, controls, (0, 0.0), (0.1, 1.0, _GAP_S), generator, _PRIORITY)
    return [float(np.median(answer.delay_ms)) for answer in idle]
