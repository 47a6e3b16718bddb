"""docs/tables.md is what the declarations say."""

from __future__ import annotations

from pathlib import Path

import pytest

from fairlead.service.docs import main, tables_page
from fairlead.telemetry import OVERLAY_TABLES

PAGE = Path(__file__).parents[2] / "docs" / "tables.md"


def test_the_page_is_up_to_date(tmp_path: Path) -> None:
    assert main([str(tmp_path / "tables.md")]) == 0
    assert PAGE.read_text(encoding="utf-8") == (tmp_path / "tables.md").read_text(encoding="utf-8"), "run `make docs`"


def test_every_column_has_its_row() -> None:
    page = tables_page(OVERLAY_TABLES)
    for kind in OVERLAY_TABLES:
        section = page.split(f"\n## {kind.name}\n")[1].split("\n## ")[0]
        for name, spec in kind.declared().items():
            row = next(line for line in section.splitlines() if line.startswith(f"| `{name}` |"))
            assert spec.doc in row
            assert f"| {spec.unit} |" in row
            assert ("required" in row) == (spec.required and kind.name != "windows")


def test_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert "usage" in capsys.readouterr().err
