"""Ping results of RIPE Atlas, in the two forms in which they are handed out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fairlead.model import BadInputError
from fairlead.telemetry.atlas import read_atlas

ENDS = np.array(["fra", "lon", "192.0.2.0/24"])
SOURCES = {6012: "fra", 6013: "lon"}
TARGETS = {"192.0.2.7": "192.0.2.0/24", "198.51.100.1": "lon"}

# fields as the platform writes them
GOOD: dict[str, Any] = {
    "af": 4, "avg": 17.3, "dst_addr": "192.0.2.7", "dst_name": "example.net", "dup": 0, "from": "203.0.113.5",
    "group_id": 1, "lts": 22, "max": 21.0, "min": 15.0, "msm_id": 1001, "msm_name": "Ping", "prb_id": 6012,
    "proto": "ICMP", "rcvd": 3, "result": [{"rtt": 15.0}, {"rtt": 16.0}, {"rtt": 21.0}], "sent": 3, "size": 48,
    "src_addr": "10.0.0.2", "step": 240, "stored_timestamp": 1700000090, "timestamp": 1700000000, "ttl": 55,
    "type": "ping", "fw": 5080,
}  # fmt: skip


def written(tmp_path: Path, *results: Any, lines: bool = False) -> Path:
    path = tmp_path / "pings.json"
    path.write_text("\n".join(map(json.dumps, results)) + "\n" if lines else json.dumps(list(results)))
    return path


def changed(**fields: Any) -> dict[str, Any]:
    return {name: value for name, value in (GOOD | fields).items() if value is not None}


@pytest.mark.parametrize("lines", [False, True])
def test_a_result_is_a_record(tmp_path: Path, lines: bool) -> None:
    other = changed(prb_id=6013, timestamp=1700000060)
    found = read_atlas(written(tmp_path, GOOD, other, lines=lines), ENDS, SOURCES, TARGETS)
    probes = found.probes
    assert probes.time.tolist() == [1700000000, 1700000060]
    assert (probes.source.tolist(), probes.target.tolist()) == ([0, 1], [2, 2])
    assert probes.rtt_ms.tolist() == [16.0, 16.0]
    assert probes.jitter_ms.tolist() == [3.0, 3.0]
    assert (probes.sent_count.tolist(), probes.received_count.tolist()) == ([3, 3], [3.0, 3.0])
    assert probes.via.tolist() == ["", ""]
    assert (found.unmapped_count, found.failed_count, found.other_count) == (0, 0, 0)


def test_what_did_not_come_back_is_unknown(tmp_path: Path) -> None:
    silent = changed(rcvd=0, min=-1, avg=-1, max=-1, result=[{"x": "*"}, {"error": "Network unreachable"}, {"x": "*"}])
    once = changed(rcvd=1, result=[{"x": "*"}, {"rtt": 15.5}, {"x": "*"}])
    twice = changed(rcvd=1, result=[{"rtt": 15.5}, {"rtt": 99.0, "dup": 1, "ttl": 55}, {"x": "*"}])
    probes = read_atlas(written(tmp_path, silent, once, twice), ENDS, SOURCES, TARGETS).probes
    assert np.isnan(probes.rtt_ms).tolist() == [True, False, False]
    assert np.isnan(probes.jitter_ms).all()
    assert probes.rtt_ms[1:].tolist() == [15.5, 15.5]
    assert probes.received_count.tolist() == [0.0, 1.0, 1.0]


def test_what_cannot_be_used_is_counted(tmp_path: Path) -> None:
    results = [
        changed(prb_id=1),
        changed(dst_addr="203.0.113.9"),
        changed(prb_id=6013, dst_addr="198.51.100.1"),  # from lon to lon
        changed(dst_addr=None, sent=0, rcvd=0, result=[{"error": "dns resolution failed: nodename nor servname"}]),
        changed(sent=0, rcvd=0, result=[]),
        changed(type="traceroute"),
        GOOD,
    ]
    found = read_atlas(written(tmp_path, *results), ENDS, SOURCES, TARGETS)
    assert (found.unmapped_count, found.failed_count, found.other_count) == (3, 2, 1)
    assert found.probes.row_count == 1


def test_the_older_name_of_the_address(tmp_path: Path) -> None:
    older = {("addr" if name == "dst_addr" else name): value for name, value in GOOD.items() if name != "type"}
    assert read_atlas(written(tmp_path, older), ENDS, SOURCES, TARGETS).probes.target.tolist() == [2]


def test_nothing_measured(tmp_path: Path) -> None:
    assert read_atlas(written(tmp_path), ENDS, SOURCES, TARGETS).probes.row_count == 0
    assert read_atlas(written(tmp_path, lines=True), ENDS, SOURCES, TARGETS).probes.row_count == 0


@pytest.mark.parametrize(
    ("result", "said"),
    [
        (changed(prb_id=None), "prb_id of a ping result cannot be used.*got: nothing"),
        (changed(prb_id="6012"), "prb_id .*a whole number"),
        (changed(prb_id=True), "prb_id .*a whole number"),
        (changed(timestamp=1e9), "timestamp .*a whole number"),
        (changed(timestamp=2**40), "timestamp .*a whole number"),
        (changed(sent="3"), "sent .*a whole number"),
        (changed(rcvd=4), "rcvd .*from 0 to sent, which is 3"),
        (changed(rcvd=-1), "rcvd .*from 0 to sent"),
        (changed(result=None), "result .*a list of answers"),
        (changed(result={"rtt": 3}), "result .*a list of answers"),
        (changed(result=[3.5]), "result .*objects such as"),
        (changed(result=[{"rtt": -1}]), "rtt .*0 or more, in ms"),
        (changed(result=[{"rtt": "3"}]), "rtt .*0 or more, in ms"),
        (changed(result=[{"rtt": True}]), "rtt .*0 or more, in ms"),
    ],
)
@pytest.mark.parametrize("lines", [False, True])
def test_wrong_fields(tmp_path: Path, result: dict[str, Any], said: str, lines: bool) -> None:
    path = written(tmp_path, GOOD, result, lines=lines)
    place = f"{path}:2" if lines else f"{path}, result 1"
    with pytest.raises(BadInputError, match=rf"atlas\.wrong_field: {said}") as caught:
        read_atlas(path, ENDS, SOURCES, TARGETS)
    assert caught.value.where == place
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("raw", [b"[1", b"{", b"ping", b"\xff\xfe", b"[3]", b"[" * 100_000, b'{"prb_id": 1}\n{'])
def test_what_is_not_json(tmp_path: Path, raw: bytes) -> None:
    path = tmp_path / "pings.json"
    path.write_bytes(raw)
    with pytest.raises(BadInputError, match=r"atlas\.(not_json|wrong_field)") as caught:
        read_atlas(path, ENDS, {}, {})
    assert caught.value.exit_code == 3


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match=r"file\.unreadable"):
        read_atlas(tmp_path / "none.json", ENDS, {}, {})


def test_a_mapping_to_nowhere(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match=r"atlas\.unknown_end: probe 6012.*'par'.*one of the 3 ends"):
        read_atlas(written(tmp_path, GOOD), ENDS, {6012: "par"}, TARGETS)
    with pytest.raises(BadInputError, match=r"atlas\.unknown_end: address 192\.0\.2\.7"):
        read_atlas(written(tmp_path, GOOD), ENDS, SOURCES, {"192.0.2.7": "par"})
