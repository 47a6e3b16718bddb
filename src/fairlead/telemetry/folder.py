"""A relay overlay as a folder: ``servers``, ``streams`` and ``server_windows``, each a CSV or a Parquet file."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from fairlead.model import Servers, ServerWindows, Snapshot, Streams, Windows
from fairlead.telemetry.reader import read_tables
from fairlead.telemetry.rules import OVERLAY_RULES
from fairlead.telemetry.writer import write_tables

OVERLAY_TABLES = (Servers, Windows, Streams, ServerWindows)


def read_network(folder: Path) -> Snapshot:
    """The overlay in a folder; nothing is written. BadInputError names the first thing that is wrong, in one line.

    In the files, ``source``, ``target`` and ``server`` hold the operator's ids and ``window`` a whole number or a UTC
    time; inside they are row numbers. Ids are integers when all of ``servers.server`` read like integers, else text.
    The table ``windows`` is made from the windows that occur, ascending. Rows keep the order of the files.
    """
    return read_tables(Path(folder), OVERLAY_TABLES, OVERLAY_RULES)


def write_network(snapshot: Snapshot, folder: Path, form: Literal["csv", "parquet"]) -> None:
    """Writes the overlay's tables so that :func:`read_network` gives the same snapshot back.

    That is checked before the folder appears, as a whole or not at all. BadInputError where it cannot be written, holds
    anything but a network already, or the snapshot is none that files can hold; then nothing is touched.
    """
    write_tables(snapshot.restricted(OVERLAY_TABLES), Path(folder), form, read_network)
