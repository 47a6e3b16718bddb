"""CloudPilot's runs as trials: what is read, what is left out, and that nothing known is an outcome."""

import csv
import gzip
from datetime import datetime
from pathlib import Path

import pytest

from fairlead.model import BadInputError
from fairlead.worlds.overlay import data_dir
from fairlead.worlds.routing.relay_runs import FILE
from fairlead.worlds.routing.relay_trials import AIMS, Aim, Way, relay_trials

COLUMNS = ("group", "host", "target", "proxy", "run", "kind", "seconds", "mbps_received", "min_rtt_ms")
THROUGHPUT, LARGE, SMALL, TINY = AIMS
Row = tuple[str, str, str, str]  # kind, seconds, Mbit/s, round trip


def written(folder: Path, runs: dict[tuple[str, str], list[Row]]) -> Path:
    """A file with these runs (relay, moment) between one host and one target."""
    (folder / FILE).parent.mkdir(parents=True, exist_ok=True)
    with gzip.open(folder / FILE, "wt", encoding="utf-8", newline="") as lines:
        table = csv.writer(lines)
        table.writerow(COLUMNS)
        for (relay, moment), rows in runs.items():
            for kind, seconds, mbps, rtt in rows:
                table.writerow(("main", "h", "t", relay, moment, kind, seconds, mbps, rtt))
    return folder


FULL: list[Row] = [
    ("ping_host_target", "", "", "100"),
    ("ping_host_proxy", "", "", "40"),
    ("ping_proxy_target", "", "", "50"),
    ("bw_proxy_host_direct", "", "200", ""),
    ("bw_proxy_target_direct", "", "180", ""),
    ("bw_host_target_direct", "", "90", ""),
    ("bw_host_proxy_forwarding", "", "80", ""),
    ("bw_host_proxy_proxy", "", "170", ""),
]


def test_a_run_by_hand(tmp_path: Path) -> None:
    (trial,) = relay_trials(written(tmp_path, {("r", "27-07-2021_14-54"): FULL}), THROUGHPUT)
    assert trial.triple == ("main", "h", "t", "r")
    assert trial.moment == datetime(2021, 7, 27, 14, 54)
    known = trial.known
    assert (known.host_target_ms, known.host_relay_ms, known.relay_target_ms) == (100, 40, 50)
    assert (known.host_relay_mbps, known.relay_target_mbps) == (200, 180)
    assert trial.measured == {Way.DIRECT: 90, Way.FORWARDING: 80, Way.SPLIT: 170}
    assert trial.winner is Way.SPLIT


@pytest.mark.parametrize("left_out", range(len(FULL)))
def test_a_run_that_lacks_something_is_not_judged(left_out: int, tmp_path: Path) -> None:
    rows = [row for number, row in enumerate(FULL) if number != left_out]
    assert not relay_trials(written(tmp_path, {("r", "27-07-2021_14-54"): rows}), THROUGHPUT)


def test_a_transfer_that_failed_is_not_judged(tmp_path: Path) -> None:
    rows = [*FULL[:-1], ("bw_host_proxy_proxy", "", "0.0", "")]
    assert not relay_trials(written(tmp_path, {("r", "27-07-2021_14-54"): rows}), THROUGHPUT)


def test_repetitions_count_by_their_median_and_times_turn_round(tmp_path: Path) -> None:
    rows = [
        *FULL[:3],
        *(("10k_file_host_target_direct", seconds, "", "") for seconds in ("0.1", "0.2", "0.9")),
        ("10k_file_host_proxy_forwarding", "0.4", "", ""),
        ("10k_file_host_proxy_proxy", "0.25", "", ""),
    ]
    (trial,) = relay_trials(written(tmp_path, {("r", "27-07-2021_14-54"): rows}), TINY)
    assert trial.measured == {Way.DIRECT: 5.0, Way.FORWARDING: 2.5, Way.SPLIT: 4.0}
    assert trial.winner is Way.DIRECT


@pytest.mark.parametrize("aim", AIMS)
def test_no_round_trip_is_taken_from_what_is_to_be_predicted(aim: Aim, tmp_path: Path) -> None:
    """Without pings the round trips come from other transfers, and never from those of the aim itself."""
    tests = ("small_file", "large_file", "10k_file")
    segments = ("host_target_direct", "proxy_host_direct", "proxy_target_direct")
    rows: list[Row] = [
        (f"{test}_{segment}", "1", "10", "7" if test == aim.test else "33") for test in tests for segment in segments
    ]
    rows += [(f"{aim.test}_{way}", "1", "10", "7") for way in ("host_proxy_forwarding", "host_proxy_proxy")]
    if aim.test == "bw":
        rows += [(f"bw_{segment}", "1", "10", "7") for segment in segments]
    (trial,) = relay_trials(written(tmp_path, {("r", "27-07-2021_14-54"): rows}), aim)
    assert {trial.known.host_target_ms, trial.known.host_relay_ms, trial.known.relay_target_ms} == {33.0}


def test_runs_are_in_order_of_time_and_pods_are_relays_of_their_own(tmp_path: Path) -> None:
    pod = [(kind.replace("proxy", "proxy_k8s1", 1), *rest) for kind, *rest in FULL[3:]]
    runs = {
        ("r", "02-08-2021_09-20"): FULL,
        ("r", "27-07-2021_14-54"): FULL,
        ("q", "27-07-2021_14-54"): [*FULL[:3], *pod[:2], FULL[5], *pod[3:]],
        ("r", ""): FULL,
    }
    trials = relay_trials(written(tmp_path, runs), THROUGHPUT)  # type: ignore[arg-type]  # rows of a list
    assert [trial.triple[-1] for trial in trials] == ["q k8s1", "r", "r", "r"]
    assert trials[0].known == trials[1].known
    assert [trial.moment for trial in trials[1:]] == sorted(trial.moment for trial in trials[1:])
    assert trials[1].moment == datetime.min


def test_a_missing_file_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="FAIRLEAD_DATA"):
        relay_trials(tmp_path, THROUGHPUT)


def test_the_real_file() -> None:
    if not (data_dir() / FILE).is_file():
        pytest.skip("no measured relays: set FAIRLEAD_DATA")
    assert [len(relay_trials(data_dir(), aim)) for aim in AIMS] == [177, 141, 143, 44]
