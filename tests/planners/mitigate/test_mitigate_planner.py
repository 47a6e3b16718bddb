"""The planner as a whole: status, promises, hysteresis, and the laws of the contract."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Callable

import numpy as np
import pytest
from fabrics_for_mitigate import ByFormula, ByTable, figure_1, formula, link_rows, listed, node, with_faults
from hypothesis import given, settings
from hypothesis import strategies as st

from fairlead.checks import laws
from fairlead.model import (
    BoundKind,
    Budget,
    FabricLinks,
    Nodes,
    Placements,
    Plan,
    Snapshot,
    Status,
    apply_edits,
    plan_as_json,
)
from fairlead.planners.mitigate import COMPARATORS, PRIORITY_AVG_T, PRIORITY_FCT, Comparator, Mitigate, field_of
from fairlead.planners.mitigate.comparators import Priority, winners
from fairlead.predict.flows.clp import CLP_METRICS

HIGH = 5e-2
BUDGET = Budget(rounds=32)
SICK = with_faults(figure_1(), lossy={"C0-B0": HIGH})


def planner(estimate: object | None = None, **other: object) -> Mitigate:
    return Mitigate(estimate=estimate or ByFormula(), demand_count=8, **other)  # type: ignore[arg-type]  # its fields


def keys(plan: Plan) -> list[str]:
    return [reason.key for reason in plan.reasons]


def up(snapshot: Snapshot, name: str) -> bool:
    return bool(snapshot[FabricLinks].up[link_rows(snapshot, name)].all())


def test_a_healthy_network_is_left_alone() -> None:
    plan, memory = planner().plan(figure_1(), planner().begin(), BUDGET)
    assert plan.status is Status.NOTHING_TO_DO
    assert "mitigate.no_failure" in keys(plan)
    assert plan.bound.kind is BoundKind.IDEAL
    assert plan.bound.gap == 0.0
    assert memory.edits == ()


def test_the_best_repair_is_the_plan_and_the_metrics_its_promise() -> None:
    plan, found, _ = planner().decision(SICK, planner().begin(), BUDGET)
    assert plan.status is Status.SOLVED
    assert found.best.candidate.name == "disable C0-B0"
    assert not up(apply_edits(SICK, plan.edits), "C0-B0")
    assert [effect.metric for effect in plan.effects] == list(CLP_METRICS)
    fct = plan.effect("fct_p99_s")
    assert fct.before == pytest.approx(formula(SICK)[0], rel=0.2)
    assert fct.after == pytest.approx(formula(apply_edits(SICK, plan.edits))[0], rel=0.2)
    assert 0 < fct.margin < fct.after
    assert keys(plan)[0] == "mitigate.best"
    assert keys(plan).count("mitigate.worse") + keys(plan).count("mitigate.tied") == len(found.rows) - 1
    assert plan.bound.best <= plan.bound.cost


def test_doing_nothing_may_be_best() -> None:
    sick = with_faults(figure_1(), lossy={"C0-B0": 5e-5})
    plan, _ = planner().plan(sick, planner().begin(), BUDGET)
    assert plan.status is Status.NOTHING_TO_DO
    assert not plan.edits
    assert "mitigate.worse" in keys(plan)
    assert "mitigate.no_failure" not in keys(plan)


def test_out_of_reach_when_everything_partitions() -> None:
    sick = with_faults(figure_1(), lossy={"C0-B0": 1.0, "C0-B1": 1.0, "C2-B2": HIGH})
    plan, _ = planner().plan(sick, planner().begin(), BUDGET)
    assert plan.status is Status.OUT_OF_REACH
    assert "mitigate.all_partition" in keys(plan)
    assert plan.effect("fct_p99_s").after == math.inf


def test_what_partitions_is_refused_with_a_reason() -> None:
    sick = with_faults(figure_1(), lossy={"C0-B0": HIGH, "C0-B1": HIGH})
    plan, _ = planner().plan(sick, planner().begin(), BUDGET)
    refused = [reason.text for reason in plan.reasons if reason.key == "mitigate.partitions"]
    assert refused == ["disable C0-B0 + disable C0-B1 would cut servers off from each other"]


def test_the_clock_makes_it_best_effort() -> None:
    ticks = itertools.count()
    noisy = ByTable(told=lambda state: (1.0 if up(state, "C0-B0") else 1.01, 10.0, 10.0), own=1.0)
    plan, _ = planner(noisy, clock=lambda: float(next(ticks))).plan(
        SICK, planner().begin(), Budget(rounds=64, seconds=0.5)
    )
    assert plan.status is Status.BEST_EFFORT
    assert not plan.replayable
    assert "mitigate.undecided" in keys(plan)


def test_a_clock_that_stands_still_never_brakes() -> None:
    plan, _ = planner(ByFormula(own=0.5)).plan(SICK, planner().begin(), Budget(rounds=32, seconds=0.0))
    assert plan.replayable


def test_a_budget_of_cells_leaves_the_large_repairs_out() -> None:
    plan, _ = planner().plan(SICK, planner().begin(), Budget(rounds=32, edits=2))
    assert sum(edit.cell_count for edit in plan.edits) == 2
    assert "mitigate.too_large" in keys(plan)
    nothing, _ = planner().plan(SICK, planner().begin(), Budget(rounds=32, edits=0))
    assert nothing.status is Status.NOTHING_TO_DO


def test_only_what_is_listed_is_ranked_and_doing_nothing_is_told_to_be_better() -> None:
    snapshot = listed(with_faults(figure_1(), lossy={"C0-B0": 5e-5}), ("cut", "disable_link", "C1", "B1", math.nan))
    plan, found, _ = planner().decision(snapshot, planner().begin(), BUDGET)
    assert [row.candidate.name for row in found.rows] == ["cut"]
    assert plan.edits
    assert "mitigate.nothing_is_better" in keys(plan)
    assert plan.effect("fct_p99_s").before == pytest.approx(formula(snapshot)[0], rel=0.2)


def test_nothing_is_claimed_where_the_healthy_network_does_worse() -> None:
    better_without = ByTable(told=lambda state: (1.0 if up(state, "C0-B0") else 0.5, 10.0, 10.0))
    plan, _ = planner(better_without).plan(SICK, planner().begin(), BUDGET)
    assert plan.bound.kind is BoundKind.NONE
    assert math.isnan(plan.bound.best)
    assert "mitigate.no_ideal" in keys(plan)


def test_one_sample_promises_without_a_margin() -> None:
    plan, _ = planner().plan(SICK, planner().begin(), Budget(rounds=1))
    assert plan.effect("fct_p99_s").margin == math.inf
    assert "mitigate.undecided" in keys(plan)


def test_a_plan_is_printable() -> None:
    for sick in (SICK, with_faults(figure_1(), lossy={"C0-B0": 1.0, "C0-B1": 1.0})):
        plan, _ = planner().plan(sick, planner().begin(), Budget(rounds=1))
        json.dumps(plan_as_json(plan, sick), allow_nan=False)


@pytest.mark.parametrize("comparator", COMPARATORS, ids=lambda each: each.name)
def test_it_finds_the_best_of_all_candidates(comparator: Comparator) -> None:
    """Against the closed form of every candidate, without noise and without racing."""
    faults: list[dict[str, object]] = [
        {"lossy": {"C0-B0": 1e-3, "C0-B1": HIGH}, "down": ["C0-B0"]},
        {"slower": {"B0-A0": 100.0}, "lossy": {"C1-B1": HIGH}},
        {"switches": {"C0": HIGH}, "lossy": {"C1-B1": 5e-5}},
    ]
    for fault in faults:
        sick = with_faults(figure_1(), **fault)  # type: ignore[arg-type]  # its arguments
        candidates = sorted(field_of(sick).allowed, key=lambda each: each.key)
        values = np.array([formula(each.state)[:3] for each in candidates])
        judge = comparator.against(np.array(formula(figure_1())[:3]))
        best = candidates[int(winners(judge.costs(values), judge.ties))]
        found = planner(ByFormula(noise=0.0), comparator=comparator).rank(sick, BUDGET)
        assert found.best.candidate.name == best.name, fault


def turns(mitigate: Mitigate, snapshot: Snapshot, count: int, *, apply: bool = True) -> list[Snapshot]:
    """The states that follow each other when every plan is applied (or none is)."""
    memory, seen = mitigate.begin(), [snapshot]
    for _ in range(count):
        plan, memory = mitigate.plan(seen[-1], memory, BUDGET)
        seen.append(apply_edits(seen[-1], plan.edits) if apply else seen[-1])
    return seen


def test_once_applied_it_stays() -> None:
    for comparator in COMPARATORS:
        seen = turns(planner(comparator=comparator), SICK, 4)
        assert seen[1] == seen[2] == seen[3] == seen[4]


def test_small_steps_do_not_add_up() -> None:
    """Mean throughput 111, 100, 94: each ties with the one before, and has the better FCT. One step is taken, not two.

    Also on other evidence, where nothing is barred: undoing the last repair takes part, and the rest falls behind it.
    """

    def told(state: Snapshot) -> tuple[float, float, float]:
        if not up(state, "C0-B0"):
            return 1.0, 10.0, 94.0
        return (5.0, 10.0, 100.0) if (state[FabricLinks].weight != 1).any() else (9.0, 10.0, 111.0)

    mitigate = planner(ByTable(told=told, noise=0.0), comparator=PRIORITY_AVG_T)
    plan, memory = mitigate.plan(SICK, mitigate.begin(), BUDGET)
    assert "weight" in {edit.column for edit in plan.edits}
    for sick in (SICK, with_faults(SICK, lossy={"C0-B0": HIGH * 1.01})):
        again, memory = mitigate.plan(apply_edits(sick, plan.edits), memory, BUDGET)
        assert again.status is Status.NOTHING_TO_DO


def test_the_last_repair_can_be_taken_back() -> None:
    """Traffic was moved off a lossy t0; once the t0 is well, only taking that back brings it home."""

    def told(state: Snapshot) -> tuple[float, float, float]:
        lossy = bool(state[Nodes].drop_ratio[node(state, "C0")] > 0)
        moved = bool((state[Placements].host != state[Placements].server).any())
        return (1.0 if moved == lossy else 2.0), 10.0, 10.0

    mitigate = planner(ByTable(told=told))
    sick = with_faults(figure_1(), switches={"C0": HIGH})
    plan, memory = mitigate.plan(sick, mitigate.begin(), BUDGET)
    well = with_faults(apply_edits(sick, plan.edits), switches={"C0": 0.0})
    assert well != figure_1()
    back, _ = mitigate.plan(well, memory, BUDGET)
    assert back.reasons[0].text.startswith("undo the last repair")
    assert apply_edits(well, back.edits) == figure_1()


def test_as_long_as_it_is_not_applied_the_plan_is_the_same() -> None:
    mitigate = planner()
    memory = mitigate.begin()
    first, memory = mitigate.plan(SICK, memory, BUDGET)
    for _ in range(3):
        again, memory = mitigate.plan(SICK, memory, BUDGET)
        assert again.edits == first.edits


def test_a_change_of_heart_inside_a_tie_is_none() -> None:
    """After the first decision the traffic makes another candidate better, but by less than a tie."""
    gain = [0.0]
    estimate = ByTable(told=lambda state: (1.0 - (0.0 if up(state, "C0-B0") else gain[0]), 10.0, 10.0), noise=0.0)
    mitigate, memory = planner(estimate), planner().begin()
    plan, memory = mitigate.plan(SICK, memory, BUDGET)
    assert plan.status is Status.NOTHING_TO_DO
    gain[0] = 0.08
    plan, memory = mitigate.plan(SICK, memory, BUDGET)
    assert plan.status is Status.NOTHING_TO_DO
    assert "mitigate.kept" in keys(plan)
    assert "mitigate.not_surely_better" in keys(plan)
    gain[0] = 0.2
    plan, memory = mitigate.plan(SICK, memory, BUDGET)
    assert plan.status is Status.SOLVED


def test_what_is_not_sure_does_not_replace_what_is_in_place() -> None:
    better = [False]

    def told(state: Snapshot) -> tuple[float, float, float]:
        return (0.7 if better[0] != up(state, "C0-B0") else 1.0), 10.0, 10.0

    mitigate, memory = planner(ByTable(told=told, own=2.0)), planner().begin()
    plan, memory = mitigate.plan(SICK, memory, BUDGET)
    first = plan.edits
    better[0] = not better[0]
    plan, memory = mitigate.plan(SICK, memory, BUDGET)
    assert plan.edits == first


def test_a_new_failure_gets_a_new_decision() -> None:
    mitigate, memory = planner(), planner().begin()
    plan, memory = mitigate.plan(with_faults(figure_1(), lossy={"C0-B0": 5e-5}), memory, BUDGET)
    assert not plan.edits
    plan, memory = mitigate.plan(SICK, memory, BUDGET)
    assert not up(apply_edits(SICK, plan.edits), "C0-B0")


def test_an_earlier_repair_is_undone_when_another_link_fails() -> None:
    """SWARM 2: re-enable the low FCS link when the link cut occurs."""
    mitigate, memory = planner(), planner().begin()
    sick = with_faults(figure_1(), lossy={"C0-B0": 2e-2})
    plan, memory = mitigate.plan(sick, memory, BUDGET)
    applied = apply_edits(sick, plan.edits)
    assert not up(applied, "C0-B0")
    worse = with_faults(applied, lossy={"C0-B1": 0.3})
    plan, memory = mitigate.plan(worse, memory, BUDGET)
    after = apply_edits(worse, plan.edits)
    assert up(after, "C0-B0")
    assert not up(after, "C0-B1")


def test_memory_of_another_network_is_forgotten() -> None:
    mitigate = planner()
    _, memory = mitigate.plan(SICK, mitigate.begin(), BUDGET)
    rows = np.random.default_rng(1).permutation(SICK[FabricLinks].row_count)
    links = SICK[FabricLinks]
    shuffled = SICK.replaced(FabricLinks.of(**{name: links.array(name)[rows].copy() for name in links.declared()}))
    plan, _ = mitigate.plan(shuffled, memory, BUDGET)
    assert not up(apply_edits(shuffled, plan.edits), "C0-B0")


def test_taking_back_rows_of_another_table_is_no_candidate() -> None:
    mitigate = planner(comparator=PRIORITY_AVG_T)
    plan, memory = mitigate.plan(SICK, mitigate.begin(), BUDGET)
    assert "weight" in {edit.column for edit in plan.edits}
    applied = apply_edits(SICK, plan.edits)
    links = applied[FabricLinks]
    rows = np.random.default_rng(1).permutation(links.row_count)
    shuffled = SICK.replaced(FabricLinks.of(**{name: links.array(name)[rows].copy() for name in links.declared()}))
    for state, there in ((applied, True), (shuffled, False)):
        _, found, _ = mitigate.decision(state, memory, BUDGET)
        assert ("undo the last repair" in [row.candidate.name for row in found.rows]) == there


def test_what_was_left_is_returned_to_on_new_evidence_only() -> None:
    """The estimate changes its mind for good while nothing else changes: as with more samples on the same input."""
    disabled_is_better = [True]

    def told(state: Snapshot) -> tuple[float, float, float]:
        return (0.5 if disabled_is_better[0] != up(state, "C0-B0") else 1.0), 10.0, 10.0

    mitigate = planner(ByTable(told=told))
    plan, memory = mitigate.plan(SICK, mitigate.begin(), BUDGET)
    applied = apply_edits(SICK, plan.edits)
    disabled_is_better[0] = False
    plan, memory = mitigate.plan(applied, memory, BUDGET)
    assert not plan.edits
    assert plan.reasons[0].key == "mitigate.kept"
    plan, _ = mitigate.plan(with_faults(applied, lossy={"C0-B0": HIGH / 2}), memory, BUDGET)
    assert up(apply_edits(applied, plan.edits), "C0-B0")


def fickle(seed: int) -> Callable[[Snapshot], tuple[float, float, float]]:
    """Metrics of a state that nothing explains, close enough for ties to make cycles."""

    def told(state: Snapshot) -> tuple[float, float, float]:
        chance = np.random.default_rng([seed, int(state.basis[:8], 16)])
        return tuple(chance.choice([1.0, 1.08, 1.16, 1.3], 3))  # type: ignore[return-value]  # three of them

    return told


@settings(max_examples=8)
@given(seed=st.integers(0, 10_000), order=st.sampled_from([PRIORITY_FCT, PRIORITY_AVG_T]), applied=st.booleans())
def test_constant_input_never_goes_back_and_forth(seed: int, order: Priority, applied: bool) -> None:
    sick = with_faults(figure_1(), lossy={"C0-B0": HIGH, "B1-A2": 1e-3}, down=["C3-B3"])
    mitigate = Mitigate(
        estimate=ByTable(told=fickle(seed), noise=0.0), demand_count=8, comparator=order, combinations=8
    )
    seen = [state.basis for state in turns(mitigate, sick, 4, apply=applied)]
    runs = [name for name, _ in itertools.groupby(seen)]
    assert len(runs) == len(set(runs)), "a state came back"


@pytest.mark.parametrize(
    "sick",
    [
        figure_1(),
        SICK,
        with_faults(figure_1(), lossy={"C0-B0": HIGH, "C1-B1": 5e-5}, down=["C1-B1"]),
        with_faults(figure_1(), switches={"C0": HIGH}),
        with_faults(figure_1(), lossy={"C0-B0": 1.0, "C0-B1": 1.0}),
    ],
    ids=["healthy", "lossy", "disabled", "t0", "cut off"],
)
def test_it_keeps_the_laws_of_every_planner(sick: Snapshot) -> None:
    mitigate = planner(ByFormula(own=0.1))
    for law in (laws.same_input_same_plan, laws.input_untouched, laws.needs_no_more_than_declared, laws.undo_restores):
        assert law(mitigate, sick, BUDGET) == ()


def test_other_names_other_order_same_repair() -> None:
    """Rows of nodes and links shuffled: the same candidates under the same names, and the same winner."""
    sick = with_faults(figure_1(), lossy={"C0-B0": HIGH, "B1-A2": 5e-5})
    chance = np.random.default_rng(3)
    place = chance.permutation(sick[Nodes].row_count)  # new row -> old row
    back = np.argsort(place).astype(np.int32)
    nodes, links = sick[Nodes], sick[FabricLinks]
    order = chance.permutation(links.row_count)
    columns = {name: links.array(name)[order].copy() for name in links.declared()}
    columns["source"], columns["target"] = back[columns["source"]], back[columns["target"]]
    servers = np.flatnonzero(nodes.tier[place] == "server").astype(np.int32)
    twin = sick.replaced(
        Nodes.of(**{name: nodes.array(name)[place].copy() for name in nodes.declared()}),
        FabricLinks.of(**columns),
        Placements.of(server=servers, host=servers.copy()),
    )
    noiseless = planner(ByFormula(noise=0.0))
    mine, other = noiseless.rank(sick, BUDGET), noiseless.rank(twin, BUDGET)
    assert {row.candidate.name for row in other.rows} == {row.candidate.name for row in mine.rows}
    assert other.best.candidate.name == mine.best.candidate.name
    assert other.best.metrics == pytest.approx(mine.best.metrics)
    assert node(sick, "C0") != node(twin, "C0")
