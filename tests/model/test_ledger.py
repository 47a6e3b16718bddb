"""The ledger: a value of plain data that only grows."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest

from fairlead.model import Edit, Servers, Snapshot
from fairlead.model.ledger import Ledger, LedgerEntry, owner_of

NETWORK = Snapshot(
    [Servers.of(server=np.array(["x", "y", "z"]), region=np.array(["r"] * 3), data_center=np.array(["d"] * 3))]
)


def online_edit(rows, after, action="drain") -> Edit:
    return Edit(action=action, table="servers", column="online", rows=np.array(rows), after=np.array(after))


def test_an_edit_becomes_an_entry_of_the_cells_that_change():
    ledger = Ledger().with_edit(NETWORK, online_edit([2, 0, 1], [False, True, False]), "fairlead/0.1.0+net", 7.5)
    assert ledger.entries == (
        LedgerEntry(
            time_s=7.5,
            planner="fairlead/0.1.0+net",
            action="drain",
            table="servers",
            column="online",
            ids=("z", "y"),
            after=(False, False),
        ),
    )
    assert ledger.entries[0].owner == "fairlead"


def test_an_edit_that_changes_nothing_leaves_no_entry():
    assert Ledger().with_edit(NETWORK, online_edit([0], [True]), "me", 0.0) == Ledger()
    assert Ledger().with_edit(NETWORK, online_edit(np.empty(0, int), np.empty(0, bool)), "me", 0.0) == Ledger()


def test_a_ledger_is_a_value():
    empty = Ledger()
    one = empty.with_edit(NETWORK, online_edit([0], [False]), "me", 1.0)
    marked = one.with_reverted(0)
    assert (len(empty.entries), len(one.entries), len(marked.entries)) == (0, 1, 1)
    assert (one.entries[0].reverted, marked.entries[0].reverted) == (False, True)
    with pytest.raises(dataclasses.FrozenInstanceError):
        one.entries = ()


def test_marking_keeps_order_and_neighbours():
    ledger = Ledger()
    for time_s in range(3):
        ledger = ledger.with_edit(NETWORK, online_edit([time_s], [False]), "me", float(time_s))
    marked = ledger.with_reverted(1)
    assert [each.reverted for each in marked.entries] == [False, True, False]
    assert [each.ids for each in marked.entries] == [("x",), ("y",), ("z",)]
    with pytest.raises(IndexError):
        ledger.with_reverted(3)


def test_the_newest_entry_of_a_cell_is_the_last_one_made_whatever_the_clocks_said():
    ledger = Ledger().with_edit(NETWORK, online_edit([0, 1], [False, False]), "me", 100.0)
    late = dataclasses.replace(ledger.entries[0], time_s=50.0, ids=("x",), after=(True,), action="restore")
    newest = ledger.with_entry(late).newest("servers", "online")
    assert {own_id: (entry.action, value) for own_id, (entry, value) in newest.items()} == {
        "x": ("restore", True),
        "y": ("drain", False),
    }
    assert ledger.newest("servers", "region") == {}
    assert ledger.newest("links", "online") == {}


def test_it_survives_a_trip_through_json():
    ledger = Ledger().with_edit(NETWORK, online_edit([0, 2], [False, False]), "me", 1.25).with_reverted(0)
    plain = json.loads(json.dumps([dataclasses.asdict(entry) for entry in ledger.entries]))
    assert Ledger(tuple(LedgerEntry(**entry) for entry in plain)) == ledger


@pytest.mark.parametrize("planner", ["drain", "drain/0.1.0", "drain/0.1.0+net:12", " drain 3", "drain+x", "drain\tq"])
def test_version_and_model_do_not_change_the_owner(planner: str):
    assert owner_of(planner) == "drain"


def test_nobody_owns_as_nobody():
    assert owner_of("") == owner_of("  ") == ""


def test_ids_and_values_go_together():
    with pytest.raises(AssertionError):
        LedgerEntry(time_s=0, planner="", action="", table="", column="", ids=("x",), after=())
