"""A folder of generations of route tables: one whole generation is published at any moment, whatever is killed.

    gen-000000000007-<content hash>/   *.npy and manifest.json; never changed once it has its name
    CURRENT                            the name of the published generation
    LOCK                               held by the one that publishes
    staging-*                          an unfinished publication; the next one removes it

A publication writes and syncs everything under another name, renames the folder, then renames a new CURRENT over the
old one. Readers never lock: they follow CURRENT, verify, and map.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import xxhash

from fairlead.model import BadInputError, StaleError
from fairlead.planners.route.answer import RouteTables
from fairlead.service.route_tables import (
    MANIFEST,
    Manifest,
    at_once,
    corrupt,
    mapped_tables,
    npy_bytes,
    read_manifest,
)

CURRENT = "CURRENT"
KEEP = 2  # older generations that stay, to return to
_LOCK, _STAGING, _GENERATION = "LOCK", "staging-", "gen-"

Step = Callable[[str], None]
"""Called with the name of each step of a publication just before it is taken; a trial kills there."""


def _unwatched(name: str) -> None:
    """Nobody looks on."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Generation:
    """A whole, verified generation; ``warnings`` says what was passed over to reach it."""

    manifest: Manifest
    tables: RouteTables
    warnings: tuple[str, ...] = ()


def loaded(store: Path) -> Generation:
    """The published generation, or the newest whole one before it where it is damaged. O(bytes).

    BadInputError where the store has no whole generation. Where CURRENT cannot be read, the newest whole one counts.
    """
    for attempt in range(3):  # what CURRENT named may be gone by the time it is read: then it names another by now
        name = current_name(store)
        found = _newest_whole(store, name)
        if found is not None and (not found.warnings or attempt == 2 or current_name(store) == name):
            return found
    raise BadInputError(
        code="route_store.empty",
        what="the store has no whole generation of route tables",
        where=str(store),
        hint="publish route tables first",
    )


def whole(
    folder: Path, held: tuple[Manifest, RouteTables] | None = None, breathe: Callable[[], None] = at_once
) -> Generation:
    """The generation in this folder, every file verified that is not ``held`` already. BadInputError if not whole."""
    manifest = read_manifest(folder)
    return Generation(manifest=manifest, tables=mapped_tables(folder, manifest, held, breathe))


def _newest_whole(store: Path, name: str) -> Generation | None:
    # what is newer than CURRENT was never published
    folders = [folder for folder in reversed(generations(store)) if not name or folder.name <= name]
    warnings: list[str] = [] if name else [f"{store / CURRENT} cannot be used; the newest whole generation counts"]
    if name and (not folders or folders[0].name != name):
        warnings.append(str(corrupt(store / name, "no such folder")))
    for folder in folders:
        try:
            found = whole(folder)
            return replace(found, warnings=tuple(warnings))
        except BadInputError as error:
            warnings.append(str(error))
    return None


def current_name(store: Path) -> str:
    """What CURRENT names; empty where it cannot be read."""
    try:
        name = (store / CURRENT).read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return ""
    return name if name.startswith(_GENERATION) and "/" not in name else ""


def generations(store: Path) -> list[Path]:
    """The generation folders, oldest first, whole or not."""
    return sorted(path for path in store.glob(f"{_GENERATION}*") if path.is_dir())


def ready(store: Path) -> None:
    """Makes the folder if need be, and sees that one could publish into it now: errors as of :func:`publish`."""
    try:
        store.mkdir(parents=True, exist_ok=True)
        with _locked(store):
            pass
    except OSError as error:
        raise _unusable(store, error) from None


def publish(
    store: Path,
    tables: RouteTables,
    keep: int = KEEP,
    clock: Callable[[], float] = time.time,
    step: Step = _unwatched,
    made_s: float | None = None,
) -> Manifest:
    """Makes ``tables`` the published generation; all of it or nothing, on the disk when this returns.

    keep   : older generations that stay; older ones are removed (who has them mapped keeps reading them)
    made_s : when the tables were made; not given: now

    Files that did not change are linked, not written. StaleError while another publishes.
    """
    assert keep >= 0, "keep counts older generations"
    ready(store)
    with _locked(store):
        try:
            return _published(store, tables, keep, clock(), step, made_s)
        except OSError as error:
            raise _unusable(store, error) from None


def _published(store: Path, tables: RouteTables, keep: int, now_s: float, step: Step, made_s: float | None) -> Manifest:
    before = _swept(store, step)
    staging = store / f"{_STAGING}{os.getpid()}"
    step("make the staging folder")
    staging.mkdir()
    files: dict[str, str] = {}
    for name, values in tables.arrays().items():
        file_name = f"{name}.npy"
        data = npy_bytes(values)
        files[file_name] = xxhash.xxh3_128_hexdigest(data)
        if before and before.files.get(file_name) == files[file_name]:
            step(f"link {file_name}")
            os.link(store / before.name / file_name, staging / file_name)
        else:
            _write(staging / file_name, data, step)
    manifest = Manifest(
        number=_next_number(store, before),
        content=tables.content_hash,
        made_s=now_s if made_s is None else made_s,
        published_s=now_s,
        files=files,
    )
    _write(staging / MANIFEST, manifest.as_bytes(), step)
    step("sync the staging folder")
    _sync(staging)
    step("name the generation")
    staging.rename(store / manifest.name)
    step("sync the store")
    _sync(store)
    _point(store, manifest.name, step)
    _prune(store, manifest.name, keep, step)
    return manifest


def roll_back(
    store: Path,
    back: int = 1,
    keep: int = KEEP,
    clock: Callable[[], float] = time.time,
    step: Step = _unwatched,
) -> Manifest:
    """Publishes what was published ``back`` generations ago, under a new number and with its own age.

    BadInputError where the store has no such generation, or not whole.
    """
    assert back >= 1, "back counts generations"
    name = current_name(store)
    older = [folder for folder in generations(store) if folder.name < name]
    if len(older) < back:
        raise BadInputError(
            code="route_store.no_older",
            what="the store has no generation that old",
            where=str(store),
            got=f"{back} back",
            expected=f"at most {len(older)} back",
        )
    folder = older[-back]
    manifest = read_manifest(folder)
    return publish(store, mapped_tables(folder, manifest), keep, clock, step, made_s=manifest.made_s)


@contextmanager
def _locked(store: Path) -> Iterator[None]:
    """The lock of the only publisher; it falls with the process that holds it."""
    with (store / _LOCK).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StaleError(
                code="route_store.busy",
                what="another process is publishing into this store",
                where=str(store),
                hint="try again when it is done",
            ) from None
        yield


def _swept(store: Path, step: Step) -> Manifest | None:
    """Removes what killed publications left, and gives the manifest of what is published, if it can be used."""
    name = current_name(store)
    for folder in (*store.glob(f"{_STAGING}*"), *(g for g in generations(store) if name and g.name > name)):
        step(f"remove {folder.name}")
        if folder.is_dir():
            shutil.rmtree(folder)
        else:
            folder.unlink()
    try:
        manifest = read_manifest(store / name) if name else None
        # a file is linked only where its bytes are what the manifest says
        if manifest is not None:
            mapped_tables(store / name, manifest)
        return manifest
    except BadInputError:
        return None


def _next_number(store: Path, before: Manifest | None) -> int:
    numbers = [before.number] if before else []
    for folder in generations(store):
        digits = folder.name.removeprefix(_GENERATION).split("-")[0]
        numbers.append(int(digits) if digits.isdecimal() else 0)
    return max(numbers, default=0) + 1


def _write(path: Path, data: bytes, step: Step) -> None:
    step(f"write {path.name}")
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        step(f"sync {path.name}")
        os.fsync(file.fileno())


def _point(store: Path, name: str, step: Step) -> None:
    """CURRENT names the new generation from one moment to the next."""
    fresh = store / f"{_STAGING}{CURRENT}"
    _write(fresh, name.encode() + b"\n", step)
    step("rename CURRENT")
    fresh.rename(store / CURRENT)
    step("sync the store again")
    _sync(store)


def _prune(store: Path, name: str, keep: int, step: Step) -> None:
    older = [folder for folder in generations(store) if folder.name < name]
    for folder in older[: max(0, len(older) - keep)]:
        step(f"remove {folder.name}")
        # the manifest goes first: a half removed generation must not look like a damaged one that lost a file
        (folder / MANIFEST).unlink(missing_ok=True)
        shutil.rmtree(folder)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _unusable(store: Path, error: OSError) -> BadInputError:
    return BadInputError(
        code="route_store.unusable",
        what="the store cannot be written",
        where=str(store),
        got=error.strerror or str(error),
    )
