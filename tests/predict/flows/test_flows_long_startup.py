"""Handshake and slow start against simulations of them, round by round."""

from __future__ import annotations

import numpy as np
import pytest

from fairlead.predict.flows.long_startup import PAYLOAD_RATIO, SEGMENT_BYTES, handshake_wait_s, startup_s


def slow_start_s(rtt_s: float, payload_mbps: float, size_bytes: float) -> float:
    """Completion time of a lone flow: windows of 10, 20, 40 ... packets a round trip, then the link's rate."""
    rate = payload_mbps * 125_000.0
    sent, now, window = 0.0, rtt_s, 10 * SEGMENT_BYTES
    while window < rate * rtt_s:
        sent, now, window = sent + window, now + rtt_s, 2 * window
    return now + (size_bytes - sent) / rate + rtt_s / 2


@pytest.mark.parametrize("mbps", [10.0, 300.0, 1_000.0, 10_000.0])
@pytest.mark.parametrize("rtt_ms", [0.1, 0.6, 5.0, 50.0])
def test_as_round_by_round(mbps: float, rtt_ms: float) -> None:
    """Windows double in steps, the closed form does so smoothly: within half a round trip."""
    none = np.zeros(1)
    found = startup_s(np.array([rtt_ms]), none, np.array([mbps / PAYLOAD_RATIO]), np.array([0.5]))[0]
    truth = slow_start_s(rtt_ms * 1e-3, mbps, 1e9) - 1e9 / (mbps * 125_000.0)
    assert found == pytest.approx(truth, abs=0.5e-3 * rtt_ms)


def test_handshakes_that_are_lost() -> None:
    """Both ways: 1 - 0.9^2 of the first attempts, then as many of the second, and so on."""
    luck = (np.arange(200_000) + 0.5) / 200_000
    wait = handshake_wait_s(np.full(len(luck), 0.1), luck)
    fails = 1 - 0.9**2
    for failed in range(4):
        expected = fails**failed * (1 - fails)
        assert (wait == 2.0**failed - 1).mean() == pytest.approx(expected, abs=2e-5)


def test_no_loss_no_wait_and_no_way_through_the_longest() -> None:
    luck = np.array([1e-9, 0.999])
    assert handshake_wait_s(np.zeros(2), luck).tolist() == [0.0, 0.0]
    assert handshake_wait_s(np.ones(2), luck).tolist() == [127.0, 127.0]
