"""Records of measurements on paths: active probes of the sites and what users saw, in one form.

A record says what was measured between two ends, which are sites, address prefixes or user groups by name. Where
``via`` is empty that is one segment: a backbone link, the access of users to a site, or the plain Internet between
users. Else ``via`` names the sites in between, such as ``fra>nyc``, and the record is of a path, the sum of its
segments.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from fairlead.model import Column, Kind
from fairlead.model.table import Array, Table
from fairlead.telemetry.offence import Offence, offences_where
from fairlead.telemetry.reader import read_table
from fairlead.telemetry.rules import Rules

Names = NDArray[Any]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Probes(Table):
    """One row a measurement, in any order. A file of it is a CSV or a Parquet file with these columns.

    The same record may come from an active probe of one packet or many (``rtt_ms`` a median of theirs, ``jitter_ms``
    their mean difference), or from a session of a user over some minutes.
    """

    name: ClassVar[str] = "probes"
    key: ClassVar[tuple[str, ...]] = ()

    time: Annotated[Array, Column(kind=Kind.TIME, doc="whole seconds, or a UTC time")]
    source: Annotated[Array, Column(kind=Kind.REFERENCE, doc="who measured", refers="ends")]
    target: Annotated[Array, Column(kind=Kind.REFERENCE, doc="the other end", refers="ends")]
    via: Annotated[Array, Column(kind=Kind.LABEL, doc="sites between the ends, with > between them", default="")]
    rtt_ms: Annotated[
        Array, Column(kind=Kind.REAL, doc="round-trip time", unit="ms", low=0, nullable=True, default=np.nan)
    ]
    jitter_ms: Annotated[
        Array,
        Column(kind=Kind.REAL, doc="jitter of the round trip", unit="ms", low=0, nullable=True, default=np.nan),
    ]
    throughput_mbps: Annotated[
        Array, Column(kind=Kind.REAL, doc="rate that was reached", unit="Mbit/s", low=0, nullable=True, default=np.nan)
    ]
    sent_count: Annotated[Array, Column(kind=Kind.COUNT, doc="packets sent", unit="count", low=0, default=1)]
    received_count: Annotated[
        Array,
        Column(
            kind=Kind.REAL,
            doc="packets that came back; not known: nothing is said of loss",
            unit="count",
            low=0,
            nullable=True,
            default=np.nan,
        ),
    ]


def read_probes(path: Path, ends: Names) -> Probes:
    """The records of one file. ``ends`` [ends] are the names that ``source`` and ``target`` may be; rows count them.

    BadInputError for the first thing that is wrong: as for any table, more packets back than were sent, or a segment
    from an end to itself.
    """
    table = read_table(Path(path), Probes, {"ends": ends}, _RULES)
    assert isinstance(table, Probes)
    return table


def _count_offences(columns: Mapping[str, Array]) -> list[Offence]:
    if "received_count" not in columns:
        return []
    sent = columns.get("sent_count", np.ones(len(columns["received_count"])))
    return offences_where(
        columns["received_count"] > sent,
        "received_count",
        code="row.more_received",
        what="more packets came back than were sent",
        expected="received_count up to sent_count (1 where the file does not say)",
    )


def _end_offences(columns: Mapping[str, Array]) -> list[Offence]:
    same = (columns["source"] == columns["target"]) & (columns["source"] >= 0)
    if "via" in columns:
        same &= columns["via"] == ""
    return offences_where(
        same, "target", code="row.same_ends", what="source and target are the same", expected="two different ends"
    )


_RULES = Rules(checks=(_count_offences, _end_offences))
