"""Predicted and simulated are the same flows on the same network, so that they can stand beside what is observed."""

import numpy as np
import pytest

from fairlead.model import apply_edits
from fairlead.service.mitigate_cases import healthy_network
from fairlead.service.testbed_views import as_flows, predicted_metrics, simulated_metrics
from fairlead.worlds.fabric import Trace, lossy_link, trace
from fairlead.worlds.testbed.trial import slower


def test_a_trace_survives_being_pinned() -> None:
    network = slower(healthy_network(), 5.0)
    demand = trace(network, 3, 10.0)
    pinned = network.replaced(as_flows(demand))
    again = trace(pinned, 4, 10.0)  # no chance is left in it
    assert np.array_equal(again.start_s, demand.start_s)
    assert np.array_equal(again.size_bytes, demand.size_bytes)


@pytest.mark.slow
def test_both_views_tell_of_the_same_flows() -> None:
    network = slower(healthy_network(), 5.0)
    demand: Trace = trace(network, 0, 35.0)
    pinned = network.replaced(as_flows(demand))
    bad = apply_edits(pinned, lossy_link(pinned, "C0", "B0", 0.05))
    simulated = simulated_metrics([pinned, bad], demand)
    predicted, spread = predicted_metrics([pinned, bad], 0)
    assert simulated.shape == predicted.shape == spread.shape == (2, 3)
    assert predicted[:, 2] == pytest.approx(simulated[:, 2], rel=0.4)
    # a lossy link costs both views a second at the 99th percentile, and long flows their throughput
    for view in (simulated, predicted):
        assert view[1, 0] > 0.9 > view[0, 0]
        assert view[1, 2] < view[0, 2]
