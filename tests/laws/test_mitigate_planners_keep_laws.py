"""The planner of repairs and every rival, on small random fabrics with failures, against every law of repairs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache, partial
from itertools import chain, combinations
from typing import Any

import networkx
import numpy as np
import pytest
from planners.mitigate.fabrics_for_mitigate import formula

from fairlead.checks import laws, mitigate_laws
from fairlead.checks.relabel import rebuilt
from fairlead.checks.relabel_fabric import relabelled_fabric
from fairlead.model import (
    Bound,
    BoundKind,
    Budget,
    Candidates,
    DestinationWeights,
    Edit,
    Effect,
    FabricLinks,
    Nodes,
    Placements,
    Plan,
    Planner,
    Snapshot,
    Status,
    apply_edits,
)
from fairlead.planners.mitigate import COMPARATORS, PRIORITY_FCT, Comparator, Mitigate
from fairlead.planners.mitigate.comparators import beats as comparator_beats
from fairlead.planners.mitigate.peers import RIVALS
from fairlead.predict.flows.clp import CLP_METRICS, Clp
from fairlead.predict.flows.demand import Sampling
from fairlead.predict.flows.estimate import Effort, FlowEstimator
from fairlead.predict.flows.transport import shipped
from fairlead.worlds.fabric import ClosSpec, clos, lossy_link, lossy_switch
from fairlead.worlds.fabric.failures import cut_link, disabled_link, narrowed_link

BUDGET = Budget(rounds=8)
SEEDS = range(6)
NAMES = ("mitigate", *(each.name for each in RIVALS))


def exact(states: Sequence[Snapshot], samples: range) -> list[Clp]:
    """Every sample is the closed form."""
    values = [np.tile(worth(state), (len(samples), 1)) for state in states]
    return [Clp(values=each, cut_off_ratio=np.zeros(len(samples))) for each in values]


def planner(name: str, **other: object) -> Planner[Any]:
    if name == "mitigate":
        given: dict[str, object] = {"estimate": exact, "demand_count": 8, "combinations": 6, **other}
        return Mitigate(**given)  # type: ignore[arg-type]  # its fields
    return next(each for each in RIVALS if each.name == name)


def world(seed: int) -> Snapshot:
    """A fabric that nobody has had in hand."""
    return rebuilt(_world(seed))


@cache
def _healthy(seed: int) -> Snapshot:
    chance = np.random.default_rng(seed)
    return clos(
        ClosSpec(
            pod_count=2,
            t0s_per_pod=int(chance.integers(1, 4)),
            t1s_per_pod=2,
            plane_count=int(chance.integers(1, 3)),
            t2s_per_plane=int(chance.integers(1, 3)),
            servers_per_t0=int(chance.integers(1, 3)),
            server_mbps=333.0,
            arrivals_per_s=30.0,
        )
    )


@cache
def _world(seed: int) -> Snapshot:
    """World 0 is healthy; others have one to four failures: links lossy, cut, disabled or narrow; lossy switches."""
    healthy, chance = _healthy(seed), np.random.default_rng([seed, 1])
    links, nodes = healthy[FabricLinks], healthy[Nodes]
    up = np.flatnonzero(np.isin(nodes.tier[links.source], ("t0", "t1")) & (nodes.tier[links.target] != "server"))
    up = up[nodes.tier[links.target[up]] != "t0"]
    sick = healthy
    for row in chance.choice(up, 0 if seed == 0 else int(chance.integers(1, 4)), replace=False):
        one, other = nodes.node[links.source[row]], nodes.node[links.target[row]]
        kind = chance.integers(0, 4)
        loss = float(np.exp(chance.uniform(np.log(1e-5), np.log(0.3))))
        made = (
            (lossy_link, lossy_link, narrowed_link)[kind](sick, one, other, loss if kind < 2 else 0.5)
            if kind < 3
            else (cut_link, disabled_link)[seed % 2](sick, one, other)
        )
        sick = apply_edits(sick, made)
    if seed % 3 == 2:
        switch = str(chance.choice(nodes.node[np.isin(nodes.tier, ("t0", "t1"))]))
        sick = apply_edits(sick, lossy_switch(sick, switch, 0.02))
    return sick


@cache
def worth(state: Snapshot) -> np.ndarray:
    return np.array(formula(state)[:3])


def judge(comparator: Comparator, healthy: Snapshot) -> Comparator:
    return comparator.against(worth(healthy))


def first_cost(comparator: Comparator, values: np.ndarray) -> float:
    return float(comparator.costs(values)[0])


def beats(comparator: Comparator, healthy: Snapshot) -> Callable[[np.ndarray, np.ndarray], bool]:
    against = judge(comparator, healthy)
    return lambda first, second: comparator_beats(against.costs(first), against.costs(second), against.ties)


@pytest.mark.parametrize("name", NAMES)
def test_the_laws_of_every_planner(name: str) -> None:
    for seed in SEEDS:
        for law in (
            laws.same_input_same_plan,
            laws.input_untouched,
            laws.needs_no_more_than_declared,
            laws.undo_restores,
            mitigate_laws.status_says_what_is_done,
        ):
            assert law(planner(name), world(seed), BUDGET) == (), (law.__name__, seed)
        assert mitigate_laws.never_back_and_forth(planner(name), world(seed), BUDGET, 4) == (), seed
        healthy = rebuilt(_healthy(seed))
        assert mitigate_laws.idle_exactly_when_done(planner(name), world(seed), BUDGET, healthy) == (), seed


@pytest.mark.parametrize("name", NAMES)
def test_weights_by_destination_are_declared_where_they_are_used(name: str) -> None:
    """The only way from C0 has weight 0 for one t0: whoever looks at ways must say that it reads this table."""
    sick = world(3)
    rows = {str(each): row for row, each in enumerate(sick[Nodes].node.tolist())}
    goal = next(each for each in rows if each.startswith("C") and each != "C0")
    switches = [each for each in rows if each.startswith("B")]
    ends = {(int(a), int(b)) for a, b in zip(sick[FabricLinks].source, sick[FabricLinks].target, strict=True)}
    hops = [rows[each] for each in switches if (rows["C0"], rows[each]) in ends]
    own = DestinationWeights.of(
        source=np.full(len(hops), rows["C0"], np.int32),
        target=np.array(hops, np.int32),
        destination=np.full(len(hops), rows[goal], np.int32),
        weight=np.zeros(len(hops)),
    )
    assert laws.needs_no_more_than_declared(planner(name), sick.replaced(own), BUDGET) == ()


@pytest.mark.parametrize("name", NAMES)
def test_names_and_order_are_not_evidence(name: str) -> None:
    for seed in SEEDS:
        chance = np.random.default_rng([seed, 2])
        assert mitigate_laws.relabelling_repairs_alike(planner(name), world(seed), BUDGET, chance, worth) == (), seed


@pytest.mark.parametrize("comparator", COMPARATORS, ids=lambda each: each.name)
def test_never_cut_off_never_worse_and_the_bound_is_of_the_promise(comparator: Comparator) -> None:
    """Not worse than doing nothing, nor than the playbook and CorrOpt, which choose among the same repairs."""
    for seed in SEEDS:
        healthy, sick = _healthy(seed), world(seed)
        mine = planner("mitigate", comparator=comparator)
        assert mitigate_laws.nobody_is_cut_off(mine, sick, BUDGET) == (), seed
        simple = [each for each in RIVALS if each.name.startswith(("playbook", "corropt"))]
        others = [sick, *(apply_edits(sick, laws.planned(each, sick, BUDGET).edits) for each in simple)]
        better = beats(comparator, healthy)
        assert mitigate_laws.no_worse_than(mine, others, sick, BUDGET, worth, better) == (), seed
        if comparator.name != "Linear":  # whose unit is what the planner takes for healthy
            first = partial(first_cost, judge(comparator, healthy))
            assert mitigate_laws.bound_is_of_the_promise(mine, sick, BUDGET, first) == (), seed


def whole(state: Snapshot) -> bool:
    """All t0s with workloads can reach each other by going up and then down: through a t1 or t2 above both."""
    links, tier = state[FabricLinks], state[Nodes].tier
    rank = {"server": 0, "t0": 1, "t1": 2, "t2": 3}
    alive = links.up & (links.drop_ratio < 1)
    graph = networkx.DiGraph()
    graph.add_nodes_from(range(len(tier)))
    for a, b in zip(links.source[alive].tolist(), links.target[alive].tolist(), strict=True):
        if rank[tier[b]] > rank[tier[a]] > 0:
            graph.add_edge(a, b)
    t0s = np.flatnonzero(tier == "t0").tolist()
    above = {each: networkx.descendants(graph, each) | {each} for each in t0s}
    return all(above[a] & above[b] for a, b in combinations(t0s, 2))


def every_subset(sick: Snapshot) -> tuple[Snapshot, list[Snapshot]]:
    """The network with a candidate for every subset of its lossy links, and the networks to which those lead."""
    links = sick[FabricLinks]
    lossy = [(int(a), int(b)) for a, b, d in zip(links.source, links.target, links.drop_ratio, strict=True) if d > 0]
    cables = sorted({(min(ends), max(ends)) for ends in lossy})
    subsets = list(chain.from_iterable(combinations(cables, size) for size in range(len(cables) + 1)))
    rows = [("none", "none", -1, -1)] + [
        (f"{number}", "disable_link", a, b) for number, subset in enumerate(subsets) for a, b in subset
    ]
    table = Candidates.of(
        candidate=[row[0] for row in rows],
        action=[row[1] for row in rows],
        source=np.array([row[2] for row in rows], np.int32),
        target=np.array([row[3] for row in rows], np.int32),
    )
    states = []
    for subset in subsets:
        up = links.up.copy()
        for a, b in subset:
            up[((links.source == a) & (links.target == b)) | ((links.source == b) & (links.target == a))] = False
        states.append(sick.replaced(links.with_column("up", up)))
    return sick.replaced(table), states


def best_by_fct(values: np.ndarray) -> int:
    """PriorityFCT written out: within a tenth on the FCT, then p1, then the mean; then the same at a hundredth."""
    left = list(range(len(values)))
    for slack in (0.1, 0.01):
        floor = {0: 1 + slack, 1: 1 / (1 - 0.1) if slack == 0.1 else 1.01}
        for metric in range(3):
            cost = {each: values[each, metric] if metric == 0 else 1 / values[each, metric] for each in left}
            least = min(cost.values())
            left = [each for each in left if cost[each] <= least * (floor[0] if metric == 0 else floor[1]) + 1e-15]
    return left[0]


@pytest.mark.parametrize("seed", range(6))
def test_it_finds_what_brute_force_over_all_subsets_finds(seed: int) -> None:
    chance = np.random.default_rng([seed, 3])
    sick = _healthy(seed + 20)
    links, nodes = sick[FabricLinks], sick[Nodes]
    rows = np.flatnonzero((nodes.tier[links.source] == "t0") & (nodes.tier[links.target] == "t1"))
    for row in chance.choice(rows, min(4, len(rows)), replace=False):
        loss = float(np.exp(chance.uniform(np.log(1e-4), np.log(0.2))))
        sick = apply_edits(sick, lossy_link(sick, nodes.node[links.source[row]], nodes.node[links.target[row]], loss))
    listed, states = every_subset(sick)
    choices = [each for each in states if whole(each)]
    assert 1 < len(choices) < len(states)
    assert mitigate_laws.best_of_all(planner("mitigate"), choices, listed, BUDGET, worth, best_by_fct) == ()


def estimator(seed: int, measured_s: float = 2.0) -> FlowEstimator:
    sampling = Sampling(horizon_s=measured_s + 1.0, from_s=0.5, until_s=measured_s + 0.5)
    effort = Effort(demand_count=8, sampling=sampling)
    return FlowEstimator(effort=effort, transport=shipped(), congestion_control="cubic", seed=seed)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_the_laws_hold_with_the_estimator_that_ships(seed: int) -> None:
    mine = planner("mitigate", estimate=estimator(0), demand_count=8, combinations=4)
    for law in (laws.same_input_same_plan, laws.needs_no_more_than_declared, laws.undo_restores):
        assert law(mine, world(seed), BUDGET) == ()
    assert mitigate_laws.nobody_is_cut_off(mine, world(seed), BUDGET) == ()
    # a 99th percentile needs more than the hundred short flows of two seconds
    longer = planner("mitigate", estimate=estimator(0, 20.0), demand_count=8, combinations=4)
    assert mitigate_laws.promises_hold(longer, world(seed), BUDGET, estimator(1, 20.0), range(16), 0.25) == ()


def test_relabelling_gives_the_same_network() -> None:
    """The twin has the same metrics, other names and another order, and can say any state of the network."""
    for seed in SEEDS:
        sick = world(seed)
        other = relabelled_fabric(sick, np.random.default_rng(seed))
        assert other.snapshot != sick
        assert worth(other.snapshot) == pytest.approx(worth(sick))
        assert other.said(sick) == other.snapshot
        servers = np.flatnonzero(other.snapshot[Nodes].tier == "server")
        assert other.snapshot[Placements].server.tolist() == servers.tolist()


# laws that cannot be broken are none


class Bad:
    """A planner that does as it is told, and remembers how often it was asked."""

    name = "bad"
    needs = Mitigate.needs

    def __init__(self, said: Callable[[Snapshot, int], Plan]) -> None:
        self.said = said

    def begin(self) -> int:
        return 0

    def plan(self, snapshot: Snapshot, memory: int, budget: Budget) -> tuple[Plan, int]:
        return self.said(snapshot, memory), memory + 1


def made(snapshot: Snapshot, *edits: Edit, **other: object) -> Plan:
    given: dict[str, object] = {
        "planner": "bad",
        "basis": snapshot.basis,
        "status": Status.SOLVED if edits else Status.NOTHING_TO_DO,
        "edits": edits,
        "effects": (),
        "bound": Bound(cost=np.nan, best=np.nan, kind=BoundKind.NONE),
        **other,
    }
    return Plan(**given)  # type: ignore[arg-type]  # its fields


def toggle(snapshot: Snapshot) -> Edit:
    """The first cable changes sides."""
    up = snapshot[FabricLinks].up
    return Edit(action="test", table="links", column="up", rows=np.array([0]), after=~up[:1])


def weigh(snapshot: Snapshot, row: int, weight: float) -> Edit:
    return Edit(action="test", table="links", column="weight", rows=np.array([row]), after=np.array([weight]))


def test_every_law_can_be_broken() -> None:
    sick, healthy = world(2), rebuilt(_healthy(2))
    assert sick != healthy
    busy = Bad(lambda snapshot, _: made(snapshot, toggle(snapshot)))
    idle = Bad(lambda snapshot, _: made(snapshot))
    assert len(mitigate_laws.idle_exactly_when_done(busy, sick, BUDGET, healthy)) == 2
    assert mitigate_laws.idle_exactly_when_done(idle, sick, BUDGET, healthy) == ()
    assert len(mitigate_laws.never_back_and_forth(busy, sick, BUDGET, 4)) == 1
    fickle = Bad(lambda snapshot, asked: made(snapshot, toggle(snapshot)) if asked % 2 else made(snapshot))
    assert len(mitigate_laws.never_back_and_forth(fickle, sick, BUDGET, 4)) == 2
    liar = Bad(lambda snapshot, _: made(snapshot, status=Status.SOLVED))
    assert mitigate_laws.status_says_what_is_done(liar, sick, BUDGET)
    assert mitigate_laws.nobody_is_cut_off(Bad(_all_down), healthy, BUDGET)
    nothing_works = Bad(lambda snapshot, _: replace(_all_down(snapshot, 0), status=Status.OUT_OF_REACH))
    assert mitigate_laws.nobody_is_cut_off(nothing_works, healthy, BUDGET) == ()
    better = beats(PRIORITY_FCT, healthy)
    assert mitigate_laws.no_worse_than(idle, [healthy], sick, BUDGET, worth, better)
    assert mitigate_laws.no_worse_than(idle, [sick], sick, BUDGET, worth, better) == ()
    assert mitigate_laws.best_of_all(idle, [sick, healthy], sick, BUDGET, worth, best_by_fct)
    by_row = Bad(lambda snapshot, _: made(snapshot, weigh(snapshot, 0, 0.0)))
    chances = [np.random.default_rng(seed) for seed in range(8)]
    assert any(mitigate_laws.relabelling_repairs_alike(by_row, sick, BUDGET, each, worth) for each in chances)


def _all_down(snapshot: Snapshot, asked: int) -> Plan:
    rows = np.arange(snapshot[FabricLinks].row_count)
    edit = Edit(action="test", table="links", column="up", rows=rows, after=np.zeros(len(rows), np.bool_))
    return made(snapshot, edit)


def test_a_promise_and_a_bound_can_be_broken() -> None:
    sick = world(2)
    true = worth(sick)

    def promising(factor: float, cost: float, best: float = 0.0, *, before: float = 1.0) -> Bad:
        effects = tuple(
            Effect(metric=name, before=value * before, after=value * (factor if name == "fct_p99_s" else 1.0))
            for name, value in zip(CLP_METRICS, true.tolist(), strict=True)
        )
        bound = Bound(cost=cost, best=best, kind=BoundKind.IDEAL)
        return Bad(lambda snapshot, _: made(snapshot, effects=effects, bound=bound))

    def hold(bad: Bad) -> bool:
        return mitigate_laws.promises_hold(bad, sick, BUDGET, exact, range(8), 0.01) == ()

    def bounded(bad: Bad) -> bool:
        return mitigate_laws.bound_is_of_the_promise(bad, sick, BUDGET, lambda values: float(values[0])) == ()

    assert hold(promising(1.0, true[0]))
    assert not hold(promising(0.9, true[0]))
    assert not hold(promising(1.0, true[0], before=1.1))
    assert bounded(promising(1.0, true[0]))
    assert not bounded(promising(1.0, true[0] * 2))
    nothing = Bad(lambda snapshot, _: made(snapshot, bound=Bound(cost=1.0, best=0.5, kind=BoundKind.DUAL)))
    assert not bounded(nothing)
    partly = Bad(lambda snapshot, _: made(snapshot, effects=(Effect(metric="fct_p99_s", before=1.0, after=1.0),)))
    assert not hold(partly)
