"""Fluid queues against a simulation in small steps."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairlead.worlds.fabric.queues import (
    DEFAULT_BUFFER_BYTES,
    RIPPLE_PACKETS,
    admit,
    empty_queues,
    join,
    part,
    refusing,
    settle,
)


def one_queue(capacity: float, room: float) -> np.ndarray:
    return empty_queues(np.array([capacity * 8e-6]), np.array([room]))


def test_a_queue_by_hand() -> None:
    queues = one_queue(1000.0, 500.0)
    queue = queues[0]
    assert join(queue, 2000.0) == 1000.0  # no more comes out than the link carries
    settle(queue, 0.25)
    assert queue["held"] == 250.0
    assert refusing(queue) == 0.0
    settle(queue, 0.75)  # full at 0.5, then half of what arrives is refused
    assert queue["held"] == 500.0
    assert queue["refused_s"] == pytest.approx(0.25 * 0.5)
    assert refusing(queue) == 0.5
    part(queue, 2000.0)
    settle(queue, 1.0)
    assert queue["held"] == 250.0
    settle(queue, 5.0)
    assert queue["held"] == 0.0
    assert queue["most"] == 500.0


def test_an_unknown_buffer_is_the_default() -> None:
    queues = empty_queues(np.array([1.0, 1.0]), np.array([np.nan, 7.0]))
    assert queues["room"].tolist() == [DEFAULT_BUFFER_BYTES, 7.0]


def test_packets_that_come_together_by_hand() -> None:
    queues = one_queue(1500.0, 15_000.0)  # a packet a second, room for ten
    queue = queues[0]
    assert admit(queue, 4.0, 1.0, 1.0) == (4.0, 1.0)  # nobody else: what comes, leaves
    assert queue["held"] == 4 * 1500.0
    queue["held"], queue["arriving"] = 12_000.0, 1500.0  # two places, and of each that becomes free others want half
    assert admit(queue, 7.0, 1.0, 1.0) == (2.0, 0.4)  # two of the last five
    assert queue["refused_s"] == pytest.approx(5 * 0.6)
    assert queue["held"] == 15_000.0
    assert admit(queue, 1.0, 1.0, 1.0) == (0.0, 0.0)  # a lone packet fits or does not
    assert admit(queue, 1.0, 1.0, np.exp(-1.01 / RIPPLE_PACKETS)) == (1.0, 1.0)  # a ripple of one packet


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.floats(0.01, 0.5), st.floats(1.0, 4000.0)), min_size=1, max_size=8),
    st.floats(1.0, 2000.0),
)
def test_queues_against_small_steps(pieces: list[tuple[float, float]], room: float) -> None:
    queues, step = one_queue(1000.0, room), 1e-3
    now, held, refused = 0.0, 0.0, 0.0
    for lasts, rate in pieces:
        join(queues[0], rate)
        for _ in range(round(lasts / step)):
            wanted = held + (rate - 1000.0) * step
            refused += max(0.0, wanted - room) / rate
            held = min(room, max(0.0, wanted))
        now += round(lasts / step) * step
        settle(queues[0], now)
        part(queues[0], rate)
        assert queues[0]["held"] == pytest.approx(held, abs=5.0)
        assert 0.0 <= queues[0]["held"] <= room
        assert queues[0]["arriving"] == 0.0
    assert queues[0]["refused_s"] == pytest.approx(refused, abs=0.01)
