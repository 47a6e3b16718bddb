"""Slowdowns on shared links: closed forms on tiny runs, and the packet-level runs where they are at hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fairlead.model import BadInputError
from fairlead.service.packet_level import packet_level, run_errors, shared_ns
from fairlead.worlds.overlay import data_dir


def flows(*rows: tuple[int, int, int, int]) -> np.ndarray:
    """start ns, bytes, source, target; the times of ns-3, alone and the rival are 1."""
    return np.array([(*row, 1, 1, 1) for row in rows], np.int64)


def test_flows_on_links_of_their_own_share_nothing() -> None:
    assert shared_ns(flows((0, 10_000, 0, 1), (0, 50_000, 1, 2))) == pytest.approx([0, 0], abs=1e-3)


def test_two_alike_take_twice_as_long() -> None:
    wire_ns = (10_000 + 10 * 48) * 0.8
    assert shared_ns(flows((0, 10_000, 0, 1), (0, 10_000, 0, 1))) == pytest.approx([wire_ns, wire_ns])


def test_the_long_way_meets_both() -> None:
    one_ns = (1_000 + 48) * 0.8
    # the way over both links shares the first, then the second, with a flow as short as itself
    found = shared_ns(flows((0, 1_000, 0, 2), (0, 1_000, 0, 1), (0, 1_000, 1, 2)))
    assert found == pytest.approx([one_ns, one_ns, one_ns])


def test_order_of_rows_does_not_matter() -> None:
    rows = [(500, 9_000, 0, 1), (0, 20_000, 0, 2), (900, 3_000, 1, 2)]
    forward, backward = shared_ns(flows(*rows)), shared_ns(flows(*rows[::-1]))
    assert forward == pytest.approx(backward[::-1])
    assert (forward > 0).any()


def test_a_perfect_answer_has_no_error() -> None:
    run = flows((0, 10_000, 0, 1), (0, 10_000, 0, 1))
    run[:, 5] = 20_000
    run[:, 4] = run[:, 6] = 20_000 + np.round(shared_ns(run)).astype(np.int64)
    found = run_errors(run)
    assert found["fairlead"] == pytest.approx([0, 0], abs=1e-4)
    assert found["flow_level_simulator"] == pytest.approx([0, 0], abs=1e-12)


def test_without_the_data_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match=r"packet_level\.no_data"):
        packet_level(tmp_path)


def test_closer_to_packets_than_the_flow_level_simulator() -> None:
    try:
        found = packet_level(data_dir())
    except BadInputError:
        pytest.skip("no packet-level flows here")
    assert found["all"]["runs"] == 70
    for row in found.values():
        assert row["fairlead_p50_error_median"] < row["flow_level_simulator_p50_error_median"]
        assert row["fairlead_p99_error_median"] < row["flow_level_simulator_p99_error_median"]
    assert found["all"]["fairlead_p50_error_median"] < 0.05
    assert found["all"]["fairlead_p99_error_median"] < 0.10
