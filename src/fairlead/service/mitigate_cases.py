"""The incidents that repairs are judged on: failures appear one after the other, and every method meets its own past.

After each failure a method decides on the network as it has left it: what it repaired before is in place, and it may
undo it. The last network that it arrives at is what it is judged by.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fairlead.model import Budget, Planner, Snapshot, apply_edits
from fairlead.planners.mitigate.candidates import field_of
from fairlead.predict.flows.fabric import fabric
from fairlead.predict.flows.routing import partitioned
from fairlead.worlds.fabric import Scenario, figure_1, scenarios

ARRIVALS_PER_S = 120.0
"""At which the healthy network has the paper's 1st percentile of throughput, 15 Mbit/s (SWARM 2)."""

CONGESTION_CONTROL = "cubic"

Prepare = Callable[[Sequence[Snapshot]], None]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Walk:
    """Where a method has got to.

    state  : the network as it has left it
    seen   : the network in which it decided last
    memory : what it remembers
    acted  : its last decision changed something
    """

    state: Snapshot
    seen: Snapshot
    memory: Any
    acted: bool


def incidents(healthy: Snapshot) -> tuple[Scenario, ...]:
    """SWARM's 57 (appendix C) on this network."""
    return scenarios(healthy)


def healthy_network() -> Snapshot:
    """SWARM's Figure 1 under the load that its numbers tell of."""
    return figure_1(ARRIVALS_PER_S)


def broken(healthy: Snapshot, incident: Scenario) -> Snapshot:
    """All its failures, and nothing done about them."""
    state = healthy
    for failure in incident.failures:
        state = apply_edits(state, failure)
    return state


def walked(
    healthy: Snapshot,
    found: Sequence[Scenario],
    methods: Mapping[str, Planner[Any]],
    budget: Budget,
    prepare: Prepare,
) -> dict[tuple[str, str], Walk]:
    """(incident, method) -> where it ends. ``prepare`` is shown all networks of a step before the methods decide."""
    walks = {
        (each.name, name): Walk(state=healthy, seen=healthy, memory=method.begin(), acted=False)
        for each in found
        for name, method in methods.items()
    }
    for step in range(max(len(each.failures) for each in found)):
        here = [each for each in found if step < len(each.failures)]
        seen = {
            (each.name, name): apply_edits(walks[each.name, name].state, each.failures[step])
            for each in here
            for name in methods
        }
        prepare(list(seen.values()))
        for key, snapshot in seen.items():
            walks[key] = _decided(methods[key[1]], snapshot, walks[key], budget)
    return walks


def _decided(method: Planner[Any], snapshot: Snapshot, walk: Walk, budget: Budget) -> Walk:
    plan, memory = method.plan(snapshot, walk.memory, budget)
    state = apply_edits(snapshot, plan.edits)
    return Walk(state=state, seen=snapshot, memory=memory, acted=bool(plan.edits))


def choices_of(snapshot: Snapshot) -> dict[str, Snapshot]:
    """Name -> network, of the repairs that the planner would rank there."""
    return {each.name: each.state for each in field_of(snapshot).allowed}


def cut_off(state: Snapshot) -> bool:
    """Some servers with workloads cannot reach each other."""
    return partitioned(fabric(state))
