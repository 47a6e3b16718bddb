"""The tables of the fast door as one value with one content hash (Panorama 3.1: session-group and group-routing table).

Two tables that are refreshed at different rates are one value, so an answer never mixes the grouping of one moment
with the routing of another.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType

import numpy as np
import xxhash
from numpy.typing import NDArray

from fairlead.kernels import lookup
from fairlead.kernels.lookup import LookupArrays
from fairlead.model import BadInputError
from fairlead.model.table import Array


@dataclass(frozen=True, kw_only=True, eq=False)
class RouteTables:
    """Everything that an answer needs, as read-only arrays of fixed form: they can lie in memory-mapped files.

    The arrays of :class:`LookupArrays`, and what makes a path row something a client can use:

    path_start   : [paths + 1] int64 CSR of ``path_site``; path 0 has no site
    path_site    : [hops] int32 site rows, ingress first
    site_name    : [sites] the operator's own ids (strings or int64)
    class_name   : [classes] names of the service classes

    BadInputError where an array has the wrong form or points outside another; equal content compares equal.
    """

    v4_start: NDArray[np.uint32]
    v4_index: NDArray[np.int32]
    v4_group: NDArray[np.int32]
    v6_high: NDArray[np.uint64]
    v6_low: NDArray[np.uint64]
    v6_group: NDArray[np.int32]
    pair_start: NDArray[np.int64]
    pair_key: NDArray[np.int64]
    set_path: NDArray[np.int32]
    set_weight: NDArray[np.float64]
    nearest: NDArray[np.int32]
    best: NDArray[np.int32]
    path_start: NDArray[np.int64]
    path_site: NDArray[np.int32]
    site_name: Array
    class_name: Array

    def __post_init__(self) -> None:
        for name, values in self.arrays().items():
            plain = np.ascontiguousarray(np.asarray(values))  # a plain array: kernels do not know memory maps
            plain.flags.writeable = False
            object.__setattr__(self, name, plain)
        fault = _fault(self)
        if fault:
            raise BadInputError(
                code="route_tables.form", what="the route tables do not fit together", where=fault, got="another form"
            )

    def arrays(self) -> Mapping[str, Array]:
        """Every array by name, in the order of the class body."""
        return MappingProxyType({field.name: getattr(self, field.name) for field in dataclasses.fields(self)})

    @cached_property
    def lookup(self) -> LookupArrays:
        """The arrays that the kernels read."""
        return LookupArrays(*(getattr(self, name) for name in LookupArrays._fields))

    @cached_property
    def content_hash(self) -> str:
        """32 hexadecimal digits (XXH3-128) over names, forms and bytes of all arrays: equal routing, equal hash."""
        frame = xxhash.xxh3_128()
        for name, values in self.arrays().items():
            frame.update(name.encode())
            frame.update(array_hash(values))
        return frame.hexdigest()

    @cached_property
    def class_row(self) -> Mapping[str, int]:
        """Service class by name."""
        return MappingProxyType({str(name): row for row, name in enumerate(self.class_name.tolist())})

    def sites_of(self, path: int) -> list[str] | list[int]:
        """The sites of a path row by the operator's names, ingress first; empty for the direct path."""
        named: list[str] | list[int] = self.site_name[
            self.path_site[self.path_start[path] : self.path_start[path + 1]]
        ].tolist()
        return named

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RouteTables) and self.content_hash == other.content_hash

    def __hash__(self) -> int:
        return hash(self.content_hash)


def array_hash(values: Array) -> bytes:
    """XXH3-128 over form and bytes of one array."""
    values = np.ascontiguousarray(values)
    if values.dtype.kind == "U":  # the same strings in a wider dtype are the same content
        values = values.astype(f"U{max(1, int(np.strings.str_len(values).max(initial=0)))}")
    frame = xxhash.xxh3_128(f"{values.dtype.str}|{values.shape}|".encode())
    frame.update(values.reshape(-1).view(np.uint8).data if values.size else b"")
    return frame.digest()


def _fault(tables: RouteTables) -> str:
    """The name of the first array that has a wrong form or points outside another; empty when all is well. O(size)."""
    group_count, site_count, class_count = len(tables.nearest), len(tables.site_name), len(tables.class_name)
    path_count, rows = len(tables.path_start) - 1, len(tables.pair_key)
    forms: dict[str, tuple[str, int]] = {
        "v4_start": ("<u4", 1), "v4_index": ("<i4", 1), "v4_group": ("<i4", 1), "v6_high": ("<u8", 1),
        "v6_low": ("<u8", 1), "v6_group": ("<i4", 1), "pair_start": ("<i8", 1), "pair_key": ("<i8", 1),
        "set_path": ("<i4", 2), "set_weight": ("<f8", 2), "nearest": ("<i4", 1), "best": ("<i4", 2),
        "path_start": ("<i8", 1), "path_site": ("<i4", 1),
    }  # fmt: skip
    for name, (dtype, axes) in forms.items():
        values = tables.arrays()[name]
        if values.dtype.str != dtype or values.ndim != axes:
            return name
    ascending = {
        "v4_start": len(tables.v4_start) > 0 and tables.v4_start[0] == 0,
        "v6_high": len(tables.v6_high) > 0 and tables.v6_high[0] == 0 and tables.v6_low[0] == 0,
        "v4_index": len(tables.v4_index) == lookup.V4_BLOCKS + 1 and _within(tables.v4_index, 0, len(tables.v4_start)),
        "pair_start": len(tables.pair_start) == group_count + 1 and _is_csr(tables.pair_start, rows),
        "path_start": path_count >= 1 and _is_csr(tables.path_start, len(tables.path_site)),
        "set_path": len(tables.set_path) == rows and _within(tables.set_path, -1, path_count),
        "set_weight": tables.set_weight.shape == tables.set_path.shape and _within(tables.set_weight, 0, np.inf),
        "v4_group": len(tables.v4_group) == len(tables.v4_start) and _within(tables.v4_group, -1, group_count),
        "v6_low": len(tables.v6_low) == len(tables.v6_high),
        "v6_group": len(tables.v6_group) == len(tables.v6_high) and _within(tables.v6_group, -1, group_count),
        "pair_key": _within(tables.pair_key, 0, group_count * max(1, class_count)),
        "nearest": _within(tables.nearest, -1, site_count),
        "best": tables.best.shape == (site_count, site_count) and _within(tables.best, -1, path_count),
        "path_site": _within(tables.path_site, 0, site_count),
    }
    return next((name for name, good in ascending.items() if not good), "")


def _within(values: Array, low: float, end: float) -> bool:
    return not values.size or bool(values.min() >= low and values.max() < end)


def _is_csr(starts: Array, total: int) -> bool:
    return bool(starts[0] == 0 and starts[-1] == total and np.all(np.diff(starts) >= 0))
