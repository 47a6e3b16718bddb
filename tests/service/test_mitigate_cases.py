"""Failures one after the other, and methods that meet their own past."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from fairlead.model import Bound, BoundKind, Budget, FabricLinks, Plan, Snapshot, Status, apply_edits
from fairlead.planners.mitigate.actions import Action, edits_of
from fairlead.service.mitigate_cases import broken, choices_of, cut_off, healthy_network, incidents, walked
from fairlead.worlds.fabric import Scenario, cut_link, disabled_link, lossy_link
from fairlead.worlds.fabric.failures import link_rows


@pytest.fixture(scope="module")
def healthy() -> Snapshot:
    return healthy_network()


def rows_of(snapshot: Snapshot, one: str, other: str) -> Any:
    return link_rows(snapshot, one, other)


@dataclass(frozen=True)
class Disabler:
    """Disables the lossiest link in service; counts in its memory."""

    name: str = "disabler"

    def begin(self) -> int:
        return 0

    def plan(self, snapshot: Snapshot, memory: int, budget: Budget) -> tuple[Plan, int]:
        links = snapshot[FabricLinks]
        loss = np.where(links.up, links.drop_ratio, 0.0)
        worst = int(loss.argmax())
        action = Action(kind="disable_link", source=int(links.source[worst]), target=int(links.target[worst]))
        plan = Plan(
            planner=self.name,
            basis=snapshot.basis,
            status=Status.SOLVED,
            edits=edits_of(snapshot, (action,)) if loss[worst] > 0 else (),
            effects=(),
            bound=Bound(cost=float("nan"), best=float("nan"), kind=BoundKind.NONE),
            reasons=(),
        )
        return plan, memory + 1


def test_a_cut_link_cannot_be_brought_back_and_a_disabled_one_can(healthy: Snapshot) -> None:
    cut = apply_edits(healthy, cut_link(healthy, "C0", "B0"))
    assert not any("bring back" in name for name in choices_of(cut))
    lossy = apply_edits(healthy, lossy_link(healthy, "C0", "B0", 0.05))
    disabled = apply_edits(lossy, disabled_link(lossy, "C0", "B0"))
    assert any("bring back C0-B0" in name for name in choices_of(disabled))


def test_what_a_method_disabled_is_gone_for_good_once_it_is_cut(healthy: Snapshot) -> None:
    order = (lossy_link(healthy, "C0", "B0", 0.05), cut_link(healthy, "C0", "B0"))
    walks = walked(
        healthy, [Scenario(name="two", family=1, failures=order)], {"d": Disabler()}, Budget(), lambda _: None
    )
    assert walks["two", "d"].memory == 2
    assert not any("bring back" in name for name in choices_of(walks["two", "d"].state))


def test_broken_has_all_failures_in_either_order(healthy: Snapshot) -> None:
    one, other = lossy_link(healthy, "C0", "B0", 0.05), cut_link(healthy, "C1", "B1")
    first = Scenario(name="a", family=1, failures=(one, other))
    second = Scenario(name="b", family=1, failures=(other, one))
    assert broken(healthy, first).basis == broken(healthy, second).basis


def test_a_method_meets_its_own_repairs_and_its_memory(healthy: Snapshot) -> None:
    order = (lossy_link(healthy, "C0", "B0", 0.05), lossy_link(healthy, "C1", "B1", 0.05))
    found = [Scenario(name="two", family=1, failures=order), Scenario(name="one", family=1, failures=order[:1])]
    shown: list[int] = []
    walks = walked(healthy, found, {"d": Disabler()}, Budget(), lambda seen: shown.append(len(seen)))
    two, one = walks["two", "d"], walks["one", "d"]
    for ends in (("C0", "B0"), ("C1", "B1")):
        assert not two.state[FabricLinks].up[rows_of(healthy, *ends)].any()
    assert not two.seen[FabricLinks].up[rows_of(healthy, "C0", "B0")].any(), "the first repair was in place"
    assert two.seen[FabricLinks].up[rows_of(healthy, "C1", "B1")].all()
    assert (two.memory, one.memory) == (2, 1)
    assert shown == [2, 1], "each step once, before its decisions"


def test_the_last_decision_says_whether_it_acted(healthy: Snapshot) -> None:
    none = Scenario(name="none", family=1, failures=(lossy_link(healthy, "C0", "B0", 0.0),))
    assert not walked(healthy, [none], {"d": Disabler()}, Budget(), lambda _: None)["none", "d"].acted


def test_disabling_both_uplinks_cuts_off(healthy: Snapshot) -> None:
    once = apply_edits(healthy, cut_link(healthy, "C0", "B0"))
    assert not cut_off(once)
    assert cut_off(apply_edits(once, cut_link(once, "C0", "B1")))


def test_there_are_57(healthy: Snapshot) -> None:
    found = incidents(healthy)
    assert len(found) == 57
    assert len({each.name for each in found}) == 57
    assert [sum(each.family == family for each in found) for family in (1, 2, 3)] == [36, 7, 14]
