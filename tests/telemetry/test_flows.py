"""Demand between prefixes, and what Atlas probes stand for, from their files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fairlead.model import BadInputError
from fairlead.telemetry.atlas_ends import read_atlas_ends
from fairlead.telemetry.flows import read_flows

PREFIXES = np.array(["10.0.0.0/24", "10.0.1.0/24"])
CLASSES = np.array(["premium", "default"])
ENDS = np.array(["fra", "7", *PREFIXES])


def test_flows_by_name_and_an_unknown_rate_is_not_nothing(tmp_path: Path) -> None:
    path = tmp_path / "flows.csv"
    path.write_text(
        "demand_mbps,source,target,service_class\n1.5,10.0.1.0/24,10.0.0.0/24,default\n,10.0.0.0/24,10.0.1.0/24,premium\n"
    )
    found = read_flows(path, PREFIXES, CLASSES)
    assert found.source.tolist() == [1, 0]
    assert found.target.tolist() == [0, 1]
    assert found.service_class.tolist() == [1, 0]
    assert found.demand_mbps[0] == 1.5
    assert np.isnan(found.demand_mbps[1])
    path.write_text("demand_mbps,source,target,service_class\n")
    assert read_flows(path, PREFIXES, CLASSES).row_count == 0


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ("-1,10.0.0.0/24,10.0.1.0/24,premium", "cell.out_of_range"),
        ("1,10.0.9.0/24,10.0.1.0/24,premium", "cell.dangling"),
        ("1,10.0.0.0/24,10.0.1.0/24,gold", "cell.dangling"),
        ("1,10.0.0.0/24,,premium", "cell.absent"),
    ],
)
def test_wrong_flows(tmp_path: Path, row: str, code: str) -> None:
    path = tmp_path / "flows.csv"
    path.write_text(f"demand_mbps,source,target,service_class\n{row}\n")
    with pytest.raises(BadInputError) as raised:
        read_flows(path, PREFIXES, CLASSES)
    assert raised.value.code == code


def test_probes_by_number_and_addresses_by_text(tmp_path: Path) -> None:
    path = tmp_path / "ends.csv"
    path.write_text("kind,label,end\nprobe,0,fra\nprobe,6012,7\naddress,6012,fra\naddress,2001:db8::1,10.0.1.0/24\n")
    probes, addresses = read_atlas_ends(path, ENDS)
    assert probes == {0: "fra", 6012: "7"}
    assert addresses == {"6012": "fra", "2001:db8::1": "10.0.1.0/24"}
    path.write_text("kind,label,end\n")
    assert read_atlas_ends(path, ENDS) == ({}, {})


@pytest.mark.parametrize("label", ["+7", "07", "1.0", "²", "x", "1e3"])
def test_no_number_of_a_probe(tmp_path: Path, label: str) -> None:
    path = tmp_path / "ends.csv"
    path.write_text(f"kind,label,end\nprobe,{label},fra\n", encoding="utf-8")
    with pytest.raises(BadInputError) as raised:
        read_atlas_ends(path, ENDS)
    assert raised.value.code == "cell.not_a_probe"
