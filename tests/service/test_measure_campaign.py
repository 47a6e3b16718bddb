"""Long flows run together as far as the machine bears it, each as long as its samples need."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.service.measure_campaign import LongCampaign, LongPoint, groups, in_order, is_limited, label
from fairlead.worlds.testbed.laboratory import Bench, Laboratory

BENCH = Bench(delays_ms=(0.5, 20.0), loss_ratios=(0.0, 5e-5, 1e-3, 1e-2, 0.2))
POINTS = [
    LongPoint(control, delay, loss) for control in ("bbr", "cubic", "reno") for delay in (0, 1) for loss in range(1, 5)
]


def campaign(pilot_mbps: dict[LongPoint, float]) -> LongCampaign:
    nothing = cast(Any, None)
    made = Laboratory(bench=BENCH, senders=(), router=nothing, receiver=nothing, relay=nothing)
    return LongCampaign(made, 100, [0.6, 20.1], pilot_mbps=pilot_mbps)


@given(st.lists(st.floats(0, 3_000), min_size=len(POINTS), max_size=len(POINTS)))
def test_each_point_runs_once_bbr_alone_and_no_go_is_too_much(rates: list[float]) -> None:
    pilot = dict(zip(POINTS, rates, strict=True))
    together = groups(campaign(pilot), POINTS)
    assert sorted((point for group in together for point in group), key=in_order) == sorted(POINTS, key=in_order)
    for group in together:
        if any(point.congestion_control == "bbr" for point in group):
            assert len(group) == 1
        # one flow each at the least, so a group of several never adds up to more than a third of what can be carried
        assert len(group) == 1 or sum(pilot[point] for point in group) <= 700


def test_fast_points_do_not_wait_for_slow_ones() -> None:
    pilot = dict.fromkeys(POINTS, 0.5) | {LongPoint("reno", 0, 2): 50.0}
    alone = next(group for group in groups(campaign(pilot), POINTS) if LongPoint("reno", 0, 2) in group)
    assert alone == [LongPoint("reno", 0, 2)]


def test_limited_is_below_nine_tenths_of_the_same_flow_without_loss() -> None:
    lossless = {LongPoint("reno", 0, 0): 1_000.0, LongPoint("reno", 1, 0): 500.0}
    seen = campaign(lossless | {LongPoint("reno", 0, 1): 899.0, LongPoint("reno", 1, 1): 451.0})
    assert is_limited(seen, LongPoint("reno", 0, 1))
    assert not is_limited(seen, LongPoint("reno", 1, 1))


def test_a_busy_machine_shows_in_the_round_trips() -> None:
    seen = campaign({})
    assert seen.loaded_ms(LongPoint("reno", 0, 1)) == pytest.approx(1.3 * 0.6 + 0.6)
    assert seen.loaded_ms(LongPoint("reno", 1, 1)) == pytest.approx(1.3 * 20.1 + 0.6)


def test_points_have_names() -> None:
    names = {label(campaign({}).made, point) for point in POINTS}
    assert len(names) == len(POINTS)
    assert "cubic, 20.0 ms added, loss 0.001" in names
    assert np.isfinite([in_order(point)[1] for point in POINTS]).all()
