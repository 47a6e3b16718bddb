"""`fairlead measure transport`: refuses politely, measures what it is asked, and leaves whole files."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from fairlead.model import MissingExtraError, UsageError
from fairlead.service.measure import FULL, QUICK, MeasureOptions, measure_transport
from fairlead.service.measure_long import LongGrid
from fairlead.service.measure_queue import QueueGrid
from fairlead.service.measure_short import ShortGrid
from fairlead.service.measure_tables import LEVELS
from fairlead.worlds.testbed.laboratory import Variant
from fairlead.worlds.testbed.namespaces import require_testbed


def unwatched(label: str, done: int, total: int) -> None:
    assert label in ("loss_limited", "short_rounds", "queue_delay")
    assert 0 <= done <= total


def lacking() -> str:
    try:
        require_testbed(["reno"])
    except MissingExtraError as error:
        return str(error)
    return ""


needs_testbed = pytest.mark.skipif(bool(lacking()), reason=f"no testbed here: {lacking()}")

TINY = replace(
    QUICK,
    congestion_controls=("reno",),
    short_grid=ShortGrid(
        sizes_bytes=(1_448, 20_000),
        loss_ratios=(0.0, 0.2),
        delays_ms=(5.0,),
        variants=(Variant(), Variant(slow_start_threshold=20)),
        fewer_sizes_bytes=(20_000,),
        fewer_loss_ratios=(0.0,),
        fewer_delays_ms=(5.0,),
    ),
    long_grid=LongGrid(delays_ms=(5.0,), loss_ratios=(0.0, 3e-3)),
    queue_grid=QueueGrid(utilisation_ratios=(0.5,), flow_counts=(2,)),
    short_repeats=10,
    long_samples=8,
    queue_probes=30,
)


def test_without_root_it_refuses_before_anything_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(MissingExtraError, match="need root"):
        measure_transport(tmp_path / "out", FULL, unwatched)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (MeasureOptions(tables=("short_rounds", "long_rounds")), "measure.tables"),
        (MeasureOptions(tables=()), "measure.tables"),
        (MeasureOptions(congestion_controls=()), "measure.congestion_control"),
        (MeasureOptions(queue_probes=3), "measure.repeats"),
    ],
)
def test_options_that_make_no_sense_are_refused(tmp_path: Path, options: MeasureOptions, code: str) -> None:
    with pytest.raises(UsageError) as told:
        measure_transport(tmp_path, options, unwatched)
    assert told.value.code == code


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("mine", encoding="utf-8")
    with pytest.raises(UsageError, match="no folder"):
        measure_transport(tmp_path / "out", FULL, unwatched)
    assert (tmp_path / "out").read_text(encoding="utf-8") == "mine"


def points(path: Path) -> dict[tuple[object, ...], float]:
    """Median of each point of a table."""
    rows = [tuple(row.values()) for row in pq.read_table(path).to_pylist()]
    assert len(rows) % len(LEVELS) == 0
    return {row[:-2]: row[-1] for row in rows if row[-2] == 0.5}


@needs_testbed
@pytest.mark.slow
def test_a_tiny_campaign_writes_the_three_tables_and_says_how(tmp_path: Path) -> None:
    told = measure_transport(tmp_path, TINY, unwatched)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "loss_limited.parquet",
        "provenance.json",
        "queue_delay.parquet",
        "short_rounds.parquet",
    ]
    assert json.loads((tmp_path / "provenance.json").read_text(encoding="utf-8")) == json.loads(json.dumps(told))

    short = points(tmp_path / "short_rounds.parquet")
    (rtt_ms,) = {float(str(key[4])) for key in short}
    assert rtt_ms >= 5.0
    assert short["reno", 10, 0, 1_448, rtt_ms, 0.0] > 0
    assert short["reno", 10, 0, 20_000, rtt_ms, 0.0] > 0
    assert ("reno", 10, 20, 20_000, rtt_ms, 0.0) in short
    assert told["tables"]["short_rounds"]["flows"] == 5 + 10 + 5 + 10 + 5
    assert told["tables"]["short_rounds"]["unfinished"] == 0

    assert all(0 < mbps < 100 for mbps in points(tmp_path / "loss_limited.parquet").values())
    queue = points(tmp_path / "queue_delay.parquet")
    assert queue.keys() == {("reno", 0.5, 2)}
    assert told["tables"]["queue_delay"]["utilisation_reached"]["reno, 2 flows, utilisation 0.5"] <= 0.55


@needs_testbed
@pytest.mark.slow
@pytest.mark.timing
def test_a_tiny_campaign_measures_what_is_known(tmp_path: Path) -> None:
    told = measure_transport(tmp_path, TINY, unwatched)
    short = points(tmp_path / "short_rounds.parquet")
    (rtt_ms,) = {float(str(key[4])) for key in short}
    assert short["reno", 10, 0, 1_448, rtt_ms, 0.0] == pytest.approx(1.5, abs=0.4)
    assert short["reno", 10, 0, 20_000, rtt_ms, 0.0] == pytest.approx(2.5, abs=0.4)
    assert 10 < next(iter(points(tmp_path / "loss_limited.parquet").values())) < 100  # Mathis: 46 Mbit/s
    reached = told["tables"]["queue_delay"]["utilisation_reached"]["reno, 2 flows, utilisation 0.5"]
    assert reached == pytest.approx(0.5, abs=0.05)


@needs_testbed
@pytest.mark.slow
def test_a_table_measured_again_leaves_the_others_and_their_provenance(tmp_path: Path) -> None:
    only = replace(TINY, tables=("queue_delay",))
    first = measure_transport(tmp_path, only, unwatched)
    assert set(first["tables"]) == {"queue_delay"}
    again = measure_transport(tmp_path, replace(only, seed=7, queue_probes=36), unwatched)
    assert again["tables"]["queue_delay"]["options"]["seed"] == 7
    short = measure_transport(tmp_path, replace(TINY, tables=("short_rounds",)), unwatched)
    assert set(short["tables"]) == {"queue_delay", "short_rounds"}
    assert short["tables"]["queue_delay"] == json.loads(json.dumps(again["tables"]["queue_delay"]))
    assert np.isfinite(list(points(tmp_path / "queue_delay.parquet").values())).all()
