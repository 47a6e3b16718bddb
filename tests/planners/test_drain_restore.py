"""Coming back, window by window: patience, silence, a second drain, somebody else's server, a sick common path."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from oracles.networks import HEALTHY_LOSS_RATIO, SICK_LOSS_RATIO, Pair

from fairlead.model import Budget, Plan, Servers, ServerWindows, Snapshot, Streams, Windows, apply_edits
from fairlead.planners.drain import UNLIMITED, Drain, DrainMemory
from fairlead.planners.drain.restore import (
    HEALTHY_LOSS_RATIO as COMES_BACK_BELOW,
)
from fairlead.planners.drain.restore import (
    PATIENCE_WINDOWS,
    healthy_windows,
    observed,
    restorable,
    restore_reasons,
)

COUNT = 5
BUDGET = Budget()


def window(
    number: int, sick: Sequence[Pair] = (), *, offline: Sequence[int] = (), silent: Sequence[int] = ()
) -> Snapshot:
    """One window of five servers of one region. Drained pairs carry no streams: their rows only measure loss.

    sick   : pairs that lose packets; between online servers their streams fail too
    silent : servers with no row at all
    """
    pairs = [(a, b) for a in range(COUNT) for b in range(a + 1, COUNT) if a not in silent and b not in silent]
    carries = np.array([a not in offline and b not in offline for a, b in pairs])
    bad = np.array([pair in set(sick) for pair in pairs])
    failed = np.where(bad & carries, 5, 0)
    return Snapshot(
        [
            Servers.of(
                server=[f"s{row}" for row in range(COUNT)],
                region=["a"] * COUNT,
                data_center=["a1"] * COUNT,
                online=~np.isin(np.arange(COUNT), list(offline)),
            ),
            Windows.of(window=[number]),
            Streams.of(
                window=np.zeros(len(pairs), dtype=np.int32),
                source=np.array([a for a, _ in pairs]),
                target=np.array([b for _, b in pairs]),
                succeeded_count=np.where(carries, 100, 0) - failed,
                failed_count=failed,
                rtt_ms=np.full(len(pairs), 20.0),
                loss_ratio=np.where(bad, SICK_LOSS_RATIO, HEALTHY_LOSS_RATIO),
            ),
            ServerWindows.of(
                window=np.zeros(COUNT, dtype=np.int32), server=np.arange(COUNT), active_users_count=[10] * COUNT
            ),
        ]
    )


def back(plan: Plan) -> list[int]:
    return [row for edit in plan.edits for row in edit.rows[edit.after].tolist()]


def gone(plan: Plan) -> list[int]:
    return [row for edit in plan.edits for row in edit.rows[~edit.after].tolist()]


STAR = [(0, other) for other in range(1, COUNT)]


def drained_once() -> tuple[Drain, DrainMemory]:
    """The planner's memory after it drained server 0 in window 0."""
    planner = Drain(goal=UNLIMITED)
    plan, memory = planner.plan(window(0, STAR), planner.begin(), BUDGET)
    assert gone(plan) == [0]
    assert memory.pending == {"s0"}
    return planner, memory


def turns(planner: Drain, memory: DrainMemory, worlds: Sequence[Snapshot]) -> tuple[list[Plan], DrainMemory]:
    plans = []
    for world in worlds:
        plan, memory = planner.plan(world, memory, BUDGET)
        plans.append(plan)
    return plans, memory


def test_it_comes_back_after_three_healthy_windows_in_a_row() -> None:
    planner, memory = drained_once()
    sick, well = [window(n, STAR, offline=[0]) for n in (1, 2)], [window(n, offline=[0]) for n in (3, 4, 5)]
    plans, memory = turns(planner, memory, [*sick, *well])
    assert [back(plan) for plan in plans] == [[], [], [], [], [0]]
    assert [reason.key for reason in plans[-1].reasons] == ["drain.restored"]
    assert plans[-1].reasons[0].numbers == {"healthy_windows_count": PATIENCE_WINDOWS}
    plans, memory = turns(planner, memory, [window(6), window(7)])
    assert [plan.edits for plan in plans] == [(), ()]
    assert memory.owned == frozenset()


def test_a_relapse_starts_the_count_again() -> None:
    planner, memory = drained_once()
    worlds = [window(n, STAR if n == 3 else (), offline=[0]) for n in range(1, 7)]
    plans, _ = turns(planner, memory, worlds)
    assert [back(plan) for plan in plans] == [[], [], [], [], [], [0]]


def test_the_same_window_twice_counts_once() -> None:
    planner, memory = drained_once()
    plans, _ = turns(planner, memory, [window(1, offline=[0])] * 6)
    assert all(back(plan) == [] for plan in plans)


def test_silence_is_not_health() -> None:
    planner, memory = drained_once()
    plans, memory = turns(planner, memory, [window(n, offline=[0], silent=[0]) for n in range(1, 12)])
    assert all(back(plan) == [] for plan in plans)
    plans, _ = turns(planner, memory, [window(n, offline=[0]) for n in range(12, 15)])
    assert [back(plan) for plan in plans] == [[], [], [0]]


def test_silence_in_between_starts_the_count_again() -> None:
    planner, memory = drained_once()
    worlds = [window(n, offline=[0], silent=[0] if n == 3 else []) for n in range(1, 7)]
    plans, _ = turns(planner, memory, worlds)
    assert [back(plan) for plan in plans] == [[], [], [], [], [], [0]]


def test_a_second_drain_doubles_the_patience() -> None:
    planner, memory = drained_once()
    _, memory = turns(planner, memory, [window(n, offline=[0]) for n in (1, 2, 3)])
    plans, memory = turns(planner, memory, [window(4, STAR)])
    assert gone(plans[0]) == [0]
    plans, memory = turns(planner, memory, [window(n, offline=[0]) for n in range(5, 11)])
    assert memory.drains == {"s0": 2}
    assert [back(plan) for plan in plans] == [[]] * 5 + [[0]]


def test_somebody_elses_server_is_never_touched() -> None:
    planner = Drain(goal=UNLIMITED)
    plans, memory = turns(planner, planner.begin(), [window(n, offline=[3]) for n in range(10)])
    assert all(plan.edits == () for plan in plans)
    assert memory.owned == frozenset()
    assert memory.healthy == {}
    plans, _ = turns(planner, DrainMemory(adopts="any"), [window(n, offline=[3]) for n in range(3)])
    assert [back(plan) for plan in plans] == [[], [], [3]]


def test_a_plan_that_was_not_carried_out_gives_no_claim() -> None:
    planner, memory = drained_once()
    plan, memory = planner.plan(window(1, STAR), memory, BUDGET)  # still online: the guard refused
    assert memory.owned == frozenset()
    assert gone(plan) == [0]
    _, memory = planner.plan(window(2, STAR, offline=[0]), memory, BUDGET)
    assert memory.owned == {"s0"}


def test_of_two_servers_with_a_sick_common_path_one_returns() -> None:
    world = window(5, [(0, 1)], offline=[0, 1])
    memory = DrainMemory(owned=frozenset({"s0", "s1"}), healthy={"s0": 3, "s1": 3})
    assert restorable(world, memory).tolist() == [0]
    three = window(5, [(0, 1), (1, 2)], offline=[0, 1, 2])
    memory = DrainMemory(owned=frozenset({"s0", "s1", "s2"}), healthy={"s0": 3, "s1": 3, "s2": 3})
    assert restorable(three, memory).tolist() == [0, 2]


def test_returning_together_never_brings_the_sick_path_back() -> None:
    planner = Drain(goal=UNLIMITED)
    memory = DrainMemory(owned=frozenset({"s0", "s1"}))
    plans, memory = turns(planner, memory, [window(n, [(0, 1)], offline=[0, 1]) for n in range(3)])
    assert [back(plan) for plan in plans] == [[], [], [0]]
    plans, _ = turns(planner, memory, [window(n, [(0, 1)], offline=[1]) for n in range(3, 12)])
    assert all(plan.edits == () for plan in plans)


def test_leaving_is_easier_than_coming_back() -> None:
    world = window(0, offline=[0])
    streams = world[Streams]
    at = (streams.source == 0) | (streams.target == 0)
    for loss, span in ((COMES_BACK_BELOW, 1), (COMES_BACK_BELOW + 0.01, 0)):
        lossy = world.replaced(streams.with_column("loss_ratio", np.where(at, loss, 0.0)))
        assert healthy_windows(lossy, np.array([0])).tolist() == [span]


def test_memory_is_a_value() -> None:
    planner, memory = drained_once()
    before = replace(memory)
    planner.plan(window(1, offline=[0]), memory, BUDGET)
    assert memory == before
    with pytest.raises(TypeError):
        observed(window(1, offline=[0]), memory).healthy["s0"] = 9  # type: ignore[index]  # that is the test


def test_all_windows_of_a_snapshot_count_at_once() -> None:
    planner, memory = drained_once()
    single = [window(n, offline=[0]) for n in (1, 2, 3)]
    streams = [world[Streams] for world in single]
    world = single[0].replaced(
        Windows.of(window=[1, 2, 3]),
        Streams.of(
            **{
                name: np.concatenate([table.array(name) for table in streams])
                for name in Streams.declared()
                if name != "window"
            },
            window=np.repeat(np.arange(3), streams[0].row_count),
        ),
    )
    assert healthy_windows(world, np.array([0])).tolist() == [3]
    plan, memory = planner.plan(world, memory, BUDGET)
    assert back(plan) == [0]
    assert apply_edits(world, plan.edits)[Servers].online.all()
    (reason,) = restore_reasons(world, memory, np.array([0]))
    assert "3 windows" in reason.text
