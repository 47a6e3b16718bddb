"""Records of measurements in files: what is read, what is not known, what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest

from fairlead.model import BadInputError
from fairlead.telemetry.probes import read_probes

ENDS = np.array(["fra", "lon", "192.0.2.0/24", "198.51.100.0/24"])
TEXT = """\
time,source,target,via,rtt_ms,jitter_ms,throughput_mbps,sent_count,received_count
1700000000,fra,lon,,15.5,0.5,,3,3
1700000030,fra,192.0.2.0/24,,21,,,3,2
1700000060,192.0.2.0/24,198.51.100.0/24,fra>lon,60,,12.5,100,99
1700000090,192.0.2.0/24,198.51.100.0/24,,,,,3,0
"""


def file_of(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "probes.csv"
    path.write_text(text)
    return path


def test_every_column(tmp_path: Path) -> None:
    found = read_probes(file_of(tmp_path, TEXT), ENDS)
    assert found.time.tolist() == [1700000000, 1700000030, 1700000060, 1700000090]
    assert (found.source.tolist(), found.target.tolist()) == ([0, 0, 2, 2], [1, 2, 3, 3])
    assert found.via.tolist() == ["", "", "fra>lon", ""]
    assert np.isnan(found.rtt_ms).tolist() == [False, False, False, True]
    assert np.isnan(found.jitter_ms).tolist() == [False, True, True, True]
    assert found.throughput_mbps[2] == 12.5
    assert (found.sent_count.tolist(), found.received_count.tolist()) == ([3, 3, 100, 3], [3, 2, 99, 0])


def test_what_a_file_need_not_say(tmp_path: Path) -> None:
    found = read_probes(file_of(tmp_path, "time,source,target,rtt_ms\n5,fra,lon,9\n"), ENDS)
    assert found.sent_count.tolist() == [1]
    assert np.isnan(found.received_count).all()
    assert found.via.tolist() == [""]


def test_utc_times(tmp_path: Path) -> None:
    found = read_probes(file_of(tmp_path, "time,source,target\n2026-03-01T12:00:00.250Z,fra,lon\n"), ENDS)
    assert found.time.tolist() == [np.datetime64("2026-03-01T12:00:00.250", "ms").item()]


def test_parquet(tmp_path: Path) -> None:
    path = tmp_path / "probes.parquet"
    columns = {
        "time": pa.array([1_700_000_000_500], pa.timestamp("ms", "UTC")),
        "source": pa.array(["fra"]).dictionary_encode(),
        "target": pa.array(["198.51.100.0/24"]),
        "rtt_ms": pa.array([20.0], pa.float32()),
        "sent_count": pa.array([10]),
        "received_count": pa.array([9]),
    }
    pyarrow.parquet.write_table(pa.table(columns), path)
    found = read_probes(path, ENDS)
    assert (found.source.tolist(), found.target.tolist()) == ([0], [3])
    assert found.received_count.tolist() == [9.0]
    assert found.time.astype("M8[ms]").astype(np.int64).tolist() == [1_700_000_000_500]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("30,fra,192.0.2.0/24", "30,fra,192.0.2.0/25", r"cell\.dangling: target names no row of ends; at .*:3:16"),
        ("30,fra,192.0.2.0/24", "30,,192.0.2.0/24", r"cell\.absent: source is absent"),
        ("30,fra,192.0.2.0/24", "30,fra,fra", r"row\.same_ends: source and target are the same; at .*:3:16"),
        ("3,2\n", "3,4\n", r"row\.more_received: more packets came back than were sent; at .*:3:.*got: '4'"),
        ("3,2\n", "3,-1\n", r"cell\.out_of_range: received_count"),
        ("3,2\n", "2.5,2\n", r"cell\.not_whole: sent_count"),
        (",21,", ",-21,", r"cell\.out_of_range: rtt_ms"),
        (",21,", ",inf,", r"cell\.out_of_range: rtt_ms"),
        ("1700000060", "noon", r"cell\.not_a_window: time"),
        ("1700000060", "", r"cell\.absent: time"),
        ("1700000060", "2026-03-01T12:00:00Z", r"cell\.mixed_windows"),
        ("rtt_ms", "rtt-ms", r"table\.extra_column.*did you mean rtt_ms"),
    ],
)
def test_wrong(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert old in TEXT
    path = file_of(tmp_path, TEXT.replace(old, new, 1))
    with pytest.raises(BadInputError, match=said) as caught:
        read_probes(path, ENDS)
    assert "\n" not in str(caught.value)


def test_a_user_may_come_back_to_itself_over_sites(tmp_path: Path) -> None:
    text = "time,source,target,via,rtt_ms\n5,192.0.2.0/24,192.0.2.0/24,fra,9\n"
    assert read_probes(file_of(tmp_path, text), ENDS).source.tolist() == [2]


def test_more_back_than_one(tmp_path: Path) -> None:
    text = "time,source,target,received_count\n5,fra,lon,1\n6,fra,lon,2\n"
    with pytest.raises(BadInputError, match=r"row\.more_received.*:3:"):
        read_probes(file_of(tmp_path, text), ENDS)


def test_no_records(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match=r"table\.empty"):
        read_probes(file_of(tmp_path, TEXT.split("\n", 1)[0] + "\n"), ENDS)


def test_another_form(tmp_path: Path) -> None:
    path = tmp_path / "probes.json"
    path.write_text("{}")
    with pytest.raises(BadInputError, match=r"file\.unknown_form.*got: \.json; expected: \.csv or \.parquet"):
        read_probes(path, ENDS)
