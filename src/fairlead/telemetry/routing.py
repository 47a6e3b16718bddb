"""A routed overlay as a folder: its NETWORK tables, each a CSV or a Parquet file."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar, Literal

import numpy as np
import pyarrow as pa

from fairlead.model import (
    Access,
    Column,
    Demands,
    Direct,
    Groups,
    Kind,
    Links,
    Prefixes,
    ServiceClasses,
    Sites,
    Snapshot,
    Table,
)
from fairlead.model.table import Array
from fairlead.telemetry.numbers import ABSENT_WORDS
from fairlead.telemetry.reader import read_table, read_tables
from fairlead.telemetry.routing_rules import ROUTING_RULES
from fairlead.telemetry.rules import Rules
from fairlead.telemetry.texts import coded, id_array
from fairlead.telemetry.writer import write_tables

ROUTING_TABLES = (Sites, Links, Groups, Access, ServiceClasses, Prefixes, Direct, Demands)
"""The tables of such a folder, a table after those that it refers to. Groups has no file."""


def read_routing(folder: Path) -> Snapshot:
    """The routed overlay in a folder; nothing is written. BadInputError names the first thing that is wrong.

    ``sites``, ``links`` and ``access`` must be there. Without ``prefixes`` nothing is known of addresses, without
    ``direct`` nothing of the plain Internet, without ``demands`` there is no session group: those tables then have no
    rows, and so they may in a file. Without ``service_classes`` the classes are those of Panorama Table 3.

    In the files references are the operator's ids. The table ``groups`` is made from the groups that ``access`` names:
    ascending as integers when all read like integers, else by their characters. A group that no site measured is kept
    by a row of ``access`` without a latency. Rows keep the order of the files.
    """
    return read_tables(Path(folder), ROUTING_TABLES, ROUTING_RULES)


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class _GroupNames(Table):
    """``prefixes`` where nothing else says which groups there are."""

    name: ClassVar[str] = "prefixes"
    key: ClassVar[tuple[str, ...]] = ("prefix",)

    prefix: Annotated[Array, Column(kind=Kind.ID, doc="in CIDR form")]
    group: Annotated[Array, Column(kind=Kind.LABEL, doc="user group; blank: not grouped yet", default="")]


def read_unmeasured(folder: Path) -> Snapshot:
    """As :func:`read_routing`, but ``access`` may be absent too, as before the first measurement.

    Then nothing is known of access, and the groups are those that ``prefixes`` names, in the order that they would have
    had; where it names none there are none.
    """
    folder = Path(folder)
    rules = dict(ROUTING_RULES)
    rules[Access] = Rules(stand_in=Access.of(group=[], site=[], latency_ms=[]))
    rules[Groups] = Rules(stand_in=_named_groups(folder))
    return read_tables(folder, ROUTING_TABLES, rules)


def _named_groups(folder: Path) -> Groups:
    names: list[str] = []
    files = [folder / f"prefixes.{form}" for form in ("csv", "parquet")]
    there = [path for path in files if path.exists()]
    measured = any((folder / f"access.{form}").exists() for form in ("csv", "parquet"))
    if len(there) == 1 and not measured:
        found = read_table(there[0], _GroupNames, {}, Rules(may_be_empty=True))
        # absent, or kept as a real, as a reference may be
        texts = {re.sub(r"^(-?[0-9]+)\.0$", r"\1", text) for text in found.array("group").tolist()}
        names = sorted(text for text in texts if text and text not in ABSENT_WORDS)
    if not names:
        return Groups.of(group=np.empty(0, "U1"))
    return Groups.of(group=np.sort(id_array(coded(pa.chunked_array([pa.array(names)])), as_text=False)))


def write_routing(snapshot: Snapshot, folder: Path, form: Literal["csv", "parquet"]) -> None:
    """Writes the NETWORK tables so that :func:`read_routing` gives the same snapshot back; other tables are left out.

    That is checked before the folder appears, as a whole or not at all. BadInputError where it cannot be written, holds
    anything but a network already, or the snapshot is none that files can hold (a group without a row in ``access``, or
    out of order); then nothing is touched.
    """
    write_tables(snapshot.restricted(ROUTING_TABLES), Path(folder), form, read_routing)
