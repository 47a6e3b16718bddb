"""Plans cannot contradict themselves, and their JSON form has the keys and the ids that were promised."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from oracles.networks import network

from fairlead.model import (
    Bound,
    BoundKind,
    Budget,
    Edit,
    Effect,
    Plan,
    Reason,
    Snapshot,
    Status,
    plan_as_json,
)

DRAIN = Edit(action="drain", table="servers", column="online", rows=np.array([2, 0]), after=np.array([False, False]))


def plan(snapshot: Snapshot, **changes: object) -> Plan:
    fields: dict[str, object] = {
        "planner": "fairlead/1",
        "basis": snapshot.basis,
        "status": Status.SOLVED,
        "edits": (DRAIN,),
        "effects": (Effect(metric="success_ratio", before=0.9, after=math.nan, margin=0.1),),
        "bound": Bound(cost=10.0, best=math.nan, kind=BoundKind.NONE),
        "reasons": (
            Reason(
                key="drain.covers", text="covers", table="servers", row=2, numbers={"count": 3.0, "ratio": math.inf}
            ),
            Reason(key="drain.left_alone", text="left alone"),
        ),
    }
    return Plan(**{**fields, **changes})  # type: ignore[arg-type]  # keyword fields by name


@pytest.mark.parametrize("ids", [None, [30, 10, 20], ["thirty", "ten", "20"]])
def test_json_has_the_fixed_keys_and_the_networks_own_ids(ids: list[object] | None) -> None:
    snapshot = network(regions=["a", "a", "b"], ids=ids)
    own = ids or ["s0", "s1", "s2"]
    found = plan_as_json(plan(snapshot), snapshot)
    again = json.loads(json.dumps(found, allow_nan=False))
    assert again == found
    assert {"planner", "basis", "status", "edits", "effects", "bound", "reasons"} <= found.keys()
    assert found["status"] == "SOLVED"
    assert found["basis"] == snapshot.basis
    (edit,) = found["edits"]
    assert {"action", "table", "ids", "column", "after"} <= edit.keys()
    assert edit["ids"] == [own[2], own[0]]
    assert [type(name) for name in edit["ids"]] == [type(own[2]), type(own[0])]
    assert edit["after"] == [False, False]
    (effect,) = found["effects"]
    assert effect == {"metric": "success_ratio", "before": 0.9, "after": None, "margin": 0.1}
    assert found["bound"] == {"cost": 10.0, "best": None, "kind": "NONE", "gap": None}
    covers, alone = found["reasons"]
    assert {"id", "text", "numbers"} <= covers.keys()
    assert covers["id"] == own[2]
    assert covers["numbers"] == {"count": 3.0, "ratio": None}
    assert alone["id"] is None


@pytest.mark.parametrize(
    ("table", "column", "after"),
    [
        ("servers", "capacity_mbps", np.array([np.nan, 1.0])),
        ("servers", "region", np.array(["a", "b"])),
        ("streams", "failed_count", np.array([1, 2], dtype=np.int32)),
    ],
)
def test_any_edit_is_serialisable(table: str, column: str, after: np.ndarray) -> None:
    snapshot = network(regions=["a", "a", "b"])
    edit = Edit(action="set", table=table, column=column, rows=np.array([0, 1]), after=after)
    found = plan_as_json(plan(snapshot, edits=(edit,), reasons=()), snapshot)
    json.dumps(found, allow_nan=False)


def test_gap() -> None:
    assert Bound(cost=10.0, best=8.0, kind=BoundKind.DUAL).gap == pytest.approx(0.2)
    assert Bound(cost=0.0, best=0.0, kind=BoundKind.EXACT).gap == 0.0
    assert Bound(cost=10.0, best=10.0 + 1e-9, kind=BoundKind.EXACT).gap == 0.0
    assert math.isnan(Bound(cost=10.0, best=math.nan, kind=BoundKind.NONE).gap)
    assert Bound(cost=math.inf, best=math.inf, kind=BoundKind.DUAL).gap == 0.0
    assert Bound(cost=math.inf, best=8.0, kind=BoundKind.DUAL).gap == 1.0
    assert Bound(cost=0.0, best=-math.inf, kind=BoundKind.DUAL).gap == 0.0
    with pytest.raises(AssertionError):
        Bound(cost=8.0, best=math.inf, kind=BoundKind.DUAL)


def test_a_cost_under_its_bound_is_our_mistake() -> None:
    with pytest.raises(AssertionError, match="under its bound"):
        Bound(cost=10.0, best=11.0, kind=BoundKind.DUAL)
    with pytest.raises(AssertionError, match="under its bound"):
        Bound(cost=10.0, best=math.nan, kind=BoundKind.EXACT)
    Bound(cost=10.0, best=math.nan, kind=BoundKind.NONE)


def test_nothing_to_do_has_no_edits(healthy_triangle: Snapshot) -> None:
    with pytest.raises(AssertionError, match="nothing to do"):
        plan(healthy_triangle, status=Status.NOTHING_TO_DO)
    assert plan(healthy_triangle, status=Status.NOTHING_TO_DO, edits=()).edits == ()


def test_effect_by_name(healthy_triangle: Snapshot) -> None:
    assert plan(healthy_triangle).effect("success_ratio").before == 0.9
    with pytest.raises(StopIteration):
        plan(healthy_triangle).effect("colour")


def test_budget_defaults_are_replayable() -> None:
    assert Budget().seconds == math.inf
    assert Budget() == Budget(seed=0, rounds=1_000, edits=1_000_000)
