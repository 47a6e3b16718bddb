"""Who comes second, and which error of an input would change the decision at what price."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
from fabrics_for_mitigate import ByFormula, figure_1, link_rows, node, with_faults

from fairlead.model import Arrivals, Budget, FabricLinks, Flows, FlowSizes, Nodes, Snapshot
from fairlead.planners.mitigate import COMPARATORS, PRIORITY_FCT, Mitigate
from fairlead.planners.mitigate.candidates import Candidate, field_of
from fairlead.planners.mitigate.decision import (
    DIMENSIONS,
    Flip,
    flip_reasons,
    nearest_flips,
    runner_up,
    sensitivity,
    with_arrivals,
    with_drop,
    with_sizes,
)
from fairlead.predict.flows.clp import Clp

SICK = with_faults(figure_1(), lossy={"C0-B0": 1e-3}, switches={"A3": 0.2, "A2": 1.0})
PINNED = figure_1().replaced(
    Flows.of(
        start_s=[1.0, 2.0],
        source=np.array([node(figure_1(), "H0")] * 2, np.int32),
        target=np.array([node(figure_1(), "H5")] * 2, np.int32),
        size_bytes=[10.0, 1e6],
    )
)


def test_drop_ratios_are_scaled_and_stay_below_all() -> None:
    row = link_rows(SICK, "C0-B0")[0]
    assert with_drop(SICK, 10.0)[FabricLinks].drop_ratio[row] == pytest.approx(1e-2)
    scaled = with_drop(SICK, 10.0)[Nodes].drop_ratio
    assert scaled[node(SICK, "A3")] == 0.999
    assert with_drop(SICK, 0.1)[Nodes].drop_ratio[node(SICK, "A2")] == 1.0
    assert with_drop(SICK, 1.0) == SICK


def test_traffic_is_scaled_where_it_is_known() -> None:
    assert with_arrivals(SICK, 2.0)[Arrivals].arrivals_per_s.tolist() == [200.0]
    assert with_arrivals(PINNED, 2.0)[Flows].start_s.tolist() == [0.5, 1.0]
    assert with_sizes(SICK, 2.0)[FlowSizes].size_bytes.tolist() == [2_000.0, 6_000_000.0]
    assert with_sizes(PINNED, 0.01)[Flows].size_bytes.tolist() == [1.0, 1e4]
    unknown = figure_1().replaced(Arrivals.of(arrivals_per_s=[]), FlowSizes.of(size_bytes=[], cdf_ratio=[]))
    assert with_arrivals(unknown, 2.0) is unknown
    assert with_sizes(unknown, 2.0) is unknown


def crossing(states: Sequence[Snapshot], samples: range) -> list[Clp]:
    """FCT of an enabled link grows with its loss, of a disabled one with the arrivals: they cross."""
    found = []
    for state in states:
        row = link_rows(state, "C0-B0")[0]
        links = state[FabricLinks]
        load = float(state[Arrivals].arrivals_per_s[0]) / 100
        fct = 0.1 + 100 * links.drop_ratio[row] if links.up[row] else 0.12 * load**2
        values = np.tile([fct, 10.0, 10.0], (len(samples), 1))
        found.append(Clp(values=values, cut_off_ratio=np.zeros(len(samples))))
    return found


def chosen_first() -> list[Candidate]:
    found = {each.name: each for each in field_of(with_faults(figure_1(), lossy={"C0-B0": 1e-3})).allowed}
    return [found["disable C0-B0"], found["none"]]


def test_factors_at_which_another_one_wins() -> None:
    snapshot = with_faults(figure_1(), lossy={"C0-B0": 1e-3})
    flips = sensitivity(crossing, snapshot, chosen_first(), PRIORITY_FCT, range(8), 8)
    assert {each.dimension for each in flips} == set(DIMENSIONS)
    today = {each.winner for each in flips if each.factor == 1.0}
    assert today == {"disable C0-B0"}
    near = {(each.dimension, each.factor): each for each in nearest_flips(flips)}
    # were the loss a third, none costs 0.1 + 0.03, and were it a tenth 0.1 + 0.01: both tie with 0.12
    assert set(near) == {("arrivals", 1.6)}
    assert near["arrivals", 1.6].penalty_ratio == pytest.approx(0.12 * 2.56 / 0.2 - 1)
    tried = [(each.dimension, each.factor) for each in flips]
    assert len(tried) == 3 + 12
    assert tried.count(("drop_ratio", 1.0)) == tried.count(("flow_sizes", 1.0)) == 1


def test_behind_a_change_nobody_looks() -> None:
    snapshot = with_faults(figure_1(), lossy={"C0-B0": 1e-3})
    busy = snapshot.replaced(Arrivals.of(arrivals_per_s=[120.0]))
    flips = sensitivity(crossing, busy, chosen_first(), PRIORITY_FCT, range(8), 8)
    assert [each.factor for each in flips if each.dimension == "arrivals"] == [0.5, 0.8, 1.0, 1.25]


def test_the_healthy_network_is_estimated_only_for_those_who_ask() -> None:
    snapshot = with_faults(figure_1(), lossy={"C0-B0": 1e-3})
    for comparator, state_count in ((PRIORITY_FCT, 2), (COMPARATORS[-1], 3)):
        estimate = ByFormula(noise=0.0)
        sensitivity(estimate, snapshot, chosen_first(), comparator, range(8), 8)
        assert {states for states, _ in estimate.calls} == {state_count}


def test_an_unknown_input_is_not_varied() -> None:
    snapshot = with_faults(figure_1(), lossy={"C0-B0": 1e-3}).replaced(Arrivals.of(arrivals_per_s=[]))
    flips = sensitivity(ByFormula(), snapshot, chosen_first(), PRIORITY_FCT, range(8), 8)
    assert {each.dimension for each in flips} == {"drop_ratio", "flow_sizes"}


def test_reasons_tell_flips_and_what_stands() -> None:
    flips = [
        Flip(dimension="arrivals", factor=factor, winner=winner, penalty_ratio=0.3)
        for factor, winner in ((0.5, "a"), (1.0, "a"), (1.4, "b"), (2.0, "c"))
    ] + [Flip(dimension="drop_ratio", factor=factor, winner="a", penalty_ratio=0.0) for factor in (0.1, 1.0, 10.0)]
    reasons = flip_reasons(flips, "a")
    assert [each.key for each in reasons] == ["mitigate.would_change", "mitigate.steady"]
    assert "1.4 times" in reasons[0].text
    assert "b would be best; a would then cost 30% more" in reasons[0].text
    assert dict(reasons[1].numbers) == {"low_ratio": 0.1, "high_ratio": 10.0}


def test_the_runner_up_is_the_second() -> None:
    sick = with_faults(figure_1(), lossy={"C0-B0": 5e-2})
    mitigate = Mitigate(estimate=ByFormula(noise=0.0), demand_count=8)
    found = mitigate.rank(sick, Budget(rounds=16))
    second = runner_up(found)
    assert second is not None
    assert second.candidate == found.rows[1].candidate.name
    assert second.criterion in PRIORITY_FCT.criteria
    assert not math.isnan(second.difference_ratio)
    assert runner_up(mitigate.rank(figure_1(), Budget(rounds=16))) is None
