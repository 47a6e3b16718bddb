"""The inquiries: who is told what of which network, and that every answer sets the right estimate beside its truth."""

from __future__ import annotations

import json
from math import inf
from typing import Any

import numpy as np
import pytest

import fairlead.service.mitigate_sensitivity as room
from fairlead.model import Arrivals, FabricLinks, FlowSizes, Nodes, Snapshot
from fairlead.planners.mitigate.decision import with_arrivals
from fairlead.predict.flows.demand import Sampling
from fairlead.predict.flows.estimate import Effort, FlowEstimator
from fairlead.predict.flows.transport import shipped
from fairlead.predict.flows.workload import mean_size_bytes
from fairlead.service.mitigate_cases import healthy_network
from fairlead.service.mitigate_sensitivity import (
    DISABLE,
    DROP_STEPS,
    HALF_DECADES,
    NOTHING,
    RATE_FACTORS,
    Inquiry,
    two_choices,
)
from fairlead.service.mitigate_told import HEALTHY, Told, Truth
from fairlead.service.mitigate_yardstick import SAMPLES
from fairlead.worlds.fabric import HIGH_DROP_RATIO, LOW_DROP_RATIO

Metrics = dict[str, np.ndarray]
GOOD, BAD = np.array([0.1, 20.0, 90.0]), np.array([0.2, 10.0, 45.0])


@pytest.fixture(scope="module")
def healthy() -> Snapshot:
    return healthy_network()


@pytest.fixture(scope="module")
def asked(healthy: Snapshot) -> dict[str, Inquiry]:
    return room.inquiries(healthy, 3)


def for_disable(right: bool) -> Metrics:
    """Metrics by which disabling is clearly right, or clearly wrong."""
    rows = (BAD, GOOD) if right else (GOOD, BAD)
    return {NOTHING: rows[0], DISABLE: rows[1], HEALTHY: GOOD}


def drop_of(snapshot: Snapshot, one: str, other: str) -> float:
    names, links = snapshot[Nodes].node, snapshot[FabricLinks]
    here = (names[links.source] == one) & (names[links.target] == other)
    assert here.sum() == 1
    return float(links.drop_ratio[here][0])


def up_links(snapshot: Snapshot) -> int:
    return int(snapshot[FabricLinks].up.sum())


def test_the_link_loses_alike_and_can_be_taken_out_or_brought_back(healthy: Snapshot) -> None:
    found = two_choices(healthy, 0.02)
    assert list(found) == [NOTHING, DISABLE], "in order of change"
    for state in found.values():
        assert drop_of(state, *room.LINK) == drop_of(state, *reversed(room.LINK)) == 0.02
    assert up_links(found[NOTHING]) == up_links(healthy)
    assert up_links(found[DISABLE]) == up_links(healthy) - 2


def test_told_drop_ratios_are_those_of_other_steps(asked: dict[str, Inquiry]) -> None:
    inquiry = asked["drop_ratio"]
    assert len(inquiry.truths) == len(HALF_DECADES)
    for step, ratio in enumerate(HALF_DECADES):
        for factor, shift in DROP_STEPS.items():
            told = inquiry.told[str(step + shift)].candidates[NOTHING]
            assert drop_of(told, *room.LINK) == pytest.approx(min(0.9, ratio * 10 ** (shift / 2)))
            assert 10 ** (shift / 2) == pytest.approx(float(factor), rel=0.06)
        assert drop_of(inquiry.truths[str(step)].candidates[NOTHING], *room.LINK) == pytest.approx(ratio)


def test_a_wrong_drop_ratio_flips_the_decision_where_it_crosses_the_step(asked: dict[str, Inquiry]) -> None:
    """Disabling is right from step 4 on, and so it looks: who is told three times too much does it one step early."""
    inquiry = asked["drop_ratio"]
    rows = inquiry.answer(
        {name: for_disable(int(name) >= 4) for name in inquiry.truths},
        {name: for_disable(int(name) >= 4) for name in inquiry.told},
    )
    json.dumps(rows, allow_nan=False)
    for step, row in enumerate(rows):
        assert row["drop_ratio"] == pytest.approx(HALF_DECADES[step], rel=1e-3)
        assert row["none_over_disable_percent"]["true"]["fct_p99_s"] == (100.0 if step >= 4 else -50.0)
        for factor, shift in DROP_STEPS.items():
            found = row["told"][factor]["PriorityFCT"]
            wrong = (step + shift >= 4) != (step >= 4)
            assert found["chosen"] == (DISABLE if step + shift >= 4 else NOTHING)
            assert found["penalty_percent"] == (100.0 if wrong else 0.0)


def test_arrivals_differ_by_their_factor_alone(asked: dict[str, Inquiry], healthy: Snapshot) -> None:
    inquiry = asked["arrivals"]
    assert set(inquiry.truths) == set(inquiry.told) == {f"{a} x{b:g}" for a in ("high", "low") for b in RATE_FACTORS}
    for level, ratio in (("high", HIGH_DROP_RATIO), ("low", LOW_DROP_RATIO)):
        for factor in RATE_FACTORS:
            state = inquiry.truths[f"{level} x{factor:g}"].candidates[NOTHING]
            assert state[Arrivals].arrivals_per_s[0] == pytest.approx(factor * healthy[Arrivals].arrivals_per_s[0])
            assert drop_of(state, *room.LINK) == ratio


def test_the_answer_on_arrivals_judges_each_rate_told_by_each_true_one(asked: dict[str, Inquiry]) -> None:
    """Disabling is right while there is little traffic; the planner is told of the truth what it says of another."""
    inquiry = asked["arrivals"]
    told = {name: for_disable(float(name.partition("x")[2]) < 1) for name in inquiry.told}
    true = {name: for_disable(name.startswith("high")) for name in inquiry.truths}
    found = inquiry.answer(true, told)
    for level in ("high", "low"):
        for row, factor in zip(found[level], RATE_FACTORS, strict=True):
            assert row["true_factor"] == factor
            for other in RATE_FACTORS:
                chosen = DISABLE if other < 1 else NOTHING
                said = row["told"][f"{other:g}"]["PriorityFCT"]
                assert said["chosen"] == chosen
                assert (said["penalty_percent"] == 0) == ((chosen == DISABLE) == (level == "high"))


def test_other_flow_sizes_come_as_often_or_as_much(asked: dict[str, Inquiry], healthy: Snapshot) -> None:
    told = asked["flow_sizes"].told
    mean = mean_size_bytes(healthy)
    names = {name.split(", ", 1)[1] for name in told}
    assert {"web search (true)", "maximum entropy, as many flows", "maximum entropy, as many bytes"} <= names
    for name, each in told.items():
        state = each.candidates[NOTHING]
        rate, size = float(state[Arrivals].arrivals_per_s[0]), mean_size_bytes(state)
        if name.endswith("as many bytes"):
            assert rate * size == pytest.approx(healthy[Arrivals].arrivals_per_s[0] * mean)
        else:
            assert rate == healthy[Arrivals].arrivals_per_s[0]
        assert (state[FlowSizes] == healthy[FlowSizes]) == name.endswith("web search (true)")
        assert drop_of(state, *room.LINK) == (HIGH_DROP_RATIO if name.startswith("high") else LOW_DROP_RATIO)


def test_the_answer_on_sizes_is_judged_by_the_level_it_belongs_to(asked: dict[str, Inquiry]) -> None:
    inquiry = asked["flow_sizes"]
    found = inquiry.answer(
        {level: for_disable(level == "high") for level in inquiry.truths},
        {name: for_disable(True) for name in inquiry.told},
    )
    for level, penalty in (("high", 0.0), ("low", 100.0)):
        assert {row["PriorityFCT"]["penalty_percent"] for row in found[level].values()} == {penalty}


def test_servers_run_what_they_run_whatever_is_told(asked: dict[str, Inquiry]) -> None:
    inquiry = asked["congestion_control"]
    for name, truth in inquiry.truths.items():
        assert truth.congestion_control == name
        assert inquiry.told[name].estimator.congestion_control == name
        assert list(truth.candidates) == list(inquiry.told[name].candidates)
        assert drop_of(truth.candidates["none"], "C0", "B0") == LOW_DROP_RATIO
        assert drop_of(truth.candidates["none"], "B1", "A2") == HIGH_DROP_RATIO
    found = inquiry.answer(
        {name: for_disable(name == "bbr") for name in inquiry.truths},
        {name: for_disable(name == "bbr") for name in inquiry.told},
    )
    for really in inquiry.truths:
        for said in inquiry.told:
            row = found[f"true {really}"][f"told {said}"]["PriorityFCT"]
            assert row["chosen"] == (DISABLE if said == "bbr" else NOTHING)
            assert (row["penalty_percent"] == 0) == ((said == "bbr") == (really == "bbr"))


def test_parts_of_the_estimator_are_left_out_one_at_a_time(asked: dict[str, Inquiry]) -> None:
    inquiry = asked["design"]
    cases = set(inquiry.truths)
    ways = {name.partition("/")[2] for name in inquiry.told}
    for case in cases:
        whole = inquiry.told[f"{case}/as shipped"]
        single = inquiry.told[f"{case}/single epoch"].estimator
        bare = inquiry.told[f"{case}/without queueing"].estimator
        assert (single.effort.rule.epoch_s, single.transport) == (inf, whole.estimator.transport)
        assert bare.effort == whole.estimator.effort
        assert bare.transport.queues is not whole.estimator.transport.queues
        counts = {way: inquiry.told[f"{case}/{way}"].sample_count for way in ways}
        assert counts == {way: 1 if way.startswith("single sample") else SAMPLES for way in ways}
        seeds = {inquiry.told[f"{case}/{way}"].estimator.seed for way in ways if way.startswith("single sample")}
        assert len(seeds) == 5
        assert whole.estimator.seed == 3
        assert 3 not in seeds
    again = inquiry.truths["lossy beside a disabled link"].candidates
    assert up_links(again["none"]) == 48 - 2
    assert any("bring back C0-B0" in name for name in again), "it was disabled, not cut"
    assert {drop_of(again["none"], "C0", each) for each in ("B0", "B1")} == {HIGH_DROP_RATIO}


def test_an_inquiry_is_answered_with_its_own_truth_and_estimates(healthy: Snapshot) -> None:
    quiet = two_choices(with_arrivals(healthy, 0.02), 0.3)
    sampling = Sampling(horizon_s=8.0, from_s=0.0, until_s=6.0)
    estimator = FlowEstimator(
        effort=Effort(demand_count=1, sampling=sampling), transport=shipped(), congestion_control="cubic", seed=1
    )
    told = Told(candidates=quiet, estimator=estimator, sample_count=1)
    seen: dict[str, tuple[set[str], set[str]]] = {}

    def inquiry(name: str) -> Inquiry:
        def answer(true: Any, heard: Any) -> dict[str, Any]:
            seen[name] = (set(true), set(heard))
            return room.outcome(heard["told"], true["truth"])

        return Inquiry(truths={"truth": Truth(candidates=quiet)}, told={"told": told}, answer=answer)

    steps: list[str] = []
    found = room.answered({"one": inquiry("one"), "other": inquiry("other")}, 0, 1, lambda what, *_: steps.append(what))
    json.dumps(found, allow_nan=False)
    assert seen == {"one": ({"truth"}, {"told"}), "other": ({"truth"}, {"told"})}
    assert found["one"] == found["other"]
    assert found["one"]["PriorityFCT"] == {"chosen": DISABLE, "best": DISABLE, "penalty_percent": 0.0}
    assert set(steps) == {"reference simulator", "estimating"}
    assert found["effort"]["traces"] == room.TRACES
    assert found["run"]["seed"] == 0
