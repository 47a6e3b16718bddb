"""What is wrong with a cell or a row of a file, before its place in the file is known.

Finding offenders is array work and happens on every file; finding the line and column of one is slow and happens once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

_SHOWN_CHARACTERS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Offence:
    """The first offender of one rule in one column; ``more_count`` rows further down break the same rule.

    row, column : where; the row counts data rows from 0
    hint        : from the text of the cell to what may help
    twin_row    : an earlier row that the offender clashes with, or -1
    twin_says   : from what the offender and its twin say, and where the twin is, to the text to show
    """

    row: int
    column: str
    code: str
    what: str
    expected: str = ""
    hint: Callable[[str], str] = lambda _: ""
    more_count: int = 0
    twin_row: int = -1
    twin_says: Callable[[str, str, str], str] = lambda text, twin, where: f"{text}, but {twin} at {where}"


def offences_where(bad: NDArray[np.bool_], column: str, **said: Any) -> list[Offence]:
    """One offence for the first true row of ``bad`` [rows], none when no row is; ``said`` fills the other fields."""
    row = int(np.argmax(bad)) if len(bad) else 0
    if not len(bad) or not bad[row]:
        return []
    return [Offence(row=row, column=column, more_count=int(np.count_nonzero(bad)) - 1, **said)]


def shown(text: str, limit_characters: int = _SHOWN_CHARACTERS) -> str:
    """The text quoted on one line and cut to the limit; what cannot be seen is written as an escape."""
    cut = text if len(text) <= limit_characters else text[: limit_characters - 1] + "…"
    return repr(cut)


def listed(names: Sequence[str], limit_count: int = 12) -> str:
    """Names after each other on one line; the rest as a number."""
    rest = len(names) - limit_count
    return ", ".join(names[:limit_count]) + (f" and {rest} more" if rest > 0 else "")
