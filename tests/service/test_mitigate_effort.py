"""How closely a plan looks: what is stated wins, and the size of the network decides the rest."""

from __future__ import annotations

import numpy as np
import pytest

from fairlead.model import Arrivals, Flows, Nodes, Snapshot, UsageError
from fairlead.service.generate_fabric import clos_spec
from fairlead.service.mitigate_effort import SAMPLE_FLOWS, Stated, as_json, looked
from fairlead.worlds.fabric import clos, figure_1

LARGE = clos(clos_spec(4_000))


def pinned(count: int) -> Snapshot:
    servers = np.zeros(count, np.int32)
    nodes = figure_1()[Nodes].node.tolist()
    return figure_1().replaced(
        Flows.of(
            start_s=np.linspace(0.0, 50.0, count),
            source=servers + nodes.index("H0"),
            target=servers + nodes.index("H1"),
            size_bytes=np.full(count, 1e5),
        )
    )


def test_a_small_network_is_looked_at_as_usual() -> None:
    found = looked(Stated(), figure_1())
    at = found.effort.sampling
    assert (at.from_s, at.until_s, at.horizon_s) == (10.0, 30.0, 40.0)
    assert (found.effort.demand_count, found.sample_count, found.effort.part_count) == (16, 64, 1)
    assert found.because == ()


def test_what_is_measured_has_company_on_both_sides() -> None:
    at = looked(Stated(measured_s=1.5, warm_up_s=0.3), figure_1()).effort.sampling
    assert (at.from_s, at.until_s, at.horizon_s) == pytest.approx((0.3, 1.8, 2.1))


@pytest.mark.parametrize("servers", [64, 500, 4_000])
def test_time_goes_first_and_parts_come_last(servers: int) -> None:
    network = clos(clos_spec(servers))
    found = looked(Stated(), network)
    at, arrivals = found.effort.sampling, float(network[Arrivals].arrivals_per_s[0])
    life_s = 1_711_250 * 8e-10  # at 10 Gbit/s
    assert at.until_s - at.from_s == pytest.approx(max(20 * SAMPLE_FLOWS / arrivals / 40, 50 * life_s), rel=0.01)
    assert at.from_s == pytest.approx((at.until_s - at.from_s) / 2)
    assert found.flow_count == pytest.approx(arrivals * at.horizon_s / found.effort.part_count)
    assert found.flow_count <= SAMPLE_FLOWS * (1 + 1e-9)
    assert (found.effort.part_count > 1) == (servers == 4_000)
    assert len(found.because) == (2 if servers == 4_000 else 1)


def test_what_is_stated_wins() -> None:
    found = looked(Stated(part_count=1, measured_s=2.0, warm_up_s=1.0), LARGE)
    assert found.effort.part_count == 1
    assert found.effort.sampling.horizon_s == 4.0
    assert found.because == ()
    long = looked(Stated(measured_s=2.0, warm_up_s=1.0), LARGE)
    assert long.effort.part_count == -(-float(LARGE[Arrivals].arrivals_per_s[0]) * 4.0 // SAMPLE_FLOWS)
    assert "--parts" in long.because[0]


def test_pinned_flows_keep_their_time() -> None:
    few, many = looked(Stated(), pinned(1_000)), looked(Stated(), pinned(100_000))
    assert few.effort.sampling == many.effort.sampling
    assert (few.effort.part_count, many.effort.part_count) == (1, 2)  # 80,000 of them start within 40 s
    assert few.flow_count == 800


def test_without_arrivals_the_likely_load_counts() -> None:
    unknown = Snapshot(tuple(table for table in LARGE.tables if not isinstance(table, Arrivals)))
    found, known = looked(Stated(), unknown), looked(Stated(), LARGE)
    assert found.effort.part_count > 1
    assert found.flow_count == pytest.approx(known.flow_count, rel=0.5)


def test_one_number_states_how_many_samples_there_are() -> None:
    found = looked(Stated(distribution_error_ratio=0.1), figure_1())
    assert (found.effort.demand_count, found.sample_count) == (185, 185)
    sure = looked(Stated(distribution_error_ratio=0.1, confidence_ratio=0.99), figure_1())
    assert sure.sample_count == 265
    given = looked(Stated(distribution_error_ratio=0.1), pinned(10))
    assert (given.effort.demand_count, given.sample_count) == (1, 185)
    assert as_json(found, 0.95, 185)["distribution_error_ratio"] <= 0.1


@pytest.mark.parametrize(
    ("stated", "code"),
    [
        (Stated(distribution_error_ratio=0.1, sample_count=8), "mitigate.two_counts"),
        (Stated(distribution_error_ratio=0.1, demand_count=8), "mitigate.two_counts"),
        (Stated(distribution_error_ratio=0.1, confidence_ratio=1.0), "mitigate.confidence"),
    ],
)
def test_what_makes_no_sense_is_refused(stated: Stated, code: str) -> None:
    with pytest.raises(UsageError, match=code):
        looked(stated, figure_1())


def test_several_routings_of_a_demand_are_not_counted_as_demands() -> None:
    found = looked(Stated(), figure_1())
    few, many = as_json(found, 0.95, 16), as_json(found, 0.95, 64)
    assert few["distribution_error_ratio"] == many["distribution_error_ratio"] == pytest.approx(0.34, abs=0.01)
    assert as_json(found, 1.0, 16)["distribution_error_ratio"] is None
