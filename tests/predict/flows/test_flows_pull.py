"""What decides who gets more of a link, and what it makes of the paper's small network."""

from __future__ import annotations

import numpy as np
import pytest
from transport_tables import LEVELS, tables

from fairlead.predict.flows.fabric import fabric
from fairlead.predict.flows.pull import pull
from fairlead.predict.flows.transport import shipped, transport
from fairlead.worlds.fabric import figure_1


def test_a_window_a_round_trip_for_those_that_mind_loss() -> None:
    state, rtt_ms = fabric(figure_1()), np.array([0.4, 0.6])
    for control, power in (("cubic", -1.0), ("reno", -1.0), ("bbr", 0.0)):
        found = pull(state, rtt_ms, shipped(), control)
        assert found.power == power
        assert found.base_rtt_ms.tolist() == rtt_ms.tolist()
    assert found.full_ms == pytest.approx(np.full(state.link_count, 150_000 * 8e-3 / (40_000 / 120)))


def test_links_without_delay_do_not_make_weights_infinite() -> None:
    found = pull(fabric(figure_1()), np.zeros(1), shipped(), "cubic")
    assert np.isfinite(found.base_rtt_ms**found.power).all()


def test_queues_fill_with_the_flows_that_share_them() -> None:
    fill = pull(fabric(figure_1()), np.ones(1), shipped(), "cubic").fill_ratio
    assert fill[0] == 0.0
    assert 0.1 < fill[1] < 0.4, "one flow alone does not keep a queue full"
    assert (np.diff(fill) >= -1e-9).all()
    assert 0.9 < fill[-1] <= 1.0


def test_the_mean_wait_is_that_of_the_quantiles() -> None:
    """In the closed tables a packet waits 0.8 of a queue times its luck; among 16 flows, of those not dropped, 1."""
    mean = transport(tables()).queues["reno"].mean_full_ratio(np.array([0.0, 1.0, 4.0, 16.0]))
    level = (np.arange(200) + 0.5) / 200
    assert mean[:3] == pytest.approx([0.0, 0.4, 0.4], abs=0.002)
    kept = np.interp(level * (1 - 0.075), LEVELS[LEVELS <= 0.9], LEVELS[LEVELS <= 0.9] / 0.9 * 0.999)
    assert mean[3] == pytest.approx(kept.mean(), rel=0.01)
