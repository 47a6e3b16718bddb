"""``fairlead route map``: a world is measured with noise, outliers and gaps, and drawn again from the files."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.csv
import pytest
from measured_worlds import (
    Probing,
    Segments,
    figures,
    latencies,
    members,
    records_of,
    segments_of,
    written_records,
)
from numpy.typing import NDArray

from fairlead.model import (
    Access,
    BadInputError,
    Demands,
    Direct,
    Groups,
    Links,
    Prefixes,
    ServiceClasses,
    Sites,
    Snapshot,
    UsageError,
)
from fairlead.service.cli import main
from fairlead.service.route_map import MapAnswer, MapRequest, Regrouping, mapped
from fairlead.service.route_map_records import Sources
from fairlead.telemetry import EstimateRule, RoundTrip, read_routing, write_routing
from fairlead.worlds.routing import SMALL_WORLD, routing_world

Columns = dict[str, NDArray[Any]]
Maker = Callable[..., MapRequest]
TRUTH = routing_world(SMALL_WORLD, 3).truth(0)
WITHOUT_PREFIX = {
    str(name)
    for row, name in enumerate(TRUTH[Groups].group.astype(str).tolist())
    if not (TRUTH[Prefixes].group == row).any()
}


@pytest.fixture(scope="module")
def records() -> Columns:
    return records_of(segments_of(TRUTH, Probing()), Probing(), np.random.default_rng(1))


@pytest.fixture
def request_of(tmp_path: Path, records: Columns) -> Maker:
    """A request in a folder of its own; ``changed`` records, the rest as :class:`MapRequest` has it."""
    write_routing(routing_world(SMALL_WORLD, 3).at(0), tmp_path / "network", "csv")

    def made(changed: Columns | None = None, **asked: Any) -> MapRequest:
        path = written_records(records if changed is None else changed, tmp_path / "probes.parquet")
        whole: dict[str, Any] = {
            "network": tmp_path / "network",
            "sources": Sources(records=path, atlas=None, ends=None),
            "out": tmp_path / "out",
            "rule": EstimateRule(),
        }
        return MapRequest(**whole | asked)

    return made


def ran(request: MapRequest) -> tuple[MapAnswer, Snapshot]:
    said: list[str] = []
    answer = mapped(request, said.append)
    assert said[0] == "reading the network"
    assert said[-1] == "writing"
    return answer, read_routing(request.out)


def kept(records: Columns, rows: NDArray[np.bool_]) -> Columns:
    return {name: values[rows] for name, values in records.items()}


def between(records: Columns, one: str, other: str) -> NDArray[np.bool_]:
    here = (records["source"] == one) & (records["target"] == other)
    return here | ((records["source"] == other) & (records["target"] == one))


def test_the_map_is_the_truth_but_for_noise(request_of: Maker) -> None:
    answer, network = ran(request_of())
    for kind, tolerance in ((Links, 0.03), (Access, 0.03), (Direct, 0.2)):
        truth, found = latencies(TRUTH, kind), latencies(network, kind)
        known = {ends: value for ends, value in found.items() if not math.isnan(value)}
        assert set(found) - set(known) == (
            {ends for ends in found if ends[0] in WITHOUT_PREFIX} if kind is Access else set()
        )
        assert len(known) >= 40 or kind is Links
        for ends, value in known.items():  # the plain Internet is measured one way and differs by a little the other
            assert value == pytest.approx(truth.get(ends, truth.get(ends[::-1])), rel=tolerance), (kind.name, ends)
    assert network[Links].jitter_ms == pytest.approx(TRUTH[Links].jitter_ms, rel=0.1)
    assert network[Links].loss_ratio == pytest.approx(TRUTH[Links].loss_ratio, abs=0.002)
    assert np.array_equal(network[Links].capacity_mbps, TRUTH[Links].capacity_mbps, equal_nan=True)
    facts = answer.facts
    assert facts["map"]["links"] == {"rows": 30, "measured": 30, "solved": 0, "unknown": 0}
    assert facts["map"]["access"]["unknown"] == len(WITHOUT_PREFIX)
    assert facts["measurements"]["windows"] == 2
    assert 0 <= facts["measurements"]["oldest_age_s"] < 600
    assert answer.warnings == ()
    assert network[Demands] == read_routing(request_of().network)[Demands]
    assert facts["network"] == str(request_of().out)
    assert facts["basis"] == network.basis


def test_round_trips_are_kept_whole_when_asked(request_of: Maker) -> None:
    _, half = ran(request_of())
    whole_rule = EstimateRule(round_trip=RoundTrip(latency_ratio=1.0, jitter_ratio=1.0, loss_exponent=1.0))
    _, whole = ran(request_of(rule=whole_rule))
    assert whole[Links].latency_ms == pytest.approx(2 * half[Links].latency_ms)


def test_a_plan_can_be_made_from_the_map(request_of: Maker, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ran(request_of())
    assert main(["route", "plan", str(tmp_path / "out"), "--out", str(tmp_path / "routes"), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["network"]["session_groups_count"] == 300
    rows = pyarrow.csv.read_csv(tmp_path / "routes" / "routes.csv").to_pydict()
    assert len(rows["sites"]) >= 300


def test_a_link_that_nobody_measures_is_solved_from_sessions_that_cross_it(request_of: Maker, records: Columns) -> None:
    links, sites = TRUTH[Links], TRUTH[Sites].site.astype(str)
    one, other = sites[links.source[0]], sites[links.target[0]]
    gap = kept(records, ~between(records, one, other))
    answer, network = ran(request_of(gap))
    assert answer.facts["map"]["links"] == {"rows": 30, "measured": 28, "solved": 0, "unknown": 2}
    assert np.isnan(network[Links].latency_ms[0])
    assert "2 of 30 links have no latency" in answer.warnings[0]

    access = {
        (int(group), int(site)): figures(TRUTH[Access], row)
        for row, (group, site) in enumerate(zip(TRUTH[Access].group, TRUTH[Access].site, strict=True))
    }
    sessions = Segments([], [], [], [], [], [])
    with_prefix = [group for group in range(TRUTH[Groups].row_count) if members(TRUTH, group)]
    for source, target in pairwise(with_prefix):
        parts = (
            access[source, int(links.source[0])],
            figures(links, 0),
            access[target, int(links.target[0])],
        )
        joined = (
            sum(part[0] for part in parts),
            sum(part[1] for part in parts),
            1 - math.prod(1 - part[2] for part in parts),
        )
        sessions.add(members(TRUTH, source)[0], members(TRUTH, target)[0], joined, via=f"{one}>{other}")
    paths = records_of(sessions, Probing(), np.random.default_rng(2))
    answer, network = ran(request_of({name: np.concatenate([gap[name], paths[name]]) for name in gap}))
    assert answer.facts["map"]["links"] == {"rows": 30, "measured": 28, "solved": 1, "unknown": 1}
    assert network[Links].latency_ms[0] == pytest.approx(links.latency_ms[0], rel=0.1)


def test_paths_over_unknown_sites_are_left_out_and_counted(request_of: Maker, records: Columns) -> None:
    ends = members(TRUTH, 1)[0], members(TRUTH, 2)[0]
    lost = Segments([], [], [], [], [], [])
    lost.add(*ends, (50.0, 1.0, 0.0), via="nowhere")
    paths = records_of(lost, Probing(), np.random.default_rng(2))
    answer, _ = ran(request_of({name: np.concatenate([records[name], paths[name]]) for name in records}))
    assert answer.facts["tomography"]["paths_left_out"] == 1
    assert any("1 measured paths" in line for line in answer.warnings)


def test_what_is_too_old_or_not_yet_known_is_not_in_the_map(request_of: Maker, records: Columns) -> None:
    sites = TRUTH[Sites].site.astype(str)
    one, other = sites[TRUTH[Links].source[0]], sites[TRUTH[Links].target[0]]
    old = kept(records, ~(between(records, one, other) & (records["time"] >= 300)))
    answer, network = ran(request_of(old, now="1500", max_age_s=1199.0))
    assert np.isnan(network[Links].latency_ms[0])
    assert answer.facts["measurements"]["paths_too_old"] == 2
    assert answer.facts["measurements"]["oldest_age_s"] <= 1199
    answer, network = ran(request_of(old, now="1970-01-01T00:25:00Z", max_age_s=1600.0))
    assert network[Links].latency_ms[0] == pytest.approx(TRUTH[Links].latency_ms[0], rel=0.03)
    # only the first window is known by then
    answer, network = ran(request_of(now="299"))
    assert answer.facts["measurements"]["windows"] == 1
    assert answer.facts["measurements"]["ahead_of_now"] == len(records["time"]) // 2
    assert "later than --now" in answer.warnings[0]
    answer, network = ran(request_of(now="299", rule=EstimateRule(least_count=7)))
    assert np.isnan(network[Links].latency_ms).all()
    assert np.isnan(network[Access].latency_ms).all()
    assert answer.facts["measurements"]["oldest_age_s"] is None


def test_prefixes_are_grouped_anew_and_ids_stay(request_of: Maker, records: Columns, tmp_path: Path) -> None:
    memory = tmp_path / "groups.memory"
    flows = tmp_path / "flows.csv"
    names = TRUTH[Prefixes].prefix.astype(str)
    lines = [f"{names[i]},{names[-1 - i]},premium,{i + 1}" for i in range(len(names) // 2)]
    flows.write_text("source,target,service_class,demand_mbps\n" + "\n".join(lines) + "\n", encoding="utf-8")
    asked = {"regroup": Regrouping(memory=memory), "flows": flows}
    answer, first = ran(request_of(**asked))
    groups = answer.facts["groups"]
    assert (groups["fresh"], groups["prefixes_ungrouped"]) == (60, 0)
    assert first[Demands].demand_mbps.sum() == pytest.approx(sum(range(1, 31)))
    assert answer.facts["demand"]["from"] == "flows"
    latency = latencies(first, Access)
    for group in first[Groups].group.tolist():  # a group's name is the order of its nearest sites
        near = sorted((value, site) for (name, site), value in latency.items() if name == group)
        assert near[0][1] in group.split(">")[:2]
        assert len(group.split(">")) == 3

    noisy = records_of(segments_of(TRUTH, Probing()), Probing(), np.random.default_rng(9))
    answer, second = ran(request_of(noisy, **asked))
    groups = answer.facts["groups"]
    assert groups["fresh"] == groups["moved"] == groups["forced"] == 0
    assert groups["same"] + groups["tolerated"] + groups["waiting"] == 60
    assert second[Prefixes] == first[Prefixes]
    assert second[Groups] == first[Groups]
    # without the memory noise moves some
    _, forgetful = ran(request_of(noisy, flows=flows, regroup=Regrouping()))
    assert forgetful[Prefixes] != first[Prefixes]


def test_dense_prefixes_are_grouped_by_two_sites(request_of: Maker, tmp_path: Path) -> None:
    dense = tmp_path / "dense.txt"
    names = TRUTH[Prefixes].prefix.astype(str).tolist()
    dense.write_text(f"\n{names[0]}\n {names[5]}\n", encoding="utf-8")
    _, network = ran(request_of(regroup=Regrouping(dense=dense)))
    depth = [len(str(network[Groups].group[row]).split(">")) for row in network[Prefixes].group.tolist()]
    assert [row for row, sites in enumerate(depth) if sites == 2] == [0, 5]
    assert set(depth) == {2, 3}
    dense.write_text(f"{names[0]}\nx\n", encoding="utf-8")
    with pytest.raises(BadInputError, match=r"map\.unknown_prefix.*dense\.txt:2.*'x'"):
        ran(request_of(regroup=Regrouping(dense=dense)))


def test_demands_of_groups_that_are_gone_are_dropped_and_said(request_of: Maker) -> None:
    answer, network = ran(request_of(regroup=Regrouping()))
    whole = routing_world(SMALL_WORLD, 3).at(0)[Demands].demand_mbps.sum()
    assert network[Demands].row_count == 0
    assert answer.facts["demand"]["dropped"] == 300
    assert answer.facts["demand"]["dropped_mbps"] == pytest.approx(whole)
    assert answer.warnings[0].startswith("300 session groups with 1,9")
    # the new groups in turn: the demands of those that are still there stay
    made = Demands.of(source_group=[0, 1], target_group=[1, 0], service_class=[0, 1], demand_mbps=[5.0, math.nan])
    request = request_of(regroup=Regrouping())
    write_routing(network.replaced(made), request.network, "csv")
    answer, again = ran(request)
    assert again[Demands] == made
    assert answer.facts["demand"]["dropped"] == 0


def test_before_the_first_measurement_there_is_no_access(request_of: Maker, tmp_path: Path) -> None:
    """NETWORK without ``access``: the groups are those that ``prefixes`` names, or are made."""
    whole = ran(request_of())[1]
    request = request_of()
    for name in ("access", "direct", "demands"):
        (request.network / f"{name}.csv").unlink()
    _, network = ran(request)
    named = np.unique(TRUTH[Groups].group[TRUTH[Prefixes].group])
    assert network[Groups].group.tolist() == named.tolist()
    assert latencies(network, Links) == latencies(whole, Links)
    assert network[ServiceClasses].row_count == 3
    prefixes = pyarrow.csv.read_csv(request.network / "prefixes.csv")
    blank = "prefix,group\n" + "".join(f"{name},\n" for name in prefixes["prefix"].to_pylist())
    (request.network / "prefixes.csv").write_text(blank, encoding="utf-8")
    with pytest.raises(BadInputError, match=r"map\.no_groups.*--regroup"):
        ran(request)
    answer, _ = ran(replace(request, regroup=Regrouping()))
    assert answer.facts["groups"]["count"] > 5


def atlas_result(probe: int, address: str, rtts: list[float | None], timestamp: int) -> dict[str, Any]:
    answers: list[dict[str, Any]] = [{"x": "*"} if rtt is None else {"rtt": rtt} for rtt in rtts]
    return {
        "fw": 5080, "mver": "2.6.2", "lts": 12, "dst_name": address, "ttl": 50, "af": 4, "dst_addr": address,
        "src_addr": "192.168.1.10", "proto": "ICMP", "size": 48, "result": answers, "dup": 0, "sent": len(rtts),
        "rcvd": sum(rtt is not None for rtt in rtts), "min": 1.0, "max": 2.0, "avg": 1.5, "msm_id": 1001,
        "prb_id": probe, "timestamp": timestamp, "msm_name": "Ping", "from": "203.0.113.7", "type": "ping",
        "group_id": 1001, "step": 240, "stored_timestamp": timestamp + 60,
    }  # fmt: skip


def test_atlas_results_join_the_records_or_stand_alone(request_of: Maker, records: Columns, tmp_path: Path) -> None:
    sites, prefix = TRUTH[Sites].site.astype(str), members(TRUTH, 1)[0]
    atlas, ends = tmp_path / "pings.json", tmp_path / "ends.csv"
    results = [atlas_result(6012, "198.51.100.1", [30.0, 31.0, None], 400 + 10 * i) for i in range(4)]
    results += [atlas_result(7, "198.51.100.1", [1.0], 400), results[0] | {"type": "dns"}]
    atlas.write_text(json.dumps(results), encoding="utf-8")
    ends.write_text(f"kind,label,end\nprobe,6012,{prefix}\naddress,198.51.100.1,{sites[2]}\n", encoding="utf-8")
    path = written_records(records, tmp_path / "probes.csv")
    gone = kept(records, ~((records["source"] == sites[2]) & np.isin(records["target"], members(TRUTH, 1))))
    request = request_of(gone)
    request = replace(request, sources=replace(request.sources, atlas=atlas, ends=ends))
    answer, network = ran(request)
    group = str(TRUTH[Groups].group[1])
    assert latencies(network, Access)[group, str(sites[2])] == pytest.approx(30.5 / 2)
    counts = answer.facts["measurements"]
    assert (counts["atlas_results"], counts["atlas_unmapped"], counts["atlas_other"]) == (4, 1, 1)
    assert counts["records"] == len(gone["time"])
    # with UTC times in the records the clock is the same
    stamped = gone | {"time": gone["time"].astype("M8[s]").astype("M8[ms]")}
    again = request_of(stamped, max_age_s=250.0)  # in milliseconds they would be too old
    request = replace(request, max_age_s=250.0)
    _, network = ran(
        replace(request, sources=replace(request.sources, records=written_records(gone, tmp_path / "own.csv")))
    )
    assert ran(replace(again, sources=replace(again.sources, atlas=atlas, ends=ends)))[1] == network
    _, alone = ran(replace(request, sources=Sources(records=None, atlas=atlas, ends=ends)))
    assert np.isnan(alone[Links].latency_ms).all()
    assert latencies(alone, Access)[group, str(sites[2])] == pytest.approx(30.5 / 2)
    assert path.exists()


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ("kind,label,end\nrouter,6012,{site}\n", "cell.unknown_kind"),
        ("kind,label,end\nprobe,x12,{site}\n", "cell.not_a_probe"),
        ("kind,label,end\nprobe,007,{site}\n", "cell.not_a_probe"),
        ("kind,label,end\nprobe,6012,nowhere\n", "cell.dangling"),
        ("kind,label,end\nprobe,6012,{site}\nprobe,6012,{site}\n", "row.duplicate"),
        ("kind,end\nprobe,{site}\n", "table.missing_column"),
    ],
)
def test_a_wrong_mapping_of_atlas(request_of: Maker, tmp_path: Path, content: str, code: str) -> None:
    atlas, ends = tmp_path / "pings.json", tmp_path / "ends.csv"
    atlas.write_text("[]", encoding="utf-8")
    ends.write_text(content.format(site=TRUTH[Sites].site[0]), encoding="utf-8")
    request = request_of()
    refused(replace(request, sources=replace(request.sources, atlas=atlas, ends=ends)), code)


def refused(request: MapRequest, code: str) -> None:
    """One line, exit code 3, and nothing written."""
    with pytest.raises(BadInputError) as raised:
        mapped(request, lambda _: None)
    assert raised.value.code == code
    assert raised.value.exit_code == 3
    assert "\n" not in str(raised.value)
    assert not request.out.exists()
    assert not [path for path in request.out.parent.iterdir() if path.name.startswith(".")]


@pytest.mark.parametrize(
    ("column", "value", "code"),
    [
        ("source", "nowhere", "cell.dangling"),
        ("rtt_ms", -1.0, "cell.out_of_range"),
        ("received_count", 10**6, "row.more_received"),
    ],
)
def test_wrong_records_name_the_place(
    request_of: Maker, records: Columns, column: str, value: float | str, code: str
) -> None:
    bad = {name: values[:50].copy() for name, values in records.items()}
    bad[column] = bad[column].astype(object)
    bad[column][7] = value
    refused(request_of(bad | {column: np.array(bad[column].tolist())}), code)


def test_what_else_can_be_wrong(request_of: Maker, records: Columns, tmp_path: Path) -> None:
    refused(request_of({name: values[:0] for name, values in records.items()}), "table.empty")
    flows = tmp_path / "flows.csv"
    flows.write_text("source,target,service_class,demand_mbps\n10.0.0.0/24,x,premium,1\n", encoding="utf-8")
    refused(request_of(flows=flows), "cell.dangling")
    refused(request_of(rule=EstimateRule(least_count=1000), regroup=Regrouping()), "map.no_groups")
    memory = tmp_path / "memory"
    memory.write_bytes(b"else")
    refused(request_of(regroup=Regrouping(memory=memory)), "memory.not_a_memory")
    with pytest.raises(UsageError, match=r"usage\.memory"):
        request_of(regroup=Regrouping(memory=tmp_path / "out" / "memory"))
    with pytest.raises(UsageError, match=r"usage\.time"):
        mapped(request_of(now="yesterday"), lambda _: None)
    with pytest.raises(UsageError, match=r"usage\.time"):
        mapped(request_of(now="nan"), lambda _: None)


def test_neither_network_nor_memory_when_the_network_cannot_be_written(request_of: Maker, tmp_path: Path) -> None:
    memory = tmp_path / "memory"
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "notes.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(BadInputError, match=r"folder\.not_empty"):
        mapped(request_of(regroup=Regrouping(memory=memory)), lambda _: None)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["network", "out", "probes.parquet"]
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["notes.txt"]


def test_a_network_may_be_measured_into_itself_and_a_site_is_no_prefix(request_of: Maker, tmp_path: Path) -> None:
    request = request_of()
    _, network = ran(replace(request, out=request.network))
    assert read_routing(request.network) == network
    assert (request.network / "links.csv").exists()
    _, network = ran(replace(request, form="parquet"))
    assert (request.out / "links.parquet").exists()
    named = TRUTH[Sites].site.astype("U20")
    named[0] = str(TRUTH[Prefixes].prefix[0])
    write_routing(network.replaced(network[Sites].with_column("site", named)), request.network, "csv")
    with pytest.raises(BadInputError, match=r"map\.ambiguous_end"):
        mapped(request, lambda _: None)


def test_the_command(request_of: Maker, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    request = request_of()
    places = ["route", "map", str(request.network), str(request.sources.records), "--out", str(request.out)]
    assert main([*places, "--json", "--form", "parquet"]) == 0
    printed = capsys.readouterr()
    assert json.loads(printed.out)["map"]["links"]["measured"] == 30
    assert printed.err == ""
    memory = str(tmp_path / "memory")
    assert main([*places, "--latency", "round-trip", "--regroup", "--memory", memory, "--depth", "2"]) == 0
    printed = capsys.readouterr()
    assert "prefixes ungrouped" in printed.out
    assert "warning: 300 session groups" in printed.err
    network = read_routing(request.out)
    assert network[Links].latency_ms == pytest.approx(2 * TRUTH[Links].latency_ms, rel=0.03)
    assert {len(str(group).split(">")) for group in network[Groups].group.tolist()} == {2}
    Path(memory).write_bytes(Path(memory).read_bytes()[:-1])
    assert main([*places, "--regroup", "--memory", memory]) == 3
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("error: memory.damaged")
    assert printed.err.count("\n") == 1
    assert read_routing(request.out) == network


@pytest.mark.parametrize(
    "more", [("--memory", "x"), ("--depth", "2"), ("--dense", "x"), ("--atlas", "x"), ("--ends", "x")]
)
def test_options_that_go_together(request_of: Maker, capsys: pytest.CaptureFixture[str], more: tuple[str, str]) -> None:
    request = request_of()
    out = ["--out", str(request.out)]
    assert main(["route", "map", str(request.network), str(request.sources.records), *out, *more]) == 2
    assert capsys.readouterr().err.startswith(("error: usage.regroup", "error: usage.atlas"))
    assert main(["route", "map", str(request.network), *out]) == 2
    assert capsys.readouterr().err.startswith("error: usage.records")


def test_flows_of_a_prefix_without_a_group_are_dropped_and_said(request_of: Maker, tmp_path: Path) -> None:
    request = request_of(flows=tmp_path / "flows.csv")
    network = read_routing(request.network)
    group = network[Prefixes].group.copy()
    group[0] = -1
    write_routing(network.replaced(network[Prefixes].with_column("group", group)), request.network, "csv")
    one, other = network[Prefixes].prefix.astype(str)[[0, -1]]
    rows = f"{one},{other},premium,3\n{other},{one},premium,4\n{other},{other},premium,5\n"
    (tmp_path / "flows.csv").write_text(f"source,target,service_class,demand_mbps\n{rows}", encoding="utf-8")
    answer, found = ran(request)
    assert (answer.facts["demand"]["dropped"], answer.facts["demand"]["dropped_mbps"]) == (2, 7.0)
    assert answer.warnings[0].startswith("2 flows with 7.0 Mbit/s")
    assert found[Demands].demand_mbps.tolist() == [5.0]
    assert answer.facts["groups"]["prefixes_ungrouped"] == 1
