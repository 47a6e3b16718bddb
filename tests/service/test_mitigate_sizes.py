"""Measured distributions of flow sizes: read where they are, told where they are not."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from fairlead.service.mitigate_sizes import FILES, known_sizes

POINTS = "0 0\n100 10\n100 40\n2000 90\n3000 100.0000001\n"


def folder_with(tmp_path: Path, *names: str) -> Path:
    place = tmp_path / "swarm"
    place.mkdir()
    for name in names:
        (place / FILES[name]).write_text(POINTS, encoding="utf-8")
    return tmp_path


def test_what_is_there_is_read_and_what_is_not_is_named(tmp_path: Path) -> None:
    found, missing = known_sizes(folder_with(tmp_path, "hadoop"))
    assert list(found) == ["hadoop"]
    assert missing == f"not in {tmp_path / 'swarm'}: {FILES['web servers']}, {FILES['cache followers']}"


def test_nothing_is_missing_where_all_are_there(tmp_path: Path) -> None:
    found, missing = known_sizes(folder_with(tmp_path, *FILES))
    assert set(found) == set(FILES)
    assert missing == ""


def test_a_folder_that_is_not_there_knows_nothing(tmp_path: Path) -> None:
    found, missing = known_sizes(tmp_path / "nowhere")
    assert not found
    assert all(file in missing for file in FILES.values())


def test_a_jump_keeps_its_upper_end_and_no_share_is_above_one(tmp_path: Path) -> None:
    table = known_sizes(folder_with(tmp_path, "hadoop"))[0]["hadoop"]
    assert table.size_bytes.tolist() == [0.0, 100.0, 2000.0, 3000.0]
    assert table.cdf_ratio.tolist() == pytest.approx([0.0, 0.4, 0.9, 1.0])


def test_those_that_were_measured() -> None:
    place = Path(os.environ.get("FAIRLEAD_DATA", Path(__file__).parents[3] / "shared" / "data"))
    if not (place / "swarm").exists():
        pytest.skip("no measured flow sizes: set FAIRLEAD_DATA")
    found, missing = known_sizes(place)
    assert (set(found), missing) == (set(FILES), "")
    for table in found.values():
        assert (np.diff(table.size_bytes) > 0).all()
        assert (np.diff(table.cdf_ratio) >= 0).all()
        assert table.cdf_ratio[-1] == 1.0
    median = {name: float(np.interp(0.5, each.cdf_ratio, each.size_bytes)) for name, each in found.items()}
    assert median["hadoop"] < median["cache followers"]
