"""What grouping must know from one run to the next, as one file: written as a whole or not at all, checked when read.

The file is a line that says what it is and in which version, a line with the hash of all that follows, and the columns
of :class:`GroupMemory` as NumPy's ``.npz``, without pickle.
"""

from __future__ import annotations

import io
import os
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import xxhash
from numpy.typing import NDArray

from fairlead.model import BadInputError
from fairlead.planners.route.group_churn import GroupMemory
from fairlead.telemetry.listing import read_file

VERSION = 1
_HEAD = b"fairlead group memory "
_COLUMNS = {"site": "U", "prefix": "U", "ranking": "i", "runs": "i"}


def read_memory(path: Path) -> GroupMemory:
    """The memory in a file; where there is none yet, a memory of nothing.

    BadInputError for a file that cannot be read, is of another version, is damaged or is something else.
    """
    if not os.path.lexists(path):
        return GroupMemory.begin()
    raw = read_file(path)
    head, _, rest = raw.partition(b"\n")
    if not head.startswith(_HEAD):
        raise _refused(path, "memory.not_a_memory", "the file is no memory of user groups", "another kind of file")
    if head != _HEAD + str(VERSION).encode():
        got = head[len(_HEAD) :][:20].decode("ascii", "replace")
        raise _refused(path, "memory.version", "the memory has a version that is not known", got)
    digest, _, content = rest.partition(b"\n")
    if digest != _digest(content):
        raise _refused(path, "memory.damaged", "the memory is damaged", "content that its hash does not fit")
    return _unpacked(content, path)


@contextmanager
def memory_beside(memory: GroupMemory, path: Path) -> Iterator[None]:
    """Writes the memory beside ``path`` first, and puts it there when the block ends without an error.

    So what the block writes and the memory of it appear together, or neither does. BadInputError where it cannot be
    written; that is found before the block begins, but for the last renaming.
    """
    target = Path(os.path.realpath(path))
    beside = ""
    try:
        if target.is_dir():
            raise IsADirectoryError(None, "it is a folder")
        handle, beside = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        with os.fdopen(handle, "wb") as opened:
            opened.write(_packed(memory))
            opened.flush()
            os.fsync(opened.fileno())
        Path(beside).chmod(0o644)
    except OSError as error:
        if beside:
            Path(beside).unlink(missing_ok=True)
        raise _unwritable(path, error) from None
    try:
        yield
        _rename(Path(beside), target, path)
    finally:
        Path(beside).unlink(missing_ok=True)


def _rename(beside: Path, target: Path, path: Path) -> None:
    try:
        beside.replace(target)
    except OSError as error:
        raise _unwritable(path, error) from None


def _packed(memory: GroupMemory) -> bytes:
    buffer = io.BytesIO()
    # site ids may be whole numbers; they are names here
    np.savez_compressed(
        buffer,
        site=memory.site.astype(np.str_),
        prefix=memory.prefix.astype(np.str_),
        ranking=memory.ranking,
        runs=memory.runs,
    )
    content = buffer.getvalue()
    return b"\n".join([_HEAD + str(VERSION).encode(), _digest(content), content])


def _unpacked(content: bytes, path: Path) -> GroupMemory:
    columns: dict[str, NDArray[Any]] = {}
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as stored:
            columns = {name: stored[name] for name in _COLUMNS}
    except (ValueError, KeyError, OSError, EOFError, zipfile.BadZipFile, zlib.error, NotImplementedError) as error:
        raise _refused(path, "memory.damaged", "the memory is damaged", " ".join(str(error).split())[:120]) from None
    site, prefix, ranking, runs = (columns[name] for name in _COLUMNS)
    sound = (
        all(columns[name].dtype.kind == kind for name, kind in _COLUMNS.items())
        and (site.ndim, prefix.ndim, ranking.ndim, runs.ndim) == (1, 1, 2, 1)
        and len(prefix) == len(ranking) == len(runs)
        and len(np.unique(site)) == len(site)
        and len(np.unique(prefix)) == len(prefix)
        and bool(((ranking >= -1) & (ranking < len(site))).all())
        and bool((runs >= 0).all())
        # behind the end of a ranking nothing follows
        and not bool(((ranking[:, :-1] < 0) & (ranking[:, 1:] >= 0)).any())
    )
    if not sound:
        raise _refused(path, "memory.damaged", "the memory is damaged", "columns that do not fit each other")
    return GroupMemory(site=site, prefix=prefix, ranking=ranking.astype(np.int32), runs=runs.astype(np.int32))


def _digest(content: bytes) -> bytes:
    return xxhash.xxh3_128_hexdigest(content).encode()


def _refused(path: Path, code: str, what: str, got: str) -> BadInputError:
    return BadInputError(
        code=code,
        what=what,
        where=str(path),
        got=got,
        expected=f"a file that route map --memory wrote, version {VERSION}",
        hint="restore it, or name a new file and group from scratch",
    )


def _unwritable(path: Path, error: OSError) -> BadInputError:
    return BadInputError(
        code="memory.unwritable",
        what="the memory cannot be written",
        where=str(path),
        got=error.strerror or str(error),
        hint="check the path, the permissions and the free space",
    )
