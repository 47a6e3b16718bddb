"""Moments at which a planner must decide: the SLO is broken, by blips and by failures that last.

The composition is this generator's assumption, not a measurement. At the moment of decision:

- 1 + Poisson(0.5) structural failures in the proportion of Sentry's Table 1, and Poisson(8) single paths, that last;
  3 in 10 are new in the last window, others are 1, 2 or up to 60 windows old;
- Poisson(40) single paths, Poisson(1.5) parts of a server's paths and, in half the cases, paths at a congested data
  center, that blip;
- in a quarter of the cases each, a server or a group of single paths that slowly degrades.

Before and after, one single path begins to blip in every window in the mean, so a future is never quite clean: they
fail about a quarter of the streams that the SLO of 0.9999 lets fail.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from fairlead.worlds.overlay.courses import blip, blip_windows, degradation, persistent, seen_blip_windows
from fairlead.worlds.overlay.faults import Course, Fault, FaultKind, Hit, data_center_hit, part_of, server_hit
from fairlead.worlds.overlay.layout import OverlaySpec, overlay_network
from fairlead.worlds.overlay.network import Network
from fairlead.worlds.overlay.outbreak import path_hits, structural_hit
from fairlead.worlds.overlay.timeline import State, World, begin, step, success_ratio_of


def _default_overlay() -> OverlaySpec:
    return OverlaySpec(
        region_count=12, data_center_count=60, server_count=400, pair_count=20_000, stream_mean=6.0, failed_pair_ratio=0
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineSpec:
    """A world in time. The default carries about 120,000 streams, of which the SLO lets 12 fail.

    warm_up_window_count : windows before the moment of decision, the first included
    horizon_window_count : windows after it in which new blips still appear
    The rest are expected numbers at the moment of decision; background_blip_mean is a number in every window.
    """

    overlay: OverlaySpec = field(default_factory=_default_overlay)
    slo_ratio: float = 0.9999
    warm_up_window_count: int = 6
    horizon_window_count: int = 40
    structural_mean: float = 0.5
    persistent_path_mean: float = 8.0
    blip_path_mean: float = 40.0
    blip_server_mean: float = 1.5
    congestion_probability: float = 0.5
    degradation_probability: float = 0.25
    background_blip_mean: float = 1.0


BUSY_WORLD = TimelineSpec(
    overlay=OverlaySpec(
        region_count=18,
        data_center_count=200,
        server_count=2_000,
        pair_count=160_000,
        stream_mean=6.0,
        failed_pair_ratio=0,
    ),
    structural_mean=2.0,
    persistent_path_mean=64.0,
    blip_path_mean=200.0,
    blip_server_mean=8.0,
    background_blip_mean=12.0,
)
"""Eight times the default in streams and in paths that fail: about 960,000 streams, of which the SLO lets 96 fail.

Where much fails by chance at any time, chance evens out: this is the size at which a forecast can earn its keep.
"""


def timeline_case(spec: TimelineSpec, seed: int) -> tuple[World, State]:
    """A world and the moment at which its SLO is broken by a mix of blips and failures that last.

    Both kinds fail streams in the last window; draws that lack one, or keep the SLO, are drawn again. Deterministic.
    """
    attempt = 0
    while True:
        chance = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(3, attempt)))
        network = overlay_network(spec.overlay, chance)
        world = World(network=network, faults=drawn_faults(spec, network, chance), seed=seed)
        state = begin(world)
        for _ in range(spec.warm_up_window_count - 1):
            state = step(world, state, state.online)
        if success_ratio_of(world, state) < spec.slo_ratio and _mixed(world, state):
            return world, state
        attempt += 1


def drawn_faults(spec: TimelineSpec, network: Network, chance: np.random.Generator) -> tuple[Fault, ...]:
    """Every fault of a world, in a fixed order; the moment of decision is after ``warm_up_window_count`` windows."""
    now = spec.warm_up_window_count - 1
    return (
        *_lasting(spec, network, now, chance),
        *_blips(spec, network, now, chance),
        *_degrading(spec, network, now, chance),
        *_background(spec, network, now, chance),
    )


def _lasting(spec: TimelineSpec, network: Network, now: int, chance: np.random.Generator) -> Iterator[Fault]:
    structural = [structural_hit(network, chance) for _ in range(1 + chance.poisson(spec.structural_mean))]
    for hit in (*structural, *path_hits(network, chance.poisson(spec.persistent_path_mean), chance)):
        age = int(chance.choice(4, p=(0.3, 0.25, 0.2, 0.25)))
        fault = persistent(hit, now, chance)
        yield _shifted(fault, -age if age < 3 else -int(chance.integers(3, 60, endpoint=True)), now)


def _blips(spec: TimelineSpec, network: Network, now: int, chance: np.random.Generator) -> Iterator[Fault]:
    hits: list[Hit] = list(path_hits(network, chance.poisson(spec.blip_path_mean), chance))
    for _ in range(chance.poisson(spec.blip_server_mean)):
        server = int(chance.choice(network.source))
        hits.append(part_of(server_hit(network, server), chance.uniform(0.3, 0.95), chance))
    if chance.random() < spec.congestion_probability:
        hits.append(_congestion(network, chance))
    for hit in hits:
        window_count, age = seen_blip_windows(chance)
        yield blip(hit, now - age, window_count, chance)


def _congestion(network: Network, chance: np.random.Generator) -> Hit:
    data_center = int(network.group("data_center")[chance.choice(network.source)])
    part = part_of(data_center_hit(network, data_center), chance.uniform(0.05, 0.4), chance)
    return Hit(kind=FaultKind.CONGESTION, place=part.place, pairs=part.pairs)


def _degrading(spec: TimelineSpec, network: Network, now: int, chance: np.random.Generator) -> Iterator[Fault]:
    if chance.random() < spec.degradation_probability:
        server = int(chance.choice(network.source))
        hit = part_of(server_hit(network, server), chance.uniform(0.6, 1), chance)
        yield degradation(hit, now - int(chance.integers(0, 8, endpoint=True)), chance)
    if chance.random() < spec.degradation_probability:
        for hit in path_hits(network, 1 + chance.poisson(5), chance):
            yield degradation(hit, now - int(chance.integers(0, 8, endpoint=True)), chance)


def _background(spec: TimelineSpec, network: Network, now: int, chance: np.random.Generator) -> Iterator[Fault]:
    for window in range(now + spec.horizon_window_count + 1):
        if window == now:
            continue  # what blips at the moment of decision is drawn by _blips
        for hit in path_hits(network, chance.poisson(spec.background_blip_mean), chance):
            # one that began before the moment of decision must not reach into it
            longest = now - window if window < now else 3
            yield blip(hit, window, min(longest, blip_windows(chance)), chance)


def _shifted(fault: Fault, windows: int, now: int) -> Fault:
    """The same fault begun earlier or later, and still there in the window after ``now``."""
    return Fault(
        kind=fault.kind,
        course=fault.course,
        place=fault.place,
        pairs=fault.pairs,
        loss_ratio=fault.loss_ratio,
        rtt_factor=fault.rtt_factor,
        start_window=fault.start_window + windows,
        end_window=max(fault.end_window + windows, now + 2),
        ramp_windows=fault.ramp_windows,
    )


def _mixed(world: World, state: State) -> bool:
    """Whether blips and failures that last both fail streams in the last window."""
    failing = state.last.failed_count > 0
    seen = {
        fault.course is Course.BLIP
        for fault in world.faults
        if fault.severity_ratio(state.window) > 0 and failing[fault.pairs].any()
    }
    return seen == {True, False}
