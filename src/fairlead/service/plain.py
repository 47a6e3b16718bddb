"""Values as plain data for JSON: dataclasses become mappings, not-a-number becomes null, enums their values."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from enum import Enum
from typing import Any


def plain(value: Any) -> Any:
    """The value as mappings, lists, texts, numbers and null, which JSON has for infinity and not-a-number too.

    >>> plain({"gap": float("nan"), "counts": (1, 2)})
    {'gap': None, 'counts': [1, 2]}
    """
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(inner) for inner in value]
    if hasattr(value, "tolist"):  # NumPy's, which this file does not import: help must be instant
        return plain(value.tolist())
    if isinstance(value, Enum):
        return plain(value.value)
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
