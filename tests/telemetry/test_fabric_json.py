"""A fabric in one JSON file: the same as in a folder, and errors that point into the file."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from fabric_folder import FABRIC_FILES, write_good_fabric

from fairlead.model import Arrivals, BadInputError, FabricLinks
from fairlead.telemetry import read_fabric, read_fabric_json


def content() -> dict[str, Any]:
    """The good folder as one object; numbers as numbers, blanks left out."""

    def value(text: str) -> Any:
        try:
            return json.loads(text)
        except json.JSONDecodeError:
            return text

    tables = {
        name: [
            {column: value(cell) for column, cell in record.items() if cell}
            for record in csv.DictReader(text.splitlines())
        ]
        for name, text in FABRIC_FILES.items()
    }
    return {"title": "two racks", "arrivals_per_s": 120, **tables}


def written(folder: Path, value: Any) -> Path:
    path = folder / "fabric.json"
    path.write_text(value if isinstance(value, str) else json.dumps(value))
    return path


def test_same_as_the_folder(tmp_path: Path) -> None:
    write_good_fabric(tmp_path / "net")
    assert read_fabric_json(written(tmp_path, content())) == read_fabric(tmp_path / "net")


def test_what_may_be_absent(tmp_path: Path) -> None:
    few = {name: content()[name] for name in ("nodes", "links")}
    found = read_fabric_json(written(tmp_path, few))
    assert found[Arrivals].row_count == 0
    assert found[FabricLinks].row_count == 14


def test_null_is_absent(tmp_path: Path) -> None:
    whole = content()
    whole["links"][0]["buffer_bytes"] = None
    whole["links"][1]["buffer_bytes"] = 9_000
    buffers = read_fabric_json(written(tmp_path, whole))[FabricLinks].buffer_bytes
    assert buffers[1] == 9_000
    assert buffers[0] != buffers[0]


def broken(**changes: Any) -> dict[str, Any]:
    return {**content(), **changes}


BAD_LINK = [{**content()["links"][0], "capacity_mbps": -5}, *content()["links"][1:]]
CASES = {
    "not JSON": ("{", "json.syntax"),
    "a list": ("[]", "json.wrong_type"),
    "no such table": (broken(link=[]), "json.unknown_key"),
    "a table that is an object": (broken(nodes={}), "json.wrong_type"),
    "a record that is a list": (broken(nodes=[[1]]), "json.wrong_type"),
    "a cell that is a list": (broken(nodes=[{"node": ["H0"], "tier": "server"}]), "json.wrong_type"),
    "no nodes": ({"links": content()["links"]}, "folder.missing_table"),
    "no links at all": (broken(links=[]), "table.empty"),
    "arrivals as text": (broken(arrivals_per_s="many"), "toml.wrong_type"),
    "a capacity below zero": (broken(links=BAD_LINK), "cell.out_of_range"),
    "a flow to nowhere": (broken(flows=[{**content()["flows"][0], "target": "H9"}]), "cell.dangling"),
}


@pytest.mark.parametrize("name", CASES)
def test_one_line_about_the_file(name: str, tmp_path: Path) -> None:
    value, code = CASES[name]
    path = written(tmp_path, value)
    with pytest.raises(BadInputError) as caught:
        read_fabric_json(path)
    line = str(caught.value)
    assert caught.value.code == code
    assert line.splitlines() == [line]
    assert str(path) in caught.value.where
    assert "/tmp/tmp" not in line.replace(str(tmp_path), "")


def test_the_record_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInputError) as caught:
        read_fabric_json(written(tmp_path, broken(links=BAD_LINK)))
    assert caught.value.where.endswith("fabric.json, links[0]")


def test_not_utf_8_and_not_there(tmp_path: Path) -> None:
    path = tmp_path / "fabric.json"
    path.write_bytes(b'{"title": "\xe9"}')
    with pytest.raises(BadInputError, match=r"json\.encoding"):
        read_fabric_json(path)
    with pytest.raises(BadInputError, match=r"file\.unreadable"):
        read_fabric_json(tmp_path / "absent.json")
