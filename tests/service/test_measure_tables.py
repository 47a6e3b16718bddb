"""Quantile tables: what a level means, how sure it is, and the tables that ship with the package."""

from __future__ import annotations

import json
import math
from importlib.resources import files
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.service.measure_tables import LEVELS, TABLE_COLUMNS, dkw_error, quantile_rows, write_table

SHIPPED = Path(str(files("fairlead.predict.flows"))) / "tables"


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=60))
def test_a_quantile_is_the_smallest_sample_with_that_share_at_or_below(samples: list[float]) -> None:
    rows = quantile_rows({("cubic", 1.0): np.array(samples)})
    assert [row[2] for row in rows] == list(LEVELS)
    for *_, level, value in rows:
        assert value in samples
        assert np.mean(np.array(samples) <= value) >= level - 1e-9
        smaller = [other for other in samples if other < value]
        assert not smaller or np.mean(np.array(samples) <= max(smaller)) < level + 1e-9


def test_levels_ascend_from_the_smallest_to_the_largest() -> None:
    assert (np.diff(LEVELS) > 0).all()
    assert (LEVELS[0], LEVELS[-1]) == (0.0, 1.0)


def test_the_dkw_error_is_that_of_the_inequality() -> None:
    for count in (10, 400):
        assert 2 * math.exp(-2 * count * dkw_error(count) ** 2) == pytest.approx(0.05)


def test_a_table_comes_back_as_it_was_written(tmp_path: Path) -> None:
    rows = quantile_rows({("reno", 0.5, 4): np.array([1.0, 2.0])})
    write_table(tmp_path / "q.parquet", "queue_delay", rows)
    table = pq.read_table(tmp_path / "q.parquet")
    assert tuple(table.column_names) == TABLE_COLUMNS["queue_delay"]
    assert [tuple(row.values()) for row in table.to_pylist()] == rows


def shipped(name: str) -> dict[tuple[object, ...], list[float]]:
    """Quantiles of each point of a shipped table, in order of level."""
    table = pq.read_table(SHIPPED / f"{name}.parquet")
    assert tuple(table.column_names) == TABLE_COLUMNS[name]
    points: dict[tuple[object, ...], list[tuple[float, float]]] = {}
    for row in table.to_pylist():
        *point, level, value = row.values()
        points.setdefault(tuple(point), []).append((level, value))
    for pairs in points.values():
        assert [level for level, _ in sorted(pairs)] == list(LEVELS)
    return {point: [value for _, value in sorted(pairs)] for point, pairs in points.items()}


@pytest.mark.parametrize("name", TABLE_COLUMNS)
def test_shipped_quantiles_are_finite_and_ascend(name: str) -> None:
    points = shipped(name)
    assert len(points) >= 60
    for values in points.values():
        assert np.isfinite(values).all()
        assert min(values) >= 0
        assert (np.diff(values) >= 0).all()
    assert {point[0] for point in points} == {"cubic", "reno", "bbr"}


def middle(points: dict[tuple[object, ...], list[float]], *point: object) -> float:
    return points[point][LEVELS.index(0.5)]


def test_shipped_throughput_falls_with_loss_and_with_the_round_trip() -> None:
    points = shipped("loss_limited")
    for control in ("cubic", "reno"):
        keys = [(float(str(rtt)), float(str(loss))) for name, rtt, loss in points if name == control]
        for rtt_ms in {rtt for rtt, _ in keys}:
            losses = sorted(loss for rtt, loss in keys if rtt == rtt_ms)
            # three steps of loss apart, beyond what chance can turn round
            for low, high in zip(losses, losses[3:], strict=False):
                assert middle(points, control, rtt_ms, high) < middle(points, control, rtt_ms, low)
        rtts = sorted({rtt for rtt, loss in keys if loss == 0.02 and rtt > 0.2})
        assert len(rtts) >= 4
        rates = [middle(points, control, rtt_ms, 0.02) for rtt_ms in rtts]
        assert rates[0] > 5 * rates[-1]


def test_shipped_short_flows_need_the_round_trips_of_slow_start() -> None:
    points = shipped("short_rounds")
    slow = {float(str(point[4])) for point in points if float(str(point[4])) > 4}
    assert len(slow) == 1
    (rtt_ms,) = slow
    # the handshake, then windows of 10, 20, 40, ...; the last packets arrive half a round trip after they leave
    for size, rounds in ((1_448, 1.5), (10_000, 1.5), (20_000, 2.5), (30_000, 2.5), (50_000, 3.5), (150_000, 4.5)):
        for control in ("cubic", "reno"):
            assert middle(points, control, 10, 0, size, rtt_ms, 0.0) == pytest.approx(rounds, abs=0.35)

    def usual(size: int) -> float:
        return middle(points, "cubic", 10, 0, size, rtt_ms, 0.0)

    assert middle(points, "cubic", 4, 0, 30_000, rtt_ms, 0.0) > usual(30_000) + 0.5
    assert middle(points, "cubic", 40, 0, 30_000, rtt_ms, 0.0) < usual(30_000) - 0.5
    assert middle(points, "cubic", 10, 20, 150_000, rtt_ms, 0.0) > usual(150_000) + 0.5
    worst = points["cubic", 10, 0, 150_000, rtt_ms, 0.2][LEVELS.index(0.5)]
    assert worst > 10 * usual(150_000)  # time-outs


def test_shipped_queues_grow_with_utilisation() -> None:
    points = shipped("queue_delay")
    for control in ("cubic", "reno", "bbr"):
        for flow_count in (4, 16, 32):
            assert middle(points, control, 0.3, flow_count) < 0.15
            assert middle(points, control, 1.0, flow_count) > 0.5
    assert max(value for values in points.values() for value in values) <= 1.0


def test_the_provenance_tells_of_every_table_and_of_no_machine() -> None:
    text = (SHIPPED / "provenance.json").read_text(encoding="utf-8")
    told = json.loads(text)
    assert set(told["tables"]) == set(TABLE_COLUMNS)
    for name, facts in told["tables"].items():
        assert facts["rows"] == pq.read_table(SHIPPED / f"{name}.parquet").num_rows
        assert {"date", "kernel", "command", "options", "dkw_error"} <= set(facts)
        assert facts["options"]["seed"] >= 0
    assert told["levels"] == list(LEVELS)
    assert "/" + "work" not in text
