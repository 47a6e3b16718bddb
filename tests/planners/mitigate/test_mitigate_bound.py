"""The healed network, and when it may be called ideal."""

from __future__ import annotations

import math

import numpy as np
import pytest
from fabrics_for_mitigate import LINK_MBPS, figure_1, with_faults
from hypothesis import given
from hypothesis import strategies as st

from fairlead.model import BoundKind, FabricLinks
from fairlead.planners.mitigate.bound import healed, ideal_bound


def test_every_failure_is_healed() -> None:
    sick = with_faults(
        figure_1(),
        lossy={"C0-B0": 0.1, "C1-B1": 1.0, "H0-C0": 0.5},
        down=["B0-A0", "H1-C0"],
        slower={"B1-A2": LINK_MBPS / 2},
        switches={"C0": 0.1, "A0": 1.0, "H3": 0.2},
    )
    assert healed(sick) == figure_1()
    links = sick[FabricLinks]
    weighed = sick.replaced(links.with_column("weight", np.arange(1.0, links.row_count + 1)))
    assert healed(weighed) == figure_1()


def test_a_healthy_network_is_healed_already() -> None:
    assert healed(figure_1()) == figure_1()


@pytest.mark.parametrize(
    ("cost", "healthy", "kind"),
    [
        (2.0, 1.0, BoundKind.IDEAL),
        (1.0, 1.0, BoundKind.IDEAL),
        (math.inf, 1.0, BoundKind.IDEAL),
        (1.0, 1.001, BoundKind.NONE),
        (1.0, math.inf, BoundKind.NONE),
        (math.inf, math.inf, BoundKind.NONE),
        (1.0, math.nan, BoundKind.NONE),
    ],
)
def test_ideal_only_where_it_is_no_worse(cost: float, healthy: float, kind: BoundKind) -> None:
    found = ideal_bound(cost, healthy)
    assert found.kind is kind
    assert found.cost == cost
    assert math.isnan(found.best) == (kind is BoundKind.NONE)


@given(st.floats(0), st.one_of(st.floats(0), st.just(math.nan)))
def test_best_is_never_above_cost(cost: float, healthy: float) -> None:
    found = ideal_bound(cost, healthy)
    assert math.isnan(found.best) or found.best <= found.cost
