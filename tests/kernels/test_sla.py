"""The filter against the sentences of Panorama 4.2, one demand at a time."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracles.routes_brute_force import Metrics3, sla_filter

from fairlead.kernels.sla import LEAST, NOTHING, SAME_ENDS, filtered
from fairlead.model import Stage

HOPS = np.array([0, 1, 2, 1, 3, 2], np.int32)
NO_LIMIT = math.nan

metric = st.sampled_from([0.0, 1.0, 2.0, 3.0, math.nan])
candidate = st.tuples(st.integers(0, 3).map(float), metric, metric)
level = st.tuples(*[st.sampled_from([0.0, 1.0, 2.0, NO_LIMIT])] * 3)


def kept(
    paths: list[Metrics3], levels: list[Metrics3], own: int = 0, keep: int = 9, *, same: bool = False
) -> list[tuple[int, int]]:
    """(slot, code) of what one demand keeps; path number = slot + 1."""
    room = len(paths) + 1
    path = np.full((1, room), -1, np.int32)
    path[0, : len(paths)] = np.arange(1, room)
    metrics = np.full((3, 1, room), np.nan)
    if paths:
        metrics[:, 0, : len(paths)] = np.array(paths).T
    chosen, code, found = filtered(
        path, (metrics[0], metrics[1], metrics[2]), np.array([same]), np.zeros(1, np.int32),
        np.array([own], np.int32), HOPS, np.array(levels), keep,
    )  # fmt: skip
    assert chosen.shape == code.shape == (1, keep)
    for place, number in enumerate(chosen[0]):
        expected = metrics[:, 0, number - 1] if number > 0 else np.full(3, np.nan)
        if not same:
            assert np.array_equal(found[:, 0, place], expected, equal_nan=True)
    assert (code[chosen < 0] == NOTHING).all()
    return [(int(number) - 1, int(why)) for number, why in zip(chosen[0], code[0], strict=True) if number >= 0]


@given(st.lists(candidate, min_size=1, max_size=5), st.lists(level, min_size=1, max_size=3), st.data())
def test_every_stage_is_its_sentence(paths: list[Metrics3], levels: list[Metrics3], data: st.DataObject) -> None:
    paths.sort(key=lambda path: path[0])
    own = data.draw(st.integers(0, len(levels) - 1))
    assert kept(paths, levels, own) == [(n, stage.value) for n, stage in sla_filter(paths, levels[own:])]


@given(st.lists(candidate, min_size=1, max_size=5), st.lists(level, min_size=1, max_size=2), st.integers(1, 4))
def test_the_fewest_hops_stay_in_order_of_latency(paths: list[Metrics3], levels: list[Metrics3], keep: int) -> None:
    paths.sort(key=lambda path: path[0])
    everything, fewest = kept(paths, levels), kept(paths, levels, keep=keep)
    by_hops = sorted(everything, key=lambda choice: (HOPS[choice[0] + 1], choice[0]))[:keep]
    assert fewest == sorted(by_hops)
    assert 1 <= len(fewest) <= keep


PREMIUM, STANDARD = (200.0, 40.0, 0.1), (300.0, 50.0, 0.1)


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        ([(200.0, 40.0, 0.1), (201.0, 1.0, 0.0)], [(0, Stage.SLA)]),  # at the limit is inside
        ([(201.0, 1.0, 0.0), (250.0, 1.0, 0.0)], [(0, Stage.RELAXED_LATENCY)]),  # the least of those outside
        (
            [(100.0, 45.0, 0.0), (110.0, 1.0, 0.2), (120.0, 44.0, 0.0), (130.0, 60.0, 0.3)],
            [(1, Stage.RELAXED_LOSS), (2, Stage.RELAXED_JITTER)],  # one for each metric; two misses are out
        ),
        ([(201.0, 45.0, 0.1), (202.0, 41.0, 0.0)], [(0, Stage.DOWNGRADED), (1, Stage.DOWNGRADED)]),
        ([(250.0, 55.0, 0.0), (290.0, 51.0, 0.0)], [(1, Stage.DOWNGRADED_RELAXED)]),
        ([(400.0, 90.0, 0.0), (410.0, 60.0, 0.0)], [(0, Stage.LAST_RESORT)]),
        (
            [(100.0, math.nan, 0.0), (110.0, 70.0, 0.0)],
            [(1, Stage.RELAXED_JITTER)],
        ),  # a known miss beats an unknown one
        ([(100.0, math.nan, 0.0), (110.0, math.nan, 0.0)], [(0, Stage.RELAXED_JITTER), (1, Stage.RELAXED_JITTER)]),
        ([(100.0, math.nan, math.nan)], [(0, Stage.LAST_RESORT)]),
    ],
)
def test_by_hand(paths: list[Metrics3], expected: list[tuple[int, Stage]]) -> None:
    assert kept(paths, [PREMIUM, STANDARD]) == [(slot, stage.value) for slot, stage in expected]


def test_codes_are_the_stages_of_the_model() -> None:
    assert (LEAST, SAME_ENDS, NOTHING) == (Stage.LAST_RESORT, Stage.SAME_GROUP, Stage.UNREACHABLE)


def test_one_group_is_not_judged_and_no_path_is_direct() -> None:
    assert kept([(900.0, 900.0, 1.0)], [PREMIUM], same=True) == [(-1, Stage.SAME_GROUP)]
    assert kept([], [PREMIUM]) == [(-1, Stage.UNREACHABLE)]
