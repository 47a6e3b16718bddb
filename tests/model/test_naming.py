"""Rows and cells go by the network's own ids, however far away these stand."""

from __future__ import annotations

import json

import numpy as np
import pytest

from fairlead.model import (
    Bound,
    BoundKind,
    Candidates,
    DestinationWeights,
    Edit,
    FabricLinks,
    Flows,
    Nodes,
    Placements,
    Plan,
    Reason,
    Snapshot,
    Status,
    plan_as_json,
)
from fairlead.model.naming import own_words, row_ids

FABRIC = Snapshot(
    [
        Nodes.of(node=["rack", "leaf", "h1", "h2"], tier=["t0", "t1", "server", "server"]),
        FabricLinks.of(source=[0, 1, 2], target=[1, 0, 0], capacity_mbps=[10.0, 10.0, 10.0]),
        DestinationWeights.of(source=[1], target=[0], destination=[0], weight=[2.0]),
        Placements.of(server=[2, 3], host=[2, 2]),
        Flows.of(start_s=[0.0, 1.0], source=[2, 3], target=[3, 2], size_bytes=[1.0, 1.0]),
        Candidates.of(candidate=["none", "cut"], action=["none", "disable_link"], source=[-1, 0], target=[-1, 1]),
    ]
)


def edit(table: str, column: str, rows: list[int], after: np.ndarray) -> Edit:
    return Edit(action="set", table=table, column=column, rows=np.array(rows), after=after)


@pytest.mark.parametrize(
    ("table", "rows", "ids"),
    [
        ("nodes", [3, 0], ["h2", "rack"]),
        ("links", [2, 0, 1], ["h1->rack", "rack->leaf", "leaf->rack"]),
        ("destination_weights", [0], ["leaf->rack->rack"]),
        ("placements", [1], ["h2"]),
        ("flows", [1], [1]),
        ("links", [], []),
    ],
)
def test_rows_go_by_their_key(table: str, rows: list[int], ids: list[object]) -> None:
    assert row_ids(FABRIC, table, rows) == ids


def test_ids_that_are_numbers_stay_numbers_until_they_are_joined() -> None:
    numbered = FABRIC.replaced(Nodes.of(node=[70, 80, 90, 95], tier=["t0", "t1", "server", "server"]))
    assert row_ids(numbered, "placements", [0]) == [90]
    assert row_ids(numbered, "links", [0]) == ["70->80"]


def test_a_reference_to_nothing_is_null() -> None:
    assert own_words(FABRIC, "candidates", "target", FABRIC[Candidates].target) == [None, "leaf"]
    assert own_words(FABRIC, "links", "buffer_bytes", np.array([np.nan, 5.0])) == [None, 5.0]


def test_a_plan_names_links_by_both_ends_and_workloads_by_their_servers() -> None:
    edits = (
        edit("links", "up", [0, 1], np.array([False, False])),
        edit("placements", "host", [0, 1], np.array([3, 3], np.int32)),
    )
    nothing = Bound(cost=np.nan, best=np.nan, kind=BoundKind.NONE)
    plan = Plan(
        planner="test",
        basis=FABRIC.basis,
        status=Status.SOLVED,
        edits=edits,
        effects=(),
        bound=nothing,
        reasons=(Reason(key="test.why", text="why", table="links", row=2),),
    )
    said = json.loads(json.dumps(plan_as_json(plan, FABRIC), allow_nan=False))
    assert [(each["ids"], each["after"]) for each in said["edits"]] == [
        (["rack->leaf", "leaf->rack"], [False, False]),
        (["h1", "h2"], ["h2", "h2"]),
    ]
    assert said["reasons"][0]["id"] == "h1->rack"
