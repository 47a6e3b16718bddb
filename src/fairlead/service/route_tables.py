"""Route tables as files and as a difference: one .npy file an array, a manifest with the hash of each.

A difference carries only the rows that changed, and the hashes of what it starts from and of what it must lead to.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import xxhash

from fairlead.model import BadInputError, StaleError
from fairlead.model.table import Array
from fairlead.planners.route.answer import RouteTables, route_tables

__all__ = [
    "MANIFEST",
    "Delta",
    "Manifest",
    "RouteTables",
    "applied",
    "corrupt",
    "delta",
    "file_hash",
    "mapped_tables",
    "npy_bytes",
    "read_manifest",
    "route_tables",
]

MANIFEST = "manifest.json"
FORM = 1  # of the files and of the manifest
_BLOCK_BYTES = 1 << 20  # hashed at a time, so that a server that verifies keeps answering


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a generation consists of.

    number      : grows by one with every publication
    content     : content hash of the tables
    made_s      : when the tables were made, seconds since 1970; an undo keeps the age of what it restores
    published_s : when this generation was published
    files       : file name -> its XXH3-128, 32 hexadecimal digits
    """

    number: int
    content: str
    made_s: float
    published_s: float
    files: Mapping[str, str]

    @property
    def name(self) -> str:
        """Name of the folder: the number sorts, the hash says which content."""
        return f"gen-{self.number:012d}-{self.content}"

    def as_bytes(self) -> bytes:
        """JSON with a check over the rest of it, so that a flipped bit in the manifest itself is found."""
        body = {
            "form": FORM,
            "number": self.number,
            "content": self.content,
            "made_s": self.made_s,
            "published_s": self.published_s,
            "files": dict(sorted(self.files.items())),
        }
        return json.dumps({**body, "check": _check(body)}, indent=1).encode() + b"\n"

    @classmethod
    def of_bytes(cls, text: bytes, where: Path) -> Manifest:
        """The manifest that :meth:`as_bytes` wrote. BadInputError for anything else."""
        try:
            body: dict[str, Any] = json.loads(text)
            if body.pop("check") != _check(body) or body.pop("form") != FORM:
                raise ValueError("the check does not agree")
            return cls(**body)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise corrupt(where, f"manifest: {error}") from None


def _check(body: Mapping[str, Any]) -> str:
    return xxhash.xxh3_128_hexdigest(json.dumps(body, sort_keys=True).encode())


def corrupt(where: Path, got: str) -> BadInputError:
    """What a generation is refused with whose files are not those that were published."""
    return BadInputError(
        code="route_store.corrupt",
        what="a generation of route tables is not whole",
        where=str(where),
        got=got,
        expected="the files of its manifest",
        hint="it is passed over; publish again, or delete it",
    )


def npy_bytes(values: Array) -> bytes:
    """The array as a .npy file."""
    buffer = io.BytesIO()
    np.save(buffer, values, allow_pickle=False)
    return buffer.getvalue()


def at_once() -> None:
    """Nobody waits."""


def file_hash(path: Path, breathe: Callable[[], None] = at_once) -> str:
    """XXH3-128 of a file, ``breathe`` called after each block of it. OSError where it cannot be read."""
    frame = xxhash.xxh3_128()
    with path.open("rb") as file:
        while block := file.read(_BLOCK_BYTES):
            frame.update(block)
            breathe()
    return frame.hexdigest()


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a generation folder. BadInputError where there is none that can be used."""
    try:
        text = (folder / MANIFEST).read_bytes()
    except OSError as error:
        raise corrupt(folder, error.strerror or str(error)) from None
    manifest = Manifest.of_bytes(text, folder)
    if manifest.name != folder.name:
        raise corrupt(folder, f"the manifest of {manifest.name}")
    return manifest


def mapped_tables(
    folder: Path,
    manifest: Manifest,
    held: tuple[Manifest, RouteTables] | None = None,
    breathe: Callable[[], None] = at_once,
) -> RouteTables:
    """The tables of a generation, memory-mapped read-only, after every file was verified. BadInputError otherwise.

    The arrays outlive the folder: what is mapped stays readable after it was deleted. Of a generation that is ``held``
    the files with the same hash are taken over as they are mapped, without another look.
    """
    arrays: dict[str, Array] = {}
    try:
        for name, expected in manifest.files.items():
            if held is not None and held[0].files.get(name) == expected:
                arrays[name.removesuffix(".npy")] = held[1].arrays()[name.removesuffix(".npy")]
                continue
            got = file_hash(folder / name, breathe)
            if got != expected:
                raise corrupt(folder / name, f"hash {got}")
            arrays[name.removesuffix(".npy")] = np.load(folder / name, mmap_mode="r", allow_pickle=False)
        return RouteTables(**arrays)
    except (OSError, ValueError, TypeError) as error:
        raise corrupt(folder, str(error)) from None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Delta:
    """What turns one state of the tables into the next.

    basis, result : content hashes of both
    rows, values  : array name -> row numbers (int64) and the rows that they become
    whole         : arrays that changed in form or in most of their rows
    """

    basis: str
    result: str
    rows: Mapping[str, Array]
    values: Mapping[str, Array]
    whole: Mapping[str, Array]

    def as_bytes(self) -> bytes:
        """To send it; :meth:`of_bytes` reads it back. The arrays inside are compressed."""
        buffer = io.BytesIO()
        parts = {f"{part}.{name}": values for part, name, values in self._parts()}
        header = np.array([self.basis, self.result])
        np.savez_compressed(buffer, allow_pickle=False, header=header, **parts)
        return buffer.getvalue()

    def _parts(self) -> Iterator[tuple[str, str, Array]]:
        for part, arrays in (("rows", self.rows), ("values", self.values), ("whole", self.whole)):
            for name, values in arrays.items():
                yield part, name, values

    @classmethod
    def of_bytes(cls, data: bytes) -> Delta:
        """BadInputError where the bytes are no difference."""
        parts: dict[str, dict[str, Array]] = {"rows": {}, "values": {}, "whole": {}}
        try:
            with np.load(io.BytesIO(data), allow_pickle=False) as archive:
                basis, result = archive["header"].tolist()
                for place in archive.files:
                    part, _, name = place.partition(".")
                    if part in parts:
                        parts[part][name] = archive[place]
        except Exception as error:  # the formats inside raise what they like on broken bytes
            raise BadInputError(
                code="route_delta.unreadable", what="not a difference of route tables", got=str(error)[:80]
            ) from None
        return cls(basis=basis, result=result, **parts)


def delta(old: RouteTables, new: RouteTables) -> Delta:
    """The difference; rows of arrays of the same form where fewer than half of them changed. O(size)."""
    rows: dict[str, Array] = {}
    values: dict[str, Array] = {}
    whole: dict[str, Array] = {}
    for name, after in new.arrays().items():
        before = old.arrays()[name]
        if before.shape != after.shape or before.dtype != after.dtype:
            whole[name] = after
            continue
        changed = np.flatnonzero((before != after).reshape(len(after), -1).any(axis=1))
        if 2 * len(changed) >= max(1, len(after)):
            whole[name] = after
        elif len(changed):
            rows[name], values[name] = changed, after[changed]
    return Delta(basis=old.content_hash, result=new.content_hash, rows=rows, values=values, whole=whole)


def applied(old: RouteTables, change: Delta) -> RouteTables:
    """``applied(old, delta(old, new)) == new``. StaleError where ``old`` is not what the difference starts from.

    BadInputError where it does not lead where it says.
    """
    if change.basis != old.content_hash:
        raise StaleError(
            code="route_delta.basis",
            what="the difference starts from other route tables",
            got=old.content_hash,
            expected=change.basis,
            hint="send the whole tables",
        )
    arrays = dict(old.arrays())
    try:
        for name, rows in change.rows.items():
            arrays[name] = arrays[name].copy()
            arrays[name][rows] = change.values[name]
        made = RouteTables(**{**arrays, **change.whole})
    except (KeyError, IndexError, ValueError, TypeError) as error:
        raise _astray(change, str(error)) from None
    if made.content_hash != change.result:
        raise _astray(change, made.content_hash)
    return made


def _astray(change: Delta, got: str) -> BadInputError:
    return BadInputError(
        code="route_delta.result", what="the difference does not lead where it says", got=got, expected=change.result
    )
