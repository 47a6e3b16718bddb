"""The bytes of a CSV file: are they UTF-8 text with ordinary line ends? And the record, line and column of a place."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from fairlead.model import BadInputError

_CHUNK_BYTES = 1 << 24
_FOREIGN = {
    b"\x1f\x8b": ("a gzip file", "unpack it first (gunzip), or write Parquet"),
    b"PK\x03\x04": ("a zip or spreadsheet file", "export it as CSV"),
    b"\x28\xb5\x2f\xfd": ("a Zstandard file", "unpack it first (unzstd), or write Parquet"),
    b"BZh": ("a bzip2 file", "unpack it first (bunzip2), or write Parquet"),
    b"\xfd7zXZ": ("an xz file", "unpack it first (unxz), or write Parquet"),
    b"PAR1": ("a Parquet file", "rename it to .parquet"),
    codecs.BOM_UTF32_LE: ("UTF-32 text", "save it as UTF-8"),
    codecs.BOM_UTF32_BE: ("UTF-32 text", "save it as UTF-8"),
    codecs.BOM_UTF16_LE: ("UTF-16 text", "save it as UTF-8"),
    codecs.BOM_UTF16_BE: ("UTF-16 text", "save it as UTF-8"),
}


class Record(NamedTuple):
    """One record: the line on which it begins (from 1), its text with the line end, its fields."""

    line: int
    text: str
    fields: list[str]

    def place(self, field: int) -> tuple[int, int]:
        """Line and character column (both from 1) where a field begins, as an editor shows them."""
        line, column, quoted, seen = self.line, 1, False, 0
        for character in self.text:
            if seen == field:
                break
            if character == '"':
                quoted = not quoted
            elif character == "," and not quoted:
                seen += 1
            line, column = (line + 1, 1) if character == "\n" else (line, column + 1)
        return line, column


def check_bytes(raw: bytes, path: Path) -> None:
    """BadInputError unless the bytes are UTF-8 text (a BOM is welcome) whose lines end in LF or CR LF. One pass."""
    for magic, (what, hint) in _FOREIGN.items():
        if raw.startswith(magic):
            raise BadInputError(
                code="csv.not_text",
                what="the file is not CSV text",
                where=str(path),
                got=what,
                expected="UTF-8 text",
                hint=hint,
            )
    if not raw.removeprefix(codecs.BOM_UTF8).strip():
        raise BadInputError(
            code="csv.empty", what="the file is empty", where=str(path), expected="a header line and one row or more"
        )
    offenders = [found for found in (_nul(raw), _not_utf8(raw), _lone_return(raw)) if found is not None]
    if offenders:
        offset, code, what, hint = min(offenders)
        line, column = place_of_byte(raw, offset)
        raise BadInputError(
            code=code,
            what=what,
            where=f"{path}:{line}:{column}",
            got=f"byte 0x{raw[offset]:02x} at offset {offset}",
            expected="UTF-8 text, lines that end in LF or CR LF",
            hint=hint,
        )


def place_of_byte(raw: bytes, offset: int) -> tuple[int, int]:
    """Line and character column (both from 1) of a byte; a byte order mark takes no column."""
    start = raw.rfind(b"\n", 0, offset) + 1
    before = raw[start:offset].decode("utf-8", "replace").removeprefix("\ufeff")
    return raw.count(b"\n", 0, offset) + 1, len(before) + 1


def records(raw: bytes) -> Iterator[Record]:
    """Every record that is not a blank line, in order; csv.Error where quotes are not balanced or a field is huge."""
    lines = io.TextIOWrapper(io.BytesIO(raw), encoding="utf-8-sig", newline="\n")
    return _quoted_records(lines) if b'"' in raw else _plain_records(lines)


def _plain_records(lines: Iterable[str]) -> Iterator[Record]:
    for number, line in enumerate(lines, 1):
        body = line.rstrip("\r\n")
        if body:
            yield Record(number, line, body.split(","))


def _quoted_records(lines: Iterable[str]) -> Iterator[Record]:
    consumed: list[str] = []

    def remembered() -> Iterator[str]:
        for line in lines:
            consumed.append(line)
            yield line

    reader = csv.reader(remembered(), strict=True)
    begins = 1
    for fields in reader:
        if fields:
            yield Record(begins, "".join(consumed), fields)
        begins = reader.line_num + 1
        consumed.clear()


def record_at(raw: bytes, index: int) -> Record:
    """The record with this number; the header is number 0. One pass up to it."""
    for i, record in enumerate(records(raw)):
        if i == index:
            return record
    raise AssertionError(f"no record {index}")


def _nul(raw: bytes) -> tuple[int, str, str, str] | None:
    offset = raw.find(b"\0")
    if offset < 0:
        return None
    hint = "this looks like UTF-16: save it as UTF-8" if raw[:200].count(b"\0") > 20 else ""
    return offset, "csv.nul", "the file holds a NUL byte", hint


def _not_utf8(raw: bytes) -> tuple[int, str, str, str] | None:
    if raw.isascii():
        return None
    decoder = codecs.getincrementaldecoder("utf-8")()
    for start in range(0, len(raw), _CHUNK_BYTES):
        pending = len(decoder.getstate()[0])
        try:
            decoder.decode(raw[start : start + _CHUNK_BYTES], final=start + _CHUNK_BYTES >= len(raw))
        except UnicodeDecodeError as error:
            offset = start - pending + error.start
            return offset, "csv.encoding", "the file is not UTF-8", "save it as UTF-8; Latin-1 and others are not read"
    return None


def _lone_return(raw: bytes) -> tuple[int, str, str, str] | None:
    if raw.count(b"\r") == raw.count(b"\r\n"):
        return None
    found = re.search(rb"\r(?!\n)", raw)
    assert found is not None
    hint = "convert the line ends (dos2unix, mac2unix)"
    return found.start(), "csv.line_end", "a carriage return stands alone", hint
