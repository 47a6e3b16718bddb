"""What a person or a pipe meets: data on stdout, everything else on stderr, progress only where somebody watches."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import Enum
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from fairlead.service.plain import plain

PATIENCE_S = 2.0  # work that takes less shows nothing
PLAIN_WIDTH = 100  # columns where there is no terminal to ask


class Output(Enum):
    """How data is printed."""

    TABLE = "table"
    JSON = "json"


def data_console() -> Console:
    """stdout; without colours and of a fixed width where it is no terminal."""
    return _console(sys.stdout.isatty(), False)


def error_console() -> Console:
    """stderr."""
    return _console(sys.stderr.isatty(), True)


def _console(watched: bool, to_stderr: bool) -> Console:
    width = None if watched else PLAIN_WIDTH
    return Console(stderr=to_stderr, width=width, highlight=False, soft_wrap=False, emoji=False)


def print_json(value: Any) -> None:
    """One JSON object on stdout, ended by a line break."""
    sys.stdout.write(json.dumps(plain(value), indent=2, ensure_ascii=False, allow_nan=False) + "\n")
    sys.stdout.flush()


def warn(text: str) -> None:
    """One line on stderr."""
    sys.stderr.write(f"warning: {' '.join(text.split())}\n")


def note(text: str) -> None:
    """One line on stderr, about what is being done."""
    sys.stderr.write(f"{' '.join(text.split())}\n")
    sys.stderr.flush()


Watch = Callable[[str, int, int], None]


@contextmanager
def progress_bar() -> Iterator[Watch]:
    """A function (label, done, total) that draws a bar on stderr if it is a terminal, from the third second on.

    total 0: nobody knows how much is left.
    """
    console, begun_s = error_console(), time.monotonic()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    bar = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
    task = bar.add_task("", total=None)
    started = False

    def show(label: str, done: int, total: int) -> None:
        nonlocal started
        if not started and time.monotonic() - begun_s >= PATIENCE_S:
            started = True
            bar.start()
        bar.update(task, description=label, completed=done, total=total or None)

    try:
        yield show
    finally:
        if started:
            bar.stop()


@contextmanager
def spinner() -> Iterator[Callable[[str], None]]:
    """A function (label) that says on stderr, if it is a terminal, what is being done; gone when done."""
    console = error_console()
    if not console.is_terminal:
        yield lambda _label: None
        return
    with console.status("") as status:
        yield lambda label: status.update(label)
