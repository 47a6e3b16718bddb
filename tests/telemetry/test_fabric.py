"""The folder of a fabric: what is read, what may be absent, and that writing gives the same back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from fabric_folder import FABRIC_FILES, write_good_fabric
from good_folder import content, in_parquet

from fairlead.model import (
    Arrivals,
    Candidates,
    DestinationWeights,
    Edit,
    FabricLinks,
    Flows,
    FlowSizes,
    Nodes,
    Pairs,
    Placements,
    apply_edits,
)
from fairlead.telemetry import FABRIC_TABLES, read_fabric, write_fabric


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_good_fabric(tmp_path / "net")
    return tmp_path / "net"


def test_references_are_rows(folder: Path) -> None:
    found = read_fabric(folder)
    assert found[Nodes].node.tolist() == ["H0", "H1", "C0", "C1", "B0", "B1", "A0"]
    assert found[FabricLinks].source[:4].tolist() == [0, 2, 1, 3]
    assert found[FabricLinks].up.tolist() == [True] * 10 + [False] * 2 + [True] * 2
    assert np.isnan(found[FabricLinks].buffer_bytes).all()
    assert found[Flows].start_s.tolist() == [0.25, 0.0]
    assert found[Candidates].source.tolist() == [-1, 2, 3, 2, 3, 3]
    assert found[Candidates].target.tolist() == [-1, 4, 5, 4, -1, 2]
    assert found[Arrivals].arrivals_per_s.tolist() == [120.0]
    assert {type(table) for table in found.tables} == set(FABRIC_TABLES)


def test_every_server_is_placed(folder: Path) -> None:
    found = read_fabric(folder)
    assert found[Placements].server.tolist() == [0, 1]
    assert found[Placements].host.tolist() == [0, 0]
    (folder / "placements.csv").unlink()
    assert read_fabric(folder)[Placements].host.tolist() == [0, 1]


def test_what_may_be_absent(folder: Path) -> None:
    for name in FABRIC_FILES:
        if name not in ("nodes", "links"):
            (folder / f"{name}.csv").unlink()
    (folder / "network.toml").unlink()
    found = read_fabric(folder)
    for kind in (DestinationWeights, Flows, FlowSizes, Pairs, Arrivals, Candidates):
        assert found[kind].row_count == 0
    assert found[Placements].row_count == 2


def test_links_have_defaults(folder: Path) -> None:
    rows = [line.split(",")[:3] for line in FABRIC_FILES["links"].splitlines()]
    content("links.csv", "\n".join(",".join(row) for row in rows))(folder)
    found = read_fabric(folder)[FabricLinks]
    assert found.up.all()
    assert set(found.weight.tolist()) == {1.0}
    assert set(found.drop_ratio.tolist()) == {0.0}


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_written_and_read_again(form: str, folder: Path, tmp_path: Path) -> None:
    found = read_fabric(folder)
    moved = Edit(action="move_traffic", table="placements", column="host", rows=np.array([0]), after=np.int32([1]))
    for snapshot in (found, apply_edits(found, [moved])):
        write_fabric(snapshot, tmp_path / "copy", form)  # type: ignore[arg-type]  # one of the two forms
        assert read_fabric(tmp_path / "copy") == snapshot
    assert "arrivals_per_s = 120.0" in (tmp_path / "copy" / "network.toml").read_text()


def test_parquet_is_read_like_csv(folder: Path) -> None:
    from_csv = read_fabric(folder)
    for name in FABRIC_FILES:
        in_parquet(name)(folder)
    assert read_fabric(folder) == from_csv


def test_integer_node_names(tmp_path: Path) -> None:
    tmp_path.joinpath("nodes.csv").write_text("node,tier\n10,server\n11,server\n9,t0\n")
    tmp_path.joinpath("links.csv").write_text("source,target,capacity_mbps\n10,9,5\n9,10,5\n11,9,5\n9,11,5\n")
    tmp_path.joinpath("candidates.csv").write_text("candidate,action,source\nwait,none,\noff,disable_node,9\n")
    found = read_fabric(tmp_path)
    assert found[Nodes].node.tolist() == [10, 11, 9]
    assert found[Candidates].source.tolist() == [-1, 2]
