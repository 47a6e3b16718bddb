"""Down-scaling: parts of the traffic over parts of the network."""

from __future__ import annotations

import numpy as np
import pytest
from fabrics_small import figure_1
from scipy.stats import kstest

from fairlead.predict.flows.demand import Sampling, demands
from fairlead.predict.flows.downscaling import downscaled
from fairlead.predict.flows.fabric import fabric

SMALL = figure_1().snapshot
WHOLE = demands(SMALL, Sampling(horizon_s=100.0, from_s=0.0, until_s=100.0), 1, range(1))[0]


def test_every_flow_belongs_to_one_part() -> None:
    parts = [downscaled(WHOLE, fabric(SMALL), 3, part)[0] for part in range(3)]
    assert sorted(np.concatenate([part.key for part in parts]).tolist()) == sorted(WHOLE.key.tolist())
    for part in parts:
        assert part.flow_count == pytest.approx(WHOLE.flow_count / 3, rel=0.08)
        assert (np.diff(part.start_s) >= 0).all()


def test_a_part_of_a_poisson_process_is_one() -> None:
    part, _ = downscaled(WHOLE, fabric(SMALL), 4, 1)
    assert kstest(np.diff(part.start_s), "expon", args=(0, 4 / 100)).pvalue > 0.001
    # and its sizes are those of the whole
    assert kstest(part.size_bytes, WHOLE.size_bytes).pvalue > 0.001


def test_capacity_and_buffers_shrink_alike() -> None:
    state = fabric(SMALL)
    _, smaller = downscaled(WHOLE, state, 4, 0)
    assert (smaller.capacity_mbps == state.capacity_mbps / 4).all()
    assert smaller.buffer_bytes / smaller.capacity_mbps == pytest.approx(state.buffer_bytes / state.capacity_mbps)
    assert smaller.routing is state.routing
    with pytest.raises(ValueError, match="read-only"):
        smaller.capacity_mbps[0] = 1.0


def test_one_part_is_the_whole() -> None:
    state = fabric(SMALL)
    assert downscaled(WHOLE, state, 1, 0) == (WHOLE, state)


def test_the_part_is_independent_of_the_way() -> None:
    """The same key decides part and way; they must not go together."""
    from fairlead.predict.flows.routing import draw

    part, state = downscaled(WHOLE, fabric(SMALL), 2, 0)
    far = (part.source < 2) & (part.target >= 4)
    ways = draw(state, part.source[far], part.target[far], part.key[far])
    _, counts = np.unique(ways.links[:, 1], return_counts=True)
    assert len(counts) == 2
    assert abs(counts[0] - counts[1]) < 4 * np.sqrt(counts.sum())
