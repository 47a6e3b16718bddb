"""The closed loop on the demo's world, window by window, beside two histories in which somebody acted otherwise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from fairlead.checks.audit import Finding
from fairlead.checks.limits import Limits
from fairlead.model import Budget, Planner, Servers, Snapshot, plan_as_json
from fairlead.model.ledger import Ledger
from fairlead.planners.drain import Goal
from fairlead.service.cycle import Turn, audited, turn, undo
from fairlead.service.drain_plan import limits_of, verdict_as_json
from fairlead.service.plain import plain
from fairlead.service.simulated import WINDOW_S, SimulatedNetwork
from fairlead.worlds.overlay import State, World, begin, demo_world, step

WINDOW_COUNT = 24
UNDO_AFTER_WINDOWS = 4  # the rehearsed undo comes so long after the last drain


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Moment:
    """One window and what was done at its end.

    failed_count         : streams that failed, also those that nobody carried
    without_failed_count : the same in the history in which nobody acts
    down_count           : servers offline during the window
    findings             : the audit of the turn before, if that changed anything
    reversible           : undone at once, on a twin, the network's content hash was the one from before
    """

    window: int
    demand_count: int
    failed_count: int
    without_failed_count: int
    down_count: int
    made: Turn[Any]
    findings: tuple[Finding, ...]
    reversible: bool

    @property
    def success_ratio(self) -> float:
        """Over the original demand."""
        return 1.0 - self.failed_count / self.demand_count

    @property
    def drained(self) -> tuple[str, ...]:
        """Servers that were taken offline at the end of this window."""
        return _servers(self.made, False)

    @property
    def restored(self) -> tuple[str, ...]:
        """Servers that came back at the end of this window."""
        return _servers(self.made, True)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rehearsal:
    """The undo of all drains while the failure is still there, tried on a twin of the network.

    window        : after which it was tried
    servers       : those that came back, all at once
    failed_counts : [windows after ``window``] streams that failed then, with nobody acting any more
    """

    window: int
    servers: tuple[str, ...]
    failed_counts: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Story:
    """All that the demo tells."""

    seed: int
    world: World
    goal: Goal
    limits: Limits
    moments: tuple[Moment, ...]
    ledger: Ledger
    rehearsal: Rehearsal | None

    @property
    def slack_count(self) -> float:
        """Streams that may fail in a window while the objective holds."""
        return (1.0 - self.goal.slo_ratio) * self.moments[0].demand_count

    def missed(self, failed_counts: Sequence[int]) -> list[int]:
        """Places of the windows that miss the objective."""
        return [place for place, failed in enumerate(failed_counts) if failed > self.slack_count + 1e-9]

    @property
    def missed_windows(self) -> list[int]:
        """Windows that missed the objective."""
        return self.missed([moment.failed_count for moment in self.moments])

    @property
    def missed_without(self) -> list[int]:
        """Windows that would have missed it had nobody acted."""
        return self.missed([moment.without_failed_count for moment in self.moments])

    @property
    def first_drain(self) -> Moment | None:
        """The moment at which the first servers were taken offline."""
        return next((moment for moment in self.moments if moment.drained), None)

    @property
    def regained(self) -> bool:
        """The objective was lost, holds in the last window before the failure heals by itself, and at the end."""
        missed, without = self.missed_windows, self.missed_without
        return bool(missed and without) and missed[-1] < without[-1]

    @property
    def restored(self) -> bool:
        """Servers were drained, and all are back."""
        return self.first_drain is not None and bool(self.moments[-1].made.snapshot[Servers].online.all())


def told(seed: int, planner: Planner[Any], goal: Goal) -> Story:
    """Runs the loop: one turn at the end of every window. Deterministic in the seed."""
    world, limits = demo_world(seed), limits_of(goal)
    network = SimulatedNetwork(world, begin(world))
    without = _failed_without(world, begin(world))
    memory, ledger = planner.begin(), Ledger()
    moments: list[Moment] = []
    rehearsal: Rehearsal | None = None
    for window in range(WINDOW_COUNT):
        findings = _audit_of_last(moments, network.snapshot)
        made = turn(network.outdoors, planner, memory, Budget(seed=seed), limits, ledger)
        memory, ledger = made.memory, made.ledger
        reversible = _reversible(network, made, limits)
        moments.append(_moment(world, network.state, without[window], made, findings, reversible))
        drains = [moment for moment in moments if moment.drained]
        if drains and window == drains[-1].window + UNDO_AFTER_WINDOWS and rehearsal is None:
            rehearsal = _rehearsed(network, world, drains, limits, ledger)
        if window < WINDOW_COUNT - 1:
            network.pass_window()
    return Story(
        seed=seed,
        world=world,
        goal=goal,
        limits=limits,
        moments=tuple(moments),
        ledger=ledger,
        rehearsal=rehearsal,
    )


def story_as_json(story: Story) -> dict[str, Any]:
    """The facts of the story as plain data; the plan is the first that took servers offline."""
    first = story.first_drain
    plan = plan_as_json(first.made.plan, first.made.snapshot) if first else None
    facts = {
        "seed": story.seed,
        "objective": story.goal.slo_ratio,
        "servers": story.world.network.server_count,
        "windows": [_moment_as_json(moment) for moment in story.moments],
        "plan": plan,
        "verdict": verdict_as_json(first.made.verdict, story.limits) if first else None,
        "findings": [finding for moment in story.moments for finding in moment.findings],
        "undo": story.rehearsal,
        "missed_windows": story.missed_windows,
        "missed_windows_without": story.missed_without,
        "lost": bool(story.missed_windows),
        "regained": story.regained,
        "restored": story.restored,
    }
    result: dict[str, Any] = plain(facts)
    return result


def _moment_as_json(moment: Moment) -> dict[str, Any]:
    made = moment.made
    return {
        "window": moment.window,
        "ends_s": (moment.window + 1) * WINDOW_S,
        "demand_count": moment.demand_count,
        "failed_count": moment.failed_count,
        "success_ratio": moment.success_ratio,
        "without_success_ratio": 1.0 - moment.without_failed_count / moment.demand_count,
        "down_count": moment.down_count,
        "status": made.proposed.status,
        "drained": moment.drained,
        "restored": moment.restored,
        "reversible": moment.reversible,
        "objections": [str(violation) for violation in made.objections.violations],
    }


def _moment(
    world: World,
    state: State,
    without_failed_count: int,
    made: Turn[Any],
    findings: tuple[Finding, ...],
    reversible: bool,
) -> Moment:
    return Moment(
        window=state.window,
        demand_count=world.network.total_demand_count,
        failed_count=_failed(world, state),
        without_failed_count=without_failed_count,
        down_count=int(np.count_nonzero(~state.online)),
        made=made,
        findings=findings,
        reversible=reversible,
    )


def _failed(world: World, state: State) -> int:
    """Streams of the original demand that did not work: failed, or carried by nobody."""
    worked = state.last.stream_count.sum(dtype=np.int64) - state.last.failed_count.sum(dtype=np.int64)
    return int(world.network.total_demand_count - worked)


def _failed_without(world: World, state: State) -> list[int]:
    failed = [_failed(world, state)]
    for _ in range(WINDOW_COUNT - 1):
        state = step(world, state, state.online)
        failed.append(_failed(world, state))
    return failed


def _audit_of_last(moments: Sequence[Moment], newer: Snapshot) -> tuple[Finding, ...]:
    if not moments or not moments[-1].made.receipt.applied:
        return ()
    return audited(moments[-1].made, newer)


def _reversible(network: SimulatedNetwork, made: Turn[Any], limits: Limits) -> bool:
    twin = network.twin()
    undo(twin.outdoors, made, limits, made.ledger)
    return twin.snapshot.basis == made.snapshot.basis


def _rehearsed(
    network: SimulatedNetwork, world: World, drains: Sequence[Moment], limits: Limits, ledger: Ledger
) -> Rehearsal:
    twin, window = network.twin(), network.state.window
    offline = ~twin.snapshot[Servers].online
    for moment in reversed(drains):
        _, ledger = undo(twin.outdoors, moment.made, limits, ledger)
    servers = twin.snapshot[Servers]
    failed = []
    for _ in range(window + 1, WINDOW_COUNT):
        twin.pass_window()
        failed.append(_failed(world, twin.state))
    back = tuple(str(name) for name in servers.server[offline & servers.online])
    return Rehearsal(window=window, servers=back, failed_counts=tuple(failed))


def _servers(made: Turn[Any], online: bool) -> tuple[str, ...]:
    """Names of the servers whose edits were applied, in order."""
    names = made.snapshot[Servers].server
    rows = [edit.rows[edit.after == online] for edit in made.receipt.applied]
    return tuple(str(name) for name in names[np.concatenate(rows)]) if rows else ()
