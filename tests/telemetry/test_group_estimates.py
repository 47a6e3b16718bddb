"""What the members of groups say together, and the field from which groups are made."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from fairlead.telemetry.estimates import LinkEstimates
from fairlead.telemetry.group_estimates import group_estimates, site_field

NAN = np.nan


def estimates(*rows: dict[str, Any]) -> LinkEstimates:
    usual: dict[str, Any] = {
        "window": 0,
        "source": 0,
        "target": 2,
        "via": "",
        "latency_ms": 10.0,
        "uncertainty_ms": NAN,
        "jitter_ms": NAN,
        "loss_ratio": NAN,
        "throughput_mbps": NAN,
        "count": 1,
        "sent_count": 0,
        "age_s": 0.0,
    }
    whole = [usual | row for row in rows]
    return LinkEstimates(**{name: np.array([row[name] for row in whole]) for name in LinkEstimates.__slots__})


# ends: sites 0 and 1, prefixes 2 to 6; then sites 0 and 1, groups 2 and 3
MEMBER_OF = np.array([0, 1, 2, 2, 2, 3, -1])


def test_weighted_by_records() -> None:
    found = group_estimates(
        estimates(
            {"target": 2, "latency_ms": 10.0, "count": 1, "age_s": 9.0},
            {"target": 3, "latency_ms": 20.0, "count": 5, "age_s": 7.0},
            {"target": 4, "latency_ms": 90.0, "count": 2, "age_s": 8.0},
            {"target": 5, "latency_ms": 33.0, "count": 4},
            {"target": 6, "latency_ms": 1.0, "count": 99},
        ),
        MEMBER_OF,
    )
    assert (found.source.tolist(), found.target.tolist()) == ([0, 0], [2, 3])
    assert found.latency_ms.tolist() == [20.0, 33.0]
    assert (found.count.tolist(), found.age_s.tolist()) == ([8, 4], [7.0, 0.0])


def test_one_odd_member_does_not_move_it() -> None:
    rows = [{"target": t, "latency_ms": v, "jitter_ms": v / 10} for t, v in ((2, 20.0), (3, 21.0), (4, 4000.0))]
    found = group_estimates(estimates(*rows), MEMBER_OF)
    assert (found.latency_ms[0], found.jitter_ms[0]) == (21.0, 2.1)


def test_a_member_that_does_not_know_does_not_count() -> None:
    found = group_estimates(
        estimates(
            {"target": 2, "latency_ms": NAN, "count": 50, "loss_ratio": 0.5, "sent_count": 10},
            {"target": 3, "latency_ms": 20.0, "count": 3, "loss_ratio": NAN, "sent_count": 7},
        ),
        MEMBER_OF,
    )
    assert found.latency_ms.tolist() == [20.0]
    assert found.loss_ratio.tolist() == [0.5]
    assert (found.count.tolist(), found.sent_count.tolist()) == ([53], [17])


def test_nobody_knows() -> None:
    found = group_estimates(estimates({"latency_ms": NAN, "count": 2}), MEMBER_OF)
    figures = (found.latency_ms, found.uncertainty_ms, found.jitter_ms, found.loss_ratio, found.throughput_mbps)
    assert all(math.isnan(figure[0]) for figure in figures)
    assert len(group_estimates(estimates({"target": 6}), MEMBER_OF).window) == 0


def test_loss_is_a_mean_by_packets_without_its_ends() -> None:
    rows = [{"target": t, "loss_ratio": loss, "sent_count": sent} for t, loss, sent in ((2, 0.0, 80), (3, 0.2, 20))]
    assert group_estimates(estimates(*rows), MEMBER_OF).loss_ratio[0] == pytest.approx(0.1 * 0.2 / 0.8)


def test_uncertainty_is_the_larger_of_within_and_between() -> None:
    alike = [{"target": t, "latency_ms": 20.0, "uncertainty_ms": 3.0, "count": 4} for t in (2, 3, 4)]
    assert group_estimates(estimates(*alike), MEMBER_OF).uncertainty_ms[0] == pytest.approx(3 / math.sqrt(3))
    apart = [{"target": t, "latency_ms": v, "uncertainty_ms": 0.1} for t, v in ((2, 10.0), (3, 20.0), (4, 30.0))]
    expected = 1.2533 * 1.4826 * 10 / math.sqrt(3)
    assert group_estimates(estimates(*apart), MEMBER_OF).uncertainty_ms[0] == pytest.approx(expected)
    alone = group_estimates(estimates({"uncertainty_ms": 2.0}), MEMBER_OF)
    assert alone.uncertainty_ms[0] == 2.0


def test_windows_paths_and_directions_stand_apart() -> None:
    found = group_estimates(
        estimates(
            {"window": 1, "source": 2, "target": 5},
            {"window": 0, "source": 3, "target": 5},
            {"window": 0, "source": 5, "target": 3},
            {"window": 0, "source": 2, "target": 5, "via": "fra"},
            {"window": 0, "source": 2, "target": 3},  # inside one group
            {"window": 0, "source": 2, "target": 3, "via": "fra"},
            {"window": 0, "source": 0, "target": 1},  # between sites
        ),
        MEMBER_OF,
    )
    rows = list(zip(*(getattr(found, name).tolist() for name in ("window", "source", "target", "via")), strict=True))
    expected = [(0, 0, 1, ""), (0, 2, 2, "fra"), (0, 2, 3, ""), (0, 2, 3, "fra"), (0, 3, 2, ""), (1, 2, 3, "")]
    assert rows == expected


def test_the_field_of_prefixes_and_sites() -> None:
    site_row = np.array([0, 1, -1, -1, -1, -1, -1])
    prefix_row = np.array([-1, -1, 0, 1, 2, 3, 4])
    found = site_field(
        estimates(
            {"source": 0, "target": 2, "latency_ms": 10.0, "count": 5, "uncertainty_ms": 0.5},
            {"source": 2, "target": 0, "latency_ms": 12.0, "count": 6, "uncertainty_ms": NAN},
            {"source": 2, "target": 1, "latency_ms": NAN, "count": 90, "loss_ratio": 0.3, "sent_count": 1},
            {"source": 1, "target": 2, "latency_ms": 30.0, "count": 1, "loss_ratio": NAN, "jitter_ms": 2.0},
            {"source": 0, "target": 4, "latency_ms": 7.0, "via": "lon"},
            {"source": 0, "target": 1, "latency_ms": 7.0},
            {"source": 3, "target": 4, "latency_ms": 7.0},
        ),
        site_row,
        prefix_row,
        (5, 2),
    )
    assert found.latency_ms[0].tolist() == [12.0, 30.0]
    assert np.isnan(found.error_ms).all()  # the error of the latency that was taken
    assert found.jitter_ms[0, 1] == 2.0
    assert found.loss_ratio[0, 1] == 0.3
    assert np.isnan(found.latency_ms[1:]).all()
    assert found.weight.tolist() == [102.0, 1.0, 1.0, 1.0, 1.0]
