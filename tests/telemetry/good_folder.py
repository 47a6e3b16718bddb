"""A small sound NETWORK folder as text, and ways to change one thing of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

SERVERS = """\
server,region,data_center,provider,latitude_deg,longitude_deg,capacity_mbps,online
fra-1,eu,fra,acme,50.1,8.7,10000,true
fra-2,eu,fra,acme,50.1,8.7,,true
ams-1,eu,ams,,52.4,4.9,8000,yes
nyc-1,us,nyc,acme,40.7,-74.0,12000,0
"""
STREAMS = """\
window,source,target,succeeded_count,failed_count,rtt_ms,loss_ratio
0,fra-1,fra-2,10,0,1.5,0
0,fra-1,ams-1,8,1,9.25,0.001
0,ams-1,nyc-1,0,3,,0.5
1,fra-1,fra-2,9,0,1.75,0.0005
1,nyc-1,fra-1,4,2,88,0.02
"""
SERVER_WINDOWS = """\
window,server,active_users_count
0,fra-1,10
0,ams-1,7
1,fra-1,11
1,nyc-1,3
"""

Change = Callable[[Path], None]


def write_good(folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    (folder / "servers.csv").write_text(SERVERS)
    (folder / "streams.csv").write_text(STREAMS)
    (folder / "server_windows.csv").write_text(SERVER_WINDOWS)


def swapped(table: str, old: str, new: str) -> Change:
    """One piece of text of a file replaced by another; the piece must be there."""

    def change(folder: Path) -> None:
        path = folder / f"{table}.csv"
        before = path.read_bytes()
        assert old.encode() in before
        path.write_bytes(before.replace(old.encode(), new.encode(), 1))

    return change


def content(name: str, raw: bytes | str) -> Change:
    """A file with this content, in place of whatever was there under its table's name."""

    def change(folder: Path) -> None:
        (folder / name).with_suffix(".csv").unlink(missing_ok=True)
        (folder / name).write_bytes(raw.encode() if isinstance(raw, str) else raw)

    return change


def removed(name: str) -> Change:
    return lambda folder: (folder / name).unlink()


def renamed(old: str, new: str) -> Change:
    def change(folder: Path) -> None:
        (folder / old).rename(folder / new)

    return change


def in_parquet(table: str, **columns: Any) -> Change:
    """One table as Parquet instead, with some of its columns replaced by these pyarrow arrays (``None``: left out)."""

    def change(folder: Path) -> None:
        path = folder / f"{table}.csv"
        found = pyarrow.csv.read_csv(path)
        arrays = {name: found.column(name).combine_chunks() for name in found.column_names}
        arrays = {name: array for name, array in (arrays | columns).items() if array is not None}
        pyarrow.parquet.write_table(pa.table(arrays), path.with_suffix(".parquet"))
        path.unlink()

    return change


def both(*changes: Change) -> Change:
    def change(folder: Path) -> None:
        for one in changes:
            one(folder)

    return change
