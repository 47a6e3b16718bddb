"""References: the operator's ids in a file -> row numbers inside."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from fairlead.model import Column
from fairlead.telemetry.numbers import ABSENT_WORDS
from fairlead.telemetry.offence import Offence, offences_where
from fairlead.telemetry.sheet import near
from fairlead.telemetry.texts import Coded

_MOST_COMPARED = 2_000


def row_numbers(cells: Coded, name: str, spec: Column, ids: Any) -> tuple[NDArray[np.int32], list[Offence]]:
    """Row [rows] of the referred table whose id reads the same, -1 where there is none, and what is wrong.

    ``ids`` is the pyarrow text array of the referred table's ids, in its row order. Ids are compared as text, so an
    integer column refers to ids that are text and the other way round. Where a reference may be absent, so that many
    tools keep whole numbers as reals, ``NaN`` is absent and ``7.0`` is ``7``, unless ids read so. O(rows + distinct
    ids).
    """
    found = pc.index_in(cells.distinct, value_set=ids).fill_null(-1).to_numpy(zero_copy_only=False)
    blank = pc.equal(pc.utf8_trim_whitespace(cells.distinct), "").to_numpy(zero_copy_only=False)
    if spec.nullable:
        whole = pc.replace_substring_regex(cells.distinct, r"^(-?[0-9]+)\.0$", r"\1")
        rounded = pc.index_in(whole, value_set=ids).fill_null(-1).to_numpy(zero_copy_only=False)
        found = np.where(found < 0, rounded, found)
        word = pc.is_in(pc.utf8_trim_whitespace(cells.distinct), value_set=pa.array(sorted(ABSENT_WORDS)))
        blank = blank | word.to_numpy(zero_copy_only=False)
    absent = (cells.codes < 0) | cells.rows_where(blank)
    offences: list[Offence] = []
    if not spec.nullable:
        what = f"{name} is absent"
        offences += offences_where(absent, name, code="cell.absent", what=what, expected=f"an id of {spec.refers}")
    offences += offences_where(
        cells.rows_where((found < 0) & ~blank),
        name,
        code="cell.dangling",
        what=f"{name} names no row of {spec.refers}",
        expected=f"one of the {len(ids)} ids of {spec.refers}",
        hint=_hint(ids),
    )
    return cells.spread(found.astype(np.int32), fill=-1), offences


def _hint(ids: Any) -> Callable[[str], str]:
    def hint(text: str) -> str:
        known = ids.to_pylist()
        if text.strip() in known:
            return f"there are blanks around it; write {text.strip()!r}"
        plain = text.strip().lstrip("+0") or "0"
        if plain in known:
            return f"ids are compared as text; write {plain!r}"
        folded = text.casefold()
        same = next((candidate for candidate in known if candidate.casefold() == folded), None)
        if same is not None:
            return f"did you mean {same}?"
        return near(text, known) if len(known) <= _MOST_COMPARED and len(text) < 100 else ""

    return hint
