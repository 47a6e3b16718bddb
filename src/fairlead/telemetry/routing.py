"""A routed overlay as a folder: its NETWORK tables, each a CSV or a Parquet file."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from fairlead.model import (
    Access,
    Demands,
    Direct,
    Groups,
    Links,
    Prefixes,
    ServiceClasses,
    Sites,
    Snapshot,
)
from fairlead.telemetry.reader import read_tables
from fairlead.telemetry.routing_rules import ROUTING_RULES
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


def write_routing(snapshot: Snapshot, folder: Path, form: Literal["csv", "parquet"]) -> None:
    """Writes the NETWORK tables so that :func:`read_routing` gives the same snapshot back; other tables are left out.

    That is checked before the folder appears, as a whole or not at all. BadInputError where it cannot be written, holds
    anything but a network already, or the snapshot is none that files can hold (a group without a row in ``access``, or
    out of order); then nothing is touched.
    """
    write_tables(snapshot.restricted(ROUTING_TABLES), Path(folder), form, read_routing)
