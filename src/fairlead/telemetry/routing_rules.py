"""What must hold between the cells of a routed overlay's tables, and which of them may be absent."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from fairlead.kernels.prefixes import FAULT_HOST_BITS, FAULT_LENGTH, FAULT_NONE, PrefixNumbers, prefix_numbers
from fairlead.model import Demands, Direct, Links, Prefixes, ServiceClasses, Table
from fairlead.telemetry.offence import Offence, offences_where
from fairlead.telemetry.rules import Rules, repeated_rows

Array = NDArray[Any]
_PREFIX_EXPECTED = "an IPv4 or IPv6 prefix such as 192.0.2.0/24 or 2001:db8::/48"


def prefixes_of_texts(texts: Array) -> PrefixNumbers:
    """The prefixes [rows] that these texts (or whatever was read) stand for, and what is wrong with each. O(bytes)."""
    stored = pa.array(texts).cast(pa.large_string())
    _, offsets, raw = stored.buffers()
    empty = np.zeros(0, np.uint8)
    return prefix_numbers(
        empty if raw is None else np.frombuffer(raw, np.uint8),
        np.zeros(1, np.int64) if not len(stored) else np.frombuffer(offsets, np.int64)[: len(stored) + 1],
    )


def _loop_offences(columns: Mapping[str, Array]) -> list[Offence]:
    return offences_where(
        (columns["source"] == columns["target"]) & (columns["source"] >= 0),
        "target",
        code="row.same_ends",
        what="source and target are the same",
        expected="two different sites",
    )


def _prefix_offences(columns: Mapping[str, Array]) -> list[Offence]:
    found = prefixes_of_texts(columns["prefix"])
    absent = columns["prefix"] == "" if columns["prefix"].dtype.kind == "U" else np.zeros(len(found.fault), bool)
    length, host = found.fault == FAULT_LENGTH, found.fault == FAULT_HOST_BITS
    other = (found.fault != FAULT_NONE) & ~length & ~host & ~absent
    said = {"expected": _PREFIX_EXPECTED, "hint": _prefix_hint}
    what = "prefix is no address prefix"
    offences = offences_where(other, "prefix", code="cell.not_a_prefix", what=what, **said)
    what = "prefix has a length that its addresses do not have"
    offences += offences_where(length, "prefix", code="cell.prefix_length", what=what, **said)
    what = "prefix names an address inside the prefix"
    offences += offences_where(host, "prefix", code="cell.host_bits", what=what, **said)
    return offences + _twin_offences(columns["prefix"], found)


def _twin_offences(texts: Array, found: PrefixNumbers) -> list[Offence]:
    """The same prefix in two spellings; the same spelling twice is the key's business."""
    sound = found.fault == FAULT_NONE
    distinct = np.unique(texts, return_index=True)[1]
    first = np.zeros(len(texts), bool)
    first[distinct] = True
    rows = np.flatnonzero(sound & first & (found.family == 6))  # IPv4 has one spelling only
    if not len(rows):
        return []
    high, low = (np.unique(part[rows], return_inverse=True)[1] for part in (found.high, found.low))
    twins = repeated_rows([high, low, found.length[rows].astype(np.int64)])
    if twins is None:
        return []
    bad = np.zeros(len(texts), bool)
    bad[rows[twins[0]]] = True
    offences = offences_where(
        bad,
        "prefix",
        code="row.duplicate",
        what="prefixes has the same prefix twice",
        expected="one row for each, however it is spelt",
    )
    return [replace(offences[0], twin_row=int(rows[twins[1]]), more_count=twins[2])]


def _prefix_hint(text: str) -> str:
    """What was probably meant."""
    address, _, length = text.strip().partition("/")
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return ""
    if not length:
        return f"append its length, such as {text.strip()}/{24 if parsed.version == 4 else 48}"
    try:
        return f"did you mean {ipaddress.ip_network(text.strip(), strict=False)}?"
    except ValueError:
        return f"the length is a number from 0 to {parsed.max_prefixlen}"


def _without_rows(kind: type[Table]) -> Table:
    return kind.of(**{name: [] for name, spec in kind.declared().items() if spec.required})


ROUTING_RULES: Mapping[type[Table], Rules] = {
    Links: Rules(checks=(_loop_offences,), may_be_empty=True),  # one site alone has no link
    ServiceClasses: Rules(stand_in=ServiceClasses.of_panorama()),
    Prefixes: Rules(checks=(_prefix_offences,), stand_in=_without_rows(Prefixes), may_be_empty=True),
    Direct: Rules(stand_in=_without_rows(Direct), may_be_empty=True),
    Demands: Rules(stand_in=_without_rows(Demands), may_be_empty=True),
}
