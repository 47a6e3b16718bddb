"""README, tutorial and how-to do what they say: every block is run, in order, in one folder, its output compared.

A ``console`` block holds commands behind ``$ `` and what they print (stdout, then stderr). A ``python`` block runs in
one session with those before it; a ``text`` block behind it is what it prints. In what is printed, ``...`` stands for
anything: alone on a line for any lines, in a line for a part of it. Blocks of other kinds are not run.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PATIENCE_S = 300


def blocks(page: str) -> Iterator[tuple[int, str, str]]:
    """(line, language, content) of every fenced block."""
    for found in re.finditer(r"^```(\w*)\n(.*?)^```$", page, re.MULTILINE | re.DOTALL):
        yield page.count("\n", 0, found.start()) + 1, found[1], found[2]


def commands(block: str) -> Iterator[tuple[str, str]]:
    """(command, what it prints) of a console block; a command goes on behind a backslash."""
    for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        lines = part.splitlines()
        last = next(number for number, line in enumerate(lines) if not line.endswith("\\"))
        yield "\n".join(lines[: last + 1]), "\n".join(lines[last + 1 :])


def agrees(shown: str, printed: str) -> bool:
    """What is shown, with ``...`` for anything, is what was printed; blanks at the ends of lines do not count."""
    wanted = [line.rstrip() for line in shown.strip().splitlines()]
    got = "".join(line.rstrip() + "\n" for line in printed.strip().splitlines())
    pattern = "".join(
        r"(?:.*\n)*?" if line == "..." else ".*?".join(re.escape(part) for part in line.split("...")) + r"\n"
        for line in wanted
    )
    return re.fullmatch(pattern, got) is not None


@pytest.mark.parametrize(
    ("shown", "printed", "same"),
    [
        ("a", "a  \n", True),
        ("a\nb", "a\n", False),
        ("a\n...\nd", "a\nb\nc\nd", True),
        ("a\n...\nd", "a\nd", True),
        ("a\n...\nd", "a\nb", False),
        ("took ... s", "took 1.5 s", True),
        ("took ... s", "took 1.5 min", False),
        ("...", "", True),
        ("", "a", False),
    ],
)
def test_the_comparison_can_tell(shown: str, printed: str, same: bool) -> None:
    assert agrees(shown, printed) == same


@pytest.mark.slow
@pytest.mark.parametrize(
    ("page", "least_commands", "least_python"),  # a page that lost its blocks must not pass
    [
        ("README.md", 6, 0),
        ("docs/tutorial.md", 8, 4),
        ("docs/tutorial-route.md", 8, 1),
        ("docs/tutorial-mitigate.md", 14, 6),
        ("docs/how-to.md", 0, 5),
    ],
)
def test_every_block_does_what_it_says(
    page: str, least_commands: int, least_python: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if page == "docs/how-to.md":
        pytest.importorskip("torch", reason="needs the extra train")
    environment = _environment(tmp_path)
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    session: dict[str, object] = {"__name__": "tutorial"}
    counts = {"console": 0, "python": 0}
    printed = ""
    for line, language, content in blocks((ROOT / page).read_text(encoding="utf-8")):
        place = f"{page}:{line}"
        if language == "console":
            for command, shown in commands(content):
                counts["console"] += 1
                _compare(shown, _run(command, folder, environment), f"{place}: $ {command}")
        elif language == "python":
            counts["python"] += 1
            with contextlib.redirect_stdout(io.StringIO()) as out:
                exec(compile(content, place, "exec"), session)
            printed = out.getvalue()
        elif language == "text":
            _compare(content, printed, place)
    assert counts["console"] >= least_commands
    assert counts["python"] >= least_python


def _compare(shown: str, printed: str, place: str) -> None:
    assert agrees(shown, printed), f"{place}\n--- shown\n{shown}\n--- printed\n{printed}"


def _run(command: str, folder: Path, environment: dict[str, str]) -> str:
    done = subprocess.run(
        ["sh", "-c", command],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    return done.stdout + done.stderr


def _environment(tmp_path: Path) -> dict[str, str]:
    """This environment without the reader's own settings, and with ``fairlead`` as the one that is tested."""
    scripts = tmp_path / "bin"
    scripts.mkdir()
    script = scripts / "fairlead"
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m fairlead "$@"\n', encoding="utf-8")
    script.chmod(0o755)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("FAIRLEAD_")}
    return kept | {"PATH": f"{scripts}{os.pathsep}{os.environ['PATH']}", "LC_ALL": "C"}
