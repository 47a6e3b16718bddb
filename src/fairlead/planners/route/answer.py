"""The fast door: which path a session takes (Panorama 3.1: session-group table, then group-routing table).

:func:`route_tables` makes the tables from a routed snapshot; :func:`answer`, :func:`path_set` and :func:`answers` read
them. Chance is an argument: the same number draws the same path.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fairlead.kernels import lookup
from fairlead.model import BadInputError
from fairlead.planners.route.answer_build import route_tables
from fairlead.planners.route.answer_tables import RouteTables

__all__ = [
    "Address",
    "Answer",
    "Answers",
    "PathSet",
    "RouteTables",
    "Why",
    "answer",
    "answers",
    "packed",
    "packed_all",
    "path_set",
    "route_tables",
]

Address = tuple[int, int]
"""The halves (high, low) of 128 bits as signed 64-bit numbers, which the kernels take as they are.

An IPv4 address is its IPv4-mapped IPv6 address, so one form serves both families.
"""

_MAPPED = lookup.MAPPED << 32
_HALVES = struct.Struct(">qq")


class Why(IntEnum):
    """What an answer rests on."""

    PLANNED = lookup.PLANNED  # drawn from the weighted path set of the session group
    SAME_GROUP = lookup.SAME_GROUP  # both ends in one user group: direct (Panorama 3.3)
    NEARBY = lookup.NEARBY  # no path set: nearest sites and the best backbone path between them (3.2)
    UNKNOWN = lookup.UNKNOWN  # nothing is known of an end: direct


_WHYS = tuple(Why)


class Answer(NamedTuple):
    """One path. ``path`` is a row of the path pool (0: direct), ``row`` the session group's row or -1."""

    path: int
    why: Why
    row: int


class PathSet(NamedTuple):
    """A whole weighted path set in the planned order; the weights sum to 1."""

    paths: tuple[int, ...]
    weights: tuple[float, ...]
    why: Why
    row: int


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """Answers to n sessions: path [n] int32 path rows, why [n] int8 (:class:`Why`), row [n] int64 or -1."""

    path: NDArray[np.int32]
    why: NDArray[np.int8]
    row: NDArray[np.int64]


def packed(text: str) -> Address:
    """An IPv4 or IPv6 address in text form. BadInputError where it is neither."""
    try:
        if ":" in text:
            high, low = _HALVES.unpack(socket.inet_pton(socket.AF_INET6, text))
            return high, low
        return 0, _MAPPED | int.from_bytes(socket.inet_pton(socket.AF_INET, text), "big")
    except (OSError, ValueError):  # ValueError: a NUL or a letter outside ASCII
        raise BadInputError(
            code="route.address", what="not an IP address", got=text[:60], expected="IPv4 (192.0.2.1) or IPv6"
        ) from None


def packed_all(texts: Iterable[str]) -> NDArray[np.int64]:
    """Addresses [n, 2] (high, low) for :func:`answers`. BadInputError names the first that is none."""
    return np.array([packed(text) for text in texts], dtype=np.int64).reshape(-1, 2)


def answer(tables: RouteTables, source: Address, target: Address, service_class: int, uniform: float) -> Answer:
    """The path of one new session; ``uniform`` in [0, 1) draws it by weight (Panorama 3.2, steps 3 and 4)."""
    path, why, row = lookup.answered(tables.lookup, *source, *target, service_class, len(tables.class_name), uniform)
    return Answer(path, _WHYS[why], row)


def path_set(tables: RouteTables, source: Address, target: Address, service_class: int) -> PathSet:
    """All paths of a session group with their weights, for path adjustment (Panorama 3.4)."""
    found = answer(tables, source, target, service_class, 0.0)
    if found.why is not Why.PLANNED:
        return PathSet((found.path,), (1.0,), found.why, found.row)
    paths, weights = tables.set_path[found.row], tables.set_weight[found.row]
    total = float(weights[paths >= 0].sum())
    if total <= 0.0:  # as the draw does: paths without any weight mean the first of them
        return PathSet((found.path,), (1.0,), found.why, found.row)
    used = (paths >= 0) & (weights > 0)
    return PathSet(tuple(paths[used].tolist()), tuple((weights[used] / total).tolist()), found.why, found.row)


def answers(
    tables: RouteTables,
    source: NDArray[np.int64],
    target: NDArray[np.int64],
    service_class: NDArray[np.int32],
    uniform: NDArray[np.float64],
) -> Answers:
    """:func:`answer` for n sessions at once. source, target : [n, 2]; service_class, uniform : [n]. O(n log groups)."""
    assert len(source) == len(target) == len(service_class) == len(uniform), "arrays of one length"
    sources, targets = lookup.groups_of(tables.lookup, source), lookup.groups_of(tables.lookup, target)
    return Answers(*lookup.routed_all(tables.lookup, sources, targets, service_class, len(tables.class_name), uniform))
