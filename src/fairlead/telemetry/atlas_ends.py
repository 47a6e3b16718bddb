"""Which end of the overlay each RIPE Atlas probe and each address that was pinged stands for: the door for its file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from fairlead.model import Column, Kind, Table
from fairlead.model.table import Array
from fairlead.telemetry.offence import Offence, offences_where
from fairlead.telemetry.reader import read_table
from fairlead.telemetry.rules import Rules

PROBE, ADDRESS = "probe", "address"


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class AtlasEnds(Table):
    """One row a probe, or an address that is pinged, that stands for a site or for the users of a prefix."""

    name: ClassVar[str] = "atlas_ends"
    key: ClassVar[tuple[str, ...]] = ("kind", "label")

    kind: Annotated[Array, Column(kind=Kind.LABEL, doc="probe or address")]
    label: Annotated[Array, Column(kind=Kind.LABEL, doc="number of the probe, or the address as Atlas writes it")]
    end: Annotated[Array, Column(kind=Kind.REFERENCE, doc="site or prefix that it stands for", refers="ends")]


def read_atlas_ends(path: Path, ends: NDArray[Any]) -> tuple[dict[int, str], dict[str, str]]:
    """Number of a probe -> end, and address -> end: what :func:`fairlead.telemetry.read_atlas` asks for.

    ``ends`` [ends] are the names that may stand there. BadInputError for the first thing that is wrong.
    """
    rules = Rules(checks=(_kind_offences, _number_offences), may_be_empty=True)
    table = read_table(Path(path), AtlasEnds, {"ends": ends}, rules)
    assert isinstance(table, AtlasEnds)
    rows = list(zip(table.kind.tolist(), table.label.tolist(), ends[table.end].astype(str).tolist(), strict=True))
    probes = {int(label): end for kind, label, end in rows if kind == PROBE}
    return probes, {label: end for kind, label, end in rows if kind == ADDRESS}


def _kind_offences(columns: Mapping[str, Array]) -> list[Offence]:
    return offences_where(
        ~np.isin(columns["kind"], (PROBE, ADDRESS)) & (columns["kind"] != ""),
        "kind",
        code="cell.unknown_kind",
        what="kind is neither a probe nor an address",
        expected=f"{PROBE} or {ADDRESS}",
    )


def _number_offences(columns: Mapping[str, Array]) -> list[Offence]:
    label = columns["label"].astype(str)
    # as Atlas writes it: a number in two spellings would stand twice
    number = np.array([text.isascii() and text.isdigit() and text == (text.lstrip("0") or "0") for text in label], bool)
    return offences_where(
        (columns["kind"] == PROBE) & ~number & (label != ""),
        "label",
        code="cell.not_a_probe",
        what="label is no number of a probe",
        expected="a whole number such as 6012",
    )
