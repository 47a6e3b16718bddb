"""Edits: applied in order, undone exactly, never touching what they were made from."""

from __future__ import annotations

import pickle
from typing import ClassVar, Self

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracles.networks import network

from fairlead.model import (
    BadInputError,
    Edit,
    Servers,
    ServerWindows,
    Snapshot,
    Streams,
    Windows,
    apply_edits,
    conflicts,
    invert,
)
from fairlead.model.table import Array

SMALL = network(regions=["ams", "ams", "fra", "fra"], failed={(0, 1): 3}, capacity_mbps=[1.5, 2.25, np.nan, 0.1])
VALUES = {
    ("servers", "online"): st.booleans(),
    ("servers", "region"): st.text("abc", min_size=1, max_size=9),
    ("servers", "server"): st.text("xyz", min_size=1, max_size=12),
    ("servers", "capacity_mbps"): st.one_of(st.floats(0, 1e6, width=32), st.just(float("nan"))),
    ("streams", "failed_count"): st.integers(0, 2**31 - 1),
    ("streams", "loss_ratio"): st.floats(0, 1),
    ("server_windows", "active_users_count"): st.integers(0, 1000),
}


def drain(*rows: int) -> Edit:
    return Edit(action="drain", table="servers", column="online", rows=np.array(rows), after=np.zeros(len(rows), bool))


@st.composite
def edits(draw: st.DrawFn, snapshot: Snapshot = SMALL) -> Edit:
    table, column = draw(st.sampled_from(sorted(VALUES)))
    size = snapshot.named(table).row_count
    rows = draw(st.lists(st.integers(0, size - 1), max_size=6))
    after = draw(st.lists(VALUES[table, column], min_size=len(rows), max_size=len(rows)))
    dtype = {"online": bool, "region": None, "server": None, "failed_count": np.int32, "active_users_count": np.int32}
    values = np.array(after, dtype=dtype.get(column, np.float64)) if rows else np.array([], dtype=bool)
    return Edit(action="change", table=table, column=column, rows=np.array(rows), after=values)


def _by_loop(snapshot: Snapshot, changes: list[Edit]) -> dict[tuple[str, str], list[object]]:
    """What the columns must hold: cell after cell, in plain lists."""
    columns = {(table, name): snapshot.named(table).array(name).tolist() for table, name in VALUES}
    for change in changes:
        for row, value in zip(change.rows.tolist(), change.after.tolist(), strict=True):
            columns[change.table, change.column][row] = value
    return columns


@given(st.lists(edits(), max_size=6))
def test_apply_is_cell_after_cell_and_invert_undoes_it(changes: list[Edit]) -> None:
    basis = SMALL.basis
    applied = apply_edits(SMALL, changes)
    for (table, name), expected in _by_loop(SMALL, changes).items():
        found = applied.named(table).array(name)
        wanted = np.array(expected, dtype=found.dtype)
        assert np.array_equal(found, wanted, equal_nan=found.dtype.kind == "f"), (table, name)
    undone = apply_edits(applied, invert(SMALL, changes))
    assert undone == SMALL
    assert SMALL.basis == basis == Snapshot(SMALL.tables).basis


@given(st.lists(edits(), max_size=4))
def test_undoing_the_undo_gives_the_change_again(changes: list[Edit]) -> None:
    applied = apply_edits(SMALL, changes)
    back = invert(SMALL, changes)
    again = apply_edits(apply_edits(applied, back), invert(applied, back))
    assert again == applied
    assert [edit.action for edit in invert(applied, back)] == ["change"] * len(changes)


def test_invert_is_exact_when_after_has_another_number_type() -> None:
    whole = Edit(action="set", table="servers", column="capacity_mbps", rows=np.array([0]), after=np.array([7]))
    later = Edit(action="set", table="servers", column="capacity_mbps", rows=np.array([1]), after=np.array([8.0]))
    changes = [whole, later]
    assert apply_edits(apply_edits(SMALL, changes), invert(SMALL, changes)) == SMALL


def test_one_edit_may_lose_nothing_to_a_narrower_type() -> None:
    half = Edit(action="set", table="streams", column="failed_count", rows=np.array([0]), after=np.array([0.5]))
    with pytest.raises((BadInputError, AssertionError)):
        apply_edits(SMALL, [half])


def test_strings_may_grow_in_two_steps() -> None:
    steps = [
        Edit(action="rename", table="servers", column="region", rows=np.array([0]), after=np.array(["a-longer-name"])),
        Edit(action="rename", table="servers", column="region", rows=np.array([1]), after=np.array(["x"])),
        Edit(action="rename", table="servers", column="region", rows=np.array([0]), after=np.array(["y" * 40])),
    ]
    applied = apply_edits(SMALL, steps)
    assert applied[Servers].region.tolist() == ["y" * 40, "x", "fra", "fra"]
    assert apply_edits(applied, invert(SMALL, steps)) == SMALL


def test_the_last_write_of_a_cell_wins_also_inside_one_edit() -> None:
    twice = Edit(
        action="set", table="servers", column="capacity_mbps", rows=np.array([0, 0]), after=np.array([5.0, 6.0])
    )
    assert apply_edits(SMALL, [twice])[Servers].capacity_mbps[0] == 6
    assert apply_edits(apply_edits(SMALL, [twice]), invert(SMALL, [twice])) == SMALL


def test_no_edit_is_no_change() -> None:
    assert apply_edits(SMALL, []) is SMALL
    assert apply_edits(SMALL, [drain()]) == SMALL
    assert invert(SMALL, []) == ()


def test_result_is_checked_like_any_table() -> None:
    bad = Edit(action="set", table="streams", column="loss_ratio", rows=np.array([1]), after=np.array([1.5]))
    with pytest.raises(BadInputError, match="out_of_range"):
        apply_edits(SMALL, [bad])
    dangling = Edit(
        action="set", table="streams", column="source", rows=np.array([1]), after=np.array([4], dtype=np.int32)
    )
    with pytest.raises(BadInputError, match="dangling_reference"):
        apply_edits(SMALL, [dangling])


@pytest.mark.parametrize("row", [-1, 4])
def test_rows_outside_the_table_are_our_mistake(row: int) -> None:
    with pytest.raises(AssertionError, match="outside"):
        apply_edits(SMALL, [drain(row)])


def test_unknown_table_and_column_are_our_mistake() -> None:
    for table, column in (("servers", "colour"), ("peerings", "online")):
        edit = Edit(action="x", table=table, column=column, rows=np.array([0]), after=np.array([True]))
        with pytest.raises(AssertionError):
            apply_edits(SMALL, [edit])


def test_shape_is_checked() -> None:
    with pytest.raises(AssertionError):
        Edit(action="x", table="servers", column="online", rows=np.array([0, 1]), after=np.array([True]))
    with pytest.raises(AssertionError):
        Edit(action="x", table="servers", column="online", rows=np.array([[0]]), after=np.array([[True]]))


def test_an_edit_is_read_only_and_keeps_out_later_writes() -> None:
    rows, after = np.arange(4), np.zeros(4, dtype=bool)
    edit = Edit(action="drain", table="servers", column="online", rows=rows[:2], after=after[:2])
    rows[0], after[0] = 3, True
    assert edit.rows.tolist() == [0, 1]
    assert edit.after.tolist() == [False, False]
    for array in (edit.rows, edit.after):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1


def test_an_edit_survives_a_trip_through_a_process_pool() -> None:
    edit = drain(0, 2)
    twin = pickle.loads(pickle.dumps(edit))
    assert twin == edit
    assert hash(twin) == hash(edit)
    with pytest.raises(ValueError, match="read-only"):
        twin.rows[0] = 1


def test_equality_is_by_content() -> None:
    assert drain(0, 1) == drain(0, 1)
    assert len({drain(0, 1), drain(0, 1), drain(1, 0)}) == 2
    assert drain(0, 1) != drain(1, 0)
    assert drain(0) != "drain"
    for change in ("action", "table", "column"):
        fields = {"action": "drain", "table": "servers", "column": "online", change: "other"}
        assert Edit(**fields, rows=np.array([0]), after=np.array([False])) != drain(0)
    absent = [
        Edit(action="forget", table="servers", column="capacity_mbps", rows=np.array([0]), after=np.array([np.nan]))
        for _ in range(2)
    ]
    assert absent[0] == absent[1]


def test_actions_and_staggering_of_the_inverse() -> None:
    late = Edit(
        action="drain", table="servers", column="online", rows=np.array([1]), after=np.array([False]), start_s=30.0
    )
    first, second = invert(SMALL, [drain(0), late])
    assert (first.action, first.rows.tolist(), first.start_s) == ("undo drain", [1], 0.0)
    assert (second.action, second.rows.tolist()) == ("undo drain", [0])


def _streams(count: int) -> Snapshot:
    zeros = np.zeros(count, dtype=np.int32)
    return Snapshot(
        [
            Servers.of(server=["a", "b"], region=["x", "x"], data_center=["x1", "x1"]),
            Windows.of(window=[0]),
            Streams.of(
                window=zeros,
                source=zeros.copy(),
                target=zeros + 1,
                succeeded_count=zeros + 9,
                failed_count=np.arange(count, dtype=np.int32) % 7,
                rtt_ms=np.full(count, 20.0),
                loss_ratio=np.zeros(count),
            ),
            ServerWindows.of(window=[], server=[], active_users_count=[]),
        ]
    )


def test_a_million_cells_in_one_edit() -> None:
    world = _streams(1_000_000)
    rows = np.random.default_rng(0).permutation(1_000_000)
    edit = Edit(
        action="fail", table="streams", column="failed_count", rows=rows, after=np.arange(1_000_000, dtype=np.int32)
    )
    applied = apply_edits(world, [edit])
    assert np.array_equal(applied[Streams].failed_count[rows], np.arange(1_000_000))
    assert apply_edits(applied, invert(world, [edit])) == world


class CountedStreams(Streams):
    """Streams that remember which columns were replaced in any of them."""

    replaced: ClassVar[list[str]] = []

    def with_column(self, column_name: str, values: Array) -> Self:
        self.replaced.append(column_name)
        return super().with_column(column_name, values)


def test_three_thousand_edits_copy_each_touched_column_once() -> None:
    plain = _streams(200_000)
    streams = CountedStreams(**{name: plain[Streams].array(name) for name in Streams.declared()})
    world = Snapshot([plain[Servers], plain[Windows], plain[ServerWindows], streams])
    CountedStreams.replaced.clear()
    changes = [
        Edit(
            action="fail",
            table="streams",
            column=("failed_count", "succeeded_count")[number % 2],
            rows=np.array([number]),
            after=np.array([number], dtype=np.int32),
        )
        for number in range(3_000)
    ]
    applied = apply_edits(world, changes)
    assert sorted(CountedStreams.replaced) == ["failed_count", "succeeded_count"]
    assert applied[CountedStreams].failed_count[2_998] == 2_998
    assert apply_edits(applied, invert(world, changes)) == world


def test_conflicts_are_the_cells_that_both_write() -> None:
    other = Edit(action="set", table="servers", column="capacity_mbps", rows=np.array([0, 1]), after=np.array([1.0, 2]))
    assert conflicts([drain(0, 1), drain(3)], [drain(3, 1, 2), other]) == (
        ("servers", "online", 1),
        ("servers", "online", 3),
    )
    assert conflicts([drain(0)], [drain(1), other]) == ()
    assert conflicts([], [drain(1)]) == ()


@given(st.lists(edits(), max_size=4), st.lists(edits(), max_size=4))
def test_conflicts_against_sets_and_independence(first: list[Edit], second: list[Edit]) -> None:
    cells = [
        {(edit.table, edit.column, row) for edit in side for row in edit.rows.tolist()} for side in (first, second)
    ]
    found = conflicts(first, second)
    assert set(found) == cells[0] & cells[1]
    assert len(found) == len(set(found))
    if not found:
        assert apply_edits(SMALL, [*first, *second]) == apply_edits(SMALL, [*second, *first])
