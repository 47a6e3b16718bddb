"""A routed overlay before its first measurement: without ``access`` the groups are those of ``prefixes``."""

from __future__ import annotations

from pathlib import Path

import pytest
from routing_folder import DEMANDS, PREFIXES, write_good_routing

from fairlead.model import Access, BadInputError, Demands, Groups, Prefixes
from fairlead.telemetry import read_routing, read_unmeasured


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_good_routing(tmp_path / "network")
    return tmp_path / "network"


def test_with_access_it_is_the_same(folder: Path) -> None:
    assert read_unmeasured(folder) == read_routing(folder)


def test_without_access_the_groups_are_those_of_the_prefixes(folder: Path) -> None:
    before = read_routing(folder)
    (folder / "access.csv").unlink()
    found = read_unmeasured(folder)
    assert found[Access].row_count == 0
    assert found[Groups].group.tolist() == ["fra>lon>nyc", "lon>fra"]
    assert found[Prefixes].group.tolist() == [0, 1, -1, 1, -1]
    assert found[Demands].source_group.tolist() == [0, 0, 1]
    assert found[Demands].demand_mbps[0] == before[Demands].demand_mbps[0]
    with pytest.raises(BadInputError, match=r"folder\.missing_table.*access"):
        read_routing(folder)


def test_groups_with_numbers_stand_in_their_order(folder: Path) -> None:
    (folder / "access.csv").unlink()
    for name in ("direct", "demands"):
        (folder / f"{name}.csv").unlink()
    (folder / "prefixes.csv").write_text("prefix,group\n192.0.2.0/24,10\n198.51.100.0/24,9.0\n10.0.0.0/8,NaN\n")
    found = read_unmeasured(folder)
    assert found[Groups].group.tolist() == [9, 10]
    assert found[Prefixes].group.tolist() == [1, 0, -1]


def test_a_group_that_no_prefix_names_is_dangling(folder: Path) -> None:
    (folder / "access.csv").unlink()
    (folder / "demands.csv").write_text(DEMANDS + "alone,lon>fra,bulk,1\n")
    with pytest.raises(BadInputError, match=r"cell\.dangling.*demands\.csv:5"):
        read_unmeasured(folder)
    (folder / "demands.csv").unlink()
    (folder / "direct.csv").unlink()
    (folder / "prefixes.csv").unlink()
    assert read_unmeasured(folder)[Groups].row_count == 0


def test_one_form_of_prefixes_only(folder: Path) -> None:
    (folder / "access.csv").unlink()
    (folder / "prefixes.parquet").write_text(PREFIXES)
    with pytest.raises(BadInputError, match=r"folder\.two_forms"):
        read_unmeasured(folder)


def test_wrong_prefixes_are_found_all_the_same(folder: Path) -> None:
    (folder / "access.csv").unlink()
    (folder / "prefixes.csv").write_text(PREFIXES + "192.0.2.1/24,lon>fra\n")
    with pytest.raises(BadInputError, match=r"cell\.host_bits"):
        read_unmeasured(folder)
