"""Columns of names: ids, labels and flags. A column becomes distinct texts and, for each row, which: checks then cost
as much as there are distinct texts, and millions of rows only cost one look-up each.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as t
from numpy.typing import NDArray

from fairlead.model import Column
from fairlead.telemetry.offence import Offence, offences_where

LONGEST_NAME_CHARACTERS = 256
_UNSEEN = r"[\p{Cc}\p{Zl}\p{Zp}]"
_FLAGS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Coded:
    """``distinct`` is a pyarrow array without nulls in use; ``codes`` [rows] int32 counts into it, -1 where absent."""

    distinct: Any
    codes: NDArray[np.int32]

    def rows_where(self, bad: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """From a mask over distinct values to a mask [rows]; absent rows are false."""
        return self.spread(bad, fill=False)

    def spread(self, per_distinct: NDArray[Any], fill: Any) -> NDArray[Any]:
        """From one value a distinct text to one value a row; ``fill`` where absent."""
        padded = np.append(per_distinct, np.asarray([fill], dtype=per_distinct.dtype))
        return padded[self.codes]  # -1 counts from the end


def coded(column: Any) -> Coded:
    """Any column as distinct values and codes; all but timestamps become text."""
    encoded = column
    if t.is_dictionary(column.type) and any(chunk.dictionary.null_count for chunk in column.chunks):
        encoded = column.cast(column.type.value_type)  # Arrow cannot unify dictionaries that hold a null
    if not t.is_dictionary(encoded.type):
        encoded = encoded.dictionary_encode()
    merged = encoded.unify_dictionaries().combine_chunks()
    if isinstance(merged, pa.ChunkedArray):
        merged = merged.chunk(0)
    distinct, indices = merged.dictionary, merged.indices
    if t.is_boolean(distinct.type):
        distinct = pc.if_else(distinct, "true", "false")
    elif not t.is_timestamp(distinct.type):
        distinct = distinct.cast(pa.string())
    codes = pc.fill_null(indices.cast(pa.int32()), -1).to_numpy(zero_copy_only=False)
    again = distinct.dictionary_encode()  # a Parquet dictionary may hold one text twice
    if len(again.dictionary) < len(distinct):
        places = np.append(again.indices.to_numpy(zero_copy_only=False), -1).astype(np.int32)
        distinct, codes = again.dictionary, places[codes]
    return Coded(distinct=distinct, codes=codes)


def name_offences(cells: Coded, name: str, spec: Column) -> list[Offence]:
    """What is wrong with ids or labels: absent or blank where required, padded with blanks, unprintable, endless."""
    trimmed = pc.utf8_trim_whitespace(cells.distinct)
    blank = _mask(pc.equal(trimmed, ""))
    offences: list[Offence] = []
    if spec.required:
        nothing = (cells.codes < 0) | cells.rows_where(blank)
        what = f"{name} is absent"
        offences += offences_where(
            nothing, name, code="cell.absent", what=what, expected=f"{spec.kind.value} of one character or more"
        )
    rules: tuple[tuple[str, str, Any, str, Callable[[str], str]], ...] = (
        (
            "cell.padded",
            "has blanks around it",
            _mask(pc.not_equal(trimmed, cells.distinct)),
            "no blanks before or after",
            lambda text: f"write {text.strip()!r}",
        ),
        (
            "cell.control_character",
            "holds a line break or another control character",
            _mask(pc.match_substring_regex(cells.distinct, _UNSEEN)),
            "printable text on one line",
            lambda _: "",
        ),
        (
            "cell.too_long",
            "is too long",
            _mask(pc.greater(pc.utf8_length(cells.distinct), LONGEST_NAME_CHARACTERS)),
            f"up to {LONGEST_NAME_CHARACTERS} characters",
            lambda _: "",
        ),
    )
    for code, what, bad, expected, hint in rules:
        bad_rows = cells.rows_where(bad)
        offences += offences_where(bad_rows, name, code=code, what=f"{name} {what}", expected=expected, hint=hint)
    return offences


def label_array(cells: Coded) -> NDArray[np.str_]:
    """Labels [rows]; empty where absent."""
    return cells.spread(np.asarray(cells.distinct.to_pylist(), dtype=np.str_), fill="")


def id_array(cells: Coded, as_text: bool) -> NDArray[Any]:
    """Ids [rows]: 64-bit integers when every id reads like one, else text. Every row must have one."""
    if not as_text:
        whole = _integers(cells)
        if whole is not None:
            return whole
    return label_array(cells)


def flags(cells: Coded, name: str) -> tuple[NDArray[np.bool_], list[Offence]]:
    """Flags [rows] and what is wrong; an offending cell holds False."""
    read = [_FLAGS.get(text.strip().lower()) for text in cells.distinct.to_pylist()]
    bad = cells.spread(np.asarray([value is None for value in read], dtype=bool), fill=True)
    offences = offences_where(
        bad,
        name,
        code="cell.not_a_flag",
        what=f"{name} is neither true nor false",
        expected="true, false, 1, 0, yes or no",
    )
    return cells.spread(np.asarray([bool(value) for value in read], dtype=bool), fill=False), offences


def _integers(cells: Coded) -> NDArray[np.int64] | None:
    texts = cells.distinct
    in_use = np.zeros(len(texts), dtype=bool)
    in_use[cells.codes[cells.codes >= 0]] = True
    used = texts.filter(pa.array(in_use))
    if not _mask(pc.match_substring_regex(used, r"^(0|-?[1-9][0-9]{0,18})$")).all():
        return None
    try:
        values = pc.if_else(pa.array(in_use), texts, "0").cast(pa.int64())
    except pa.ArrowInvalid:  # beyond 64 bits
        return None
    return cells.spread(values.to_numpy(zero_copy_only=False), fill=0)


def _mask(values: Any) -> NDArray[np.bool_]:
    found: NDArray[np.bool_] = values.to_numpy(zero_copy_only=False).astype(bool)
    return found
