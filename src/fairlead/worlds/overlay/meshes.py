"""Measured meshes as base networks; the failures, streams and users on them are injected, not measured.

- aws    : 52 EC2 servers in three AWS regions, 191 pairs, pinged in both directions
- planetlab : the full mesh of 490 PlanetLab nodes, 119,805 pairs, 18 time slices of RTT

The files are not part of the project. They are looked for in the folder that FAIRLEAD_DATA names, by default
``../shared/data`` beside the repository.
"""

from __future__ import annotations

import csv
import gzip
import json
import os
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fairlead.model import BadInputError, Servers, Snapshot
from fairlead.worlds.overlay.loss import failed_counts, failing_loss
from fairlead.worlds.overlay.paper import SLO_RATIO, WINDOW_COUNT, Scenario, failing_pairs
from fairlead.worlds.overlay.tables import observed_snapshot

PLANETLAB_REGION_COUNT = 10
FAR_MS = 400.0  # beyond this a node is slow rather than far: one slow node must not become a region
SAME_SITE_MS = 2.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Mesh:
    """Servers, pairs [pairs] int32 with source < target, and measured RTT [slices, pairs] float32 in ms."""

    servers: Servers
    source: NDArray[np.int32]
    target: NDArray[np.int32]
    rtt_ms: NDArray[np.float32]


def data_dir() -> Path:
    """The folder of measured data; it need not exist."""
    beside_the_repository = Path(__file__).resolve().parents[5] / "shared" / "data"
    return Path(os.environ.get("FAIRLEAD_DATA", beside_the_repository))


def aws_mesh(folder: Path) -> Mesh:
    """The relay mesh of 52 servers: median ping of both directions and all packet sizes, one slice.

    The files name AWS regions and no data centers: each region is one data center. BadInputError without the files.
    """
    topology = json.loads(_existing(folder / "sentry" / "aws52_relay_mesh_topology.json").read_text("utf-8"))
    region = {str(node["name"]): str(node["region"]) for node in topology["coreNodes"]}
    names = sorted(region, key=lambda name: int(name.rsplit("-", 1)[1]))
    row = {name: number for number, name in enumerate(names)}
    pings: dict[tuple[int, int], list[float]] = defaultdict(list)
    with gzip.open(_existing(folder / "sentry" / "aws52_relay_mesh_pings.csv.gz"), "rt", encoding="utf-8") as lines:
        for ping in csv.DictReader(lines):
            low, high = sorted((row[ping["source"]], row[ping["dest"]]))
            pings[low, high].append(float(ping["time"]))
    pairs = np.array(sorted(pings), dtype=np.int32)
    servers = Servers.of(
        server=names,
        region=[region[name] for name in names],
        data_center=[region[name] for name in names],
        provider=["aws"] * len(names),
    )
    medians = [[np.median(pings[low, high]) for low, high in pairs.tolist()]]
    return Mesh(
        servers=servers,
        source=pairs[:, 0].copy(),
        target=pairs[:, 1].copy(),
        rtt_ms=np.array(medians, dtype=np.float32),
    )


def planetlab_mesh(folder: Path) -> Mesh:
    """The full mesh of 490 nodes, 18 slices. BadInputError without the file.

    The file gives no places. Regions are 10 clusters round medoids, chosen greedily (the BUILD step of PAM) on the
    median RTT, cut at 400 ms; nodes within 2 ms of the first of them in their region share a data center. Both are
    readings of the measurements, and deterministic.
    """
    with np.load(_existing(folder / "common" / "planetlab490_rtt_ms.npz"), allow_pickle=False) as measured:
        rtt, count = measured["rtt_upper"].astype(np.float32), int(measured["n"])
    source, target = (ends.astype(np.int32) for ends in np.triu_indices(count, 1))
    between = np.zeros((count, count))
    between[source, target] = between[target, source] = np.minimum(np.median(rtt, axis=0), FAR_MS)
    region = nearest_medoids(between, PLANETLAB_REGION_COUNT)
    data_center = same_site(between, region)
    servers = Servers.of(
        server=[f"pl-{node:03d}" for node in range(count)],
        region=[f"cluster-{number:02d}" for number in region],
        data_center=[f"site-{number:03d}" for number in data_center],
    )
    return Mesh(servers=servers, source=source, target=target, rtt_ms=rtt)


def nearest_medoids(between_ms: NDArray[np.float64], cluster_count: int) -> NDArray[np.int64]:
    """[nodes] cluster of each: greedily chosen medoids that lower the sum of distances most. O(clusters nodes^2)."""
    nearest = np.full(len(between_ms), np.inf)
    medoids: list[int] = []
    for _ in range(cluster_count):
        medoids.append(int(np.argmin(np.minimum(between_ms, nearest).sum(axis=1))))
        nearest = np.minimum(nearest, between_ms[medoids[-1]])
    cluster: NDArray[np.int64] = np.argmin(between_ms[medoids], axis=0)
    return cluster


def same_site(between_ms: NDArray[np.float64], region: NDArray[np.int64]) -> NDArray[np.int64]:
    """[nodes] data center of each: that of the first node of its region within 2 ms that founded one, or a new one."""
    founders: list[int] = []
    site = np.empty(len(region), dtype=np.int64)
    for node in range(len(region)):
        near = [k for k, f in enumerate(founders) if region[f] == region[node] and between_ms[f, node] <= SAME_SITE_MS]
        if not near:
            founders.append(node)
        site[node] = near[0] if near else len(founders) - 1
    return site


def with_injected_failures(mesh: Mesh, scenario: Scenario, chance: np.random.Generator) -> Snapshot:
    """Three windows over the mesh with a failure of the paper's kind (4.1.1, Eq. 2), drawn until the SLO is broken.

    RTT is measured: the last three slices, or the only one thrice. Streams (0 to 10 a pair), users (1 to 100 a server)
    and loss are drawn as in :mod:`paper`.
    """
    servers = mesh.servers.row_count
    shape = (WINDOW_COUNT, len(mesh.source))
    slices = np.clip(np.arange(-WINDOW_COUNT, 0) + len(mesh.rtt_ms), 0, None)
    while True:
        streams = chance.integers(0, 10, shape[1], endpoint=True, dtype=np.int32)
        loss = chance.uniform(0, 0.001, shape).astype(np.float32)
        failing = failing_pairs(scenario, mesh.source, mesh.target, servers, chance)
        loss[:, failing] = failing_loss(chance, (WINDOW_COUNT, int(failing.sum())))
        failed = failed_counts(streams, loss)
        if failed[-1].sum() > (1 - SLO_RATIO) * streams.sum():
            break
    return observed_snapshot(
        servers=mesh.servers,
        window_numbers=np.arange(WINDOW_COUNT, dtype=np.int64),
        source=mesh.source,
        target=mesh.target,
        stream_count=np.broadcast_to(streams, shape),
        failed_count=failed,
        rtt_ms=mesh.rtt_ms[slices],
        loss_ratio=loss,
        users_count=chance.integers(1, 100, (WINDOW_COUNT, servers), endpoint=True, dtype=np.int32),
    )


def _existing(path: Path) -> Path:
    if path.is_file():
        return path
    raise BadInputError(
        code="world.missing_data",
        what="the measured mesh is not there",
        where=str(path),
        expected="the file in the folder named by FAIRLEAD_DATA",
        hint="set FAIRLEAD_DATA to the folder of measured data, or generate an overlay instead",
    )
