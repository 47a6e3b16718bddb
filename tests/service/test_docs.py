"""docs/tables.md is what the declarations say."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from fairlead.model import Table
from fairlead.service.docs import BESIDE_TABLES, heading, main, tables_page
from fairlead.telemetry import FABRIC_TABLES, OVERLAY_TABLES, ROUTING_TABLES
from fairlead.telemetry.derived import is_derived, is_of_settings
from fairlead.telemetry.fabric_rules import fabric_rules
from fairlead.telemetry.routing_rules import ROUTING_RULES
from fairlead.telemetry.rules import Rules

PAGE = Path(__file__).parents[2] / "docs" / "tables.md"


def test_the_page_is_up_to_date(tmp_path: Path) -> None:
    assert main([str(tmp_path / "tables.md")]) == 0
    assert PAGE.read_text(encoding="utf-8") == (tmp_path / "tables.md").read_text(encoding="utf-8"), "run `make docs`"


EVERY_TABLE = (*OVERLAY_TABLES, *ROUTING_TABLES, *FABRIC_TABLES, *BESIDE_TABLES)


@pytest.mark.parametrize("kind", EVERY_TABLE, ids=lambda kind: kind.__name__)
def test_every_column_has_its_row(kind: type[Table]) -> None:
    page = tables_page()
    assert page.count(f"\n### {heading(kind)}\n") == 1
    section = page.split(f"\n### {heading(kind)}\n")[1].split("\n### ")[0].split("\n## ")[0]
    for name, spec in kind.declared().items():
        row = next(line for line in section.splitlines() if line.startswith(f"| `{name}` |"))
        assert spec.doc in row
        assert f"| {spec.unit} |" in row
        in_a_file = not is_derived(kind) or is_of_settings(kind)
        assert ("required" in row) == (spec.required and in_a_file)


def test_references_lead_to_tables_of_the_same_network() -> None:
    page = tables_page()
    headings = re.findall(r"^#+ (\w+)$", page, re.MULTILINE)
    assert len(headings) == len(set(headings)), "a link could lead to either"
    assert set(re.findall(r"\[`(\w+)`\]\(#\w+\)", page)) <= set(headings)
    assert "| `source` | id in [`sites`](#sites) |" in page
    assert "| `source` | id in [`sites`](#sites) or [`prefixes`](#prefixes) |" in page
    assert "| `group` | id in [`groups`](#groups) |" in page
    assert "| `source` | id in [`nodes`](#nodes) |" in page


@pytest.mark.parametrize(
    ("title", "kinds", "rules"),
    [
        ("The routed overlay", ROUTING_TABLES, ROUTING_RULES),
        ("The datacenter fabric", FABRIC_TABLES, fabric_rules()),
    ],
    ids=["routed", "fabric"],
)
def test_what_may_be_absent_is_said(
    title: str, kinds: Sequence[type[Table]], rules: Mapping[type[Table], Rules]
) -> None:
    part = tables_page().split(f"\n## {title}\n")[1].split("\n### ")[0]
    stated = part.split("| a folder without |")[1]
    for kind in kinds:
        stand_in = kind in rules and rules[kind].stand_in is not None
        assert (f"\n| `{kind.name}` | " in stated) == stand_in, kind.name


def test_two_tables_of_one_name_have_two_headings() -> None:
    named = [heading(kind) for kind in EVERY_TABLE]
    assert len(named) == len(set(named))
    assert {"links", "links of a fabric", "flows", "flows of a fabric"} <= set(named)


def test_a_reference_that_may_be_absent_has_no_number_for_it() -> None:
    candidates = tables_page().split("\n### candidates\n")[1].split("\n#")[0]
    assert "optional, else not known | allowed" in candidates
    assert "else -1" not in tables_page()


def test_settings_are_said_to_have_no_file() -> None:
    arrivals = tables_page().split("\n### arrivals\n")[1].split("\n### ")[0]
    assert "a number in network.toml" in arrivals


def test_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert "usage" in capsys.readouterr().err
