"""Measured throughput beside response functions and others' measurements."""

from __future__ import annotations

import os
from importlib.resources import files
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from fairlead.service.measure_check import compared, cubic_mbps, mathis_mbps, pftk_mbps

HEAD = "congestion_control, loss_rate, goodput_Mbps, rtt_ms, bandwidth_Mbps, specified_bw_Mbps\n"


def table(*points: tuple[str, float, float, float]) -> dict[str, pa.Table]:
    """Each point spreads evenly from half its rate to one and a half."""
    rows = [
        {
            "congestion_control": control,
            "rtt_ms": rtt_ms,
            "loss_ratio": loss,
            "level_ratio": level,
            "throughput_mbps": rate * (0.5 + level),
        }
        for control, rtt_ms, loss, rate in points
        for level in (0.0, 0.25, 1.0)
    ]
    return {"loss_limited": pa.Table.from_pylist(rows)}


def test_the_response_functions_at_points_worked_out_by_hand() -> None:
    # 1448 bytes, 10 ms, p = 1.5e-4: sqrt(1.5 / p) = 100 packets a round trip
    assert mathis_mbps(10.0, 1.5e-4) == pytest.approx(100 * 1448 * 8 / 0.01 / 1e6)
    # without time-outs PFTK is Mathis; with many it is far below
    assert pftk_mbps(1_000.0, 1e-6) == pytest.approx(mathis_mbps(1_000.0, 1e-6), rel=0.01)
    assert pftk_mbps(1.0, 0.1) < mathis_mbps(1.0, 0.1) / 20
    # RFC 9438, table 1: 100 ms, p = 1e-4 gives CUBIC (C = 0.4) an average window of 187 packets
    assert cubic_mbps(100.0, 1e-4) == pytest.approx(187 * 1448 * 8 / 0.1 / 1e6, rel=0.01)
    # and where that is below what Reno gets, as much as Reno
    assert cubic_mbps(1.0, 1e-2) == mathis_mbps(1.0, 1e-2)


def test_the_measured_side_is_the_mean_of_the_distribution() -> None:
    rows = compared(table(("reno", 10.0, 1e-3, 40.0), ("cubic", 10.0, 1e-3, 30.0), ("bbr", 10.0, 0.2, 5.0)), None)
    assert {(row.reference, row.congestion_control) for row in rows} == {
        ("mathis", "reno"),
        ("pftk", "reno"),
        ("cubic", "cubic"),
    }
    mathis = next(row for row in rows if row.reference == "mathis")
    assert mathis.measured_mbps == pytest.approx(40.0)
    assert mathis.ratio == pytest.approx(40.0 / mathis_mbps(10.0, 1e-3))


def test_others_points_are_interpolated_and_what_their_link_limited_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "rebbr_goodput_vs_loss_exp1.csv").write_text(
        HEAD
        + "cubic, 0.001, 9.9, 100, 10.0, 10\n"  # their link limited
        + "cubic, 0.01, 2.0, 100, 10.0, 10\n"
        + "cubic, 0.5, 0.01, 100, 10.0, 10\n"  # beyond ours
        + "vegas, 0.01, 2.0, 100, 10.0, 10\n",  # not ours
        encoding="utf-8",
    )
    (tmp_path / "rebbr_goodput_vs_loss_exp2.csv").write_text(HEAD, encoding="utf-8")
    ours = table(("cubic", 101.0, 1e-3, 10.0), ("cubic", 101.0, 1e-1, 0.1), ("cubic", 5.0, 1e-2, 77.0))
    rows = [row for row in compared(ours, tmp_path) if "rebbr" in row.reference]
    assert len(rows) == 1
    assert rows[0].measured_mbps == pytest.approx(1.0)  # half-way on both logarithmic axes
    assert rows[0].ratio == pytest.approx(0.5)


def test_shipped_reno_and_cubic_follow_their_response_functions_where_time_outs_are_rare() -> None:
    path = Path(str(files("fairlead.predict.flows"))) / "tables" / "loss_limited.parquet"
    rows = compared({"loss_limited": pq.read_table(path)}, None)
    ratios = [
        row.ratio
        for row in rows
        if row.reference in ("mathis", "cubic") and row.loss_ratio <= 3e-3 and 0.3 < row.rtt_ms < 50
    ]
    assert len(ratios) >= 10
    assert 0.6 < np.median(ratios) < 1.2


def test_shipped_tables_beside_published_goodputs() -> None:
    beside = Path(__file__).resolve().parents[2].parent / "shared" / "data"
    folder = Path(os.environ.get("FAIRLEAD_DATA", beside)) / "swarm"
    if not folder.exists():
        pytest.skip("no published goodputs: set FAIRLEAD_DATA")
    path = Path(str(files("fairlead.predict.flows"))) / "tables" / "loss_limited.parquet"
    rows = [row for row in compared({"loss_limited": pq.read_table(path)}, folder) if "rebbr" in row.reference]
    cubic = [row.ratio for row in rows if row.congestion_control == "cubic" and 1e-2 <= row.loss_ratio <= 0.2]
    assert len(cubic) >= 5
    assert 0.5 < np.median(cubic) < 2.0
