from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from fairlead.model import BadInputError, StaleError
from fairlead.model.ledger import Ledger, LedgerEntry
from fairlead.service.journal import open_journal


def entry(number: int, *, ids: tuple[str | int, ...] = ("fra1-s1",)) -> LedgerEntry:
    return LedgerEntry(
        time_s=30.5 * number,
        planner="fairlead/0.1.0+all-last",
        action="drain",
        table="servers",
        column="online",
        ids=ids,
        after=(False,) * len(ids),
    )


def test_a_journal_that_is_opened_again_gives_the_same_ledger(tmp_path: Path) -> None:
    ledger = Ledger((entry(1), entry(2, ids=(7, 8)), entry(3, ids=("7",)))).with_reverted(1)
    with open_journal(tmp_path / "journal.db") as journal:
        journal.keep(Ledger(ledger.entries[:1]))
        journal.keep(ledger)
        assert journal.ledger() == ledger
    with open_journal(tmp_path / "journal.db") as journal:
        assert journal.ledger() == ledger
        assert [type(own_id) for own_id in journal.ledger().entries[1].ids] == [int, int]


def test_an_entry_may_be_reverted_later_and_stays_spent(tmp_path: Path) -> None:
    with open_journal(tmp_path / "journal.db") as journal:
        journal.keep(Ledger((entry(1), entry(2))))
        journal.keep(Ledger((entry(1), entry(2))).with_reverted(0))
        assert [kept.reverted for kept in journal.ledger().entries] == [True, False]


def test_a_withdrawn_entry_is_passed_over_and_its_row_stays(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    with open_journal(path) as journal:
        journal.keep(Ledger((entry(1), entry(2))))
        journal.withdraw()
        journal.keep(Ledger((entry(1), entry(3))).with_reverted(1))
        assert journal.ledger() == Ledger((entry(1), entry(3))).with_reverted(1)
    with_rows = sqlite3.connect(path)
    assert with_rows.execute("SELECT count(*) FROM entries").fetchone() == (3,)
    with_rows.close()


def test_nothing_that_was_written_can_be_changed_or_deleted(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    with open_journal(path) as journal:
        journal.keep(Ledger((entry(1),)).with_reverted(0))
        journal.append_turn(30.0, {"status": "SOLVED"})
    other = sqlite3.connect(path)
    for statement in (
        "DELETE FROM entries",
        "UPDATE entries SET time_s = 0",
        "DELETE FROM turns",
        "DELETE FROM reversals",
    ):
        with pytest.raises(sqlite3.IntegrityError, match="append only"):
            other.execute(statement)
    other.close()


def test_a_ledger_that_does_not_continue_the_journal_is_stale(tmp_path: Path) -> None:
    with open_journal(tmp_path / "journal.db") as journal, open_journal(tmp_path / "journal.db") as rival:
        journal.keep(Ledger((entry(1), entry(2))))
        for foreign in (Ledger((entry(1),)), Ledger((entry(1), entry(3))), Ledger()):
            with pytest.raises(StaleError, match=r"journal\.diverged"):
                rival.keep(foreign)
        rival.keep(Ledger((entry(1), entry(2), entry(3))))
        assert journal.ledger().entries[2] == entry(3)


def test_turns_are_kept_as_plain_data(tmp_path: Path) -> None:
    with open_journal(tmp_path / "journal.db") as journal:
        journal.append_turn(30.0, {"status": "SOLVED", "edits": [1, 2]})
        journal.append_turn(60.0, {"status": "NOTHING_TO_DO", "edits": []})
        assert [facts["status"] for facts in journal.turns()] == ["SOLVED", "NOTHING_TO_DO"]


def test_what_is_no_journal_is_bad_input(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no database, but long enough to be taken for one" * 10)
    with pytest.raises(BadInputError, match=r"journal\.unusable"):
        open_journal(tmp_path / "text")
    with pytest.raises(BadInputError, match=r"journal\.unusable"):
        open_journal(tmp_path / "no folder" / "journal.db")


def test_a_journal_of_a_later_form_is_bad_input(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    open_journal(path).close()
    other = sqlite3.connect(path)
    other.execute("PRAGMA user_version = 99")
    other.close()
    with pytest.raises(BadInputError, match="form 99"):
        open_journal(path)


KILLED = """
import os, signal, sys
from pathlib import Path
from fairlead.model.ledger import Ledger, LedgerEntry
from fairlead.service.journal import open_journal

journal = open_journal(Path(sys.argv[1]))
ledger = Ledger()
for number in range(5):
    entry = LedgerEntry(time_s=number, planner="p", action="drain", table="servers", column="online",
                        ids=(number,), after=(False,))
    ledger = ledger.with_entry(entry)
    journal.keep(ledger)
connection = journal._connection
connection.execute("BEGIN IMMEDIATE")
connection.execute("INSERT INTO entries (time_s, planner, entry) VALUES (9, 'half', '{}')")
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_kill_in_the_middle_of_a_write_loses_that_write_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    killed = subprocess.run([sys.executable, "-c", KILLED, str(path)], check=False)
    assert killed.returncode == -9
    with open_journal(path) as journal:
        assert [kept.ids for kept in journal.ledger().entries] == [(0,), (1,), (2,), (3,), (4,)]
