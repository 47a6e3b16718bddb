"""Every broken folder ends in its one line, and reading changes nothing."""

from __future__ import annotations

import os
import re
import time
from pathlib import Path

import numpy as np
import pytest
from broken_folders import CASES
from good_folder import SERVERS, STREAMS, in_parquet, swapped, write_good
from refusals import expected_errors, refused, state

from fairlead.model import BadInputError
from fairlead.telemetry import read_network

FEWEST_CLASSES = 120


def refusal(folder: Path) -> str:
    return refused(folder, read_network)


@pytest.mark.parametrize("name", CASES)
def test_one_line(name: str, tmp_path: Path) -> None:
    folder = tmp_path / "net"
    write_good(folder)
    CASES[name](folder)
    line = refusal(folder)
    pattern = re.escape(expected_errors("expected_errors.txt")[name].replace("{folder}", str(folder))).replace(
        r"\*", ".*"
    )
    assert re.fullmatch(pattern, line), line
    assert refusal(folder) == line  # the same folder, the same line


def test_floor() -> None:
    assert list(expected_errors("expected_errors.txt")) == list(CASES)
    assert len(CASES) >= FEWEST_CLASSES


def test_the_good_folder_is_good(tmp_path: Path) -> None:
    write_good(tmp_path / "net")
    before = state(tmp_path / "net")
    read_network(tmp_path / "net")
    assert state(tmp_path / "net") == before


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is unreadable to root")
def test_no_permission(tmp_path: Path) -> None:
    write_good(tmp_path / "net")
    (tmp_path / "net" / "streams.csv").chmod(0)
    with pytest.raises(BadInputError, match=r"file\.unreadable.*streams\.csv"):
        read_network(tmp_path / "net")


def test_files_are_judged_in_order(tmp_path: Path) -> None:
    write_good(tmp_path)
    swapped("server_windows", "10", "x")(tmp_path)
    assert "server_windows.csv:2:9" in refusal(tmp_path)
    swapped("streams", "88", "x")(tmp_path)
    assert "streams.csv:6:19" in refusal(tmp_path)
    swapped("streams", "1.75", "x")(tmp_path)
    assert "streams.csv:5:19" in refusal(tmp_path)
    swapped("servers", "52.4", "x")(tmp_path)
    assert "servers.csv:4:15" in refusal(tmp_path)


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_places_are_those_of_an_editor(tmp_path: Path, end: str, mark: str) -> None:
    """With blank lines, a byte order mark, letters of several bytes, quotes and mixed line ends above the offender."""
    write_good(tmp_path)
    text = SERVERS.replace("acme", '"Ærø ""& co"", Ltd"', 1).replace("eu", "Île-de-France").replace("\n", f"\n{end}")
    text = text.replace("Île-de-France,fra,acme", '"Île-de-France",fra,"a,b"').replace("-74.0", "-740")
    (tmp_path / "servers.csv").write_bytes((mark + end + text).encode())
    line = refusal(tmp_path)
    found = re.search(r"servers\.csv:(\d+):(\d+)", line)
    assert found, line
    row, column = int(found[1]), int(found[2])
    assert text.replace("\r\n", "\n").split("\n")[row - 2][column - 1 :].startswith("-740"), line


def large(folder: Path, rows: list[str]) -> None:
    write_good(folder)
    (folder / "streams.csv").write_text(STREAMS.split("\n", 1)[0] + "\n" + "\n".join(rows) + "\n")


def garbage(kind: str) -> list[str]:
    count = 1_000_000
    if kind == "words":
        return [f"g{i},a{i % 991},b{i % 997},x,y,z,{i}" for i in range(count)]
    if kind == "numbers":
        return [f"{i},{i % 991},{i % 997},-1,1e400,nan,7" for i in range(count)]
    if kind == "times":
        return [f"2026-13-01T00:00:00.{i:06}Z,fra-1,fra-2,1,1,1,1" for i in range(count)]
    rows = [f"{i},fra-1,fra-2,1,0,1.5,0" for i in range(count)]
    rows[-1] = {"a quote in the last row": '"', "a short last row": "1,2", "one bad number": rows[-1] + "x"}[kind]
    return rows


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "code", "place"),
    [
        ("words", "cell.not_a_window", ":2:1"),
        ("numbers", "cell.dangling", ":2:3"),
        ("times", "cell.not_a_window", ":2:1"),
        ("a quote in the last row", "csv.quoting", ":1000001:1"),
        ("a short last row", "csv.ragged", ":1000001:1"),
        ("one bad number", "cell.not_a_number", ":1000001:28"),
    ],
)
def test_a_million_rows_of_garbage_fail_soon(tmp_path: Path, kind: str, code: str, place: str) -> None:
    large(tmp_path, garbage(kind))
    start = time.process_time()
    line = refusal(tmp_path)
    assert time.process_time() - start < 15  # of one core; 1 to 5 s measured
    assert line.startswith(code)
    assert place in line


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_damaged_bytes_end_in_one_line_or_in_a_network(tmp_path: Path, form: str) -> None:
    rng = np.random.default_rng(11)
    write_good(tmp_path)
    if form == "parquet":
        for table in ("servers", "streams", "server_windows"):
            in_parquet(table)(tmp_path)
    lines = []
    for _ in range(100):
        path = tmp_path / f"{rng.choice(['servers', 'streams', 'server_windows'])}.{form}"
        whole = path.read_bytes()
        damaged = bytearray(whole)
        for place in rng.integers(len(whole), size=2):
            damaged[place] = rng.integers(256)
        path.write_bytes(damaged)
        try:
            read_network(tmp_path)
        except BadInputError as error:
            lines.append(str(error))
        path.write_bytes(whole)
    assert len(lines) > 50
    assert [line.splitlines() for line in lines] == [[line] for line in lines]


def test_bytes_of_garbage(tmp_path: Path) -> None:
    """Whatever the bytes, one line."""
    rng = np.random.default_rng(5)
    for table in ("servers", "streams", "server_windows"):
        for form in ("csv", "parquet"):
            for alphabet in (256, 128):
                write_good(tmp_path)
                (tmp_path / f"{table}.csv").unlink()
                broken = tmp_path / f"{table}.{form}"
                broken.write_bytes(rng.integers(0, alphabet, 5_000, dtype=np.uint8).tobytes())
                refusal(tmp_path)
                broken.unlink()
