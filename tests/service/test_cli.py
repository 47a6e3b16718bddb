from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from oracles.networks import network
from relays import relays

from fairlead import __version__
from fairlead.model import Snapshot
from fairlead.service.cli import main
from fairlead.service.options import Method
from fairlead.service.wiring import DRAIN_METHODS
from fairlead.telemetry import write_network

PLAN_KEYS = {"planner", "basis", "status", "edits", "effects", "bound", "reasons"}


class Said:
    """Exit code, stdout and stderr of one command line."""

    def __init__(self, capsys: pytest.CaptureFixture[str], *arguments: object) -> None:
        self.code = main([str(argument) for argument in arguments])
        self.out, self.err = capsys.readouterr()

    @property
    def json(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.out)
        assert isinstance(found, dict)
        return found

    def failed_with(self, code: int, *words: str) -> None:
        assert self.code == code, self.err
        assert self.out == ""
        assert self.err.startswith("error: ")
        assert self.err.count("\n") == 1
        for word in words:
            assert word in self.err


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two servers of one region fail, in all windows."""
    return kept(relays(), tmp_path / "network")


def kept(snapshot: Snapshot, where: Path) -> Path:
    write_network(snapshot, where, "csv")
    return where


def test_help_of_every_command_has_examples_and_names_its_options(capsys: pytest.CaptureFixture[str]) -> None:
    commands = (
        ["drain", "plan"],
        ["train", "drain"],
        ["world", "generate", "overlay"],
        ["reproduce", "drain"],
        ["bench", "drain"],
        ["demo"],
    )
    for command in commands:
        said = Said(capsys, *command, "--help")
        assert said.code == 0
        assert "Examples" in said.out
        assert f"$ fairlead {' '.join(command)}" in said.out
        assert "--json" in said.out
        assert said.err == ""
    for option in ("--method", "--slo", "--fleet-cap", "--region-floor", "--seed", "--strict", "--now", "--model"):
        assert option in Said(capsys, "drain", "plan", "--help").out


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    said = Said(capsys, "--version")
    assert (said.code, said.out, said.err) == (0, f"fairlead {__version__}\n", "")


def test_every_method_that_is_wired_can_be_asked_for() -> None:
    assert set(DRAIN_METHODS) <= {method.value for method in Method}


def test_a_plan_as_json_is_one_object_with_the_fixed_keys(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    said = Said(capsys, "drain", "plan", folder, "--json")
    assert said.code == 0
    assert said.err == ""
    plan = said.json
    assert set(plan) >= PLAN_KEYS
    assert plan["status"] == "SOLVED"
    assert [edit["ids"] for edit in plan["edits"]] in ([["s0"], ["s1"]], [["s1"], ["s0"]])
    assert {"action", "table", "ids", "column", "after"} <= set(plan["edits"][0])
    assert set(plan["bound"]) == {"cost", "best", "kind", "gap"}
    assert {"id", "text", "numbers"} <= set(plan["reasons"][0])
    assert {"metric", "before", "after", "margin"} == set(plan["effects"][0])
    assert plan["safety"]["allowed"] is True
    assert plan["safety"]["limits"]["fleet_cap_ratio"] == 0.2


def test_json_may_be_asked_for_in_both_ways_and_is_the_same_every_time(
    capsys: pytest.CaptureFixture[str], folder: Path
) -> None:
    assert (
        Said(capsys, "drain", "plan", folder, "--json").out == Said(capsys, "drain", "plan", folder, "-o", "json").out
    )


def test_a_plan_as_a_table_says_what_why_and_how_good(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    said = Said(capsys, "drain", "plan", folder)
    assert said.code == 0
    assert said.out.startswith("Solved: take 2 servers offline and the objective holds.")
    for words in ("s0", "s1", "ams", "proven optimum", "0 -> 2 of 20, at most 4", "+5 s", "covers", "all content"):
        assert words in said.out, words
    assert "\x1b" not in said.out


@pytest.mark.parametrize("method", sorted(set(DRAIN_METHODS) - {"sentry"}))
def test_every_method_plans(method: str, capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    said = Said(capsys, "drain", "plan", folder, "--method", method, "--json")
    assert said.code == 0
    assert said.json["planner"].startswith(method)


def test_options_reach_the_planner(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    capped = Said(capsys, "drain", "plan", folder, "--fleet-cap", "0.05", "--json").json
    assert capped["status"] == "OUT_OF_REACH"
    assert sum(len(edit["ids"]) for edit in capped["edits"]) == 1
    floored = Said(capsys, "drain", "plan", folder, "--region-floor", "1", "--json").json
    assert not {"s0", "s1"} & {own_id for edit in floored["edits"] for own_id in edit["ids"]}
    lax = Said(capsys, "drain", "plan", folder, "--slo", "0.5", "--json").json
    assert lax["status"] == "NOTHING_TO_DO"


def test_settings_reach_the_planner(
    capsys: pytest.CaptureFixture[str], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAIRLEAD_SLO", "0.5")
    assert Said(capsys, "drain", "plan", folder, "--json").json["status"] == "NOTHING_TO_DO"
    assert Said(capsys, "drain", "plan", folder, "--slo", "0.9999", "--json").json["status"] == "SOLVED"


def test_an_offline_server_comes_back_only_where_that_is_asked_for(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    folder = kept(relays(bad=(), offline=(7,)), tmp_path / "network")
    assert Said(capsys, "drain", "plan", folder, "--json").json["edits"] == []
    edits = Said(capsys, "drain", "plan", folder, "--restore", "any", "--json").json["edits"]
    assert [(edit["action"], edit["ids"]) for edit in edits] == [("restore", ["s7"])]


def unproven(where: Path) -> Path:
    paths = {(0, other): 30 for other in range(1, 20)}
    return kept(network(regions=["ams"] * 5 + ["fra"] * 15, failed=[{}, {}, paths]), where)


def test_a_plan_that_the_guard_would_refuse_is_printed_with_a_warning(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    said = Said(capsys, "drain", "plan", unproven(tmp_path / "network"), "--json")
    assert said.code == 0
    assert said.json["safety"]["allowed"] is False
    assert said.json["safety"]["violations"][0] | {"what": "", "where": ""} == {
        "rule": "G4",
        "what": "",
        "where": "",
        "got": 1.0,
        "limit": 2,
    }
    assert said.err.startswith("warning: a safety rule would refuse this plan: G4: ")
    assert said.err.count("\n") == 1


def test_strict_refuses_it_with_the_rule_and_its_numbers(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    said = Said(capsys, "drain", "plan", unproven(tmp_path / "network"), "--strict")
    said.failed_with(4, "guard.G4", "got: 1", "limit 2")


def test_freshness_is_judged_where_the_time_is_told(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    assert Said(capsys, "drain", "plan", folder, "--strict", "--now", "100").code == 0
    Said(capsys, "drain", "plan", folder, "--strict", "--now", "1000").failed_with(4, "guard.G4", "stale")
    Said(capsys, "drain", "plan", folder, "--now", "noon").failed_with(2, "--now", "got: noon")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--slo", "1.5"], ["--slo", "1.5"]),
        (["--slo", "nan"], ["--slo", "nan"]),
        (["--fleet-cap", "-0.1"], ["--fleet-cap"]),
        (["--region-floor", "all"], ["--region-floor", "all"]),
        (["--confidence", "2"], ["--confidence"]),
        (["--seconds", "0"], ["--seconds"]),
        (["--rounds", "0"], ["--rounds"]),
        (["--seed", "-1"], ["--seed"]),
        (["--method", "guess"], ["--method", "guess"]),
        (["--output", "xml"], ["--output", "xml"]),
        (["--slow"], ["--slow"]),
        (["too many"], ["too many"]),
        (["--method", "greedy", "--model", "x"], ["usage.no_model"]),
    ],
)
def test_what_makes_no_sense_is_a_usage_error(
    arguments: list[str], words: list[str], capsys: pytest.CaptureFixture[str], folder: Path
) -> None:
    Said(capsys, "drain", "plan", folder, *arguments).failed_with(2, *words)


def test_a_command_line_without_what_it_needs_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    Said(capsys, "drain", "plan").failed_with(2, "NETWORK", "fairlead drain plan --help")
    Said(capsys, "sail").failed_with(2, "sail")


def test_a_folder_that_is_no_network_is_bad_input(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    Said(capsys, "drain", "plan", folder / "nowhere").failed_with(3, "folder.missing", "nowhere")
    lines = (folder / "streams.csv").read_text().splitlines()
    (folder / "streams.csv").write_text("\n".join([*lines[:5], lines[5].replace("s", "q", 1), *lines[6:]]) + "\n")
    Said(capsys, "drain", "plan", folder, "--json").failed_with(3, "streams.csv:6")


def test_weights_that_are_not_there_are_bad_input(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    Said(capsys, "drain", "plan", folder, "--model", folder).failed_with(3, "model.missing")


def test_our_own_mistakes_are_one_line_too(
    capsys: pytest.CaptureFixture[str], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fairlead.service.drain_plan.read_network", lambda _: 1 / 0)
    Said(capsys, "drain", "plan", folder).failed_with(1, "internal: ZeroDivisionError", "FAIRLEAD_DEBUG=1")
    monkeypatch.setenv("FAIRLEAD_DEBUG", "1")
    assert "Traceback" in Said(capsys, "drain", "plan", folder).err


def test_an_extra_that_is_not_installed_is_named(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in sys.modules if name == "torch" or name.startswith(("torch.", "torch_geometric"))]:
        monkeypatch.delitem(sys.modules, name)
    for name in [name for name in sys.modules if name.endswith(("drain.net", "drain.train", "service.training"))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "torch", None)
    said = Said(capsys, "train", "drain", "--out", tmp_path / "weights")
    said.failed_with(6, "pip install 'fairlead[train]'")


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_a_generated_network_can_be_planned_for(form: str, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    out = tmp_path / "network"
    common = ["world", "generate", "overlay", "--kind", "paper", "--scenario", "mild", "--seed", "3"]
    said = Said(capsys, *common, "--out", out, "--form", form, "--json")
    assert said.code == 0
    assert said.json["servers"] == 60
    assert {path.suffix for path in out.glob("s*.*")} == {f".{form}"}
    plan = Said(capsys, "drain", "plan", out, "--json").json
    assert plan["basis"] == said.json["basis"]
    assert plan["status"] in ("SOLVED", "OUT_OF_REACH")


def test_a_scaled_network_has_the_size_that_was_asked_for(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    sizes = ["--servers", "40", "--pairs", "300", "--regions", "4", "--data-centers", "10", "--windows", "2"]
    said = Said(capsys, "world", "generate", "overlay", *sizes, "--out", tmp_path / "n", "--failed-ratio", "0.1")
    assert said.code == 0
    assert "stream rows" in said.out
    assert "600" in said.out
    too_small = ["--servers", "4", "--data-centers", "10", "--out", tmp_path / "other"]
    Said(capsys, "world", "generate", "overlay", *too_small).failed_with(2, "world.size")


def test_a_folder_with_other_files_is_not_overwritten(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("dear")
    said = Said(capsys, "world", "generate", "overlay", "--kind", "paper", "--out", tmp_path)
    said.failed_with(3, "folder.not_empty", "letter.txt")
    assert (tmp_path / "letter.txt").read_text() == "dear"


def command(*arguments: str, **others: Any) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "fairlead", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONWARNINGS": "error::ResourceWarning"},
        **others,
    )


def test_a_reader_that_goes_away_is_told_nothing(folder: Path) -> None:
    with command("drain", "plan", str(folder), "--json") as running:
        assert running.stdout is not None
        assert running.stderr is not None
        running.stdout.close()
        assert running.stderr.read() == ""
        assert running.wait() == 141


def test_an_interrupt_is_one_line_and_130() -> None:
    program = (
        "import signal, sys, time; from fairlead.service import cli, generate;"
        "signal.signal(signal.SIGINT, signal.default_int_handler);"  # a job in the background is born deaf to it
        "generate.written = lambda *_: time.sleep(60)"
    )
    line = "sys.exit(cli.main(['world', 'generate', 'overlay', '--out', 'x']))"
    ready = "sys.stderr.write('ready\\n'); sys.stderr.flush()"
    with subprocess.Popen(
        [sys.executable, "-c", f"{program}; {ready}; {line}"], stderr=subprocess.PIPE, text=True
    ) as running:
        assert running.stderr is not None
        assert running.stderr.readline() == "ready\n"
        time.sleep(0.5)
        running.send_signal(signal.SIGINT)
        assert running.stderr.read() == "error: interrupted\n"
        assert running.wait() == 130


def test_help_loads_nothing_heavy() -> None:
    heavy = ["numpy", "numba", "scipy", "pyarrow", "torch", "pydantic", "highspy"]
    program = "import sys; from fairlead.service.cli import main; main(['--help'])"
    program += f"; print([name for name in {heavy} if name in sys.modules])"
    shown = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert shown.stdout.splitlines()[-1] == "[]"
