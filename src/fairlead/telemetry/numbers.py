"""Columns of numbers: text or typed values -> checked arrays. Absent is NaN, only where declared so."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as t
from numpy.typing import NDArray

from fairlead.model import Column, Kind
from fairlead.telemetry.offence import Offence, offences_where

Array = NDArray[Any]
ABSENT_WORDS = frozenset({"#N/A", "NaN"}).union(
    *((word, word.upper(), word.capitalize()) for word in ("", "nan", "null", "na", "n/a", "none"))
)
_NUMBER = r"^[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?$"
_COUNT_LIMIT = float(np.iinfo(np.int32).max)


def numbers(column: Any, name: str, spec: Column) -> tuple[Array, list[Offence]]:
    """A COUNT or REAL column [rows] and what is wrong with it. Offending cells hold 0 (counts) or NaN (reals).

    Text comes only from a CSV file in which some cell is no number; anything else is typed. Linear in the rows.
    """
    values, not_number = _parsed(column) if t.is_string(column.type) else (_typed(column), None)
    absent = np.isnan(values) if values.dtype.kind == "f" else np.zeros(len(values), dtype=bool)
    said = {"expected": expectation(spec)}
    offences: list[Offence] = []
    if not_number is not None:
        absent &= ~not_number
        what = f"{name} is not a number"
        offences += offences_where(not_number, name, code="cell.not_a_number", what=what, hint=_number_hint, **said)
    if not spec.nullable:
        offences += offences_where(absent, name, code="cell.absent", what=f"{name} is absent", **said)
    low, high = limits(spec)
    with np.errstate(invalid="ignore"):
        outside = (values < low) | (values > high) | np.isinf(values)
        fractional = (
            (values != np.floor(values)) & ~outside & ~np.isnan(values) if _is_real_count(values, spec) else None
        )
    what = f"{name} is out of range"
    offences += offences_where(outside, name, code="cell.out_of_range", what=what, hint=_range_hint(spec), **said)
    if fractional is not None:
        what = f"{name} is not a whole number"
        offences += offences_where(fractional, name, code="cell.not_whole", what=what, **said)
    return _stored(values, spec, bool(offences)), offences


def limits(spec: Column) -> tuple[float, float]:
    """The closed range of a number; counts are kept in 32 bits."""
    if spec.kind is not Kind.COUNT:
        return spec.low, spec.high
    return max(spec.low, -_COUNT_LIMIT), min(spec.high, _COUNT_LIMIT)


def expectation(spec: Column) -> str:
    """What a number of this column may be, in words."""
    noun = "a whole number" if spec.kind is Kind.COUNT else "a number"
    low, high = limits(spec)
    text = noun
    if np.isfinite(low) and np.isfinite(high):
        text = f"{noun} from {low:.10g} to {high:.10g}"
    elif np.isfinite(low):
        text = f"{noun}, {low:.10g} or more"
    elif np.isfinite(high):
        text = f"{noun}, {high:.10g} or less"
    return text + (f", in {spec.unit}" if spec.unit not in ("", "count", "ratio") else "")


def _is_real_count(values: Array, spec: Column) -> bool:
    return spec.kind is Kind.COUNT and values.dtype.kind == "f"


def _stored(values: Array, spec: Column, has_offences: bool) -> Array:
    if spec.kind is Kind.REAL:
        return values if values.dtype.kind == "f" else values.astype(np.float64)
    if has_offences:  # the array only serves to find more offenders
        low, high = limits(spec)
        values = np.clip(np.nan_to_num(values, posinf=high, neginf=low), max(low, 0), high)
    return values.astype(np.int32)


def _typed(column: Any) -> Array:
    values: Array
    if column.null_count and t.is_integer(column.type):  # NaN is the only null of NumPy
        values = column.to_numpy().astype(np.float64)
    else:
        values = column.to_numpy()
    return values


def _parsed(column: Any) -> tuple[Array, NDArray[np.bool_]]:
    """Values [rows], NaN where absent or no number, and where a cell is no number. Text of a CSV file."""
    trimmed = pc.utf8_trim(column, " \t")
    absent = pc.is_in(trimmed, value_set=pa.array(sorted(ABSENT_WORDS)))
    is_number = pc.match_substring_regex(trimmed, _NUMBER)
    kept = pc.replace_substring_regex(pc.if_else(is_number, trimmed, None), r"^\+", "")
    not_number: NDArray[np.bool_] = pc.invert(pc.or_(absent, is_number)).to_numpy()
    endless = pc.is_in(pc.utf8_lower(trimmed), value_set=pa.array(["inf", "+inf", "-inf", "infinity", "-infinity"]))
    values = kept.cast(pa.float64()).to_numpy()
    return np.where(endless.to_numpy(), np.inf, values), not_number & ~endless.to_numpy()


def _range_hint(spec: Column) -> Any:
    def hint(text: str) -> str:
        value = _value(text)
        if spec.unit == "ratio" and 1 < value <= 100:
            return f"a ratio lies between 0 and 1; {value:g} % is {value / 100:g}"
        if "1e" in text.lower() and not np.isfinite(value):
            return "the number is larger than a computer's largest"
        return "leave the cell empty if it is not known" if spec.nullable and not np.isfinite(value) else ""

    return hint


def _value(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return np.nan


_NUMBER_HINTS: tuple[tuple[str, str], ...] = (
    (r"[+-]?\d{1,3}([,' _]\d{3})+(\.\d+)?", "write it without thousands separators"),
    (r"[+-]?\d*,\d+", "write the decimal point as a point"),
    (r"[+-]?0[xX][0-9a-fA-F]+", "write it in decimal"),
    (r".*%", "write a ratio between 0 and 1, without a percent sign"),
    (r"(?i)true|false|yes|no", "a number is asked for, not true or false"),
    (r"[+-]?[\d.]+\s*[^\W\d]+", "write the number alone; the unit is in the name of the column"),
    (r"[-.\d\s]*[^\x00-\x7f].*", "use the digits 0 to 9 and a plain minus sign"),
)


def _number_hint(text: str) -> str:
    return next((hint for pattern, hint in _NUMBER_HINTS if re.fullmatch(pattern, text.strip())), "")
