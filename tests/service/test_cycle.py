from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from oracles.networks import network
from relays import REGIONS, Door, failing, relays

from fairlead.actuators import DryRun
from fairlead.checks.audit import Severity
from fairlead.checks.limits import Limits
from fairlead.model import (
    BadInputError,
    Budget,
    Edit,
    FairleadError,
    RefusedError,
    Servers,
    Snapshot,
    StaleError,
    Status,
    apply_edits,
)
from fairlead.model.ledger import Ledger
from fairlead.planners.drain import AllLast, Drain
from fairlead.service.cycle import Forgetful, Turn, audited, turn, undo
from fairlead.service.journal import open_journal

PLANNER = Drain(forecaster=AllLast())


def taken(door: Door, ledger: Ledger | None = None, limits: Limits | None = None) -> Turn[Any]:
    return turn(door.outdoors(), PLANNER, PLANNER.begin(), Budget(), limits or Limits(), ledger or Ledger())


def offline(snapshot: Snapshot) -> list[str]:
    servers = snapshot[Servers]
    return [str(name) for name in servers.server[~servers.online]]


def drain(row: int) -> Edit:
    return Edit(action="drain", table="servers", column="online", rows=np.array([row]), after=np.array([False]))


def test_a_turn_applies_the_waves_in_order_and_remembers_what_it_spent() -> None:
    door = Door(relays())
    made = taken(door)
    assert made.plan.status is Status.SOLVED
    assert made.proposed is made.plan
    assert offline(door.network.snapshot) == ["s0", "s1"]
    assert door.waits_s == [5.0]  # the second wave of the region
    assert [outcome.time_s for outcome in made.receipt.outcomes] == [90.0, 95.0]
    assert [(entry.time_s, entry.planner) for entry in made.ledger.entries] == [
        (90.0, made.plan.planner),
        (95.0, made.plan.planner),
    ]
    assert made.entry_numbers == (0, 1)


def test_a_healthy_network_is_left_alone() -> None:
    door = Door(relays(bad=()))
    made = taken(door)
    assert made.plan.status is Status.NOTHING_TO_DO
    assert made.receipt.outcomes == ()
    assert made.ledger == Ledger()


def test_the_kill_switch_stops_between_waves() -> None:
    door = Door(relays())
    door.stopped = lambda: bool(door.waits_s)
    made = taken(door)
    assert len(offline(door.network.snapshot)) == 1
    assert isinstance(made.receipt.error, RefusedError)
    assert made.receipt.error.code == "guard.G10"
    assert len(made.ledger.entries) == 1


def test_a_kill_switch_that_is_set_costs_nothing(tmp_path: Path) -> None:
    with open_journal(tmp_path / "journal.db") as journal:
        door = Door(relays(), stopped=lambda: True, keeper=journal)
        made = taken(door)
        assert offline(door.network.snapshot) == []
        assert made.receipt.error is not None
        assert [outcome.applied for outcome in made.receipt.outcomes] == [False, False]
        assert made.ledger == Ledger()
        assert journal.ledger() == Ledger()


def test_the_guard_looks_again_before_each_wave() -> None:
    """Somebody else takes two servers of the region between the waves: the floor would break."""

    def another_hand(door: Door) -> None:
        door.network.observe(apply_edits(door.network.snapshot, (drain(2), drain(3))))

    door = Door(relays(), meanwhile=another_hand)
    made = taken(door)
    assert len(offline(door.network.snapshot)) == 3
    assert isinstance(made.receipt.error, RefusedError)
    assert made.receipt.error.code == "guard.G1"
    assert (made.receipt.error.got, made.receipt.error.expected) == ("2", "limit 3")


def test_an_edit_finds_its_server_by_name_when_rows_have_moved() -> None:
    other = network(regions=REGIONS[::-1], failed=failing((19, 18)), ids=[f"s{row}" for row in range(19, -1, -1)])

    def reordered(door: Door) -> None:
        gone = np.flatnonzero(np.isin(other[Servers].server, offline(door.network.snapshot)))
        door.network.observe(apply_edits(other, [drain(int(row)) for row in gone]))

    door = Door(relays(), meanwhile=reordered)
    made = taken(door)
    assert made.receipt.error is None
    assert sorted(offline(door.network.snapshot)) == ["s0", "s1"]


def test_a_server_that_is_gone_makes_the_rest_of_the_plan_stale() -> None:
    fewer = network(regions=REGIONS[2:], ids=[f"s{row}" for row in range(2, 20)])
    door = Door(relays(), meanwhile=lambda door: door.network.observe(fewer))
    made = taken(door)
    assert isinstance(made.receipt.error, StaleError)
    assert made.receipt.error.code == "turn.row_gone"


def test_a_device_that_fails_stops_the_plan_and_counts_as_spent() -> None:
    def broken(_edit: Edit) -> FairleadError:
        return BadInputError(code="test.broken", what="no answer", where="device")

    door = Door(relays(), device=broken)
    made = taken(door)
    assert offline(door.network.snapshot) == []
    assert made.receipt.error is not None
    assert made.receipt.error.code == "test.broken"
    assert len(made.receipt.outcomes) == 2
    assert len(made.ledger.entries) == 1


def test_a_dry_run_spends_nothing(tmp_path: Path) -> None:
    with open_journal(tmp_path / "journal.db") as journal:
        door = Door(relays(), keeper=journal)
        dry = DryRun(door.network, door.clock)
        made = turn(door.outdoors(dry), PLANNER, PLANNER.begin(), Budget(), Limits(), Ledger())
        assert [edit.rows.tolist() for edit in dry.recorded] == [edit.rows.tolist() for edit in made.plan.edits]
        assert offline(door.network.snapshot) == []
        assert made.ledger == journal.ledger() == Ledger()


def test_a_state_that_moved_under_the_plan_is_stale() -> None:
    door = Door(relays())
    seen = iter([relays(), relays(), relays(bad=(0, 1), users=11)])
    outdoors = replace(door.outdoors(), eyes=lambda: next(seen))
    door.network.observe(relays(users=12))
    made = turn(outdoors, PLANNER, PLANNER.begin(), Budget(), Limits(), Ledger())
    assert isinstance(made.receipt.error, StaleError)
    assert offline(door.network.snapshot) == []
    assert made.ledger == Ledger()


def test_undo_restores_the_network_and_refills_no_rate_limit() -> None:
    door = Door(relays())
    made = taken(door)
    receipt, ledger = undo(door.outdoors(), made, Limits(), made.ledger)
    assert receipt.error is None
    assert door.network.snapshot.basis == made.snapshot.basis
    assert [entry.reverted for entry in ledger.entries[:2]] == [True, True]
    again = taken(door, ledger)
    assert not again.verdict.allowed
    assert [broken.rule for broken in again.verdict.violations] == ["G2"]
    assert "of one region" in again.verdict.violations[0].what
    assert offline(door.network.snapshot) == []


def test_undo_works_while_the_kill_switch_is_set() -> None:
    door = Door(relays())
    made = taken(door)
    door.stopped = lambda: True
    receipt, _ = undo(door.outdoors(), made, Limits(), made.ledger)
    assert receipt.error is None
    assert offline(door.network.snapshot) == []


def test_undo_of_half_a_plan_takes_back_that_half() -> None:
    door = Door(relays())
    door.stopped = lambda: bool(door.waits_s)
    made = taken(door)
    undo(door.outdoors(), made, Limits(), made.ledger)
    assert door.network.snapshot.basis == made.snapshot.basis


def test_a_restart_refills_no_rate_limit(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    with open_journal(path) as journal:
        door = Door(relays(), keeper=journal)
        made = taken(door)
        undo(door.outdoors(), made, Limits(), made.ledger)
    with open_journal(path) as journal:
        again = taken(door, journal.ledger())
    assert {broken.rule for broken in again.verdict.violations} == {"G2"}


def test_what_is_kept_is_kept_before_anything_is_touched() -> None:
    class Watching(Forgetful):
        def __init__(self) -> None:
            self.door: Door | None = None
            self.seen: list[tuple[int, int]] = []

        def keep(self, ledger: Ledger) -> None:
            assert self.door is not None
            self.seen.append((len(ledger.entries), len(offline(self.door.network.snapshot))))

    watching = Watching()
    watching.door = Door(relays(), keeper=watching)
    taken(watching.door)
    assert watching.seen == [(1, 0), (2, 1)]


def test_what_is_not_proven_is_refused_and_nothing_is_done() -> None:
    snapshot = network(regions=REGIONS, failed=[{}, {}, failing((0,))])
    door = Door(snapshot)
    made = taken(door)
    assert [broken.rule for broken in made.verdict.violations] == ["G4"]
    assert made.receipt.outcomes == ()
    assert offline(door.network.snapshot) == []


def test_what_is_proven_is_not_held_up_by_what_is_not() -> None:
    before = {pair: count for pair, count in failing((0,)).items() if pair[1] < 10}
    now = before | {(10, 11): 40}
    door = Door(network(regions=REGIONS, failed=[before, before, now]))
    made = taken(door)
    assert not made.objections.allowed
    assert made.verdict.allowed
    assert made.plan.status is Status.BEST_EFFORT
    assert offline(door.network.snapshot) == ["s0"]
    held = [reason for reason in made.plan.reasons if reason.key == "turn.held_back"]
    assert len(held) == 1


def test_the_audit_holds_the_plan_against_the_next_window() -> None:
    door = Door(relays())
    made = taken(door)
    healed = network(regions=REGIONS, offline=(0, 1), windows=(1, 2, 3))
    found = audited(made, healed)
    assert {finding.severity for finding in found} == {Severity.INFO}
    with pytest.raises(StaleError):
        audited(replace(made, snapshot=healed), healed)
