"""Phases 1 and 2 as a map over shards of session groups: paths over all sites exactly, or as the paper finds them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Protocol, TypeVar

from fairlead.model import Demands, Snapshot
from fairlead.planners.route.candidates import best_of_candidates, candidate_shards
from fairlead.planners.route.candidates import gathered as gathered_candidates
from fairlead.planners.route.goal import RouteGoal
from fairlead.planners.route.memory import RouteMemory
from fairlead.planners.route.pairs import session_pairs
from fairlead.planners.route.paths import pair_shards
from fairlead.planners.route.sla import Feasible, feasible, feasible_of_shard, gathered, session_shards, sla_rules

A = TypeVar("A")
R = TypeVar("R")


class Mapper(Protocol):
    """``[fn(shard) for shard in shards]``, wherever that runs; the answers do not depend on it."""

    def __call__(self, fn: Callable[[A], R], shards: Sequence[A], /) -> list[R]: ...


def in_order(fn: Callable[[A], R], shards: Sequence[A], /) -> list[R]:
    """In this process, one after the other."""
    return [fn(shard) for shard in shards]


Finder = Callable[[Snapshot, RouteGoal, RouteMemory, Mapper], tuple[Feasible, RouteMemory]]


def over_all_sites(
    snapshot: Snapshot, goal: RouteGoal, memory: RouteMemory, mapper: Mapper
) -> tuple[Feasible, RouteMemory]:
    """The K shortest of every pair over all sites, filtered for every session group; remembers nothing."""
    pairs = session_pairs(snapshot)
    shards = session_shards(
        pair_shards(snapshot, pairs.source_group, pairs.target_group, goal.path_count),
        pairs.of_demand,
        snapshot[Demands].service_class,
        sla_rules(snapshot, goal.kept_count),
    )
    return gathered(shards, mapper(feasible_of_shard, shards)), memory


def among_candidates(
    snapshot: Snapshot, goal: RouteGoal, memory: RouteMemory, mapper: Mapper
) -> tuple[Feasible, RouteMemory]:
    """The paper's way: among few sites that a bandit picks for every pair, and remembers."""
    pairs = session_pairs(snapshot)
    shards = candidate_shards(
        snapshot,
        pairs.source_group,
        pairs.target_group,
        memory.candidates,
        k=goal.path_count,
        size=goal.candidate_count,
    )
    top, candidates = gathered_candidates(mapper(best_of_candidates, shards))
    found = feasible(top, pairs.of_demand, snapshot[Demands].service_class, sla_rules(snapshot, goal.kept_count))
    return found, replace(memory, candidates=candidates)
