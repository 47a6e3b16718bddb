"""The traffic that a repair takes over from the network as it is."""

from __future__ import annotations

import numpy as np
import pytest
from fabrics_small import figure_1 as small
from transport_tables import tables

from fairlead.kernels.epochs_active import EXACT
from fairlead.model import Snapshot, apply_edits
from fairlead.predict.flows.demand import Demand, Sampling
from fairlead.predict.flows.estimate import Effort, FlowEstimator
from fairlead.predict.flows.fabric import fabric
from fairlead.predict.flows.long import LongRule
from fairlead.predict.flows.routing import draw
from fairlead.predict.flows.sample import Meets
from fairlead.predict.flows.transport import shipped, transport
from fairlead.predict.flows.warm_start import Handover, handover
from fairlead.worlds.fabric import cut_link, figure_1, lossy_link

SAMPLING = Sampling(horizon_s=10.0, from_s=4.0, until_s=8.0)
FLUID = LongRule(epoch_s=np.inf, turnover_ratio=0.0, bits=EXACT)


def taken(settle_s: float) -> Handover:
    """Flows from H0 to H7: done long before, half done at 3 s, short and early, late."""
    demand = Demand(
        start_s=np.array([0.0, 2.0, 2.9, 3.5]),
        source=np.zeros(4, np.int32),
        target=np.full(4, 7, np.int32),
        size_bytes=np.array([1e6, 8e7, 1e4, 5e6]),
        key=np.arange(4, dtype=np.uint64),
    )
    state = fabric(small().snapshot)
    before = Meets(
        state=state, demand=demand, keys=demand.key, ways=draw(state, demand.source, demand.target, demand.key)
    )
    return handover(before, SAMPLING, settle_s, FLUID, transport(tables()), "reno")


def test_who_is_under_way_is_taken_over_with_the_rest() -> None:
    found = taken(1.0)
    assert found.rows.tolist() == [1, 3]
    assert found.demand.start_s == pytest.approx([-1.0, 0.5])
    # 333.3 Mbit/s on the wire for the second before, less the start
    assert found.left_bytes == pytest.approx([8e7 - 1000 / 3 * 1448 / 1500 * 125_000, 5e6], rel=0.01)
    assert (found.sampling.from_s, found.sampling.until_s, found.sampling.horizon_s) == pytest.approx((1.0, 5.0, 7.0))


def test_with_all_the_time_to_settle_in_nothing_is_taken_over() -> None:
    found = taken(4.0)
    assert found.rows.tolist() == [0, 1, 2, 3]
    assert found.sampling == SAMPLING
    assert found.left_bytes is found.demand.size_bytes


def sick() -> Snapshot:
    return apply_edits(figure_1(), lossy_link(figure_1(), "C0", "B0", 0.05))


def estimator(settle_s: float, running: Snapshot | None, from_s: float = 6.0) -> FlowEstimator:
    effort = Effort(
        demand_count=2,
        sampling=Sampling(horizon_s=from_s + 12.0, from_s=from_s, until_s=from_s + 10.0),
        rule=FLUID,
        settle_s=settle_s,
    )
    return FlowEstimator(effort=effort, transport=shipped(), congestion_control="cubic", running=running)


def test_the_network_as_it_is_goes_on_as_if_nothing_had_been() -> None:
    """Under the exact rule a handover to the same network changes the mean load of its short flows, and that queues
    are empty for a moment."""
    (whole,), (warm,) = estimator(np.inf, sick())([sick()], range(2)), estimator(0.5, sick())([sick()], range(2))
    assert warm.values[:, 1:] == pytest.approx(whole.values[:, 1:], rel=0.04)


def test_a_repair_is_nearer_to_the_whole_than_from_an_empty_network() -> None:
    repaired = apply_edits(sick(), cut_link(sick(), "C0", "B0"))
    (whole,) = estimator(np.inf, None)([repaired], range(2))
    (warm,) = estimator(1.0, sick())([repaired], range(2))
    cold = estimator(np.inf, None, from_s=0.0)([repaired], range(2))[0]
    error = [abs(each.values[:, 2].mean() / whole.values[:, 2].mean() - 1) for each in (warm, cold)]
    assert error[0] < 0.05 < error[1]


def test_a_sample_does_not_depend_on_what_else_is_asked() -> None:
    repaired = apply_edits(sick(), cut_link(sick(), "C0", "B0"))
    alone = estimator(1.0, sick())([repaired], range(2))[0]
    beside = estimator(1.0, sick())([sick(), repaired], range(2))[1]
    assert np.array_equal(alone.values, beside.values)


def test_without_a_network_as_it_is_each_warms_up_by_itself() -> None:
    (whole,), (same,) = estimator(np.inf, sick())([sick()], range(1)), estimator(0.5, None)([sick()], range(1))
    assert np.array_equal(whole.values, same.values)
