"""Measured meshes as networks that route: what is read, and who plays which role."""

import dataclasses
import lzma
from pathlib import Path

import numpy as np
import pytest

from fairlead.model import Access, BadInputError, Demands, Direct, Groups, Links, ServiceClasses, Sites
from fairlead.worlds.overlay import data_dir
from fairlead.worlds.routing.measured import planetlab_routing, shadow_routing
from fairlead.worlds.routing.mesh import FAR_MS, RoutedMesh, nearest_nodes

GRAPH = """<?xml version="1.0"?>
<graphml xmlns="http://graphml.graphdrawing.org/xmlns">
<key attr.name="packetloss" attr.type="double" for="edge" id="e2" />
<key attr.name="jitter" attr.type="double" for="edge" id="e1" />
<key attr.name="latency" attr.type="double" for="edge" id="e0" />
<key attr.name="geocode" attr.type="string" for="node" id="n1" />
<key attr.name="packetloss" attr.type="double" for="node" id="n0" />
<graph edgedefault="undirected">{nodes}{edges}</graph></graphml>
"""


def written_shadow(folder: Path, count: int) -> None:
    """A graph of ``count`` places, named backwards; node i at i * 10 ms on a line, losing i / 1000."""
    nodes = "".join(
        f'<node id="poi-{i}"><data key="n0">{i / 1000}</data><data key="n1">P{count - i:03d}</data></node>'
        for i in range(count)
    )
    edges = "".join(
        f'<edge source="poi-{i}" target="poi-{j}"><data key="e0">{10.0 * (j - i) + 5}</data>'
        f'<data key="e1">{i + j}</data><data key="e2">0.0</data></edge>'
        for i in range(count)
        for j in range(i, count)
    )
    (folder / "common").mkdir()
    with lzma.open(folder / "common" / "shadow_plab2013.graphml.xml.xz", "wt", encoding="utf-8") as packed:
        packed.write(GRAPH.format(nodes=nodes, edges=edges))


def tiny_mesh() -> RoutedMesh:
    """Five nodes in two windows; nodes 1 and 3 are sites. Node i to j: 10 (i + j) ms, and 1 ms more in window 1."""
    node = np.arange(5)
    latency = 10.0 * (node[:, None] + node) * (1 - np.eye(5))
    return RoutedMesh(
        names=np.array([f"n{i}" for i in node]),
        latency_ms=np.stack([latency, latency + 1]).astype(np.float32),
        jitter_ms=np.full((2, 5, 5), np.nan, dtype=np.float32),
        loss_ratio=np.full((2, 5, 5), 0.25, dtype=np.float32),
        sites=np.array([1, 3]),
        users=np.array([0, 2, 4]),
        classes=ServiceClasses.of_panorama(),
    )


def test_every_cell_of_a_tiny_mesh() -> None:
    mesh = tiny_mesh()
    assert mesh.window_count == 2
    for window in (0, 1):
        snapshot = mesh.at(window)
        assert snapshot == mesh.truth(window)
        assert snapshot[Sites].site.tolist() == ["n1", "n3"]
        assert snapshot[Groups].group.tolist() == ["n0", "n2", "n4"]
        links, access, direct, demands = snapshot[Links], snapshot[Access], snapshot[Direct], snapshot[Demands]
        assert links.latency_ms.tolist() == [40.0 + window] * 2
        assert np.isnan(links.jitter_ms).all()
        assert np.isnan(links.capacity_mbps).all()
        assert list(zip(access.group, access.site, access.latency_ms - window, strict=True)) == [
            (0, 0, 10.0), (0, 1, 30.0), (1, 0, 30.0), (1, 1, 50.0), (2, 0, 50.0), (2, 1, 70.0),
        ]  # fmt: skip
        pairs = list(zip(direct.source_group, direct.target_group, strict=True))
        assert pairs == [(0, 1), (0, 2), (1, 0), (1, 2), (2, 0), (2, 1)]
        assert (direct.latency_ms - window).tolist() == [20, 40, 20, 60, 40, 60]
        assert (direct.loss_ratio == 0.25).all()
        assert list(zip(demands.source_group, demands.target_group, strict=True)) == pairs
        assert demands.service_class.tolist() == [1, 2, 1, 0, 2, 0]
        assert (demands.demand_mbps == 1).all()


def test_shadow_is_read_by_its_keys(tmp_path: Path) -> None:
    written_shadow(tmp_path, 40)
    mesh = shadow_routing(tmp_path)
    assert mesh.names.tolist() == [f"P{n:03d}" for n in range(1, 41)]  # sorted: node i is row 39 - i
    assert len(mesh.sites) == 34
    assert sorted([*mesh.sites, *mesh.users]) == list(range(40))
    first, last = 39 - 2, 39 - 7
    assert mesh.latency_ms[0, first, last] == mesh.latency_ms[0, last, first] == 2 * 55
    assert mesh.jitter_ms[0, first, last] == 9
    assert mesh.loss_ratio[0, first, last] == pytest.approx(1 - 0.998 * 0.993)
    snapshot = mesh.at(0)
    assert snapshot[ServiceClasses] == ServiceClasses.of_panorama()
    assert not np.isnan(snapshot[Direct].jitter_ms).any()


def test_planetlab_is_read(tmp_path: Path) -> None:
    count = 36
    chance = np.random.default_rng(0)
    upper = chance.uniform(1, 500, (3, count * (count - 1) // 2)).astype(np.float32)
    (tmp_path / "common").mkdir()
    np.savez(tmp_path / "common" / "planetlab490_rtt_ms.npz", rtt_upper=upper, n=count)
    mesh = planetlab_routing(tmp_path)
    assert mesh.window_count == 3
    assert mesh.latency_ms[2][np.triu_indices(count, 1)].tolist() == upper[2].tolist()
    assert (mesh.latency_ms == mesh.latency_ms.transpose(0, 2, 1)).all()
    assert np.isnan(mesh.jitter_ms).all()
    snapshot = mesh.at(1)
    assert snapshot[Demands].row_count == 2
    assert np.isnan(snapshot[ServiceClasses].jitter_ms).all()
    assert np.isnan(snapshot[ServiceClasses].loss_ratio).all()
    assert snapshot[ServiceClasses].latency_ms.tolist() == [200, 300, 400]


def test_sites_serve_others_not_themselves() -> None:
    place = np.array([0.0, 1, 2, 100, 101, 102, 9_000])  # two towns and a hermit
    between = np.minimum(np.abs(place[:, None] - place), 400.0)
    first, second = nearest_nodes(between, 2)
    assert first in (0, 1, 2)
    assert second in (3, 4, 5)
    third = nearest_nodes(between, 3)
    assert 6 not in third
    untouched = between.copy()
    nearest_nodes(between, 3)
    assert np.array_equal(between, untouched)


def test_greedy_choice_against_brute_force() -> None:
    chance = np.random.default_rng(5)
    place = chance.uniform(0, 100, (12, 2))
    between = np.linalg.norm(place[:, None] - place, axis=2)

    def gained(sites: list[int], new: int) -> float:
        """How much nearer the nodes that are no sites get to one."""
        found = 0.0
        for node in set(range(12)) - {*sites, new}:
            before = min((between[site, node] for site in sites), default=FAR_MS)
            found += max(0.0, before - between[new, node])
        return found

    chosen: list[int] = []
    for _ in range(4):
        chosen.append(max((n for n in range(12) if n not in chosen), key=lambda n: gained(chosen, n)))
    assert nearest_nodes(between, 4).tolist() == sorted(chosen)


@pytest.mark.parametrize("read", [planetlab_routing, shadow_routing])
def test_a_missing_file_is_one_clear_line(read: object, tmp_path: Path) -> None:
    assert callable(read)
    with pytest.raises(BadInputError, match="FAIRLEAD_DATA"):
        read(tmp_path)


def test_the_real_planetlab() -> None:
    if not (data_dir() / "common" / "planetlab490_rtt_ms.npz").is_file():
        pytest.skip("no measured meshes: set FAIRLEAD_DATA")
    mesh = planetlab_routing(data_dir())
    assert (len(mesh.sites), len(mesh.users), mesh.window_count) == (34, 456, 18)
    snapshot = mesh.at(17)
    assert snapshot[Demands].row_count == 456 * 455
    near = snapshot[Access].latency_ms.reshape(456, 34).min(axis=1)
    assert np.median(near) < 20
    assert np.mean(snapshot[Direct].latency_ms > 200) == pytest.approx(0.24, abs=0.04)


def test_the_real_shadow() -> None:
    if not (data_dir() / "common" / "shadow_plab2013.graphml.xml.xz").is_file():
        pytest.skip("no measured meshes: set FAIRLEAD_DATA")
    mesh = shadow_routing(data_dir())
    assert (len(mesh.sites), len(mesh.users), mesh.window_count) == (34, 269, 1)
    assert {"DE", "SG", "US", "AU"} <= set(mesh.names[mesh.sites].tolist())
    britain, australia = (mesh.names.tolist().index(name) for name in ("GB", "AU"))
    assert mesh.latency_ms[0, britain, australia] == 304.0
    assert not np.isnan(mesh.latency_ms).any()
    assert dataclasses.asdict(mesh)["jitter_ms"].max() == 280
