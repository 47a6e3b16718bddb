"""Every broken folder of a routed overlay ends in its one line, and reading changes nothing."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from broken_routing import ROUTING_CASES
from good_folder import swapped
from refusals import expected_errors, refused, state
from routing_folder import write_good_routing

from fairlead.telemetry import read_routing

FEWEST_CLASSES = 70
EXPECTED = expected_errors("expected_routing_errors.txt")


@pytest.mark.parametrize("name", ROUTING_CASES)
def test_one_line(name: str, tmp_path: Path) -> None:
    folder = tmp_path / "net"
    write_good_routing(folder)
    ROUTING_CASES[name](folder)
    line = refused(folder, read_routing)
    pattern = re.escape(EXPECTED[name].replace("{folder}", str(folder))).replace(r"\*", ".*")
    assert re.fullmatch(pattern, line), line
    assert refused(folder, read_routing) == line


def test_floor() -> None:
    assert list(EXPECTED) == list(ROUTING_CASES)
    assert len(ROUTING_CASES) >= FEWEST_CLASSES


def test_the_good_folder_is_good(tmp_path: Path) -> None:
    write_good_routing(tmp_path / "net")
    before = state(tmp_path / "net")
    read_routing(tmp_path / "net")
    assert state(tmp_path / "net") == before


def test_files_are_judged_after_those_that_they_refer_to(tmp_path: Path) -> None:
    write_good_routing(tmp_path)
    places = (
        ("demands", "3.5", "demands.csv:4:22"),
        ("direct", "13,", "direct.csv:3:21"),
        ("prefixes", "10.0.0.0/8", "prefixes.csv:6:1"),
        ("service_classes", "200", "service_classes.csv:2:11"),
        ("access", "8.5", "access.csv:6:13"),
        ("links", "35", "links.csv:4:9"),
        ("sites", "50.1", "sites.csv:2:8"),
    )
    for table, old, place in places:
        swapped(table, old, "x," if old.endswith(",") else "x")(tmp_path)
        assert place in refused(tmp_path, read_routing)
