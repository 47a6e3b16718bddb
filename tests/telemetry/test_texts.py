"""Columns as distinct texts and codes."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pyarrow as pa
import pytest

from fairlead.telemetry.texts import coded

COLUMNS: dict[str, Any] = {
    "text": pa.array(["b", None, "a", "b"]),
    "a dictionary with one text twice": pa.DictionaryArray.from_arrays([0, None, 1, 2], ["b", "a", "b"]),
    "a dictionary that holds a null": pa.DictionaryArray.from_arrays([2, 0, 1, 2], [None, "a", "b"]),
    "a dictionary with texts that are not used": pa.DictionaryArray.from_arrays([3, None, 1, 3], ["x", "a", "y", "b"]),
    "long offsets": pa.array(["b", None, "a", "b"], pa.large_string()),
}


@pytest.mark.parametrize("name", COLUMNS)
@pytest.mark.parametrize("cuts", [[0, 4], [0, 1, 1, 3, 4]])
def test_coded(name: str, cuts: list[int]) -> None:
    parts = [COLUMNS[name][start:stop] for start, stop in pairwise(cuts)]
    found = coded(pa.chunked_array(parts))
    texts = found.distinct.to_pylist()
    assert [texts[code] if code >= 0 else None for code in found.codes] == ["b", None, "a", "b"]
    assert found.codes[0] == found.codes[3]
    assert len(set(texts)) == len(texts)
