"""docs/tables.md is what the declarations say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from fairlead.model import Table
from fairlead.service.docs import BESIDE_TABLES, main, tables_page
from fairlead.telemetry import OVERLAY_TABLES, ROUTING_TABLES
from fairlead.telemetry.derived import is_derived
from fairlead.telemetry.routing_rules import ROUTING_RULES

PAGE = Path(__file__).parents[2] / "docs" / "tables.md"


def test_the_page_is_up_to_date(tmp_path: Path) -> None:
    assert main([str(tmp_path / "tables.md")]) == 0
    assert PAGE.read_text(encoding="utf-8") == (tmp_path / "tables.md").read_text(encoding="utf-8"), "run `make docs`"


@pytest.mark.parametrize("kind", [*OVERLAY_TABLES, *ROUTING_TABLES, *BESIDE_TABLES], ids=lambda kind: kind.name)
def test_every_column_has_its_row(kind: type[Table]) -> None:
    page = tables_page()
    assert page.count(f"\n### {kind.name}\n") == 1
    section = page.split(f"\n### {kind.name}\n")[1].split("\n### ")[0].split("\n## ")[0]
    for name, spec in kind.declared().items():
        row = next(line for line in section.splitlines() if line.startswith(f"| `{name}` |"))
        assert spec.doc in row
        assert f"| {spec.unit} |" in row
        assert ("required" in row) == (spec.required and not is_derived(kind))


def test_references_lead_to_tables_of_the_same_network() -> None:
    page = tables_page()
    headings = set(re.findall(r"^#+ (\w+)$", page, re.MULTILINE))
    assert set(re.findall(r"\[`(\w+)`\]\(#\w+\)", page)) <= headings
    assert "| `source` | id in [`sites`](#sites) |" in page
    assert "| `source` | id in [`sites`](#sites) or [`prefixes`](#prefixes) |" in page
    assert "| `group` | id in [`groups`](#groups) |" in page


def test_what_may_be_absent_is_said() -> None:
    for kind in ROUTING_TABLES:
        said = f"\n| `{kind.name}` | " in tables_page().split("| a folder without |")[1].split("\n###")[0]
        stand_in = kind in ROUTING_RULES and ROUTING_RULES[kind].stand_in is not None
        assert said == stand_in, kind.name


def test_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert "usage" in capsys.readouterr().err
