"""How closely the reproductions look: at the same times as the truth, and, where asked, without any queue."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest

from fairlead.predict.flows.demand import Sampling
from fairlead.predict.flows.estimate import Effort, FlowEstimator
from fairlead.predict.flows.transport import CONGESTION_CONTROLS, Transport, shipped
from fairlead.service.mitigate_truth import Course
from fairlead.service.mitigate_yardstick import SAMPLING, TRUTH_SEED, without_queueing
from fairlead.worlds.fabric import figure_1

ONES = np.ones(3)


def waits_ms(known: Transport, control: str) -> np.ndarray:
    return known.queue_delay_ms(control, 0.95 * ONES, 50 * ONES, 1e6 * ONES, 100 * ONES, np.array([0.1, 0.5, 0.99]))


def dropped(known: Transport, control: str) -> np.ndarray:
    return known.overflow_ratio(control, ONES, 200 * ONES, 1.5 * ONES, 1.5e5 * ONES, 300 * ONES, 0.4 * ONES)


def test_estimate_and_truth_look_at_the_same_seconds() -> None:
    course = Course(trace_count=1, first_seed=TRUTH_SEED)
    assert (course.from_s, course.until_s, course.horizon_s) == (SAMPLING.from_s, SAMPLING.until_s, SAMPLING.horizon_s)


@pytest.mark.parametrize("control", CONGESTION_CONTROLS)
def test_without_queueing_nothing_waits_and_no_queue_is_full(control: str) -> None:
    known = shipped()
    empty = without_queueing(known)
    assert waits_ms(known, control)[-1] > 1
    assert dropped(known, control).min() > 1e-6
    assert not waits_ms(empty, control).any()
    assert not dropped(empty, control).any()


def test_all_but_the_queues_stays() -> None:
    known, empty = shipped(), without_queueing(shipped())
    for field in fields(Transport):
        assert (getattr(empty, field.name) is getattr(known, field.name)) == (field.name != "queues")
    assert set(empty.queues) == set(known.queues)


def test_short_flows_are_done_sooner_where_nothing_waits() -> None:
    sampling = Sampling(horizon_s=6.0, from_s=1.0, until_s=5.0)
    with_queues = FlowEstimator(
        effort=Effort(demand_count=1, sampling=sampling), transport=shipped(), congestion_control="cubic"
    )
    without = replace(with_queues, transport=without_queueing(shipped()))
    busy, idle = (each([figure_1(120.0)], range(1))[0].values[0, 0] for each in (with_queues, without))
    assert idle < 0.5 * busy
