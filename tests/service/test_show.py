from __future__ import annotations

import io
import math
from dataclasses import replace

import pytest
from relays import relays
from rich.console import Console

from fairlead.checks.gate import Verdict
from fairlead.model import Bound, BoundKind, Budget, Plan, Snapshot, Status
from fairlead.planners.drain import AllLast, Drain, Goal
from fairlead.service.show import bound_words, headline, percent, print_plan


def planned(snapshot: Snapshot, goal: Goal | None = None) -> Plan:
    planner = Drain(goal=goal or Goal(), forecaster=AllLast())
    return planner.plan(snapshot, planner.begin(), Budget())[0]


def printed(snapshot: Snapshot, plan: Plan, width: int = 100) -> str:
    console = Console(file=io.StringIO(), width=width)
    print_plan(console, snapshot, plan, Goal(), Verdict(violations=()))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


@pytest.mark.parametrize(
    ("ratio", "words"), [(1.0, "100.0000%"), (0.99994321, "99.9943%"), (0.0, "0.0000%"), (math.nan, "not known")]
)
def test_a_percentage_has_the_digits_that_the_objective_needs(ratio: float, words: str) -> None:
    assert percent(ratio) == words


def test_every_status_has_its_sentence() -> None:
    plan = planned(relays())
    idle = replace(planned(relays(bad=())), edits=())
    assert headline(plan) == "Solved: take 2 servers offline and the objective holds."
    assert headline(idle) == "Nothing to do: the objective holds."
    assert headline(replace(plan, status=Status.BEST_EFFORT)).startswith("Best effort: take 2 servers offline;")
    assert headline(replace(plan, status=Status.OUT_OF_REACH)).startswith("Out of reach inside the safety budget:")
    assert "no change helps" in headline(replace(plan, status=Status.OUT_OF_REACH, edits=()))
    assert "take 1 server offline" in headline(replace(plan, edits=plan.edits[:1]))


@pytest.mark.parametrize(
    ("bound", "words"),
    [
        (Bound(cost=10.0, best=10.0, kind=BoundKind.EXACT), "10.0, proven optimum"),
        (Bound(cost=10.0, best=9.0, kind=BoundKind.DUAL), "at least 9.0 (dual bound), gap 10.00%"),
        (Bound(cost=10.0, best=math.nan, kind=BoundKind.NONE), "nothing is proven about how good this is"),
    ],
)
def test_every_bound_has_its_words(bound: Bound, words: str) -> None:
    assert bound_words(replace(planned(relays()), bound=bound)) == words


def test_a_plan_without_streams_says_that_nothing_is_known() -> None:
    snapshot = relays(bad=(), streams_count=0)
    said = printed(snapshot, planned(snapshot))
    assert said.startswith("Out of reach")
    assert "not known" in said
    assert "no streams to judge" in said


def test_names_that_look_like_markup_are_printed_as_they_are() -> None:
    snapshot = relays(ids=[f"[red]s{row}" for row in range(20)])
    assert "[red]s0" in printed(snapshot, planned(snapshot))


def test_numbers_as_ids_are_printed() -> None:
    snapshot = relays(ids=list(range(700, 720)))
    assert "700" in printed(snapshot, planned(snapshot))
