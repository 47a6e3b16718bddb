"""`loss_limited`: the throughput that loss alone leaves to a long flow, with real kernel TCP (SWARM appendix B)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairlead.service.measure_campaign import (
    NOT_LIMITED,
    LongCampaign,
    LongPoint,
    glance,
    glances,
    groups,
    idle_round_trips_ms,
    in_order,
    is_limited,
    label,
    measure,
)
from fairlead.service.measure_tables import Point, dkw_error, quantile_rows
from fairlead.worlds.testbed.laboratory import Bench, laboratory

Reals = NDArray[np.float64]

_RARE_TIME_OUTS = 2e-2  # up to this loss a flow's round trips are not those of windows of one packet


@dataclass(frozen=True, slots=True, kw_only=True)
class LongGrid:
    """Conditions to measure, all combinations; the first loss ratio is 0, the yardstick.

    Without the relay (0 ms) a busy sender meets its acknowledgements inside its own system call, so that there is no
    round trip to speak of: such rows are good for a look alone.
    """

    delays_ms: tuple[float, ...] = (0.5, 1.0, 5.0, 20.0, 100.0)
    loss_ratios: tuple[float, ...] = (0.0, 5e-5, 2e-4, 1e-3, 3e-3, 1e-2, 2e-2, 5e-2, 0.1, 0.15, 0.2)

    def __post_init__(self) -> None:
        assert self.loss_ratios[0] == 0, "the yardstick comes first"


@dataclass(frozen=True, slots=True, kw_only=True)
class LongResult:
    """rows: of the table; evidence: what belongs into the provenance."""

    rows: list[tuple[str | float | int, ...]]
    evidence: dict[str, Any] = field(default_factory=dict)


def loss_limited(
    grid: LongGrid,
    congestion_controls: tuple[str, ...],
    samples: int,
    watch: Callable[[int, int], None] | None = None,
) -> LongResult:
    """Measure it. samples: at least so many a point, a quarter where a flow needs much of the machine.

    First a glance at each point, lossless ones first and again last; then those that loss limits, together as far as
    they do not add up to a third of what the laboratory carries. Needs root.
    """
    bench = Bench(delays_ms=grid.delays_ms, loss_ratios=grid.loss_ratios)
    points = [
        LongPoint(control, delay, loss)
        for loss in range(len(grid.loss_ratios))
        for control in congestion_controls
        for delay in range(len(grid.delays_ms))
    ]
    with laboratory(bench) as made:
        campaign = LongCampaign(made, samples, idle_round_trips_ms(made))
        glances(campaign, points, watch)
        limited = [point for point in points if point.loss and is_limited(campaign, point)]
        together = groups(campaign, limited)
        for done, group in enumerate(together):
            measure(campaign, group)
            if watch is not None:
                watch(len(points) + len(points) * (done + 1) // len(together), 2 * len(points))
        again = {point: glance(campaign, [point])[0] for point in points if not point.loss}
        record = made.relay_record
    floor_mbps = min(*again.values(), *(campaign.pilot_mbps[point] for point in again))
    medians = {point: campaign.pilot_mbps[point] for point in points if point.loss}
    medians |= {point: float(np.median(found)) for point, found in campaign.measured.items()}
    held = {point: campaign.measured[point] for point in loss_held(medians, floor_mbps)}
    rtt_ms = _flows_round_trips_ms(campaign, held)
    keyed: dict[Point, Reals] = {
        (point.congestion_control, rtt_ms[point.delay], grid.loss_ratios[point.loss]): held[point]
        for point in sorted(held, key=in_order)
    }
    rows = quantile_rows(keyed)
    evidence = _evidence(campaign, again) | {
        "rtt_ms": {f"{added} ms added": rtt for added, rtt in zip(grid.delays_ms, rtt_ms, strict=True)},
        "idle_handshake_ms": dict(zip(map(str, grid.delays_ms), campaign.base_ms, strict=True)),
        "lossless_least_mbps": round(floor_mbps, 1),
        "repeated_alone": [label(made, point) for point in sorted(campaign.repeated, key=in_order)],
        "not_loss_limited": [label(made, p) for p in sorted(points, key=in_order) if p.loss and p not in held],
        "relay": {"packets": record.packet_count, "lost": record.lost_count},
    }
    return LongResult(rows=rows, evidence=evidence)


def loss_held(medians_mbps: dict[LongPoint, float], floor_mbps: float) -> list[LongPoint]:
    """Points that loss limited: well below the least lossless throughput of the campaign, and so at all larger losses.

    Departs: appendix B compares each point with its own lossless throughput; a shared machine moves that by a factor of
    two, so the least of all is the yardstick, and a point beyond one that reached it is a disturbance.
    """
    held: list[LongPoint] = []
    for point in sorted(medians_mbps, key=in_order, reverse=True):  # from the largest loss down
        larger = [p for p in medians_mbps if in_order(p)[:2] == in_order(point)[:2] and p.loss > point.loss]
        if medians_mbps[point] < NOT_LIMITED * floor_mbps and all(p in held for p in larger):
            held.append(point)
    return held


def _flows_round_trips_ms(campaign: LongCampaign, held: dict[LongPoint, Reals]) -> list[float]:
    """[delays] median of what flows' kernels saw, time-outs and BBR's queues left aside; idle where none is left."""
    found = []
    for delay, idle_ms in enumerate(campaign.base_ms):
        seen = [
            campaign.rtt_ms[point]
            for point in held
            if point.delay == delay
            and point.congestion_control != "bbr"
            and campaign.made.bench.loss_ratios[point.loss] <= _RARE_TIME_OUTS
        ]
        found.append(round(float(np.median(seen)), 3) if seen else idle_ms)
    return found


def _evidence(campaign: LongCampaign, again: dict[LongPoint, float]) -> dict[str, Any]:
    def told(values: dict[LongPoint, float], digits: int) -> dict[str, float]:
        return {label(campaign.made, point): round(values[point], digits) for point in sorted(values, key=in_order)}

    return {
        "samples": told({point: len(values) for point, values in campaign.measured.items()}, 0),
        "dkw_error": told({point: dkw_error(len(values)) for point, values in campaign.measured.items()}, 3),
        "window_s": told(campaign.window_s, 2),
        "smoothed_rtt_ms": told(campaign.rtt_ms, 3),
        "lossless_before_mbps": told({point: campaign.pilot_mbps[point] for point in again}, 1),
        "lossless_after_mbps": told(again, 1),
    }
