"""``fairlead route``, from the command line to the files."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow.csv
import pyarrow.parquet
import pytest

from fairlead.model import Demands, Groups, Links, Routes, Sites, Snapshot, UsageError
from fairlead.planners.route import RouteGoal, prepared
from fairlead.planners.route.backbone import with_paths
from fairlead.service.cli import main
from fairlead.service.executor import Workers
from fairlead.service.route_files import COLUMNS, path_labels, routes_table
from fairlead.service.route_plan import RouteRequest, answered, with_all_pairs
from fairlead.telemetry import read_routing, write_routing
from fairlead.worlds.routing import SMALL_WORLD, routing_world


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("routing") / "network"
    write_routing(routing_world(SMALL_WORLD, 3).at(0), folder, "csv")
    return folder


@pytest.fixture(scope="module")
def scheduler() -> Iterator[str]:
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=1, processes=False, protocol="tcp", dashboard_address=None
    ) as cluster:
        yield cluster.scheduler_address


def ran(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(list(arguments))
    said = capsys.readouterr()
    return code, said.out, said.err


def test_a_plan_writes_routes_and_says_how_good_they_are(
    network: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = ran(capsys, "route", "plan", str(network), "--out", str(tmp_path / "out"), "--json")
    said = json.loads(out)
    assert (code, err) == (0, "")
    assert said["routes"] == str(tmp_path / "out" / "routes.csv")
    assert {effect["metric"] for effect in said["effects"]} >= {"sla_ratio", "priced_utilisation_max"}
    assert said["bound"]["best"] <= said["bound"]["cost"]
    assert said["network"]["session_groups_count"] == 300
    rows = pyarrow.csv.read_csv(tmp_path / "out" / "routes.csv")
    assert tuple(rows.column_names) == COLUMNS
    weight = rows.to_pydict()
    total: dict[tuple[str, str, str], float] = {}
    for source, target, name, share in zip(
        weight["source_group"], weight["target_group"], weight["service_class"], weight["weight_ratio"], strict=True
    ):
        total[source, target, name] = total.get((source, target, name), 0.0) + share
    assert len(total) == 300
    assert np.allclose(list(total.values()), 1.0)


def test_a_table_for_people(network: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = ran(capsys, "route", "plan", str(network))
    assert code == 0
    for words in ("inside their SLA", "fullest link", "best possible", "session groups: on paths inside their own SLA"):
        assert words in out


def test_the_form_is_that_of_the_network_or_what_was_asked_for_and_there_is_one_file(
    network: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ran(capsys, "route", "plan", str(network), "--out", str(tmp_path))
    assert [path.name for path in tmp_path.iterdir()] == ["routes.csv"]
    as_csv = pyarrow.csv.read_csv(tmp_path / "routes.csv")
    ran(capsys, "route", "plan", str(network), "--out", str(tmp_path), "--form", "parquet")
    assert [path.name for path in tmp_path.iterdir()] == ["routes.parquet"]
    as_parquet = pyarrow.parquet.read_table(tmp_path / "routes.parquet")
    assert as_parquet.num_rows == as_csv.num_rows
    assert as_parquet["sites"].to_pylist() == as_csv["sites"].to_pylist()


def request(network: Path, **changed: object) -> RouteRequest:
    values: dict[str, object] = {
        "network": network, "method": "fairlead", "goal": RouteGoal(), "out": None, "store": None, "previous": None,
        "form": None, "all_pairs": False, "seed": 0, "seconds": float("inf"), "workers": Workers(), "strict": False,
    }  # fmt: skip
    return RouteRequest(**{**values, **changed})  # type: ignore[arg-type]


@pytest.mark.parametrize("method", ["fairlead", "panorama"])
def test_who_does_the_work_does_not_show(network: Path, scheduler: str, method: str) -> None:
    """One process, two, and a Dask cluster: the same tables to the last bit."""
    plans = [
        answered(request(network, method=method, workers=workers), lambda _: None).planned.basis
        for workers in (Workers(), Workers(count=2), Workers(cluster=scheduler))
    ]
    assert len(set(plans)) == 1


def test_strict_refuses_before_anything_is_written(
    network: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = (
        "route",
        "plan",
        str(network),
        "--method",
        "nearby",
        "--headroom",
        "0.01",
        "--out",
        str(tmp_path / "o"),
    )
    code, _, err = ran(capsys, *arguments, "--strict")
    assert code == 4
    assert err.startswith("error: guard.G3: refused by safety rule G3")
    assert not (tmp_path / "o").exists()
    code, _, err = ran(capsys, *arguments)
    assert code == 0
    assert "warning: a safety rule would refuse this plan: G3" in err
    assert (tmp_path / "o" / "routes.csv").exists()


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("route", "plan", "nowhere"), 3, "error: folder.missing"),
        (("route", "plan"), 2, "Missing argument 'NETWORK'"),
        (("route", "plan", "{network}", "--slack", "nan"), 2, "is not a number from 0 to 1"),
        (("route", "plan", "{network}", "--active-mbps", "-1"), 2, "is not a number, 0 or more"),
        (("route", "plan", "{network}", "--keep", "0"), 2, "--keep"),
        (("route", "plan", "{network}", "--method", "magic"), 2, "magic"),
        (("route", "plan", "{network}", "--out", "{network}/sites.csv"), 3, "error: folder.unwritable"),
        (("route", "plan", "{network}", "--out", "{network}/../network"), 2, "error: route.into_network"),
        (("route", "plan", "{network}", "--store", "{network}"), 2, "error: route.into_network"),
        (
            ("world", "generate", "routing", "--groups", "2", "--session-groups", "99", "--out", "{out}"),
            2,
            "world.size",
        ),
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


def test_all_pairs_keep_the_demand_that_is_known(network: Path) -> None:
    small = read_routing(network)
    every = with_all_pairs(small)
    groups = small[Groups].row_count
    assert every[Demands].row_count == groups * groups * 3
    assert np.nansum(every[Demands].demand_mbps) == pytest.approx(np.nansum(small[Demands].demand_mbps))
    planned = answered(request(network, all_pairs=True), lambda _: None).planned
    assert routes_table(planned).num_rows >= groups * groups * 3


def test_a_network_without_demands_gets_all_pairs(network: Path, tmp_path: Path) -> None:
    tables = [table for table in read_routing(network).tables if not isinstance(table, Demands)]
    silent = Snapshot([*tables, Demands.of(**{name: [] for name in Demands.declared()})])
    write_routing(silent, tmp_path / "silent", "csv")
    (tmp_path / "silent" / "demands.csv").unlink()
    planned = answered(request(tmp_path / "silent"), lambda _: None).planned
    assert planned[Demands].row_count == silent[Groups].row_count ** 2 * 3


def test_what_is_generated_can_be_planned(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ("--sites", "4", "--groups", "10", "--session-groups", "50", "--seed", "5")
    code, out, _ = ran(capsys, "world", "generate", "routing", *arguments, "--out", str(tmp_path / "w"), "--json")
    assert code == 0
    said = json.loads(out)
    assert (said["sites"], said["groups"], said["session_groups"]) == (4, 10, 50)
    assert prepared(read_routing(tmp_path / "w"), RouteGoal())[Demands].row_count == 50


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_what_was_written_is_where_the_next_plan_begins(network: Path, tmp_path: Path, form: str) -> None:
    first = answered(request(network, out=tmp_path, form=form), lambda _: None)
    again = answered(request(network, previous=tmp_path), lambda _: None)
    assert again.snapshot[Routes] == first.planned[Routes]
    assert again.plan.edits == ()


def test_what_was_written_of_things_that_are_gone_is_dropped(network: Path, tmp_path: Path) -> None:
    """Without one site, what went over it is spread over what is left; G2 counts nobody twice."""
    first = answered(request(network, out=tmp_path / "out"), lambda _: None)
    tables = {table.name: table for table in read_routing(network).tables}
    gone = 0
    links, access = tables["links"], tables["access"]
    link_rows = np.flatnonzero((links.array("source") != gone) & (links.array("target") != gone))
    access_rows = np.flatnonzero(access.array("site") != gone)
    tables["links"] = type(links)(**{name: links.array(name)[link_rows] for name in links.declared()})
    tables["access"] = type(access)(**{name: access.array(name)[access_rows] for name in access.declared()})
    write_routing(Snapshot(tables.values()), tmp_path / "less", "csv")
    snapshot = answered(request(tmp_path / "less", previous=tmp_path / "out"), lambda _: None).snapshot
    before, after = (each[Routes].path.reshape(-1, 3) for each in (first.planned, snapshot))
    assert (after >= 0).sum() < (before >= 0).sum()
    total = snapshot[Routes].weight_ratio.reshape(-1, 3).sum(axis=1)
    assert np.allclose(total[(after >= 0).any(axis=1)], 1.0)
    assert not snapshot[Routes].weight_ratio.reshape(-1, 3)[after < 0].any()


def test_previous_routes_that_cannot_be_read_are_one_line(
    network: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _, err = ran(capsys, "route", "plan", str(network), "--previous", str(tmp_path))
    assert (code, err.count("\n")) == (3, 1)
    assert err.startswith("error: folder.missing_table: there are no routes")
    (tmp_path / "routes.csv").write_text(
        "source_group,target_group,service_class,rank,sites,weight_ratio\na,b,c,0,x,2\n"
    )
    code, _, err = ran(capsys, "route", "plan", str(network), "--previous", str(tmp_path))
    assert code == 3
    assert err.startswith("error: cell.out_of_range")
    assert "routes.csv:2:11" in err


def test_where_the_store_cannot_be_written_nothing_is(
    network: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    code, out, err = ran(
        capsys, "route", "plan", str(network), "--out", str(tmp_path / "out"), "--store", str(tmp_path / "file")
    )
    assert (code, out) == (3, "")
    assert err.startswith("error: route_store.unusable")
    assert not (tmp_path / "out").exists()


def test_written_rows_of_ends_that_are_gone_are_nobodys(network: Path, tmp_path: Path) -> None:
    """A name that is gone must not turn into the row of another: neither end, nor the class."""
    first = answered(request(network, out=tmp_path), lambda _: None)
    header, *rows = (tmp_path / "routes.csv").read_text().splitlines()
    strangers = []
    for row in rows:
        source, target, name, rest = row.split(",", 3)
        strangers += [f'"nobody",{target},{name},{rest}', f'{source},"nobody",{name},{rest}']
        strangers.append(f'{source},{target},"none",{rest}')
    (tmp_path / "routes.csv").write_text("\n".join([header, *strangers]) + "\n")
    snapshot = answered(request(network, previous=tmp_path), lambda _: None).snapshot
    assert (snapshot[Routes].path == -1).all()
    assert not snapshot[Routes].weight_ratio.any()
    assert first.planned[Routes].weight_ratio.any()


def test_ids_with_the_sign_between_sites_stay_themselves(tmp_path: Path) -> None:
    """Site "a>b" and the way from "a" to "b" are written as two things, and found again as two."""
    names = np.array(["a", "a>b", "b", "a\\"])
    ends = [(0, 2), (1, 2), (3, 2), (0, 1), (3, 1)]
    snapshot = Snapshot(
        [
            Sites.of(site=names),
            Links.of(
                source=np.array([source for source, _ in ends]),
                target=np.array([target for _, target in ends]),
                latency_ms=np.ones(len(ends)),
            ),
        ]
    )
    labels = path_labels(with_paths(snapshot)).tolist()
    assert len(set(labels)) == len(labels)
    assert {"a>b", "a\\>b", "a>a\\>b>b", "a\\\\>b", "a\\\\>a\\>b"} <= set(labels)


def test_a_plan_with_fewer_slots_forgets_what_was_behind_them(network: Path, tmp_path: Path) -> None:
    """Rank 2 of a session group is not rank 0 of the next."""
    answered(request(network, out=tmp_path), lambda _: None)
    less = request(network, previous=tmp_path, goal=RouteGoal(kept_count=2))
    snapshot = answered(less, lambda _: None).snapshot
    written = pyarrow.csv.read_csv(tmp_path / "routes.csv").to_pydict()
    sites = {
        key: spelt
        for *key_parts, rank, spelt in zip(
            *(written[name] for name in ("source_group", "target_group", "service_class", "rank", "sites")), strict=True
        )
        if rank == 0 and (key := tuple(map(str, key_parts)))
    }
    kept = routes_table(snapshot).to_pydict()
    assert max(kept["rank"]) == 1
    for *key_parts, rank, spelt in zip(
        *(kept[name] for name in ("source_group", "target_group", "service_class", "rank", "sites")), strict=True
    ):
        assert rank or (spelt or "") == (sites[tuple(map(str, key_parts))] or "")


def test_routes_that_cannot_be_put_in_place_leave_nothing_beside(
    network: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "routes.csv" / "in the way").mkdir(parents=True)
    code, out, _ = ran(capsys, "route", "plan", str(network), "--out", str(tmp_path))
    assert (code, out) == (3, "")
    assert [path.name for path in tmp_path.iterdir()] == ["routes.csv"]


def test_too_many_pairs_are_refused_before_they_are_made(network: Path) -> None:
    small = read_routing(network)
    crowd = small.replaced(Groups.of(group=np.arange(4_100)))
    with pytest.raises(UsageError, match=r"4,100 groups x 4,100 groups x 3 classes = 50,430,000"):
        with_all_pairs(crowd)
