"""Measured meshes, where they are; the clustering anywhere."""

from pathlib import Path

import numpy as np
import pytest

from fairlead.model import BadInputError, Servers, Streams
from fairlead.worlds.overlay.loss import failed_counts
from fairlead.worlds.overlay.meshes import (
    Mesh,
    aws_mesh,
    data_dir,
    nearest_medoids,
    planetlab_mesh,
    same_site,
    with_injected_failures,
)
from fairlead.worlds.overlay.paper import Scenario


@pytest.fixture(scope="module")
def aws() -> Mesh:
    if not (data_dir() / "sentry" / "aws52_relay_mesh_pings.csv.gz").is_file():
        pytest.skip("no measured meshes: set FAIRLEAD_DATA")
    return aws_mesh(data_dir())


@pytest.fixture(scope="module")
def planetlab() -> Mesh:
    if not (data_dir() / "common" / "planetlab490_rtt_ms.npz").is_file():
        pytest.skip("no measured meshes: set FAIRLEAD_DATA")
    return planetlab_mesh(data_dir())


def test_aws(aws: Mesh) -> None:
    assert aws.servers.row_count == 52
    regions, code = aws.servers.codes("region")
    assert regions.tolist() == ["ap-southeast-2", "eu-central-1", "us-east-1"]
    assert np.bincount(code).tolist() == [17, 18, 17]
    assert (aws.source < aws.target).all()
    assert len(np.unique(aws.source * 52 + aws.target)) == 191
    local = code[aws.source] == code[aws.target]
    assert aws.rtt_ms[0, local].max() < 20 < 70 < aws.rtt_ms[0, ~local].min()


def test_planetlab(planetlab: Mesh) -> None:
    assert planetlab.servers.row_count == 490
    assert planetlab.rtt_ms.shape == (18, 490 * 489 // 2)
    region = planetlab.servers.codes("region")[1]
    assert len(np.unique(region)) == 10
    typical = np.median(planetlab.rtt_ms, axis=0)
    same = region[planetlab.source] == region[planetlab.target]
    assert np.median(typical[same]) < 0.5 * np.median(typical[~same])
    joined = np.unique(np.stack([planetlab.servers.codes("data_center")[1], region]), axis=1)
    assert joined.shape[1] == len(planetlab.servers.codes("data_center")[0])


@pytest.mark.parametrize("scenario", list(Scenario))
def test_injected_failures_break_the_slo_by_eq_2(aws: Mesh, scenario: Scenario) -> None:
    snapshot = with_injected_failures(aws, scenario, np.random.default_rng(3))
    streams = snapshot[Streams]
    last = streams.window == 2
    count = streams.failed_count + streams.succeeded_count
    assert streams.failed_count[last].sum() > 0.0001 * count[last].sum()
    assert np.array_equal(streams.failed_count, failed_counts(count, streams.loss_ratio))
    assert np.array_equal(streams.rtt_ms[last], aws.rtt_ms[0])
    assert snapshot[Servers] == aws.servers
    assert snapshot == with_injected_failures(aws, scenario, np.random.default_rng(3))


def test_slices_are_windows(planetlab: Mesh) -> None:
    streams = with_injected_failures(planetlab, Scenario.MILD, np.random.default_rng(3))[Streams]
    assert np.array_equal(streams.rtt_ms.reshape(3, -1), planetlab.rtt_ms[-3:])


def test_a_missing_file_is_one_clear_line(tmp_path: Path) -> None:
    for mesh in (aws_mesh, planetlab_mesh):
        with pytest.raises(BadInputError, match="FAIRLEAD_DATA"):
            mesh(tmp_path)


def test_the_folder_is_the_environments(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("FAIRLEAD_DATA", str(tmp_path))
    assert data_dir() == tmp_path


def test_medoids_find_planted_clusters_and_sites() -> None:
    place = np.array([0.0, 1, 2, 100, 101, 110, 300, 301])
    between = np.abs(place[:, None] - place)
    cluster = nearest_medoids(between, 3)
    assert [len(set(cluster[a:b])) for a, b in ((0, 3), (3, 6), (6, 8))] == [1, 1, 1]
    assert len(set(cluster)) == 3
    assert same_site(between, cluster).tolist() == [0, 0, 0, 1, 1, 2, 3, 3]
