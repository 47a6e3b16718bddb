"""``fairlead mitigate plan`` and ``world generate fabric``, from the command line to what is printed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fairlead.model import Arrivals, FabricLinks, Flows, FlowSizes, Nodes, Snapshot, apply_edits
from fairlead.predict.flows.clp import CLP_METRICS
from fairlead.service.cli import main
from fairlead.service.options_mitigate import ComparatorName, CongestionControl, MitigateMethod
from fairlead.service.wiring import MITIGATE_COMPARATORS, MITIGATE_RIVALS
from fairlead.telemetry import write_fabric
from fairlead.worlds.fabric import figure_1, lossy_link

QUICK = (
    "--demands", "4", "--samples", "8", "--measured", "1.5", "--warm-up", "0.3", "--no-what-if",
)  # fmt: skip


def sick(arrivals_per_s: float = 30.0) -> Snapshot:
    calm = figure_1().replaced(Arrivals.of(arrivals_per_s=[arrivals_per_s]))
    return apply_edits(calm, lossy_link(calm, "C0", "B0", 0.1))


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("fabric") / "network"
    write_fabric(sick(), folder, "csv")
    return folder


def ran(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    code = main([str(each) for each in arguments])
    said = capsys.readouterr()
    return code, said.out, said.err


def planned(capsys: pytest.CaptureFixture[str], folder: Path, *arguments: object) -> dict[str, Any]:
    code, out, _ = ran(capsys, "mitigate", "plan", folder, *QUICK, "--json", *arguments)
    assert code == 0
    found: dict[str, Any] = json.loads(out)
    return found


def test_help_shows_examples_that_can_be_copied_and_what_is_usual(capsys: pytest.CaptureFixture[str]) -> None:
    for command, words in (
        (("mitigate", "plan"), ("--comparator", "--congestion-control", "--transport", "--what-if", "PriorityFCT")),
        (("world", "generate", "fabric"), ("--fail", "--servers", "figure-1")),
    ):
        code, out, err = ran(capsys, *command, "--help")
        assert (code, err) == (0, "")
        assert "Examples" in out
        assert f"$ fairlead {' '.join(command)}" in out
        assert all(each in out for each in (*words, "--json"))


def test_all_that_is_wired_can_be_asked_for() -> None:
    assert {each.value for each in MitigateMethod} == {"fairlead", *MITIGATE_RIVALS}
    assert {each.value for each in ComparatorName} == set(MITIGATE_COMPARATORS)


def test_a_plan_as_json_has_the_fixed_keys_and_a_ranking_best_first(
    network: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = planned(capsys, network)
    assert {"planner", "status", "edits", "effects", "bound", "reasons", "ranking", "verdict"} <= set(said)
    assert said["status"] == "SOLVED"
    assert [each["metric"] for each in said["effects"]] == list(CLP_METRICS)
    best, *rest = said["ranking"]
    assert best["candidate"].startswith("disable C0-B0")
    assert rest
    for row in said["ranking"]:
        assert {"candidate", "metrics", "intervals", "tied_with_best"} <= set(row)
        assert set(row["metrics"]) == set(row["intervals"]) == set(CLP_METRICS)
        for name in CLP_METRICS:
            low, high = row["intervals"][name]
            assert low <= row["metrics"][name] <= high
    assert not next(row for row in rest if row["candidate"] == "none")["tied_with_best"]
    assert best["metrics"]["fct_p99_s"] == said["effects"][0]["after"]
    assert said["effects"][0]["after"] < said["effects"][0]["before"]
    assert "take link C0-B0 out of service" in said["steps"]
    assert ["C0", "B0"] in said["edits"][0]["ends"]
    assert said["verdict"] == {"allowed": True, "violations": [], "notes": []}


def test_the_same_question_gets_the_same_answer_and_another_seed_another(
    network: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, again, other = (planned(capsys, network, "--seed", seed) for seed in (0, 0, 1))
    assert first == again
    assert first["ranking"] != other["ranking"]


def test_a_table_for_people(network: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = ran(capsys, "mitigate", "plan", network, *QUICK)
    assert (code, err) == (0, "")
    assert out.startswith("Repair: disable C0-B0")
    for words in ("take link C0-B0 out of service", "p99 FCT, ms", "best?", "none", "By PriorityFCT", "8 samples"):
        assert words in out, words
    assert "\x1b" not in out


def test_what_would_change_it_is_found_and_told(network: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = [each for each in QUICK if each != "--no-what-if"]
    code, out, _ = ran(capsys, "mitigate", "plan", network, *asked, "--json")
    assert code == 0
    said = json.loads(out)
    chosen = said["ranking"][0]["candidate"]
    assert all(flip["winner"] != chosen and flip["factor"] != 1 for flip in said["what_would_change"])
    assert said["runner_up"]["candidate"] == said["ranking"][1]["candidate"]


@pytest.mark.parametrize("comparator", list(ComparatorName))
def test_every_comparator_ranks(comparator: ComparatorName, network: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = planned(capsys, network, "--comparator", comparator.value)
    assert said["status"] == "SOLVED"
    assert said["ranking"][0]["candidate"].startswith("disable C0-B0")


@pytest.mark.parametrize("control", list(CongestionControl))
def test_every_congestion_control_is_known(
    control: CongestionControl, network: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = planned(capsys, network, "--congestion-control", control.value)
    metrics = {row["candidate"]: row["metrics"]["throughput_mean_mbps"] for row in said["ranking"]}
    assert metrics["none"] > 0


@pytest.mark.parametrize("method", sorted(MITIGATE_RIVALS))
def test_every_rival_answers(method: str, network: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = planned(capsys, network, "--method", method)
    assert said["planner"].startswith(method)
    assert (said["ranking"], said["runner_up"], said["what_would_change"]) == ([], None, [])
    assert any("promises nothing" in note for note in said["verdict"]["notes"]) is bool(said["edits"])
    code, out, _ = ran(capsys, "mitigate", "plan", network, "--method", method)
    assert code == 0
    assert method in out


def with_table(folder: Path, network: Path, name: str, *lines: str) -> Path:
    folder.mkdir()
    for each in network.iterdir():
        (folder / each.name).write_bytes(each.read_bytes())
    (folder / name).write_text("\n".join(lines) + "\n")
    return folder


def test_only_the_candidates_that_are_listed_are_ranked(
    network: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = ("candidate,action,source,target,value", "keep,none,,,", "cut,disable_link,C0,B0,")
    lines += (
        "both,disable_link,B0,C0,",
        "both,set_weight,C1,B1,2",
        "alone,disable_link,C0,B0,",
        "alone,disable_link,C0,B1,",
    )
    said = planned(capsys, with_table(tmp_path / "n", network, "candidates.csv", *lines))
    assert {row["candidate"] for row in said["ranking"]} == {"keep", "cut", "both"}
    assert any("alone would cut servers off" in reason["text"] for reason in said["reasons"])


def test_pinned_flows_are_the_one_demand(network: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [f"{n / 20:.2f},H{n % 2},H{4 + n % 4},{50_000 if n % 3 else 2_000_000}" for n in range(40)]
    pinned = with_table(tmp_path / "n", network, "flows.csv", "start_s,source,target,size_bytes", *rows)
    said = planned(capsys, pinned)
    assert said["ranking"][0]["candidate"].startswith("disable C0-B0")
    assert said["status"] == "SOLVED"


def test_a_network_without_traffic_statistics_can_be_ranked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    silent = sick().replaced(
        Arrivals.of(arrivals_per_s=[]),
        FlowSizes.of(size_bytes=[], cdf_ratio=[]),
        Flows.of(start_s=[], source=[], target=[], size_bytes=[]),
    )
    write_fabric(silent, tmp_path / "n", "csv")
    for name in ("flow_sizes", "pairs", "flows"):
        (tmp_path / "n" / f"{name}.csv").unlink(missing_ok=True)
    said = planned(capsys, tmp_path / "n")
    assert said["ranking"]
    assert any("not known" in note for note in said["verdict"]["notes"]) is bool(said["edits"])


def test_strict_refuses_what_a_safety_rule_forbids_and_says_which(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_fabric(sick(arrivals_per_s=150.0), tmp_path / "busy", "csv")
    busy = with_table(
        tmp_path / "n", tmp_path / "busy", "candidates.csv", "candidate,action,source,target", "cut,disable_link,C0,B0"
    )
    code, out, err = ran(capsys, "mitigate", "plan", busy, *QUICK, "--strict")
    assert (code, out) == (4, "")
    assert err.startswith("error: guard.G3: refused by safety rule G3")
    assert len(err.strip().splitlines()) == 1
    code, out, err = ran(capsys, "mitigate", "plan", busy, *QUICK)
    assert code == 0
    assert err.startswith("warning: a safety rule would refuse this plan: G3")


def test_a_fabric_that_is_cut_apart_is_out_of_reach(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    apart = sick()
    for other in ("B0", "B1"):
        apart = apply_edits(apart, lossy_link(apart, "C0", other, 1.0))
    write_fabric(apart, tmp_path / "n", "csv")
    said = planned(capsys, tmp_path / "n")
    assert said["status"] == "OUT_OF_REACH"
    assert said["effects"][0]["after"] is None
    code, out, _ = ran(capsys, "mitigate", "plan", tmp_path / "n", *QUICK)
    assert code == 0
    assert out.startswith("Out of reach")
    assert "never" in out


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("mitigate", "plan", "nowhere"), 3, "error: folder.missing"),
        (("mitigate", "plan"), 2, "Missing argument 'NETWORK'"),
        (("mitigate", "plan", "{network}", "--comparator", "best"), 2, "best"),
        (("mitigate", "plan", "{network}", "--congestion-control", "vegas"), 2, "vegas"),
        (("mitigate", "plan", "{network}", "--method", "magic"), 2, "magic"),
        (("mitigate", "plan", "{network}", "--samples", "0"), 2, "--samples"),
        (("mitigate", "plan", "{network}", "--confidence", "nan"), 2, "is not a number from 0 to 1"),
        (("mitigate", "plan", "{network}", "--measured", "-1"), 2, "--measured"),
        (("mitigate", "plan", "{network}", "--warm-up", "-1"), 2, "is not a number, 0 or more"),
        (("mitigate", "plan", "{network}", "--transport", "{out}"), 3, "error: "),
        (("world", "generate", "fabric", "--fail", "C0", "--out", "{out}"), 2, "error: world.failure"),
        (("world", "generate", "fabric", "--fail", "C0-A0:0.1", "--out", "{out}"), 2, "no link or switch C0-A0"),
        (("world", "generate", "fabric", "--fail", "H0:0.1", "--out", "{out}"), 2, "H0 is a server"),
        (("world", "generate", "fabric", "--fail", "C0:1.1", "--out", "{out}"), 2, "error: world.failure"),
        (("world", "generate", "fabric", "--fail", "C0:0", "--out", "{out}"), 2, "error: world.failure"),
        (("world", "generate", "fabric", "--fail", "C0:nan", "--out", "{out}"), 2, "error: world.failure"),
        (("world", "generate", "fabric", "--arrivals", "-1", "--out", "{out}"), 2, "--arrivals"),
        (("world", "generate", "fabric", "--kind", "ring", "--out", "{out}"), 2, "ring"),
        (("world", "generate", "fabric", "--out", "{network}/.."), 3, "error: "),
    ],
)
def test_what_makes_no_sense_is_one_line(
    network: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], code: int, words: str
) -> None:
    filled = [each.format(network=network, out=tmp_path / "w") for each in arguments]
    got, out, err = ran(capsys, *filled)
    assert (got, out) == (code, "")
    assert words in err
    assert len(err.strip().splitlines()) == 1
    assert not (tmp_path / "w").exists()


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (("cut,disable_link,C0,A0,",), "a link that does not exist"),
        (("x,explode,C0,B0,",), "there is no such action"),
        (("x,set_weight,C0,B0,",), "set_weight needs a value"),
        (("x,move_traffic,B0,,",), "is no t0"),
        (("x,disable_link,C0,Z9,",), "Z9"),
    ],
)
def test_candidates_that_cannot_be_made_are_one_line(
    network: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], lines: tuple[str, ...], words: str
) -> None:
    folder = with_table(tmp_path / "n", network, "candidates.csv", "candidate,action,source,target,value", *lines)
    code, out, err = ran(capsys, "mitigate", "plan", folder, *QUICK)
    assert (code, out) == (3, "")
    assert words in err
    assert len(err.strip().splitlines()) == 1


@pytest.mark.parametrize("kind", ["figure-1", "testbed", "clos", "fat-tree"])
def test_what_is_generated_can_be_read_and_ranked(
    kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ("--kind", kind, "--servers", "16", "--arrivals", "50", "--fail", "C0-B0:0.05", "--fail", "B1:1")
    code, out, _ = ran(capsys, "world", "generate", "fabric", *asked, "--out", tmp_path / "w", "--json")
    assert code == 0
    said = json.loads(out)
    assert (said["arrivals_per_s"], said["failures"]) == (50.0, ["C0-B0:0.05", "B1:1"])
    found = planned(capsys, tmp_path / "w", "--samples", "2", "--demands", "2")
    assert found["network"]["links_count"] == said["links"]
    assert found["network"]["nodes_count"] == sum(said[f"{tier}_count"] for tier in ("server", "t0", "t1", "t2"))


def test_what_is_generated_holds_what_was_asked_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from fairlead.telemetry import read_fabric

    ran(capsys, "world", "generate", "fabric", "--fail", "C0-B0:0.05", "--fail", "A3:1", "--out", tmp_path / "w")
    found = read_fabric(tmp_path / "w")
    assert np.count_nonzero(found[FabricLinks].drop_ratio == 0.05) == 2
    assert found[Nodes].node[found[Nodes].drop_ratio == 1].tolist() == ["A3"]
