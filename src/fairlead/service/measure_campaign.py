"""A campaign over long flows: a glance at each condition, then those that loss limits, several together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from fairlead.service.measure_check import cubic_mbps
from fairlead.worlds.testbed.laboratory import Laboratory
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


@dataclass(frozen=True, slots=True)
class LongPoint:
    """One condition, as indices into the bench's lists."""

    congestion_control: str
    delay: int
    loss: int


@dataclass(slots=True)
class LongCampaign:
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


def in_order(point: LongPoint) -> tuple[str, int, int]:
    """Sorts points by congestion control, delay, loss."""
    return point.congestion_control, point.delay, point.loss


def glances(campaign: LongCampaign, points: list[LongPoint], watch: Callable[[int, int], None] | None) -> None:
    """A glance at every point: those that are surely slow all at once, the others alone."""
    losses = campaign.made.bench.loss_ratios
    slow = [p for p in points if p.congestion_control != "bbr" and p.delay and losses[p.loss] >= _SLOW_LOSS]
    campaign.pilot_mbps |= dict(zip(slow, glance(campaign, slow), strict=True))
    for done, point in enumerate(points):
        if point not in campaign.pilot_mbps:
            campaign.pilot_mbps[point] = glance(campaign, [point])[0]
        if watch is not None:
            watch(done, 2 * len(points))


def idle_round_trips_ms(made: Laboratory) -> list[float]:
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


def _stream(campaign: LongCampaign, point: LongPoint) -> Stream:
    made = campaign.made
    return Stream(
        source=made.senders[0],
        target=made.receiver,
        address=made.address(point.delay, 0),
        port=made.port(point.loss),
        congestion_control=point.congestion_control,
    )


def glance(campaign: LongCampaign, points: list[LongPoint]) -> list[float]:
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


def is_limited(campaign: LongCampaign, point: LongPoint) -> bool:
    return (
        campaign.pilot_mbps[point]
        < NOT_LIMITED * campaign.pilot_mbps[LongPoint(point.congestion_control, point.delay, 0)]
    )


def _flow_count(campaign: LongCampaign, point: LongPoint) -> int:
    return int(np.clip(_POINT_MBPS / max(1e-3, campaign.pilot_mbps[point]), 1, _MOST_FLOWS))


def groups(campaign: LongCampaign, points: list[LongPoint]) -> list[list[LongPoint]]:
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


def _window_s(campaign: LongCampaign, point: LongPoint) -> float:
    least_s = max(_WINDOW_S[0], _WINDOW_ROUND_TRIPS * campaign.made.bench.delays_ms[point.delay] / 1e3)
    return float(np.clip(_SAMPLE_BYTES * 8e-6 / max(1e-3, campaign.pilot_mbps[point]), least_s, _WINDOW_S[1]))


def _warm_up_s(campaign: LongCampaign, point: LongPoint) -> float:
    """Slow start, and then some losses, until nothing is left of where slow start ended."""
    delay_ms, loss = campaign.made.bench.delays_ms[point.delay], campaign.made.bench.loss_ratios[point.loss]
    expected_mbps = min(campaign.pilot_mbps[point], cubic_mbps(max(delay_ms, 0.1), loss))
    losses_s = _WARM_UP_LOSSES / loss * _PACKET_BITS / (max(1e-3, expected_mbps) * 1e6)
    return 1.0 + _WARM_UP_ROUND_TRIPS * delay_ms / 1e3 + min(losses_s, _LONGEST_WARM_UP_S)


def measure(campaign: LongCampaign, group: list[LongPoint]) -> None:
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


def _one_go(campaign: LongCampaign, group: list[LongPoint]) -> dict[LongPoint, Reals]:
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


def label(made: Laboratory, point: LongPoint) -> str:
    """The point in words."""
    delay_ms, loss_ratio = made.bench.delays_ms[point.delay], made.bench.loss_ratios[point.loss]
    return f"{point.congestion_control}, {delay_ms} ms added, loss {loss_ratio}"
