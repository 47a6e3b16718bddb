"""Hands: what is applied, what is refused, and what the receipt says when it goes wrong half-way."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from fairlead.actuators import Actuator, DryRun, InMemory, KillSwitch, file_flag
from fairlead.model import BadInputError, Edit, FairleadError, RefusedError, Servers, Snapshot, StaleError, invert

NETWORK = Snapshot(
    [Servers.of(server=np.arange(6), region=np.array(["r"] * 6), data_center=np.array(["d"] * 6))],
)


def edit(*rows: int, online: bool = False, action: str = "drain", start_s: float = 0.0) -> Edit:
    after = np.full(len(rows), online)
    return Edit(action=action, table="servers", column="online", rows=np.array(rows), after=after, start_s=start_s)


@dataclass
class Clock:
    """Time that passes only when somebody waits; ``events`` happen at their time."""

    now_s: float = 1000.0
    waits: list[float] = field(default_factory=list)

    def __call__(self) -> float:
        return self.now_s

    def wait(self, seconds: float) -> None:
        assert seconds > 0
        self.waits.append(seconds)
        self.now_s += seconds


def offline(hands: InMemory) -> list[int]:
    return np.flatnonzero(~hands.snapshot[Servers].online).tolist()


def test_edits_are_applied_in_order_and_the_receipt_says_when():
    clock = Clock()
    hands: Actuator = InMemory(NETWORK, clock)
    receipt = hands.apply(NETWORK.basis, [edit(0, 1), edit(1, online=True, action="restore")])
    assert offline(hands) == [0]
    assert receipt.basis_before == NETWORK.basis
    assert receipt.basis_after == hands.basis != NETWORK.basis
    assert [(each.applied, each.time_s, each.error) for each in receipt.outcomes] == [(True, 1000.0, None)] * 2
    assert receipt.error is None
    hands.apply(receipt.basis_after, invert(NETWORK, receipt.applied))
    assert hands.snapshot == NETWORK


def test_a_stale_basis_is_refused_and_nothing_is_done():
    hands = InMemory(NETWORK, Clock())
    moved = hands.apply(NETWORK.basis, [edit(0)]).basis_after
    with pytest.raises(StaleError, match="G9"):
        hands.apply(NETWORK.basis, [edit(1)])
    assert offline(hands) == [0]
    hands.apply(moved, [edit(1)])
    hands.observe(NETWORK)
    with pytest.raises(StaleError):
        hands.apply(hands.basis[::-1], [])
    assert offline(hands) == []


def test_the_first_failure_stops_the_rest_for_they_may_stand_on_it():
    broken = BadInputError(code="device.deaf", what="the device does not answer")
    hands = InMemory(NETWORK, Clock(), device=lambda each: broken if each.action == "restore" else None)
    receipt = hands.apply(NETWORK.basis, [edit(0), edit(0, online=True, action="restore"), edit(1), edit(2)])
    assert [each.applied for each in receipt.outcomes] == [True, False, False, False]
    assert [each.error for each in receipt.outcomes] == [None, broken, None, None]
    assert receipt.error is broken
    assert receipt.applied == (edit(0),)
    assert offline(hands) == [0]
    assert receipt.basis_after == hands.basis


@pytest.mark.parametrize(
    "wrong",
    [
        edit(6),
        edit(-1),
        Edit(action="drain", table="servers", column="mood", rows=[0], after=[False]),
        Edit(action="drain", table="links", column="online", rows=[0], after=[False]),
        Edit(action="drain", table="servers", column="online", rows=[0], after=[0]),
        Edit(action="drain", table="servers", column="capacity_mbps", rows=[0], after=[-1.0]),
    ],
    ids=["row too large", "row negative", "column", "table", "type", "range"],
)
def test_an_edit_that_cannot_be_made_is_a_value_and_leaves_no_trace(wrong: Edit):
    hands = InMemory(NETWORK, Clock())
    receipt = hands.apply(NETWORK.basis, [wrong, edit(1)])
    assert isinstance(receipt.error, BadInputError)
    assert [each.applied for each in receipt.outcomes] == [False, False]
    assert hands.snapshot == NETWORK


def test_a_dry_run_writes_down_and_changes_nothing():
    hands = InMemory(NETWORK, Clock())
    dry: Actuator = DryRun(hands, Clock())
    receipt = dry.apply(NETWORK.basis, [edit(0), edit(1)])
    dry.apply(receipt.basis_after, [edit(2)])
    assert [each.rows.tolist() for each in dry.recorded] == [[0], [1], [2]]
    assert receipt.applied == ()
    assert receipt.error is None
    assert dry.basis == receipt.basis_after == hands.basis == NETWORK.basis
    with pytest.raises(StaleError):
        dry.apply("0" * 32, [edit(0)])


def test_edits_wait_for_their_time_and_never_longer_than_half_a_second_without_a_look():
    clock = Clock()
    hands = InMemory(NETWORK, clock)
    switch = KillSwitch(hands, lambda: False, clock, clock.wait)
    receipt = switch.apply(NETWORK.basis, [edit(0), edit(1, start_s=2.25), edit(2, start_s=1.0)])
    assert [each.time_s for each in receipt.outcomes] == [1000.0, 1002.25, 1002.25]
    assert max(clock.waits) == 0.5
    assert offline(hands) == [0, 1, 2]
    assert receipt.basis_before == NETWORK.basis
    assert receipt.basis_after == hands.basis == switch.basis


def test_a_switch_that_is_set_refuses():
    hands = InMemory(NETWORK, Clock())
    with pytest.raises(RefusedError, match="G10") as refusal:
        KillSwitch(hands, lambda: True, Clock(), Clock().wait).apply(NETWORK.basis, [edit(0)])
    assert refusal.value.exit_code == 4
    assert hands.snapshot == NETWORK


def test_a_switch_set_between_two_edits_stops_within_a_second():
    clock = Clock()
    hands = InMemory(NETWORK, clock)
    switch = KillSwitch(hands, lambda: clock.now_s > 1010.2, clock, clock.wait)
    receipt = switch.apply(NETWORK.basis, [edit(0), edit(1, start_s=10), edit(2, start_s=300), edit(3, start_s=300)])
    assert offline(hands) == [0, 1]
    assert [each.applied for each in receipt.outcomes] == [True, True, False, False]
    assert isinstance(receipt.error, RefusedError)
    assert clock.now_s - 1010.2 <= 1.0  # the caller is not left waiting for an edit that will not come
    assert receipt.basis_after == hands.basis


def test_a_revert_passes_the_switch():
    clock = Clock()
    hands = InMemory(NETWORK, clock)
    done = hands.apply(NETWORK.basis, [edit(0, 1)])
    undo = invert(NETWORK, done.applied)
    KillSwitch(hands, lambda: True, clock, clock.wait).apply(hands.basis, undo)
    assert hands.snapshot == NETWORK
    restore = edit(0, online=True, action="restore")
    with pytest.raises(RefusedError):  # a planner's own restore is no revert: paused means hands off
        KillSwitch(hands, lambda: True, clock, clock.wait).apply(hands.basis, [restore])


def test_a_network_that_moves_on_makes_the_rest_of_a_plan_stale():
    clock = Clock()
    hands = InMemory(NETWORK, clock)

    def wait_and_meddle(seconds: float) -> None:
        clock.wait(seconds)
        hands.observe(NETWORK)

    receipt = KillSwitch(hands, lambda: False, clock, wait_and_meddle).apply(
        NETWORK.basis, [edit(0), edit(1, start_s=0.5), edit(2)]
    )
    assert isinstance(receipt.error, StaleError)
    assert [each.applied for each in receipt.outcomes] == [True, False, False]


def test_a_failure_inside_stops_the_switch_too():
    deaf: FairleadError = BadInputError(code="device.deaf", what="the device does not answer")
    clock = Clock()
    hands = InMemory(NETWORK, clock, device=lambda each: deaf if 1 in each.rows else None)
    receipt = KillSwitch(hands, lambda: False, clock, clock.wait).apply(NETWORK.basis, [edit(0), edit(1), edit(2)])
    assert receipt.error is deaf
    assert len(receipt.outcomes) == 3
    assert offline(hands) == [0]


def test_wrappers_wrap_each_other():
    clock = Clock()
    dry = DryRun(InMemory(NETWORK, clock), clock)
    receipt = KillSwitch(dry, lambda: False, clock, clock.wait).apply(NETWORK.basis, [edit(0), edit(1, start_s=3)])
    assert [each.rows.tolist() for each in dry.recorded] == [[0], [1]]
    assert receipt.error is None
    assert len(receipt.outcomes) == 2


def test_a_file_is_a_flag_and_not_seeing_it_is_no_licence(tmp_path: Path):
    is_set = file_flag(tmp_path / "pause")
    assert not is_set()
    (tmp_path / "pause").touch()
    assert is_set()
    (tmp_path / "pause").unlink()
    assert not is_set()
    (tmp_path / "pause").symlink_to(tmp_path / "nowhere")  # set, though it points at nothing
    assert is_set()
    assert file_flag(tmp_path / "gone" / "pause")()


def test_no_edits_are_no_trouble():
    hands = InMemory(NETWORK, Clock())
    receipt = KillSwitch(hands, lambda: True, Clock(), Clock().wait).apply(NETWORK.basis, [])
    assert receipt.outcomes == ()
    assert receipt.basis_after == NETWORK.basis
