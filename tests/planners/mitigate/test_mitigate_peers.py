"""The rivals do what the paper says of them, its worked examples first."""

from __future__ import annotations

import math
from collections.abc import Iterable
from itertools import combinations

import numpy as np
import pytest
from fabrics_for_mitigate import LINK_MBPS, clos, figure_1, link_rows, node, with_faults
from hypothesis import given, settings
from hypothesis import strategies as st

from fairlead.checks import laws
from fairlead.model import (
    Arrivals,
    Budget,
    FabricLinks,
    Flows,
    FlowSizes,
    Nodes,
    Placements,
    Plan,
    Snapshot,
    Status,
    apply_edits,
)
from fairlead.planners.mitigate.actions import Action
from fairlead.planners.mitigate.failures import failures
from fairlead.planners.mitigate.peers import RIVALS, corropt, netpilot, playbook

HIGH, LOW = 5e-2, 5e-5
WIDE = clos(pods=2, t0s=2, t1s=4, t2s_a_plane=4)


def plan_of(name: str, snapshot: Snapshot) -> Plan:
    rival = next(each for each in RIVALS if each.name == name)
    return rival.plan(snapshot, rival.begin(), Budget())[0]


def off(plan: Plan, snapshot: Snapshot) -> set[str]:
    """Links and switches that the plan takes out of service."""
    after, names = apply_edits(snapshot, plan.edits), snapshot[Nodes].node
    links = snapshot[FabricLinks]
    gone = links.up & ~after[FabricLinks].up & (links.source > links.target)
    ends = zip(links.source[gone], links.target[gone], strict=True)
    found = {f"{names[a]}-{names[b]}" for a, b in ends}
    return found | set(names[(after[Nodes].drop_ratio == 1) & (snapshot[Nodes].drop_ratio < 1)].tolist())


def name_of(first: str, second: str) -> str:
    """As ``off`` names a link: by rows, larger first."""
    return f"{second}-{first}" if node(figure_1(), second) > node(figure_1(), first) else f"{first}-{second}"


def cut(*names: str) -> set[str]:
    return {name_of(*name.split("-")) for name in names}


def test_there_are_nine_under_the_papers_names() -> None:
    assert [each.name for each in RIVALS] == [
        *("netpilot_orig", "netpilot_80", "netpilot_99"),
        *("corropt_25", "corropt_50", "corropt_75"),
        *("playbook_25", "playbook_50", "playbook_75"),
    ]


@pytest.mark.parametrize("drop", [HIGH, LOW])
def test_one_lossy_link_whatever_its_loss(drop: float) -> None:
    """SWARM 2: all of them disable it, high or low, but for those that want 75 % of two to remain."""
    sick = with_faults(figure_1(), lossy={"C0-B0": drop})
    for rival in RIVALS:
        expected = set() if rival.name in ("corropt_75", "playbook_75") else cut("C0-B0")
        assert off(plan_of(rival.name, sick), sick) == expected, rival.name


def test_a_healthy_network_is_left_alone_by_all() -> None:
    for rival in RIVALS:
        plan = plan_of(rival.name, figure_1())
        assert plan.status is Status.NOTHING_TO_DO
        assert not plan.edits


def test_netpilot_orig_partitions_in_sixteen_of_thirty_two_pairs() -> None:
    """SWARM 4.2; the plan says so."""
    pairs = (("C0-B0", "C0-B1"), ("C0-B0", "C1-B1"), ("C0-B0", "B1-A2"), ("B0-A0", "B1-A2"))
    count = 0
    for one, other in pairs:
        for first in (HIGH, LOW):
            for second in (HIGH, LOW):
                plan = plan_of("netpilot_orig", with_faults(figure_1(), lossy={one: first, other: second}))
                count += 2 * any(reason.key == "mitigate.partitions" for reason in plan.reasons)
    assert count == 16


def loaded(snapshot: Snapshot, arrivals_per_s: float) -> Snapshot:
    return snapshot.replaced(Arrivals.of(arrivals_per_s=[arrivals_per_s]))


def test_netpilot_with_a_threshold_spares_a_network_that_would_be_full() -> None:
    """Mean demand of a t0 to others is 6/7 of a quarter of the traffic; one uplink of two then carries all of it."""
    mean_bits = 8 * (0.2 * 1_000 + 0.8 * (1_000 + 3_000_000) / 2)
    full = LINK_MBPS * 1e6 / (mean_bits / 4 * 6 / 7)  # arrivals at which one uplink of a t0 is just full
    for ratio, expected in ((0.78, [1, 1, 1]), (0.9, [1, 0, 1]), (0.995, [1, 0, 0])):
        sick = loaded(with_faults(figure_1(), lossy={"C0-B0": HIGH}), ratio * full)
        acts = [bool(plan_of(name, sick).edits) for name in ("netpilot_orig", "netpilot_80", "netpilot_99")]
        assert acts == [bool(each) for each in expected], ratio


def test_netpilot_with_a_threshold_keeps_traffic_routable() -> None:
    sick = with_faults(figure_1(), lossy={"C0-B0": HIGH, "C0-B1": LOW})
    assert off(plan_of("netpilot_99", sick), sick) == cut("C0-B0")
    assert off(plan_of("netpilot_orig", sick), sick) == cut("C0-B0", "C0-B1")


def test_netpilot_disables_what_is_congested_and_what_corrupts() -> None:
    """SWARM 2: after the link cut it goes on to disable the congested link, and makes it worse."""
    sick = with_faults(figure_1(), slower={"B0-A0": LINK_MBPS / 2}, switches={"B3": LOW})
    assert off(plan_of("netpilot_orig", sick), sick) == {*cut("B0-A0"), "B3"}


def test_netpilot_does_not_see_t0s() -> None:
    assert not plan_of("netpilot_orig", with_faults(figure_1(), switches={"C0": HIGH})).edits


def test_netpilot_prefers_the_smaller_mitigation_by_search() -> None:
    """Of all the sets with one mitigation a failure, the one it takes has the least full fullest link."""
    sick = with_faults(WIDE, lossy={"C0-B0": HIGH, "B1-A4": HIGH})
    wrong, demand = failures(sick), netpilot.demand_mbps(sick)
    chosen = netpilot.choose(sick, math.inf)
    node_of = {name: node(sick, name) for name in ("C0", "B0", "B1", "A4")}
    first = [
        Action(kind="disable_link", source=node_of["C0"], target=node_of["B0"]),
        Action(kind="disable_node", source=node_of["B0"]),
    ]
    second = [
        Action(kind="disable_link", source=node_of["B1"], target=node_of["A4"]),
        Action(kind="disable_node", source=node_of["B1"]),
        Action(kind="disable_node", source=node_of["A4"]),
    ]
    best = min(netpilot.fullest(sick, (a, b), wrong, demand) for a in first for b in second)
    assert netpilot.fullest(sick, chosen, wrong, demand) == pytest.approx(best)


def test_corropt_counts_ways_to_the_spine() -> None:
    snapshot = figure_1()
    every = np.ones(snapshot[FabricLinks].row_count, np.bool_)
    assert corropt.path_counts(snapshot, every).tolist() == [4.0] * 4
    less = every.copy()
    less[[*link_rows(snapshot, "C0-B0"), *link_rows(snapshot, "B1-A2")]] = False
    assert corropt.path_counts(snapshot, less).tolist() == [1.0, 3.0, 4.0, 4.0]


@pytest.mark.parametrize(
    ("name", "lossy", "expected"),
    [
        ("corropt_25", {"C0-B0": HIGH, "C0-B1": HIGH}, 1),
        ("corropt_25", {"C0-B0": HIGH, "B1-A2": LOW}, 2),
        ("corropt_50", {"C0-B0": LOW, "B1-A2": HIGH}, 1),
        ("corropt_75", {"B0-A0": LOW}, 1),
        ("corropt_75", {"B0-A0": LOW, "B1-A2": LOW}, 1),
        ("corropt_50", {"B0-A0": LOW, "B1-A2": LOW}, 2),
        ("corropt_25", {"C0-B0": 1e-9}, 0),
        ("corropt_25", {"C0-B0": 1e-7}, 1),
        ("corropt_25", {"H0-C0": HIGH}, 0),
    ],
)
def test_corropt_keeps_its_share_of_ways(name: str, lossy: dict[str, float], expected: int) -> None:
    sick = with_faults(figure_1(), lossy=lossy)
    assert len(off(plan_of(name, sick), sick)) == expected


def test_corropt_removes_most_loss_not_most_links() -> None:
    sick = with_faults(figure_1(), lossy={"C0-B0": HIGH, "B1-A2": LOW, "B1-A3": LOW})
    assert off(plan_of("corropt_50", sick), sick) == cut("C0-B0")


def test_corropt_counts_what_is_down_already() -> None:
    sick = with_faults(figure_1(), lossy={"C0-B0": HIGH}, down=["C0-B1"])
    assert not plan_of("corropt_25", sick).edits


def test_corropt_ignores_congestion_and_switches() -> None:
    sick = with_faults(figure_1(), slower={"B0-A0": 10.0}, switches={"B0": HIGH, "C0": HIGH})
    assert not any(plan_of(f"corropt_{each}", sick).edits for each in (25, 50, 75))


CABLES = ("C0-B0", "C0-B1", "C0-B2", "C1-B0", "B0-A0", "B0-A1", "B1-A4", "C2-B4")


@settings(max_examples=40)
@given(
    lossy=st.dictionaries(st.sampled_from(CABLES), st.sampled_from([HIGH, 1e-3, LOW]), max_size=6),
    kept=st.sampled_from([0.25, 0.5, 0.75]),
)
def test_corropt_against_its_definition(lossy: dict[str, float], kept: float) -> None:
    sick = with_faults(WIDE, lossy=lossy)
    total = 4 * 4

    def loss_removed(names: Iterable[str]) -> float:
        return sum(lossy[each] for each in names)

    def allowed(names: tuple[str, ...]) -> bool:
        down = with_faults(sick, down=names)
        left = corropt.path_counts(sick, down[FabricLinks].up)
        return bool((left >= kept * total).all())

    sets = [chosen for size in range(len(lossy) + 1) for chosen in combinations(lossy, size) if allowed(chosen)]
    actions = corropt.choose(sick, kept)
    names = sick[Nodes].node
    mine = [f"{names[each.source]}-{names[each.target]}" for each in actions]
    assert allowed(tuple(mine))
    assert loss_removed(mine) == pytest.approx(max(loss_removed(each) for each in sets))


def test_greedy_corropt_is_allowed_and_maximal() -> None:
    lossy = {f"C{t0}-B{4 * (t0 // 2) + k}": 1e-3 * (1 + k + t0) for t0 in range(4) for k in range(3)}
    sick = with_faults(WIDE, lossy=lossy)
    assert len(lossy) > corropt.EXACT_COUNT
    after = apply_edits(sick, plan_of("corropt_50", sick).edits)
    assert corropt.path_counts(sick, after[FabricLinks].up).tolist() == [8.0] * 4


@pytest.mark.parametrize(("name", "count"), [("playbook_25", 3), ("playbook_50", 2), ("playbook_75", 1)])
def test_the_playbook_counts_uplinks(name: str, count: int) -> None:
    sick = with_faults(WIDE, lossy={f"C0-B{each}": HIGH / (1 + each) for each in range(4)})
    assert off(plan_of(name, sick), sick) == {
        f"C0-B{each}" if node(WIDE, "C0") > node(WIDE, f"B{each}") else f"B{each}-C0" for each in range(count)
    }


def test_the_playbook_counts_what_is_down_already() -> None:
    sick = with_faults(figure_1(), lossy={"C0-B0": HIGH}, down=["C0-B1"])
    assert not plan_of("playbook_25", sick).edits


def test_the_playbook_drains_for_high_loss_at_a_t0_only() -> None:
    for fault in ({"switches": {"C0": HIGH}}, {"lossy": {"H1-C0": HIGH}}, {"switches": {"H0": HIGH}}):
        sick = with_faults(figure_1(), **fault)
        plan = plan_of("playbook_50", sick)
        after = apply_edits(sick, plan.edits)
        assert "C0" in off(plan, sick)
        assert not np.isin(after[Placements].host, [node(sick, "H0"), node(sick, "H1")]).any()
    assert not plan_of("playbook_50", with_faults(figure_1(), switches={"C0": LOW})).edits
    assert playbook.DRAIN_LOSS == 1e-3


def test_the_playbook_does_not_drain_everything() -> None:
    sick = with_faults(figure_1(), switches=dict.fromkeys(("C0", "C1", "C2", "C3"), HIGH))
    assert not plan_of("playbook_50", sick).edits


def test_the_playbook_ignores_congestion() -> None:
    assert not plan_of("playbook_25", with_faults(figure_1(), slower={"B0-A0": 10.0})).edits


def test_netpilot_assumes_half_a_load_where_nobody_knows() -> None:
    bare = figure_1().replaced(Arrivals.of(arrivals_per_s=[]), FlowSizes.of(size_bytes=[], cdf_ratio=[]))
    # of a server's link, which all traffic takes; 4 of its 7 partners are in the other pod, 2 below the other t0
    assert netpilot.demand_mbps(bare).sum() == pytest.approx(0.5 * 8 * LINK_MBPS, rel=0.35)
    ends = {"source": np.array([node(bare, "H0")], np.int32), "target": np.array([node(bare, "H5")], np.int32)}
    at_once = Flows.of(start_s=[3.0], size_bytes=[1e9], **ends)
    assert netpilot.demand_mbps(bare.replaced(at_once)) == pytest.approx(netpilot.demand_mbps(bare))
    assert netpilot.demand_mbps(figure_1().replaced(at_once)) == pytest.approx(netpilot.demand_mbps(figure_1()))


@pytest.mark.parametrize("rival", RIVALS, ids=lambda each: each.name)
def test_rivals_keep_the_laws_too(rival: object) -> None:
    sick = with_faults(figure_1(), lossy={"C0-B0": HIGH, "C1-B1": LOW}, switches={"C2": HIGH}, down=["B2-A1"])
    for law in (laws.same_input_same_plan, laws.input_untouched, laws.needs_no_more_than_declared, laws.undo_restores):
        assert law(rival, sick, Budget()) == ()  # type: ignore[arg-type]  # a rival
