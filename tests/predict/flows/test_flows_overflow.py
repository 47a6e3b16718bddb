"""Loss read back from throughput: against the law that made the table, and against what real TCP did."""

import numpy as np
import pytest
from transport_tables import MATHIS, spread, tables

from fairlead.predict.flows.transport import shipped, transport

CLOSED = transport(tables())


@pytest.mark.parametrize("rtt_ms", [0.3, 1.0, 7.0, 30.0])
@pytest.mark.parametrize("loss", [1e-4, 1e-3, 1e-2, 1e-1])
def test_the_law_backwards(rtt_ms: float, loss: float) -> None:
    mean = float(np.mean(spread((np.arange(32) + 0.5) / 32)))
    share_mbps = mean * MATHIS / rtt_ms / np.sqrt(loss)
    found = CLOSED.sustained["reno"].loss_ratio(np.array([share_mbps]), np.array([rtt_ms]))
    assert found[0] == pytest.approx(loss, rel=0.06)


@pytest.mark.parametrize("control", ["cubic", "reno", "bbr"])
def test_smaller_shares_bear_more_loss(control: str) -> None:
    share = np.geomspace(0.01, 1e4, 200)
    for rtt_ms in (0.1, 1.0, 14.0, 200.0):
        found = shipped().sustained[control].loss_ratio(share, np.full(200, rtt_ms))
        assert (np.diff(found) <= 1e-12).all()
        assert control == "bbr" or found[-1] < 0.01, "BBR hardly minds loss"
        assert 0.1 < found[0] <= 0.5


@pytest.mark.parametrize("control", ["cubic", "reno"])
@pytest.mark.parametrize("count", [4.0, 8.0, 16.0, 32.0])
def test_flows_at_that_loss_carry_what_the_link_does(control: str, count: float) -> None:
    """The measured funnel: 100 Mbit/s, 2 ms, 150 kB; with the queue full a round trip is 14 ms."""
    share = np.array([100.0 * 1448 / 1500 / count])
    loss = shipped().sustained[control].loss_ratio(share, np.array([14.0]))
    luck = (np.arange(2_000) + 0.5) / 2_000
    sent = shipped().ceiling_mbps(control, np.full(2_000, loss[0]), np.full(2_000, 14.0), luck)
    assert sent.mean() == pytest.approx(share[0], rel=0.05)


def test_nothing_asked_nothing_answered() -> None:
    assert len(shipped().sustained["cubic"].loss_ratio(np.zeros(0), np.zeros(0))) == 0
    assert shipped().sustained["cubic"].loss_ratio(np.zeros(1), np.ones(1))[0] <= 0.5
