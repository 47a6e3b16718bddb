"""What holds for every refusal of a folder, whatever is wrong with it."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fairlead.model import BadInputError, Snapshot


def expected_errors(file_name: str) -> dict[str, str]:
    """Name of a broken folder -> the line it ends in."""
    lines = (Path(__file__).parent / file_name).read_text(encoding="utf-8").splitlines()[2:]
    return {name: line.strip() for name, line in zip(lines[::2], lines[1::2], strict=True)}


def state(folder: Path) -> list[tuple[str, int, int, bytes]]:
    """Names, modes, times and contents of everything at and under a path, links not followed."""

    def entries() -> Iterator[Path]:
        yield folder
        if folder.is_dir() and not folder.is_symlink():
            yield from sorted(folder.rglob("*"))

    found = []
    for path in entries():
        if not os.path.lexists(path):
            continue
        facts = path.lstat()
        raw = path.read_bytes() if stat.S_ISREG(facts.st_mode) else b""
        found.append((str(path), facts.st_mode, facts.st_mtime_ns, raw))
    return found


def refused(folder: Path, read: Callable[[Path], Snapshot]) -> str:
    """The line with which a folder is refused; asserts all that holds for any refusal."""
    before = state(folder)
    with pytest.raises(BadInputError) as caught:
        read(folder)
    assert state(folder) == before
    line = str(caught.value)
    assert caught.value.exit_code == 3
    assert line.splitlines() == [line]
    assert re.fullmatch(r"[a-z]+\.[a-z_0-9]+", caught.value.code)
    assert line.startswith(f"{caught.value.code}: ")
    assert str(folder) in caught.value.where
    assert "Traceback" not in line
    assert len(line) < 600 + 3 * len(str(folder))
    return line
