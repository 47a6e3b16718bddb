"""Every broken folder of a fabric ends in its one line, and reading changes nothing."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from broken_fabric import FABRIC_CASES
from fabric_folder import write_good_fabric
from refusals import expected_errors, refused

from fairlead.telemetry import read_fabric

FEWEST_CLASSES = 58
EXPECTED = expected_errors("expected_fabric_errors.txt")


@pytest.mark.parametrize("name", FABRIC_CASES)
def test_one_line(name: str, tmp_path: Path) -> None:
    folder = tmp_path / "net"
    write_good_fabric(folder)
    FABRIC_CASES[name](folder)
    line = refused(folder, read_fabric)
    pattern = re.escape(EXPECTED[name].replace("{folder}", str(folder))).replace(r"\*", ".*")
    assert re.fullmatch(pattern, line), line


def test_floor() -> None:
    assert list(EXPECTED) == list(FABRIC_CASES)
    assert len(FABRIC_CASES) >= FEWEST_CLASSES
