"""The comparison of measured transport tables, as it is shown."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from fairlead.model import BadInputError
from fairlead.service.cli import app
from fairlead.service.measure_check import mathis_mbps
from fairlead.service.measure_comparison import comparison


def write(folder: Path, *points: tuple[float, float]) -> Path:
    """Reno over 10 ms, (loss, Mbit/s) each."""
    rows = [
        {
            "congestion_control": "reno",
            "rtt_ms": 10.0,
            "loss_ratio": loss,
            "level_ratio": level,
            "throughput_mbps": mbps,
        }
        for loss, mbps in points
        for level in (0.0, 0.5, 1.0)
    ]
    pq.write_table(pa.Table.from_pylist(rows), folder / "loss_limited.parquet")
    return folder


def test_each_reference_has_a_row_on_each_side_of_rare_loss(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAIRLEAD_DATA", str(tmp_path / "none"))
    half, double = mathis_mbps(10.0, 1e-3) / 2, mathis_mbps(10.0, 1e-2) * 2
    told = comparison(write(tmp_path, (1e-3, half), (1e-2, double), (0.1, mathis_mbps(10.0, 0.1) / 10)))
    mathis = {row["loss"]: row for row in told["references"] if row["reference"] == "mathis"}
    assert [mathis["at most 1 %"][name] for name in ("points", "least", "most")] == [2, 0.5, 2.0]
    assert mathis["more"]["measured_over_reference_median"] == pytest.approx(0.1)
    assert {row["reference"] for row in told["references"]} == {"mathis", "pftk"}
    assert len(told["points"]) == 6


def test_a_folder_without_the_table_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="loss_limited"):
        comparison(tmp_path)


def test_the_command_prints_it() -> None:
    shown = CliRunner().invoke(app, ["measure", "compare", "--json"])
    assert shown.exit_code == 0
    rows = json.loads(shown.stdout)["references"]
    assert {("mathis", "reno"), ("cubic", "cubic")} <= {(row["reference"], row["congestion_control"]) for row in rows}
