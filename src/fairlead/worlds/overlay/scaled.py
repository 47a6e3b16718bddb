"""Overlays of any size at one moment of failure: up to 50,000 servers and 5,000,000 pairs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fairlead.model import Snapshot
from fairlead.worlds.overlay.faults import Course, Fault, Hit
from fairlead.worlds.overlay.layout import OverlaySpec, overlay_network
from fairlead.worlds.overlay.loss import failing_loss
from fairlead.worlds.overlay.network import Network
from fairlead.worlds.overlay.outbreak import path_hits, structural_hits
from fairlead.worlds.overlay.quality import failed_streams, path_quality
from fairlead.worlds.overlay.tables import observed_snapshot


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OverlayWorld:
    """What the operator sees, and the truth behind it: every fault lasts through all windows."""

    snapshot: Snapshot
    network: Network
    faults: tuple[Fault, ...]

    def failing_pairs(self) -> NDArray[np.int32]:
        """Rows of the pairs that a fault hits, ascending."""
        hit = [fault.pairs for fault in self.faults]
        return np.unique(np.concatenate(hit)) if hit else np.empty(0, dtype=np.int32)


def scaled_overlay(spec: OverlaySpec, seed: int) -> OverlayWorld:
    """An overlay in which ``spec.failed_pair_ratio`` of the pairs fail, with losses uniform over (0.132, 1].

    ``spec.path_ratio`` of them fail alone; the others with a server, a data center, a backbone or a provider inside a
    region, in the proportion of Sentry's Table 1. A path is lossy in every window, its loss wavers, and with few
    streams a mild loss may fail none. O(pairs log pairs + windows x pairs): 1,000,000 pairs in
    3 windows take about 2 s, 5,000,000 about 12 s and 0.6 GB, on one core.
    """
    chance = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(0,)))
    network = overlay_network(spec, chance)
    faults = _faults(spec, network, chance)
    shape = (spec.window_count, network.pair_count)
    rtt, loss = np.empty(shape, dtype=np.float32), np.empty(shape, dtype=np.float32)
    failed = np.empty(shape, dtype=np.int32)
    for window in range(spec.window_count):
        rtt[window], loss[window] = path_quality(network, faults, seed, window)
        failed[window] = failed_streams(network.demand_count, loss[window])
    snapshot = observed_snapshot(
        servers=network.servers,
        window_numbers=np.arange(spec.window_count, dtype=np.int64),
        source=network.source,
        target=network.target,
        stream_count=np.broadcast_to(network.demand_count, shape),
        failed_count=failed,
        rtt_ms=rtt,
        loss_ratio=loss,
        users_count=np.stack([network.home_users_count(w) for w in range(spec.window_count)]).astype(np.int32),
    )
    return OverlayWorld(snapshot=snapshot, network=network, faults=faults)


def _faults(spec: OverlaySpec, network: Network, chance: np.random.Generator) -> tuple[Fault, ...]:
    failing_count = round(spec.failed_pair_ratio * network.pair_count)
    alone_count = round(spec.path_ratio * failing_count)
    hits = (
        *structural_hits(network, failing_count - alone_count, chance),
        *path_hits(network, alone_count, chance),
    )
    return tuple(_lasting(hit, spec.window_count, chance) for hit in hits)


def _lasting(hit: Hit, window_count: int, chance: np.random.Generator) -> Fault:
    return Fault(
        kind=hit.kind,
        course=Course.PERSISTENT,
        place=hit.place,
        pairs=hit.pairs,
        loss_ratio=failing_loss(chance, len(hit.pairs)),
        rtt_factor=1.0,
        start_window=0,
        end_window=window_count,
    )
