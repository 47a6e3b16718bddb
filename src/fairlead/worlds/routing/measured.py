"""Measured meshes as networks that route sessions: some nodes become sites, all others user groups.

- PlanetLab 490 : round trips of the full mesh in 18 slices of time; neither jitter nor loss was measured
- Shadow 2013   : 303 places (countries, states of the US) with latency and jitter between any two, loss at each

Which nodes are sites, and what the groups demand, is this module's reading; the metrics are the measurements. The files
are looked for as those of :mod:`fairlead.worlds.overlay.meshes`.
"""

from __future__ import annotations

import lzma
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
from numpy.typing import NDArray

from fairlead.model import Access, BadInputError, Demands, Direct, Groups, Links, ServiceClasses, Sites, Snapshot
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


def planetlab_routing(folder: Path) -> RoutedMesh:
    """490 nodes in 18 windows, latency only. BadInputError without the file.

    The sites are the 34 nodes that together are nearest to all others in the first window.
    """
    with np.load(_existing(folder / "common" / "planetlab490_rtt_ms.npz"), allow_pickle=False) as measured:
        upper, count = measured["rtt_upper"].astype(np.float32), int(measured["n"])
    latency = np.zeros((len(upper), count, count), dtype=np.float32)
    low, high = np.triu_indices(count, 1)
    latency[:, low, high] = latency[:, high, low] = upper
    unknown = np.broadcast_to(np.float32(np.nan), latency.shape)
    names = np.array([f"pl-{node:03d}" for node in range(count)])
    paper = ServiceClasses.of_panorama()
    no_limit = np.full(paper.row_count, np.nan)
    classes = paper.with_column("jitter_ms", no_limit).with_column("loss_ratio", no_limit.copy())
    return _with_roles(names, latency, unknown, unknown, classes)


def shadow_routing(folder: Path) -> RoutedMesh:
    """303 places in one window, with jitter and loss. BadInputError without the file.

    Shadow applies the latency of an edge one way (Britain to Australia is 152 ms, less than light needs there and
    back), so a round trip is twice that. The loss of an edge joins the losses of its two ends.
    """
    path = _existing(folder / "common" / "shadow_plab2013.graphml.xml.xz")
    with lzma.open(path) as packed:
        root = ElementTree.parse(packed).getroot()
    space = root.tag.removesuffix("graphml")
    field = {(key.attrib["for"], key.attrib["attr.name"]): key.attrib["id"] for key in root.iter(f"{space}key")}
    nodes: dict[str, int] = {}
    places: list[str] = []
    node_loss: list[float] = []
    for node in root.iter(f"{space}node"):
        data = {each.attrib["key"]: each.text or "" for each in node}
        nodes[node.attrib["id"]] = len(nodes)
        places.append(data[field["node", "geocode"]])
        node_loss.append(float(data[field["node", "packetloss"]]))
    metrics = np.full((2, len(nodes), len(nodes)), np.nan)
    for edge in root.iter(f"{space}edge"):
        data = {each.attrib["key"]: each.text or "" for each in edge}
        ends = nodes[edge.attrib["source"]], nodes[edge.attrib["target"]]
        both = float(data[field["edge", "latency"]]), float(data[field["edge", "jitter"]])
        metrics[:, ends[0], ends[1]] = metrics[:, ends[1], ends[0]] = both
    kept = 1 - np.array(node_loss)
    order = np.argsort(places)  # groups are read back in the order of their names
    grid = np.ix_(order, order)
    return _with_roles(
        np.array(places)[order],
        2 * metrics[0][grid][None].astype(np.float32),
        metrics[1][grid][None].astype(np.float32),
        (1 - np.outer(kept, kept))[grid][None].astype(np.float32),
        ServiceClasses.of_panorama(),
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


def _with_roles(
    names: NDArray[np.str_],
    latency: NDArray[np.float32],
    jitter: NDArray[np.float32],
    loss: NDArray[np.float32],
    classes: ServiceClasses,
) -> RoutedMesh:
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


def _existing(path: Path) -> Path:
    if path.is_file():
        return path
    raise BadInputError(
        code="world.missing_data",
        what="the measured mesh is not there",
        where=str(path),
        expected="the file in the folder named by FAIRLEAD_DATA",
        hint="set FAIRLEAD_DATA to the folder of measured data, or generate a world instead",
    )
