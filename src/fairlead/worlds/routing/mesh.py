"""A measured full mesh as a network that routes sessions: some nodes become sites, all others user groups."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fairlead.model import Access, Demands, Direct, Groups, Links, ServiceClasses, Sites, Snapshot
from fairlead.worlds.routing.places import Reals, Rows

SITE_COUNT = 34
FAR_MS = 400.0  # beyond this a node is slow rather than far: one slow node must not become a site
DEMAND_MBPS = 1.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RoutedMesh:
    """A full mesh in windows.

    names                             : [nodes]
    latency_ms, jitter_ms, loss_ratio : [windows, nodes, nodes] float32, symmetric; NaN where not measured
    sites, users                      : rows of the nodes of either role, ascending
    classes                           : what sessions ask for; no limit on a metric that was not measured
    """

    names: NDArray[np.str_]
    latency_ms: NDArray[np.float32]
    jitter_ms: NDArray[np.float32]
    loss_ratio: NDArray[np.float32]
    sites: Rows
    users: Rows
    classes: ServiceClasses

    @property
    def window_count(self) -> int:
        """Windows in which the mesh was measured."""
        return len(self.latency_ms)

    def at(self, window: int) -> Snapshot:
        """The network as it was measured in one window; nothing is known of capacity, so nothing is limited.

        Demand was not measured: every ordered pair of groups asks for 1 Mbit/s, in a class that goes round with the
        pairs.
        """
        latency, jitter, loss = (
            values[window].astype(np.float64) for values in (self.latency_ms, self.jitter_ms, self.loss_ratio)
        )
        link = np.nonzero(~np.eye(len(self.sites), dtype=bool))
        pair = np.nonzero(~np.eye(len(self.users), dtype=bool))
        leg = np.indices((len(self.users), len(self.sites))).reshape(2, -1)
        ends = (self.sites[link[0]], self.sites[link[1]])
        across = (self.users[pair[0]], self.users[pair[1]])
        near = (self.users[leg[0]], self.sites[leg[1]])
        return Snapshot(
            (
                Sites.of(site=self.names[self.sites]),
                Links.of(
                    source=link[0].astype(np.int32),
                    target=link[1].astype(np.int32),
                    latency_ms=latency[ends],
                    jitter_ms=jitter[ends],
                    loss_ratio=loss[ends],
                ),
                Groups.of(group=self.names[self.users]),
                Access.of(
                    group=leg[0].astype(np.int32),
                    site=leg[1].astype(np.int32),
                    latency_ms=latency[near],
                    jitter_ms=jitter[near],
                    loss_ratio=loss[near],
                ),
                Direct.of(
                    source_group=pair[0].astype(np.int32),
                    target_group=pair[1].astype(np.int32),
                    latency_ms=latency[across],
                    jitter_ms=jitter[across],
                    loss_ratio=loss[across],
                ),
                self.classes,
                Demands.of(
                    source_group=pair[0].astype(np.int32),
                    target_group=pair[1].astype(np.int32),
                    service_class=((pair[0] + pair[1]) % self.classes.row_count).astype(np.int32),
                    demand_mbps=np.full(len(pair[0]), DEMAND_MBPS),
                ),
            )
        )

    def truth(self, window: int) -> Snapshot:
        """The measurements are the truth: what was planned with one window is scored on the next."""
        return self.at(window)


def mesh_with_roles(
    names: NDArray[np.str_],
    latency: NDArray[np.float32],
    jitter: NDArray[np.float32],
    loss: NDArray[np.float32],
    classes: ServiceClasses,
) -> RoutedMesh:
    """The mesh in which the nodes that were nearest to all others in the first window are sites."""
    sites = nearest_nodes(np.minimum(latency[0].astype(np.float64), FAR_MS), SITE_COUNT)
    return RoutedMesh(
        names=names,
        latency_ms=latency,
        jitter_ms=jitter,
        loss_ratio=loss,
        sites=sites,
        users=np.setdiff1d(np.arange(len(names)), sites),
        classes=classes,
    )


def nearest_nodes(between_ms: Reals, count: int) -> Rows:
    """Rows of ``count`` nodes, ascending, chosen one by one, each the one that brings the others nearest to a site.

    The BUILD step of PAM, except that a node earns nothing by being near to itself: else remote places would be chosen
    for their own sake. O(count nodes^2), deterministic: ties go to the lower row.
    """
    nearest = np.full(len(between_ms), FAR_MS)
    chosen: list[int] = []
    for _ in range(count):
        gain = np.maximum(0.0, nearest - between_ms)
        np.fill_diagonal(gain, 0.0)
        total = gain.sum(axis=1)
        total[chosen] = -1.0
        chosen.append(int(np.argmax(total)))
        nearest = np.minimum(nearest, between_ms[chosen[-1]])
        nearest[chosen] = 0.0  # a site is no user: nothing more to gain there
    return np.sort(np.array(chosen))
