"""A snapshot is its content: the same tables are the same snapshot, and every reference leads somewhere."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from oracles.networks import network

from fairlead.model import BadInputError, Servers, ServerWindows, Snapshot, Streams, Windows


def test_basis_is_content_and_nothing_else(star_of_six: Snapshot) -> None:
    shuffled = Snapshot(star_of_six.tables[::-1])
    rebuilt = Snapshot(
        type(table).of(
            **{name: np.array(table.array(name).tolist(), dtype=table.array(name).dtype) for name in table.declared()}
        )
        for table in star_of_six.tables
    )
    assert star_of_six.basis == shuffled.basis == rebuilt.basis
    assert star_of_six == rebuilt
    assert hash(star_of_six) == hash(rebuilt)
    assert len(star_of_six.basis) == 32
    int(star_of_six.basis, 16)


def test_every_single_cell_counts(star_of_six: Snapshot) -> None:
    seen = {star_of_six.basis}
    for table in star_of_six.tables:
        for name in table.declared():
            values = table.array(name).copy()
            match values.dtype.kind:
                case "b":
                    values[-1] = not values[-1]
                case "U":
                    values = values.astype("U20")
                    values[-1] = "another"
                case "f":
                    values[-1] = 0.5
                case _:
                    values[-1] = 1 if values[-1] != 1 else 0
            seen.add(star_of_six.replaced(table.with_column(name, values)).basis)
    assert len(seen) == 1 + sum(len(table.declared()) for table in star_of_six.tables)


def test_swapping_two_columns_is_another_content(star_of_six: Snapshot) -> None:
    streams = star_of_six[Streams]
    swapped = streams.with_column("succeeded_count", streams.failed_count).with_column(
        "failed_count", streams.succeeded_count
    )
    assert star_of_six.replaced(swapped).basis != star_of_six.basis


def test_replaced_leaves_the_original_alone(star_of_six: Snapshot) -> None:
    before = star_of_six.basis
    changed = star_of_six.replaced(star_of_six[Servers].with_column("online", np.zeros(6, dtype=bool)))
    assert star_of_six.basis == before != changed.basis
    assert star_of_six[Servers].online.all()
    assert changed[Streams] is star_of_six[Streams]


def test_missing_table_and_membership(star_of_six: Snapshot) -> None:
    only = star_of_six.restricted([Servers, Windows])
    assert Servers in only
    assert Streams not in only
    with pytest.raises(BadInputError, match=r"snapshot\.missing_table.*streams"):
        only[Streams]
    assert [table.name for table in star_of_six.tables] == ["server_windows", "servers", "streams", "windows"]
    assert star_of_six.named("servers") is star_of_six[Servers]
    with pytest.raises(AssertionError):
        star_of_six.named("peerings")


def test_two_tables_of_one_type_are_our_mistake(star_of_six: Snapshot) -> None:
    with pytest.raises(AssertionError):
        Snapshot([*star_of_six.tables, star_of_six[Servers]])


@pytest.mark.parametrize(("column", "row"), [("source", 6), ("target", 1000), ("window", 3)])
def test_dangling_reference_is_named(star_of_six: Snapshot, column: str, row: int) -> None:
    streams = star_of_six[Streams]
    values = streams.array(column).copy()
    values[7] = row
    with pytest.raises(BadInputError) as caught:
        star_of_six.replaced(streams.with_column(column, values))
    assert caught.value.code == "snapshot.dangling_reference"
    assert caught.value.where == f"streams.{column}"
    assert str(row) in caught.value.got


def test_a_reference_to_a_table_that_is_not_there_dangles(star_of_six: Snapshot) -> None:
    with pytest.raises(BadInputError, match="dangling_reference"):
        star_of_six.restricted([Servers, Streams])
    with pytest.raises(BadInputError, match="dangling_reference"):
        star_of_six.replaced(Servers.of(server=["only"], region=["x"], data_center=["x1"]))


def test_empty_tables_refer_to_nothing(star_of_six: Snapshot) -> None:
    empty = ServerWindows.of(window=[], server=[], active_users_count=[])
    assert Snapshot([empty])[ServerWindows].row_count == 0
    assert star_of_six.replaced(empty) != star_of_six


def test_pickling_keeps_the_basis(star_of_six: Snapshot) -> None:
    twin = pickle.loads(pickle.dumps(star_of_six))
    assert twin == star_of_six
    assert twin.basis == star_of_six.basis
    with pytest.raises(ValueError, match="read-only"):
        twin[Streams].failed_count[0] = 1


def test_equal_only_to_snapshots(star_of_six: Snapshot) -> None:
    assert star_of_six != star_of_six.basis
    assert "servers: 6" in repr(star_of_six)
    assert network(regions=["a", "b"]) != network(regions=["a", "c"])
