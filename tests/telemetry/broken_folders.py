"""Every way in which a NETWORK folder was seen, or can be thought, to be broken: one change of a sound folder each."""

from __future__ import annotations

import gzip
import io
import os
import shutil
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet
from good_folder import SERVERS, STREAMS, Change, both, content, in_parquet, removed, renamed, swapped

NOT_UTF8 = pa.StringArray.from_buffers(
    4, pa.py_buffer(np.arange(5, dtype=np.int32) * 2), pa.py_buffer(b"ab\xc1\xc1cdef")
)


def cut(name: str, byte_count: int) -> Change:
    def change(folder: Path) -> None:
        path = folder / name
        path.write_bytes(path.read_bytes()[:-byte_count])

    return change


def overwritten(name: str, start: int) -> Change:
    def change(folder: Path) -> None:
        path = folder / name
        raw = bytearray(path.read_bytes())
        raw[start : start + 60] = b"\xa5" * 60
        path.write_bytes(raw)

    return change


def parquet_bytes(table: Any) -> bytes:
    sink = io.BytesIO()
    pyarrow.parquet.write_table(table, sink)
    return sink.getvalue()


def _no_rows() -> dict[str, Any]:
    return {name: pa.array([], pa.int64()) for name in STREAMS.split("\n", 1)[0].split(",")}


def _nanosecond_streams() -> Any:
    columns = _no_rows() | {name: pa.array([1, 1]) for name in ("succeeded_count", "failed_count")}
    columns |= {"source": pa.array(["fra-1"] * 2), "target": pa.array(["ams-1"] * 2)}
    columns |= {"rtt_ms": pa.array([1.0, 2.0]), "loss_ratio": pa.array([0.0, 0.0])}
    return pa.table(columns | {"window": pa.array([30 * 10**9, 60 * 10**9 + 1], pa.timestamp("ns"))})


CASES: dict[str, Change] = {
    # the folder
    "no such folder": lambda folder: shutil.rmtree(folder),
    "the folder is a file": both(shutil.rmtree, lambda folder: folder.write_text("x")),
    "the folder is a loop of links": both(shutil.rmtree, lambda folder: folder.symlink_to(folder)),
    "an empty folder": both(removed("servers.csv"), removed("streams.csv"), removed("server_windows.csv")),
    "a table is missing": removed("streams.csv"),
    "a table is packed": renamed("streams.csv", "streams.csv.gz"),
    "a table in both forms": lambda folder: shutil.copy(folder / "servers.csv", folder / "servers.parquet"),
    "a name in capitals": renamed("streams.csv", "Streams.csv"),
    "an ending in capitals": renamed("streams.csv", "streams.CSV"),
    "a misspelt name": renamed("server_windows.csv", "server_window.csv"),
    "a table nobody knows": content("prices.csv", "a,b\n1,2\n"),
    "a file of windows": content("windows.csv", "window\n0\n"),
    # the file
    "a folder instead of a file": both(removed("streams.csv"), lambda folder: (folder / "streams.csv").mkdir()),
    "a pipe instead of a file": both(removed("streams.csv"), lambda folder: os.mkfifo(folder / "streams.csv")),
    "a link to nowhere": both(removed("streams.csv"), lambda f: (f / "streams.csv").symlink_to(f / "gone.txt")),
    "a link to itself": both(removed("streams.csv"), lambda f: (f / "streams.csv").symlink_to(f / "streams.csv")),
    # bytes
    "an empty file": content("servers.csv", ""),
    "nothing but a byte order mark": content("servers.csv", b"\xef\xbb\xbf\r\n"),
    "gzip under the name of CSV": content("streams.csv", gzip.compress(STREAMS.encode())),
    "Parquet under the name of CSV": content("streams.csv", b"PAR1 and so on"),
    "UTF-16 with a mark": content("servers.csv", SERVERS.encode("utf-16")),
    "UTF-16 without a mark": content("servers.csv", SERVERS.encode("utf-16-le")),
    "Latin-1": content("servers.csv", SERVERS.replace("acme", "Société", 1).encode("latin-1")),
    "a NUL byte": swapped("streams", "ams-1,8", "ams\0-1,8"),
    "a lone carriage return": swapped("streams", "1.5,0\n", "1.5,0\r"),
    # header
    "semicolons": content("servers.csv", SERVERS.replace(",", ";")),
    "tabs": content("servers.csv", SERVERS.replace(",", "\t")),
    "no header": content("servers.csv", SERVERS.split("\n", 1)[1]),
    "only a header": content("streams.csv", STREAMS.split("\n", 1)[0] + "\n"),
    "only a header, no line end": content("server_windows.csv", "window,server,active_users_count"),
    "a column twice": swapped("servers", "provider", "region"),
    "a column too many": swapped("servers", "provider", "vendor"),
    "a column in capitals": swapped("streams", "rtt_ms", "RTT_ms"),
    "a column without a name": swapped("servers", ",provider,", ",,"),
    "blanks around a column name": swapped("streams", ",source,", ", source,"),
    "a column is missing": content("server_windows.csv", "window,server\n0,fra-1\n"),
    # rows
    "a row too short": swapped("streams", "8,1,9.25,0.001", "8,1,9.25"),
    "a row too long": swapped("streams", "8,1,9.25,0.001", "8,1,9,25,0.001"),
    "the last line cut off": swapped("streams", "1,nyc-1,fra-1,4,2,88,0.02\n", "1,nyc-1,fra-1,4"),
    "a row too short after a quoted line break": both(
        swapped("streams", "0,fra-1,fra-2", '"0\n",fra-1,fra-2'), swapped("streams", ",0.001", "")
    ),
    "a row too long with a quoted line break": swapped("streams", "0,fra-1,fra-2,10,0,1.5,0", '0,"fra\n-1",,,,,,9'),
    "a quote that never closes": swapped("streams", "ams-1,8", '"ams-1,8'),
    "text after a closing quote": swapped("streams", "ams-1,8", '"ams"-1,8'),
    "a huge field": swapped("streams", "ams-1,8", "ams-1" + "x" * 5_000_000 + ",8"),
    "a huge field in quotes": swapped("streams", "ams-1,8", '"ams-1' + "x" * 5_000_000 + '",8'),
    "a number of ten million digits": swapped("streams", "8,1,9.25", "8,1,9.25" + "1" * 10_000_000),
    # ids, labels, references
    "an id is absent": swapped("servers", "fra-2", ""),
    "a region of blanks": swapped("servers", "ams-1,eu", "ams-1,  "),
    "blanks around an id": swapped("servers", "ams-1", "ams-1 "),
    "a line break in a label": swapped("servers", "ams-1,eu", 'ams-1,"e\nu"'),
    "a label without end": swapped("servers", "acme", "a" * 300),
    "an id twice": swapped("servers", "fra-2", "fra-1"),
    "a data center in two regions": swapped("servers", "ams-1,eu,ams", "ams-1,us,fra"),
    "a flag that is none": swapped("servers", "yes", "maybe"),
    "a flag is absent": swapped("servers", "yes", ""),
    "an unknown server": swapped("streams", "nyc-1,fra-1", "nyc-9,fra-1"),
    "a server in capitals": swapped("streams", "nyc-1,fra-1", "NYC-1,fra-1"),
    "blanks around a reference": swapped("streams", "nyc-1,fra-1", " nyc-1,fra-1"),
    "a reference is absent": swapped("streams", "nyc-1,fra-1", ",fra-1"),
    "an integer written another way": both(
        content("servers.csv", "server,region,data_center\n1,eu,fra\n2,eu,fra\n"),
        content("streams.csv", STREAMS.split("\n", 1)[0] + "\n0,1,2,1,0,1,0\n1,1,02,1,0,1,0\n"),
    ),
    "a server that only reports": swapped("server_windows", "1,nyc-1", "1,rio-1"),
    "a stream to itself": swapped("streams", "0,fra-1,fra-2", "0,fra-2,fra-2"),
    "a pair twice": swapped("streams", "1,nyc-1,fra-1", "1,fra-1,fra-2"),
    "a pair twice, turned round": swapped("streams", "1,nyc-1,fra-1", "1,fra-2,fra-1"),
    "a report twice": swapped("server_windows", "1,nyc-1", "1,fra-1"),
    # windows
    "a window is absent": swapped("streams", "\n1,nyc-1", "\n,nyc-1"),
    "a window that is none": swapped("streams", "\n1,nyc-1", "\nfirst,nyc-1"),
    "a window in halves": swapped("streams", "\n1,nyc-1", "\n1.5,nyc-1"),
    "numbers, then a time": swapped("streams", "\n1,nyc-1", "\n2026-03-01T00:00:00Z,nyc-1"),
    "numbers in one table, times in another": content(
        "server_windows.csv", "window,server,active_users_count\n2026-03-01T00:00:00Z,fra-1,3\n"
    ),
    "a time without its offset": swapped("streams", "0,fra-1,fra-2", "2026-03-01T00:00:00,fra-1,fra-2"),
    "no such day": swapped("streams", "0,fra-1,fra-2", "2026-02-30T00:00:00Z,fra-1,fra-2"),
    "microseconds": swapped("streams", "0,fra-1,fra-2", "2026-03-01T00:00:00.000001Z,fra-1,fra-2"),
    # numbers
    "a word for a number": swapped("streams", "8,1,9.25", "many,1,9.25"),
    "a count is absent": swapped("streams", "8,1,9.25", ",1,9.25"),
    "NaN for a count": swapped("streams", "8,1,9.25", "NaN,1,9.25"),
    "half a stream": swapped("streams", "8,1,9.25", "8.5,1,9.25"),
    "fewer than no streams": swapped("streams", "8,1,9.25", "8,-1,9.25"),
    "a count beyond 32 bits": swapped("streams", "8,1,9.25", "2147483648,1,9.25"),
    "true for a count": swapped("streams", "8,1,9.25", "true,1,9.25"),
    "a thousands separator": swapped("streams", "8,1,9.25", '"1,000",1,9.25'),
    "a decimal comma": swapped("streams", "8,1,9.25", '8,1,"9,25"'),
    "hexadecimal": swapped("streams", "8,1,9.25", "0x8,1,9.25"),
    "foreign digits": swapped("streams", "8,1,9.25", "٨,1,9.25"),
    "a unit": swapped("streams", "8,1,9.25", "8,1,9.25 ms"),
    "no rtt though streams worked": swapped("streams", "8,1,9.25", "8,1,"),
    "no rtt though one stream worked": swapped("streams", "nyc-1,0,3,,", "nyc-1,1,3,,"),
    "an rtt below zero": swapped("streams", "8,1,9.25", "8,1,-9.25"),
    "an endless rtt": swapped("streams", "8,1,9.25", "8,1,inf"),
    "an rtt beyond all numbers": swapped("streams", "8,1,9.25", "8,1,1e400"),
    "loss is absent": swapped("streams", "9.25,0.001", "9.25,"),
    "loss in percent": swapped("streams", "9.25,0.001", "9.25,1.5"),
    "loss with a percent sign": swapped("streams", "9.25,0.001", "9.25,0.1%"),
    "loss below zero": swapped("streams", "9.25,0.001", "9.25,-0.001"),
    "a latitude beyond the pole": swapped("servers", "50.1", "123"),
    "an endless capacity": swapped("servers", "10000", "Infinity"),
    "bad cells in several rows": both(swapped("streams", "8,1,", "x,1,"), swapped("streams", "9,0,", "y,0,")),
    "two bad cells in a row, one above": both(
        swapped("streams", "4,2,88", "4,-2,88"), swapped("streams", "9.25,0.001", "9.25,2")
    ),
    "an absent cell above a word": both(swapped("streams", "8,1,", ",1,"), swapped("streams", "9,0,", "y,0,")),
    # Parquet
    "text under the name of Parquet": content("streams.parquet", STREAMS),
    "an empty Parquet file": content("streams.parquet", ""),
    "a Parquet file cut off": both(in_parquet("streams"), cut("streams.parquet", 60)),
    "a Parquet file with a hole": both(in_parquet("streams"), overwritten("streams.parquet", 40)),
    "Parquet without rows": content("streams.parquet", parquet_bytes(pa.table(_no_rows()))),
    "a Parquet column too many": in_parquet("server_windows", extra=pa.array([1, 2, 3, 4])),
    "a Parquet column missing": in_parquet("server_windows", server=None),
    "a Parquet column of lists": in_parquet("server_windows", active_users_count=pa.array([[1], [2], [3], [4]])),
    "text for numbers in Parquet": in_parquet("server_windows", active_users_count=pa.array(["1", "2", "3", "4"])),
    "bools for numbers in Parquet": in_parquet("server_windows", active_users_count=pa.array([True] * 4)),
    "floats for ids in Parquet": in_parquet("server_windows", server=pa.array([1.0, 2.0, 3.0, 4.0])),
    "dates for windows in Parquet": in_parquet("server_windows", window=pa.array([1, 2, 3, 4], pa.date32())),
    "nothing but nulls in Parquet": in_parquet("server_windows", server=pa.nulls(4)),
    "a null count in Parquet": in_parquet("server_windows", active_users_count=pa.array([1, 2, None, 4])),
    "a negative count in Parquet": in_parquet("server_windows", active_users_count=pa.array([1, -2, 3, -4])),
    "a huge unsigned count in Parquet": in_parquet(
        "server_windows", active_users_count=pa.array([1, 2**64 - 1, 3, 4], pa.uint64())
    ),
    "half a user in Parquet": in_parquet("server_windows", active_users_count=pa.array([1.0, 2.5, 3.0, 4.0])),
    "half a user as a decimal": in_parquet("server_windows", active_users_count=pa.array([Decimal("1.5")] * 4)),
    "an unknown server in a Parquet dictionary": in_parquet(
        "server_windows", server=pa.array(["fra-1", "ams-1", "rio-1", "nyc-1"]).dictionary_encode()
    ),
    "an id twice in a Parquet dictionary": in_parquet(
        "servers", server=pa.DictionaryArray.from_arrays([0, 1, 2, 3], ["fra-1", "fra-1", "ams-1", "nyc-1"])
    ),
    "Parquet text that is not UTF-8": in_parquet("server_windows", server=NOT_UTF8),
    "nanoseconds in Parquet": both(
        removed("streams.csv"),
        content("streams.parquet", parquet_bytes(_nanosecond_streams())),
    ),
    # network.toml
    "network.toml is not TOML": content("network.toml", "title = \n"),
    "network.toml is not UTF-8": content("network.toml", b"title = '\xe9'\n"),
    "an unknown setting": content("network.toml", "titel = 'x'\n"),
    "a setting of the wrong type": content("network.toml", "title = 3\n"),
    "a type for no column": content("network.toml", '[types]\n"streams.rtt" = "float32"\n'),
    "a type that a column cannot have": content("network.toml", '[types]\n"streams.source" = "float32"\n'),
    "network.toml is a folder": lambda folder: (folder / "network.toml").mkdir(),
}
