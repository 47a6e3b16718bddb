"""`loss_limited`: the throughput that loss alone leaves to a long flow, with real kernel TCP (SWARM appendix B)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairlead.service.measure_check import cubic_mbps
from fairlead.service.measure_tables import Point, dkw_error, quantile_rows
from fairlead.worlds.testbed.laboratory import Bench, Laboratory, laboratory
from fairlead.worlds.testbed.streams import Stream, Streamed, streamed
from fairlead.worlds.testbed.transfers import Transfer, carried

Reals = NDArray[np.float64]

NOT_LIMITED = 0.9
"""Share of the lossless throughput from which on a flow is not limited by loss (SWARM appendix B)."""

_PRIORITY = 50
_SAMPLE_BYTES = 2e6  # a sample is the mean over the time in which an ordinary flow carries this
_WINDOW_S = (0.25, 10.0)
_WINDOW_ROUND_TRIPS = 10
_WARM_UP_LOSSES, _WARM_UP_ROUND_TRIPS, _LONGEST_WARM_UP_S = 4, 20, 20.0
_PACKET_BITS = 1500 * 8
_FEW_FLOWS = 5  # a point with fewer flows gets fewer samples: its flows are fast, and each sample holds many losses
_LOADED_RATIO, _LOADED_MS = 1.3, 0.6  # round trips above this multiple and on top: the machine was too busy
_TOO_MUCH = 1.4  # so much more than was meant to be carried in one go is doubtful
_TOGETHER_MBPS = 700.0  # what flows in one go may add up to: a third of what the laboratory carries
_POINT_MBPS = 60.0  # what the flows of one point may add up to, if they are more than one
_MOST_FLOWS = 25
_SLOW_LOSS = 1e-2  # from here on the first glance at window-based controls is cheap enough to be taken together
_PILOT_S, _PILOT_ROUND_TRIPS, _PILOT_MORE_S, _PILOT_TOGETHER_S = 0.3, 16, 1.5, 6.0


@dataclass(frozen=True, slots=True, kw_only=True)
class LongGrid:
    """Conditions to measure, all combinations; the first loss ratio is 0, the yardstick."""

    delays_ms: tuple[float, ...] = (0.0, 0.5, 1.0, 5.0, 20.0, 100.0)
    loss_ratios: tuple[float, ...] = (0.0, 5e-5, 2e-4, 1e-3, 3e-3, 1e-2, 2e-2, 5e-2, 0.1, 0.15, 0.2)

    def __post_init__(self) -> None:
        assert self.loss_ratios[0] == 0, "the yardstick comes first"


@dataclass(frozen=True, slots=True)
class LongPoint:
    """One condition, as indices into the bench's lists."""

    congestion_control: str
    delay: int
    loss: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LongResult:
    """rows: of the table; evidence: what belongs into the provenance."""

    rows: list[tuple[str | float | int, ...]]
    evidence: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class _Campaign:
    made: Laboratory
    samples: int
    base_ms: list[float]
    pilot_mbps: dict[LongPoint, float] = field(default_factory=dict)
    measured: dict[LongPoint, Reals] = field(default_factory=dict)
    rtt_ms: dict[LongPoint, float] = field(default_factory=dict)
    window_s: dict[LongPoint, float] = field(default_factory=dict)
    repeated: list[LongPoint] = field(default_factory=list)

    def loaded_ms(self, point: LongPoint) -> float:
        """A smoothed round trip above this shows a machine that was too busy."""
        return _LOADED_RATIO * self.base_ms[point.delay] + _LOADED_MS


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
        campaign = _Campaign(made, samples, _base_round_trips_ms(made))
        _glances(campaign, points, watch)
        limited = [point for point in points if point.loss and _is_limited(campaign, point)]
        groups = _groups(campaign, limited)
        for done, group in enumerate(groups):
            _measure(campaign, group)
            if watch is not None:
                watch(len(points) + len(points) * (done + 1) // len(groups), 2 * len(points))
        again = {point: _glance(campaign, [point])[0] for point in points if not point.loss}
        record = made.relay_record
    held = {point: found for point, found in campaign.measured.items() if _holds(campaign, point, again)}
    rows = quantile_rows({_key(campaign, point): held[point] for point in sorted(held, key=_order)})
    evidence = _evidence(campaign, again) | {
        "rtt_ms": {f"{added} ms added": rtt for added, rtt in zip(grid.delays_ms, campaign.base_ms, strict=True)},
        "repeated_alone": [_label(made, point) for point in sorted(campaign.repeated, key=_order)],
        "not_loss_limited": [_label(made, p) for p in sorted(points, key=_order) if p.loss and p not in held],
        "relay": {"packets": record.packet_count, "lost": record.lost_count},
    }
    return LongResult(rows=rows, evidence=evidence)


def _holds(campaign: _Campaign, point: LongPoint, again: dict[LongPoint, float]) -> bool:
    """Whether loss limited it: well below the smaller of its lossless throughputs, before and after."""
    lossless_mbps = min(_baseline(campaign, point), again[LongPoint(point.congestion_control, point.delay, 0)])
    return float(np.median(campaign.measured[point])) < NOT_LIMITED * lossless_mbps


def _evidence(campaign: _Campaign, again: dict[LongPoint, float]) -> dict[str, Any]:
    def told(values: dict[LongPoint, float], digits: int) -> dict[str, float]:
        return {_label(campaign.made, point): round(values[point], digits) for point in sorted(values, key=_order)}

    return {
        "samples": told({point: len(values) for point, values in campaign.measured.items()}, 0),
        "dkw_error": told({point: dkw_error(len(values)) for point, values in campaign.measured.items()}, 3),
        "window_s": told(campaign.window_s, 2),
        "smoothed_rtt_ms": told(campaign.rtt_ms, 3),
        "lossless_before_mbps": told({point: campaign.pilot_mbps[point] for point in again}, 1),
        "lossless_after_mbps": told(again, 1),
    }


def _order(point: LongPoint) -> tuple[str, int, int]:
    return point.congestion_control, point.delay, point.loss


def _key(campaign: _Campaign, point: LongPoint) -> Point:
    return point.congestion_control, campaign.base_ms[point.delay], campaign.made.bench.loss_ratios[point.loss]


def _glances(campaign: _Campaign, points: list[LongPoint], watch: Callable[[int, int], None] | None) -> None:
    losses = campaign.made.bench.loss_ratios
    slow = [p for p in points if p.congestion_control != "bbr" and p.delay and losses[p.loss] >= _SLOW_LOSS]
    campaign.pilot_mbps |= dict(zip(slow, _glance(campaign, slow), strict=True))
    for done, point in enumerate(points):
        if point not in campaign.pilot_mbps:
            campaign.pilot_mbps[point] = _glance(campaign, [point])[0]
        if watch is not None:
            watch(done, 2 * len(points))


def _base_round_trips_ms(made: Laboratory) -> list[float]:
    """[delays] median of handshakes in an idle laboratory."""
    found = []
    for delay, delay_ms in enumerate(made.bench.delays_ms):
        gap_s = 0.003 + delay_ms / 1e3
        probes = [
            Transfer(
                start_s=0.2 + gap_s * number,
                source=made.senders[0],
                target=made.receiver,
                address=made.address(delay, 0),
                port=made.port(0),
                size_bytes=1,
                congestion_control="reno",
            )
            for number in range(100)
        ]
        got = carried(probes, 5.0, _PRIORITY)
        found.append(round(float(np.median(got.connect_s - got.begin_s)) * 1e3, 3))
    return found


def _stream(campaign: _Campaign, point: LongPoint) -> Stream:
    made = campaign.made
    return Stream(
        source=made.senders[0],
        target=made.receiver,
        address=made.address(point.delay, 0),
        port=made.port(point.loss),
        congestion_control=point.congestion_control,
    )


def _glance(campaign: _Campaign, points: list[LongPoint]) -> list[float]:
    """Throughput of one flow for each of these, all at once, for a short time."""
    if not points:
        return []
    bench = campaign.made.bench
    time_s = _PILOT_S + _PILOT_ROUND_TRIPS * max(bench.delays_ms[point.delay] for point in points) / 1e3
    losses = [bench.loss_ratios[point.loss] for point in points]
    if len(points) > 1:
        time_s += _PILOT_TOGETHER_S
    elif losses[0] == 0 or losses[0] >= _SLOW_LOSS:  # the yardstick; and where one time-out would be the whole glance
        time_s += _PILOT_MORE_S
    got = streamed([_stream(campaign, point) for point in points], time_s / 2, time_s / 2, 1, _PRIORITY)
    return [float(rate) for rate in got.throughput_mbps[:, 0]]


def _baseline(campaign: _Campaign, point: LongPoint) -> float:
    return campaign.pilot_mbps[LongPoint(point.congestion_control, point.delay, 0)]


def _is_limited(campaign: _Campaign, point: LongPoint) -> bool:
    return campaign.pilot_mbps[point] < NOT_LIMITED * _baseline(campaign, point)


def _flow_count(campaign: _Campaign, point: LongPoint) -> int:
    return int(np.clip(_POINT_MBPS / max(1e-3, campaign.pilot_mbps[point]), 1, _MOST_FLOWS))


def _groups(campaign: _Campaign, points: list[LongPoint]) -> list[list[LongPoint]]:
    """Points that run together: alike in how long their samples take, and never too much in sum. BBR runs alone.

    BBR fills what it finds and leaves to others what their losses leave them.
    """
    groups: list[list[LongPoint]] = []
    total_mbps, window_s = np.inf, 0.0
    shared = [point for point in points if point.congestion_control != "bbr"]
    for point in sorted(shared, key=lambda p: campaign.pilot_mbps[p]):
        rate_mbps = max(1.0, campaign.pilot_mbps[point]) * _flow_count(campaign, point)
        if total_mbps + rate_mbps > _TOGETHER_MBPS or window_s > 4 * _window_s(campaign, point):
            groups.append([])
            total_mbps, window_s = 0.0, _window_s(campaign, point)
        groups[-1].append(point)
        total_mbps += rate_mbps
    return groups + [[point] for point in points if point.congestion_control == "bbr"]


def _window_s(campaign: _Campaign, point: LongPoint) -> float:
    least_s = max(_WINDOW_S[0], _WINDOW_ROUND_TRIPS * campaign.made.bench.delays_ms[point.delay] / 1e3)
    return float(np.clip(_SAMPLE_BYTES * 8e-6 / max(1e-3, campaign.pilot_mbps[point]), least_s, _WINDOW_S[1]))


def _warm_up_s(campaign: _Campaign, point: LongPoint) -> float:
    """Slow start, and then some losses, until nothing is left of where slow start ended."""
    delay_ms, loss = campaign.made.bench.delays_ms[point.delay], campaign.made.bench.loss_ratios[point.loss]
    expected_mbps = min(campaign.pilot_mbps[point], cubic_mbps(max(delay_ms, 0.1), loss))
    losses_s = _WARM_UP_LOSSES / loss * _PACKET_BITS / (max(1e-3, expected_mbps) * 1e6)
    return 1.0 + _WARM_UP_ROUND_TRIPS * delay_ms / 1e3 + min(losses_s, _LONGEST_WARM_UP_S)


def _measure(campaign: _Campaign, group: list[LongPoint]) -> None:
    """One go; points whose round trips show that the go was too much for the laboratory are repeated, each alone."""
    found = _one_go(campaign, group)
    carried_mbps = sum(float(found[point].mean()) * _flow_count(campaign, point) for point in group)
    if len(group) > 1 and carried_mbps > _TOO_MUCH * _TOGETHER_MBPS:
        for point in group:
            # not by its round trip alone: windows of one packet meet delayed acknowledgements
            if campaign.rtt_ms[point] > campaign.loaded_ms(point):
                campaign.repeated.append(point)
                found |= _one_go(campaign, [point])
    campaign.measured |= found


def _one_go(campaign: _Campaign, group: list[LongPoint]) -> dict[LongPoint, Reals]:
    window_s = max(_window_s(campaign, point) for point in group)
    flows = [point for point in group for _ in range(_flow_count(campaign, point))]
    fewest = min(_flow_count(campaign, point) for point in group)
    windows = max(4, -(-campaign.samples // max(fewest, _FEW_FLOWS)))
    warm_up_s = max(_warm_up_s(campaign, point) for point in group)
    got = streamed([_stream(campaign, point) for point in flows], warm_up_s, window_s, windows, _PRIORITY)
    for point in group:
        campaign.window_s[point] = window_s
        campaign.rtt_ms[point] = _median_rtt_ms(got, [at for at, other in enumerate(flows) if other == point])
    return {
        point: got.throughput_mbps[[at for at, other in enumerate(flows) if other == point]].ravel() for point in group
    }


def _median_rtt_ms(got: Streamed, flows: list[int]) -> float:
    told = got.rtt_ms[flows]
    return float(np.median(told[np.isfinite(told)])) if np.isfinite(told).any() else float("nan")


def _label(made: Laboratory, point: LongPoint) -> str:
    delay_ms, loss_ratio = made.bench.delays_ms[point.delay], made.bench.loss_ratios[point.loss]
    return f"{point.congestion_control}, {delay_ms} ms added, loss {loss_ratio}"
