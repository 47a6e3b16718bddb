"""The memory of groups as a file: what is written is read, and nothing that is damaged passes."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import xxhash
from hypothesis import given, settings
from hypothesis import strategies as st

from fairlead.model import BadInputError
from fairlead.planners.route.group_churn import GroupMemory
from fairlead.service.route_map_memory import memory_beside, read_memory

MEMORY = GroupMemory(
    site=np.array(["fra", "a>b", "zürich"]),
    prefix=np.array(["10.0.0.0/24", "2001:db8::/48"]),
    ranking=np.array([[2, 0, -1], [-1, -1, -1]], np.int32),
    runs=np.array([2, 0], np.int32),
)


def written(memory: GroupMemory, path: Path) -> bytes:
    with memory_beside(memory, path):
        pass
    return path.read_bytes()


def same(one: GroupMemory, other: GroupMemory) -> bool:
    return all(np.array_equal(getattr(one, name), getattr(other, name)) for name in GroupMemory.__slots__)


@pytest.mark.parametrize("memory", [MEMORY, GroupMemory.begin()])
def test_what_is_written_is_read(tmp_path: Path, memory: GroupMemory) -> None:
    raw = written(memory, tmp_path / "memory")
    assert raw.startswith(b"fairlead group memory 1\n")
    assert same(read_memory(tmp_path / "memory"), memory)
    assert written(memory, tmp_path / "again") == raw
    assert sorted(path.name for path in tmp_path.iterdir()) == ["again", "memory"]


def test_sites_with_numbers_are_names(tmp_path: Path) -> None:
    memory = GroupMemory(site=np.array([7, 8]), prefix=MEMORY.prefix, ranking=MEMORY.ranking % 2, runs=MEMORY.runs)
    written(memory, tmp_path / "memory")
    assert read_memory(tmp_path / "memory").site.tolist() == ["7", "8"]


def test_no_file_is_no_memory(tmp_path: Path) -> None:
    assert same(read_memory(tmp_path / "none"), GroupMemory.begin())


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_every_damage_is_found(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    path = tmp_path_factory.mktemp("memory") / "memory"
    raw = bytearray(written(MEMORY, path))
    place = data.draw(st.integers(0, len(raw) - 1))
    if data.draw(st.booleans()):
        path.write_bytes(raw[:place])
    else:
        raw[place] ^= data.draw(st.integers(1, 255))
        path.write_bytes(raw)
    with pytest.raises(BadInputError, match=r"^memory\.(damaged|version|not_a_memory): [^\n]*$"):
        read_memory(path)


def forged(path: Path, **columns: object) -> None:
    """A file whose hash is right and whose content is not."""
    whole = {name: getattr(MEMORY, name) for name in GroupMemory.__slots__} | columns
    buffer = io.BytesIO()
    np.savez(buffer, **{name: values for name, values in whole.items() if values is not None})
    digest = xxhash.xxh3_128_hexdigest(buffer.getvalue()).encode()
    path.write_bytes(b"fairlead group memory 1\n" + digest + b"\n" + buffer.getvalue())


@pytest.mark.parametrize(
    "columns",
    [
        {"runs": None},
        {"runs": np.array([1], np.int32)},
        {"runs": np.array([-1, 0], np.int32)},
        {"runs": np.array([1.0, 0.0])},
        {"ranking": np.array([[3], [0]], np.int32)},
        {"ranking": np.array([[-2], [0]], np.int32)},
        {"ranking": np.array([[-1, 0], [0, 1]], np.int32)},
        {"ranking": np.array([0, 1], np.int32)},
        {"site": np.array(["fra", "fra", "lon"])},
        {"prefix": np.array(["10.0.0.0/24", "10.0.0.0/24"])},
        {"prefix": np.array(["x", {"a": 1}], dtype=object)},
    ],
)
def test_columns_that_do_not_fit_each_other(tmp_path: Path, columns: dict[str, object]) -> None:
    forged(tmp_path / "memory", **columns)
    with pytest.raises(BadInputError, match=r"memory\.damaged"):
        read_memory(tmp_path / "memory")


def test_a_sound_forgery_passes(tmp_path: Path) -> None:
    """Else the cases above would be refused for something else."""
    forged(tmp_path / "memory")
    assert same(read_memory(tmp_path / "memory"), MEMORY)


def test_nothing_is_left_when_the_block_fails(tmp_path: Path) -> None:
    old = written(GroupMemory.begin(), tmp_path / "memory")

    def fails() -> None:
        with memory_beside(MEMORY, tmp_path / "memory"):
            raise KeyError

    with pytest.raises(KeyError):
        fails()
    assert (tmp_path / "memory").read_bytes() == old
    assert [path.name for path in tmp_path.iterdir()] == ["memory"]


def test_a_place_that_cannot_be_written_is_found_before_the_block(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    for place in (tmp_path / "folder", tmp_path / "none" / "memory"):
        reached = False
        with pytest.raises(BadInputError, match=r"memory\.unwritable"), memory_beside(MEMORY, place):
            reached = True
        assert not reached
    with pytest.raises(BadInputError, match=r"file\.not_a_file"):
        read_memory(tmp_path / "folder")
