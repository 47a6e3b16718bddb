"""A typed columnar table: equal-length read-only arrays whose declaration carries unit, dtype and range.

The declaration is read by the door that validates files, by the documentation and by the checks, so a unit or a range
is written once. Absence is NaN (reals) or -1 (references), never 0, and only where the declaration allows it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cache
from types import MappingProxyType
from typing import Any, ClassVar, Self, TypeVar, get_args, get_type_hints

import numpy as np
import xxhash
from numpy.typing import NDArray

from fairlead.model.errors import BadInputError

Array = NDArray[Any]
F = TypeVar("F")


class Kind(Enum):
    """What a column means; decides which dtypes it may have."""

    ID = "id"  # names a row; strings or 64-bit integers, unique with the table's key
    LABEL = "label"  # groups rows (a region); strings
    TIME = "time"  # a window: an integer or a UTC time
    REFERENCE = "reference"  # row number in another table
    COUNT = "count"  # whole number
    REAL = "real"  # number with a unit
    FLAG = "flag"  # true or false


_NATIVE_DTYPES: Mapping[Kind, tuple[str, ...]] = {
    Kind.ID: ("i8", "U"),
    Kind.LABEL: ("U",),
    Kind.TIME: ("i8", "M8[ms]"),
    Kind.REFERENCE: ("i4",),
    Kind.COUNT: ("i4",),
    Kind.REAL: ("f4", "f8"),
    Kind.FLAG: ("b1",),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """The declaration of one column.

    unit      : as written in the reference (``ms``, ``ratio``, ``count``, ``Mbit/s``, ``deg``; or empty)
    low, high : closed range of every present value
    nullable  : NaN / -1 may stand for "not known"
    default   : what a file without this column means; ``None``: the column is required
    refers    : the table that a REFERENCE counts rows of
    """

    kind: Kind
    doc: str
    unit: str = ""
    low: float = -np.inf
    high: float = np.inf
    nullable: bool = False
    default: float | bool | str | None = None
    refers: str = ""

    @property
    def required(self) -> bool:
        return self.default is None


@cache
def _declared(kind: type[Table]) -> Mapping[str, Column]:
    hints = get_type_hints(kind, include_extras=True)
    return MappingProxyType(
        {
            field.name: next(note for note in get_args(hints[field.name]) if isinstance(note, Column))
            for field in dataclasses.fields(kind)
        }
    )


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Table:
    """Base of all tables: a dataclass whose fields are ``name: Annotated[Array, Column(...)]``.

    Build with :meth:`of`, which fills optional columns. A table takes over the arrays it is given and locks them.
    """

    name: ClassVar[str]
    key: ClassVar[tuple[str, ...]]

    @classmethod
    def declared(cls) -> Mapping[str, Column]:
        """Column name -> declaration, in the order of the class body."""
        return _declared(cls)  # type: ignore[arg-type]  # mypy mistakes the class for its instances

    @classmethod
    def of(cls, **columns: Any) -> Self:
        """A table from arrays or sequences. BadInputError for a missing, unknown, ragged or out-of-range column."""
        declared = cls.declared()
        unknown = sorted(set(columns) - set(declared))
        if unknown:
            raise BadInputError(
                code="table.extra_column",
                what=f"table {cls.name} has no column {unknown[0]}",
                where=cls.name,
                got=", ".join(unknown),
                expected=", ".join(declared),
            )
        row_count = next((len(values) for values in columns.values()), 0)
        arrays: dict[str, Array] = {}
        for name, spec in declared.items():
            if name in columns:
                arrays[name] = _native(np.asarray(columns[name]), spec, f"{cls.name}.{name}")
            elif spec.default is not None:
                arrays[name] = _native(np.full(row_count, spec.default), spec, f"{cls.name}.{name}")
            else:
                raise BadInputError(
                    code="table.missing_column",
                    what=f"table {cls.name} lacks its column {name}",
                    where=cls.name,
                    got=", ".join(columns) or "no columns",
                    expected=", ".join(n for n, s in declared.items() if s.required),
                )
        return cls(**arrays)

    def __post_init__(self) -> None:
        row_counts = {name: len(self.array(name)) for name in self.declared()}
        if len(set(row_counts.values())) > 1:
            raise BadInputError(
                code="table.ragged",
                what=f"columns of table {self.name} differ in length",
                where=self.name,
                got=", ".join(f"{name} {rows}" for name, rows in row_counts.items()),
                expected="equal lengths",
            )
        for name, spec in self.declared().items():
            check_range(self.array(name), spec, f"{self.name}.{name}")
            self.array(name).flags.writeable = False
        object.__setattr__(self, "_memo", {})

    @property
    def row_count(self) -> int:
        return len(self.array(next(iter(self.declared()))))

    def array(self, column_name: str) -> Array:
        values: Array = getattr(self, column_name)
        return values

    def with_column(self, column_name: str, values: Array) -> Self:
        """The same table with one column replaced; digests of the other columns are kept."""
        spec = self.declared()[column_name]
        place = f"{self.name}.{column_name}"
        native = _native(values, spec, place)
        check_range(native, spec, place)
        assert len(native) == self.row_count, f"{place}: {len(native)} values for {self.row_count} rows"
        native.flags.writeable = False
        twin = object.__new__(type(self))
        for name in self.declared():
            object.__setattr__(twin, name, native if name == column_name else self.array(name))
        kept = {k: v for k, v in self._facts().items() if k[0] in ("digest", "codes") and k[1] != column_name}
        object.__setattr__(twin, "_memo", kept)
        return twin

    def digest(self, column_name: str) -> bytes:
        """Content hash of one column (dtype, length, bytes); computed once."""
        return self.memo(("digest", column_name), lambda: _digest(column_name, self.array(column_name)))

    def codes(self, column_name: str) -> tuple[Array, NDArray[np.int32]]:
        """Distinct values of a column, sorted, and for each row the place of its value among them. Computed once."""
        return self.memo(("codes", column_name), lambda: _codes(self.array(column_name)))

    def memo(self, key: tuple[str, Hashable], compute: Callable[[], F]) -> F:
        """A fact that follows from this table alone, computed once: the table cannot change, so neither can it."""
        facts = self._facts()
        if key not in facts:
            facts[key] = compute()
        found: F = facts[key]
        return found

    def _facts(self) -> dict[tuple[str, Hashable], Any]:
        facts: dict[tuple[str, Hashable], Any] = self._memo  # type: ignore[attr-defined]  # set in __post_init__
        return facts

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Table) or type(self) is not type(other):
            return NotImplemented
        return all(self.digest(name) == other.digest(name) for name in self.declared())

    def __hash__(self) -> int:
        return hash(tuple(self.digest(name) for name in self.declared()))

    def __reduce__(self) -> tuple[object, ...]:
        return (_unpickled, (type(self), {name: self.array(name) for name in self.declared()}))

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.row_count} rows>"


def _digest(column_name: str, values: Array) -> bytes:
    values = np.ascontiguousarray(values)
    if values.dtype.kind == "U":  # the same strings in a wider dtype are the same content
        values = values.astype(f"U{max(1, int(np.strings.str_len(values).max(initial=0)))}")
    frame = xxhash.xxh3_128(f"{column_name}|{values.dtype.str}|{len(values)}|".encode())
    frame.update(values.view(np.uint8).data if values.size else b"")
    return frame.digest()


def _codes(values: Array) -> tuple[Array, NDArray[np.int32]]:
    distinct, inverse = np.unique(values, return_inverse=True)
    return distinct, inverse.astype(np.int32)


def _unpickled(kind: type[Table], arrays: dict[str, Array]) -> Table:
    return kind(**arrays)


def _native(values: Array, spec: Column, place: str) -> Array:
    """The array in the dtype its kind asks for; loses nothing silently."""
    allowed = _NATIVE_DTYPES[spec.kind]
    if any(values.dtype.kind == "U" if d == "U" else values.dtype == np.dtype(d) for d in allowed):
        # a caller that can still write to the array must not be able to write to the table
        owner = values if values.base is None else values.base
        shared = owner is not values and (values.flags.writeable or getattr(owner, "flags", values.flags).writeable)
        return values.copy() if shared else values
    if values.size == 0:
        return np.empty(0, dtype="U1" if allowed[0] == "U" else allowed[0])
    wanted = np.dtype(allowed[-1] if spec.kind is Kind.REAL else allowed[0])
    lossless = {
        Kind.ID: values.dtype.kind in "iu",
        Kind.LABEL: False,
        Kind.TIME: values.dtype.kind in "iu",
        Kind.REFERENCE: values.dtype.kind in "iu",
        Kind.COUNT: values.dtype.kind in "iu"
        or (values.dtype.kind == "f" and bool(np.all(values == np.floor(values)))),
        Kind.REAL: values.dtype.kind in "iuf",
        Kind.FLAG: False,
    }[spec.kind]
    if spec.kind is Kind.TIME and values.dtype.kind == "M":
        return values.astype("M8[ms]")
    if lossless and spec.kind is not Kind.REAL:
        limits = np.iinfo(wanted)
        lossless = bool(values.min() >= limits.min and values.max() <= limits.max)
    if not lossless:
        raise BadInputError(
            code="table.wrong_type",
            what=f"column {place} has the wrong type",
            where=place,
            got=str(values.dtype),
            expected=f"{spec.kind.value} ({' or '.join(allowed)})",
        )
    return values.astype(wanted)


def check_range(values: Array, spec: Column, place: str) -> None:
    """Every value inside the declared range; raises BadInputError that names the first offender."""
    if spec.kind in (Kind.ID, Kind.LABEL, Kind.TIME, Kind.FLAG) or not values.size:
        return
    low, high = (-1.0 if spec.nullable else 0.0, np.inf) if spec.kind is Kind.REFERENCE else (spec.low, spec.high)
    smallest, largest = values.min(), values.max()  # NaN propagates into both
    if low <= smallest and largest <= high and (np.isfinite([smallest, largest]).all() or spec.kind is not Kind.REAL):
        return
    absent = np.isnan(values) if spec.kind is Kind.REAL and spec.nullable else np.zeros(len(values), dtype=bool)
    good = absent | ((values >= low) & (values <= high))
    if spec.kind is Kind.REAL:
        good &= absent | np.isfinite(values)
    if good.all():
        return
    row = int(np.argmin(good))
    raise BadInputError(
        code="table.out_of_range",
        what=f"value out of range in {place}",
        where=f"{place}, row {row}",
        got=str(values[row]),
        expected=f"{low:g} to {high:g}" + (f" {spec.unit}" if spec.unit else ""),
    )
