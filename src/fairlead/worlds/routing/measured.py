"""Measured meshes as networks that route sessions: some nodes become sites, all others user groups.

- PlanetLab 490 : round trips of the full mesh in 18 slices of time; neither jitter nor loss was measured
- Shadow 2013   : 303 places (countries, states of the US) with latency and jitter between any two, loss at each

Which nodes are sites, and what the groups demand, is this module's reading; the metrics are the measurements. The files
are looked for as those of :mod:`fairlead.worlds.overlay.meshes`.
"""

from __future__ import annotations

import lzma
from pathlib import Path
from xml.etree import ElementTree

import numpy as np

from fairlead.model import BadInputError, ServiceClasses
from fairlead.worlds.routing.mesh import RoutedMesh, mesh_with_roles


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
    return mesh_with_roles(names, latency, unknown, unknown, classes)


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
    return mesh_with_roles(
        np.array(places)[order],
        2 * metrics[0][grid][None].astype(np.float32),
        metrics[1][grid][None].astype(np.float32),
        (1 - np.outer(kept, kept))[grid][None].astype(np.float32),
        ServiceClasses.of_panorama(),
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
