"""The ledger on disk: what was done stays done, through restarts, crashes and power cuts (G2).

SQLite in WAL mode with synchronous=FULL: a write that returned is on the disk. The tables only grow; the database
itself refuses to change or to delete a row.
"""

from __future__ import annotations

import dataclasses
import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any

from fairlead.model import BadInputError, StaleError
from fairlead.model.ledger import Ledger, LedgerEntry

FORM = 1  # of the tables below; kept in SQLite's user_version
BUSY_S = 5.0  # how long to wait for another writer

_TABLES = """
CREATE TABLE IF NOT EXISTS entries (number INTEGER PRIMARY KEY, time_s REAL, planner TEXT, entry TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS reversals (number INTEGER PRIMARY KEY REFERENCES entries);
CREATE TABLE IF NOT EXISTS withdrawals (number INTEGER PRIMARY KEY REFERENCES entries);
CREATE TABLE IF NOT EXISTS turns (number INTEGER PRIMARY KEY, time_s REAL, turn TEXT NOT NULL);
"""
_LOCKS = "".join(
    f"CREATE TRIGGER IF NOT EXISTS no_{verb}_{table} BEFORE {verb} ON {table} "
    "BEGIN SELECT RAISE(ABORT, 'append only'); END;\n"
    for table in ("entries", "reversals", "withdrawals", "turns")
    for verb in ("UPDATE", "DELETE")
)


class Journal:
    """An open journal. One writer at a time; a second one waits, and is refused if it knows less than is written."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self._path = path
        self._connection = connection

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Lets go of the file; what was kept is on the disk already."""
        self._connection.close()

    def ledger(self) -> Ledger:
        """Everything that was kept and not withdrawn, in order. O(entries)."""
        return Ledger(tuple(entry for _, entry in self._live()))

    def keep(self, ledger: Ledger) -> None:
        """Writes what ``ledger`` has beyond what is written; all of it or nothing.

        StaleError when the ledger does not continue what is written: somebody else acted meanwhile.
        """
        with self._writing() as connection:
            live = self._live()
            _check_continues([entry for _, entry in live], ledger.entries, self._path)
            numbers = [number for number, _ in live]
            for entry in ledger.entries[len(live) :]:
                row = (entry.time_s, entry.planner, _text(entry))
                cursor = connection.execute("INSERT INTO entries (time_s, planner, entry) VALUES (?, ?, ?)", row)
                numbers.append(cursor.lastrowid or 0)
            known = [entry.reverted for _, entry in live]
            for place, entry in enumerate(ledger.entries):
                if entry.reverted and not (place < len(known) and known[place]):
                    connection.execute("INSERT INTO reversals VALUES (?)", (numbers[place],))

    def withdraw(self) -> None:
        """The last entry is known not to have happened; its row stays, and is passed over from now on."""
        with self._writing() as connection:
            live = self._live()
            assert live, "nothing was kept that could be withdrawn"
            connection.execute("INSERT INTO withdrawals VALUES (?)", (live[-1][0],))

    def _live(self) -> list[tuple[int, LedgerEntry]]:
        query = """SELECT number, entry, number IN (SELECT number FROM reversals) FROM entries
                   WHERE number NOT IN (SELECT number FROM withdrawals) ORDER BY number"""
        rows = self._connection.execute(query)
        return [(number, _entry(text, bool(reverted))) for number, text, reverted in rows]

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction, with the lock of the only writer taken at its start. StaleError when it cannot be had."""
        try:
            with self._connection as connection:
                connection.execute("BEGIN IMMEDIATE")
                yield connection
        except sqlite3.OperationalError as error:
            raise StaleError(
                code="journal.busy", what="the journal cannot be written", where=str(self._path), got=str(error)
            ) from None

    def append_turn(self, time_s: float, facts: dict[str, Any]) -> None:
        """Keeps what a turn decided and did, as plain data: for people, never read back by a rule."""
        with self._writing() as connection:
            connection.execute("INSERT INTO turns (time_s, turn) VALUES (?, ?)", (time_s, json.dumps(facts)))

    def turns(self) -> tuple[dict[str, Any], ...]:
        """What :meth:`append_turn` kept, in order."""
        return tuple(json.loads(text) for (text,) in self._connection.execute("SELECT turn FROM turns ORDER BY number"))


def open_journal(path: Path) -> Journal:
    """The journal in a file, made if there is none. BadInputError where the file is something else or unusable."""
    try:
        connection = sqlite3.connect(path, timeout=BUSY_S, isolation_level=None)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        (form,) = connection.execute("PRAGMA user_version").fetchone()
        if form == 0:
            connection.executescript(f"BEGIN EXCLUSIVE; {_TABLES} {_LOCKS} PRAGMA user_version = {FORM}; COMMIT;")
            form = FORM
    except sqlite3.Error as error:
        raise _unusable(path, str(error), "a file that Fairlead wrote, or none yet") from None
    if form != FORM:
        raise _unusable(path, f"form {form}", f"form {FORM}")
    return Journal(path, connection)


def _unusable(path: Path, got: str, expected: str) -> BadInputError:
    return BadInputError(
        code="journal.unusable", what="the journal cannot be used", where=str(path), got=got, expected=expected
    )


def _check_continues(written: Sequence[LedgerEntry], wanted: Sequence[LedgerEntry], path: Path) -> None:
    same = len(wanted) >= len(written) and all(
        dataclasses.replace(ahead, reverted=later.reverted) == later and later.reverted >= ahead.reverted
        for ahead, later in zip(written, wanted, strict=False)
    )
    if not same:
        raise StaleError(
            code="journal.diverged",
            what="the ledger does not continue the journal: somebody else acted meanwhile",
            where=str(path),
            got=f"{len(wanted)} entries",
            expected=f"the {len(written)} that are written, and more",
            hint="read the journal again and make a new plan",
        )


def _text(entry: LedgerEntry) -> str:
    return json.dumps(dataclasses.asdict(dataclasses.replace(entry, reverted=False)))


def _entry(text: str, reverted: bool) -> LedgerEntry:
    return LedgerEntry(**{**json.loads(text), "reverted": reverted})
