"""Figures of a routing against counts by hand and plain Python."""

import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.model import DIRECT, ServiceClasses
from fairlead.service.route_figures import averaged, routing_figures, weighted_quantile, with_normalised_load
from fairlead.worlds.routing.experience import Experience, experienced
from tests.worlds.routing_small import NAN, routed, tiny_truth

TRUTH = tiny_truth(demand_mbps=(10.0, 20.0, 30.0))
PLAN = routed(TRUTH, [[2, 3], [DIRECT, -1], [1, -1]], [[0.75, 0.25], [1.0, 0.0], [1.0, 0.0]])


def lived(**changed: np.ndarray) -> Experience:
    return dataclasses.replace(experienced(TRUTH, PLAN), **changed)


def test_every_figure_by_hand() -> None:
    seen = lived(
        latency_ms=np.array([150.0, 250.0, 350.0, NAN, NAN, NAN]),
        jitter_ms=np.array([10.0, 60.0, 45.0, NAN, 300.0, NAN]),
        loss_ratio=np.array([0.05, 0.05, 0.3, NAN, 0.8, NAN]),
    )
    # rates 7.5 and 2.5 (premium), 20 (standard), 30 (default, whose latency nobody knows): 60 in all
    found = routing_figures(TRUTH, PLAN, seen, np.array([100.0, 175.0, 50.0]))
    assert found["latency_p50_ms"] == 350.0
    assert found["latency_p90_ms"] is None  # endless
    assert found["latency_above_200_ratio"] == pytest.approx(52.5 / 60)
    assert found["latency_above_300_ratio"] == pytest.approx(50 / 60, abs=1e-6)
    assert found["latency_above_400_ratio"] == pytest.approx(30 / 60)
    assert found["loss_above_20_percent_ratio"] == pytest.approx(50 / 60, abs=1e-6)
    assert found["loss_above_50_percent_ratio"] == pytest.approx(30 / 60)
    assert found["jitter_above_50_ms_ratio"] == pytest.approx(32.5 / 60, abs=1e-6)
    assert found["jitter_above_250_ms_ratio"] == pytest.approx(30 / 60)
    assert found["sla_premium_ratio"] == pytest.approx(0.75)
    assert found["sla_standard_ratio"] == 0.0
    assert found["sla_default_ratio"] == 0.0
    assert found["suboptimality_median"] == pytest.approx(1.0)  # 0.5 x 7.5, 1.5 x 2.5, 1.0 x 20
    assert found["hops_0_ratio"] == pytest.approx(20 / 60, abs=1e-6)
    assert found["hops_1_ratio"] == pytest.approx(30 / 60)
    assert found["hops_2_ratio"] == pytest.approx(7.5 / 60)
    assert found["hops_3_ratio"] == pytest.approx(2.5 / 60, abs=1e-6)
    assert found["hops_4_or_more_ratio"] == 0.0
    assert found["hops_mean"] == pytest.approx((30 + 15 + 7.5) / 40)
    assert found["utilisation_max"] is None  # no capacity is known
    assert found["load_max_mbps"] == pytest.approx(40.0)
    assert found["load_std_mbps"] == pytest.approx(np.std([40.0, 10.0, 2.5]), abs=1e-6)


def test_a_metric_that_was_never_measured_has_no_figures_and_keeps_no_limit() -> None:
    blank = np.full(6, NAN)
    seen = lived(jitter_ms=blank, latency_ms=np.full(6, 10.0), loss_ratio=np.zeros(6))
    found = routing_figures(TRUTH, PLAN, seen, np.full(3, 10.0))
    assert found["jitter_above_50_ms_ratio"] is None
    assert found["loss_above_20_percent_ratio"] == 0.0
    assert found["sla_premium_ratio"] == 0.0
    classes = TRUTH[ServiceClasses]
    no_limit = TRUTH.replaced(classes.with_column("jitter_ms", np.full(3, NAN)))
    assert routing_figures(no_limit, PLAN, seen, np.full(3, 10.0))["sla_premium_ratio"] == 1.0


def test_a_limit_is_kept_up_to_itself() -> None:
    seen = lived(latency_ms=np.full(6, 200.0), jitter_ms=np.full(6, 40.0), loss_ratio=np.full(6, 0.1))
    assert routing_figures(TRUTH, PLAN, seen, np.full(3, 200.0))["sla_premium_ratio"] == 1.0
    for worse in ("latency_ms", "jitter_ms", "loss_ratio"):
        over = dataclasses.replace(seen, **{worse: np.asarray(getattr(seen, worse)) * 1.001})
        assert routing_figures(TRUTH, PLAN, over, np.full(3, 200.0))["sla_premium_ratio"] == 0.0


def test_utilisation_is_the_highest_of_links_and_cards() -> None:
    for name in ("link_utilisation", "inward_utilisation", "outward_utilisation"):
        quiet = lived(
            link_utilisation=np.array([0.1, NAN]),
            inward_utilisation=np.array([0.2]),
            outward_utilisation=np.array([0.3]),
        )
        loud = dataclasses.replace(quiet, **{name: np.array([0.7, NAN])})
        assert routing_figures(TRUTH, PLAN, loud, np.full(3, 1.0))["utilisation_max"] == 0.7


@given(
    st.lists(st.tuples(st.integers(0, 20), st.integers(0, 5)), min_size=1, max_size=30),
    st.sampled_from([0.01, 0.25, 0.5, 0.9, 0.99, 1.0]),
)
def test_weighted_quantile_is_that_of_the_repeated_values(pairs: list[tuple[int, int]], share: float) -> None:
    values, weight = np.array(pairs, dtype=np.float64).T
    repeated = np.sort(np.repeat(values, weight.astype(int)))
    found = weighted_quantile(values, weight, share)
    if not len(repeated):
        assert math.isnan(found)
    else:
        assert found == repeated[max(0, math.ceil(share * len(repeated) - 1e-9) - 1)]


def test_quantiles_leave_out_what_is_not_known() -> None:
    assert weighted_quantile(np.array([NAN, 3.0]), np.array([9.0, 1.0]), 0.5) == 3.0
    assert math.isnan(weighted_quantile(np.array([NAN]), np.array([1.0]), 0.5))


def test_means_over_windows_are_unknown_where_one_is() -> None:
    rows = [{"a": 1.0, "b": None, "c": 0.25}, {"a": 2.0, "b": 1.0, "c": 0.75}]
    assert averaged(rows) == {"a": 1.5, "b": None, "c": 0.5}
    with pytest.raises(AssertionError):
        averaged([])


def test_load_on_one_scale() -> None:
    rows = {"x": {"load_max_mbps": 10.0, "load_std_mbps": 5.0}, "y": {"load_max_mbps": 40.0, "load_std_mbps": 8.0}}
    assert {name: row["load_std"] for name, row in with_normalised_load(rows, "y").items()} == {"x": 0.125, "y": 0.2}
    rows["y"]["load_max_mbps"] = 0.0
    assert with_normalised_load(rows, "y")["x"]["load_std"] is None
