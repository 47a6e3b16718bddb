"""The folder of a routed overlay: what is read, what may be absent, and that writing gives the same back."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np
import pyarrow as pa
import pytest
from good_folder import both, content, in_parquet, removed, swapped
from hypothesis import given, settings
from hypothesis import strategies as st
from routing_folder import ROUTING_FILES, write_good_routing

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
    Windows,
)
from fairlead.model import routing as routing_tables
from fairlead.model.table import Table
from fairlead.telemetry import ROUTING_TABLES, read_routing, write_routing
from fairlead.telemetry.routing_rules import ROUTING_RULES

Form = Literal["csv", "parquet"]
FORMS: tuple[Form, ...] = ("csv", "parquet")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_good_routing(tmp_path / "net")
    return tmp_path / "net"


def test_references_are_rows(folder: Path) -> None:
    found = read_routing(folder)
    assert found[Sites].site.tolist() == ["fra", "lon", "nyc"]
    assert found[Links].source.tolist() == [0, 1, 1, 2]
    assert found[Links].target.tolist() == [1, 0, 2, 1]
    assert found[Groups].group.tolist() == ["alone", "fra>lon>nyc", "lon>fra"]
    assert found[Access].group.tolist() == [1, 1, 2, 0, 2]
    assert found[Access].site.tolist() == [0, 1, 1, 2, 0]
    assert found[Prefixes].group.tolist() == [1, 2, -1, 2, -1]
    assert found[Direct].source_group.tolist() == [1, 2]
    assert found[Demands].service_class.tolist() == [0, 1, 1]
    assert {type(table) for table in found.tables} == set(ROUTING_TABLES)


def test_unknown_is_not_zero(folder: Path) -> None:
    found = read_routing(folder)
    assert np.isnan(found[Links].latency_ms).tolist() == [False, False, False, True]
    assert np.isnan(found[Links].capacity_mbps).tolist() == [False, False, True, True]
    assert np.isnan(found[Access].loss_ratio).tolist() == [False, False, True, True, False]
    assert np.isnan(found[Demands].demand_mbps).tolist() == [False, True, False]
    assert np.isnan(found[ServiceClasses].jitter_ms).tolist() == [False, True]


def test_integer_groups_stand_in_numeric_order(folder: Path) -> None:
    for name, new in (("fra>lon>nyc", "10"), ("lon>fra", "9"), ("alone", "-3")):
        for table, text in ROUTING_FILES.items():
            path = folder / f"{table}.csv"
            path.write_text(path.read_text().replace(name, new) if text else "")
    found = read_routing(folder)
    assert found[Groups].group.tolist() == [-3, 9, 10]
    assert found[Groups].group.dtype == np.int64
    assert found[Access].group.tolist() == [2, 2, 1, 0, 1]
    assert found[Demands].source_group.tolist() == [2, 2, 1]


def test_one_group_of_letters_makes_all_of_them_text(folder: Path) -> None:
    (folder / "access.csv").write_text("group,site,latency_ms\n10,fra,1\n9,fra,2\nx,fra,3\n")
    for table in ("prefixes", "direct", "demands"):
        (folder / f"{table}.csv").unlink()
    assert read_routing(folder)[Groups].group.tolist() == ["10", "9", "x"]


def test_integers_kept_as_text(folder: Path) -> None:
    (folder / "access.csv").write_text("group,site,latency_ms\n10,fra,1\n9,fra,2\n")
    for table in ("prefixes", "direct", "demands"):
        (folder / f"{table}.csv").unlink()
    (folder / "network.toml").write_text('[types]\n"groups.group" = "text"\n')
    found = read_routing(folder)
    assert found[Groups].group.tolist() == ["10", "9"]
    write_routing(found, folder.parent / "again", "csv")
    assert read_routing(folder.parent / "again") == found


@pytest.mark.parametrize("table", ["prefixes", "direct", "demands"])
def test_absent_is_the_same_as_without_rows(folder: Path, table: str) -> None:
    removed(f"{table}.csv")(folder)
    absent = read_routing(folder)
    assert absent.named(table).row_count == 0
    (folder / f"{table}.csv").write_text(ROUTING_FILES[table].split("\n", 1)[0] + "\n")
    assert read_routing(folder) == absent
    assert read_routing(folder).basis == absent.basis
    (folder / f"{table}.csv").write_text(ROUTING_FILES[table].split("\n", 1)[0])
    assert read_routing(folder) == absent


def test_the_classes_of_the_paper_stand_in(folder: Path) -> None:
    both(removed("service_classes.csv"), swapped("demands", "bulk,\n", "standard,\n"))(folder)
    swapped("demands", "bulk", "default")(folder)
    found = read_routing(folder)
    assert found[ServiceClasses] == ServiceClasses.of_panorama()
    assert found[Demands].service_class.tolist() == [0, 1, 2]


def test_one_site_alone_needs_no_link(folder: Path) -> None:
    (folder / "sites.csv").write_text("site\nfra\n")
    (folder / "links.csv").write_text("source,target,latency_ms\n")
    (folder / "access.csv").write_text("group,site,latency_ms\n1,fra,5\n")
    for table in ("prefixes", "direct", "demands"):
        (folder / f"{table}.csv").unlink()
    found = read_routing(folder)
    assert found[Links].row_count == 0
    for form in FORMS:
        write_routing(found, folder.parent / form, form)
        assert read_routing(folder.parent / form) == found


def test_every_optional_table_has_its_stand_in() -> None:
    declared = {kind for kind in ROUTING_TABLES if getattr(kind, "optional", False)}
    assert declared | {Demands} == {kind for kind, rules in ROUTING_RULES.items() if rules.stand_in is not None}


def test_no_plan_is_a_file() -> None:
    """Paths, hops and routes are made by the planner; every other table of the model can be read."""
    kinds = {kind for kind in vars(routing_tables).values() if isinstance(kind, type) and issubclass(kind, Table)}
    unread = {kind.name for kind in kinds - set(ROUTING_TABLES) - {Table}}
    assert unread == {"paths", "hops", "routes"}


@pytest.mark.parametrize("form", FORMS)
def test_round_trip(folder: Path, form: Form) -> None:
    found = read_routing(folder)
    write_routing(found, folder.parent / "again", form)
    again = read_routing(folder.parent / "again")
    assert again == found
    assert [table.name for table in again.tables] == [table.name for table in found.tables]
    assert not (folder.parent / "again" / f"groups.{form}").exists()


def test_all_in_parquet(folder: Path) -> None:
    expected = read_routing(folder)
    for table in ROUTING_FILES:
        in_parquet(table)(folder)
    assert read_routing(folder) == expected


@pytest.mark.parametrize("form", FORMS)
def test_whole_numbers_that_a_tool_kept_as_reals(folder: Path, form: Form) -> None:
    (folder / "access.csv").write_text("group,site,latency_ms\n10,fra,1\n-9,fra,2\n")
    for table in ("direct", "demands"):
        (folder / f"{table}.csv").unlink()
    content("prefixes.csv", "prefix,group\n10.0.0.0/8,10.0\n10.1.0.0/16,-9.0\n10.2.0.0/16,\n")(folder)
    if form == "parquet":
        in_parquet("prefixes", group=pa.array([10.0, -9.0, float("nan")]))(folder)
    assert read_routing(folder)[Prefixes].group.tolist() == [1, 0, -1]


def test_a_group_may_be_called_nan(folder: Path) -> None:
    for table in ("access", "direct", "demands"):
        path = folder / f"{table}.csv"
        path.write_text(path.read_text().replace("alone", "NaN"))
    assert read_routing(folder)[Prefixes].group.tolist() == [1, 2, -1, 2, 0]


def test_other_tables_stay_behind(folder: Path) -> None:
    found = read_routing(folder)
    more = Snapshot([*found.tables, Windows.of(window=np.array([1]))])
    write_routing(more, folder.parent / "again", "csv")
    assert read_routing(folder.parent / "again") == found


def test_a_group_without_access_cannot_be_kept(folder: Path) -> None:
    found = read_routing(folder)
    more = found.replaced(Groups.of(group=np.array([*found[Groups].group.tolist(), "zzz"])))
    with pytest.raises(BadInputError, match=r"folder\.not_a_network.*groups"):
        write_routing(more, folder.parent / "again", "csv")
    assert not (folder.parent / "again").exists()


def test_prefixes_of_all_kinds(folder: Path) -> None:
    texts = ["0.0.0.0/0", "255.255.255.255/32", "::/0", "::1/128", "2001:db8::/32", "1:2:3:4:5:6:7:8/128"]
    content("prefixes.csv", "prefix,group\n" + "".join(f"{text},\n" for text in texts))(folder)
    assert read_routing(folder)[Prefixes].prefix.tolist() == texts


UNKNOWN_OR = st.one_of(st.just(float("nan")), st.floats(0, 1e6))
NAMES = st.text(st.characters(codec="ascii", categories=["L", "N", "P"]), min_size=1, max_size=6)


@settings(max_examples=30, deadline=None)
@given(data=st.data(), form=st.sampled_from(FORMS))
def test_whatever_the_network(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, form: Form) -> None:
    sites = data.draw(
        st.lists(
            NAMES,
            min_size=1,
            max_size=4,
            unique=True,
        )
    )
    group_count = data.draw(st.integers(1, 5))
    pairs = [(s, t) for s in range(len(sites)) for t in range(len(sites)) if s != t]
    links = data.draw(st.lists(st.sampled_from(pairs), unique=True)) if pairs else []
    joined = data.draw(
        st.lists(st.tuples(st.integers(0, group_count - 1), st.integers(0, len(sites) - 1)), unique=True)
    )
    joined = list(dict.fromkeys([(g, 0) for g in range(group_count)] + joined))
    latency = [data.draw(UNKNOWN_OR) for _ in range(len(links) + len(joined))]
    found = Snapshot(
        [
            Sites.of(site=np.array(sites)),
            Links.of(
                source=[s for s, _ in links], target=[t for _, t in links], latency_ms=np.array(latency[: len(links)])
            ),
            Groups.of(group=np.arange(group_count)),
            Access.of(
                group=[g for g, _ in joined], site=[s for _, s in joined], latency_ms=np.array(latency[len(links) :])
            ),
            ServiceClasses.of_panorama(),
            Prefixes.of(prefix=[], group=[]),
            Direct.of(source_group=[], target_group=[], latency_ms=np.zeros(0)),
            Demands.of(source_group=[0], target_group=[0], service_class=[2], demand_mbps=[np.nan]),
        ]
    )
    target = tmp_path_factory.mktemp("net") / "net"
    write_routing(found, target, form)
    assert read_routing(target) == found
